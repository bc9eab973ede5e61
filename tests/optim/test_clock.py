"""The clock: the learning rate and the bias corrections of one step, exact in either float type."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import GraphError
from backlit.optim import Clock


@given(t=st.integers(0, 2000), decay=st.floats(0.01, 0.9999), dtype=st.sampled_from(["float32", "float64"]))
def test_the_correction_keeps_its_digits(t, decay, dtype):
    exact = float(1 - Fraction(decay) ** (t + 1))
    value = Clock(0.1, bl.constant(float(t), dtype=dtype)).correction(decay)
    assert (value.dtype, value.shape) == (dtype, ())
    assert float(value.evaluate()) == pytest.approx(exact, rel={"float32": 5e-7, "float64": 1e-14}[dtype])


def test_a_mean_that_forgets_everything_needs_no_correction():
    value = Clock(0.1, bl.constant(0.0, dtype="float64")).correction(0.0)
    assert (value.dtype, float(value.evaluate())) == ("float64", 1.0)


def test_a_number_stays_a_number():
    assert Clock(0.1).rate == 0.1
    assert Clock(0.1, bl.constant(3.0)).rate == 0.1


def test_a_function_is_asked_with_the_step():
    assert float(Clock(lambda step: step * 2.0, bl.constant(3.0)).rate.evaluate()) == 6.0


def test_what_needs_a_step_says_so():
    with pytest.raises(GraphError, match="a learning rate that changes needs the number of the step") as error:
        Clock(lambda step: step)
    assert "counts_steps = True" in error.value.instead
    with pytest.raises(GraphError, match="a bias correction needs the number of the step"):
        Clock(0.1).correction(0.9)
