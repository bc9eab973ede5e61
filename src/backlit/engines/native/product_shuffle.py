"""Moving numbers across the lanes of vectors: transposing square blocks, and adding up many vectors at once."""

from collections.abc import Sequence

from backlit.engines.native.builder import Body
from backlit.engines.native.product_tile import Tile
from backlit.engines.native.values import Value, constant

__all__ = ["add_across", "transposed"]


def transposed(body: Body, tile: Tile, lines: Sequence[Value], steps: int) -> list[Value]:
    """Load as many lines as there are lanes, and return the vectors across them.

    Sixteen bytes at a time: loads put the parts that belong together side by side, then neighbours are interleaved,
    as often as halving sixteen bytes leads to one element.
    """
    width = min(16 // tile.size, tile.lanes)
    vectors = []
    for part in range(0, steps, width):
        group = []
        for first in range(width):
            pieces = [_load_part(body, tile, line, part, min(width, steps - part)) for line in lines[first::width]]
            group.append(_joined(body, pieces))
        while_stages = width.bit_length() - 1
        for _ in range(while_stages):
            half = width // 2
            group = [
                _interleaved(body, group[index], group[index + half], width, high)
                for index in range(half)
                for high in (False, True)
            ]
        vectors += group
    return vectors[:steps]


def _load_part(body: Body, tile: Tile, line: Value, part: int, count: int) -> Value:
    """Load sixteen bytes, or of the last ones only those that exist."""
    width = min(16 // tile.size, tile.lanes)
    pointer = body.address(line, [], part, tile.size)
    mask = body.mask_below(constant(count), width) if count < width else None
    return body.load(pointer, tile.type, width, mask, pinned=True)


def _shuffle(body: Body, x: Value, y: Value, lanes: Sequence[int]) -> Value:
    order = ", ".join(f"i32 {lane}" for lane in lanes)
    text = f"shufflevector {x.typed}, {y.typed}, <{len(lanes)} x i32> <{order}>"
    return body.emit(text, [x, y], x.type, len(lanes))


def _joined(body: Body, pieces: list[Value]) -> Value:
    """Put vectors side by side, in pairs."""
    while len(pieces) > 1:
        pieces = [_shuffle(body, x, y, range(2 * x.lanes)) for x, y in zip(pieces[::2], pieces[1::2], strict=True)]
    return pieces[0]


def _interleaved(body: Body, x: Value, y: Value, width: int, high: bool) -> Value:
    """Take lanes of two vectors in turn, of the lower or the higher half of every part of ``width`` lanes."""
    half = width // 2
    lanes = []
    for part in range(0, x.lanes, width):
        for lane in range(half):
            place = part + lane + half * high
            lanes += [place, x.lanes + place]
    return _shuffle(body, x, y, lanes)


def add_across(body: Body, vectors: Sequence[Value]) -> Value:
    """Add the lanes of as many vectors as each has lanes: lane i of the result is the sum of vector i, as a tree."""
    current, distance = list(vectors), 1
    lanes = current[0].lanes
    while len(current) > 1:
        # Where the bit of the distance is clear stand lanes of the first vector, elsewhere those of the second.
        keep = [lane if not lane & distance else lanes + (lane ^ distance) for lane in range(lanes)]
        swap = [lane | distance if not lane & distance else lanes + lane for lane in range(lanes)]
        current = [
            body.add(_shuffle(body, x, y, keep), _shuffle(body, x, y, swap))
            for x, y in zip(current[::2], current[1::2], strict=True)
        ]
        distance *= 2
    return current[0]
