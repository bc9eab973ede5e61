"""Records: what a teacher writes around a node, for every op."""

import numpy as np
import pytest
from hypothesis import given

import backlit as bl
from backlit.errors import DifferentiationError, ShapeError
from backlit.explain.record import KinkRecord, kinks_of
from backlit.graph.spec import is_floating
from harness.graphs import graphs
from harness.samples import cases
from harness.traces import traced

FLOATS = [case for case in cases(("float64",)) if case.drawn and case.op.differentiable]


def traced_case(case):
    """An op on parameters, its value weighted with random numbers and added up."""
    rng, arrays = np.random.default_rng(case.seed), case.arrays()
    nodes = [
        bl.parameter(array, name=f"x{i}", dtype="float64") if i in case.drawn else bl.constant(array)
        for i, array in enumerate(arrays)
    ]
    value = case.op(*nodes, **case.sample.attributes).named("value")
    weights = bl.constant(rng.normal(size=value.shape), dtype="float64")
    return bl.trace(bl.sum(value * weights).named("L")), value


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case)) for case in FLOATS])
def test_the_jacobian_of_an_edge_holds_all_its_local_derivatives(case):
    """Times the upstream gradient it is the contribution; of an elementwise op its diagonal is the local derivative."""
    run, value = traced_case(case)
    upstream = run[value].grad
    for position in case.drawn:
        (edge,) = run[value.arguments[position]].edges_out
        jacobian = edge.jacobian
        assert jacobian.shape == (*value.shape, *edge.argument.node.shape)
        wide = upstream.reshape((*upstream.shape, *(1 for _ in edge.argument.node.shape)))
        back = np.sum(jacobian * wide, axis=tuple(range(value.rank)))
        np.testing.assert_allclose(edge.contribution, back, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(edge.upstream, upstream)
        if edge.local is not None:
            ones = np.ones(edge.argument.node.shape)
            summed = np.sum(jacobian * ones, axis=tuple(range(value.rank, jacobian.ndim)))
            np.testing.assert_allclose(edge.local, summed, rtol=1e-12)
            assert edge.local.shape == value.shape
        assert edge.rule


@given(graphs(most=15))
def test_the_edges_into_a_node_are_the_edges_out_of_its_arguments(graph):
    run = traced(graph)
    outward = {(edge.edge.consumer, edge.edge.position) for record in run.nodes for edge in record.edges_out}
    inward = {(edge.edge.consumer, edge.edge.position) for record in run.nodes for edge in record.edges_in}
    assert outward == inward
    for record in run.nodes:
        assert [edge.argument.node for edge in record.edges_in] == list(record.node.arguments)
        assert all(edge.argument.node is record.node for edge in record.edges_out)


@pytest.fixture
def run():
    x, w = bl.input("x", shape=(2, 2)), bl.parameter([1.0, -2.0], name="w")
    z = (x * w).named("z")
    return bl.trace(bl.sum(bl.relu(z).named("a")).named("L"), {"x": [[1.0, 2.0], [3.0, 0.0]]})


def test_the_record_of_a_node(run):
    record = run["z"]
    assert (record.name, record.kind, record.trainable) == ("z", "multiply", False)
    assert record.value.tolist() == [[1.0, -4.0], [3.0, 0.0]]
    assert record.grad.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert [str(edge) for edge in record.edges_in] == ["x → z", "w → z"]
    assert [repr(edge) for edge in record.edges_out] == ["<edge z → a>"]
    assert [edge.argument.name for edge in record.edges_in] == ["x", "w"]
    assert [edge.consumer.name for edge in record.edges_out] == ["a"]
    assert repr(record) == "<multiply 'z': float32[2,2]>"
    assert (run["w"].trainable, run["w"].kind, run["x"].kind) == (True, "parameter", "input")


def test_a_leaf_has_no_edges_in_and_the_loss_none_out(run):
    assert run["w"].edges_in == ()
    assert run["L"].edges_out == ()


def test_an_edge_has_a_local_derivative_an_upstream_gradient_and_a_contribution(run):
    edge = run["w"].edges_out[0]
    assert edge.local.tolist() == [[1.0, 2.0], [3.0, 0.0]]
    assert edge.upstream.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert edge.contribution.tolist() == [4.0, 0.0], "added up over the copies that broadcasting made"
    assert edge.rule == "of a product: the other factor"


def test_the_record_of_an_element_has_its_value_and_its_gradient(run):
    record = run["w[0]"]
    assert (record.name, float(record.value), float(record.grad)) == ("w[0]", 1.0, 4.0)
    assert repr(record) == "<parameter 'w[0]': float32[2]>"
    assert [str(edge) for edge in record.edges_out] == ["w → z"]
    assert float(run["z[-1,-1]"].grad) == 0.0


def test_an_edge_on_which_nothing_comes_back_contributes_zeros():
    w = bl.parameter([1.5, 2.5], name="w")
    run = bl.trace(bl.sum(bl.floor(w) + w))
    floor, add = run["w"].edges_out
    assert floor.contribution.tolist() == [0.0, 0.0]
    assert add.contribution.tolist() == [1.0, 1.0]
    assert floor.local is None
    assert floor.jacobian.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_there_is_no_jacobian_of_integers(run):
    labels = bl.constant([1, 0])
    taken = bl.take(bl.parameter([1.0, 2.0], name="w"), labels)
    edge = bl.trace(bl.sum(taken).named("L"))[labels].edges_out[0]
    with pytest.raises(DifferentiationError) as caught:
        _ = edge.jacobian
    assert str(caught.value) == f"{edge} has no derivative\n  why: only floats can change by a small amount"
    assert edge.local is None
    assert edge.contribution.tolist() == [0, 0]


def test_a_jacobian_that_would_not_fit_is_not_begun():
    x, w = bl.input("x", shape=(300, 100)), bl.parameter(np.ones((100, 100)), name="w")
    edge = bl.trace(bl.sum((x @ w).named("z")), {"x": np.ones((300, 100))})["w"].edges_out[0]
    with pytest.raises(ShapeError) as caught:
        _ = edge.jacobian
    assert str(caught.value) == (
        "the Jacobian of w → z has 30,000 × 10,000 elements\n"
        "  instead: ask for the contribution of the edge, or explain a single element"
    )


def test_a_jacobian_stays_that_of_the_run_when_its_leaves_change():
    w = bl.parameter([2.0, 3.0], name="w")
    run = bl.trace(bl.sum(w * w))
    w.value = [7.0, 7.0]
    assert run["w"].edges_out[0].jacobian.tolist() == [[2.0, 0.0], [0.0, 3.0]]


@pytest.mark.parametrize(
    ("function", "at", "count", "size", "first", "where"),
    [
        (bl.relu, [0.0, 1.0, 0.0], 2, 3, (0,), "z = 0:"),
        (bl.abs, [1.0, 0.0, 2.0], 1, 3, (1,), "z = 0:"),
        (lambda z: bl.maximum(z, 1.0), [0.0, 1.0, 2.0], 1, 3, (1,), "z = 1:"),
        (lambda z: bl.minimum(z, bl.flip(z)), [5.0, 1.0, 5.0], 3, 3, (0,), "z = %1:"),
        (lambda z: bl.clip(z, -1.0, 1.0), [-1.0, 0.0, 1.0], 2, 3, (0,), "z at a bound:"),
        (bl.max, [2.0, 2.0, 1.0], 1, 1, (), "two elements tie:"),
        (bl.min, [1.0, 2.0, 1.0], 1, 1, (), "two elements tie:"),
        (lambda z: bl.max(bl.stack([z, z]), axis=0), [2.0, 2.0, 1.0], 3, 3, (0,), "two elements tie:"),
    ],
)
def test_the_kinks_that_a_node_stands_on_are_counted(function, at, count, size, first, where):
    run = bl.trace(bl.sum(function(bl.parameter(at, name="z"))))
    (kink,) = run.kinks
    assert (kink.count, kink.size, kink.first) == (count, size, first)
    assert kinks_of(run, run.forward) == [kink]
    (record,) = (record for record in run.nodes if record.kink is not None)
    assert record.kink == kink
    assert kink.meaning.startswith(where), "with the names of what stands there"


@pytest.mark.parametrize(
    ("kink", "text"),
    [
        (KinkRecord("a", 1, 1, (), "x = 0"), "a stands on a kink: x = 0"),
        (KinkRecord("a", 1, 3, (2,), "x = 0"), "1 of 3 elements of a stands on a kink, the first at [2]: x = 0"),
        (KinkRecord("a", 2, 6, (0, 1), "x = 0"), "2 of 6 elements of a stand on a kink, the first at [0, 1]: x = 0"),
    ],
)
def test_a_kink_says_where_it_is(kink, text):
    assert str(kink) == text


def test_away_from_kinks_and_for_whole_numbers_there_are_none():
    z = bl.parameter([1.0, -1.0], name="z")
    run = bl.trace(bl.sum(bl.relu(z)) + bl.cast(bl.abs(bl.cast(z, "int64") * 0)[0], "float32"))
    assert run.kinks == ()
    assert run["z"].kink is None


def test_what_is_no_number_stands_on_no_kink():
    run = bl.trace(bl.sum(bl.relu(bl.parameter([np.nan, 0.0], name="z")).named("a")))
    assert [str(kink) for kink in run.kinks] == [
        "1 of 2 elements of a stands on a kink, the first at [1]: z = 0: any slope from 0 to 1"
    ]


@given(graphs(most=10))
def test_records_are_of_the_shape_and_type_of_their_nodes(graph):
    for record in traced(graph).nodes:
        assert record.value.shape == record.node.shape
        assert record.value.dtype.name == record.node.dtype
        if is_floating(record.node.dtype):
            assert record.grad.shape == record.node.shape
