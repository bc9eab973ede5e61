"""Closed forms: symbols for leaves, numbers for constants, and an end to what swells."""

import sys

import numpy as np
import pytest
import sympy

import backlit as bl
from backlit.autodiff.symbolic_forms import (
    LONGEST_FORM,
    closed_form,
    element_text,
    too_deep,
    too_long,
    tree_size,
    write_out,
)
from backlit.autodiff.symbolic_text import write_text
from backlit.errors import DifferentiationError, DTypeError, MissingExtraError, ShapeError

X, T = sympy.symbols("x t", real=True)


def test_leaves_are_symbols_and_constants_are_numbers():
    x, θ = bl.input("x"), bl.parameter(3.0, name="θ")
    form = closed_form(0.5 * θ * x + bl.constant(2.0))
    assert str(form) == "x*θ/2 + 2"
    assert {str(symbol): symbol.is_real for symbol in form.free_symbols} == {"x": True, "θ": True}


def test_elements_are_symbols_named_by_their_index():
    w = bl.input("W", shape=(2, 2))
    forms = closed_form(w @ bl.constant([1.0, 2.0]))
    assert forms.shape == (2,)
    assert [str(form) for form in forms] == ["W[0,0] + 2*W[0,1]", "W[1,0] + 2*W[1,1]"]
    assert closed_form(w).shape == (2, 2)


def test_whole_numbers_and_truths_are_symbols_of_their_kind():
    k, c = bl.input("k", (), "int64"), bl.input("c", (), "bool")
    assert closed_form(k).is_integer
    assert str(closed_form(bl.cast(c, "float32") * 2.0)) == "2*[c]"
    assert str(closed_form(bl.cast(bl.input("x"), "int64"))) == "truncate(x)"


def test_each_leaf_has_a_symbol_of_its_own():
    first, second, nameless = bl.input("w"), bl.input("w"), bl.parameter(1.0)
    assert str(closed_form(first * second)) == "w*w_2"
    assert str(closed_form(nameless * bl.input("x"))) == "p1*x"
    assert str(closed_form(bl.input("w_2") * first * second)) == "w*w_2*w_3"


def test_symbols_may_be_given_for_any_node():
    x, w = bl.input("x"), bl.parameter([1.0, 2.0], name="w")
    z = bl.sum(w) * x
    assert closed_form(bl.tanh(z), symbols={z: T}) == sympy.tanh(T)
    assert closed_form(z, symbols={w: w.value}) == 3 * sympy.Symbol("x", real=True)
    assert closed_form(z, symbols={w: [T, 1], x: X}) == X * (T + 1)
    assert closed_form(bl.tanh(z), symbols={z: "t"}) == sympy.tanh(T)


@pytest.mark.parametrize("given", [T, [T], [[T, T]]])
def test_symbols_have_the_shape_of_their_node(given):
    w = bl.parameter([1.0, 2.0], name="w")
    with pytest.raises(ShapeError, match=r"<parameter 'w': float32.2.> was given symbols of shape \[") as caught:
        closed_form(bl.sum(w), symbols={w: given})
    assert caught.value.line[0] == __file__
    assert "[2]" in caught.value.instead


@pytest.mark.parametrize("given", [None, {"x": 1}])
def test_what_is_no_symbol_is_refused(given):
    x = bl.input("x")
    with pytest.raises(DTypeError, match="cannot stand for a node in a formula"):
        closed_form(x, symbols={x: given})


def test_a_name_given_is_never_run_as_code():
    x = bl.input("x")
    (symbol,) = closed_form(x * x, symbols={x: "__import__('os')"}).free_symbols
    assert symbol.name == "__import__('os')"


def test_N4_the_net_of_the_traffic_data_as_a_function_of_the_hour():
    model = bl.nn.ThreeNeuron.with_weights(w11=0.4, b11=-5.9, w12=-0.6, b12=5.2, w21=-1, w22=-1, b21=5.1)
    x = bl.input("x", (1, 1))
    values = {p: np.round(p.value.astype("float64"), 6) for p in model.parameters().values()}
    form = closed_form(bl.sum(model(x)), symbols={**values, x: [[X]]})
    assert write_text(form) == "5.1 - max(0, 5.2 - 0.6 · x) - max(0, 0.4 · x - 5.9)"
    for hour, want in [(0, -0.1), (5, 2.9), (10, 5.1), (20, 3.0), (24, 1.4)]:
        assert float(form.subs(X, hour)) == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize(
    ("composite", "text"),
    [
        (bl.softmax, "exp(z[0]) / (exp(z[0]) + exp(z[1]))"),
        (bl.log_softmax, "z[0] - ln(exp(z[0]) + exp(z[1]))"),
        (lambda z: bl.logsumexp(z, axis=0, keepdims=True), "ln(exp(z[0]) + exp(z[1]))"),
    ],
)
def test_scores_are_not_shifted_in_a_formula(composite, text):
    assert write_text(closed_form(composite(bl.input("z", (2,)))[0])) == text


def test_a_shift_of_the_users_own_is_kept():
    z = bl.input("z", (2,))
    powers = bl.exp(z - bl.stop_gradient(bl.max(z)))
    assert "fixed(max(z[0], z[1]))" in write_text(closed_form(powers[0]))
    with bl.scope("softmax"):
        own = bl.where(z > 0.0, bl.stop_gradient(z), 0.0)
    assert write_text(closed_form(own[0])) == "(fixed(z[0]) if z[0] > 0, else 0)"


def test_names_of_nodes_name_parts_of_the_formula():
    x = bl.input("x", (2,))
    z = (x * 2.0).named("z")
    names = write_out(bl.sum(z).named("total")).names()
    assert {str(part): name for part, name in names.items()} == {
        "2*x[0]": "z[0]",
        "2*x[1]": "z[1]",
        "2*x[0] + 2*x[1]": "total",
    }


def test_every_symbol_knows_its_place():
    x, w = bl.input("x"), bl.parameter([1.0, 2.0], name="w")
    places = write_out(bl.sum(w * x)).places
    assert {str(symbol): place for symbol, place in places.items()} == {
        "x": (x, ()),
        "w[0]": (w, (0,)),
        "w[1]": (w, (1,)),
    }


def test_what_swells_is_refused_before_it_fills_the_memory():
    x = y = bl.input("x")
    for _ in range(100):
        y = y * y + y
    with pytest.raises(DifferentiationError, match="takes more than 20,000 operations") as caught:
        closed_form(y.named("y"))
    assert "<add 'y': float32[]>" in caught.value.what
    assert "expression swells" in caught.value.why
    assert "bl.grad" in caught.value.instead
    assert caught.value.line[0] == __file__
    assert closed_form(x * x + x) == X * X + X


@pytest.mark.parametrize(
    "build",
    [
        lambda: bl.sum(bl.input("x", (LONGEST_FORM + 1,))),
        lambda: bl.input("x", (32, 784)) @ bl.parameter(np.ones((784, 300))),
        lambda: bl.broadcast_to(bl.input("x"), (200, 200)),
    ],
)
def test_arrays_too_large_to_be_written_are_refused_at_once(build, monkeypatch):
    monkeypatch.setattr(sympy, "Add", None)  # nothing is added up
    with pytest.raises(DifferentiationError, match="takes more than"):
        closed_form(build())


def test_what_is_too_deep_for_sympy_is_refused():
    y = bl.input("x")
    for _ in range(3000):
        y = bl.sin(y)
    with pytest.raises(DifferentiationError, match="nested too deeply") as caught:
        closed_form(y)
    assert "recursion" in caught.value.why
    assert caught.value.line[0] == __file__


def test_sizes_are_counted_as_written_but_shared_parts_looked_at_once():
    form = X
    for _ in range(100):
        form = sympy.Add(sympy.sin(form), sympy.cos(form), evaluate=False)
    assert tree_size([form]) == 3 * (2**100 - 1)
    assert tree_size([X, X * T, X + T + 1]) == 0 + 1 + 2


def test_the_errors_name_what_they_refuse():
    assert too_long("it").what == "it takes more than 20,000 operations"
    assert "<input 'x': float32[]>" in too_deep(bl.input("x")).what


def test_elements_are_named_as_everywhere():
    assert [element_text("w", place) for place in [(), (3,), (0, 2)]] == ["w", "w[3]", "w[0,2]"]


def test_without_sympy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(MissingExtraError, match="needs the package SymPy"):
        closed_form(bl.input("x"))
