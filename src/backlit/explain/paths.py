"""Paths: the influence diagram between two numbers, path by path.

Along a path the local derivatives multiply; over paths the products add up, and their sum is the derivative. Where few
paths lead from one number to the other all are listed. Where there are many (a net of three layers has millions from a
pixel to the loss), the strongest are found without looking at the others: a bound on what any path from here to the
target can still be multiplied with is computed first, from the target back, and guides a search that opens the most
promising beginning first (Hart, Nilsson and Raphael, 1968).
"""

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backlit.autodiff.forward import push_forward
from backlit.autodiff.reverse import Edge, contribution, zeros_like
from backlit.errors import ArgumentError, DifferentiationError, ShapeError
from backlit.explain.naming import Element, Place
from backlit.explain.narration import edge_terms
from backlit.explain.recording import Recording
from backlit.explain.showing import Shown
from backlit.graph.leaves import constant
from backlit.graph.node import Array, Node
from backlit.graph.spec import is_floating

__all__ = ["InfluencePath", "Paths", "find_paths"]

_FEW = 64
"""Up to this many paths between single numbers, all are listed, those of strength 0 included."""

_MOST_OPENED = 200_000
"""How many beginnings of paths a search opens before it gives up."""

_BLOCK = 1 << 22
"""How many products of a matrix are compared at a time."""

Vertex = tuple[Node, Element]


@dataclass(frozen=True)
class InfluencePath:
    """One path from a number to another.

    Args:
        names: The numbers on the way, both ends included.
        factors: The local derivative of each edge.
        product: Their product.

    Example:
        >>> InfluencePath(("x", "z", "y"), (2.0, 3.0), 6.0).product
        6.0
    """

    names: tuple[str, ...]
    factors: tuple[float, ...]
    product: float


@dataclass(frozen=True)
class Paths(Shown):
    """The paths from one number to another.

    Args:
        source: Where they begin.
        target: Where they end.
        paths: The paths, the strongest first.
        gradient: The derivative of the target with respect to the source: the sum over all paths, listed or not; None
            where they begin at any element of an array.
        count: How many paths there are; None where they were not counted.

    Example:
        >>> Paths("x", "y", (InfluencePath(("x", "y"), (2.0,), 2.0),), 2.0, 1).listed
        2.0
    """

    source: str
    target: str
    paths: tuple[InfluencePath, ...]
    gradient: float | None
    count: int | None

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
        strongest: How many paths at most; where there are no more than 64 between single numbers, all are listed.

    Returns:
        The paths.

    Raises:
        UnknownNameError: If there is nothing of that name.
        DifferentiationError: If no path leads from one to the other, or the search grows beyond all bounds.
        ShapeError: If the target is an array.
        ArgumentError: If ``strongest`` is not at least 1.

    Example:
        >>> import backlit as bl
        >>> x = bl.parameter(2.0, name="x")
        >>> y = (bl.sin(x) * x).named("y")
        >>> [path.names for path in find_paths(bl.trace(y), "x")]
        [('x', 'y'), ('x', '%1', 'y')]
    """
    if not isinstance(strongest, int) or isinstance(strongest, bool) or strongest < 1:
        raise ArgumentError(f"strongest is {strongest!r}", why="at least one path is looked for")
    begin, end = run.place(source), run.place(run.loss if target is None else target)
    goal = _goal(run, end)
    first = begin.node
    if first not in run.consumers or not is_floating(first.dtype):
        raise DifferentiationError(f"no path begins at {run.name(first)}", why="only floats of the forward pass move")
    between = _between(run, first, end.node)
    if first not in between or first is end.node:
        raise DifferentiationError(
            f"no path leads from {run.name(first, begin.element)} to {run.name(*goal)}",
            why="the one does not depend on the other",
            instead=f"ask the other way round: paths({run.name(*goal)!r}, {run.name(first)!r})"
            if end.node in _upstream(first)
            else "",
        )
    element = () if not first.shape else begin.element
    gradient = None if element is None else _derivative(run, first, element, goal)
    count = _count(run, first, end.node, between)
    if count is not None and count <= _FEW:
        found = sorted(_all(run, (first, ()), goal, between), key=lambda path: -abs(path.product))
    else:
        starts = [element] if element is not None else [tuple(map(int, i)) for i in np.ndindex(*first.shape)]
        found = list(itertools.islice(_search(run, first, starts, goal, between), strongest))
    name = run.name(first, element)
    return Paths(name, run.name(*goal), tuple(found), gradient, count)


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
    """Return the nodes on a path from a source to a target, both included; nothing if there is no path."""
    upstream = _upstream(target)
    downstream = {source}
    for node in run.forward:
        if any(argument in downstream for argument in node.arguments):
            downstream.add(node)
    return upstream & downstream


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


def _all(run: Recording, start: Vertex, goal: Vertex, between: set[Node]) -> Iterator[InfluencePath]:
    """List every path."""
    waiting: list[tuple[list[Vertex], list[float]]] = [([start], [])]
    while waiting:
        vertices, factors = waiting.pop()
        if vertices[-1] == goal:
            yield _told(run, vertices, factors)
            continue
        for edge in reversed(_edges(run, vertices[-1][0], between)):
            for place, local, _ in edge_terms(run, edge, vertices[-1][1]) or [((), 0.0, 0.0)]:
                waiting.append(([*vertices, (edge.consumer, place)], [*factors, local]))


def _told(run: Recording, vertices: Sequence[Vertex], factors: Sequence[float]) -> InfluencePath:
    names = tuple(run.name(node, element) for node, element in vertices)
    return InfluencePath(names, tuple(factors), float(np.prod(factors)))


# ------------------------------------------------------------------------------------------------------------ strongest


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The beginning of a path: where it is, how strong it is so far, and how it came there."""

    vertex: Vertex
    strength: float
    before: "_Beginning | None" = None
    local: float = 1.0


def _search(
    run: Recording, source: Node, starts: Sequence[Element], goal: Vertex, between: set[Node]
) -> Iterator[InfluencePath]:
    """List paths, the strongest first: those of strength 0 are left out."""
    bounds = _bounds(run, goal, between)
    order = itertools.count()
    queue: list[tuple[float, int, _Beginning]] = []

    def put(beginning: _Beginning) -> None:
        node, element = beginning.vertex
        bound = beginning.strength * float(bounds[node][element])
        if bound > 0.0:
            heapq.heappush(queue, (-bound, next(order), beginning))

    for element in starts:
        put(_Beginning((source, element), 1.0))
    terms: dict[tuple[Edge, Element], list[tuple[Element, float, float]]] = {}
    for _ in range(_MOST_OPENED):
        if not queue:
            return
        _, _, here = heapq.heappop(queue)
        vertex = here.vertex
        if vertex == goal:
            yield _unrolled(run, here)
            continue
        for edge in _edges(run, vertex[0], between):
            key = (edge, vertex[1])
            if key not in terms:
                terms[key] = edge_terms(run, edge, vertex[1])
            for place, local, _ in terms[key]:
                put(_Beginning((edge.consumer, place), here.strength * abs(local), here, local))
    raise DifferentiationError(
        f"the paths from {run.name(source)} to {run.name(*goal)} are too much alike to be put in order",
        why=f"{_MOST_OPENED:,} beginnings were opened",
        instead="ask for fewer paths, or for those between nearer nodes",
    )


def _unrolled(run: Recording, end: "_Beginning") -> InfluencePath:
    vertices, factors = [end.vertex], []
    while end.before is not None:
        factors.append(end.local)
        end = end.before
        vertices.append(end.vertex)
    return _told(run, vertices[::-1], factors[::-1])


def _bounds(run: Recording, goal: Vertex, between: set[Node]) -> dict[Node, Array]:
    """Bound, for every element, the strength of the paths from it to the goal."""
    bounds = {node: np.zeros(node.shape) for node in between}
    bounds[goal[0]][goal[1]] = 1.0
    for node in reversed(run.forward):
        if node in between and node is not goal[0]:
            for edge in _edges(run, node, between):
                bounds[node] = np.maximum(bounds[node], _pulled(run, edge, bounds[edge.consumer]))
    return bounds


def _pulled(run: Recording, edge: Edge, bound: Array) -> Array:
    """Bound |local derivative| · bound over the elements of a consumer that an element of the argument moves."""
    consumer, argument = edge.consumer, edge.argument
    if consumer.op.local:
        slope = consumer.op.local[edge.position]
        local = slope(consumer, *consumer.arguments) if slope is not None else 0.0
        value = run.compute(local)[0] if isinstance(local, Node) else np.asarray(local)
        return _largest_to_shape(np.abs(value) * bound, argument.shape)
    if consumer.op.name == "matmul":
        return _matmul_pulled(run, edge, bound)
    # Everything else that has a card moves, repeats, picks or adds up: no local derivative of it is negative, and a sum
    # of products none of which is negative is at least the largest of them.
    back = contribution(edge, constant(bound, dtype=consumer.dtype))
    return np.zeros(argument.shape) if back is None else np.abs(run.compute(back)[0].astype(np.float64)) * (1 + 1e-6)


def _largest_to_shape(array: Array, shape: tuple[int, ...]) -> Array:
    extra = array.ndim - len(shape)
    axes = tuple(a for a in range(array.ndim) if a < extra or shape[a - extra] != array.shape[a])
    return np.max(array, axis=axes, initial=0.0).reshape(shape) if axes else array.reshape(shape)


def _matmul_pulled(run: Recording, edge: Edge, bound: Array) -> Array:
    """Do for a matrix product what multiplying by the other factor does, with the largest product for their sum."""
    other = np.abs(run.whole(edge.consumer.arguments[1 - edge.position]).astype(np.float64))
    # x: (n, k), y: (k, m), bound: (n, m). For x the rows of bound meet the rows of y, for y the columns of x.
    left, right = (bound, other) if edge.position == 0 else (np.swapaxes(other, -1, -2), np.swapaxes(bound, -1, -2))
    rows = max(1, _BLOCK // max(1, right.shape[-1] * right.shape[-2]))
    parts = [
        np.max(left[..., i : i + rows, None, :] * right[..., None, :, :], axis=-1, initial=0.0)
        for i in range(0, left.shape[-2], rows)
    ]
    return _largest_to_shape(np.concatenate(parts, axis=-2), edge.argument.shape)
