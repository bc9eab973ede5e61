"""Checks of hyper-parameters: each is a number in its range, or the message says which range and why.

This module imports `backlit.errors` and nothing else of backlit.
"""

import math
from numbers import Integral, Real

from backlit.errors import ArgumentError

__all__ = ["check_count", "check_number"]


def check_number(
    value: object,
    what: str,
    *,
    above: float | None = None,
    below: float | None = None,
    why: str = "",
    instead: str = "",
) -> float:
    """Return a hyper-parameter as a Python float, checked against its range.

    Args:
        value: What was received.
        what: What it is called, such as ``"learning rate"``.
        above: An exclusive lower bound; without one the value is at least 0.
        below: An exclusive upper bound, if there is any.
        why: Why the range is what it is.
        instead: What to write instead.

    Returns:
        The number.

    Raises:
        ArgumentError: If it is no finite number in the range.

    Example:
        >>> check_number(1, "learning rate")
        1.0
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if is_number:
        number = float(value)  # type: ignore[arg-type]
        low_enough = below is None or number < below
        high_enough = number >= 0.0 if above is None else number > above
        if math.isfinite(number) and low_enough and high_enough:
            return number
    allowed = "at least 0" if above is None else f"above {above:g}"
    if below is not None:
        allowed += f" and below {below:g}"
    raise ArgumentError(
        f"the {what} cannot be {value!r}", why=why or f"it is a finite number, {allowed}", instead=instead
    )


def check_count(value: object, what: str) -> int:
    """Return a number of steps, checked.

    Args:
        value: What was received.
        what: What it is called, such as ``"length of a warm-up"``.

    Returns:
        The number.

    Raises:
        ArgumentError: If it is no whole number of at least 1.

    Example:
        >>> check_count(100, "length of a warm-up")
        100
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ArgumentError(
            f"the {what} cannot be {value!r}",
            why="it is a number of steps: whole, and at least 1",
            instead="write for example 100",
        )
    return int(value)
