"""The words of closed forms: their values, their slopes, which SymPy finds from their pieces, and how they read."""

import math
import sys
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from backlit.autodiff.symbolic_functions import WORDS, compare, load_sympy, vocabulary
from backlit.errors import MissingExtraError

V = vocabulary()
X, Y, Z = sympy.symbols("x y z", real=True)
HALF = sympy.Rational(1, 2)

BENT = {
    "sigmoid": (X,),
    "absolute": (X, HALF),
    "relu": (X, HALF),
    "maximum": (X, Y, HALF),
    "minimum": (X, Y, HALF),
    "clip": (X, Y, Z, HALF),
    "largest": (1, X, Y, Z),
    "smallest": (0, X, Y, Z),
}
"""Every function that has a slope, with its arguments."""

FLAT = sorted(set(WORDS) - set(BENT))
fractions = st.fractions(-3, 3, max_denominator=8).map(lambda q: sympy.Rational(q.numerator, q.denominator))
distinct = st.lists(fractions, min_size=3, max_size=3, unique=True)


def test_every_function_that_is_not_flat_can_be_rewritten():
    assert {name for name, word in WORDS.items() if word.pieces} == set(BENT)


@pytest.mark.parametrize("name", sorted(set(BENT) - {"sigmoid"}))
@given(values=distinct)
def test_values_and_slopes_are_those_that_sympy_finds_from_the_pieces(name, values):
    """At distinct values no function of several is on a kink; those of one are at 0."""
    function = getattr(V, name)(*BENT[name])
    at = dict(zip((X, Y, Z), values, strict=True))
    if at[X] == 0:
        return
    pieces = function.rewrite(sympy.Piecewise)
    assert function.subs(at) == pieces.subs(at)
    for symbol in (X, Y, Z):
        assert function.diff(symbol).subs(at) == pieces.diff(symbol).subs(at)


def test_the_slope_of_the_sigmoid_is_proved_for_every_x():
    σ = V.sigmoid(X)
    difference = σ.diff(X).rewrite(sympy.Piecewise) - σ.rewrite(sympy.Piecewise).diff(X)
    assert sympy.simplify(difference) == 0


@pytest.mark.parametrize("name", FLAT)
def test_a_flat_function_has_slope_zero_and_stays_a_function(name):
    function = getattr(V, name)(X, Y) if name.startswith("arg") else getattr(V, name)(X)
    assert function.diff(X) == 0
    assert (X * function).diff(X) == function


@pytest.mark.parametrize("name", sorted(WORDS))
def test_no_derivative_of_any_order_is_left_open(name):
    """No Dirac delta, and nothing that SymPy could not differentiate."""
    arguments = BENT.get(name) or ((X, Y) if name.startswith("arg") else (X,))
    function = getattr(V, name)(*arguments) * X**2
    for _ in range(3):
        function = function.diff(X)
        assert not function.atoms(sympy.DiracDelta, sympy.Heaviside, sympy.Derivative, sympy.Subs)


@given(share=fractions.filter(lambda q: 0 <= q <= 1))
def test_at_a_kink_the_slope_is_the_one_that_was_chosen(share):
    def slope(function, symbol=X, **at):
        return function.diff(symbol).subs({X: 0, Y: 0, Z: 1} | {sympy.Symbol(k, real=True): v for k, v in at.items()})

    assert slope(V.relu(X, share)) == share
    assert slope(V.absolute(X, share)) == share
    assert (slope(V.maximum(X, Y, share)), slope(V.maximum(X, Y, share), Y)) == (share, 1 - share)
    assert (slope(V.minimum(X, Y, share)), slope(V.minimum(X, Y, share), Y)) == (share, 1 - share)
    assert (slope(V.clip(X, Y, Z, share)), slope(V.clip(X, Y, Z, share), Y)) == (share, 1 - share)
    assert (slope(V.clip(X, Y, Z, share), x=1), slope(V.clip(X, Y, Z, share), Z, x=1)) == (share, 1 - share)


def test_where_bounds_cross_the_upper_one_has_all_of_the_slope():
    clip = V.clip(X, Y, Z, 1)
    assert [clip.diff(s).subs({X: 0, Y: 2, Z: 1}) for s in (X, Y, Z)] == [0, 0, 1]


@pytest.mark.parametrize(("shared", "slopes"), [(1, [HALF, HALF, 0]), (0, [1, 0, 0])])
@pytest.mark.parametrize(("name", "third"), [("largest", 1), ("smallest", 3)])
def test_a_tie_is_shared_or_goes_to_the_first(name, third, shared, slopes):
    function = getattr(V, name)(shared, X, Y, Z)
    assert [function.diff(s).subs({X: 2, Y: 2, Z: third}) for s in (X, Y, Z)] == slopes


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("sigmoid", [0], HALF),
        ("sigmoid", [sympy.oo], 1),
        ("sigmoid", [-sympy.oo], 0),
        ("relu", [sympy.sqrt(2) - 2, 0], 0),
        ("relu", [sympy.nan, 0], sympy.nan),
        ("absolute", [-sympy.pi, 0], sympy.pi),
        ("maximum", [1, sympy.nan, HALF], sympy.nan),
        ("largest", [1, 3, 1, 2], 3),
        ("smallest", [1, 3, 1, 2], 1),
        ("argmax", [1, 3, 3], 1),
        ("argmin", [2, 1, 1], 1),
        ("clip", [5, 2, 1, 1], 1),
        ("sign", [-HALF], -1),
        ("sign", [0], 0),
        ("floor", [-HALF], -1),
        ("floor", [sympy.oo], sympy.oo),
        ("ceil", [HALF], 1),
        ("round", [HALF], 0),
        ("round", [3 * HALF], 2),
        ("round", [-5 * HALF], -2),
        ("round", [-7 * HALF], -4),
        ("round", [sympy.Rational(7, 3)], 2),
        ("truncate", [-3 * HALF], -1),
        ("truncate", [3 * HALF], 1),
        ("fixed", [3], 3),
        ("relu", [sympy.zoo, 0], sympy.nan),
        ("relu", [sympy.I, 0], sympy.nan),
    ],
)
def test_values_of_numbers(name, arguments, value):
    assert getattr(V, name)(*arguments) == value


def test_the_sigmoid_of_an_exact_number_stays_a_formula_and_of_a_float_becomes_a_float():
    assert V.sigmoid(1).func is V.sigmoid
    assert float(V.sigmoid(sympy.Float(1.0))) == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-15)


@given(x=st.fractions(-20, 20, max_denominator=20))
def test_rounding_agrees_with_pythons(x):
    number = sympy.Rational(x.numerator, x.denominator)
    assert V.round(number) == round(Fraction(x))
    assert V.truncate(number) == int(Fraction(x))


def test_brackets_are_one_or_zero():
    condition = X > 0
    assert V.bracket(sympy.true) == 1
    assert V.bracket(sympy.false) == 0
    assert V.bracket(condition) ** 3 == V.bracket(condition)
    assert (1 / V.bracket(condition)).is_Pow, "0 has no inverse"
    assert V.bracket(condition).diff(X) == 0
    assert V.holds("Gt", 2, 1) == 1


def test_choices():
    choice = V.choose(X > 0, X**2, sympy.sin(X))
    assert choice.diff(X) == V.choose(X > 0, 2 * X, sympy.cos(X))
    assert V.choose(sympy.true, X, Y) == X
    assert V.choose(sympy.false, X, Y) == Y
    assert V.choose(X > 0, Y, Y) == Y
    assert choice.diff(Y) == 0


@pytest.mark.parametrize(
    ("relation", "x", "y", "holds"),
    [
        ("Gt", 2, 1, True),
        ("Ge", 1, sympy.Float(1.0), True),
        ("Lt", sympy.sqrt(2), sympy.Rational(141, 100), False),
        ("Eq", sympy.Float(0.0), 0, True),
        ("Eq", sympy.Float(0.1), sympy.Rational(1, 10), False),
        ("Ne", 1, 2, True),
        ("Le", -sympy.oo, sympy.oo, True),
        ("Eq", sympy.oo, sympy.oo, True),
        ("Eq", sympy.nan, sympy.nan, False),
        ("Ne", sympy.nan, sympy.nan, True),
        ("Gt", sympy.nan, 0, False),
        ("Le", sympy.zoo, 0, False),
        ("Gt", sympy.I, 0, False),
        ("Eq", X, X, True),
        ("Gt", X, X, False),
    ],
)
def test_comparisons_of_numbers(relation, x, y, holds):
    assert compare(relation, x, y) == sympy.sympify(holds)


def test_comparisons_of_formulas_are_left_as_they_are():
    relation = compare("Gt", X**2 + 1, 0)
    assert relation.is_Relational, "SymPy could prove it, but what the graph asks is shown"
    assert str(relation) == "x**2 + 1 > 0"


@pytest.mark.parametrize("name", sorted(WORDS))
def test_every_function_is_written_in_text_and_in_latex(name):
    arguments = BENT.get(name) or ((X, Y) if name.startswith("arg") else (X,))
    function = getattr(V, name)(*arguments)
    text, latex = str(function), sympy.latex(function)
    assert "x" in text
    assert "1/2" not in text, "a slope at a kink is no part of the value"
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")
    assert "{0}" not in text + latex
    assert sympy.latex(function**2).count("2") == latex.count("2") + 1


def test_without_sympy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(MissingExtraError, match=r"symbolic differentiation needs the package SymPy") as caught:
        load_sympy()
    assert caught.value.instead == 'pip install "backlit[symbolic]"'
