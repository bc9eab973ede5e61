"""What single elementwise ops promise beyond their cards: precision, edges, choices of slope."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import DeadGradientWarning, DTypeError


def value(function, *point, dtype="float64"):
    nodes = [bl.input(f"x{i}", dtype=dtype) for i in range(len(point))]
    return float(function(*nodes).evaluate(dict(zip(nodes, point, strict=True))))


def slope(function, point, dtype="float64"):
    x = bl.input("x", dtype=dtype)
    return float(bl.grad(function(x), x).evaluate({x: point}))


@given(st.floats(-1e-8, 1e-8))
def test_expm1_and_log1p_are_exact_near_zero(x):
    assert value(bl.expm1, x) == pytest.approx(math.expm1(x), rel=1e-15)
    assert value(bl.log1p, x) == pytest.approx(math.log1p(x), rel=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x", [-1e4, -1000.0, -100.0, 100.0, 1000.0, 1e4])
def test_the_sigmoid_and_its_slope_do_not_overflow(x, dtype):
    assert value(bl.sigmoid, x, dtype=dtype) == pytest.approx(float(x > 0), abs=1e-40)
    assert slope(bl.sigmoid, x, dtype=dtype) == pytest.approx(0.0, abs=1e-40)


@given(st.floats(-30, 30))
def test_the_slope_of_the_sigmoid_is_s_times_one_minus_s(x):
    s = value(bl.sigmoid, x)
    assert slope(bl.sigmoid, x) == pytest.approx(s * (1 - s), rel=1e-12, abs=1e-12)


def test_whole_powers_of_negative_numbers_have_slopes():
    assert slope(lambda x: x**2, -3.0) == -6.0
    assert slope(lambda x: x**3, -2.0) == 12.0
    assert slope(lambda x: x**2.0, 0.0) == 0.0
    assert slope(lambda x: x**1.0, 0.0) == 1.0
    assert slope(lambda x: x**0.0, 0.0) == 0.0


def test_second_derivatives_of_powers():
    x = bl.input("x", dtype="float64")
    second = bl.grad(bl.grad(x**3, x), x)
    assert float(second.evaluate({x: -2.0})) == -12.0


def test_zero_to_a_positive_power_has_slope_zero_in_the_exponent():
    x, y = bl.input("x", dtype="float64"), bl.input("y", dtype="float64")
    assert float(bl.grad(x**y, y).evaluate({x: 0.0, y: 2.0})) == 0.0


def test_a_square_is_a_product():
    assert slope(bl.square, 3.0) == 6.0
    assert bl.square(bl.constant(3)).dtype == "int64"


@pytest.mark.parametrize("function", [bl.floor, bl.ceil, bl.round, bl.sign])
def test_hard_thresholds_say_that_nothing_can_learn(function):
    x = bl.input("x", shape=(3,), dtype="float64")
    with pytest.warns(DeadGradientWarning, match="nothing upstream of it can learn"):
        gradient = bl.grad(bl.sum(function(x)), x)
    assert gradient.evaluate({x: [0.4, 1.6, -1.2]}).tolist() == [0.0] * 3


def test_stop_gradient_is_meant_and_gives_no_warning():
    x = bl.input("x", dtype="float64")
    assert slope(lambda x: x * bl.stop_gradient(x), 3.0) == 3.0
    assert float(bl.grad(bl.stop_gradient(x), x).evaluate({x: 1.0})) == 0.0


def test_a_cast_between_floats_passes_gradients_in_their_types():
    x = bl.input("x", shape=(2,), dtype="float32")
    gradient = bl.grad(bl.sum(bl.cast(x, "float64") * 2.0), x)
    assert gradient.dtype == "float32"
    assert gradient.evaluate({x: [1.0, 2.0]}).tolist() == [2.0, 2.0]


def test_a_cast_to_what_it_is_already_is_the_node_itself():
    x = bl.input("x")
    assert bl.cast(x, "float32") is x


def test_casts_between_kinds():
    assert bl.cast([1.7, -1.7], "int32").evaluate().tolist() == [1, -1]
    assert bl.cast([0.0, 0.5, np.nan], "bool").evaluate().tolist() == [False, True, True]
    assert bl.cast([True, False], "float64").evaluate().tolist() == [1.0, 0.0]


def test_where_guards_a_gradient_as_its_docstring_says():
    guarded = lambda x: bl.where(x > 0.0, bl.log(bl.where(x > 0.0, x, 1.0)), 0.0)  # noqa: E731
    assert slope(guarded, -1.0) == 0.0
    assert slope(guarded, 2.0) == 0.5


def test_where_needs_a_condition():
    with pytest.raises(DTypeError, match="the condition is float32, not bool") as caught:
        bl.where(bl.input("c"), 1.0, 2.0)
    assert "compare first" in caught.value.instead


def test_crossed_bounds_of_clip_give_the_upper_one():
    assert value(bl.clip, 0.0, 2.0, 1.0) == 1.0
    assert value(bl.clip, 5.0, 2.0, 1.0) == 1.0


@given(x=st.floats(-1e4, 1e4), y=st.floats(-1e4, 1e4))
def test_logaddexp_lies_above_the_larger_by_at_most_ln_2(x, y):
    gap = value(bl.logaddexp, x, y) - max(x, y)
    assert -1e-11 <= gap <= math.log(2) + 1e-11


def test_rounding_integers_gives_a_value_of_its_own():
    x = bl.input("x", (3,), "int64")
    array = np.array([1, 2, 3])
    program = bl.compile([x], [bl.round(x), bl.round(x) + 1, bl.floor(x), bl.ceil(x)])
    results = program(array)
    assert array.tolist() == [1, 2, 3]
    assert not any(np.shares_memory(result, array) for result in results)
    assert all(result.dtype == "int64" for result in results)
