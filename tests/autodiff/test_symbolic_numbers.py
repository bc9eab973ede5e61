"""Numbers out of formulas: exact where floats would overflow, cancel or divide by zero on the way."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from backlit.autodiff.symbolic_functions import vocabulary
from backlit.autodiff.symbolic_numbers import evaluate_expression

V = vocabulary()
X, Y = sympy.symbols("x y", real=True)
C = sympy.Symbol("c")


@pytest.mark.parametrize(
    ("expression", "x", "value"),
    [
        (X**2 - 3 * X / 7, 2.0, 4 - 6 / 7),
        (sympy.exp(X) / (sympy.exp(X) + sympy.exp(X - 1)), 1e4, 1 / (1 + math.exp(-1))),
        (sympy.log(sympy.exp(X) + 1), -60.0, math.log1p(math.exp(-60.0))),
        ((1 + X) - 1, 1e-20, 1e-20),
        (V.sigmoid(X), 1e6, 1.0),
        (V.sigmoid(X) * (1 - V.sigmoid(X)), 50.0, math.exp(-50.0) / (1 + math.exp(-50.0)) ** 2),
        (sympy.exp(X), 1e4, math.inf),
        (-sympy.exp(X), 1e4, -math.inf),
        (sympy.exp(-X), 1e4, 0.0),
        (sympy.exp(1) * sympy.pi * X, 1.0, math.e * math.pi),
        (X ** sympy.Rational(1, 3), 8.0, 2.0),
        (2**X, 0.5, math.sqrt(2)),
        (sympy.erf(X), 0.5, math.erf(0.5)),
        (sympy.tanh(X), 1000.0, 1.0),
        (V.floor(X) + V.bracket(sympy.Ge(X, 2)), 2.5, 3.0),
        (sympy.Abs(X) + sympy.sec(X), -1.0, 1 + 1 / math.cos(1.0)),
        (X**-1, math.inf, 0.0),
    ],
)
def test_values(expression, x, value):
    assert evaluate_expression(expression, {X: x}) == pytest.approx(value, rel=4e-16, abs=0.0)


@pytest.mark.parametrize(
    ("expression", "x"),
    [
        (1 / X, 0.0),
        (sympy.log(X), 0.0),
        (sympy.log(X), -1.0),
        (sympy.sqrt(X), -1.0),
        (sympy.asin(X), 2.0),
        (sympy.log(X) * V.bracket(X > 0), -1.0),
        (X ** sympy.Rational(1, 3), -8.0),
        (X - X**2, math.inf),
        (V.relu(X, 0), math.nan),
        (V.bracket(V.relu(1 / X, 0) > 0) / X, 0.0),
    ],
)
def test_where_a_formula_has_no_value_it_is_nan(expression, x):
    assert math.isnan(evaluate_expression(expression, {X: x}))


def test_what_leaves_the_real_numbers_does_not_come_back():
    root = sympy.Mul(sympy.sqrt(X - 1), sympy.sqrt(X - 1), evaluate=False)
    assert math.isnan(evaluate_expression(root, {X: 0.0})), "i times i is -1, but there is no such root"


def test_only_the_branch_that_is_taken_is_computed():
    choice = V.choose(X > 0, sympy.log(X), 1 / (X - 1))
    assert evaluate_expression(choice, {X: math.e}) == pytest.approx(1.0)
    assert evaluate_expression(choice, {X: 0.0}) == -1.0
    assert evaluate_expression(V.choose(C, X, Y), {C: True, X: 1.0, Y: 2.0}) == 1.0
    assert evaluate_expression(V.choose(C, X, Y), {C: np.False_, X: 1.0, Y: 2.0}) == 2.0


def test_conditions_are_one_or_zero():
    assert evaluate_expression(sympy.And(X > 0, C), {X: 1.0, C: True}) == 1.0
    assert evaluate_expression(sympy.Ne(X, 1), {X: 1.0}) == 0.0
    assert evaluate_expression(sympy.Lt(1 / X, 1), {X: 0.0}) == 0.0, "what has no value is in no order"


def test_a_shared_part_is_computed_once():
    """Written out, this formula has more operations than there are atoms in the sun."""
    form = X
    for _ in range(200):
        form = sympy.Add(form, sympy.sin(form), evaluate=False)
    value = 0.5
    for _ in range(200):
        value += math.sin(value)
    assert evaluate_expression(form, {X: 0.5}) == pytest.approx(value)


@given(x=st.floats(-1e3, 1e3), y=st.floats(-1e3, 1e3), n=st.integers(-3, 3))
def test_arithmetic_is_rounded_once(x, y, n):
    got = evaluate_expression(X**2 * Y / 3 - X + n, {X: x, Y: y})
    with_fractions = sympy.Rational(x) ** 2 * sympy.Rational(y) / 3 - sympy.Rational(x) + n
    assert got == float(with_fractions)


@pytest.mark.parametrize("number", [3, np.int64(3), np.float32(3.0), np.array(3.0)])
def test_numbers_of_any_kind_are_taken(number):
    assert evaluate_expression(X / 2, {X: number}) == 1.5
