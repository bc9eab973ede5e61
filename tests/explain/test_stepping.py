"""Steps: forward, backward, update, both ways; what flows back is what the trace kept."""

import numpy as np
import pytest
from hypothesis import given

import backlit as bl
from backlit.errors import IndexRangeError
from backlit.explain import Summary
from backlit.explain.stepping import BackwardFlow, Step, Steps
from backlit.graph.spec import is_floating
from harness.formulas import calculate
from harness.graphs import graphs
from harness.samples import cases
from harness.traces import traced


def shown(array):
    """A number, or an array in few numbers."""
    return Summary.of(array) if array.shape else array.item()


@given(graphs())
def test_steps_go_forward_in_order_and_back_in_the_opposite_order(graph):
    run = traced(graph)
    steps = run.steps
    operations = [record for record in run.nodes if record.edges_in]
    forward = [step for step in steps if step.phase == "forward"]
    backward = [step for step in steps if step.phase == "backward"]
    assert [step.name for step in forward] == [record.name for record in operations]
    reached = [record.name for record in operations if record.node in run.walk.gradients]
    assert [step.name for step in backward] == reached[::-1]
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    for step, record in zip(forward, operations, strict=True):
        assert step.value == shown(record.value)
        assert (step.flows, step.before) == ((), None)


@given(graphs())
def test_what_flows_back_is_the_contribution_of_each_edge(graph):
    run = traced(graph)
    by_name = {record.name: record for record in run.nodes}
    for step in run.steps:
        if step.phase != "backward":
            continue
        record = by_name[step.name]
        assert step.value == shown(record.grad)
        assert step.formula == f"∂{run.name(run.loss)}/∂{step.name}"
        edges = [edge for edge in record.edges_in if edge.edge in run.walk.contributions]
        assert [flow.target for flow in step.flows] == [edge.argument.name for edge in edges]
        for flow, edge in zip(step.flows, edges, strict=True):
            assert flow.value == shown(edge.contribution)
            assert flow.rule == edge.rule


@pytest.fixture
def run():
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2 = bl.parameter(4.0, name="θ1"), bl.parameter(5.0, name="θ2")
    f = (bl.tanh((x1 * θ1).named("p") - 12.0).named("t") + x2 * θ2).named("f")
    return bl.trace(f, {"x1": 3.0, "x2": -2.0}, updates=bl.optim.SGD(0.1).updates(f, [θ1, θ2]))


def test_the_three_phases_in_words_and_numbers(run):
    assert [(step.phase, step.name, step.formula, step.numbers, step.value) for step in run.steps] == [
        ("forward", "p", "x1 · θ1", "3 · 4", 12.0),
        ("forward", run.steps[1].name, "p - 12", "12 - 12", 0.0),
        ("forward", "t", f"tanh({run.steps[1].name})", "tanh(0)", 0.0),
        ("forward", run.steps[3].name, "x2 · θ2", "-2 · 5", -10.0),
        ("forward", "f", f"t + {run.steps[3].name}", "0 + (-10)", -10.0),
        ("backward", "f", "∂f/∂f", "", 1.0),
        ("backward", run.steps[3].name, f"∂f/∂{run.steps[3].name}", "", 1.0),
        ("backward", "t", "∂f/∂t", "", 1.0),
        ("backward", run.steps[1].name, f"∂f/∂{run.steps[1].name}", "", 1.0),
        ("backward", "p", "∂f/∂p", "", 1.0),
        ("update", "θ1", "θ1 - 0.1 · ∂f/∂θ1", "4 - 0.1 · 3", pytest.approx(3.7)),
        ("update", "θ2", "θ2 - 0.1 · ∂f/∂θ2", "5 - 0.1 · (-2)", pytest.approx(5.2)),
    ]
    assert run.steps[7].flows == (
        BackwardFlow(run.steps[1].name, "1 - t²", 1.0, "of the hyperbolic tangent: 1 - tanh²"),
    )
    assert run.steps[8].flows[0].target == "p"
    assert len(run.steps[8].flows) == 1, "a constant receives nothing"
    assert [run.steps[i].before for i in (-2, -1)] == [4.0, 5.0]


def test_steps_are_walked_both_ways(run):
    steps = run.steps
    assert len(steps) == 12
    assert steps[0] == steps[-12] == next(iter(steps))
    assert steps[11] == steps[-1]
    assert [step.number for step in reversed(steps)] == list(range(12, 0, -1))
    assert [step.number for step in steps[3:6]] == [4, 5, 6]
    assert [step.number for step in steps[::-4]] == [12, 8, 4]
    assert steps[40:] == ()
    assert steps.nodes[0] == ("forward", run.graph["p"])
    assert steps.nodes[-1] == ("update", run.graph["θ2"])
    assert repr(steps) == "<12 steps of <trace of f = -10: 5 operations>>"


@pytest.mark.parametrize("number", [12, -13, 1000])
def test_there_are_no_more_steps_than_there_are(run, number):
    with pytest.raises(IndexRangeError) as caught:
        run.steps[number]
    assert str(caught.value) == (
        f"there is no step {number} of <trace of f = -10: 5 operations>\n  why: it has 12 steps, counted from 0 here"
    )


def test_the_list_of_steps_that_is_handed_out_is_ones_own(run):
    run.steps.nodes.clear()
    assert len(run.steps.nodes) == 12


def test_a_rule_of_several_lines_is_left_to_the_explanation():
    θ = bl.parameter([1.0, 2.0], name="θ")
    loss = bl.sum(θ * θ).named("L")
    run = bl.trace(loss, updates=bl.optim.Adam(0.1).updates(loss, [θ]))
    step = next(step for step in run.steps if step.name == "θ")
    assert (step.phase, step.formula, step.numbers) == ("update", "θ", "")
    assert step.before == Summary.of(np.array([1.0, 2.0]))
    assert step.value == Summary.of(run.value(run.updates[θ]))
    counter = next(step for step in run.steps if step.name == "step")
    assert (counter.formula, counter.numbers, counter.value, counter.before) == ("step + 1", "0 + 1", 1, 0)


def test_without_updates_there_are_two_phases_and_without_parameters_one_can_walk_too():
    run = bl.trace(bl.exp(bl.input("x")), {"x": 0.0})
    assert [step.phase for step in run.steps] == ["forward", "backward"]
    assert list(bl.trace(bl.parameter(1.0)).steps) == []
    constants = bl.trace(bl.exp(bl.constant(1.0)))
    assert [step.phase for step in constants.steps] == ["forward"]


SINGLE = [case for case in cases(("float64",)) if case.op.local and all(a == () for a in case.sample.arguments)]


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case)) for case in SINGLE])
def test_local_times_upstream_is_what_flows_back(case):
    """On single numbers, for every elementwise op: computed from the formulas alone."""
    arrays = case.arrays()
    with bl.precision("float64"):
        nodes = [bl.parameter(float(a), name="xyz"[i]) for i, a in enumerate(arrays)]
        value = case.op(*nodes, **case.sample.attributes).named("v")
        run = bl.trace((value * 3.0).named("L"))
    (step,) = (step for step in run.steps if step.phase == "backward" and step.name == "v")
    known = {"v": float(run.value("v")), **{node.name: float(run.value(node)) for node in nodes}}
    for flow in step.flows:
        assert calculate(flow.local, **known) * 3.0 == pytest.approx(flow.value, rel=1e-9)


def test_a_step_is_data():
    step = Step(1, "forward", "f", "x · w", "3 · 4", 12.0)
    assert step == Step(1, "forward", "f", "x · w", "3 · 4", 12.0, None, ())
    with pytest.raises(AttributeError):
        step.value = 3.0


def test_steps_of_a_trace_are_planned_once(run):
    assert run.steps is run.steps
    assert isinstance(run.steps, Steps)
    assert all(is_floating(run.graph[step.name].dtype) for step in run.steps if step.phase == "backward")
