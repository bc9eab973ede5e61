"""Loops over vectors: full vectors first, then the ragged rest under a mask.

Shared by the kernels that run along rows and those that run down columns.
"""

from collections.abc import Callable, Iterable, Sequence

from backlit.engines.native.builder import Body
from backlit.engines.native.indexing import Variable
from backlit.engines.native.values import Value, constant
from backlit.graph.node import Node
from backlit.graph.spec import is_floating

__all__ = ["lane_variable", "lanes_for", "nest", "over_vectors"]

_SIZES = {"float64": 8, "int64": 8, "uint64": 8}

Turn = Callable[[Value, int, "Value | None", list[Value]], list[Value]]
"""``(start, lanes, mask, carried) -> what is carried on``: writes one vector's worth of a loop."""


def lanes_for(body: Body, nodes: Iterable[Node], extent: int) -> int:
    """Choose how many elements of a row are computed at once: a vector of the smallest floats, no more than needed.

    Args:
        body: What is being written.
        nodes: What is computed.
        extent: How long the row is.

    Returns:
        A power of two.
    """
    dtypes = {node.dtype for node in nodes}
    floats = {dtype for dtype in dtypes if is_floating(dtype)} or dtypes
    size = min((_SIZES.get(dtype, 4) for dtype in floats), default=4)
    lanes = body.target.lanes(size)
    while lanes // 2 >= extent and lanes > 1:
        lanes //= 2
    return lanes


def lane_variable(variables: Sequence[Variable]) -> Variable | None:
    """Return the innermost variable that takes more than one value."""
    return next((one for one in reversed(variables) if one.extent != 1), None)


def over_vectors(
    body: Body, start: Value | int, stop: Value | int, lanes: int, carried: Sequence[Value], turn: Turn
) -> list[Value]:
    """Write a loop over a range, a vector at a time, the rest under a mask.

    Args:
        body: Where it goes.
        start: The first element.
        stop: The end.
        lanes: The length of a vector.
        carried: What one turn hands to the next.
        turn: Writes one turn.

    Returns:
        What the last turn handed on.
    """
    if isinstance(start, int) and isinstance(stop, int):
        full = start + (stop - start) // lanes * lanes
        values = list(carried)
        if full > start:
            with body.loop(start, full, lanes, carried) as loop:
                loop.following = turn(loop.index, lanes, None, loop.carried)
            values = loop.results
        if stop > full:
            mask = body.mask_below(constant(stop - full), lanes) if lanes > 1 else None
            values = turn(constant(full), lanes, mask, values)
        return values
    assert not carried, "a sum over lanes is never divided among threads"
    first, last = (constant(one) if isinstance(one, int) else one for one in (start, stop))
    count = body.whole("sub", last, first)
    rest = body.emit(f"srem {count.typed}, {lanes}", [count], "i64") if lanes > 1 else constant(0)
    end = body.whole("sub", last, rest)
    with body.loop(first, end, lanes) as loop:
        turn(loop.index, lanes, None, [])
    if lanes > 1:
        with body.when(body.compare("sgt", rest, constant(0))):
            turn(end, lanes, body.mask_below(rest, lanes), [])
    return []


def nest(
    body: Body,
    ranges: Sequence[tuple[Value | int, Value | int]],
    carried: Sequence[Value],
    inside: Callable[[list[Value], list[Value]], list[Value]],
) -> list[Value]:
    """Write loops inside loops.

    Args:
        body: Where they go.
        ranges: Start and stop of each, the outermost first.
        carried: What one turn hands to the next.
        inside: ``(counters, carried) -> carried on``: writes the innermost body.

    Returns:
        What the last turn handed on.
    """

    def level(number: int, counters: list[Value], values: list[Value]) -> list[Value]:
        if number == len(ranges):
            return inside(counters, values)
        start, stop = ranges[number]
        if isinstance(start, int) and isinstance(stop, int) and stop <= start:
            return values
        with body.loop(start, stop, 1, values) as loop:
            loop.following = level(number + 1, [*counters, loop.index], loop.carried)
        return loop.results

    return level(0, [], list(carried))
