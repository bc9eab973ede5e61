"""Layering: the column of each mark of a sheet, so that every edge goes to the right and all of them are short.

The columns are whole numbers; an edge leads at least one column to the right; and the sum of the lengths of the edges
is the least there is. That is a linear program, solved by the network simplex method of Gansner, Koutsofios, North and
Vo ("A technique for drawing directed graphs", 1993): a spanning tree of edges of length 1 holds all marks together; as
long as some edge of the tree would rather be stretched, it is replaced by the shortest edge that leads back. A leaf
thereby stands directly before the first operation that reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Link", "assign_layers", "longest_paths"]


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two vertices, which are numbers from 0.

    Args:
        source: Where it starts.
        target: Where it ends, at least one layer further right.
        weight: How dear a layer more of length is; 0 for an edge that only keeps the order.

    Example:
        >>> Link(0, 1).weight
        1
    """

    source: int
    target: int
    weight: int = 1


def longest_paths(count: int, links: Sequence[Link]) -> list[int]:
    """Put every vertex as far left as its edges allow: the length of the longest path to it.

    Args:
        count: The number of vertices.
        links: The edges; they make no circle.

    Returns:
        The layer of each vertex.

    Example:
        >>> longest_paths(3, [Link(0, 1), Link(1, 2), Link(0, 2)])
        [0, 1, 2]
    """
    behind: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for link in links:
        behind[link.source].append(link.target)
        missing[link.target] += 1
    layer = [0] * count
    ready = [vertex for vertex in range(count) if not missing[vertex]]
    for vertex in ready:  # it grows as it is read
        for target in behind[vertex]:
            layer[target] = max(layer[target], layer[vertex] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    return layer


def assign_layers(count: int, links: Sequence[Link]) -> list[int]:
    """Give every vertex a layer so that the sum of weight times length over all edges is least.

    Args:
        count: The number of vertices.
        links: The edges; they make no circle.

    Returns:
        The layer of each vertex, from 0.

    Example:
        >>> assign_layers(4, [Link(0, 1), Link(1, 2), Link(3, 2)])
        [0, 1, 2, 1]
    """
    if not count:
        return []
    # A vertex before all others, which costs nothing, makes one connected graph of several.
    held = [*links, *(Link(count, vertex, 0) for vertex in range(count))]
    simplex = _Simplex(held, longest_paths(count + 1, held))
    simplex.span()
    # Steps that gain nothing could go round in a circle, so their number is bounded.
    for _ in range(4 * len(held) + 16):
        if not simplex.improve():
            break
    first = min(simplex.layer[:count])
    return [layer - first for layer in simplex.layer[:count]]


@dataclass(slots=True)
class _Simplex:
    """A layering held together by a spanning tree of tight edges."""

    links: list[Link]
    layer: list[int]
    tree: set[int] = field(default_factory=set)
    around: list[list[int]] = field(default_factory=list)

    def slack(self, number: int) -> int:
        link = self.links[number]
        return self.layer[link.target] - self.layer[link.source] - 1

    def span(self) -> None:
        """Grow a tree of tight edges; where none leads out of it, move it to the nearest vertex outside."""
        self.around = [[] for _ in self.layer]
        for number, link in enumerate(self.links):
            self.around[link.source].append(number)
            self.around[link.target].append(number)
        inside = {0}
        fresh = [0]
        while len(inside) < len(self.layer):
            while fresh:
                vertex = fresh.pop()
                for number in self.around[vertex]:
                    other = self._other(number, vertex)
                    if other not in inside and not self.slack(number):
                        self.tree.add(number)
                        inside.add(other)
                        fresh.append(other)
            if len(inside) == len(self.layer):
                break
            border = (
                number for number, link in enumerate(self.links) if (link.source in inside) != (link.target in inside)
            )
            nearest = min(border, key=lambda number: (self.slack(number), number))
            gap = self.slack(nearest) if self.links[nearest].source in inside else -self.slack(nearest)
            for vertex in inside:
                self.layer[vertex] += gap
            fresh = list(inside)

    def _other(self, number: int, vertex: int) -> int:
        link = self.links[number]
        return link.target if link.source == vertex else link.source

    def improve(self) -> bool:
        """Exchange one edge of the tree for a better one; say whether there was one to exchange."""
        order, entry = self._walk()
        cost = [0] * len(self.layer)
        for link in self.links:
            cost[link.source] += link.weight
            cost[link.target] -= link.weight
        # Added up over a subtree, cost is the weight that leads out of it less the weight that leads into it: moved one
        # layer to the left, it makes the drawing dearer by so much.
        for vertex in reversed(order):
            number = entry[vertex]
            if number < 0:
                continue
            upward = self.links[number].source == vertex
            gain = -cost[vertex] if upward else cost[vertex]
            if gain > 0:
                self._exchange(number, self._subtree(vertex, number), upward=upward)
                return True
            cost[self._other(number, vertex)] += cost[vertex]
        return False

    def _walk(self) -> tuple[list[int], list[int]]:
        """List the vertices of the tree from a root outward, and the edge by which each was reached."""
        entry = [-1] * len(self.layer)
        order = [0]
        for vertex in order:  # it grows as it is read
            for number in self.around[vertex]:
                if number in self.tree and number != entry[vertex]:
                    other = self._other(number, vertex)
                    entry[other] = number
                    order.append(other)
        return order, entry

    def _subtree(self, root: int, entry: int) -> set[int]:
        found = {root}
        stack = [root]
        while stack:
            vertex = stack.pop()
            for number in self.around[vertex]:
                if number in self.tree and number != entry:
                    other = self._other(number, vertex)
                    if other not in found:
                        found.add(other)
                        stack.append(other)
        return found

    def _exchange(self, leaving: int, subtree: set[int], *, upward: bool) -> None:
        """Let go of an edge, and move the subtree behind it until another edge, that leads the other way, is tight."""
        candidates = (
            number
            for number, link in enumerate(self.links)
            if (link.source in subtree, link.target in subtree) == ((False, True) if upward else (True, False))
        )
        entering = min(candidates, key=lambda number: (self.slack(number), number))
        distance = -self.slack(entering) if upward else self.slack(entering)
        for vertex in subtree:
            self.layer[vertex] += distance
        self.tree.remove(leaving)
        self.tree.add(entering)
