"""The edges of the core: what users type by mistake, and numbers at the rim of their range."""

from collections.abc import Callable

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, BacklitError, BindingError, DTypeError, GraphError, ShapeError

RNG = bl.Generator(0)


def x(*shape: int) -> bl.Node:
    return bl.input("x", shape=shape)


@pytest.mark.parametrize(
    ("mistake", "error", "says"),
    [
        (lambda: bl.pad(x(3), [(1,)]), ShapeError, "how many elements come before and after"),
        (lambda: bl.bernoulli("a", rng=RNG), ArgumentError, "a probability is a number"),
        (lambda: bl.normal(std=-1.0, rng=RNG), ArgumentError, "standard deviation"),
        (lambda: bl.uniform(low=2.0, high=1.0, rng=RNG), ArgumentError, "low=2.0 and high=1.0"),
        (lambda: bl.random_bits(RNG.state, (1,), stream=2**32), ShapeError, "a stream from 0"),
        (lambda: bl.compile([], 3.0), GraphError, "outputs are a list of nodes"),
        (lambda: bl.compile([], [], [1]), GraphError, "updates map parameters to nodes"),
        (lambda: bl.compile(3, x()), GraphError, "inputs are a list"),
        (lambda: x().evaluate(3.0), BindingError, "values are given by name"),
        (lambda: bl.grad("a", x()), DTypeError, "a gradient is taken of a node"),
        (lambda: np.mean(x(3)), GraphError, "has no value yet"),
        (lambda: np.asarray(x(3)), GraphError, "has no value yet"),
        (lambda: np.concatenate([x(3)]), GraphError, "has no value yet"),
        (lambda: int(x()), GraphError, "has no value yet"),
        (lambda: round(x()), GraphError, "has no value yet"),
        (lambda: [1, 2][x()], GraphError, "has no value yet"),
        (lambda: bl.cast(x(), None), DTypeError, "None is no data type"),
        (lambda: bl.softmax([1, 2]), DTypeError, "softmax takes floats"),
        (lambda: bl.scatter_add(1.0, [0, 1], size=3), ShapeError, "fewer axes than the indices"),
        (lambda: x() * 10**400, DTypeError, "digits"),
    ],
)
def test_a_mistake_gets_a_message_of_ours(mistake: Callable[[], object], error: type[BacklitError], says: str) -> None:
    with pytest.raises(error) as caught:
        mistake()
    assert says in str(caught.value)


def test_numpys_numbers_are_lengths_and_single_lengths_are_shapes() -> None:
    assert bl.reshape(x(2, 3), np.int64(6)).shape == (6,)
    assert bl.broadcast_to(x(), 3).shape == (3,)
    single = bl.input("x")
    assert float(bl.compile(single, single * 2.0)(3.0)) == 6.0


def test_connectives_work_from_both_sides() -> None:
    yes = bl.constant(True)
    values = [(True & yes), (False | yes), (True ^ yes), (yes ^ False)]
    assert [bool(node.evaluate()) for node in values] == [True, True, False, True]


def test_the_slopes_of_clip_add_up_to_one_also_where_its_bounds_meet() -> None:
    with bl.precision("float64"):
        value, low, high = bl.input("x"), bl.input("low"), bl.input("high")
    slopes = bl.compile([value, low, high], bl.grad(bl.clip(value, low, high), [value, low, high]))
    meeting, crossing = (1.0, 1.0, 1.0), (3.0, 2.0, 1.0)
    for point in [meeting, crossing, (0.5, 0.0, 1.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (-1.0, 0.0, 1.0)]:
        assert sum(float(slope) for slope in slopes(*point)) == 1.0, point


def test_uniform_numbers_stay_below_the_upper_bound_also_where_rounding_carries_up() -> None:
    assert np.float32(1.0) + np.float32(1.0 - 2.0**-24) == 2.0, "the trap"
    rng = bl.Generator(1)
    draw = bl.uniform((200_000,), low=1.0, high=1.0 + 2.0**-20, rng=rng).evaluate()
    assert draw.max() < np.float32(1.0 + 2.0**-20)
    assert draw.min() >= 1.0


def test_the_slope_of_expm1_keeps_its_digits_far_below_zero() -> None:
    value = bl.input("x")
    slope = bl.grad(bl.expm1(value), value).evaluate({"x": -20.0})
    assert float(slope) == pytest.approx(np.exp(-20.0), rel=1e-6)


def test_a_power_of_zero_is_flat_at_zero_also_where_the_exponent_is_a_node() -> None:
    base, exponent = bl.input("x"), bl.input("y")
    slope = bl.grad(base**exponent, base)
    assert float(slope.evaluate({"x": 0.0, "y": 0.0})) == 0.0
    assert float(slope.evaluate({"x": 0.0, "y": 1.0})) == 1.0
