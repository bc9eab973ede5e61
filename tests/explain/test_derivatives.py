"""Derivatives side by side: they agree where they should, disagree where one is wrong, and cost what they cost."""

import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import (
    ArgumentError,
    BindingError,
    DisconnectedError,
    DTypeError,
    MissingExtraError,
    NotScalarError,
)
from backlit.explain import derivatives
from backlit.explain.derivatives import compare_derivatives

METHODS = ["symbolic", "numerical", "forward mode", "reverse mode"]


def test_all_methods_agree_on_a_net():
    rng = np.random.default_rng(0)
    x, w, b = (bl.input(n, shape=s) for n, s in [("x", (3,)), ("w", (3,)), ("b", ())])
    loss = bl.sigmoid(bl.sum(x * w) + b).named("y")
    at = {"x": rng.normal(size=3), "w": rng.normal(size=3), "b": 0.3}
    compared = compare_derivatives(loss, at)
    assert compared.agrees
    assert [row.method for row in compared.rows] == METHODS
    assert all(set(row.values) == {"x", "w", "b"} for row in compared.rows)
    assert compared.value == pytest.approx(1 / (1 + math.exp(-(at["x"] @ at["w"] + 0.3))), rel=1e-12)


@given(st.floats(0.2, 2.0), st.floats(-2.0, 2.0))
def test_they_agree_at_any_point(a, x):
    function = bl.input("a") * bl.sin(bl.input("x") * 3.0)
    assert compare_derivatives(function, {"a": a, "x": x}).agrees


def test_a_derivative_by_hand_that_is_wrong_is_told():
    x = bl.input("x")
    wrong = compare_derivatives(x * x, {"x": 3.0}, manual={"x": 3.0 * x})
    assert not wrong.agrees
    assert not wrong["by hand"].agrees
    assert wrong["by hand"].error == pytest.approx(0.5)
    assert wrong["symbolic"].agrees


@pytest.mark.parametrize("given_as", ["node", "function", "number"])
def test_a_derivative_by_hand_is_a_node_a_function_or_a_number(given_as):
    x = bl.input("x")
    manual = {"node": 2.0 * x, "function": lambda values: 2.0 * values["x"], "number": 6.0}[given_as]
    row = compare_derivatives(x * x, {x: 3.0}, manual={x: manual})["by hand"]
    assert row.agrees
    assert (row.operations is None) == (given_as != "node")


def test_forward_mode_pays_for_every_number_and_reverse_mode_once():
    w = bl.parameter(np.linspace(0.1, 1.0, 40), name="w")
    compared = compare_derivatives(bl.sum(bl.tanh(w) * w))
    assert compared["forward mode"].operations > 20 * compared["reverse mode"].operations
    assert "40 passes, one for each number" in compared["forward mode"].note


def test_formulas_swell():
    x = bl.input("x")
    y = x
    for _ in range(3):
        y = bl.sigmoid(y * y)
    note = compare_derivatives(y, {"x": 0.5})["symbolic"].note
    raw, rest = note.split(" operations as derived")
    assert int(raw) > 10
    assert rest.endswith("f itself has 6")


def test_only_the_leaves_asked_for_are_compared():
    x, w, v = bl.input("x"), bl.parameter(2.0, name="w"), bl.parameter(3.0, name="v")
    function = x * w * v
    assert set(compare_derivatives(function, {"x": 1.0})["reverse mode"].values) == {"w", "v"}
    assert set(compare_derivatives(function, {"x": 1.0}, sources=["v", x])["reverse mode"].values) == {"v", "x"}


def test_at_a_kink_reverse_and_forward_mode_agree():
    x = bl.input("x")
    compared = compare_derivatives(bl.relu(x), {"x": 0.0})
    assert compared["forward mode"].agrees
    assert float(compared["numerical"].values["x"]) == 0.5, "the mean of both sides: a difference cannot see a kink"
    assert not compared.agrees


def test_without_sympy_the_row_says_what_to_install(monkeypatch):
    def missing():
        raise MissingExtraError("SymPy", "symbolic", "symbolic differentiation")

    monkeypatch.setattr(derivatives, "load_sympy", missing)
    x = bl.input("x")
    compared = compare_derivatives(x * x, {"x": 3.0})
    assert 'pip install "backlit[symbolic]"' in compared["symbolic"].note
    assert not compared["symbolic"].values
    assert compared.agrees, "a method that could not be used disagrees with nobody"


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda x: compare_derivatives(bl.stack([x, x]), {"x": 1.0}), NotScalarError, "not a single number"),
        (lambda x: compare_derivatives(bl.cast(x, "int64"), {"x": 1.0}), DTypeError, "has no derivative"),
        (lambda x: compare_derivatives(x * x, {}), BindingError, "no value was given"),
        (lambda x: compare_derivatives(x * x, {"x": 1.0}, sources=["y"]), DisconnectedError, "the leaf 'y'"),
        (lambda x: compare_derivatives(x * x, {"x": 1.0}, manual={"x": [1.0, 2.0]}), ArgumentError, r"shape \[2\]"),
        (
            lambda x: compare_derivatives(x * x, {"x": 1.0}, manual={"x": 1.0}, sources=["x", "x"])["graph"],
            ArgumentError,
            "there is no method 'graph'",
        ),
        (
            lambda x: compare_derivatives(x * x, {"x": 1.0}, manual={"x": bl.input("u")}),
            BindingError,
            "on which the function does not",
        ),
        (
            lambda x: compare_derivatives(bl.sum(bl.parameter(np.ones(600), name="w")) * x, {"x": 1.0}),
            ArgumentError,
            "hold 600 numbers, and at most 512",
        ),
        (
            lambda x: compare_derivatives(
                x * bl.parameter(1.0, name="w"), {"x": 1.0}, manual={"w": 1.0}, sources=["x"]
            ),
            DisconnectedError,
            "the leaf 'w'",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(build, error, message):
    with pytest.raises(error, match=message):
        build(bl.input("x"))


def test_where_a_formula_would_be_too_long_the_row_says_so():
    y = bl.input("x")
    for _ in range(300):
        y = bl.sigmoid(y)
    compared = compare_derivatives(y, {"x": 0.5})
    assert not compared["symbolic"].values
    assert compared["symbolic"].note
    assert compared["forward mode"].agrees


@pytest.mark.parametrize(
    ("function", "note"),
    [
        (bl.log, "f is -inf here: its derivatives mean nothing"),
        (lambda x: bl.log(x - 1.0), "f is nan here: its derivatives mean nothing"),
        (bl.sqrt, "∂f/∂x is not finite"),
        (bl.relu, "f has a kink at x: 0 on the left, 1 on the right"),
        (bl.abs, "f has a kink at x: -1 on the left, 1 on the right"),
    ],
)
def test_a_point_without_a_slope_is_told_and_every_view_of_it_works(function, note):
    x = bl.parameter(0.0, name="x")
    compared = bl.compare_derivatives(function(x).named("f"), manual={"x": 0.0})
    assert compared.notes == (note,)
    assert f"note: {note}" in str(compared)
    ET.fromstring(compared.svg)
    assert compared.latex()
    assert "nan,nan" not in compared.svg


def test_where_there_is_nothing_special_there_is_no_note():
    x = bl.parameter(0.3, name="x")
    assert bl.compare_derivatives(bl.exp(bl.sin(x) * 3.0).named("f")).notes == ()


def test_leaves_of_one_name_are_told_apart():
    f = (bl.parameter(2.0, name="a") * bl.parameter(3.0, name="a")).named("f")
    compared = bl.compare_derivatives(f, manual={"a": 3.0, "a_2": 2.0})
    assert {name: float(value) for name, value in compared["reverse mode"].values.items()} == {"a": 3.0, "a_2": 2.0}
    assert compared.agrees
    assert not bl.compare_derivatives(f, manual={"a": 2.0, "a_2": 3.0}).agrees


def test_a_derivative_by_hand_is_judged_as_exactly_as_the_graph_is_written():
    for dtype, agrees in (("float32", True), ("float64", False)):
        with bl.precision(dtype):
            f = (bl.parameter(2.0, name="x") * 0.1).named("f")
        assert bl.compare_derivatives(f, manual={"x": 0.1 + 2e-9}).agrees == agrees


@pytest.mark.parametrize("given", ["y", None, [None], 1j])
def test_a_derivative_by_hand_that_is_no_number_is_refused(given):
    with pytest.raises(ArgumentError, match="the derivative by hand for x is"):
        bl.compare_derivatives(bl.parameter(2.0, name="x") * 3.0, manual={"x": given})
