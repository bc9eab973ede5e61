"""Crossings: in which order the marks of a column stand, so that as few edges as possible cross.

Edges here join neighbouring columns: one that passes over columns has been cut into pieces, with a bend in each of them
(Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", 1981). The order the
marks come in is kept if nothing crosses in it. Else several orders are tried (that in which series-parallel graphs have
no crossing, and shuffled ones), and each is improved: a vertex moves to the mean place of its neighbours, column after
column, there and back; then wherever in its column the fewest edges cross; and where columns are short, all orders are
compared. Nothing is left to chance: the same sheet always comes out the same.
"""

import random
from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from math import factorial

from backlit.explain.drawing.parallel import series_parallel_order

__all__ = ["Segment", "count_crossings", "minimise_crossings"]

_ROUNDS = 8
_PATIENCE = 2
_SHUFFLES = 4
_MOST_SEGMENTS = 400
"""Above this many segments the search is shortened in proportion."""

_MOST_PAIRS = 3000
"""The most pairs of orders of neighbouring columns that are compared one by one."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of an edge between neighbouring columns.

    Args:
        source: The vertex at the left, a number from 0.
        target: The vertex at the right.
        leaves: Where on the side of its source it starts, from -0.5 (top) to 0.5; all the same where that is free.
        arrives: Where on the side of its target it ends, likewise.

    Example:
        >>> Segment(0, 1).leaves
        0.0
    """

    source: int
    target: int
    leaves: float = 0.0
    arrives: float = 0.0


def count_crossings(columns: Sequence[Sequence[int]], segments: Sequence[Segment]) -> int:
    """Count the pairs of segments that cross, which two that share an end never do.

    Args:
        columns: The vertices of each column from the top.
        segments: The pieces of edges.

    Returns:
        The number.

    Example:
        >>> count_crossings([[0, 1], [2, 3]], [Segment(0, 3), Segment(1, 2), Segment(1, 3)])
        1
    """
    return _Search(columns, segments, frozenset()).count()


def minimise_crossings(
    columns: Sequence[Sequence[int]], segments: Sequence[Segment], fixed: Collection[int] = (), effort: float = 1.0
) -> list[list[int]]:
    """Order the vertices of every column so that few segments cross.

    Args:
        columns: The vertices of each column, in an order that is kept where nothing is gained by another.
        segments: The pieces of edges, each from a column to the next.
        fixed: The columns whose order must stay.
        effort: How long to search, from 0 to 1.

    Returns:
        The columns, reordered; never with more crossings than before.

    Example:
        >>> minimise_crossings([[0, 1], [2, 3]], [Segment(0, 3), Segment(1, 2)])
        [[0, 1], [3, 2]]
    """
    search = _Search(columns, segments, frozenset(fixed))
    best, fewest = search.columns, search.count()
    if not fewest:
        return best
    effort = min(effort, _MOST_SEGMENTS / len(segments))
    for start in _starts(best, segments, search.fixed, round(_SHUFFLES * effort)):
        search.begin(start)
        found, crossings = search.improve(max(3, round(_ROUNDS * effort)))
        if crossings < fewest:
            best, fewest = found, crossings
        if not fewest:
            return best
    return search.compare_all(best) if _pairs(best, search.fixed) <= _MOST_PAIRS * effort else best


def _starts(
    columns: list[list[int]], segments: Sequence[Segment], fixed: frozenset[int], shuffles: int
) -> Iterator[list[list[int]]]:
    """Yield orders to start from: as given, series-parallel, and shuffled."""
    yield columns
    vertices = [vertex for column in columns for vertex in column]
    rank = series_parallel_order(vertices, [(segment.source, segment.target) for segment in segments])
    yield [column if i in fixed else sorted(column, key=rank.__getitem__) for i, column in enumerate(columns)]
    shuffler = random.Random(len(segments))  # the same every time, on purpose
    for _ in range(shuffles):
        yield [column if i in fixed else shuffler.sample(column, len(column)) for i, column in enumerate(columns)]


def _pairs(columns: list[list[int]], fixed: frozenset[int]) -> int:
    """Count the pairs of orders of neighbouring columns."""
    orders = [1 if i in fixed else factorial(min(len(column), 20)) for i, column in enumerate(columns)]
    return sum(left * right for left, right in pairwise(orders))


class _Search:
    """An order of the columns, and the ways to better it."""

    def __init__(self, columns: Sequence[Sequence[int]], segments: Sequence[Segment], fixed: frozenset[int]) -> None:
        self.fixed = fixed
        self.before: dict[int, list[tuple[int, float, float]]] = {}
        self.after: dict[int, list[tuple[int, float, float]]] = {}
        column_of = {vertex: i for i, column in enumerate(columns) for vertex in column}
        self.gaps: list[list[Segment]] = [[] for _ in columns]
        for segment in segments:
            self.gaps[column_of[segment.source]].append(segment)
            self.before.setdefault(segment.target, []).append((segment.source, segment.leaves, segment.arrives))
            self.after.setdefault(segment.source, []).append((segment.target, segment.arrives, segment.leaves))
        self.begin(columns)

    def begin(self, columns: Sequence[Sequence[int]]) -> None:
        """Start from an order."""
        self.columns = [list(column) for column in columns]
        self.place = {vertex: i for column in columns for i, vertex in enumerate(column)}

    def _put(self, i: int, column: list[int]) -> None:
        self.columns[i] = column
        for place, vertex in enumerate(column):
            self.place[vertex] = place

    def count(self) -> int:
        """Count the crossings of the order as it is."""
        return sum(self._count(gap) for gap in self.gaps if len(gap) > 1)

    def _count(self, gap: Sequence[Segment]) -> int:
        place = self.place
        ends = sorted((place[s.source] + s.leaves, place[s.target] + s.arrives) for s in gap)
        total = 0
        seen: list[float] = []
        for _, right in ends:
            total += len(seen) - bisect_left(seen, right + 1e-9)
            insort(seen, right)
        return total

    def improve(self, rounds: int) -> tuple[list[list[int]], int]:
        """Move vertices to the mean place of their neighbours, there and back; then where the fewest edges cross."""
        best, fewest, idle = self.columns[:], self.count(), 0
        for turn in range(rounds):
            forward = turn % 2 == 0
            for i in range(1, len(best)) if forward else range(len(best) - 2, -1, -1):
                if i not in self.fixed and len(self.columns[i]) > 1:
                    self._to_mean(i, self.before if forward else self.after)
            crossings = self.count()
            idle += 1
            if crossings < fewest:
                best, fewest, idle = self.columns[:], crossings, 0
            if not fewest or idle == _PATIENCE:
                break
        self.begin(best)
        while fewest and self._sift():
            fewest = self.count()
        return self.columns, fewest

    def _to_mean(self, i: int, links: dict[int, list[tuple[int, float, float]]]) -> None:
        """Sort a column by the mean places of its neighbours in the one beside it; who has none keeps its place."""
        column, place = self.columns[i], self.place
        means = {
            vertex: sum(place[other] + there - here / 2 for other, there, here in links[vertex]) / len(links[vertex])
            for vertex in column
            if vertex in links
        }
        moving = iter(sorted(means, key=means.__getitem__))
        self._put(i, [next(moving) if vertex in means else vertex for vertex in column])

    def _sift(self) -> bool:
        """Take each vertex in turn to the place in its column with the fewest crossings; say whether that gained."""
        gained = False
        for i, column in enumerate(self.columns):
            if i in self.fixed or len(column) == 1:
                continue
            ends = {vertex: self._ends(vertex) for vertex in column}
            for vertex in list(column):
                gained |= _sift_one(column, vertex, ends)
            self._put(i, column)
        return gained

    def _ends(self, vertex: int) -> tuple[list[float], list[float]]:
        """Return the sorted places at which the edges of a vertex end in the columns before and behind it."""
        place = self.place
        return (
            sorted(place[other] + there for other, there, _ in self.before.get(vertex, ())),
            sorted(place[other] + there for other, there, _ in self.after.get(vertex, ())),
        )

    def compare_all(self, columns: list[list[int]]) -> list[list[int]]:
        """Find the best order of all columns: the best one up to each order of each column, column after column."""
        choices = [
            [tuple(column)] if i in self.fixed else list(permutations(column)) for i, column in enumerate(columns)
        ]
        reached = [(0, [order]) for order in choices[0]]
        for i, orders in enumerate(choices[1:]):
            further = []
            for order in orders:
                self._put(i + 1, list(order))
                cost, path = min(
                    ((cost + self._count_after(i, path[-1]), path) for cost, path in reached), key=lambda way: way[0]
                )
                further.append((cost, [*path, order]))
            reached = further
        _, path = min(reached, key=lambda way: way[0])
        return [list(order) for order in path]

    def _count_after(self, i: int, order: Sequence[int]) -> int:
        self._put(i, list(order))
        return self._count(self.gaps[i])


def _cost(upper: tuple[list[float], list[float]], lower: tuple[list[float], list[float]]) -> int:
    """Count the crossings of the edges of two vertices when one stands above the other."""
    total = 0
    for above, below in zip(upper, lower, strict=True):
        if below:
            for end in above:
                total += bisect_left(below, end - 1e-9)
    return total


def _sift_one(column: list[int], vertex: int, ends: Mapping[int, tuple[list[float], list[float]]]) -> bool:
    """Move one vertex to its best place; it stays where it is if no other is better."""
    here = column.index(vertex)
    others = column[:here] + column[here + 1 :]
    # gains[j]: by how much the crossings change when the vertex moves from the top to behind the first j others.
    gains = [0]
    for other in others:
        gains.append(gains[-1] + _cost(ends[other], ends[vertex]) - _cost(ends[vertex], ends[other]))
    best = min(range(len(gains)), key=lambda j: (gains[j], abs(j - here)))
    if gains[best] >= gains[here]:
        return False
    others.insert(best, vertex)
    column[:] = others
    return True
