"""The checks of hyper-parameters: what passes, what does not, and what the message says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError
from backlit.optim.settings import check_count, check_number


@given(st.floats(min_value=0, allow_infinity=False) | st.integers(0, 10**6))
def test_a_number_in_its_range_comes_back_as_a_float(value):
    assert check_number(value, "rate") == value
    assert type(check_number(value, "rate")) is float


@given(st.floats())
def test_the_bounds_are_exclusive_where_they_are_named(value):
    if 0 < value < 1:
        assert check_number(value, "share", above=0.0, below=1.0) == value
    else:
        with pytest.raises(ArgumentError, match="the share cannot be"):
            check_number(value, "share", above=0.0, below=1.0)


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), np.int64(2)])
def test_numbers_of_numpy_are_numbers(value):
    assert type(check_number(value, "rate")) is float


@pytest.mark.parametrize(
    "value", [-1e-9, math.nan, math.inf, True, np.True_, "0.1", None, 1j, [0.1], np.array([0.1]), bl.constant(0.1)]
)
def test_what_is_no_number_of_at_least_zero_is_refused(value):
    with pytest.raises(ArgumentError, match="the rate cannot be"):
        check_number(value, "rate")


@pytest.mark.parametrize(
    ("limits", "range_"),
    [
        ({}, "at least 0"),
        ({"above": 0.0}, "above 0"),
        ({"below": 1.0}, "at least 0 and below 1"),
        ({"above": 0.5, "below": 1.0}, "above 0.5 and below 1"),
    ],
)
def test_the_message_names_the_range(limits, range_):
    with pytest.raises(ArgumentError) as error:
        check_number(-1, "rate", **limits, instead="write 0.7")
    assert (error.value.what, error.value.why) == ("the rate cannot be -1", f"it is a finite number, {range_}")
    assert error.value.instead == "write 0.7"


def test_a_count_is_whole_and_at_least_one():
    assert check_count(np.int64(3), "length") == 3
    assert type(check_count(np.int64(3), "length")) is int
    for value in (0, -1, 2.0, True, "3", None):
        with pytest.raises(ArgumentError, match="the length cannot be"):
            check_count(value, "length")
