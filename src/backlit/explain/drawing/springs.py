"""Springs: the heights of what stands in columns, from what is joined to what.

Every edge is a spring between the heights at which it meets its ends. Column after column moves to where its springs
pull it, while its order and its least distances stay: the sum over all springs of stiffness times squared difference of
heights falls with every move, towards the least there is. Then every long edge is drawn to one height, or to as few as
the room between its neighbours allows, because a reader follows a straight line best.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["Strand", "Thing", "draw_taut", "relax", "settle"]

_SWEEPS = 100
_STILL = 0.05
"""When nothing moves by more than this, everything has come to rest; after so many sweeps it is good enough."""


@dataclass(slots=True)
class Thing:
    """What stands in a column: a mark, a port or a bend.

    Args:
        column: The number of its column.
        order: Its place in the column, from the top.
        above: How far it reaches above its height.
        below: How far below.
        left: How far to the left of its middle.
        right: How far to the right.
        x: The middle.
        y: The height, downward.
        is_target: Whether an edge leads to it.
        springs: What pulls it: the other end, how much lower than that it would be at rest, and how stiffly.
    """

    column: int
    order: int
    above: float = 0.0
    below: float = 0.0
    left: float = 0.0
    right: float = 0.0
    x: float = 0.0
    y: float = 0.0
    is_target: bool = False
    springs: list[tuple["Thing", float, float]] = field(default_factory=list)

    def join(self, target: "Thing", drop: float, stiffness: float) -> None:
        """Hang a spring between this and something at its right, which would be so much lower at rest."""
        self.springs.append((target, -drop, stiffness))
        target.springs.append((self, drop, stiffness))


@dataclass(slots=True)
class Strand:
    """What may be drawn to one height of an edge.

    Args:
        movable: Its bends, and ports, from left to right.
        start: Where it comes from, and how much lower than that it starts; None where it starts with a port.
        stop: Where it goes to, likewise.
    """

    movable: list[Thing]
    start: tuple[Thing, float] | None
    stop: tuple[Thing, float] | None


def settle(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Move points as little as possible so that they keep their order and their distances.

    It minimises Σ w_i (y_i - d_i)² under y_{i+1} - y_i ≥ g_i: points that come too near form a group, which stands at
    the mean of what its points want; groups that come too near are joined (pool adjacent violators: Ayer, Brunk, Ewing,
    Reid and Silverman, 1955).

    Args:
        wanted: Where each point d_i would like to be.
        weights: How much w_i each wish counts.
        gaps: The least distance g_i of each point to the next; one less than there are points.

    Returns:
        Where the points are.

    Example:
        >>> settle([0.0, 0.0, 9.0], [1.0, 1.0, 1.0], [2.0, 2.0])
        [-1.0, 1.0, 9.0]
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    groups: list[tuple[float, float, int]] = []  # what a group wants, its weight, its number of points
    for want, weight, offset in zip(wanted, weights, offsets, strict=False):
        mean, total, count = want - offset, weight, 1
        while groups and groups[-1][0] >= mean:
            above, heavier, more = groups.pop()
            mean = (mean * total + above * heavier) / (total + heavier)
            total, count = total + heavier, count + more
        groups.append((mean, total, count))
    heights = [mean for mean, _, count in groups for _ in range(count)]
    return [height + offset for height, offset in zip(heights, offsets, strict=False)]


def relax(columns: Sequence[Sequence[Thing]], row: float) -> None:
    """Let everything go where its springs pull it, column after column, to the right and back, until all is at rest.

    Args:
        columns: What stands in each column, from the top; no column is empty.
        row: The room between two things of a column.

    Example:
        >>> source, target, other = Thing(0, 0), Thing(1, 0), Thing(1, 1)
        >>> source.join(target, 0.0, 1.0)
        >>> relax([[source], [target, other]], 10.0)
        >>> source.y == target.y, other.y - target.y
        (True, 10.0)
    """
    gaps = [[upper.below + lower.above + row for upper, lower in pairwise(column)] for column in columns]
    for column, distances in zip(columns, gaps, strict=True):
        _move(column, settle([0.0] * len(column), [1.0] * len(column), distances))
    numbers = list(range(len(columns)))
    for sweep in range(_SWEEPS):
        order = numbers if sweep % 2 == 0 else reversed(numbers)
        if max([_pull(columns[i], gaps[i]) for i in order], default=0.0) < _STILL:
            break


def _pull(column: Sequence[Thing], gaps: Sequence[float]) -> float:
    """Let a column go where its springs pull it; return how far anything moved. What nothing pulls stays."""
    wanted, weights = [], []
    for thing in column:
        stiffness = sum(each for _, _, each in thing.springs)
        pull = sum((other.y + drop) * each for other, drop, each in thing.springs)
        wanted.append(pull / stiffness if stiffness else thing.y)
        weights.append(stiffness or 0.01)
    return _move(column, settle(wanted, weights, gaps))


def _move(column: Sequence[Thing], heights: Sequence[float]) -> float:
    furthest = 0.0
    for thing, y in zip(column, heights, strict=True):
        furthest = max(furthest, abs(thing.y - y))
        thing.y = y
    return furthest


def draw_taut(strands: Sequence[Strand], columns: Sequence[Sequence[Thing]], row: float) -> None:
    """Draw every strand to as few heights as the room between its neighbours allows.

    From the left, as much of it as may be at one height is: at that at which it starts, or else at that at which it
    ends, or else as near to the first as it may be.

    Args:
        strands: The strands.
        columns: What stands in each column, from the top.
        row: The room between two things of a column.

    Example:
        >>> source, bend, target = Thing(0, 0, y=3.0), Thing(1, 0, y=4.0), Thing(2, 0, y=5.0)
        >>> draw_taut([Strand([bend], (source, 0.0), (target, 0.0))], [[source], [bend], [target]], 10.0)
        >>> bend.y
        3.0
    """
    for strand in strands:
        start = strand.start[0].y + strand.start[1] if strand.start else None
        stop = strand.stop[0].y + strand.stop[1] if strand.stop else None
        rest = strand.movable
        while rest:
            low, high = _room(rest[0], columns, row)
            high, count = max(low, high), 1
            for thing in rest[1:]:
                least, most = _room(thing, columns, row)
                if max(low, least) > min(high, most):
                    break
                low, high, count = max(low, least), min(high, most), count + 1
            wishes = [wish for wish in (start, stop) if wish is not None] or [rest[0].y]
            height = next((wish for wish in wishes if low <= wish <= high), min(max(wishes[0], low), high))
            for thing in rest[:count]:
                thing.y = height
            start, rest = height, rest[count:]


def _room(thing: Thing, columns: Sequence[Sequence[Thing]], row: float) -> tuple[float, float]:
    """Return between which heights something may stand as its neighbours in the column stand now."""
    column = columns[thing.column]
    above = column[thing.order - 1] if thing.order else None
    below = column[thing.order + 1] if thing.order + 1 < len(column) else None
    return (
        above.y + above.below + thing.above + row if above else float("-inf"),
        below.y - below.above - thing.below - row if below else float("inf"),
    )
