"""What the settings of modules, initialisers and losses must be: a few checks with one wording.

This module imports nothing but errors.
"""

import math

import numpy as np

from backlit.errors import ArgumentError

__all__ = ["check_count", "check_flag", "check_number"]


def check_count(value: object, what: str, least: int = 1) -> int:
    """Return a number of things as an integer.

    Args:
        value: What was given.
        what: The setting's name, as in ``"Linear(inputs=...)"``.
        least: The smallest number allowed.

    Returns:
        The number.

    Raises:
        ArgumentError: If it is not a whole number of at least that.

    Example:
        >>> check_count(3, "Linear(inputs=...)")
        3
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ArgumentError(f"{what} is a whole number of at least {least}; received {value!r}")
    return int(value)


def check_number(
    value: object, what: str, low: float = -math.inf, high: float = math.inf, *, open_low: bool = False
) -> float:
    """Return a setting as a finite float within bounds.

    Args:
        value: What was given.
        what: The setting's name, as in ``"LeakyReLU(slope=...)"``.
        low: The smallest number allowed.
        high: The largest number allowed.
        open_low: Whether the smallest number itself is not allowed.

    Returns:
        The number.

    Raises:
        ArgumentError: If it is no finite number, or outside the bounds.

    Example:
        >>> check_number(1, "Normal(std=...)", 0.0)
        1.0
    """
    fits = (
        isinstance(value, (int, float, np.integer, np.floating))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and low <= value <= high
        and not (open_low and value == low)
    )
    if not fits:
        bounds = [f"{'above' if open_low else 'of at least'} {low:g}"] if low > -math.inf else []
        bounds += [f"of at most {high:g}"] if high < math.inf else []
        raise ArgumentError(f"{what} is a finite number {' and '.join(bounds)}".rstrip() + f"; received {value!r}")
    return float(value)  # type: ignore[arg-type]


def check_flag(value: object, what: str) -> bool:
    """Return a setting that is either true or false.

    Args:
        value: What was given.
        what: The setting's name.

    Returns:
        The flag.

    Raises:
        ArgumentError: If it is neither True nor False.

    Example:
        >>> check_flag(True, "Linear(bias=...)")
        True
    """
    if not isinstance(value, bool):
        raise ArgumentError(f"{what} is True or False; received {value!r}")
    return value
