"""The SymPy rules: every op reads as a closed form, whose values are those of the reference engine."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.autodiff.symbolic_forms import closed_form, write_out
from backlit.autodiff.symbolic_functions import vocabulary
from backlit.autodiff.symbolic_numbers import evaluate_expression
from backlit.autodiff.symbolic_rules import SYMPY_RULES, exact_number
from backlit.errors import DifferentiationError, IndexRangeError
from backlit.graph import OPS
from harness.consumers import empty_cells
from harness.samples import cases

RANDOM = "random_bits"
CASES = [pytest.param(case, id=str(case)) for case in cases(("float64", "int64", "bool")) if case.op.name != RANDOM]

ROUNDING = 4 * np.finfo("float64").eps
"""Closed forms are exact to the last digit, so that all of the difference is the reference engine's rounding; a sum of
products may lose a digit more."""


def values_of(node, point):
    """The closed form of a node, evaluated element by element."""
    forms = write_out(node)
    numbers = {symbol: np.asarray(point[leaf])[place] for symbol, (leaf, place) in forms.places.items()}
    result = np.empty(node.shape)
    for place in np.ndindex(*node.shape):
        result[place] = evaluate_expression(forms.values[node][place], numbers)
    return result


def assert_agrees(node, point):
    want = np.asarray(node.evaluate(point)).astype("float64")
    np.testing.assert_allclose(values_of(node, point), want, rtol=8 * ROUNDING, atol=8 * ROUNDING)


def test_every_op_has_a_rule():
    assert empty_cells(OPS, {"closed forms": SYMPY_RULES}) == []


@pytest.mark.parametrize("case", CASES)
def test_a_closed_form_has_the_value_of_the_op(case):
    nodes, arrays = case.nodes(), case.arrays()
    node = case.op(*nodes, **case.sample.attributes)
    assert_agrees(node, {n: a for n, a in zip(nodes, arrays, strict=True) if isinstance(n, bl.graph.Input)})


@pytest.mark.parametrize("case", CASES)
def test_an_op_on_given_arrays_is_a_number(case):
    """Nothing is left open where every argument is a constant, and indices, masks and shapes are worked out."""
    node = case.op(*(bl.constant(a, dtype=a.dtype) for a in case.arrays()), **case.sample.attributes)
    assert_agrees(node, {})


@pytest.mark.parametrize("shape", [(), (2,), (0, 2)])
def test_a_random_draw_has_no_closed_form(shape):
    draw = bl.uniform(shape, rng=bl.Generator(0))
    with pytest.raises(DifferentiationError, match=r"<random_bits: uint32.*has no closed form") as caught:
        closed_form(draw)
    assert "not computed by a formula" in caught.value.why
    assert "bl.training()" in caught.value.instead
    assert caught.value.line[0] == __file__


labels = st.lists(st.integers(0, 2), min_size=4, max_size=4)


@given(labels=labels)
def test_an_index_may_be_a_symbol(labels):
    k = bl.input("k", (4,), "int64")
    x, m = bl.input("x", (3, 2), "float64"), bl.input("m", (3,), "bool")
    point = {k: np.array(labels), x: np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), m: np.array([True, False, True])}
    rows = bl.input("rows", (4, 2), "float64")
    for node in (bl.take(x, k), bl.one_hot(k, 3), bl.one_hot(k, 3, dtype="bool"), bl.take(m, k)):
        assert_agrees(node, {leaf: point[leaf] for leaf in point if leaf in bl.Graph(outputs=[node]).inputs})
    assert_agrees(bl.scatter_add(rows, k, size=3), {rows: np.arange(8.0).reshape(4, 2), k: np.array(labels)})


def test_a_symbolic_index_is_written_with_brackets():
    k, x = bl.input("k", (), "int64"), bl.input("x", (2,))
    assert str(closed_form(bl.take(x, k))) == "x[0]*[Eq(k, 0)] + x[1]*[Eq(k, 1)]"


@pytest.mark.parametrize("index", [-1, 3])
@pytest.mark.parametrize("name", ["take", "scatter_add", "one_hot"])
def test_an_index_out_of_range_is_an_error(name, index):
    i = bl.constant([0, index])
    node = {
        "take": lambda: bl.take(bl.input("x", (3,)), i),
        "scatter_add": lambda: bl.scatter_add(bl.input("x", (2,)), i, size=3),
        "one_hot": lambda: bl.one_hot(i, 3),
    }[name]()
    with pytest.raises(IndexRangeError, match=rf"{name}: the index {index} is out of range") as caught:
        closed_form(node)
    assert "numbered from 0 to 2" in caught.value.why


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (-3, "-3"),
        (0.5, "1/2"),
        (0.375, "3/8"),
        (-0.0, "0"),
        (np.float32(0.25), "1/4"),
        (np.int64(7), "7"),
        (True, "True"),
        (np.False_, "False"),
        (float("inf"), "oo"),
        (float("-inf"), "-oo"),
        (float("nan"), "nan"),
    ],
)
def test_simple_numbers_are_exact(value, text):
    assert str(exact_number(value)) == text


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_keeps_all_its_bits(value):
    number = exact_number(value)
    assert float(number) == value
    assert number.is_Rational or number.is_Float


def test_the_root_of_a_square_is_the_absolute_value_with_the_slope_that_was_chosen():
    x = bl.input("x", dtype="float64")
    form = closed_form(bl.sqrt(x * x))
    assert str(form) == "|x|"
    assert not form.atoms(sympy.Abs)
    with bl.subgradients(abs=0.5):
        tilted = closed_form((x * x) ** 1.5)
    (symbol,) = tilted.free_symbols
    assert not tilted.diff(symbol).diff(symbol).atoms(sympy.DiracDelta)
    with bl.subgradients(abs=0.5):
        assert closed_form(bl.sqrt(x * x)).diff(symbol).subs(symbol, 0) == sympy.Rational(1, 2)


def test_the_slopes_at_kinks_are_those_in_force_when_the_form_is_written():
    v, x = vocabulary(), bl.input("x")
    assert closed_form(bl.relu(x)).args[1] == 0
    with bl.subgradients("lectures"):
        assert closed_form(bl.relu(x)).args[1] == 1
        assert closed_form(bl.max(bl.input("z", (2,)))).args[0] == 0
    assert closed_form(bl.max(bl.input("z", (2,)))).args[0] == 1
    assert isinstance(closed_form(bl.maximum(x, 1.0)), v.maximum)


def test_what_is_finite_is_known_without_a_value():
    x = bl.input("x", (2,))
    assert closed_form(bl.isfinite(x)).tolist() == [True, True]
    assert closed_form(bl.isnan(x)).tolist() == [False, False]
    odd = bl.constant([np.nan, np.inf, 1.0])
    assert closed_form(bl.isfinite(odd)).tolist() == [False, False, True]
    assert closed_form(bl.isnan(odd)).tolist() == [True, False, False]


def test_a_single_number_is_padded_by_nothing():
    x = bl.input("x")
    assert str(closed_form(OPS["pad"](x, low=(), high=(), interior=()))) == "x"


def test_axes_may_be_counted_from_the_end():
    x = bl.input("x", (2, 2))
    assert str(closed_form(OPS["sum"](x, axes=(-1,)))[0]) == "x[0,0] + x[0,1]"
    assert str(closed_form(OPS["max"](x, axes=(1, 0)))) == "max(x[0,0], x[0,1], x[1,0], x[1,1])"
