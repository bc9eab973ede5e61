"""Median and quartiles: what is said of a handful of times measured on a machine that does other things too.

A minimum flatters and a mean suffers from every hiccup; the median and the quartiles show both the typical time and
how far it can be trusted. Two contenders are compared within each round, and the ratios are summarised, not the other
way round: what slows a whole round down slows both.

This module imports NumPy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Summary", "ratios", "summarise"]


@dataclass(frozen=True)
class Summary:
    """Half of the values lie between ``lower`` and ``upper``, and half of them below ``median``."""

    median: float
    lower: float
    upper: float


def summarise(values: Sequence[float]) -> Summary:
    """Return the median and the quartiles."""
    lower, median, upper = np.percentile(np.asarray(values, dtype=float), [25, 50, 75])
    return Summary(float(median), float(lower), float(upper))


def ratios(values: Sequence[float], others: Sequence[float]) -> Summary:
    """Summarise value / other, round by round.

    Args:
        values: The times of one contender, by round.
        others: The times of another, in the same rounds.

    Returns:
        The median and the quartiles of the ratios.
    """
    return summarise([value / other for value, other in zip(values, others, strict=True)])
