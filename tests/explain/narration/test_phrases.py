"""Phrases: every op has one, and what it says of a value and of a slope is true."""

import numpy as np
import pytest

import backlit as bl
from backlit.autodiff import push_forward
from backlit.explain.narration.phrases import PHRASES, Phrase, Way, fill, phrase_of
from backlit.graph import OPS, Op
from backlit.graph.op import elementwise
from harness.consumers import empty_cells
from harness.formulas import calculate
from harness.samples import cases, distance_to_kink

EACH = [
    pytest.param(case, id=str(case))
    for case in cases(("float64", "int64", "bool"))
    if PHRASES[case.op.name].way is Way.EACH
]
SMOOTH = [
    pytest.param(case, id=str(case))
    for case in cases(("float64",))
    if PHRASES[case.op.name].way is Way.EACH and (case.op.local or case.op.name in ("where", "cast"))
]


def test_every_op_has_a_phrase_and_every_phrase_an_op():
    assert empty_cells(OPS, {"phrases": PHRASES}) == []


@pytest.mark.parametrize("name", sorted(OPS))
def test_a_phrase_has_a_rule_for_each_local_derivative_and_only_known_fields(name):
    phrase, op = PHRASES[name], OPS[name]
    most = max(len(sample.arguments) for sample in op.samples)
    assert len(phrase.local) <= most
    assert len(phrase.rules) <= len(phrase.local)
    for text in (phrase.value, *phrase.local):
        fill(text, ["x", "y", "z"], "out")
        assert "…" not in fill(text, ["x"] * most, "out"), "a field for an argument that the op does not have"
    assert all(phrase.rules)


def arguments_at(case, place):
    """The elements from which an element of the value is computed, and all arguments broadcast alike."""
    arrays = np.broadcast_arrays(*case.arrays())
    return [array[place].item() for array in arrays]


@pytest.mark.parametrize("case", EACH)
def test_the_formula_of_a_value_is_its_value(case):
    nodes = case.nodes()
    value = case.op(*nodes, **case.sample.attributes)
    arrays = case.arrays()
    found = value.evaluate({n: a for n, a in zip(nodes, arrays, strict=True) if isinstance(n, bl.graph.Input)})
    formula = fill(PHRASES[case.op.name].value, ["x", "y", "z"])
    for place in np.ndindex(*value.shape):
        told = calculate(formula, **dict(zip("xyz", arguments_at(case, place), strict=False)))
        assert told == pytest.approx(float(np.asarray(found)[place]), rel=1e-12, abs=1e-14), formula


@pytest.mark.parametrize("case", SMOOTH)
def test_the_formula_of_a_slope_is_the_slope(case):
    """Away from kinks; on them the notes say which slope was chosen."""
    nodes, arrays = case.nodes(), case.arrays()
    assert distance_to_kink(case, arrays) > 0
    value = case.op(*nodes, **case.sample.attributes)
    point = {n: a for n, a in zip(nodes, arrays, strict=True) if isinstance(n, bl.graph.Input)}
    out = np.asarray(value.evaluate(point))
    for position in case.drawn:
        ones = bl.constant(np.ones(nodes[position].shape), dtype="float64")
        slope = np.asarray(push_forward([value], {nodes[position]: ones})[value].evaluate(point))
        formula = fill(PHRASES[case.op.name].local_of(position), ["x", "y", "z"], "out")
        for place in np.ndindex(*out.shape):
            named = dict(zip("xyz", arguments_at(case, place), strict=False))
            told = calculate(formula, **named, out=out[place].item())
            assert told == pytest.approx(float(slope[place]), rel=1e-9, abs=1e-12), formula


@pytest.mark.parametrize("name", sorted(name for name, op in OPS.items() if op.flat))
def test_flat_ops_have_the_slope_0_and_others_do_not(name):
    assert PHRASES[name].local == ("0",)
    assert "flat" in PHRASES[name].rules[0]


@pytest.mark.parametrize("name", sorted(OPS))
def test_an_argument_without_a_derivative_has_no_formula(name):
    op, phrase = OPS[name], PHRASES[name]
    for position, local in enumerate(op.local):
        assert bool(phrase.local_of(position)) == (local is not None)


def test_the_last_formula_and_rule_serve_for_further_arguments():
    phrase = Phrase("{x} and more", ("1", "2"), ("first", "others"))
    assert [phrase.local_of(i) for i in (0, 1, 5)] == ["1", "2", "2"]
    assert [phrase.rule_of(i) for i in (0, 1, 5)] == ["first", "others", "others"]
    assert phrase.way is Way.EACH


@pytest.fixture
def own_op():
    """An op of the user's own, taken out of the registry again."""
    op = Op(
        name="cube_of_mine",
        formula="x^3",
        words="the cube of {x}",
        infer=elementwise(),
        local=(lambda z, x: 3.0 * x * x,),
    )
    yield op
    del OPS["cube_of_mine"]


def test_an_op_of_ones_own_is_told_by_its_card(own_op):
    x = bl.parameter(2.0, name="x", dtype="float64")
    op = Op(name="outer_of_mine", formula="", words="all of {x}", infer=lambda x: x)
    try:
        assert phrase_of(op(x)).way is Way.WHOLE
        assert phrase_of(own_op(x)) == Phrase(
            "the cube of {x}", ("the derivative on its card",), ("by the card of cube_of_mine",), Way.EACH
        )
    finally:
        del OPS["outer_of_mine"]


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{x} · {y}", ["-2", "-5"], "-2 · (-5)"),
        ("{x} - {y}", ["-2", "-5"], "-2 - (-5)"),
        ("{x} / {y}²", ["1", "-5"], "1 / (-5)²"),
        ("-{x}", ["-5"], "-(-5)"),
        ("{x}^{y}", ["-2", "3"], "(-2)^3"),
        ("{x}^{y}", ["2", "-3"], "2^(-3)"),
        ("exp({x})", ["-2"], "exp(-2)"),
        ("|{x}|", ["-2"], "|-2|"),
        ("√({x})", ["-2"], "√(-2)"),
        ("max({x}, {y})", ["-2", "-3"], "max(-2, -3)"),
        ("[{x} > {y}]", ["-2", "-3"], "[-2 > (-3)]"),
        ("1 + {x}", ["-2"], "1 + (-2)"),
        ("{y} if {x} else {z}", ["true", "-2", "-3"], "-2 if true else -3"),
        ("{x} and {y}", ["true"], "true and …"),
        ("no field", [], "no field"),
    ],
)
def test_a_template_is_filled_with_parentheses_around_negative_numbers(template, values, text):
    assert fill(template, values) == text


def test_the_result_of_a_template_is_filled_too():
    assert fill("{out} · (1 - {out})", ["x"], "-3") == "-3 · (1 - (-3))"
