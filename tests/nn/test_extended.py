"""The bias as one more weight: the same function, and the same gradients."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError

X = np.random.default_rng(0).normal(size=(5, 3))


@pytest.mark.parametrize("bias", [True, False])
def test_the_weight_with_a_row_more(bias):
    layer = bl.nn.Linear(3, 2, bias=bias, bias_initialiser=bl.nn.Normal(), rng=0)
    wide = bl.nn.extended(layer)
    assert np.array_equal(wide.weight.value[1:], layer.weight.value)
    assert np.array_equal(wide.weight.value[0], layer.bias.value if bias else [0, 0])
    np.testing.assert_allclose(wide.predict(X), layer.predict(X), rtol=1e-5)
    assert wide.parameter_count == 8


def test_the_gradients_agree():
    with bl.precision("float64"):
        layer = bl.nn.Linear(3, 2, rng=0)
        wide = bl.nn.extended(layer)
        x = bl.constant(X)
    w, b = (each.evaluate() for each in bl.grad(bl.sum(bl.sin(layer(x))), [layer.weight, layer.bias]))
    both = bl.grad(bl.sum(bl.sin(wide(x))), wide.weight).evaluate()
    np.testing.assert_allclose(both, np.concatenate([b[None], w]), rtol=1e-12)


def test_it_has_a_parameter_of_its_own_of_the_same_type():
    with bl.precision("float64"):
        layer = bl.nn.Linear(1, 1)
    wide = bl.nn.extended(layer)
    assert wide.weight.dtype == "float64"
    wide.weight.value += 1.0
    assert layer.bias.value.tolist() == [0.0]


def test_a_vector_counts_too_and_other_modules_do_not():
    wide = bl.nn.extended(bl.nn.Linear(3, 2))
    assert wide(bl.input("x", shape=(3,))).shape == (2,)
    assert wide.formula("x", "0") == "(1, x) · 0.weight"
    with pytest.raises(ArgumentError, match="extended takes a Linear layer; received ReLU"):
        bl.nn.extended(bl.nn.ReLU())
