"""Every op has a sign, and numbers of a formula are written into it."""

import numpy as np
import pytest

import backlit as bl
from backlit.explain.drawing.symbols import COMMUTATIVE, SYMBOLS, symbol_of
from backlit.graph import OPS
from harness.samples import Case, run


def test_every_op_has_a_sign_and_no_sign_is_left_over():
    assert set(SYMBOLS) == set(OPS)
    assert all(sign and sign.strip() == sign for sign in SYMBOLS.values())


def two_arguments() -> list[Case]:
    found = []
    for name, op in sorted(OPS.items()):
        for number, sample in enumerate(op.samples):
            shapes = [getattr(argument, "shape", argument) for argument in sample.arguments]
            if len(shapes) == 2 and shapes[0] == shapes[1] and name != "concat":
                case = Case(op, number, "bool" if name.startswith("logical") else "float64")
                if len(case.drawn) == 2 and case.accepted():
                    found.append(case)
    return found


def test_ops_are_commutative_as_the_table_says():
    same: dict[str, list[bool]] = {}
    for case in two_arguments():
        x, y = case.arrays()
        same.setdefault(case.op.name, []).append(np.array_equal(run(case, [x, y]), run(case, [y, x])))
    commuting = {name for name, found in same.items() if all(found)}
    assert commuting - {"matmul"} == COMMUTATIVE, "matmul is tried on vectors here, of which alone it commutes"
    assert {"subtract", "divide", "less", "matmul", "pow"} <= set(same)


x = bl.input("x")


@pytest.mark.parametrize(
    ("node", "symbol", "inside"),
    [
        (x + 2.0, "+ 2", (1,)),
        (2.0 + x, "+ 2", (0,)),
        (2.0 * x, "× 2", (0,)),
        (2.0 - x, "2 −", (0,)),
        (x - 2.0, "− 2", (1,)),
        (1.0 / x, "1 ÷", (0,)),
        (x / -4.0, "÷ -4", (1,)),
        (bl.maximum(x, 0.0), "max 0", (1,)),
        (x > 0.0, "> 0", (1,)),
        (x**3, "x³", (1,)),
        (x**-1, "x⁻¹", (1,)),
        (x**0.5, "x^0.5", (1,)),
        (2.0**x, "xʸ", ()),
        (bl.constant(1.0) / 32.0, "1 ÷ 32", (0, 1)),
        (bl.where(x > 0, x, 0.0), "where", ()),
        (x * bl.constant(2.0, name="two"), "×", ()),
        (bl.input("v", shape=(2,)) * [1.0, 2.0], "×", ()),
        (bl.constant(0.25), "0.25", ()),
        (bl.constant([1.0, 2.0], name="c"), "c", ()),
        (x, "x", ()),
        (bl.parameter(1.0), "parameter", ()),
    ],
)
def test_numbers_are_written_into_the_sign(node, symbol, inside):
    assert symbol_of(node) == (symbol, inside)


def test_an_op_of_the_users_own_is_written_by_its_name():
    card = bl.Op(name="own_op_for_symbols", formula="x", words="{x}", infer=lambda spec: spec)
    try:
        assert symbol_of(card(x)) == ("own_op_for_symbols", ())
    finally:
        del OPS["own_op_for_symbols"]


@pytest.mark.parametrize(
    ("cut", "sign"),
    [
        ((slice(None), slice(2, 4)), "[:, 2:4]"),
        ((slice(1, 3),), "[1:3]"),
        ((slice(None, None, 2),), "[0:4:2]"),
        ((slice(1, 3), slice(100, 300), slice(100, 200)), "slice"),
    ],
)
def test_a_slice_tells_what_it_takes_where_that_is_short(cut, sign):
    assert symbol_of(bl.input("x", shape=(4, 600, 700))[cut]) == (sign, ())
