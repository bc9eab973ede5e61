"""Paths: the influence diagram between two numbers, path by path.

Along a path the local derivatives multiply; over paths the products add up, and their sum is the derivative. Where few
paths lead from one number to the other all are listed. Where there are many (a net of three layers has millions from a
pixel to the loss), the strongest are found without looking at the others: a bound on what any path from here to the
target can still be multiplied with is computed first (``bounds.py``), and guides a search that opens the most promising
beginning first (Hart, Nilsson and Raphael, 1968).
"""

import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backlit.autodiff.forward import push_forward
from backlit.autodiff.reverse import Edge, zeros_like
from backlit.errors import ArgumentError, DifferentiationError, ShapeError
from backlit.explain.bounds import path_bounds
from backlit.explain.naming import Element, Place
from backlit.explain.narration.explanation import Places
from backlit.explain.narration.narrator import influences
from backlit.explain.recording import Recording
from backlit.explain.showing import Pictured
from backlit.graph.leaves import constant
from backlit.graph.node import Array, Node
from backlit.graph.spec import is_floating

__all__ = ["InfluencePath", "Paths", "find_paths"]

_FEW = 64
"""Up to this many paths between single numbers, all are listed, those of strength 0 included."""

_MOST_OPENED = 200_000
"""How many beginnings of paths a search opens before it gives up."""

Vertex = tuple[Node, Element]


class _Edge(NamedTuple):
    """The last edge of a beginning: its local derivative, and its place among the arguments where it arrives."""

    local: float
    position: int


_START = _Edge(1.0, 0)
Route = list[tuple[Vertex, _Edge]]


@dataclass(frozen=True)
class InfluencePath:
    """One path from a number to another.

    Args:
        names: The numbers on the way, both ends included.
        factors: The local derivative of each edge.
        product: Their product.
        positions: The place of each number, but for the last, among the arguments of the next one: where a value is
            used twice, as in x · x, it tells the two edges apart.

    Example:
        >>> InfluencePath(("x", "z", "y"), (2.0, 3.0), 6.0, (0, 1)).product
        6.0
    """

    names: tuple[str, ...]
    factors: tuple[float, ...]
    product: float
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Paths(Pictured):
    """The paths from one number to another; their picture is the influence diagram, with a weight at every edge.

    Args:
        source: Where they begin.
        target: Where they end.
        paths: The paths, the strongest first.
        gradient: The derivative of the target with respect to the source: the sum over all paths, listed or not; None
            where they begin at any element of an array.
        count: How many paths there are; None where they were not counted.
        places: For each box the nodes in it that are on a path and have no name that tells.

    Example:
        >>> Paths("x", "y", (InfluencePath(("x", "y"), (2.0,), 2.0, (0,)),), 2.0, 1).listed
        2.0
    """

    source: str
    target: str
    paths: tuple[InfluencePath, ...]
    gradient: float | None
    count: int | None
    places: Places = ()

    @property
    def listed(self) -> float:
        """The sum over the paths that are listed."""
        return float(sum(path.product for path in self.paths))

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[InfluencePath]:
        return iter(self.paths)

    def __getitem__(self, number: int) -> InfluencePath:
        return self.paths[number]


def find_paths(run: Recording, source: object, target: object = None, strongest: int = 10) -> Paths:
    """Find the strongest paths between two numbers.

    Args:
        run: The run.
        source: A node or a name, perhaps with an element; of an array without an element, any of its elements.
        target: A single number further down; by default the loss.
        strongest: How many paths at most; where there are no more than 64 between single numbers, all are listed. A
            search that grows beyond all bounds ends with those it has found.

    Returns:
        The paths.

    Raises:
        UnknownNameError: If there is nothing of that name.
        DifferentiationError: If no path leads from one to the other, or a search finds none in reasonable time.
        ShapeError: If the target is an array.
        ArgumentError: If ``strongest`` is not at least 1.

    Example:
        >>> import backlit as bl
        >>> x = bl.parameter(2.0, name="x")
        >>> y = (bl.sin(x) * x).named("y")
        >>> [path.names for path in find_paths(bl.trace(y), "x")]
        [('x', 'y'), ('x', '%1', 'y')]
    """
    if isinstance(strongest, bool) or not isinstance(strongest, (int, np.integer)) or strongest < 1:
        raise ArgumentError(f"strongest is {strongest!r}", why="at least one path is looked for")
    begin, end = run.place(source), run.place(run.loss if target is None else target)
    goal = _goal(run, end)
    first = begin.node
    if first not in run.consumers or not is_floating(first.dtype):
        raise DifferentiationError(f"no path begins at {run.name(first)}", why="only floats of the forward pass move")
    between = _between(run, first, end.node)
    if end.node not in between or first is end.node:
        raise _no_path(run, begin, goal)
    element = () if not first.shape else begin.element
    gradients = (run.gradient_node(node) for node in between)
    needed = [node for each in between for node in (each, *each.arguments)]
    run = run.filled([*needed, *(gradient for gradient in gradients if gradient is not None)])
    with run.choosing():
        gradient = None if element is None else _gradient(run, first, element, goal)
        count = _count(run, first, end.node, between)
        if count is not None and count <= _FEW:
            found = list(_all(run, (first, ()), goal, between))
        else:
            starts = [element] if element is not None else [tuple(map(int, i)) for i in np.ndindex(*first.shape)]
            found = list(itertools.islice(_search(run, first, starts, goal, between), strongest))
    told = [(_told(run, each), each) for each in found]
    told.sort(key=lambda pair: -abs(pair[0].product) if pair[0].product == pair[0].product else -math.inf)
    places = run.places(node for _, each in told for (node, _), _ in each)
    return Paths(run.name(first, element), run.name(*goal), tuple(path for path, _ in told), gradient, count, places)


def _no_path(run: Recording, begin: Place, goal: Vertex) -> DifferentiationError:
    source, target = run.name(begin.node, begin.element), run.name(*goal)
    if begin.node is goal[0]:
        return DifferentiationError(
            f"no path leads from {source} to {target}",
            why="a path leads from one node to another, and these are the same",
            instead="name a target further down, or none for the loss",
        )
    if begin.node in _upstream(goal[0]):
        return DifferentiationError(
            f"no path leads from {source} to {target}",
            why="every way passes a whole number or a truth value, which cannot move a little",
        )
    back = f"ask the other way round: paths({target!r}, {source!r})" if goal[0] in _upstream(begin.node) else ""
    return DifferentiationError(
        f"no path leads from {source} to {target}", why="the one does not depend on the other", instead=back
    )


def _goal(run: Recording, end: Place) -> Vertex:
    if end.element is not None:
        return end.node, end.element
    if end.node.shape:
        raise ShapeError(
            f"{run.name(end.node)} is an array of shape {list(end.node.shape)}",
            why="a path ends in a single number",
            instead=f'choose an element: "{run.name(end.node, (0,) * end.node.rank)}"',
        )
    return end.node, ()


def _upstream(node: Node) -> set[Node]:
    found, waiting = {node}, [node]
    while waiting:
        for argument in waiting.pop().arguments:
            if argument not in found:
                found.add(argument)
                waiting.append(argument)
    return found


def _between(run: Recording, source: Node, target: Node) -> set[Node]:
    """Return the nodes on a path of floats from a source to a target, both included; nothing if there is no path."""
    upstream = _upstream(target)
    downstream = {source}
    for node in run.forward:
        if is_floating(node.dtype) and any(argument in downstream for argument in node.arguments):
            downstream.add(node)
    return upstream & downstream


def _gradient(run: Recording, source: Node, element: Element, goal: Vertex) -> float:
    """Return what the run itself found, if it is the gradient of its loss; else the derivative by forward mode."""
    if goal[0] is run.loss:
        return float(run.slope(source)[element])
    return _derivative(run, source, element, goal)


def _derivative(run: Recording, source: Node, element: Element, goal: Vertex) -> float:
    unit = np.zeros(source.shape, dtype=source.dtype)
    unit[element] = 1
    moving = push_forward([goal[0]], {source: constant(unit, dtype=source.dtype)})
    tangent = moving.get(goal[0], zeros_like(goal[0]))
    return float(run.compute(tangent)[0][goal[1]])


def _edges(run: Recording, node: Node, between: set[Node]) -> list[Edge]:
    return [edge for edge in run.consumers[node] if edge.consumer in between and is_floating(edge.consumer.dtype)]


def _count(run: Recording, source: Node, target: Node, between: set[Node]) -> int | None:
    """Count the paths between two single numbers; None where arrays are on the way."""
    if any(node.shape for node in between):
        return None
    counts = {target: 1}
    for node in reversed(run.forward):
        if node in between and node is not target:
            counts[node] = sum(counts.get(edge.consumer, 0) for edge in _edges(run, node, between))
    return counts.get(source, 0)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The beginning of a path: where it is, and how it came there."""

    vertex: Vertex
    before: "_Beginning | None" = None
    edge: _Edge = _START


def _all(run: Recording, start: Vertex, goal: Vertex, between: set[Node]) -> Iterator[Route]:
    """List every path between single numbers."""
    waiting = [_Beginning(start)]
    known: dict[Node, list[tuple[Edge, float]]] = {}
    while waiting:
        here = waiting.pop()
        node = here.vertex[0]
        if here.vertex == goal:
            yield _route(here)
            continue
        if node not in known:
            edges = _edges(run, node, between)
            found = {each.edge: each.local for each in influences(run, edges, ())}
            known[node] = [(edge, found.get(edge, 0.0)) for edge in edges]
        waiting += (
            _Beginning((edge.consumer, ()), here, _Edge(local, edge.position)) for edge, local in reversed(known[node])
        )


def _route(end: _Beginning) -> Route:
    """Return the way to an end: each number with the edge that led there."""
    route = [(end.vertex, end.edge)]
    while end.before is not None:
        end = end.before
        route.append((end.vertex, end.edge))
    return route[::-1]


def _told(run: Recording, route: Route) -> InfluencePath:
    names = tuple(run.name(node, element) for (node, element), _ in route)
    edges = [edge for _, edge in route[1:]]
    factors = tuple(edge.local for edge in edges)
    return InfluencePath(names, factors, math.prod(factors), tuple(edge.position for edge in edges))


# ------------------------------------------------------------------------------------------------------------ strongest


class _Way(NamedTuple):
    """A step to a next number: what any path through it can still be multiplied with, and the edge that leads there."""

    bound: float
    vertex: Vertex
    edge: _Edge


def _search(
    run: Recording, source: Node, starts: Sequence[Element], goal: Vertex, between: set[Node]
) -> Iterator[Route]:
    """List paths, the strongest first: those of strength 0 are left out."""
    bounds = path_bounds(run, goal, between)
    # Of equally strong beginnings the latest goes on, which is the longest: else all of them would be opened first.
    order = itertools.count(0, -1)
    queue: list[tuple[float, int, float, _Beginning | None, list[_Way], int]] = []
    known: dict[Vertex, list[_Way]] = {}

    def put(strength: float, here: _Beginning | None, ways: list[_Way], place: int) -> None:
        # Of the ways on from a number only the best one waits; the next one takes its turn when that is gone.
        if place < len(ways):
            heapq.heappush(queue, (-_rounded(strength * ways[place].bound), next(order), strength, here, ways, place))

    found = False
    put(1.0, None, _sorted(_Way(float(bounds[source][element]), (source, element), _START) for element in starts), 0)
    for _ in range(_MOST_OPENED):
        if not queue:
            return
        _, _, strength, before, ways, place = heapq.heappop(queue)
        put(strength, before, ways, place + 1)
        here = _Beginning(ways[place].vertex, before, ways[place].edge)
        if here.vertex == goal:
            found = True
            yield _route(here)
            continue
        if here.vertex not in known:
            known[here.vertex] = _ways(run, here.vertex, bounds, between)
        put(strength * abs(here.edge.local), here, known[here.vertex], 0)
    if not found:
        raise DifferentiationError(
            f"the paths from {run.name(source)} to {run.name(*goal)} are too much alike to be put in order",
            why=f"{_MOST_OPENED:,} beginnings were opened",
            instead="ask for the paths between nearer nodes",
        )


def _rounded(strength: float) -> float:
    """Round to twelve digits, so that what is equal but for the order of multiplication is equal."""
    if not 0.0 < strength < 1e300:
        return strength
    fraction, exponent = math.frexp(strength)
    return math.ldexp(round(math.ldexp(fraction, 40)), exponent - 40)


def _ways(run: Recording, vertex: Vertex, bounds: dict[Node, Array], between: set[Node]) -> list[_Way]:
    node, element = vertex
    return _sorted(
        _Way(abs(local) * float(bounds[edge.consumer][place]), (edge.consumer, place), _Edge(local, edge.position))
        for edge, place, local, _ in influences(run, _edges(run, node, between), element)
    )


def _sorted(ways: Iterable[_Way]) -> list[_Way]:
    return sorted((way for way in ways if way.bound > 0.0), key=lambda way: -way.bound)
