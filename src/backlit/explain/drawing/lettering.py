"""Lettering: where the number of an edge is written, so that it covers no other number, no arrow head and no mark.

It stands in the last gap the edge crosses, in the middle of its slope, or else as near to the middle as it has room;
of two edges between the same marks as far to the right as it has room, where they are apart. No mark stands in a gap;
heads reach a little into it, so numbers keep off its right end. Where numbers find no room beside each other, the gap
is made wider until they do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LINE", "Slope", "letter"]

LINE = 13.0
"""The height of a number, with the room around it."""

_BEFORE, _HEAD, _BEHIND = 2.0, 12.0, 20.0
"""The room that a number leaves at the left of the gap, and at its right, where heads are and places among arguments.
Those of two edges between the same marks are not written: the first arrives above the second.
"""

_LAST = 0.34
"""The part of a gap at its right in which two edges between the same marks are apart."""

_APART = 4.0
"""The room between two numbers beside each other."""

_LATE = [1 - i / 100 for i in range(101)]
_MIDDLE = sorted(_LATE, key=lambda t: abs(t - 0.5))
"""The places on a slope, in the order in which they are tried."""

_WIDER = 1.15


@dataclass(frozen=True, slots=True)
class Slope:
    """An edge in the gap in which its number is written.

    Args:
        start: Its height at the left of the gap.
        stop: Its height at the right.
        width: The width of its number.
        is_twin: Whether another edge leads between the same marks, and no other arrives there.

    Example:
        >>> Slope(0.0, 10.0, 30.0).at(0.5)
        (0.5, 5.0)
    """

    start: float
    stop: float
    width: float
    is_twin: bool = False

    def at(self, t: float) -> tuple[float, float]:
        """Return a point of the curve that is drawn: how much of the gap is at its left, and its height."""
        return t * (1.5 - 1.5 * t + t**2), self.start + (self.stop - self.start) * (3 - 2 * t) * t**2


def letter(slopes: Sequence[Slope], width: float) -> tuple[float, list[tuple[float, float]]]:
    """Find room for the numbers in a gap.

    Args:
        slopes: The edges that have one.
        width: The least width of the gap.

    Returns:
        The width the gap needs, and for each edge the middle of its number: from the left of the gap, and downward.

    Example:
        >>> letter([Slope(0.0, 0.0, 20.0), Slope(30.0, 0.0, 20.0)], 60.0)
        (60.0, [(30.0, 0.0), (30.0, 15.0)])
    """
    for slope in slopes:
        width = max(width, slope.width + _BEFORE + _BEHIND, slope.is_twin * (slope.width / 2 + _HEAD) / _LAST)
    while (middles := _fit(slopes, width)) is None:
        width *= _WIDER
    return width, middles


def _fit(slopes: Sequence[Slope], width: float) -> list[tuple[float, float]] | None:
    """Give each number, from the flattest slope to the steepest, the free place that is nearest to the middle."""
    middles = [(0.0, 0.0)] * len(slopes)
    taken: dict[int, list[tuple[float, float, float]]] = {}
    for number in sorted(range(len(slopes)), key=lambda i: abs(slopes[i].stop - slopes[i].start)):
        slope = slopes[number]
        for t in _LATE if slope.is_twin else _MIDDLE:
            across, y = slope.at(t)
            x = across * width
            behind = _HEAD if slope.is_twin else _BEHIND
            if not _BEFORE <= x - slope.width / 2 <= x + slope.width / 2 <= width - behind:
                continue
            line = math.floor(y / LINE)
            beside = (other for near in (line - 1, line, line + 1) for other in taken.get(near, ()))
            if all(
                abs(y - height) >= LINE or abs(x - middle) >= (slope.width + wide) / 2 + _APART
                for middle, height, wide in beside
            ):
                middles[number] = x, y
                taken.setdefault(line, []).append((x, y, slope.width))
                break
        else:
            return None
    return middles
