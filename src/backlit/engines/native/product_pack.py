"""Copies of parts of a matrix, so that a product reads neighbours: panels of the right one, strips of the left.

A copy is made when its elements are used many times and lie badly: far apart, one to a page or all in one set of the
cache, or along the wrong axis. Copying may be done twice for some elements, and where that makes an edge a full block
it is: the last block is moved back to end where the matrix ends.
"""

from backlit.engines.native.builder import Body, Value, constant
from backlit.engines.native.product_plan import Matrix
from backlit.engines.native.product_shuffle import transposed
from backlit.engines.native.product_tile import Tile, whole_steps

__all__ = ["copy_panel", "copy_strip"]


def copy_panel(body: Body, tile: Tile, source: Matrix, target: Value, inner: Value, columns: Value) -> Matrix:
    """Copy a panel of the right matrix, so that its rows lie one after another.

    Args:
        body: Where it is written.
        tile: The tile that will read it: as many vectors wide.
        source: The right matrix, from the panel's first column.
        target: Where it goes.
        inner: How many rows it has.
        columns: How many columns exist: as many as the tile's vectors have, or fewer in the last.

    Returns:
        The copy; its lanes that do not exist hold anything.
    """
    panel = Matrix(target, tile.vectors * tile.lanes, 1)
    if source.column_stride == 1:
        _copy_lines(body, tile, source, panel, inner)
    elif source.row_stride == 1 and tile.type in {"float", "double"} and tile.lanes * tile.size >= 16:
        if inner.is_constant and int(inner.text) > 0:
            _transpose(body, tile, source, panel, inner, columns)
        else:
            enough = body.compare("sge", inner, constant(tile.lanes))
            with body.when(enough):
                _transpose(body, tile, source, panel, inner, columns)
            with body.when(body.select(enough, constant(0, "i1"), constant(1, "i1"))):
                _copy_elements(body, tile, source, panel, inner, columns)
    else:
        _copy_elements(body, tile, source, panel, inner, columns)
    return panel


def _copy_lines(body: Body, tile: Tile, source: Matrix, target: Matrix, inner: Value) -> None:
    with body.loop(0, inner) as line:
        for vector in range(tile.vectors):
            place = vector * tile.lanes
            pointer = body.address(source.address, [(line.index, source.row_stride)], place, tile.size)
            value = body.load(pointer, tile.type, tile.lanes, tile.mask_of(vector), pinned=True)
            body.store(value, body.address(target.address, [(line.index, target.row_stride)], place, tile.size))


def _copy_elements(body: Body, tile: Tile, source: Matrix, target: Matrix, rows: Value, columns: Value) -> None:
    """Copy one number at a time."""
    with body.loop(0, columns) as column, body.loop(0, rows) as row:
        places = [
            body.address(
                matrix.address, [(row.index, matrix.row_stride), (column.index, matrix.column_stride)], 0, tile.size
            )
            for matrix in (source, target)
        ]
        body.store(body.load(places[0], tile.type, pinned=True), places[1])


def _transpose(body: Body, tile: Tile, source: Matrix, target: Matrix, inner: Value, columns: Value) -> None:
    """Copy what lies along the inner dimension, in square blocks that are transposed in the registers."""
    lanes = tile.lanes
    short = int(inner.text) if inner.is_constant and int(inner.text) < lanes else 0
    last_column = body.whole("sub", columns, 1)
    last_start = body.whole("sub", inner, lanes)
    with body.loop(0, constant(tile.vectors * lanes), lanes) as group:
        lines = []
        for lane in range(lanes):
            # A line that does not exist is replaced by the last one: its copy is never used.
            column = body.intrinsic("smin", body.whole("add", group.index, lane), last_column)
            lines.append(body.address(source.address, [(column, source.column_stride)], 0, tile.size))
        with body.loop(0, constant(1) if short else inner, lanes) as block:
            start = block.index if short else body.intrinsic("smin", block.index, last_start)
            lines_here = [body.address(line, [(start, 1)], 0, tile.size) for line in lines]
            for step, vector in enumerate(transposed(body, tile, lines_here, short or lanes)):
                terms = [(group.index, 1), (start, target.row_stride)]
                body.store(vector, body.address(target.address, terms, step * target.row_stride, tile.size))


def copy_strips(
    body: Body, tile: Tile, source: Matrix, target: Matrix, rows: tuple[Value, Value], origin: Value, inner: Value, apart: int
) -> None:
    """Copy rows of the left matrix: side by side as they lie, or, where columns lie together, in strips of a tile each.

    Args:
        body: Where it is written.
        tile: The tile that will read them.
        source: The left matrix.
        target: Where the copy of the tile of row ``origin`` goes.
        rows: Which rows.
        origin: The row at the beginning of the copy.
        inner: How many columns they have.
        apart: How far apart the copies of neighbouring rows begin, in elements.
    """
    if source.column_stride == 1:
        whole = whole_steps(body, inner, tile.lanes)
        with body.loop(*rows) as row:
            line = source.moved(body, row.index, constant(0), tile.size).address
            copy = body.address(target.address, [(body.whole("sub", row.index, origin), apart)], 0, tile.size)
            for start, stop, lanes in ((constant(0), whole, tile.lanes), (whole, inner, 1)):
                with body.loop(start, stop, lanes) as turn:
                    places = [body.address(place, [(turn.index, 1)], 0, tile.size) for place in (line, copy)]
                    body.store(body.load(places[0], tile.type, lanes, pinned=True), places[1])
        return
    # All rows of a column at a time, because they share lines of the cache.
    with body.loop(0, inner) as turn, body.loop(rows[0], rows[1], tile.rows) as strip:
        line = source.moved(body, strip.index, turn.index, tile.size).address
        terms = [(body.whole("sub", strip.index, origin), apart), (turn.index, tile.rows)]
        copy = body.address(target.address, terms, 0, tile.size)
        row = 0
        while row < tile.rows:
            left = tile.rows - row
            lanes = min(1 << (left.bit_length() - 1), tile.lanes) if source.row_stride == 1 else 1
            value = body.load(body.address(line, [], row * source.row_stride, tile.size), tile.type, lanes, pinned=True)
            body.store(value, body.address(copy, [], row, tile.size))
            row += lanes
