"""Every card is complete, and every consumer of ops knows every op."""

import re

import numpy as np
import pytest

import backlit as bl
from backlit.autodiff.reverse import Edge, contribution
from backlit.engines.reference import NUMPY_RULES
from backlit.graph import OPS, Interval
from backlit.graph.ops import piecewise
from harness.consumers import CONSUMERS, empty_cells
from harness.samples import ACCEPTS, Case, cases

CARDS = [pytest.param(OPS[name], id=name) for name in sorted(OPS)]
FLOATS = [pytest.param(case, id=str(case)) for case in cases(("float64",))]

BENT = {"abs", "relu", "maximum", "minimum", "clip", "max", "min"}
"""Continuous functions in pieces: where two meet, the slope is a matter of choice."""

JUMPING = {"sign", "floor", "ceil", "round", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
"""Functions whose value jumps: no slope there, and zero everywhere else."""

ACCEPT_ANYTHING = {"stop_gradient"}
"""Ops that refuse nothing."""


def test_every_consumer_knows_every_op():
    cells = empty_cells(OPS, CONSUMERS)
    assert not cells, "\n".join(cells)


def test_an_op_that_a_consumer_forgot_is_named():
    forgetful = {name: rule for name, rule in NUMPY_RULES.items() if name != "tanh"}
    assert empty_cells(OPS, {"forgetful": forgetful}) == ["forgetful: no entry for tanh"]


def test_an_entry_for_no_op_is_named():
    cells = empty_cells(OPS, {"stale": {**NUMPY_RULES, "tahn": np.tanh}})
    assert cells == ["stale: an entry for tahn, which is no op"]


def test_the_kinds_that_ops_accept_are_those_written_in_the_harness():
    wrong = []
    for name, op in OPS.items():
        for number in range(len(op.samples)):
            for dtype in ("float32", "float64", "int32", "int64", "uint8", "bool"):
                case = Case(op, number, dtype)
                if case.drawn and case.accepted() != (dtype[0].replace("u", "i") in ACCEPTS[name]):
                    wrong.append(str(case))
    assert not wrong
    assert set(ACCEPTS) == set(OPS)


@pytest.mark.parametrize("op", CARDS)
def test_a_card_says_what_the_op_computes(op):
    assert op.formula
    assert op.formula.count("{") == op.formula.count("}")
    places = set(re.findall(r"{(\w)}", op.words))
    assert places, "the words name no argument"
    assert places <= set("xyz"[: len(op.samples[0].arguments)])


@pytest.mark.parametrize("op", CARDS)
def test_a_card_has_samples_and_refusals(op):
    assert op.samples
    assert bool(op.refusals) != (op.name in ACCEPT_ANYTHING)


@pytest.mark.parametrize("op", CARDS)
def test_a_card_declares_its_domain(op):
    for domain in op.domain:
        assert domain.low < domain.high
        assert domain.note
    limited = any(domain.note != Interval().note for domain in op.domain)
    assert bool(op.singular) == limited, "a domain with an edge has a singular point, and the other way round"


@pytest.mark.parametrize("op", CARDS)
def test_a_card_declares_its_kinks(op):
    assert bool(op.kinks) == (op.name in BENT | JUMPING)
    if op.kink is not None:
        assert op.kinks, "a kink that is declared as a function is declared in words too"
    if op.name in BENT:
        assert op.kink is not None


@pytest.mark.parametrize("op", CARDS)
def test_an_op_is_flat_or_has_a_derivative(op):
    assert op.flat != op.differentiable
    if op.local:
        assert len(op.derivative) == len(op.local) == len(op.samples[0].arguments)
        assert op.pushforward is None
        assert op.pullback is None
    elif op.differentiable:
        assert op.pushforward is not None
    for text in op.derivative:
        assert text.count("{") == text.count("}")


@pytest.mark.parametrize("case", FLOATS)
def test_a_derivative_is_written_for_every_argument_that_has_one(case):
    if not case.drawn or case.op.flat or case.op.name == "stop_gradient":
        return
    value = case.op(*case.nodes(), **case.sample.attributes)
    upstream = bl.input("upstream", shape=value.shape, dtype="float64")
    for position in range(min(len(value.arguments), len(case.op.derivative))):
        passes = contribution(Edge(value, position), upstream) is not None
        assert bool(case.op.derivative[position]) == passes
    assert case.op.derivative


@pytest.mark.parametrize("case", FLOATS)
def test_values_and_derivatives_are_finite_all_over_the_domain(case):
    if not case.drawn or not case.op.differentiable:
        return
    nodes = case.nodes()
    value = case.op(*nodes, **case.sample.attributes)
    drawn = [nodes[i] for i in case.drawn]
    walk = bl.autodiff.backpropagate([value], [bl.constant(np.ones(value.shape), dtype="float64")], drawn)
    bindings = {nodes[i]: case.arrays()[i] for i in case.drawn}
    program = bl.compile([nodes[i] for i in case.drawn], [value, *walk.gradients.values()])
    for array in program(*bindings.values()):
        assert np.isfinite(array).all()


@pytest.mark.parametrize(
    ("op", "point", "direction"),
    [
        ("abs", [0.0], [1.0]),
        ("relu", [0.0], [1.0]),
        ("maximum", [1.0, 1.0], [1.0, 0.0]),
        ("minimum", [1.0, 1.0], [1.0, 0.0]),
        ("clip", [1.0, 1.0, 2.0], [1.0, 0.0, 0.0]),
        ("clip", [2.0, 1.0, 2.0], [1.0, 0.0, 0.0]),
    ],
)
def test_at_a_kink_the_slopes_from_both_sides_differ(op, point, direction):
    nodes = [bl.input(f"x{i}", dtype="float64") for i in range(len(point))]
    value, kink = OPS[op](*nodes), OPS[op].kink(*nodes)
    at, v = np.array(point), np.array(direction)

    def f(x):
        return float(value.evaluate(dict(zip(nodes, x, strict=True))))

    right, left = (f(at + 1e-3 * v) - f(at)) / 1e-3, (f(at) - f(at - 1e-3 * v)) / 1e-3
    assert abs(right - left) > 0.9
    assert float(kink.evaluate(dict(zip(nodes, at, strict=True)))) == 0.0


@pytest.mark.parametrize(("op", "flip"), [("max", 1.0), ("min", -1.0)])
def test_the_kink_of_an_extreme_is_the_gap_to_the_runner_up(op, flip):
    x = bl.input("x", shape=(2, 3), dtype="float64")
    gap = OPS[op].kink(x, axes=(1,))
    values = flip * np.array([[1.0, 4.0, 3.0], [5.0, 5.0, 0.0]])
    assert np.abs(gap.evaluate({x: values})).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("op", "refusal"), [pytest.param(op, r, id=f"{n}-{i}") for n, op in OPS.items() for i, r in enumerate(op.refusals)]
)
def test_what_must_fail_fails_with_a_message_that_teaches(op, refusal):
    nodes = [bl.input("input", spec.shape, spec.dtype) for spec in refusal.arguments]
    with pytest.raises(refusal.error) as caught:
        op(*nodes, **refusal.attributes)
    error = caught.value
    assert type(error) is refusal.error
    assert refusal.says in str(error)
    assert error.what.startswith(f"{op.name}("), "the message names the op"
    for spec in refusal.arguments:
        assert f"input: {spec}" in error.what, "the message names every operand with its spec"
    assert error.line is not None
    assert error.line[0] == __file__


def test_a_card_made_twice_is_refused():
    with pytest.raises(bl.errors.GraphError, match="there is an op 'abs' already"):
        bl.Op(name="abs", formula="x", words="{x}", infer=piecewise._ABS.infer)
    assert OPS["abs"] is piecewise._ABS
