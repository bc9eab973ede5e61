"""The innermost loop: what is written, and that no sum leaves the registers."""

import re

import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.jit import assembly
from backlit.engines.native.product import plan_product
from backlit.engines.native.target import named_target
from backlit.engines.native.values import constant
from harness.products import check, program, random_matrix


@pytest.mark.parametrize("name", ["x86-64-v4", "x86-64-v3", "x86-64-v2", "aarch64"])
@pytest.mark.parametrize(
    "shape",
    [(32, 300, 784), (1, 300, 784), *((rows, 960, 100) for rows in range(2, 8)), (784, 10, 50), (8, 32, 64)],
    ids=str,
)
def test_nothing_is_stored_in_the_innermost_loop(shape, name):
    target = named_target(name)
    rows, columns, inner = shape
    plan = plan_product(target, rows, columns, inner, "float32", (inner, 1), (columns, 1), updating=False)
    left, right = random_matrix(rows, inner), random_matrix(inner, columns)
    text = program(plan, left, right, target, (0, rows, 0, columns, 0, inner), (False, True, False))
    loops = innermost_loops(assembly(text, target))
    multiply = r"\t(vfmadd\w*|mulps|fmla)\t"
    tiles = [loop for loop in loops if len(re.findall(multiply, loop)) >= plan.tile_rows]
    assert tiles
    stores = r"\tv?mov[au]ps\t%[xyz]mm\d+, -?\d*\(%rsp|\tst[rp]\tq\d+.*sp"
    for tile in tiles:
        assert not re.search(stores, tile), tile


def innermost_loops(text):
    """What stands between a label and the jump back to it, where no other label stands between."""
    blocks = re.split(r"^(\.LBB\w+):", text, flags=re.MULTILINE)
    loops = []
    for name, content in zip(blocks[1::2], blocks[2::2], strict=True):
        back = re.search(rf"\t(j\w+|b\.?\w*)\t{re.escape(name)}\b", content)
        loops += [content[: back.end()]] if back else []
    return loops


@pytest.mark.parametrize("unroll", [1, 2, 3, 4, 8])
def test_steps_left_over(unroll):
    left, right = random_matrix(9, 23), random_matrix(23, 50, seed=1)
    check(left, right, unroll=unroll)
    check(left, right, unroll=unroll, inner=(1, 1 + unroll), dynamic=(False, False, True))


def test_counts_are_rounded_down():
    body = Module(named_target("x86-64-v3")).body("f", [("i64", "n")], exported=True)
    assert body.whole_steps(constant(23), 4) == constant(20)
    count = body.parameter("n")
    assert not body.whole_steps(count, 4).is_constant
    assert not body.whole_steps(count, 3).is_constant
    body.close()
    assert "and i64 %n, -4" in str(body.module)
    assert "sdiv i64 %n, 3" in str(body.module)
