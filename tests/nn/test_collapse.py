"""Affine maps in a row are one: which, and which one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError

X = np.random.default_rng(0).normal(size=(7, 4))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.lists(st.booleans(), min_size=5, max_size=5))
def test_any_number_of_them_equals_the_single_layer(widths, biases):
    sizes = [4, *widths, 3]
    with bl.seed(0), bl.precision("float64"):
        layers = [
            bl.nn.Linear(a, b, bias=bias, bias_initialiser=bl.nn.Normal())
            for a, b, bias in zip(sizes, sizes[1:], biases, strict=False)
        ]
    deep = bl.nn.Sequential(*layers)
    single = bl.nn.collapse(deep).model
    assert isinstance(single, bl.nn.Linear)
    assert (single.inputs, single.outputs) == (4, 3)
    assert (single.bias is not None) == any(layer.bias is not None for layer in layers)
    np.testing.assert_allclose(single.predict(X), deep.predict(X), rtol=1e-9, atol=1e-9)


def test_activations_keep_layers_apart_and_an_identity_is_none():
    model = bl.nn.Sequential(
        bl.nn.Linear(4, 6), bl.nn.Identity(), bl.nn.Sequential(bl.nn.Linear(6, 5)), bl.nn.Tanh(), bl.nn.Linear(5, 2)
    )
    result = bl.nn.collapse(model)
    assert result.joined == (("0", "2.0"),)
    assert [type(layer).__name__ for layer in result.model] == ["Linear", "Tanh", "Linear"]
    assert result.model.layers[2] is model.layers[4]
    np.testing.assert_allclose(result.model.predict(X), model.predict(X), rtol=1e-4, atol=1e-5)
    assert result.report == (
        "0 and 2.0 are affine with no activation between them: they equal a single Linear(4, 5) with 25 parameters in "
        "place of 65"
    )


def test_what_does_not_collapse_comes_back_as_it_is():
    model = bl.nn.Sequential(bl.nn.Linear(4, 2), bl.nn.ReLU(), bl.nn.Linear(2, 1))
    result = bl.nn.collapse(model)
    assert result.model is model
    assert result.joined == ()
    assert "nothing collapses" in result.report


def test_the_model_and_the_seed_around_stay_as_they_were():
    with bl.seed(3):
        model = bl.nn.Sequential(bl.nn.Linear(2, 2), bl.nn.Linear(2, 2))
        before = [each.value.copy() for each in model.parameters().values()]
        bl.nn.collapse(model)
        after = bl.nn.Linear(2, 2)
    assert all(np.array_equal(a, b.value) for a, b in zip(before, model.parameters().values(), strict=True))
    with bl.seed(3):
        bl.nn.Linear(2, 2)
        bl.nn.Linear(2, 2)
        assert np.array_equal(bl.nn.Linear(2, 2).weight.value, after.weight.value)


def test_only_models_collapse():
    with pytest.raises(ArgumentError, match="collapse takes a model; received 3"):
        bl.nn.collapse(3)
