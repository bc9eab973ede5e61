"""Formulas: numbers in six digits, templates filled so that they mean what they say, names of elements."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.explain.narration.formulas import (
    broadcast_element,
    local_formula,
    names_of,
    number_formula,
    numbers_of,
    value_formula,
)
from backlit.explain.narration.phrases import PHRASES, Way, fill
from backlit.explain.numerals import format_number
from harness.formulas import calculate

NUMBERS = st.floats(-100, 100).map(lambda x: round(x, 3))


@pytest.mark.parametrize("name", sorted(name for name, phrase in PHRASES.items() if phrase.way is Way.EACH))
@given(x=NUMBERS, y=NUMBERS, z=NUMBERS, out=NUMBERS)
def test_a_filled_template_means_the_same_as_the_template(name, x, y, z, out):
    """Whatever the signs: a formula with numbers is computed to what the formula with names gives."""
    numbers = [format_number(number) for number in (x, y, z)]
    values = {"x": float(numbers[0]), "y": float(numbers[1]), "z": float(numbers[2]), "out": float(format_number(out))}
    truth = {letter: bool(value > 0) for letter, value in values.items()}
    words = name.startswith("logical")
    for template in (PHRASES[name].value, *PHRASES[name].local):
        if not template:
            continue
        chosen = truth if words else values | ({"x": truth["x"]} if name == "where" else {})
        texts = [format_number(chosen[letter]) for letter in "xyz"]
        told = calculate(fill(template, texts, format_number(out)))
        assert told == pytest.approx(calculate(fill(template, ["x", "y", "z"], "out"), **chosen), nan_ok=True)


@pytest.mark.parametrize(
    ("shape", "element", "own"),
    [
        ((), (4, 2), ()),
        ((3,), (4, 2), (2,)),
        ((1,), (4, 2), (0,)),
        ((1, 3), (4, 2), (0, 2)),
        ((5, 1), (4, 2), (4, 0)),
        ((), (), ()),
    ],
)
def test_broadcasting_finds_the_element_of_an_argument(shape, element, own):
    assert broadcast_element(shape, element) == own


@given(st.data())
def test_broadcasting_agrees_with_numpy(data):
    shape = data.draw(st.lists(st.integers(1, 3), max_size=3).map(tuple))
    own = tuple(data.draw(st.sampled_from([n, 1])) for n in shape)[data.draw(st.integers(0, len(shape))) :]
    element = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    places = np.arange(math.prod(own)).reshape(own)
    assert places[broadcast_element(own, element)] == np.broadcast_to(places, shape)[element]


@pytest.fixture
def run():
    x, w = bl.input("x", shape=(2, 3)), bl.parameter([[-1.0], [2.0]], name="w")
    z = (x * w).named("z")
    return bl.trace(bl.sum(z + 2.0).named("L"), {"x": [[1.0, -2.0, 3.0], [4.0, 5.0, 6.0]]})


def test_names_and_numbers_are_those_of_the_elements_that_are_met(run):
    z = run.graph["z"]
    assert names_of(run, z, (1, 2)) == ["x[1,2]", "w[1,0]"]
    assert numbers_of(run, z, (1, 2)) == ["6", "2"]
    assert names_of(run, z, None) == ["x", "w"]
    assert value_formula(run, z, (0, 1)) == "x[0,1] · w[0,0]"
    assert number_formula(run, z, (0, 1)) == "-2 · (-1)"
    assert local_formula(run, z, 0, (0, 1)) == "w[0,0]"


def test_a_constant_without_a_name_is_its_number(run):
    shifted = run["z"].edges_out[0].edge.consumer
    assert value_formula(run, shifted) == "z + 2"
    assert value_formula(run, shifted, (0, 0)) == "z[0,0] + 2"


def test_a_named_constant_and_an_array_keep_their_names():
    c, d = bl.constant(2.0, name="c"), bl.constant([1.0, 2.0])
    y = (bl.parameter([3.0, 4.0], name="w") * c + d).named("y")
    run = bl.trace(bl.sum(y))
    (label,) = [name for node, name in run.labels.items() if node is d]
    assert value_formula(run, y.arguments[0]) == "w · c"
    assert value_formula(run, y, (1,)).endswith(f"+ {label}[1]")


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (bl.sum, "sum of x"),
        (lambda x: bl.sum(bl.sum(x, axis=1)), "sum of x along axis 1"),
        (lambda x: bl.sum(bl.max(bl.stack([x, x]), axis=(0, 2))), "largest of s along axes 0, 2"),
        (lambda x: bl.sum(bl.cumulative_sum(x, axis=0)), "running sum of x along axis 0"),
        (lambda x: bl.sum(bl.cast(bl.argmin(x, axis=1), "float32")), "place of the smallest of x along axis 1"),
        (lambda x: bl.sum(bl.concat([x, x, x])), "x followed by x followed by x"),
        (lambda x: bl.sum(bl.where(x > 0.0, x, -x)), "x > 0"),
        (lambda x: bl.sum(bl.stop_gradient(x)), "x, held fixed"),
    ],
)
def test_the_formula_of_a_value_says_along_which_axes_and_of_how_many(function, text):
    x = bl.parameter([[1.0, 2.0], [3.0, 4.0]], name="x")
    run = bl.trace(function(x))
    formulas = [value_formula(run, record.node) for record in run.nodes if record.edges_in]
    if " of s " in text:
        label = next(record.name for record in run.nodes if record.kind == "concat")
        text = text.replace(" s ", f" {label} ")
    assert text in formulas


@pytest.mark.parametrize(
    ("exponent", "text"),
    [(2.0, "2 · x"), (3.0, "3 · x^2"), (0.5, "0.5 · x^(-0.5)"), (-1.0, "-1 · x^(-2)"), (1.0, "1 · x^0")],
)
def test_the_power_rule_is_written_as_it_is_taught(exponent, text):
    x = bl.parameter(4.0, name="x", dtype="float64")
    y = (x**exponent).named("y")
    run = bl.trace(y)
    assert local_formula(run, y, 0) == text
    assert calculate(text, x=4.0) == pytest.approx(float(run["x"].grad), rel=1e-12)


def test_the_power_rule_with_a_base_below_0_and_with_an_exponent_that_is_no_number():
    y = (bl.constant(-3.0) ** bl.constant(3.0)).named("y")
    run = bl.trace(y)
    assert local_formula(run, y, 0) == "3 · (-3)^2"
    z = (bl.parameter(2.0, name="x") ** bl.parameter(3.0, name="n")).named("z")
    assert [local_formula(bl.trace(z), z, i) for i in (0, 1)] == ["n · x^(n - 1)", "x^n · ln(x)"]


def test_what_only_passes_a_number_on_is_not_written_twice():
    x = bl.parameter(2.0, name="x")
    y, z = bl.cast(x, "float64"), bl.stop_gradient(x)
    run = bl.trace(y * bl.cast(z, "float64"))
    assert [number_formula(run, node, ()) for node in (y, z)] == ["", ""]


def test_an_argument_that_has_no_derivative_has_no_formula():
    x = bl.parameter([1.0, 2.0], name="x")
    y = bl.take(x, bl.constant([0]))
    run = bl.trace(bl.sum(y))
    assert [local_formula(run, y, i) for i in (0, 1)] == ["1", ""]
