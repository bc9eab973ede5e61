"""Changes: an old value and the new one, written with as many digits as tell them apart."""

import numpy as np

from backlit.explain.numerals import SHORT, format_number, short_value
from backlit.graph.node import Array

__all__ = ["short_change"]

_EXACT = 17
"""So many digits tell any two numbers of float64 apart."""

_WRITTEN_OUT = 4
"""The most elements that are written out one by one."""


def short_change(old: Array | None, new: Array) -> tuple[str, str]:
    """Write a value and what it becomes, short, but so that a change is seen.

    Args:
        old: The value; None where it is unknown.
        new: The new one.

    Returns:
        Both texts, the first empty where the value is unknown. They are the same only where nothing changes, or where
        the means of long arrays do not differ.

    Example:
        >>> short_change(np.array(4.0), np.array(3.7)), short_change(np.array(0.5), np.array(0.500001))
        (('4', '3.7'), ('0.5', '0.500001'))
        >>> short_change(np.zeros(9), np.ones(9))
        ('mean 0', '1')
    """
    if old is None:
        return "", short_value(new)
    before, after = short_value(old), short_value(new)
    for digits in range(SHORT, _EXACT + 1):
        if before != after or np.array_equal(old, new, equal_nan=True):
            break
        before, after = _written(old, digits), _written(new, digits)
    return before, after.removeprefix("mean ") if before.startswith("mean ") else after


def _written(array: Array, digits: int) -> str:
    """Write a short array element by element, row after row, and a long one by its mean."""
    array = np.asarray(array)
    if array.size > _WRITTEN_OUT:
        return f"mean {format_number(float(np.mean(array, dtype=np.float64)), digits)}"
    numbers = [format_number(number, digits) for number in array.ravel()]
    return numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers)}]"
