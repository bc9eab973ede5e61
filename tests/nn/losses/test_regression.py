"""Losses of numbers, to the letter of their formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError

FINITE = st.floats(-100, 100)


def value_and_slope(loss, prediction, target, **settings):
    at = bl.input("p", dtype="float64")
    node = loss(at, bl.constant(target, dtype="float64"), **settings)
    return [float(each) for each in bl.compile([at], [node, bl.grad(node, at)])(prediction)]


@given(FINITE, FINITE)
def test_the_square_has_no_half(p, t):
    assert value_and_slope(bl.losses.squared_error, p, t) == pytest.approx([(p - t) ** 2, 2 * (p - t)])


@given(FINITE, FINITE)
def test_the_distance(p, t):
    assert value_and_slope(bl.losses.absolute_error, p, t) == [abs(p - t), np.sign(p - t)]


@given(FINITE, FINITE, st.floats(0.1, 50))
def test_huber_is_a_square_that_goes_straight_on(p, t, delta):
    e = abs(p - t)
    value = e * e / 2 if e <= delta else delta * (e - delta / 2)
    slope = np.clip(p - t, -delta, delta)
    assert value_and_slope(bl.losses.huber, p, t, delta=delta) == pytest.approx([value, slope])


@pytest.mark.parametrize("choice", ["backlit", "lectures", "jax"])
@pytest.mark.parametrize("p", [-1.0, 0.0, 1.0])
def test_huber_has_its_slope_at_the_joints_and_at_0_whatever_the_choice(choice, p):
    with bl.subgradients(choice):
        assert value_and_slope(bl.losses.huber, p, 0.0) == [p * p / 2, p]


@pytest.mark.parametrize("delta", [0.0, -1.0, np.inf, "1"])
def test_the_delta_is_above_0(delta):
    with pytest.raises(ArgumentError, match=r"huber\(delta=\.\.\.\) is a finite number above 0"):
        bl.losses.huber([1.0], [0.0], delta=delta)


def test_the_mean_goes_over_all_outputs():
    assert float(bl.losses.squared_error([[1.0, 2.0], [3.0, 4.0]], np.zeros((2, 2))).evaluate()) == 7.5
