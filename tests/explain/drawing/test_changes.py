"""An old value and the new one: whoever reads both sees a change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.explain.drawing.changes import short_change

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
