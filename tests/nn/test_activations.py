"""Activation functions: their formulas, their derivatives, numbers of any size, and what happens at kinks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, DeadGradientWarning, DTypeError, ShapeError

PHI = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))
DENSITY = lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi)  # noqa: E731 - a table of formulas


def sigma(x):
    return np.where(x > 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


# name: the function, its value and its derivative by NumPy
SMOOTH = {
    "identity": (bl.nn.Identity(), lambda x: x, np.ones_like),
    "sigmoid": (bl.sigmoid, sigma, lambda x: sigma(x) * (1 - sigma(x))),
    "tanh": (bl.tanh, np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "arctan": (bl.atan, np.arctan, lambda x: 1 / (1 + x**2)),
    "softplus": (bl.nn.softplus, lambda x: np.logaddexp(x, 0), sigma),
    "softsign": (bl.nn.softsign, lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2),
    "silu": (bl.nn.silu, lambda x: x * sigma(x), lambda x: sigma(x) + x * sigma(x) * (1 - sigma(x))),
    "gelu": (bl.nn.gelu, lambda x: x * PHI(x), lambda x: PHI(x) + x * DENSITY(x)),
    "elu": (bl.nn.elu, lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), lambda x: np.exp(np.minimum(x, 0))),
    "scaled_tanh": (
        bl.nn.scaled_tanh,
        lambda x: 1.7159 * np.tanh(2 * x / 3),
        lambda x: 1.7159 * 2 / 3 * (1 - np.tanh(2 * x / 3) ** 2),
    ),
}
KINKED = {
    "relu": (bl.relu, lambda x: np.maximum(x, 0), lambda x: 1.0 * (x > 0)),
    "leaky_relu": (
        lambda x: bl.nn.leaky_relu(x, 0.2),
        lambda x: np.where(x > 0, x, 0.2 * x),
        lambda x: np.where(x > 0, 1, 0.2),
    ),
    "elu of 2": (
        lambda x: bl.nn.elu(x, 2.0),
        lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 1, 2 * np.exp(np.minimum(x, 0))),
    ),
    "selu": (
        bl.nn.selu,
        lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
        lambda x: 1.0507009873554805 * np.where(x > 0, 1, 1.6732632423543772 * np.exp(np.minimum(x, 0))),
    ),
    "hard_sigmoid": (
        bl.nn.hard_sigmoid,
        lambda x: np.clip(x / 6 + 0.5, 0, 1),
        lambda x: np.where(np.abs(x) < 3, 1 / 6, 0),
    ),
}
ALL = SMOOTH | KINKED


def value_and_slope(function, x):
    at = bl.input("x", shape=x.shape, dtype=x.dtype)
    y = function(at)
    return bl.compile([at], [y, bl.grad(bl.sum(y), at)])(x)


@pytest.mark.parametrize("name", ALL)
@given(x=st.floats(-50.0, 50.0).filter(lambda x: abs(abs(x) - 3) > 1e-6))
def test_value_and_slope_are_those_of_the_formula(name, x):
    function, value, slope = ALL[name]
    if name in KINKED and x == 0:
        return
    got = value_and_slope(function, np.array([x]))
    np.testing.assert_allclose(got[0], value(np.array([x])), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(got[1], slope(np.array([x])), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_slope_at_0_is_the_true_one_where_there_is_one(name):
    function, value, slope = SMOOTH[name]
    for choice in ("backlit", "lectures", "jax"):
        with bl.subgradients(choice):
            got = value_and_slope(function, np.array([0.0, -0.0]))
        np.testing.assert_allclose(got[0], value(np.zeros(2)), atol=1e-16)
        np.testing.assert_allclose(got[1], slope(np.zeros(2)), rtol=1e-14)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", [1e4, 1e8, 1e30])
def test_nothing_overflows(name, size):
    function, value, slope = ALL[name]
    x = np.array([-size, size], dtype=np.float32)
    got = value_and_slope(function, x)
    with np.errstate(all="ignore"):
        expected = value(x.astype(np.float64)), slope(x.astype(np.float64))
    assert got[0].dtype == got[1].dtype == np.float32
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_gradients_against_differences(name):
    # Off 0 and off the bounds of the hard sigmoid.
    x = np.array([-4.1, -2.2, -0.7, 0.3, 1.9, 3.7])
    at = bl.input("x", shape=x.shape)
    bl.check_gradients(ALL[name][0](at), {"x": x})


@pytest.mark.parametrize(("choice", "slope"), [(0.0, 0.2), (0.5, 0.6), (1.0, 1.0)])
def test_the_slope_of_a_leaky_rectifier_at_0_follows_that_of_the_rectifier(choice, slope):
    with bl.subgradients(relu=choice):
        assert value_and_slope(KINKED["leaky_relu"][0], np.zeros(1))[1] == pytest.approx(slope)


def test_known_values():
    x = np.array([1.0])
    known = {"softplus": 1.3132616875, "silu": 0.7310585786, "gelu": 0.8413447461, "selu": 1.0507009874}
    for name, expected in known.items():
        assert value_and_slope(ALL[name][0], x)[0] == pytest.approx(expected, abs=1e-10)
    assert value_and_slope(bl.nn.gelu, -x)[0] == pytest.approx(-0.1586552539, abs=1e-10)
    assert value_and_slope(bl.nn.scaled_tanh, x)[0] == pytest.approx(1.0, abs=1e-4)


def test_the_sigmoid_identity_holds_and_nothing_overflows_at_1000():
    x = np.linspace(-1000.0, 1000.0, 4001)
    value, slope = value_and_slope(bl.sigmoid, x)
    np.testing.assert_allclose(slope, value * (1 - value), atol=1e-12)


def test_the_arctangent_reaches_half_of_pi():
    assert bl.atan(bl.constant([-1e30, 1e30], dtype="float64")).evaluate() == pytest.approx([-math.pi / 2, math.pi / 2])


def test_the_threshold_fires_at_0_and_nothing_learns_through_it():
    x = bl.parameter([-1.0, 0.0, 2.0], name="w")
    y = bl.nn.hard_threshold(x)
    assert y.evaluate().tolist() == [0.0, 1.0, 1.0]
    with pytest.warns(DeadGradientWarning, match="nothing upstream of it can learn"):
        gradient = bl.grad(bl.sum(y), x)
    assert gradient.evaluate().tolist() == [0.0, 0.0, 0.0]


def test_each_stands_in_a_box_of_its_name():
    x = bl.input("x", shape=(4,))
    for function in (bl.nn.softplus, bl.nn.gelu, bl.nn.leaky_relu, bl.nn.hard_sigmoid, bl.nn.hard_threshold):
        assert function(x).scope.path == function.__name__
    assert bl.nn.selu(x).scope.path == "selu"


@pytest.mark.parametrize(
    "name",
    [
        "elu", "gelu", "hard_sigmoid", "hard_threshold", "leaky_relu", "scaled_tanh", "selu", "silu", "softplus",
        "softsign",
    ],
)  # fmt: skip
def test_only_floats_are_activated(name):
    with pytest.raises(DTypeError, match=rf"{name} takes floats; received <input 'n': int64\[\]>(.|\n)*bl\.cast"):
        getattr(bl.nn, name)(bl.input("n", dtype="int64"))


def test_groups_side_by_side():
    x = np.random.default_rng(0).normal(size=(5, 12))
    expected = x.reshape(5, 4, 3).max(-1)
    np.testing.assert_array_equal(bl.nn.maxout(bl.constant(x, dtype="float64"), 3).evaluate(), expected)
    with pytest.raises(ShapeError, match=r"cannot divide .*float32\[5\].* into groups of 2"):
        bl.nn.maxout(bl.input("x", shape=(5,)), 2)
    with pytest.raises(ArgumentError, match=r"maxout\(pieces=\.\.\.\)"):
        bl.nn.maxout(bl.input("x", shape=(4,)), 0)


SUBSETS = [[(0, 1), (2, 3)], [(0, 1), (1, 2), (2, 3)], [(0,), (1, 2, 3), (3, 0)]]


@pytest.mark.parametrize("subsets", SUBSETS)
def test_the_winner_of_each_subset_alone_gets_its_gradient(subsets):
    x = bl.input("x", shape=(4,))
    y = bl.nn.max_over_subsets(x, subsets)
    at = np.array([3.0, 1.0, 4.0, 2.0])
    assert y.evaluate({x: at}).tolist() == [max(at[i] for i in subset) for subset in subsets]
    jacobian = bl.jacobian(y, x).evaluate({x: at})
    for row, subset in zip(jacobian, subsets, strict=True):
        winner = max(subset, key=lambda i: at[i])
        assert row.tolist() == [1.0 if i == winner else 0.0 for i in range(4)]


def test_subsets_of_every_row():
    x = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)
    for subsets in ([(0, 4), (1, 2)], [(0, 4, 1), (3,)]):
        expected = np.stack([x[..., list(subset)].max(-1) for subset in subsets], axis=-1)
        np.testing.assert_array_equal(bl.nn.max_over_subsets(bl.constant(x), subsets).evaluate(), expected)


@pytest.mark.parametrize("subset", [(), (4,), (-1,), (1, 1), (0.5,)])
def test_what_is_no_subset(subset):
    with pytest.raises(ArgumentError, match="subset"):
        bl.nn.max_over_subsets(bl.input("x", shape=(4,)), [(0, 1), subset])


def test_there_must_be_a_subset_and_features():
    with pytest.raises(ArgumentError, match="needs at least one subset"):
        bl.nn.max_over_subsets(bl.input("x", shape=(4,)), [])
    with pytest.raises(ShapeError, match="takes a vector of features"):
        bl.nn.max_over_subsets(bl.input("x"), [(0,)])
