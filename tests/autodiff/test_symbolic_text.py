"""The written form of closed forms: on one line and in LaTeX, and with names for what stands twice."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from backlit.autodiff.symbolic_functions import vocabulary
from backlit.autodiff.symbolic_text import name_shared_parts, write_latex, write_text

V = vocabulary()
X, Y, Z, W = sympy.symbols("x y z w", real=True)
θ = sympy.Symbol("θ1", real=True)
HALF = sympy.Rational(1, 2)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (2 * X**2 * θ + X, "2 · θ1 · x² + x"),
        (-X * V.sigmoid(Z) * (1 - V.sigmoid(Z)), "-x · σ(z) · (1 - σ(z))"),
        (Y - X * W, "y - w · x"),
        (-X - Y, "-x - y"),
        (X / (Y * Z), "x / (y · z)"),
        (-1 / X**2, "-1 / x²"),
        (X / 3, "x / 3"),
        (-2 * X / 3 + HALF, "1/2 - 2 · x / 3"),
        (sympy.Rational(-2, 3), "-2/3"),
        ((X + Y) ** 2, "(x + y)²"),
        (X**10 * Y, "y · x¹⁰"),
        (X**Y, "x^y"),
        (X ** (Y + 1), "x^(y + 1)"),
        (X ** (-Y), "x^(-y)"),
        ((X + 1) ** (HALF * 3), "(x + 1)^(3/2)"),
        (sympy.Integer(-2) ** X, "(-2)^x"),
        ((X**Y) ** sympy.Float(2.5), "(x^y)^2.5"),
        (sympy.sqrt(X), "√x"),
        (sympy.sqrt(X + 1), "√(x + 1)"),
        (1 / sympy.sqrt(sympy.pi), "1 / √π"),
        (V.relu(X, 0) ** 2, "max(0, x)²"),
        (sympy.exp(-(X**2)), "exp(-x²)"),
        (sympy.exp(1) * X, "e · x"),
        (sympy.log(X) + sympy.asin(Y), "ln(x) + arcsin(y)"),
        (sympy.Float(0.1) * X, "0.1 · x"),
        (X - sympy.Float(float(np.float32(0.1))), "x - 0.1"),
        (sympy.Float(1e-7) * X, "1e-07 · x"),
        (sympy.Float(-1.0) * X, "-x"),
        (sympy.Abs(X) * X, "x · |x|"),
        (V.absolute(X, 0), "|x|"),
        (V.bracket(X > 0) * Y, "y · [x > 0]"),
        (V.bracket(sympy.Eq(X, Y)), "[x = y]"),
        (V.bracket(sympy.And(X > 0, Y <= 1)), "[x > 0 and y ≤ 1]"),
        (V.bracket(sympy.Or(sympy.And(X > 0, Y > 0), sympy.Ne(X, 1))), "[(x > 0 and y > 0) or x ≠ 1]"),
        (V.bracket(sympy.Not(sympy.Symbol("c"))), "[not c]"),
        (V.choose(X > 0, X, -Y), "(x if x > 0, else -y)"),
        (2 * V.choose(X > 0, X, Y), "2 · (x if x > 0, else y)"),
        (V.clip(X, -1, 1, 1), "min(max(x, -1), 1)"),
        (V.largest(1, X, Y, Z), "max(x, y, z)"),
        (V.smallest(0, X, Y), "min(x, y)"),
        (V.floor(X), "⌊x⌋"),
        (sympy.oo, "∞"),
        (sympy.Integer(0), "0"),
    ],
)
def test_text(expression, text):
    assert write_text(expression) == text


def test_a_float_is_written_with_six_digits_and_keeps_all_of_them():
    expression = X * sympy.Float(1 / 3)
    assert write_text(expression) == "0.333333 · x"
    assert "0.333333 x" in write_latex(expression)


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        (2 * X**2 * θ + X, r"2 \theta_{1} x^{2} + x"),
        (X * V.sigmoid(Z) * (1 - V.sigmoid(Z)), r"x \sigma\left(z\right) \left(1 - \sigma\left(z\right)\right)"),
        ((X + Y) / 2, r"\frac{x}{2} + \frac{y}{2}"),
        (-X / (Y * Z), r"-\frac{x}{y z}"),
        (1 / X, r"\frac{1}{x}"),
        ((X + Y) / Z, r"\frac{x + y}{z}"),
        (V.sigmoid(X) ** 2, r"\sigma\left(x\right)^{2}"),
        (V.bracket(X >= 0), r"\left[x \geq 0\right]"),
        (sympy.log(X), r"\ln{\left(x \right)}"),
        (sympy.atan(X), r"\arctan{\left(x \right)}"),
        (3 * 2**X, r"3 \cdot 2^{x}"),
        (sympy.Float(1e-7) * X, r"1 \cdot 10^{-7} x"),
    ],
)
def test_latex(expression, latex):
    assert write_latex(expression) == latex


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("x", "x"),
        ("x1", "x_{1}"),
        ("x_1", "x_{1}"),
        ("θ", r"\theta"),
        ("λ2", r"\lambda_{2}"),
        ("W[0,2]", "W_{0,2}"),
        ("w1[3]", "{w_{1}}_{3}"),
        ("loss", r"\mathrm{loss}"),
        ("layer_norm", r"\mathrm{layer\_norm}"),
        ("0.weight[1,2]", r"\mathrm{0.weight}_{1,2}"),
        ("7", "7"),
        ("Γ", "Γ"),
    ],
)
def test_names_in_latex(name, latex):
    assert write_latex(sympy.Symbol(name)) == latex


def test_arrays():
    vector, matrix = np.array([X, Y / 2], dtype=object), np.array([[X, Y], [Z, W]], dtype=object)
    assert write_text(vector) == "[x, y / 2]"
    assert write_text(matrix) == "[[x, y], [z, w]]"
    assert write_latex(vector) == r"\begin{bmatrix} x \\ \frac{y}{2} \end{bmatrix}"
    assert write_latex(matrix) == r"\begin{bmatrix} x & y \\ z & w \end{bmatrix}"
    assert write_latex(matrix[None]) == rf"\left[{write_latex(matrix)}\right]"
    assert write_text(np.array(X, dtype=object)) == write_latex(np.array(X, dtype=object)) == "x"
    assert write_text(np.empty(0, dtype=object)) == "[]"


atoms = st.sampled_from([X, Y, Z, W, sympy.Integer(2), sympy.Rational(-1, 2), sympy.Integer(-3)])
expressions = st.recursive(
    atoms,
    lambda inner: (
        st.builds(lambda a, b: a + b, inner, inner)
        | st.builds(lambda a, b: a * b, inner, inner)
        | st.builds(V.sigmoid, inner)
        | st.builds(lambda a, n: a**n, inner.filter(lambda e: e != 0), st.sampled_from([2, 3, -1, -2]))
    ),
    max_leaves=12,
)


@given(expression=expressions)
def test_the_text_says_what_the_expression_is(expression):
    """Read back by SymPy's parser, with the signs of the blackboard translated, it is the same expression."""
    text = write_text(expression).replace("·", "*").replace("σ", "sigmoid")
    for digit, raised in zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True):
        text = text.replace(raised, f"^{digit}")
    known = {"sigmoid": V.sigmoid, "x": X, "y": Y, "z": Z, "w": W}
    back = sympy.parse_expr(text.replace("^", "**"), local_dict=known)
    point = {X: 0.3, Y: -0.7, Z: 1.1, W: 0.9}
    assert complex(back.subs(point)) == pytest.approx(complex(expression.subs(point)), rel=1e-9)


@given(expression=expressions)
def test_latex_has_its_braces_in_pairs(expression):
    latex = write_latex(expression)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")


def chain(depth):
    form = X
    for i in range(depth):
        form = V.sigmoid(sympy.Symbol(f"w{i + 1}", real=True) * form)
    return form


def test_what_stands_twice_gets_a_name():
    slope = chain(3).diff(sympy.Symbol("w1", real=True))
    (text,), parts = name_shared_parts([slope], {})
    assert {write_text(name): write_text(part) for name, part in parts.items()} == {
        "z1": "w1 · x",
        "z2": "w2 · σ(z1)",
        "z3": "w3 · σ(z2)",
    }
    assert "σ(z3) · (1 - σ(z1))" in write_text(text)
    assert [str(name) for name in parts] == ["z1", "z2", "z3"], "inner ones first"


def test_names_that_parts_have_are_kept_and_names_that_are_taken_are_not_given():
    shared = sympy.sin(X * Z) * sympy.cos(X * Z)
    (text,), parts = name_shared_parts([shared], {})
    assert [str(name) for name in parts] == ["zz"], "z is taken"
    (text,), parts = name_shared_parts([shared], {X * Z: "area"})
    assert write_text(text) == "cos(area) · sin(area)"
    assert {str(name): part for name, part in parts.items()} == {"area": X * Z}


def test_what_stands_once_stays_where_it_is():
    once = sympy.sin(X * Y) + X
    assert name_shared_parts([once], {X * Y: "z"}) == ([once], {})
    assert name_shared_parts([], {}) == ([], {})


def test_parts_are_shared_between_expressions_and_conditions():
    texts, parts = name_shared_parts([V.bracket(X * Y > 0), sympy.tanh(X * Y)], {})
    assert [write_text(text) for text in texts] == ["[z > 0]", "tanh(z)"]
    assert [write_text(part) for part in parts.values()] == ["x · y"]


@given(expression=expressions)
def test_names_put_back_give_the_expression(expression):
    derivative = V.sigmoid(expression).diff(X) * V.sigmoid(expression) ** 2
    (text,), parts = name_shared_parts([derivative], {})
    for name, part in reversed(parts.items()):
        text = text.xreplace({name: part})
    point = {X: 0.3, Y: -0.7, Z: 1.1, W: 0.9}
    assert complex(text.subs(point)) == pytest.approx(complex(derivative.subs(point)), rel=1e-9, abs=1e-300)
