"""What is planned for which product, and that plans can be read."""

import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.product_plan import Matrix, element_size, plan_product
from backlit.engines.native.target import named_target
from backlit.engines.native.values import constant

WIDE, MIDDLE, NARROW = (named_target(name) for name in ("x86-64-v4", "x86-64-v3", "x86-64-v2"))


def plan(rows, columns, inner, dtype="float32", left=None, right=None, target=WIDE, *, updating=False):
    return plan_product(
        target, rows, columns, inner, dtype, left or (inner, 1), right or (columns, 1), updating=updating
    )


@pytest.mark.parametrize("target", [WIDE, MIDDLE, NARROW], ids=lambda target: target.cpu)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8"])
@pytest.mark.parametrize("columns", [1, 10, 100, 300])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 6, 7, 8, 32, 784])
def test_tiles_fit_the_registers(rows, columns, dtype, target):
    made = plan(rows, columns, 100, dtype, target=target)
    if not made.dot:
        # The sums, a row of vectors, an element of the left matrix, and where there is no fused instruction a product.
        narrow = [width for width in range(1, made.tile_vectors + 1) if dtype != "int8"] or [made.tile_vectors]
        for width in narrow:
            needed = made.rows_of(width) * width + width + (2 - target.fma)
            assert needed <= target.registers
        assert made.tile_rows <= rows
        assert (made.tile_vectors - 1) * made.lanes < columns


def test_what_is_walked_through_in_order():
    assert not plan(32, 300, 784).rows_outside
    assert plan(784, 300, 32, left=(1, 784), updating=True).rows_outside


def test_what_is_copied():
    assert plan(512, 300, 784).copy_right
    assert not plan(8, 300, 784).copy_right
    assert plan(8, 300, 784, right=(1, 784)).copy_right
    assert plan(784, 300, 128, left=(1, 784), updating=True).copy_left
    assert not plan(784, 300, 32, left=(1, 784), updating=True).copy_left


def test_few_rows_with_columns_along_the_inner_dimension_are_dot_products():
    assert plan(1, 300, 100, right=(1, 100)).dot
    assert not plan(32, 300, 100, right=(1, 100)).dot
    assert plan(300, 1, 100, right=(1, 1)).dot
    assert not plan(1, 300, 100, "int32", right=(1, 100)).dot
    assert not plan(1, 300, 100, left=(1, 2), right=(1, 100)).dot


@pytest.mark.parametrize("size", [1000, 1024, 2048, 10_000])
def test_large_products_fit_the_caches(size):
    made = plan(size, size, size)
    assert made.left_bytes <= 640 * 1024
    assert made.right_bytes <= 64 * 1024
    assert made.scratch_bytes <= 8 << 20
    assert made.block_inner
    assert made.block_inner % made.unroll == 0


def test_plans_can_be_read():
    assert str(plan(784, 300, 128, left=(1, 784), updating=True)) == (
        "tiles 8 × 3 vectors of 16, rows outside, 4 steps a turn, left copied, right copied, blocks of 32 rows"
    )
    assert str(plan(1, 300, 100, right=(1, 100))) == "dot products of 16 lanes, 1 × 16"


def test_a_part_of_a_matrix_begins_at_its_first_element():
    body = Module(WIDE).body("f", [("ptr", "x")], exported=True)
    matrix = Matrix(body.parameter("x"), -5, 2)
    part = matrix.moved(body, constant(3), constant(4), 8)
    assert (part.row_stride, part.column_stride) == (-5, 2)
    body.close()
    assert "getelementptr i8, ptr %x, i64 -56" in str(body.module)
    assert matrix.moved(body, constant(0), constant(0), 8) == matrix


def test_sizes():
    assert [element_size(dtype) for dtype in ("int8", "uint16", "float32", "float64")] == [1, 2, 4, 8]


@pytest.mark.parametrize(("columns", "lanes"), [(1, 1), (2, 2), (3, 4), (10, 16), (16, 16), (300, 16)])
def test_a_narrow_product_takes_no_more_lanes_than_it_has_columns(columns, lanes):
    assert plan(1, columns, 1, right=(columns, 1)).lanes == lanes


def test_short_dot_products_take_no_more_lanes_than_they_have_steps_but_two_to_be_added():
    assert [plan(4, 1, inner).lanes for inner in (1, 2, 5, 100)] == [2, 2, 8, 16]
