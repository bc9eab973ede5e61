"""The innermost loop of a matrix product: a tile of sums that never leaves the registers.

Every step of the inner dimension loads a few vectors of the right matrix and a few numbers of the left, and multiplies
each with each. A tile of 8 rows by 3 vectors needs 11 loads for 24 multiplications, so that the multipliers never wait.
Each sum is accumulated alone and in order, and so does not depend on the tile in which it stands.
"""

from dataclasses import dataclass

from backlit.engines.native.builder import Body
from backlit.engines.native.product_plan import Matrix
from backlit.engines.native.values import Value, constant

__all__ = ["Tile", "accumulate", "multiply_add"]

_AHEAD = 8
"""So many steps before a tile copies a row of the right matrix it asks for it: rows lie too far apart for the processor
to foresee which comes next."""


@dataclass(frozen=True)
class Tile:
    """A tile of sums.

    Args:
        rows: How many rows.
        vectors: How many vectors in a row.
        lanes: Elements in a vector.
        type: The LLVM type of an element.
        size: Bytes of an element.
        mask: Which lanes of the last vector exist; None: all.
    """

    rows: int
    vectors: int
    lanes: int
    type: str
    size: int
    mask: Value | None = None

    def mask_of(self, vector: int) -> Value | None:
        """Return which lanes of a vector exist; None: all."""
        return self.mask if vector == self.vectors - 1 else None


def accumulate(
    body: Body,
    tile: Tile,
    left: Matrix,
    right: Matrix,
    inner: Value,
    unroll: int,
    *,
    masked: bool,
    granule: int = 1,
    copy: Matrix | None = None,
) -> list[Value]:
    """Write the loop that sums a tile.

    Args:
        body: Where it is written.
        tile: The tile.
        left: The left matrix, from the tile's first row.
        right: The right matrix, from the tile's first column; its columns are neighbours.
        inner: How many products each sum has.
        unroll: How many of them stand one after another.
        masked: Whether the right matrix ends with the tile's mask, so that no lane beyond may be read.
        granule: How many products each sum has is a multiple of this, where it is not known.
        copy: Where the right matrix is copied to while it is read; None: nowhere.

    Returns:
        The sums, row by row.
    """
    sums = [constant(0, tile.type, tile.lanes)] * (tile.rows * tile.vectors)
    start = constant(0)
    even = not inner.is_constant and granule % unroll == 0
    for steps in (unroll,) if even else (unroll, 1):
        stop = inner if even else body.whole_steps(inner, steps)
        if stop.is_constant and start.is_constant and int(stop.text) <= int(start.text):
            continue
        with body.loop(start, stop, steps, carried=sums) as turn:
            sums = turn.carried
            for offset in range(steps):
                sums = _step(body, tile, left, right, (turn.index, offset), sums, masked=masked, copy=copy)
            turn.following = sums
        sums, start = turn.results, stop
    return sums


def _step(
    body: Body,
    tile: Tile,
    left: Matrix,
    right: Matrix,
    inner: tuple[Value, int],
    sums: list[Value],
    *,
    masked: bool,
    copy: Matrix | None,
) -> list[Value]:
    """Add the products of one step of the inner dimension."""
    index, offset = inner
    vectors = []
    for vector in range(tile.vectors):
        place = offset * right.row_stride + vector * tile.lanes
        pointer = body.address(right.address, [(index, right.row_stride)], place, tile.size)
        mask = tile.mask_of(vector) if masked else None
        vectors.append(body.load(pointer, tile.type, tile.lanes, mask, pinned=True))
        if copy is not None:
            ahead = place + _AHEAD * right.row_stride
            body.fetch_ahead(body.address(right.address, [(index, right.row_stride)], ahead, tile.size))
            place = offset * copy.row_stride + vector * tile.lanes
            body.store(vectors[-1], body.address(copy.address, [(index, copy.row_stride)], place, tile.size))
    following: list[Value] = []
    for row in range(tile.rows):
        place = row * left.row_stride + offset * left.column_stride
        pointer = body.address(left.address, [(index, left.column_stride)], place, tile.size)
        factor = body.splat(body.load(pointer, tile.type, pinned=True), tile.lanes)
        line = sums[row * tile.vectors : (row + 1) * tile.vectors]
        following += [multiply_add(body, factor, vector, sum) for vector, sum in zip(vectors, line, strict=True)]
    return following


def multiply_add(body: Body, x: Value, y: Value, z: Value) -> Value:
    """Return x y + z; whole numbers modulo 2 to the number of their bits."""
    if x.floating:
        return body.fused(x, y, z)
    x, y, z = body.match(x, y, z)
    return body.binary("add", body.binary("mul", x, y), z)
