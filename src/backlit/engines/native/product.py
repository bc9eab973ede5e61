"""The matrix product: loops over tiles of sums, each of which is handed on while it is still in the registers.

What becomes of the product is not decided here: ``finish`` is called with every vector of sums, and writes whatever
follows, a bias and an activation, or the update of a weight. So the product itself need not exist in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from backlit.engines.native.builder import LLVM_TYPES, Body, Value, constant
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
from backlit.engines.native.product_pack import copy_panel, copy_strips
from backlit.engines.native.product_plan import Matrix, ProductPlan, plan_product
from backlit.engines.native.product_tile import Tile, accumulate

__all__ = ["Finish", "Matrix", "ProductPlan", "emit_product", "plan_product"]

Finish = Callable[[Body, tuple[Value, int], tuple[Value, int], Value, Value | None], None]
"""``finish(body, (row_base, row), (column_base, column), vector, mask)`` writes what becomes of the elements
(row_base + row, column_base + column + lane), where the mask is true or None."""


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
        finish: Writes what becomes of a vector; it is called while the loops are written, once for each register.

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
        _Tiles(body, plan, left, right, rows, columns, inner, scratch, finish).write()


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

    def write(self) -> None:
        """Write the loops."""
        plan, body = self.plan, self.body
        bands = row_bands(body, self.rows, plan.tile_rows)
        if plan.rows_outside and plan.copy_right:
            block = _Block(self.rows[0], self.columns[0], self.inner)
            for panels in column_bands(body, self.columns, plan.tile_vectors, plan.lanes):
                with body.loop(panels.start, panels.stop, panels.size * plan.lanes) as column:
                    self._panel(block, panels, column.index, copy=True)
        with (
            blocks(body, self.columns, plan.block_columns) as (columns, _, _),
            blocks_of_bands(body, bands, plan.block_rows) as (parts, row),
            blocks(body, self.inner, plan.block_inner) as (inner, first, last),
        ):
            block = _Block(row, columns[0], inner, first, last)
            if plan.copy_left:
                for band in parts:
                    self._copy_left(block, band)
            panels = column_bands(body, columns, plan.tile_vectors, plan.lanes)
            if plan.rows_outside:
                self._rows_outside(block, parts, panels)
            else:
                self._panels_outside(block, parts, panels)

    def _rows_outside(self, block: _Block, bands: list[Band], panels: list[Band]) -> None:
        body, lanes = self.body, self.plan.lanes
        for band in bands:
            with body.loop(band.start, band.stop, band.size) as row:
                left = self._strip(block, band, row.index)
                for panel in panels:
                    with body.loop(panel.start, panel.stop, panel.size * lanes) as column:
                        right = self._panel(block, panel, column.index, copy=False)
                        tile = self._tile(band.size, panel, column.index)
                        self._sum(block, tile, (row.index, column.index), (left, right))

    def _panels_outside(self, block: _Block, bands: list[Band], panels: list[Band]) -> None:
        body, lanes = self.body, self.plan.lanes
        for panel in panels:
            with body.loop(panel.start, panel.stop, panel.size * lanes) as column:
                right = self._panel(block, panel, column.index, copy=True)
                for band in bands:
                    with body.loop(band.start, band.stop, band.size) as row:
                        left = self._strip(block, band, row.index)
                        tile = self._tile(band.size, panel, column.index)
                        self._sum(block, tile, (row.index, column.index), (left, right))

    def _panel(self, block: _Block, panel: Band, column: Value, *, copy: bool) -> Matrix:
        """Return the columns of the right matrix that a tile reads; copy them, or say where their copy lies."""
        plan, body = self.plan, self.body
        source = self.right.moved(body, block.inner[0], column, plan.size)
        if not plan.copy_right:
            return source
        base = body.address(self.scratch, [], plan.left_bytes, 1)
        before = [(length(body, (block.column, column)), plan.steps)] if plan.rows_outside else []
        target = body.address(base, before, 0, plan.size)
        width = panel.size * plan.lanes
        if copy:
            exists = constant(width)
            if panel.ragged:
                exists = body.intrinsic("smin", length(body, (column, panel.stop)), exists)
            tile = self._tile(0, panel, column)
            return copy_panel(body, tile, source, target, length(body, block.inner), exists)
        return Matrix(target, width, 1)

    def _tile(self, rows: int, panel: Band, column: Value) -> Tile:
        """Describe the tile that begins at a column."""
        plan, body = self.plan, self.body
        mask = None
        if panel.ragged:
            last = body.whole("add", column, (panel.size - 1) * plan.lanes)
            mask = body.mask_below(length(body, (last, panel.stop)), plan.lanes)
        return Tile(rows, panel.size, plan.lanes, LLVM_TYPES[plan.dtype], plan.size, mask)

    def _copy_left(self, block: _Block, band: Band) -> None:
        """Copy the rows of the left matrix that the tiles of a band read."""
        plan, body = self.plan, self.body
        source = self.left.moved(body, constant(0), block.inner[0], plan.size)
        tile = Tile(band.size, 1, plan.lanes, LLVM_TYPES[plan.dtype], plan.size)
        target = self._strip(block, band, block.row)
        rows = (band.start, band.stop)
        copy_strips(body, tile, source, target, rows, block.row, length(body, block.inner), plan.left_row_stride)

    def _strip(self, block: _Block, band: Band, row: Value) -> Matrix:
        """Return the rows of the left matrix that a tile reads, or their copy."""
        plan, body = self.plan, self.body
        if not plan.copy_left:
            return self.left.moved(body, row, block.inner[0], plan.size)
        before = length(body, (block.row, row))
        target = body.address(self.scratch, [(before, plan.left_row_stride)], 0, plan.size)
        strides = (plan.left_row_stride, 1) if self.left.column_stride == 1 else (1, band.size)
        return Matrix(target, *strides)

    def _sum(self, block: _Block, tile: Tile, place: Range, matrices: tuple[Matrix, Matrix]) -> None:
        """Write one tile: its sums, and what becomes of them."""
        plan, body = self.plan, self.body
        count = length(body, block.inner)
        sums = accumulate(body, tile, *matrices, count, plan.unroll, masked=not plan.copy_right)
        if block.first is None or block.last is None:
            self._hand_on(tile, place, sums)
            return
        width = tile.vectors * tile.lanes
        above = length(body, (block.row, place[0]))
        before = length(body, (block.column, place[1]))
        height = plan.block_rows * plan.tile_rows
        terms = [(before, height), (above, width)]
        base = body.address(self.scratch, [], plan.left_bytes + plan.right_bytes, 1)
        pointers = [
            body.address(base, terms, number * tile.lanes, plan.size) for number in range(tile.rows * tile.vectors)
        ]
        zero = constant(0, sums[0].type, tile.lanes)
        for number, pointer in enumerate(pointers):
            aside = body.load(pointer, tile.type, tile.lanes, pinned=True)
            sums[number] = body.add(sums[number], body.select(block.first, zero, aside))
        with body.when(block.last):
            self._hand_on(tile, place, sums)
        with body.when(body.select(block.last, constant(0, "i1"), constant(1, "i1"))):
            for vector, pointer in zip(sums, pointers, strict=True):
                body.store(vector, pointer)

    def _hand_on(self, tile: Tile, place: Range, sums: list[Value]) -> None:
        """Write what becomes of sums, here: what it needs is not held in registers while the sums are computed."""
        row, column = (replace(value, depth=self.body.depth) for value in place)
        for number, vector in enumerate(sums):
            line, part = divmod(number, tile.vectors)
            here = replace(vector, depth=self.body.depth)
            self.finish(self.body, (row, line), (column, part * tile.lanes), here, tile.mask_of(part))
