"""Numerals: numbers and arrays are written short, and never wrongly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backlit.explain.numerals import SHORT, format_number, short_change, short_gradient, short_value


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1, "0.1"),
        (-2.0, "-2"),
        (1 / 3, "0.333333"),
        (123456789.0, "1.23457e+08"),
        (1e-9, "1e-09"),
        (-0.0, "0"),
        (-1e-320, "-9.99989e-321"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (1234567, "1234567"),
        (2**64 - 1, "18446744073709551615"),
    ],
)
def test_a_number_has_six_digits_and_a_whole_number_all_of_them(number, text):
    assert format_number(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_six_digits_are_right(number):
    assert float(format_number(number)) == pytest.approx(number, rel=5.1e-6, abs=1e-320)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1 / 3, "0.3333"),
        (-12345.678, "-1.235e+04"),
        (1e-9, "1e-09"),
        (7, "7"),
        (np.int64(-3), "-3"),
        (True, "true"),
        (np.bool_(False), "false"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float32(0.1), "0.1"),
    ],
)
def test_a_number_has_four_digits(number, text):
    assert format_number(number, SHORT) == text


@given(st.floats(-1e308, 1e308))
def test_a_short_number_is_near_the_number(number):
    assert float(format_number(number, SHORT)) == pytest.approx(number, rel=5.1e-4, abs=0)


@pytest.mark.parametrize(
    ("array", "value", "gradient"),
    [
        (np.array(2.5), "2.5", "2.5"),
        (np.zeros((0, 3)), "empty", "empty"),
        (np.array([[[7.0]]]), "7", "7"),
        (np.array([1.0, -2.0]), "[1, -2]", "[1, -2]"),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), "[[1, 2], [3, 4]]", "[[1, 2], [3, 4]]"),
        (np.array([[1.0], [2.0]]), "[[1], [2]]", "[[1], [2]]"),
        (np.arange(6.0), "mean 2.5", "norm 7.416"),
        (np.array([1.0, 2.0, np.nan, np.inf, 0.0]), "2 of 5 not finite", "2 of 5 not finite"),
        (np.arange(-2, 9), "-2 … 8", "-2 … 8"),
        (np.array([True, False, True, True, False]), "3 of 5 true", "3 of 5 true"),
        (np.array([True, False]), "[true, false]", "[true, false]"),
    ],
)
def test_an_array_is_written_short(array, value, gradient):
    assert (short_value(array), short_gradient(array)) == (value, gradient)


def test_a_sum_of_many_float32_is_exact():
    assert short_value(np.full(10**6, 0.1, np.float32)) == "mean 0.1"
    assert short_gradient(np.full(10**4, 1e30, np.float32)) == "norm 1e+32"


@given(hnp.arrays(st.sampled_from([np.float32, np.int8, np.bool_]), hnp.array_shapes(min_dims=0, min_side=0)))
def test_any_array_has_a_short_text_on_one_line(array):
    assert len(short_value(array)) <= 60
    assert short_value(array).isprintable()


def test_an_array_of_many_axes_is_written():
    assert short_value(np.ones((1,) * 30 + (2,))) == "[1, 1]"


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite, finite)
def test_two_numbers_are_told_apart(old, new):
    before, after = short_change(np.array(old), np.array(new))
    assert (before == after) == (old == new)


@given(st.lists(finite, min_size=2, max_size=4), st.data())
def test_two_short_arrays_are_told_apart(old, data):
    new = data.draw(st.lists(finite, min_size=len(old), max_size=len(old)))
    before, after = short_change(np.array(old), np.array(new))
    assert (before == after) == (old == new)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (4.0, 3.7, ("4", "3.7")),
        (0.5, 0.49999, ("0.5", "0.49999")),
        (1.0, 1.0, ("1", "1")),
        ([1.0, 2.0], [0.9, 2.0], ("[1, 2]", "[0.9, 2]")),
        ([1.0] * 9, [0.99999] * 9, ("mean 1", "0.99999")),
        (float("nan"), float("nan"), ("nan", "nan")),
    ],
)
def test_a_change_is_written_with_as_few_digits_as_it_needs(old, new, told):
    assert short_change(np.array(old), np.array(new)) == told


def test_an_unknown_value_is_left_out():
    assert short_change(None, np.array(3.7)) == ("", "3.7")
