"""Series-parallel order: an order of vertices in which a graph made of rows and of branches has no crossing.

A vertex with one edge in and one edge out is a row of two edges: it is taken into one edge. Two edges between the same
vertices are branches: one is laid above the other and both are one edge. What is left when nothing can be taken in any
more is a single edge for a tree that runs together (every formula in which each intermediate value is used once) or
apart, and for every net of rows and branches (Valdes, Tarjan and Lawler, "The recognition of series parallel digraphs",
1982); the vertices it has taken in, read off from the top, are in an order without crossings. Of any other graph a core
is left, whose parts are laid in the order in which one walks through it.
"""

from collections.abc import Sequence

__all__ = ["series_parallel_order"]

_START, _END = -1, -2


def series_parallel_order(vertices: Sequence[int], edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Rank the vertices of a graph from the top.

    Args:
        vertices: The vertices, in an order that is kept where it can be.
        edges: Pairs of vertices; they make no circle.

    Returns:
        The rank of every vertex; of two vertices in the same column the one with the smaller rank is to be above.

    Example:
        >>> rank = series_parallel_order(range(5), [(0, 1), (1, 4), (0, 2), (2, 4), (0, 3), (3, 4)])
        >>> rank[1] < rank[2] < rank[3]
        True
    """
    core = _Core(vertices, edges)
    core.reduce(vertices)
    order = core.walk()
    return {vertex: i for i, vertex in enumerate(order)}


class _Core:
    """A graph between a start and an end, in which every edge holds the vertices it has taken in, from the top."""

    def __init__(self, vertices: Sequence[int], edges: Sequence[tuple[int, int]]) -> None:
        self.place = {vertex: i for i, vertex in enumerate(vertices)}
        self.after: dict[int, dict[int, list[int]]] = {vertex: {} for vertex in (*vertices, _START, _END)}
        self.before: dict[int, set[int]] = {vertex: set() for vertex in (*vertices, _START, _END)}
        for source, target in edges:
            self._join(source, target, [])
        for vertex in vertices:
            if not self.before[vertex]:
                self._join(_START, vertex, [])
            if not self.after[vertex]:
                self._join(vertex, _END, [])

    def _join(self, source: int, target: int, held: list[int]) -> None:
        """Add an edge; beside another one it is a branch, above it if it held an earlier vertex."""
        other = self.after[source].get(target)
        if other:
            first, second = sorted((other, held), key=lambda part: min(map(self.place.__getitem__, part), default=0))
            held = first + second
        self.after[source][target] = held
        self.before[target].add(source)

    def reduce(self, vertices: Sequence[int]) -> None:
        """Take in vertices with one edge in and one edge out, until there is none."""
        waiting = list(reversed(vertices))
        while waiting:
            vertex = waiting.pop()
            if len(self.before.get(vertex, ())) != 1 or len(self.after[vertex]) != 1:
                continue
            (source,), (target,) = self.before[vertex], self.after[vertex]
            held = [*self.after[source].pop(vertex), vertex, *self.after[vertex].pop(target)]
            self.before[target].remove(vertex)
            del self.before[vertex], self.after[vertex]
            self._join(source, target, held)
            waiting += [end for end in (target, source) if end not in (_START, _END)]

    def walk(self) -> list[int]:
        """List all vertices, those of the core as a walk in depth from the start meets them."""
        order: list[int] = []
        met = {_START}
        stack = [(_START, iter(self.after[_START].items()))]
        while stack:
            vertex, edges = stack[-1]
            for target, held in edges:
                order += held
                if target not in met:
                    met.add(target)
                    stack.append((target, iter(self.after[target].items())))
                    break
            else:
                stack.pop()
                if vertex not in (_START, _END):
                    order.append(vertex)
        return order
