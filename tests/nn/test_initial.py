"""Where an initialiser meets a shape: what comes back is a parameter, or a message that says why not."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, ShapeError
from backlit.nn.initial import allowance, initial_parameter


def test_a_function_is_an_initialiser_too():
    layer = bl.nn.Linear(2, 3, weight_initialiser=lambda shape, rng: np.full(shape, 0.5))
    assert layer.weight.value.tolist() == [[0.5] * 3] * 2
    assert layer.weight.dtype == "float32"


def test_the_class_itself_is_none():
    with pytest.raises(ArgumentError, match=r"an initialiser is a function.*\n.*with the parentheses"):
        bl.nn.Linear(2, 3, weight_initialiser=bl.nn.HeNormal)
    with pytest.raises(ArgumentError, match="received 'he'"):
        bl.nn.Linear(2, 3, weight_initialiser="he")


def test_the_shape_must_be_the_one_asked_for():
    with pytest.raises(ShapeError, match=r"gave a value of shape \[3, 2\] for 'weight' of \[2, 3\]"):
        bl.nn.Linear(2, 3, weight_initialiser=lambda shape, rng: np.zeros(shape[::-1]))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_values_must_be_finite(value):
    with pytest.raises(ArgumentError, match="values that are not finite floats"):
        bl.nn.Linear(1, 1, weight_initialiser=lambda shape, rng: np.full(shape, value))


def test_what_overflows_in_the_precision_is_refused_in_words():
    with pytest.raises(ArgumentError, match="not finite floats"):
        initial_parameter(bl.nn.Constant(1e300), (2,), "scale")
    with bl.precision("float64"):
        assert initial_parameter(bl.nn.Constant(1e300), (2,), "scale").value[0] == 1e300


def test_an_allowance_is_used_up_parameter_by_parameter():
    with allowance(12):
        bl.nn.Linear(2, 3)
        with pytest.raises(ArgumentError, match=r"'weight' of shape \[2, 3\] is 3 elements more than there may be"):
            bl.nn.Linear(2, 3)
    bl.nn.Linear(2, 3)
