"""Loops over vectors: several at a time first, then one by one, then the ragged rest under a mask.

Shared by the kernels that run along rows and those that run down columns.
"""

from collections.abc import Callable, Iterable, Sequence

from backlit.engines.native.builder import Body
from backlit.engines.native.indexing import Variable
from backlit.engines.native.values import Value, constant
from backlit.graph.node import Node
from backlit.graph.spec import is_floating

__all__ = ["STRANDS", "lane_variable", "lanes_for", "nest", "over_vectors"]

_SIZES = {"float64": 8, "int64": 8, "uint64": 8}

STRANDS = 4
"""As many vectors are summed side by side: an addition takes four times as long as until the next may begin."""

Turn = Callable[[Value, Sequence[int], "Value | None", list[Value]], list[Value]]
"""``(start, offsets, mask, carried) -> what is carried on``: writes as many vectors' worth of a loop as there are
offsets from the start; a mask belongs to a single one."""


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
    body: Body,
    start: Value | int,
    stop: Value | int,
    lanes: int,
    carried: Sequence[Value],
    turn: Turn,
    strands: int = 1,
    *,
    compact: bool = False,
) -> list[Value]:
    """Write a loop over a range, some vectors at a time, then the rest, of which the last under a mask.

    Args:
        body: Where it goes.
        start: The first element.
        stop: The end.
        lanes: The length of a vector.
        carried: What one turn hands to the next; nothing where the ends are not known yet.
        turn: Writes one turn.
        strands: How many vectors are done in one turn while there are so many.
        compact: Whether a turn is so long that it shall be written only once: every turn is under a mask then.

    Returns:
        What the last turn handed on.
    """
    known = isinstance(start, int) and isinstance(stop, int)
    assert known or not carried, "a sum over lanes is never divided among threads"
    first, last = (constant(one) if isinstance(one, int) else one for one in (start, stop))
    values = list(carried)
    if compact and not (known and (int(last.text) - int(first.text)) % lanes == 0):
        with body.loop(first, last, lanes, values) as loop:
            left = body.intrinsic("smin", body.whole("sub", last, loop.index), constant(lanes))
            mask = body.mask_below(left, lanes)
            loop.following = turn(loop.index, [0], mask if lanes > 1 else None, loop.carried)
        return loop.results
    for count in dict.fromkeys((strands, 1)):
        end = body.whole("add", first, body.whole_steps(body.whole("sub", last, first), lanes * count))
        if not known or int(end.text) > int(first.text):
            offsets = range(0, lanes * count, lanes)
            with body.loop(first, end, lanes * count, values) as loop:
                loop.following = turn(loop.index, offsets, None, loop.carried)
            values = loop.results
        first = end
    rest = body.whole("sub", last, first)
    if lanes == 1 or (known and int(rest.text) == 0):
        return values
    if known:
        return turn(first, [0], body.mask_below(rest, lanes), values)
    with body.when(body.compare("sgt", rest, constant(0))):
        turn(first, [0], body.mask_below(rest, lanes), [])
    return values


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
