"""The matrix product: any shape, any strides, any part, any type, and nothing touched around it."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backlit.engines.native.product import plan_product
from backlit.engines.native.target import host_target
from backlit.engines.native.values import LLVM_TYPES
from harness.products import UNTOUCHED, check, multiply, random_matrix, targets

TARGETS = pytest.mark.parametrize("target", targets(), ids=lambda target: f"{target.vector_bytes} bytes")
ORDERS = pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)], ids=str)
DTYPES = [dtype for dtype in LLVM_TYPES if dtype != "bool"]
SHAPES = [(1, 1, 1), (3, 50, 7), (13, 61, 37), (1, 77, 30), (33, 1, 50), (40, 100, 65)]


def operands(rows, columns, inner, dtype="float32", transposed=(False, False), seed=0):
    left = random_matrix(rows, inner, dtype, transposed=transposed[0], seed=seed)
    return left, random_matrix(inner, columns, dtype, transposed=transposed[1], seed=seed + 1)


@TARGETS
@ORDERS
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_shape_in_any_order(shape, transposed, target):
    check(*operands(*shape, transposed=transposed), target=target)


@ORDERS
@pytest.mark.parametrize(
    "dynamic", [(True, False, False), (False, True, False), (False, False, True), (True,) * 3], ids=str
)
@pytest.mark.parametrize("updating", [False, True])
def test_any_part_with_ends_known_only_when_it_runs(dynamic, transposed, updating):
    left, right = operands(30, 120, 40, transposed=transposed)
    parts = [((0, 30), (0, 120), (0, 40)), ((5, 23), (16, 101), (3, 38)), ((29, 30), (112, 120), (39, 40))]
    for rows, columns, inner in parts:
        own = [part if free else None for part, free in zip((rows, columns, inner), dynamic, strict=True)]
        ends = dict(zip(("rows", "columns", "inner"), own, strict=True))
        check(left, right, **ends, dynamic=dynamic, updating=updating)


@TARGETS
def test_all_ends_free(target):
    for number, transposed in enumerate([(False, False), (True, True)]):
        left, right = operands(21, 70, 33, transposed=transposed, seed=number)
        check(left, right, rows=(1, 18), columns=(7, 69), inner=(2, 30), dynamic=(True, True, True), target=target)


@pytest.mark.parametrize("rows", [(0, 16), (8, 40), (16, 16), (0, 48)])
@pytest.mark.parametrize("target", targets(), ids=str)
def test_whole_tiles_of_an_update_go_on_from_the_registers(rows, target):
    left, right = random_matrix(48, 30, transposed=True), random_matrix(30, 70)
    options = {"rows": rows, "dynamic": (True, False, False), "granules": (8, 1), "target": target}
    check(left, right, updating=True, through_memory=False, **options)


@pytest.mark.parametrize("inner", [(0, 16), (8, 40), (16, 16), (0, 48)])
@pytest.mark.parametrize("target", targets(), ids=str)
def test_sums_of_a_known_multiple_of_products_leave_no_rest(inner, target):
    left, right = random_matrix(33, 48), random_matrix(48, 70)
    check(left, right, inner=inner, dynamic=(False, False, True), granules=(1, 8), target=target)


@pytest.mark.parametrize("shape", [(20, 60, 30), (2, 60, 30), (20, 1, 30)], ids=str)
@pytest.mark.parametrize("transposed", [False, True])
def test_an_empty_range_writes_nothing_and_an_empty_sum_is_zero(shape, transposed):
    left, right = operands(*shape, transposed=(False, transposed))
    for dynamic in [(False,) * 3, (True,) * 3]:
        for ends in ({"rows": (1, 1)}, {"columns": (1, 1)}):
            assert (multiply(left, right, dynamic=dynamic, **ends) == UNTOUCHED).all()
        assert not multiply(left, right, dynamic=dynamic, inner=(4, 4)).any()


def test_an_inner_dimension_of_length_zero():
    assert not multiply(np.zeros((9, 0), "float32"), np.zeros((0, 40), "float32")).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_type_and_integers_modulo_their_size(dtype):
    for transposed in (False, True):
        check(*operands(9, 70, 12, dtype, (transposed, transposed)))
    left, right = operands(6, 40, 5, dtype)
    check(left, right, rows=(1, 6), columns=(3, 40), inner=(1, 5), dynamic=(True, True, True))


@ORDERS
def test_backwards_spread_and_repeated(transposed):
    base, other = operands(60, 90, 80, transposed=transposed)
    check(base[::-2, ::3], other[78::-3, ::2][:27])
    check(base[::-1], other[:, ::-1])
    check(np.broadcast_to(base[:, :1], (60, 80)), other)
    check(base, np.broadcast_to(other[:1], (80, 90)))
    check(base, np.broadcast_to(other[:, :1], (80, 90)))
    check(np.broadcast_to(base[:1], (60, 80)), np.broadcast_to(other[0, 0], (80, 1)))


@pytest.mark.parametrize("place", [(0, 0), (17, 29), (39, 64)])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_go_where_they_belong(place, bad):
    for transposed in (False, True):
        left, right = operands(40, 100, 65, transposed=(False, transposed))
        clean = multiply(left, right)
        left[place] = bad
        result = multiply(left, right)
        same = np.arange(40) != place[0]
        assert np.array_equal(result[same], clean[same])
        with np.errstate(invalid="ignore"):
            assert np.array_equal(result[place[0]], bad * right[place[1]], equal_nan=True)


@pytest.mark.parametrize("updating", [False, True])
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("rows", [2, 50])
def test_results_do_not_depend_on_how_the_work_is_divided(rows, transposed, updating):
    left, right = operands(rows, 130, 70, transposed=transposed)
    whole = multiply(left, right, updating=updating)
    for part in [((0, 1), (0, 32)), ((1, rows), (32, 130)), ((0, rows), (128, 130))]:
        for dynamic in (False, True):
            ends = dict(zip(("rows", "columns"), part, strict=True))
            result = multiply(left, right, **ends, dynamic=(dynamic, dynamic, False), updating=updating)
            own = tuple(slice(*end) for end in part)
            assert np.array_equal(result[own], whole[own])


@TARGETS
@ORDERS
def test_a_large_product_in_blocks(transposed, target):
    left, right = operands(70, 150, 100, transposed=transposed)
    blocks = {"copy_left": True, "copy_right": True, "through_memory": True, "rows_outside": False}
    blocks |= {"block_rows": 3, "block_columns": 64, "block_inner": 24}
    check(left, right, **blocks, target=target)
    ends = {"rows": (3, 69), "columns": (1, 150), "inner": (5, 98)}
    check(left, right, **ends, dynamic=(True, True, True), **blocks, target=target)
    assert not multiply(left, right, inner=(7, 7), dynamic=(True, True, True), **blocks, target=target).any()


def test_what_is_planned_for_large_products_is_right():
    for transposed in [(False, False), (True, True)]:
        left, right = operands(300, 140, 1750, transposed=transposed)
        assert plan_product(host_target(), 300, 140, 1750, "float32", (1750, 1), (140, 1), updating=False).block_inner
        check(left, right)


def test_the_guard_pages_guard():
    source = "from harness.products import *; a = guarded((3,), 'float32', at_end={}); p = a.ctypes.data"
    for at_end, place in [(True, "p + a.nbytes"), (False, "p - 1")]:
        command = [
            sys.executable,
            "-c",
            f"{source.format(at_end)}; print(a.sum(), flush=True); ctypes.string_at({place}, 1)",
        ]
        path = os.pathsep.join(map(str, [Path(__file__).parents[2], *sys.path]))
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": path})
        assert ended.stdout == "0.0\n"
        assert ended.returncode == -signal.SIGSEGV


def test_the_plan_says_how_much_scratch_is_touched():
    left, right = operands(40, 100, 300, transposed=(False, True))
    plan = plan_product(host_target(), 40, 100, 300, "float32", (300, 1), (1, 300), updating=False)
    assert plan.copy_right
    assert plan.scratch_bytes >= 300 * plan.tile_vectors * plan.lanes * 4
    smaller = dataclasses.replace(plan, tile_vectors=1)
    assert smaller.scratch_bytes < plan.scratch_bytes
    check(left, right, tile_vectors=1)
