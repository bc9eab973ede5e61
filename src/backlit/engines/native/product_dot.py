"""Matrix products whose lanes run along the inner dimension: every element is a dot product.

Where the right matrix lies along the inner dimension, its columns would have to be transposed before a tile could read
them; for a few rows that costs more than it brings. Here they are read as they lie, and lanes are added up at the end.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from backlit.engines.native.builder import Body
from backlit.engines.native.product_bands import Range, length
from backlit.engines.native.product_plan import Matrix, ProductPlan
from backlit.engines.native.product_shuffle import add_across
from backlit.engines.native.product_tile import multiply_add
from backlit.engines.native.values import LLVM_TYPES, Value, constant

__all__ = ["emit_dots"]

Finish = Callable[[Body, tuple[Value, int], tuple[Value, int], Value, Value | None], None]


def emit_dots(
    body: Body,
    plan: ProductPlan,
    left: Matrix,
    right: Matrix,
    rows: Range,
    columns: Range,
    inner: Range,
    finish: Finish,
) -> None:
    """Write a product as dot products: a row with as many columns as a vector has lanes, or many rows with one column.

    Args:
        body: Where it is written.
        plan: How.
        left: The left matrix, whose rows are contiguous.
        right: The right matrix, whose columns are contiguous.
        rows: Which rows of the product.
        columns: Which columns of the product.
        inner: Which products are summed.
        finish: Writes what becomes of a vector.
    """
    left = left.moved(body, constant(0), inner[0], plan.size)
    right = right.moved(body, inner[0], constant(0), plan.size)
    if plan.columns == 1:
        _rows_with_a_column(body, plan, left, right, rows, columns, length(body, inner), finish)
        return
    lanes = plan.lanes
    whole = body.whole("add", columns[0], body.whole_steps(length(body, columns), lanes))
    for start, stop, edge in ((columns[0], whole, False), (whole, columns[1], True)):
        if start.is_constant and start.text == stop.text:
            continue
        with body.loop(start, stop, lanes) as column:
            last = body.whole("sub", stop, 1)
            mask = body.mask_below(body.whole("sub", stop, column.index), lanes) if edge else None
            first = right.moved(body, constant(0), column.index, plan.size)
            places = [body.address(first.address, [], lane * right.column_stride, plan.size) for lane in range(lanes)]
            if edge:
                # A column that does not exist is replaced by the last one: its sum is never used.
                numbers = [body.intrinsic("smin", body.whole("add", column.index, lane), last) for lane in range(lanes)]
                places = [right.moved(body, constant(0), number, plan.size).address for number in numbers]
            with body.loop(rows[0], rows[1]) as row:
                line = left.moved(body, row.index, constant(0), plan.size).address
                sums = _accumulate_dots(body, plan, [line], places, length(body, inner))
                here = [replace(index, depth=body.depth) for index in (row.index, column.index)]
                finish(body, (here[0], 0), (here[1], 0), add_across(body, sums), mask)


def _rows_with_a_column(
    body: Body,
    plan: ProductPlan,
    left: Matrix,
    right: Matrix,
    rows: Range,
    columns: Range,
    inner: Value,
    finish: Finish,
) -> None:
    """Write the product of a matrix and a vector: every result is alone in the first lane."""
    mask = body.mask_below(constant(1), plan.lanes)
    zero = constant(0, LLVM_TYPES[plan.dtype], plan.lanes)
    with body.loop(columns[0], columns[1]) as column:
        place = right.moved(body, constant(0), column.index, plan.size).address
        middle = body.whole("add", rows[0], body.whole_steps(length(body, rows), plan.tile_rows))
        for start, stop, size in ((rows[0], middle, plan.tile_rows), (middle, rows[1], 1)):
            with body.loop(start, stop, size) as row:
                first = left.moved(body, row.index, constant(0), plan.size)
                lines = [body.address(first.address, [], number * left.row_stride, plan.size) for number in range(size)]
                sums = _accumulate_dots(body, plan, lines, [place], inner)
                here = [replace(index, depth=body.depth) for index in (row.index, column.index)]
                for number, sum in enumerate(sums):
                    total = body.horizontal("fadd", sum)
                    text = f"insertelement {zero.typed}, {total.typed}, i64 0"
                    vector = body.emit(text, [total], total.type, plan.lanes)
                    finish(body, (here[0], number), (here[1], 0), vector, mask)


def _accumulate_dots(
    body: Body, plan: ProductPlan, lefts: Sequence[Value], rights: Sequence[Value], inner: Value
) -> list[Value]:
    """Write the loop that multiplies every left row with every right column, lane by lane; lanes are not added yet."""
    lanes, size, type = plan.lanes, plan.size, LLVM_TYPES[plan.dtype]
    sums = [constant(0, type, lanes)] * (len(lefts) * len(rights))
    whole = body.whole_steps(inner, lanes)
    mask = body.mask_below(body.whole("sub", inner, whole), lanes)
    for start, stop, edge in ((constant(0), whole, None), (whole, inner, mask)):
        if start.is_constant and start.text == stop.text:
            continue
        with body.loop(start, stop, lanes, carried=sums) as turn:
            pointers = [body.address(base, [(turn.index, 1)], 0, size) for base in [*lefts, *rights]]
            loaded = [body.load(pointer, type, lanes, edge, pinned=True) for pointer in pointers]
            pairs = [(x, y) for x in loaded[: len(lefts)] for y in loaded[len(lefts) :]]
            turn.following = [multiply_add(body, x, y, sum) for (x, y), sum in zip(pairs, turn.carried, strict=True)]
        sums = turn.results
    return sums
