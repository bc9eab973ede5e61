"""Modules made of modules."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, ShapeError


def test_modules_are_applied_one_after_the_other():
    model = bl.nn.Sequential(bl.nn.LeakyReLU(0.5), bl.nn.HardSigmoid(), bl.nn.Softsign())
    x = np.linspace(-5.0, 5.0, 11)
    clipped = np.clip(np.where(x > 0, x, 0.5 * x) / 6 + 0.5, 0, 1)
    np.testing.assert_allclose(model.predict(x), clipped / (1 + clipped), rtol=1e-6)


def test_a_chain_is_a_sequence():
    model = bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.ReLU(), bl.nn.Linear(3, 1))
    assert len(model) == 3
    assert list(model) == list(model.layers)
    assert model[-1] is model.layers[2]
    part = model[:2]
    assert isinstance(part, bl.nn.Sequential)
    assert part.layers == model.layers[:2]
    with pytest.raises(ArgumentError, match="there is no module 3 among the 3"):
        model[3]


def test_chains_within_chains_are_written_out():
    model = bl.nn.Sequential(bl.nn.Sequential(bl.nn.ReLU(), bl.nn.Sequential(bl.nn.Tanh())), bl.nn.ReLU())
    assert [path for path, _ in model.stages()] == ["0.0", "0.1.0", "1"]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "has no modules"),
        ((bl.nn.ReLU,), r"write ReLU\(\), with the parentheses"),
        ((bl.relu,), r"write its module, as bl\.nn\.ReLU\(\)"),
        (([bl.nn.ReLU()],), "with the asterisk"),
        ((3,), "give it modules"),
        ((None,), "made of modules; received None"),
    ],
)
def test_what_is_no_module(layers, message):
    with pytest.raises(ArgumentError, match=message):
        bl.nn.Sequential(*layers)


def test_a_shortcut_adds_the_input():
    block = bl.nn.Residual(bl.nn.Linear(2, 2, rng=0))
    x = np.array([[1.0, -2.0]], np.float32)
    np.testing.assert_allclose(block.predict(x), x + block.inner.predict(x), rtol=1e-6)
    with pytest.raises(ShapeError, match=r"Residual adds .*\[1,3\].* to .*\[1,2\]"):
        bl.nn.Residual(bl.nn.Linear(2, 3)).predict(x)
    with pytest.raises(ArgumentError, match="Residual is made of modules"):
        bl.nn.Residual(bl.relu)


def test_one_row_of_each_example():
    flat = bl.nn.Flatten()
    x = np.arange(24.0).reshape(2, 3, 4)
    assert np.array_equal(flat.predict(x), x.reshape(2, 12))
    assert flat.predict(np.zeros(5)).shape == (5,)
    with pytest.raises(ShapeError, match="takes rows of values; received the single number"):
        flat(bl.constant(1.0))
