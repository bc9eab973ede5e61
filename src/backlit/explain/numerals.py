"""Numerals: how numbers and arrays are written: with six digits in texts, short beside the marks of a drawing.

Whoever wants more digits asks for the value itself.
"""

from collections.abc import Callable

import numpy as np

from backlit.graph.node import Array
from backlit.graph.spec import kind_of

__all__ = ["SHORT", "format_number", "short_change", "short_gradient", "short_value"]

SHORT = 4
"""The significant digits of a number in a drawing."""
_EXACT = 17
"""So many digits tell any two numbers of float64 apart."""
_WRITTEN_OUT = 4
"""The most elements that are written out."""


def format_number(number: float, digits: int = 6) -> str:
    """Write a number with few significant digits, as few as it needs; a whole number with all of them.

    Args:
        number: An integer, a truth value or a float.
        digits: How many digits a float has at most.

    Returns:
        The text.

    Example:
        >>> [format_number(number) for number in (0.1, -2.0, 1 / 3, 1e-9, 1234567, True)]
        ['0.1', '-2', '0.333333', '1e-09', '1234567', 'true']
        >>> format_number(0.952574, digits=4)
        '0.9526'
    """
    if isinstance(number, (bool, np.bool_)):
        return "true" if number else "false"
    if isinstance(number, (int, np.integer)):
        return str(int(number))
    text = f"{float(number):.{digits}g}"
    return "0" if text == "-0" else text


def short_value(value: Array, digits: int = SHORT) -> str:
    """Write a value: the number, the elements of a short array, or what a long one is like.

    Args:
        value: An array of any shape and data type.
        digits: How many a single number has at most; each of several has one less.

    Returns:
        The text; of a long array the mean of floats, the least and greatest of integers, how many are true.

    Example:
        >>> short_value(np.array(2.0)), short_value(np.array([[0.13, 0.87]])), short_value(np.arange(10))
        ('2', '[0.13, 0.87]', '0 … 9')
        >>> short_value(np.linspace(0.0, 1.0, 11)), short_value(np.ones(9, dtype=bool))
        ('mean 0.5', '9 of 9 true')
    """
    return _short(
        value, lambda floats: f"mean {format_number(float(np.mean(floats, dtype=np.float64)), digits)}", digits
    )


def short_change(old: Array | None, new: Array) -> tuple[str, str]:
    """Write a value and what it becomes, with as many digits as tell the two apart.

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
    for digits in range(SHORT, _EXACT + 2):
        if before != after or np.array_equal(old, new, equal_nan=True):
            break
        before, after = short_value(old, digits), short_value(new, digits)
    return before, after.removeprefix("mean ") if before.startswith("mean ") else after


def short_gradient(gradient: Array) -> str:
    """Write a gradient: the number, the elements of a short array, or the norm of a long one.

    Args:
        gradient: An array of any shape.

    Returns:
        The text.

    Example:
        >>> short_gradient(np.array(-2.0)), short_gradient(np.full(16, 0.25))
        ('-2', 'norm 1')
    """
    return _short(
        gradient,
        lambda floats: f"norm {format_number(float(np.linalg.norm(floats.astype(np.float64))), SHORT)}",
        SHORT,
    )


def _short(array: Array, summarise: Callable[[Array], str], digits: int) -> str:
    array = np.asarray(array)
    if array.size == 0:
        return "empty"
    if array.size <= _WRITTEN_OUT:
        return _written_out(array, digits)
    kind = kind_of(array.dtype.name)
    if kind == "bool":
        return f"{np.count_nonzero(array)} of {array.size} true"
    if kind == "integer":
        return f"{array.min()} … {array.max()}"
    lost = array.size - int(np.count_nonzero(np.isfinite(array)))
    return f"{lost} of {array.size} not finite" if lost else summarise(array)


def _written_out(array: Array, digits: int) -> str:
    """Write at most four elements: a row in brackets, several rows in brackets again; the shape is told elsewhere."""
    if array.size == 1:
        return format_number(array.ravel()[0], digits)
    numbers = [format_number(number, digits - 1) for number in array.ravel()]
    row = array.shape[-1]
    rows = ["[" + ", ".join(numbers[i : i + row]) + "]" for i in range(0, len(numbers), row)]
    return rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]"
