"""Settings: what is allowed comes back as what it is, anything else is refused with its value."""

import numpy as np
import pytest

from backlit.errors import ArgumentError
from backlit.nn.checks import check_count, check_flag, check_number


@pytest.mark.parametrize("value", [1, 7, np.int64(7)])
def test_counts(value):
    result = check_count(value, "n")
    assert result == value
    assert type(result) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None, [1]])
def test_what_is_no_count(value):
    with pytest.raises(ArgumentError, match="n is a whole number of at least 1; received"):
        check_count(value, "n")


@pytest.mark.parametrize("value", [0, 0.5, 1, np.float32(0.25), np.int8(1)])
def test_numbers(value):
    result = check_number(value, "p", 0.0, 1.0)
    assert result == value
    assert type(result) is float


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf, "0.5", None, True, [0.5], 1j])
def test_what_is_no_number(value):
    with pytest.raises(ArgumentError, match="p is a finite number of at least 0 and of at most 1; received"):
        check_number(value, "p", 0.0, 1.0)


def test_a_bound_may_be_left_out():
    assert check_number(1e-9, "ε", 0.0, open_low=True) == 1e-9
    with pytest.raises(ArgumentError, match=r"ε is a finite number above 0; received 0\.0"):
        check_number(0.0, "ε", 0.0, open_low=True)
    with pytest.raises(ArgumentError, match="x is a finite number; received nan"):
        check_number(np.nan, "x")


def test_flags():
    assert check_flag(False, "f") is False
    with pytest.raises(ArgumentError, match="f is True or False; received 1"):
        check_flag(1, "f")
