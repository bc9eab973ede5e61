"""Crossings: in which order the marks of a column stand, so that as few edges as possible cross.

Edges here join neighbouring columns: one that passes over columns has been cut into pieces, with a bend in each of them
(Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", 1981). The order the
marks come in is kept if nothing crosses in it. Else several orders are tried (that in which series-parallel graphs have
no crossing, and shuffled ones), and each is improved: a vertex moves to the mean place of its neighbours, column after
column, there and back; then wherever in its column the fewest edges cross; and where columns are short, all orders are
compared. Nothing is left to chance: the same sheet always comes out the same. What a search may cost is counted in
looks at an end of a segment, not in seconds, so that a large sheet is searched as far on any machine, and no further.
"""

import random
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, permutations
from math import factorial

import numpy as np
import numpy.typing as npt

from backlit.explain.drawing.parallel import series_parallel_order

__all__ = ["Effort", "Segment", "count_crossings", "minimise_crossings"]

_ROUNDS = 8
_PATIENCE = 2
_SHUFFLES = 4
_LEAST_ROUNDS = 2
"""There and back: so much is done however little effort is left."""

_SIFTING = 60
"""What it costs to sift a column, beside what each pair in it does."""

_SAME = 1e-9
"""Two places are the same if they differ by no more."""

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


@dataclass(slots=True)
class Effort:
    """How much a search may still cost: it stops where it is when nothing is left.

    Args:
        looks: At how many ends of segments it may look.

    Example:
        >>> effort = Effort(100)
        >>> part = effort.lend(30)
        >>> part.looks -= 20
        >>> effort.take_back(part)
        >>> effort.looks
        80
    """

    looks: int = 1_000_000

    def lend(self, looks: int) -> "Effort":
        """Set a part aside for one search."""
        part = Effort(max(0, min(looks, self.looks)))
        self.looks -= part.looks
        return part

    def take_back(self, part: "Effort") -> None:
        """Take back what is left of a part; what it cost beyond is missing here."""
        self.looks += part.looks


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
    return _Search(columns, segments).count()


def minimise_crossings(
    columns: Sequence[Sequence[int]],
    segments: Sequence[Segment],
    fixed: Collection[int] = (),
    effort: Effort | None = None,
) -> list[list[int]]:
    """Order the vertices of every column so that few segments cross.

    Args:
        columns: The vertices of each column, in an order that is kept where nothing is gained by another.
        segments: The pieces of edges, each from a column to the next.
        fixed: The columns whose order must stay.
        effort: What the search may cost; it is used up. By default as much as a sheet that one can look at needs.

    Returns:
        The columns, reordered; never with more crossings than before.

    Example:
        >>> minimise_crossings([[0, 1], [2, 3]], [Segment(0, 3), Segment(1, 2)])
        [[0, 1], [3, 2]]
    """
    search = _Search(columns, segments, frozenset(fixed), effort)
    best, fewest = search.columns, search.count()
    if not fewest:
        return best
    for start in _starts(best, segments, search.fixed):
        search.begin(start)
        found, crossings = search.improve()
        if crossings < fewest:
            best, fewest = found, crossings
        if not fewest or search.effort.looks <= 0:
            return best
    return search.compare_all(best) if _pairs(best, search.fixed) <= _MOST_PAIRS else best


def _starts(columns: list[list[int]], segments: Sequence[Segment], fixed: frozenset[int]) -> Iterator[list[list[int]]]:
    """Yield orders to start from: as given, series-parallel, and shuffled."""
    yield columns
    vertices = [vertex for column in columns for vertex in column]
    rank = series_parallel_order(vertices, [(segment.source, segment.target) for segment in segments])
    yield [column if i in fixed else sorted(column, key=rank.__getitem__) for i, column in enumerate(columns)]
    shuffler = random.Random(len(segments))  # the same every time, on purpose
    for _ in range(_SHUFFLES):
        yield [column if i in fixed else shuffler.sample(column, len(column)) for i, column in enumerate(columns)]


def _pairs(columns: list[list[int]], fixed: frozenset[int]) -> int:
    """Count the pairs of orders of neighbouring columns."""
    orders = [1 if i in fixed else factorial(min(len(column), 20)) for i, column in enumerate(columns)]
    return sum(left * right for left, right in pairwise(orders))


_Links = dict[int, list[tuple[int, float, float]]]
"""For each vertex what it is joined to, where the edge meets that, and where it meets the vertex."""


class _Search:
    """An order of the columns, and the ways to better it."""

    def __init__(
        self,
        columns: Sequence[Sequence[int]],
        segments: Sequence[Segment],
        fixed: frozenset[int] = frozenset(),
        effort: Effort | None = None,
    ) -> None:
        self.fixed = fixed
        self.effort = effort or Effort()
        column_of = {vertex: i for i, column in enumerate(columns) for vertex in column}
        self.gaps: list[list[tuple[int, float, int, float]]] = [[] for _ in columns]
        self.before: _Links = {}
        self.after: _Links = {}
        for segment in segments:
            source, target, leaves, arrives = segment.source, segment.target, segment.leaves, segment.arrives
            self.gaps[column_of[source]].append((source, leaves, target, arrives))
            self.before.setdefault(target, []).append((source, leaves, arrives))
            self.after.setdefault(source, []).append((target, arrives, leaves))
        self.begin(columns)

    def begin(self, columns: Sequence[Sequence[int]]) -> None:
        """Start from an order."""
        self.columns = [list(column) for column in columns]
        self.place = {vertex: i for column in columns for i, vertex in enumerate(column)}
        self.counts = [0] * len(self.gaps)
        self.uncounted = set(range(len(self.gaps)))

    def _put(self, i: int, column: list[int]) -> None:
        if column == self.columns[i]:
            return
        self.columns[i] = column
        for place, vertex in enumerate(column):
            self.place[vertex] = place
        self.uncounted |= {i - 1, i} if i else {i}

    def count(self) -> int:
        """Count the crossings of the order as it is."""
        for i in self.uncounted:
            self.counts[i] = self._count(self.gaps[i]) if len(self.gaps[i]) > 1 else 0
            self.effort.looks -= len(self.gaps[i])
        self.uncounted.clear()
        return sum(self.counts)

    def _count(self, gap: Sequence[tuple[int, float, int, float]]) -> int:
        place = self.place
        ends = [(place[source] + leaves, place[target] + arrives) for source, leaves, target, arrives in gap]
        ends.sort()
        total = 0
        seen: list[float] = []
        for count, (_, right) in enumerate(ends):
            above = bisect_left(seen, right + _SAME)
            total += count - above
            seen.insert(above, right)
        return total

    def improve(self) -> tuple[list[list[int]], int]:
        """Move vertices to the mean place of their neighbours, there and back; then where the fewest edges cross."""
        best, fewest, idle = self.columns[:], self.count(), 0
        for turn in range(_ROUNDS):
            if turn >= _LEAST_ROUNDS and self.effort.looks <= 0:
                break
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
        if fewest:
            self._sift()
        return self.columns, self.count()

    def _to_mean(self, i: int, links: _Links) -> None:
        """Sort a column by the mean places of its neighbours in the one beside it; who has none keeps its place."""
        column, place = self.columns[i], self.place
        self.effort.looks -= len(column)
        means = {}
        for vertex in column:
            total, joined = 0.0, links.get(vertex, ())
            for other, there, here in joined:
                total += place[other] + there - here / 2
            if joined:
                means[vertex] = total / len(joined)
        moving = iter(sorted(means, key=means.__getitem__))
        self._put(i, [next(moving) if vertex in means else vertex for vertex in column])

    def _sift(self) -> None:
        """Sift columns until none gains; a column is looked at again when it, or one beside it, has changed."""
        loose = {i for i, column in enumerate(self.columns) if i not in self.fixed and len(column) > 1}
        waiting = set(loose)
        while waiting:
            for i in range(len(self.columns)):
                if self.effort.looks <= 0:
                    return
                if i in waiting:
                    waiting.remove(i)
                    if self._sift_column(i):
                        waiting |= {i - 1, i, i + 1} & loose

    def _sift_column(self, i: int) -> bool:
        """Take each vertex in turn to the place in its column with the fewest crossings; say whether that gained."""
        self.count()
        if not self.counts[i] and not (i and self.counts[i - 1]):
            return False
        column = self.columns[i]
        more = self._below(column)
        self.effort.looks -= _SIFTING + len(column) ** 2 // 8
        moved = np.cumsum(more, axis=1)  # by how much the crossings change: a row for each vertex, by its place
        if (np.minimum(moved.min(axis=1), 0) >= np.diagonal(moved)).all():
            return False
        rows = more.tolist()
        order = list(range(len(column)))
        for vertex, row in enumerate(rows):
            here = order.index(vertex)
            others = order[:here] + order[here + 1 :]
            # By how much the crossings change when the vertex moves from the top to behind the first j others.
            changes = [0, *accumulate(row[other] for other in others)]
            fewest = min(changes)
            if fewest < changes[here]:
                ties = (j for j, change in enumerate(changes) if change == fewest)
                others.insert(min(ties, key=lambda j: abs(j - here)), vertex)
                order = others
        self._put(i, [column[vertex] for vertex in order])
        return True

    def _below(self, column: Sequence[int]) -> npt.NDArray[np.int64]:
        """For every two vertices of a column, how many more of their edges cross with the first below the other."""
        more = np.zeros((len(column), len(column)), dtype=np.int64)
        for links in (self.before, self.after):
            linked = [k for k, vertex in enumerate(column) if vertex in links]
            ends = [[self.place[other] + there for other, there, _ in links[column[k]]] for k in linked]
            if len(linked) > 1:
                heights = np.array([end for each in ends for end in each])
                apart = heights[None, :] - heights[:, None]
                signs = (apart > _SAME).astype(np.int64) - (apart < -_SAME)
                starts = np.cumsum([0, *map(len, ends[:-1])])
                pairs = np.add.reduceat(np.add.reduceat(signs, starts, axis=0), starts, axis=1)
                more[np.ix_(linked, linked)] += pairs
        return more

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
