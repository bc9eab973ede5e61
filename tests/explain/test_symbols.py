"""Every op has a sign; numbers are written short, and never wrongly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import backlit as bl
from backlit.explain.symbols import (
    COMMUTATIVE,
    SYMBOLS,
    short_gradient,
    short_number,
    short_value,
    symbol_of,
)
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


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1 / 3, "0.3333"),
        (-12345.678, "-1.235e+04"),
        (1e-9, "1e-09"),
        (7, "7"),
        (np.int64(-3), "-3"),
        (True, "true"),
        (np.bool_(False), "false"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float32(0.1), "0.1"),
    ],
)
def test_a_number_has_four_digits(number, text):
    assert short_number(number) == text


@given(st.floats(-1e308, 1e308))
def test_a_short_number_is_near_the_number(number):
    assert float(short_number(number)) == pytest.approx(number, rel=5.1e-4, abs=0)


@pytest.mark.parametrize(
    ("array", "value", "gradient"),
    [
        (np.array(2.5), "2.5", "2.5"),
        (np.zeros((0, 3)), "empty", "empty"),
        (np.array([[[7.0]]]), "7", "7"),
        (np.array([1.0, -2.0]), "[1, -2]", "[1, -2]"),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), "[[1, 2], [3, 4]]", "[[1, 2], [3, 4]]"),
        (np.array([[1.0], [2.0]]), "[[1], [2]]", "[[1], [2]]"),
        (np.arange(6.0), "mean 2.5", "norm 7.416"),
        (np.array([1.0, 2.0, np.nan, np.inf, 0.0]), "2 of 5 not finite", "2 of 5 not finite"),
        (np.arange(-2, 9), "-2 … 8", "-2 … 8"),
        (np.array([True, False, True, True, False]), "3 of 5 true", "3 of 5 true"),
        (np.array([True, False]), "[true, false]", "[true, false]"),
    ],
)
def test_an_array_is_written_short(array, value, gradient):
    assert (short_value(array), short_gradient(array)) == (value, gradient)


def test_a_sum_of_many_float32_is_exact():
    assert short_value(np.full(10**6, 0.1, np.float32)) == "mean 0.1"
    assert short_gradient(np.full(10**4, 1e30, np.float32)) == "norm 1e+32"


@given(hnp.arrays(st.sampled_from([np.float32, np.int8, np.bool_]), hnp.array_shapes(min_dims=0, min_side=0)))
def test_any_array_has_a_short_text_on_one_line(array):
    assert len(short_value(array)) <= 60
    assert short_value(array).isprintable()


def test_an_array_of_many_axes_is_written():
    assert short_value(np.ones((1,) * 30 + (2,))) == "[1, 1]"


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
