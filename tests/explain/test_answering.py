"""Traces: whatever is asked of a run, by node, by name, by element; of nets, of single leaves, of very large graphs."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ShapeError, UnknownNameError
from backlit.explain import Explanation, NodeRecord, Nudge, Paths, Steps
from harness.traces import counted


@pytest.fixture
def run():
    model = bl.nn.Sequential(bl.nn.Linear(2, 3, rng=0), bl.nn.ReLU(), bl.nn.Linear(3, 1, rng=1))
    x, y = bl.input("x", shape=(4, 2)), bl.input("y", shape=(4, 1))
    loss = bl.losses.squared_error(model(x), y)
    rng = np.random.default_rng(0)
    updates = bl.optim.SGD(0.1).updates(loss, model.parameters())
    return bl.trace(loss, {"x": rng.normal(size=(4, 2)), "y": rng.normal(size=(4, 1))}, updates=updates)


def test_a_record_is_found_by_node_by_name_by_element_and_by_the_notation_of_the_lectures(run):
    weight = run.graph["0.weight"]
    assert isinstance(run[weight], NodeRecord)
    assert run[weight].node is run["0.weight"].node is weight
    assert run["0.weight"].value.shape == (2, 3)
    assert float(run["w[1,2,1]"].value) == float(run["0.weight[0,1]"].value) == float(weight.value[0, 1])
    assert float(run["w[1,2,1]"].grad) == float(run["0.weight"].grad[0, 1])
    assert run["b[2,1]"].name == "2.bias[0]"
    assert float(run["loss"].grad) == 1.0
    with pytest.raises(UnknownNameError):
        run["3.weight"]
    with pytest.raises(ShapeError):
        run["0.weight[9,9]"]


def test_all_nodes_are_listed_in_order_of_execution_and_only_those_of_the_forward_pass(run):
    places = {record.node: i for i, record in enumerate(run.nodes)}
    assert [record.node for record in run.nodes] == list(run.forward)
    for record in run.nodes:
        assert all(places[edge.argument.node] < places[record.node] for edge in record.edges_in)
    assert run.nodes[-1].node is run.loss
    assert run.nodes is run.nodes


def test_every_question_is_answered_by_its_kind(run):
    assert isinstance(run.explain("0.weight[1,1]"), Explanation)
    assert isinstance(run.explain("0.weight", (1, 1)), Explanation)
    assert run.explain("0.weight", (1, 1)) == run.explain("0.weight[1,1]") == run.explain("w[1,2,2]")
    assert isinstance(run.nudge("0.weight[1,1]", 0.1), Nudge)
    assert isinstance(run.paths("x[0,0]"), Paths)
    assert isinstance(run.steps, Steps)
    assert run.kinks == ()


def test_the_loss_is_the_target_of_paths_by_its_name_too(run):
    assert run.paths("x[0,0]", "loss") == run.paths("x[0,0]")


def test_a_loss_that_is_a_parameter_or_an_input_or_a_constant():
    for loss, at in ((bl.parameter(2.0, name="p"), {}), (bl.input("p"), {"p": 2.0}), (bl.constant(2.0, name="p"), {})):
        run = bl.trace(loss, at)
        assert (float(run["p"].value), float(run["p"].grad)) == (2.0, 1.0)
        assert repr(run) == "<trace of p = 2: 0 operations>"
        told = run.explain("p")
        assert (told.value, told.gradient, told.contributions, told.notes) == (2.0, 1.0, (), ())
        assert str(told).splitlines()[2:] == [
            "∂p/∂p = 1",
            "  the way back begins here: a number changes with itself one to one",
        ]
        assert run.nudge("p", 1.0).after == 3.0
        assert len(run.steps) == 0
        assert run.kinks == ()
    nameless = bl.trace(bl.constant(2.0))
    assert float(nameless["loss"].grad) == 1.0
    assert str(nameless.explain("loss")).startswith("loss = 2, a constant")


def test_a_graph_without_parameters():
    x = bl.input("x", shape=(3,))
    run = bl.trace(bl.sum(bl.softmax(x) * bl.constant([1.0, 2.0, 3.0])), {"x": [1.0, 2.0, 3.0]})
    assert run.updates == {}
    assert run.explain("x[1]").gradient == pytest.approx(float(run["x"].grad[1]))
    assert [step.phase for step in run.steps][-1] == "backward"


def test_a_graph_of_constants_alone():
    run = bl.trace((bl.exp(bl.constant(0.0, name="c")).named("e") * 3.0).named("L"))
    assert float(run["L"].value) == 3.0
    assert run.explain("c").gradient == 3.0
    assert [part.product for part in run.explain("e").contributions] == [3.0]
    assert [path.product for path in run.paths("c")] == [3.0]
    assert run.nudge("e", 1.0).after == 6.0


def test_empty_arrays_arrays_of_one_element_and_arrays_of_many_axes():
    empty, one = bl.parameter(np.zeros((0, 3)), name="empty"), bl.parameter([[[2.0]]], name="one")
    run = bl.trace((bl.sum(empty) + bl.sum(one * one)).named("L"))
    assert run["empty"].grad.shape == (0, 3)
    assert run.explain("empty").value.shape == (0, 3)
    assert run.explain("one[0,0,0]").gradient == 4.0
    assert run.explain("one").gradient.norm == 4.0
    assert [path.product for path in run.paths("one[0,0,0]")] == [2.0, 2.0]
    assert run.nudge("empty", 1.0).after == 4.0
    assert str(run.paths("empty")) == "no path from empty to L passes anything by itself"


def test_a_constant_loss_under_updates():
    θ = bl.parameter(1.0, name="θ")
    run = bl.trace(bl.constant(5.0, name="L"), updates={θ: θ * 0.5})
    told = run.explain("θ")
    assert (told.value, told.gradient) == (1.0, None)
    assert [line.numbers for line in told.update] == ["1 · 0.5"]


def chain(length):
    w = bl.parameter(0.5, name="w")
    h = w
    for _ in range(length // 2):
        h = bl.sin(h) + w
    return bl.trace(h.named("L"))


def test_ten_thousand_nodes_are_no_trouble():
    """Deep and wide at once: a parameter that acts through five thousand nodes, one after another."""
    run = chain(10_000)
    assert len(run.nodes) == 10_001
    with counted() as count:
        told = run.explain("w")
    assert (told.omitted, len(told.contributions)) == (4993, 8)
    assert count.operations <= 20_000
    with counted() as count:
        middle = run.nodes[5000]
        assert str(run.explain(middle.node))
        assert len(run.paths(run.nodes[-6].node)) >= 1
        assert str(run.steps[-1])
    assert count.operations <= 100
    assert float(run.nudge("w", 0.0).error) == 0.0


def test_what_is_asked_of_one_node_does_not_cost_more_in_a_larger_graph():
    costs = []
    for length in (200, 2000):
        run = chain(length)
        with counted() as count:
            run.explain(run.nodes[50].node)
            run.paths(run.nodes[-4].node)
            assert run.steps[10]
            assert run[run.nodes[60].node].edges_out[0].local is not None
        costs.append((count.calls, count.operations, count.handed))
    assert costs[0] == costs[1]
