"""Recordings: what was kept is what was computed, gradients are those of the library, and questions cost little."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import DeadGradientWarning, DifferentiationError, ShapeError, UnknownNameError
from backlit.graph.spec import is_floating
from harness.differences import values_at
from harness.graphs import graphs
from harness.traces import counted, elements, traced


@given(graphs())
def test_every_value_is_the_value_of_the_node(graph):
    run = traced(graph)
    for node, value in zip(run.forward, values_at(run.forward, graph.point()), strict=True):
        np.testing.assert_array_equal(run.value(node), value)
        np.testing.assert_array_equal(run[node].value, value)


@given(graphs())
def test_every_gradient_is_the_one_that_grad_builds(graph):
    """Of leaves, of what is between, and of constants, for which training has no use."""
    run = traced(graph)
    floats = [node for node in run.forward if is_floating(node.dtype)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeadGradientWarning)
        wanted = bl.grad(run.loss, floats)
    for node, value in zip(floats, values_at(wanted, graph.point()), strict=True):
        scale = 1e-12 * max(1.0, float(np.abs(value).max(initial=0.0)))
        np.testing.assert_allclose(run.gradient(node), value, rtol=1e-12, atol=scale, err_msg=run.name(node))


@given(graphs(), st.integers(0, 2**32 - 1))
def test_the_contributions_of_the_edges_of_a_node_add_up_to_its_gradient(graph, seed):
    run, rng = traced(graph), np.random.default_rng(seed)
    for record in run.nodes:
        if not is_floating(record.node.dtype) or record.node is run.loss:
            continue
        parts = [edge.contribution for edge in record.edges_out]
        for element in elements(record.node, rng):
            size = sum(abs(float(part[element])) for part in parts)
            total = sum(float(part[element]) for part in parts)
            assert float(record.grad[element]) == pytest.approx(total, rel=0, abs=1e-12 * size)


@given(graphs())
def test_what_is_outside_the_kept_scopes_is_computed_again_with_equal_numbers(graph):
    whole, bare = traced(graph), traced(graph, scopes=[])
    assert not [node for node in bare.known if isinstance(node, bl.graph.Application) and node is not bare.loss]
    for node, other in zip(whole.forward, bare.forward, strict=True):
        np.testing.assert_array_equal(whole.value(node), bare.value(other))
        if is_floating(node.dtype):
            np.testing.assert_allclose(whole.gradient(node), bare.gradient(other), rtol=1e-12, atol=1e-12)


@pytest.fixture
def run():
    x, w = bl.input("x", shape=(2,)), bl.parameter([1.0, 2.0], name="w")
    with bl.scope("box"):
        z = w * x
        gate = z > 2.5
    return bl.trace(bl.sum(bl.where(gate, z, 0.5 * z)) ** 2.0, {"x": [3.0, 4.0]})


def test_an_element_of_a_value_and_of_a_gradient(run):
    assert run.value("w").tolist() == [1.0, 2.0]
    assert float(run.value("w[1]")) == 2.0
    assert run.value("w[1]").shape == ()
    assert run.gradient("w").tolist() == [66.0, 88.0]
    assert float(run.gradient("w[-1]")) == 88.0


def test_nothing_that_is_given_out_can_be_written(run):
    record, edge = run["w"], run["w"].edges_out[0]
    before = run.gradient("w").copy()
    given_out = [run.value("w"), run.gradient("w"), record.value, record.grad, edge.upstream, edge.contribution]
    given_out += [*run.known.values(), run.value("w[0]"), run["w[0]"].value]
    for array in given_out:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 7
    np.testing.assert_array_equal(run.gradient("w"), before)


def test_a_loss_without_a_name_is_called_loss(run):
    assert run.name(run.loss) == "loss"
    assert run.place("loss").node is run.loss
    assert float(run.gradient("loss")) == 1.0
    assert repr(run) == "<trace of loss = 121: 6 operations>"


def test_a_loss_with_a_name_keeps_it_and_so_does_another_node_called_loss():
    x = bl.input("loss")
    run = bl.trace(x * 2.0, {"loss": 3.0})
    assert run.name(run.loss) == "%2"
    assert run.place("loss").node is x
    named = bl.trace((x * 2.0).named("J"), {"loss": 3.0})
    assert named.name(named.loss) == "J"
    with pytest.raises(UnknownNameError):
        bl.trace((bl.input("x") * 2.0).named("J"), {"x": 3.0}).place("loss")


def test_what_is_computed_at_all_is_said_once():
    assert repr(bl.trace(bl.exp(bl.input("x")), {"x": 0.0})) == "<trace of loss = 1: 1 operation>"
    assert repr(bl.trace(bl.parameter(2.0))) == "<trace of loss = 2: 0 operations>"


def test_integers_have_a_value_and_no_gradient(run):
    (gate,) = (record for record in run.nodes if record.kind == "greater")
    assert run.value(gate.node).tolist() == [True, True]
    with pytest.raises(DifferentiationError) as caught:
        run.gradient(gate.node)
    assert str(caught.value) == (
        f"{gate.name} has no gradient: it is of data type bool\n  why: only floats can change by a small amount"
    )


def test_what_an_update_is_made_of_has_a_value_and_no_gradient():
    θ = bl.parameter(3.0, name="θ")
    loss = (θ * θ).named("L")
    new = (θ - 0.5 * bl.grad(loss, θ)).named("new")
    run = bl.trace(loss, updates={θ: new})
    assert float(run.value("new")) == 0.0
    assert dict(run.updates) == {θ: new}
    with pytest.raises(DifferentiationError) as caught:
        run.gradient("new")
    assert str(caught.value) == ("new has no gradient: it is no part of the forward pass\n  instead: ask for its value")


def test_what_depends_on_constants_alone_has_a_gradient_all_the_same():
    c = bl.constant(2.0, name="c")
    e = bl.exp(c).named("e")
    run = bl.trace((e * c * bl.parameter(3.0, name="w")).named("L"))
    assert float(run.gradient("e")) == pytest.approx(6.0)
    assert float(run.gradient("c")) == pytest.approx(3.0 * np.exp(2.0) + 6.0 * np.exp(2.0), rel=1e-6)


def test_nothing_comes_back_through_a_step():
    run = bl.trace(bl.sign(bl.parameter(2.0, name="w")).named("s") * 3.0)
    assert float(run.gradient("w")) == 0.0
    assert run.gradient_node(run.graph["w"]) is None
    assert float(run.gradient("s")) == 3.0


def test_values_that_are_given_take_the_place_of_those_that_were_kept(run):
    z = next(record.node for record in run.nodes if record.kind == "multiply")
    assert run.compute(z * 2.0)[0].tolist() == [6.0, 16.0]
    assert run.compute(z * 2.0, given={z: np.array([1.0, 1.0])})[0].tolist() == [2.0, 2.0]
    changed = {run.graph["w"]: np.array([0.0, 1.0])}
    assert run.recompute(changed, z)[0].tolist() == [0.0, 4.0]
    assert float(run.recompute(changed, run.loss)[0]) == 16.0, "of 0 · 3, which is below the gate, a half"


def test_the_consumers_of_a_node_are_all_edges_out_of_it():
    w = bl.parameter(2.0, name="w")
    square = w * w
    run = bl.trace(square + w)
    assert [(edge.consumer, edge.position) for edge in run.consumers[w]] == [(square, 0), (square, 1), (run.loss, 1)]
    assert run.consumers[run.loss] == ()


def test_nodes_without_a_name_are_found_by_their_boxes():
    x = bl.input("x", shape=(3,))
    with bl.scope("first"):
        a = bl.exp(x)
        b = (a * 2.0).named("b")
    y = bl.softmax(a + b) + bl.softmax(b)
    run = bl.trace(bl.sum(y), {"x": [1.0, 2.0, 3.0]})
    assert run.scope(a) == "first"
    assert run.scope(b) == "first"
    assert run.scope(x) == run.scope(y) == ""
    assert run.places([b, a, x, y]) == (("first", (run.name(a),)),), "b has a name, x and y stand in no box"
    inside = {run.scope(node) for node in run.forward} - {"", "first"}
    assert {"softmax#1", "softmax#2"} <= inside, "the calls of a composite are told apart"


def test_a_box_that_is_opened_once_has_no_number():
    y = bl.softmax(bl.input("x", shape=(3,)))
    run = bl.trace(y[0], {"x": [1.0, 2.0, 3.0]})
    assert {run.scope(node) for node in run.forward} == {"", "softmax"}


def test_a_filled_recording_has_what_was_missing_and_no_more():
    x, w = bl.input("x"), bl.parameter(2.0, name="w")
    with bl.scope("box"):
        z = (x * w).named("z")
    run = bl.trace(bl.exp(z), {"x": 3.0}, scopes=["box"])
    assert run.filled([z, w]) is run
    bare = bl.trace(bl.exp(z), {"x": 3.0}, scopes=[])
    filled = bare.filled([z])
    assert float(filled.known[z]) == 6.0
    assert z not in bare.known
    assert set(filled.known) - set(bare.known) == {z}


def test_a_question_computes_what_it_asks_for_and_nothing_else():
    w = bl.parameter(0.5, name="w")
    h = w
    for _ in range(200):
        h = bl.sin(h) + w
    run = bl.trace(h.named("L"))
    with counted() as count:
        run.value("w")
        run.gradient("w")
        repr(run)
    assert count.calls == 0, "what was kept is read"
    with counted() as count:
        run.local(run["w"].edges_out[0].edge)
    assert count.operations <= 2


def test_local_derivatives_take_the_slopes_of_the_run_not_those_of_the_question():
    z = bl.parameter(0.0, name="z")
    with bl.subgradients("lectures"):
        run = bl.trace(bl.relu(z))
    (edge,) = run["z"].edges_out
    assert float(edge.local) == float(edge.contribution) == float(run["z"].grad) == 1.0
    with bl.subgradients(relu=0.25):
        assert float(run["z"].edges_out[0].local) == 1.0
        assert float(bl.trace(bl.relu(z))["z"].edges_out[0].local) == 0.25


def test_names_are_checked_as_everywhere(run):
    with pytest.raises(ShapeError, match=r"w\[2\] does not exist"):
        run.value("w[2]")
    with pytest.raises(UnknownNameError, match="no node is called 'ww'"):
        run.gradient("ww")
