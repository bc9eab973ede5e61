"""Simplification: equal, never longer, and soon done, whatever it is given."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from backlit.autodiff.symbolic_functions import vocabulary
from backlit.autodiff.symbolic_numbers import evaluate_expression
from backlit.autodiff.symbolic_simplify import HIGHEST_DEGREE, MOST_TERMS, count_operations, shorten
from backlit.autodiff.symbolic_text import write_text

V = vocabulary()
X, Y, W, B, T = sympy.symbols("x y w b t", real=True)
E = sympy.exp


@pytest.mark.parametrize(
    ("derived", "text"),
    [
        ((1 / (1 + E(-X))).diff(X), "σ(x) · (1 - σ(x))"),
        ((E(X) / (1 + E(X))).diff(X), "σ(x) - σ(x)²"),
        ((1 / (1 + E(X))).diff(X), "-σ(x) · (1 - σ(x))"),
        ((1 / (1 + E(-W * X - B))).diff(W), "x · σ(w · x + b) · (1 - σ(w · x + b))"),
        ((-sympy.log(1 / (1 + E(-W * X)))).diff(W), "-x · (1 - σ(w · x))"),
        (sympy.log(1 + E(X)).diff(X), "σ(x)"),
        (sympy.log(E(X) + E(Y)).diff(X), "exp(x) / (exp(x) + exp(y))"),
        ((Y * sympy.log(1 + E(-X)) + (1 - Y) * sympy.log(1 + E(X))).diff(X), "σ(x) - y"),
        ((1 / (1 + E(-2 * X)) ** 3).diff(X), "6 · σ(2 · x)³ · (1 - σ(2 · x))"),
        (-sympy.log(E(X) / (E(X) + E(Y))).diff(X), "-exp(y) / (exp(x) + exp(y))"),
        ((W**X).diff(W), "x · w^(x - 1)"),
        (X * Y + X * W + X * B, "x · (b + w + y)"),
        ((X**2 - Y**2) / (X - Y), "x + y"),
        (V.fixed(X) * 2, "2 · x"),
        (2 * X * X * W + X, "2 · w · x² + x"),
    ],
)
def test_short_forms(derived, text):
    assert write_text(shorten(derived)) == text


@pytest.mark.parametrize("search", [True, False])
def test_without_a_search_sigmoids_are_read_all_the_same(search):
    assert shorten((1 / (1 + E(-X))).diff(X), search=search) == V.sigmoid(X) * (1 - V.sigmoid(X))
    long = X * Y + X * W
    assert (shorten(long, search=search) == long) != search


@pytest.mark.parametrize(
    "expression",
    [1 / (2 + E(-X)), 1 + E(X), 1 / (1 + E(X) + E(Y)), E(-X) * Y, (1 + E(X)) ** -0.5, V.sigmoid(X) ** Y * E(X)],
)
def test_what_is_no_sigmoid_is_not_read_as_one(expression):
    assert shorten(expression) == expression


@pytest.mark.parametrize(
    "expression",
    [
        (X + Y + W + B + T) ** 60 + X,
        (X**100000 - 1) / (X - 1),
        sympy.prod([X + i for i in range(1, 40)]) + Y,
        X**0.123456789 + X**0.987654321 + X,
        sum(1 / (X + i * Y) for i in range(1, 30)),
        sympy.tanh(X * X + 1) / X + sympy.sin(sympy.cos(X) + X) ** 7 / (1 + X) ** 9,
        X ** (X ** (X**X)) * X**-1,
        1 / (1 + E(-sympy.prod([X + i * Y + W + B + T for i in range(1, 30)]))) * E(X),
    ],
)
def test_hard_expressions_are_not_factored(expression, monkeypatch):
    """What would take SymPy hours is never begun: beyond the bounds nothing is factored, and nothing ever expanded."""

    def never(*_, **__):
        raise AssertionError("this could take for ever")

    def bounded(fraction, factor=sympy.factor):
        for part in sympy.fraction(fraction):
            polynomial = sympy.Poly(part, *(part.free_symbols | {X}))
            assert len(polynomial.terms()) <= MOST_TERMS
            assert polynomial.total_degree() <= HIGHEST_DEGREE
        return factor(fraction)

    monkeypatch.setattr(sympy, "factor", bounded)
    for name in ("expand", "expand_mul", "cancel", "simplify", "nsimplify", "trigsimp"):
        monkeypatch.setattr(sympy, name, never)
    assert count_operations(shorten(expression)) <= count_operations(expression)


def test_polynomials_within_the_bounds_are_factored():
    assert shorten(sympy.expand((X + Y) ** HIGHEST_DEGREE)) == (X + Y) ** HIGHEST_DEGREE
    too_high = sympy.expand((X + Y) ** (HIGHEST_DEGREE + 1))
    assert shorten(too_high) != (X + Y) ** (HIGHEST_DEGREE + 1)
    symbols = sympy.symbols(f"a:{MOST_TERMS // 2}")
    square = sympy.expand((X + Y) * sum(symbols))
    assert shorten(square) == (X + Y) * sum(symbols)


atoms = st.sampled_from([X, Y, W, sympy.Integer(1), sympy.Integer(2), sympy.Rational(-1, 2)])
expressions = st.recursive(
    atoms,
    lambda inner: (
        st.builds(lambda a, b: a + b, inner, inner)
        | st.builds(lambda a, b: a * b, inner, inner)
        | st.builds(lambda a: 1 / (1 + E(-a)), inner)
        | st.builds(lambda a: E(-a), inner)
        | st.builds(lambda a: sympy.log(1 + a * a), inner)
        | st.builds(sympy.tanh, inner)
        | st.builds(lambda a: V.relu(a, 0), inner)
        | st.builds(V.sigmoid, inner)
        | st.builds(lambda a: 1 / (a * a + 1), inner)
    ),
    max_leaves=8,
)


@given(expression=expressions, search=st.booleans())
def test_a_short_form_is_equal_and_not_longer(expression, search):
    derived = expression.diff(X)
    short = shorten(derived, search=search)
    assert count_operations(short) <= count_operations(derived) + str(derived).count("-"), "signs may move"
    for point in ({X: 0.7, Y: -0.4, W: 1.3}, {X: -0.2, Y: 0.9, W: -0.6}):
        want = evaluate_expression(derived, point)
        assert evaluate_expression(short, point) == pytest.approx(want, rel=1e-12, abs=1e-30)


def test_operations_are_counted_as_sympy_counts_them():
    assert count_operations(X * Y - Y**2) == sympy.count_ops(X * Y - Y**2) == 3
    assert count_operations(X) == 0
