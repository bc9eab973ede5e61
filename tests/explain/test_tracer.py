"""Tracers: what is kept, on which engine, and that tracing leaves everything as it was."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings

import backlit as bl
from backlit.errors import (
    ArgumentError,
    BindingError,
    DTypeError,
    GraphError,
    IndexRangeError,
    NotScalarError,
    UnknownNameError,
)
from backlit.explain import Tracer, trace_graph
from backlit.graph.spec import is_floating
from harness.graphs import graphs
from harness.samples import ENGINES
from harness.traces import loss_of, traced

BATCH = 4


def net(width=BATCH, batch=BATCH, dtype="float64"):
    """A net whose layers are as wide as the batch is long, so that nothing is told apart by its length."""
    with bl.precision(dtype):
        model = bl.nn.Sequential(bl.nn.Linear(3, width, rng=1), bl.nn.ReLU(), bl.nn.Linear(width, width, rng=2))
        x, y = bl.input("x", shape=(batch, 3)), bl.input("y", shape=(batch,), dtype="int64")
        loss = bl.losses.cross_entropy(model(x), y)
    rng = np.random.default_rng(0)
    return model, loss, {"x": rng.normal(size=(batch, 3)), "y": rng.integers(0, width, batch)}


def assert_same_answers(one, other, rtol=0.0):
    for node in one.forward:
        np.testing.assert_allclose(one.value(node), other.value(node), rtol=rtol)
        if is_floating(node.dtype):
            size = float(np.abs(one.gradient(node)).max(initial=0.0))
            np.testing.assert_allclose(one.gradient(node), other.gradient(node), rtol=rtol, atol=rtol * size)


def test_a_tracer_traces_again_and_again():
    x, w = bl.input("x"), bl.parameter(2.0, name="w")
    tracer = Tracer((x * w).named("y"))
    first, second = tracer({"x": 3.0}), tracer({x: 4.0})
    assert [float(run.gradient("w")) for run in (first, second)] == [3.0, 4.0]
    assert [float(run.value("y")) for run in (first, second)] == [6.0, 8.0]


def test_what_becomes_of_a_parameter_later_does_not_reach_the_trace():
    model, loss, at = net()
    updates = bl.optim.Adam(0.1).updates(loss, model.parameters())
    before = {name: parameter.value.copy() for name, parameter in model.parameters().items()}
    run = bl.trace(loss, at, updates=updates, scopes=["0"])
    for name, parameter in model.parameters().items():
        np.testing.assert_array_equal(parameter.value, before[name], err_msg="a trace changes nothing")
    told = [str(run.explain(name)) for name in ("0.weight[1,1]", "2.bias[0]")]
    texts = [str(step) for step in run.steps], str(run.paths("x[0,0]")), str(run.nudge("0.bias", 0.1))
    for parameter in run.graph.parameters:
        parameter.value = np.full(parameter.shape, 7.0)
    assert [str(run.explain(name)) for name in ("0.weight[1,1]", "2.bias[0]")] == told
    assert ([str(step) for step in run.steps], str(run.paths("x[0,0]")), str(run.nudge("0.bias", 0.1))) == texts
    np.testing.assert_array_equal(run.value("0.weight"), before["0.weight"])


def test_what_becomes_of_an_input_later_does_not_reach_the_trace():
    at = np.array([1.0, 2.0])
    x = bl.input("x", shape=(2,), dtype="float64")
    run = bl.trace(bl.sum(x * x), {"x": at})
    at[:] = 7.0
    assert run.value("x").tolist() == [1.0, 2.0]
    assert run.gradient("x").tolist() == [2.0, 4.0]


def test_everything_is_kept_but_the_gradients_of_inputs():
    _, loss, at = net()
    run = bl.trace(loss, at)
    assert set(run.forward) <= set(run.known)
    assert not run.rows
    for node in run.forward:
        if node in run.walk.gradients:
            assert (run.walk.gradients[node] in run.known) == (not isinstance(node, bl.graph.Input))
    assert run.gradient("x").shape == (BATCH, 3), "it is computed when it is asked for"


def test_only_the_scopes_that_were_named_are_kept():
    _, loss, at = net()
    whole, part = bl.trace(loss, at), bl.trace(loss, at, scopes=["0"])
    inside = [node for node in part.forward if node.scope and node.scope.lineage[0].name == "0"]
    assert len(inside) == 2
    values = {node for node in part.forward if node in part.known and isinstance(node, bl.graph.Application)}
    assert values == {*inside, part.loss}
    kept = {node for node, gradient in part.walk.gradients.items() if gradient in part.known}
    assert {node for node in kept if isinstance(node, bl.graph.Application)} <= {*inside, part.loss}
    assert_same_answers(whole, part)
    assert sum(array.nbytes for array in part.known.values()) < sum(array.nbytes for array in whole.known.values())


def test_a_scope_holds_what_is_inside_of_it():
    _, loss, at = net()
    run = bl.trace(loss, at, scopes=["cross_entropy"])
    paths = {node.scope.path for node in run.forward if node in run.known and node.scope}
    assert "cross_entropy.log_softmax" in paths
    assert "0" not in paths


@pytest.mark.parametrize("examples", [[0], [2, 0], (3,), range(2), np.array([1, 3])])
def test_only_the_rows_that_were_named_are_kept(examples):
    """Of values with a row for each example; a bias as long as the batch is kept whole."""
    model, loss, at = net()
    whole, part = bl.trace(loss, at), bl.trace(loss, at, examples=examples)
    rows = list(examples)
    assert part.examples == tuple(rows)
    assert part.rows
    for node, array in part.rows.items():
        assert array.shape[0] == len(rows)
        assert node not in part.known
        np.testing.assert_allclose(array, whole.whole(node)[rows], rtol=1e-12)
    for name in ("0.bias", "2.bias", "0.weight", "2.weight"):
        parameter = model.parameters()[name]
        assert part[name].grad.shape == parameter.shape
        np.testing.assert_allclose(part[name].grad, whole[name].grad, rtol=1e-12)
    hidden = next(record for record in part.nodes if record.kind == "relu")
    assert hidden.value.shape == (len(rows), BATCH), "a record shows the rows that were kept"
    np.testing.assert_allclose(hidden.grad, whole[hidden.node].grad[rows], rtol=1e-12)
    np.testing.assert_allclose(part[f"{hidden.name}[3,1]"].value, whole[hidden.node].value[3, 1], rtol=1e-12)
    assert_same_answers(whole, part, rtol=1e-12)
    assert part.explain("0.weight[1,2]").gradient == pytest.approx(whole.explain("0.weight[1,2]").gradient, rel=1e-12)


def test_a_parameter_that_is_added_row_by_row_keeps_its_gradient_whole():
    """Its gradient is that of the sum, which has rows: one node is asked for by both."""
    x, p = bl.input("x", shape=(3, 2)), bl.parameter(np.ones((3, 2)), name="p")
    z = x + p
    run = bl.trace(bl.sum(z * z), {"x": np.arange(6.0).reshape(3, 2)}, examples=[0])
    assert run["p"].grad.shape == (3, 2)
    assert run[z].value.shape == (1, 2)


def test_the_new_value_of_a_parameter_has_no_rows():
    model, loss, at = net()
    run = bl.trace(loss, at, examples=[0], updates=bl.optim.SGD(0.1).updates(loss, model.parameters()))
    new = run.updates[model.parameters()["2.bias"]]
    assert run.known[new].shape == (BATCH,)
    assert run.explain("2.bias[3]").update[-1].value == pytest.approx(float(run.known[new][3]), rel=1e-12)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "reference"])
@settings(max_examples=10)
@given(graphs(most=12))
def test_every_engine_gives_the_same_trace(engine, graph):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bl.errors.BacklitWarning)
        referee, other = traced(graph), bl.trace(loss_of(graph), graph.values, engine=engine)
    for node, twin in zip(referee.forward, other.forward, strict=True):
        if is_floating(node.dtype):
            size = 1e-9 * max(1.0, float(np.abs(referee.value(node)).max(initial=0.0)))
            np.testing.assert_allclose(other.value(twin), referee.value(node), rtol=1e-9, atol=size)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "reference"])
def test_every_engine_gives_the_same_explanation(engine):
    """Within the rounding of float32: formulas, rules and order alike, numbers to six digits of the largest."""
    model, loss, at = net(width=10, dtype="float32")
    updates = bl.optim.SGD(0.1).updates(loss, model.parameters())
    one, other = (bl.trace(loss, at, updates=updates, engine=name) for name in ("reference", engine))
    for name in ("w[1,2,3]", "b[2,1]", "x[0,1]"):
        first, second = one.explain(name), other.explain(name)
        assert second.gradient == pytest.approx(first.gradient, rel=1e-5, abs=1e-7)
        parts = {part.consumer: part for part in second.contributions}
        for part in first.contributions:
            if abs(part.product) > 1e-5:
                twin = parts[part.consumer]
                assert (twin.formula, twin.local_formula, twin.rule) == (part.formula, part.local_formula, part.rule)
                assert (twin.local, twin.upstream) == pytest.approx((part.local, part.upstream), rel=1e-4)
        assert [line.formula for line in first.update] == [line.formula for line in second.update]


def test_a_trace_of_the_graph_of_a_step_takes_its_inputs_in_order():
    model, loss, at = net()
    graph = bl.Graph(outputs=[loss], updates=bl.optim.SGD(0.1).updates(loss, model.parameters()))
    run = trace_graph(graph, [at[node.name] for node in graph.inputs], scopes=["0"], examples=[1])
    assert run.loss is loss
    assert run.examples == (1,)
    assert float(run.value("loss")) == pytest.approx(float(bl.trace(loss, at).value("loss")), rel=1e-12)


def test_an_input_that_only_the_update_needs_is_bound_too():
    θ, rate = bl.parameter(3.0, name="θ"), bl.input("rate")
    loss = (θ * θ).named("L")
    run = bl.trace(loss, {"rate": 0.25}, updates={θ: θ - rate * bl.grad(loss, θ)})
    assert str(run.explain("θ").update[-1].numbers) == "3 - 0.25 · 6"


PARAMETER = "<parameter 'w': float32[2]>"
SLOPES = (
    "\n  why: gradients are the slopes of one number"
    "\n  instead: add it up with bl.sum(...) or bl.mean(...), or choose an element: y[0]"
)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda w: bl.trace(3.0), DTypeError, "a trace is of a node; received 3.0"),
        (
            bl.trace,
            NotScalarError,
            f"a trace of {PARAMETER} was asked for, which is not a single number{SLOPES}",
        ),
        (
            lambda w: bl.trace(bl.argmax(w)),
            DTypeError,
            "<argmax: int64[]> cannot be traced\n  why: a whole number or a truth value has no slope",
        ),
        (
            lambda w: bl.trace(bl.sum(w), scopes="layer1"),
            ArgumentError,
            "scopes is 'layer1'\n  instead: write a list: scopes=['layer1']",
        ),
        (lambda w: bl.trace(bl.sum(w), scopes=3), ArgumentError, "scopes is 3\n  instead: write a list: scopes=[3]"),
        (
            lambda w: bl.trace(bl.sum(w), scopes=["layer1"]),
            UnknownNameError,
            "there is no scope 'layer1'\n  instead: open one with bl.scope(...)",
        ),
        (
            lambda w: bl.trace(bl.sum(bl.softmax(w)), scopes=["softmix"]),
            UnknownNameError,
            "there is no scope 'softmix' (did you mean 'softmax'?)\n  instead: choose among softmax",
        ),
        (
            lambda w: bl.trace(bl.sum(w), examples=[0]),
            ArgumentError,
            "examples is [0]\n  why: there are no inputs",
        ),
    ],
)
def test_what_cannot_be_traced_is_said(ask, error, message):
    with pytest.raises(error) as caught:
        ask(bl.parameter([1.0, 2.0], name="w"))
    assert str(caught.value).split("\n  line:")[0] == message


def test_an_error_of_the_loss_names_the_line_of_the_user():
    with pytest.raises(NotScalarError) as caught:
        bl.trace(bl.parameter([1.0, 2.0]))
    assert caught.value.line[0] == __file__


LIST = "\n  instead: give a list of rows, such as examples=[0]"


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([4], f"examples is [4]\n  why: the batch holds 4, counted from 0{LIST}"),
        ([-1], f"examples is [-1]\n  why: the batch holds 4, counted from 0{LIST}"),
        ([], f"examples is []\n  why: the batch holds 4, counted from 0{LIST}"),
        (3, f"examples is 3{LIST}"),
        ([0.5], f"examples is [0.5]{LIST}"),
        ("0", f"examples is '0'{LIST}"),
    ],
)
def test_examples_that_do_not_exist_are_refused(examples, message):
    _, loss, at = net()
    with pytest.raises(ArgumentError) as caught:
        bl.trace(loss, at, examples=examples)
    assert str(caught.value) == message


def test_inputs_of_different_lengths_have_no_examples():
    x, w = bl.input("x", shape=(5, 3)), bl.input("weights", shape=(3,))
    with pytest.raises(ArgumentError) as caught:
        bl.trace(bl.sum(x * w), {}, examples=[0])
    assert str(caught.value) == (
        "examples is [0]\n  why: the inputs have no common axis of examples (x: [5, 3], weights: [3])"
    )


def test_what_is_bound_is_checked_as_by_a_program():
    x = bl.input("x", shape=(2,))
    with pytest.raises(BindingError, match="no value was given for <input 'x'"):
        bl.trace(bl.sum(x))
    with pytest.raises(BindingError, match=r"received a value of shape \[3\]"):
        bl.trace(bl.sum(x), {"x": [1.0, 2.0, 3.0]})
    with pytest.raises(BindingError, match="no value was given"):
        bl.trace(bl.sum(x), {"X": [1.0, 2.0]})
    labels = bl.input("labels", shape=(1,), dtype="int64")
    with pytest.raises(IndexRangeError):
        bl.trace(bl.sum(bl.take(x, labels)), {"x": [1.0, 2.0], "labels": [2]})
    with pytest.raises(GraphError, match="only a parameter owns a value"):
        bl.trace(bl.sum(x), {"x": [1.0, 2.0]}, updates={x: x})


@pytest.mark.parametrize("preset", ["backlit", "pytorch", "jax", "lectures"])
def test_a_trace_takes_the_slopes_that_are_chosen_when_it_is_built(preset):
    x = bl.parameter([0.0, 1.0, 1.0], name="x")
    with bl.subgradients(preset):
        tracer = Tracer(bl.sum(bl.relu(x)) + bl.max(x) + bl.sum(bl.clip(x, -1.0, 1.0)))
        wanted = bl.grad(tracer.loss, x).evaluate()
    run = tracer()
    np.testing.assert_array_equal(run.gradient("x"), wanted)
    assert run.choice == bl.graph.PRESETS[preset]
