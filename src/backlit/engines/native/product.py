"""The matrix product: loops over tiles of sums, each of which is handed on while it is still in the registers.

What becomes of the product is not decided here: ``finish`` is called with every vector of sums, and writes whatever
follows, a bias and an activation, or the update of a weight. So the product itself need not exist in memory.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace

from backlit.engines.native.builder import Body
from backlit.engines.native.product_bands import (
    Band,
    Range,
    blocks,
    blocks_of_bands,
    column_bands,
    length,
    row_bands,
)
from backlit.engines.native.product_dot import emit_dots
from backlit.engines.native.product_pack import copy_column, copy_panel, copy_rows
from backlit.engines.native.product_plan import Matrix, ProductPlan, plan_product
from backlit.engines.native.product_tile import Tile, accumulate
from backlit.engines.native.values import LLVM_TYPES, Value, constant

__all__ = ["Finish", "Matrix", "ProductPlan", "emit_product", "plan_product"]

Finish = Callable[[Body, tuple[Value, int], tuple[Value, int], Value, Value | None], None]
"""``finish(body, (row_base, row), (column_base, column), vector, mask)`` writes what becomes of the elements
(row_base + row, column_base + column + lane): of all lanes, or of those where the mask is true. The bases are values,
the rest are numbers, so that addresses fold. What it reads that also changes, it must pin."""


_LONG = 16
"""So many steps of the inner dimension take long enough for what will be written to arrive meanwhile."""

Ahead = Callable[[Body, tuple[Value, int], tuple[Value, int]], None]
"""``ahead(body, (row_base, row), (column_base, column))`` asks for the cache lines of what ``finish`` will write."""


def emit_product(
    body: Body,
    plan: ProductPlan,
    left: Matrix,
    right: Matrix,
    *,
    rows: Range,
    columns: Range,
    inner: Range | None,
    scratch: Value,
    finish: Finish,
    ahead: Ahead | None = None,
    granules: tuple[int, int] = (1, 1),
) -> None:
    """Write the product left[rows, inner] · right[inner, columns].

    Ranges are half-open; their ends are constants, or known only when the program runs. Each sum is accumulated in the
    same order wherever the ranges of rows and columns begin and end.

    Args:
        body: Where it is written.
        plan: How, from ``plan_product``.
        left: The left matrix; its elements are at least as many as rows and inner say.
        right: The right matrix.
        rows: Which rows of the product.
        columns: Which columns of the product.
        inner: Which products are summed; None: all.
        scratch: The address of ``plan.scratch_bytes`` bytes that are this thread's alone, at a multiple of 64.
        finish: Writes what becomes of a vector; it is called while the loops are written, a few times for each tile.
        ahead: Asks for what will be written there, before the sums of a tile that updates something are computed.
        granules: How many rows there are, and how many products are summed, are multiples of these, where not known.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("product", [("ptr", "x"), ("ptr", "w"), ("ptr", "y")], exported=True)
        >>> x, w, y = (body.parameter(name) for name in "xwy")
        >>> def finish(body, row, column, vector, mask):
        ...     place = body.address(y, [(row[0], 10), (column[0], 1)], row[1] * 10 + column[1], 4)
        ...     body.store(vector, place, mask)
        >>> plan = plan_product(module.target, 32, 10, 100, "float32", (100, 1), (10, 1), updating=False)
        >>> every_row, every_column = (constant(0), constant(32)), (constant(0), constant(10))
        >>> emit_product(body, plan, Matrix(x, 100, 1), Matrix(w, 10, 1), rows=every_row, columns=every_column,
        ...              inner=None, scratch=y, finish=finish)
        >>> body.close()
    """
    inner = inner or (constant(0), constant(plan.inner))
    if plan.dot:
        emit_dots(body, plan, left, right, rows, columns, inner, finish)
    else:
        _Tiles(body, plan, left, right, rows, columns, inner, scratch, finish, ahead, granules).write()


@dataclass(frozen=True)
class _Block:
    """What is done before other rows, columns or steps of the inner dimension are begun.

    Args:
        row: Its first row.
        column: Its first column.
        inner: Its steps of the inner dimension.
        first: Whether these are the first of the product; None: they are all.
        last: Whether these are the last of the product; None: they are all.
    """

    row: Value
    column: Value
    inner: Range
    first: Value | None = None
    last: Value | None = None


@dataclass
class _Tiles:
    """A product being written; the methods are its loops, from the outside in."""

    body: Body
    plan: ProductPlan
    left: Matrix
    right: Matrix
    rows: Range
    columns: Range
    inner: Range
    scratch: Value
    finish: Finish
    ahead: Ahead | None
    granules: tuple[int, int]

    def write(self) -> None:
        """Write the loops."""
        plan, body = self.plan, self.body
        bands = self._bands(plan.tile_rows)
        if plan.rows_outside and plan.copy_right:
            block = _Block(self.rows[0], self.columns[0], self.inner)
            for panel in column_bands(body, self.columns, plan.tile_vectors, plan.lanes):
                with body.loop(panel.start, panel.stop, panel.size * plan.lanes) as column:
                    self._copy_panel(block, panel, column.index)
        with (
            blocks(body, self.columns, plan.block_columns) as (columns, _, _),
            blocks_of_bands(body, bands, plan.block_rows) as (parts, row),
            blocks(body, self.inner, plan.block_inner) as (inner, first, last),
        ):
            block = _Block(row, columns[0], inner, first, last)
            if plan.copy_left:
                for band in parts:
                    self._copy_left(block, band)
            whole: list[Band] = []
            edges: list[Band] = []
            for panel in column_bands(body, columns, plan.tile_vectors, plan.lanes):
                (whole if plan.rows_of(panel.size) == plan.tile_rows else edges).append(panel)
            self._loops(block, parts, whole)
            for panel in edges:
                self._loops(block, self._bands(plan.rows_of(panel.size)), [panel])

    @property
    def _copies_as_it_reads(self) -> bool:
        """Whether the first tile of a panel copies the right matrix for the others, which takes hardly any time."""
        return self.plan.copy_right and not self.plan.rows_outside and self.right.column_stride == 1

    def _bands(self, tile_rows: int) -> list[Band]:
        return row_bands(self.body, self.rows, tile_rows, self.granules[0], single=self.plan.through_memory)

    def _loops(self, block: _Block, bands: list[Band], panels: list[Band]) -> None:
        """Write the loops over tiles."""
        body, lanes = self.body, self.plan.lanes
        if self.plan.rows_outside:
            for band in bands:
                with body.loop(band.start, band.stop, band.size) as row:
                    for panel in panels:
                        with body.loop(panel.start, panel.stop, panel.size * lanes) as column:
                            self._tile(block, (band, panel), (row.index, column.index))
            return
        for panel in panels:
            with body.loop(panel.start, panel.stop, panel.size * lanes) as column:
                first = bands[0].start if bands and self._copies_as_it_reads else None
                if first is None:
                    self._copy_panel(block, panel, column.index)
                else:
                    with body.when(body.compare("slt", first, bands[0].stop)):
                        self._tile(block, (bands[0], panel), (first, column.index), copying=True)
                for band in bands:
                    start = band.start if first is None else body.whole("add", band.start, band.size)
                    with body.loop(start, band.stop, band.size) as row:
                        self._tile(block, (band, panel), (row.index, column.index))
                    first = None

    def _shape(self, rows: int, panel: Band, column: Value) -> Tile:
        """Describe the tile that begins at a column."""
        plan, body = self.plan, self.body
        mask = None
        if panel.ragged:
            last = body.whole("add", column, (panel.size - 1) * plan.lanes)
            mask = body.mask_below(length(body, (last, panel.stop)), plan.lanes)
        return Tile(rows, panel.size, plan.lanes, LLVM_TYPES[plan.dtype], plan.size, mask)

    def _copy_panel(self, block: _Block, panel: Band, column: Value) -> None:
        """Copy the columns of the right matrix that a tile reads, if that is the plan."""
        if not self.plan.copy_right:
            return
        plan, body = self.plan, self.body
        exists = constant(panel.size * plan.lanes)
        if panel.ragged:
            exists = body.intrinsic("smin", length(body, (column, panel.stop)), exists)
        source = self.right.moved(body, block.inner[0], column, plan.size)
        target = self._panel(block, panel, column)
        copy_panel(body, self._shape(0, panel, column), source, target, length(body, block.inner), exists)

    def _panel(self, block: _Block, panel: Band, column: Value) -> Matrix:
        """Return the columns of the right matrix that a tile reads, or their copy."""
        plan, body = self.plan, self.body
        if not plan.copy_right:
            return self.right.moved(body, block.inner[0], column, plan.size)
        base = body.address(self.scratch, [], plan.left_bytes, 1)
        before = [(length(body, (block.column, column)), plan.steps)] if plan.rows_outside else []
        return Matrix(body.address(base, before, 0, plan.size), panel.size * plan.lanes, 1)

    def _copy_left(self, block: _Block, band: Band) -> None:
        """Copy the rows of the left matrix that the tiles of a band read."""
        body, inner = self.body, length(self.body, block.inner)
        tile = self._shape(band.size, Band(1, block.column, block.column, band.tiles), block.column)

        def matrices(row: Value) -> tuple[Matrix, Matrix]:
            begin = self._begin(band, row)
            return self.left.moved(body, begin, block.inner[0], tile.size), self._strip(block, band, row)

        if self.left.column_stride == 1:
            with body.loop(band.start, band.stop, band.size) as row:
                copy_rows(body, tile, *matrices(row.index), inner)
        else:
            # All rows of a column at a time, because they share lines of the cache.
            with body.loop(0, inner) as turn, body.loop(band.start, band.stop, band.size) as row:
                copy_column(body, tile, *matrices(row.index), turn.index)

    def _begin(self, band: Band, row: Value) -> Value:
        """Return the first row of a tile: at the end of a ragged band it is moved back, but not out of the matrix."""
        if not band.ragged:
            return row
        body = self.body
        last = body.intrinsic("smax", body.whole("sub", band.stop, band.size), constant(0))
        return body.intrinsic("smin", row, last)

    def _strip(self, block: _Block, band: Band, row: Value) -> Matrix:
        """Return the rows of the left matrix that a tile reads, or their copy."""
        plan, body = self.plan, self.body
        if not plan.copy_left:
            return self.left.moved(body, self._begin(band, row), block.inner[0], plan.size)
        before = length(body, (block.row, row))
        target = body.address(self.scratch, [(before, plan.left_row_stride)], 0, plan.size)
        strides = (plan.left_row_stride, 1) if self.left.column_stride == 1 else (1, band.size)
        return Matrix(target, *strides)

    def _tile(self, block: _Block, bands: tuple[Band, Band], place: Range, *, copying: bool = False) -> None:
        """Write one tile: its sums, and what becomes of them; the panel is copied before, or else while it is read."""
        plan, body = self.plan, self.body
        band, panel = bands
        tile = self._shape(band.size, panel, place[1])
        left, right = self._strip(block, band, place[0]), self._panel(block, panel, place[1])
        copy = right if copying else None
        right = self.right.moved(body, block.inner[0], place[1], plan.size) if copying else right
        # What passes through memory leaves time enough for what is written to arrive.
        if self.ahead is not None and plan.rows_outside and plan.inner >= _LONG and not plan.through_memory:
            self._ask_ahead(self.ahead, tile, place)
        count, masked = length(body, block.inner), copying or not plan.copy_right
        # Few steps a turn at the edge and where a panel is copied once: the code stays small, and registers suffice.
        unroll = 1 if copying else plan.unroll if panel.size == plan.tile_vectors else min(plan.unroll, 2)
        granule = 1 if plan.block_inner else self.granules[1]
        sums = accumulate(body, tile, left, right, count, unroll, masked=masked, granule=granule, copy=copy)
        if plan.through_memory or band.ragged:
            self._through_memory(block, band, tile, place, sums)
            return
        # What follows is written here, so that what it needs is not held in registers while the sums are computed.
        row, column = (replace(value, depth=body.depth) for value in place)
        for number, vector in enumerate(sums):
            line, part = divmod(number, tile.vectors)
            self.finish(body, (row, line), (column, part * tile.lanes), vector, tile.mask_of(part))

    def _ask_ahead(self, ahead: Ahead, tile: Tile, place: Range) -> None:
        """Ask for all lines that the tile will write; its last vector may end in a line of its own."""
        for line in range(tile.rows):
            for column in [*range(0, tile.vectors * tile.lanes, tile.lanes), tile.vectors * tile.lanes - 1]:
                ahead(self.body, (place[0], line), (place[1], column))

    def _through_memory(self, block: _Block, band: Band, tile: Tile, place: Range, sums: list[Value]) -> None:
        """Store the sums of a tile, and write what becomes of them once for all its rows."""
        plan, body = self.plan, self.body
        width = tile.vectors * tile.lanes
        memory = body.address(self.scratch, [], plan.left_bytes + plan.right_bytes, 1)
        if block.first is not None:
            above, before = (length(body, ends) for ends in zip((block.row, block.column), place, strict=True))
            memory = body.address(memory, [(before, plan.block_rows * plan.tile_rows), (above, width)], 0, plan.size)
        zero = constant(0, tile.type, tile.lanes)
        for number, vector in enumerate(sums):
            pointer = body.address(memory, [], number * tile.lanes, plan.size)
            if block.first is not None:
                earlier = body.load(pointer, tile.type, tile.lanes, pinned=True)
                body.store(body.add(vector, body.select(block.first, zero, earlier)), pointer)
            else:
                body.store(vector, pointer)
        with body.when(block.last) if block.last is not None else nullcontext():
            begin = self._begin(band, place[0])
            stop = body.whole("add", place[0], band.size)
            stop = body.intrinsic("smin", stop, band.stop) if band.ragged else stop
            with body.loop(place[0], stop) as row:
                column = replace(place[1], depth=body.depth)
                line = body.address(memory, [(length(body, (begin, row.index)), width)], 0, plan.size)
                for part in range(tile.vectors):
                    pointer = body.address(line, [], part * tile.lanes, plan.size)
                    vector = body.load(pointer, tile.type, tile.lanes, pinned=True)
                    self.finish(body, (row.index, 0), (column, part * tile.lanes), vector, tile.mask_of(part))
