"""Copies of parts of a matrix, so that a product reads neighbours: panels of the right one, strips of the left.

A copy is made when its elements are used many times and lie badly: far apart, one to a page or all in one set of the
cache, or along the wrong axis. Copying may be done twice for some elements, and where that makes an edge a full block
it is: the last block is moved back to end where the matrix ends.
"""

from backlit.engines.native.builder import Body
from backlit.engines.native.product_plan import Matrix
from backlit.engines.native.product_shuffle import transposed
from backlit.engines.native.product_tile import Tile
from backlit.engines.native.values import Value, constant

__all__ = ["copy_column", "copy_panel", "copy_rows"]


def copy_panel(body: Body, tile: Tile, source: Matrix, target: Matrix, inner: Value, columns: Value) -> None:
    """Copy a panel of the right matrix, so that its rows lie one after another.

    Args:
        body: Where it is written.
        tile: The tile that will read it: as many vectors wide.
        source: The right matrix, from the panel's first column.
        target: Where it goes; the copy's lanes that do not exist hold anything.
        inner: How many rows it has.
        columns: How many columns exist: as many as the tile's vectors have, or fewer in the last.
    """
    if source.column_stride == 1:
        _copy_lines(body, tile, source, target, inner)
    elif source.row_stride == 1 and tile.type in {"float", "double"} and tile.lanes * tile.size >= 16:
        if inner.is_constant and int(inner.text) > 0:
            _transpose(body, tile, source, target, inner, columns)
        else:
            enough = body.compare("sge", inner, constant(tile.lanes))
            with body.when(enough):
                _transpose(body, tile, source, target, inner, columns)
            with body.when(body.select(enough, constant(0, "i1"), constant(1, "i1"))):
                _copy_elements(body, tile, source, target, inner, columns)
    else:
        _copy_elements(body, tile, source, target, inner, columns)


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


def copy_rows(body: Body, tile: Tile, source: Matrix, target: Matrix, inner: Value) -> None:
    """Copy the rows of the left matrix that a tile reads, whose elements are neighbours, as they lie.

    Args:
        body: Where it is written.
        tile: The tile.
        source: The left matrix, from the tile's first row.
        target: Where the copy lies.
        inner: How many columns there are.
    """
    whole = body.whole_steps(inner, tile.lanes)
    with body.loop(0, tile.rows) as row:
        places = [matrix.moved(body, row.index, constant(0), tile.size).address for matrix in (source, target)]
        for start, stop, lanes in ((constant(0), whole, tile.lanes), (whole, inner, 1)):
            with body.loop(start, stop, lanes) as turn:
                here, there = (body.address(place, [(turn.index, 1)], 0, tile.size) for place in places)
                body.store(body.load(here, tile.type, lanes, pinned=True), there)


def copy_column(body: Body, tile: Tile, source: Matrix, target: Matrix, column: Value) -> None:
    """Copy one column of the rows of the left matrix that a tile reads, so that they are neighbours.

    Args:
        body: Where it is written.
        tile: The tile.
        source: The left matrix, from the tile's first row.
        target: Where the copy lies.
        column: Which column.
    """
    here, there = (matrix.moved(body, constant(0), column, tile.size).address for matrix in (source, target))
    row = 0
    while row < tile.rows:
        lanes = min(1 << ((tile.rows - row).bit_length() - 1), tile.lanes) if source.row_stride == 1 else 1
        value = body.load(body.address(here, [], row * source.row_stride, tile.size), tile.type, lanes, pinned=True)
        body.store(value, body.address(there, [], row, tile.size))
        row += lanes
