"""What holds of every graph, held against random ones: values, gradients, order, updates; on every engine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.autodiff import backpropagate, push_forward
from backlit.graph import topological_order
from harness.differences import complex_step, dot, size, values_at
from harness.graphs import graphs
from harness.samples import ENGINES

engine_of = pytest.mark.parametrize("engine", ENGINES)

UNITS = {"reference": 0}
"""How many units in the last place an engine may be off on a whole graph; the referee not at all, others 10,000."""


def assert_same(got, want, engine="reference"):
    """Equal to the last bit, the sign of zero included; within the bound of an engine that orders its sums itself."""
    for a, b in zip(got, want, strict=True):
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
        bound = UNITS.get(engine, 10_000) * np.finfo("float64").eps
        np.testing.assert_allclose(a, b, rtol=bound, atol=bound)
        if not bound and np.asarray(a).dtype.kind == "f":
            known = ~np.isnan(a)
            np.testing.assert_array_equal(np.signbit(a)[known], np.signbit(b)[known])


def backward(graph, seed=0):
    """Walk back from the outputs with random upstream gradients."""
    rng = np.random.default_rng(seed)
    upstream = [rng.normal(size=output.shape) for output in graph.outputs]
    return backpropagate(graph.outputs, [bl.constant(u, dtype="float64") for u in upstream], graph.sources), upstream


def or_zeros(nodes, wanted):
    return [nodes.get(n, bl.constant(np.zeros(n.shape), dtype="float64")) for n in wanted]


def directions(graph, seed=1):
    rng = np.random.default_rng(seed)
    return {source: rng.normal(size=source.shape) for source in graph.sources}


@engine_of
@given(graph=graphs())
def test_an_engine_computes_what_the_naive_walk_computes(graph, engine):
    program = bl.compile(graph.inputs, graph.outputs, engine=engine)
    got = program(*graph.arrays)
    assert_same(got, values_at(graph.outputs, graph.values), engine)
    for node, value in zip(graph.outputs, got, strict=True):
        assert (value.shape, value.dtype.name) == (node.shape, node.dtype)
        assert np.isfinite(value).all(), "the strategy promises tame values"


@engine_of
@given(graph=graphs())
def test_a_program_run_twice_gives_the_same_bits_and_leaves_everything_as_it_was(graph, engine):
    walk, _ = backward(graph)
    program = bl.compile(graph.inputs, [*graph.outputs, *or_zeros(walk.gradients, graph.sources)], engine=engine)
    before = {node: value.copy() for node, value in graph.point().items()}
    first = [np.array(value) for value in program(*graph.arrays)]
    kept = program(*graph.arrays)
    program(*(value + value.dtype.type(0) for value in graph.arrays))
    assert_same(kept, first)
    assert_same(graph.point().values(), before.values())


@engine_of
@given(graph=graphs(most=15))
def test_gradients_are_graphs_that_engines_run(graph, engine):
    walk, _ = backward(graph)
    wanted = or_zeros(walk.gradients, graph.sources)
    got = bl.compile(graph.inputs, wanted, engine=engine)(*graph.arrays)
    assert_same(got, values_at(wanted, graph.values), engine)


@given(graph=graphs())
def test_reverse_mode_is_the_adjoint_of_forward_mode(graph):
    walk, upstream = backward(graph)
    v = directions(graph)
    moving = push_forward(graph.outputs, {s: bl.constant(a, dtype="float64") for s, a in v.items()})
    forward = values_at(or_zeros(moving, graph.outputs), graph.values)
    back = values_at(or_zeros(walk.gradients, graph.sources), graph.values)
    left, right = dot(upstream, forward), dot(back, v.values())
    assert abs(left - right) <= 1e-9 * max(size(upstream, forward), size(back, v.values()))


@given(graph=graphs(smooth=True))
def test_forward_mode_agrees_with_a_complex_step(graph):
    v = directions(graph)
    moving = push_forward(graph.outputs, {s: bl.constant(a, dtype="float64") for s, a in v.items()})
    forward = values_at(or_zeros(moving, graph.outputs), graph.values)
    for got, want in zip(forward, complex_step(graph.outputs, graph.point(), v), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9 * (1.0 + np.max(np.abs(want), initial=0.0)))


@given(graph=graphs(smooth=True, most=10))
def test_the_gradient_of_a_gradient_agrees_with_a_complex_step(graph):
    walk, _ = backward(graph)
    back = or_zeros(walk.gradients, graph.sources)
    v = directions(graph)
    moving = push_forward(back, {s: bl.constant(a, dtype="float64") for s, a in v.items()})
    second = values_at(or_zeros(moving, back), graph.values)
    for got, want in zip(second, complex_step(back, graph.point(), v), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9 * (1.0 + np.max(np.abs(want), initial=0.0)))


@given(graph=graphs())
def test_a_gradient_is_the_sum_of_the_contributions_along_the_edges(graph):
    walk, upstream = backward(graph)
    given_above = dict.fromkeys(graph.outputs, 0.0)
    for output, value in zip(graph.outputs, upstream, strict=True):
        given_above[output] = given_above[output] + value
    edges = list(walk.contributions)
    nodes = list(walk.gradients)
    values = values_at([*walk.contributions.values(), *walk.gradients.values()], graph.values)
    parts, gradients = values[: len(edges)], values[len(edges) :]
    for node, gradient in zip(nodes, gradients, strict=True):
        arriving = [part for edge, part in zip(edges, parts, strict=True) if edge.argument is node]
        total = sum(arriving, start=given_above.get(node, 0.0) + np.zeros(node.shape))
        scale = 1.0 + sum((np.abs(part) for part in arriving), start=np.zeros(node.shape))
        assert (np.abs(total - gradient) <= 1e-12 * scale).all()


@given(graph=graphs())
def test_the_order_of_execution_respects_every_edge_and_is_always_the_same(graph):
    order = topological_order(graph.outputs)
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    for node in order:
        for argument in node.arguments:
            assert place[argument] < place[node]
    assert order == topological_order(graph.outputs)
    assert set(graph.outputs) <= set(order)


@given(graph=graphs())
def test_the_nodes_of_a_graph_are_known_by_their_labels(graph):
    whole = bl.Graph(graph.inputs, graph.outputs)
    assert len(set(whole.labels.values())) == len(whole.labels)
    for node, label in whole.labels.items():
        assert whole[label] is node


def update_for(draw, parameters, target, graph):
    """Draw a new value for a parameter: a step, another parameter, a view, a mixture of two."""
    same = [p for p in parameters if p.shape == target.shape]
    other = draw(st.sampled_from(same))
    scalar = bl.mean(graph.outputs[0])
    return draw(
        st.sampled_from(
            [
                target - 0.1 * other,
                other + 1.0,
                other,
                bl.flip(other),
                target * scalar,
                target + bl.flip(other),
                bl.reshape(bl.flatten(other), target.shape),
                bl.relu(other),
                bl.maximum(other, bl.flip(target)),
                (target + other) * (target - other),
            ]
        )
    )


@engine_of
@given(data=st.data())
def test_updates_are_computed_from_the_old_values_and_applied_together(data, engine):
    graph = data.draw(graphs(most=6))
    rng = np.random.default_rng(7)
    shapes = [(3,), (3,), (2, 3), (2, 3), (), ()]
    parameters = [bl.parameter(rng.normal(size=s), f"w{i}", dtype="float64") for i, s in enumerate(shapes)]
    changed = data.draw(st.lists(st.sampled_from(parameters), min_size=1, unique=True))
    updates = {p: update_for(data.draw, parameters, p, graph) for p in changed}
    outputs = [*graph.outputs, *parameters, *map(bl.flip, parameters)]
    program = bl.compile(graph.inputs, outputs, updates, engine=engine)

    want_outputs = [np.array(v) for v in values_at(outputs, graph.values)]
    want_values = [np.array(v) for v in values_at(list(updates.values()), graph.values)]
    untouched = {p: p.value.copy() for p in parameters if p not in updates}
    owners = [p.value for p in parameters]
    got = program(*graph.arrays)

    assert_same(got, want_outputs, engine)
    assert_same([p.value for p in updates], want_values, engine)
    assert_same([p.value for p in untouched], untouched.values())
    assert all(p.value is array for p, array in zip(parameters, owners, strict=True)), "a parameter keeps its array"


@engine_of
@given(graph=graphs(most=8), wrong=st.integers(0, 3))
def test_a_run_that_fails_changes_nothing(graph, wrong, engine):
    parameter = bl.parameter([1.0, 2.0, 3.0], "w", dtype="float64")
    labels = next(node for node in graph.inputs if node.name == "labels")
    picked = bl.take(parameter, labels)
    program = bl.compile(graph.inputs, graph.outputs, {parameter: parameter + bl.mean(picked)}, engine=engine)
    arrays = [value.copy() for value in graph.arrays]
    arrays[graph.inputs.index(labels)][wrong] = 3
    with pytest.raises(bl.errors.IndexRangeError, match="3 is out of range"):
        program(*arrays)
    assert parameter.value.tolist() == [1.0, 2.0, 3.0]
    program(*graph.arrays)
    assert (parameter.value > [1.0, 2.0, 3.0]).all()
