"""Bounds: never below the strongest path, and no higher than they must be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.engines.reference import NUMPY_RULES
from backlit.explain.bounds import path_bounds
from backlit.explain.narration.narrator import edge_terms
from backlit.graph import OPS, Op
from backlit.graph.spec import is_floating
from harness.graphs import graphs
from harness.samples import cases
from harness.traces import traced


def strongest(run):
    """The strength of the strongest path from every element to the loss, element by element from the loss back."""
    found = {(run.loss, ()): 1.0}
    for node in reversed(run.forward):
        if node is run.loss or not is_floating(node.dtype):
            continue
        for element in np.ndindex(*node.shape):
            terms = [(edge, *term) for edge in run.consumers[node] for term in edge_terms(run, edge, element)]
            strengths = [abs(local) * found[edge.consumer, place] for edge, place, local, _ in terms]
            found[node, element] = max(strengths, default=0.0)
    return found


@given(graphs(most=12))
def test_no_path_is_stronger_than_its_bound(graph):
    run = traced(graph)
    bounds = path_bounds(run, (run.loss, ()), set(run.forward))
    for (node, element), strength in strongest(run).items():
        assert float(bounds[node][element]) >= strength * (1 - 1e-13)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=str(case)) for case in cases(("float64", "float32")) if case.drawn]
)
def test_the_bounds_of_every_op(case):
    """Where an element goes one way only, or an op works element by element, the bound is the strongest path itself."""
    rng = np.random.default_rng(case.seed)
    with bl.precision(case.dtype):
        nodes = [
            bl.parameter(a, dtype=case.dtype) if i in case.drawn else bl.constant(a)
            for i, a in enumerate(case.arrays())
        ]
        value = bl.cast(case.op(*nodes, **case.sample.attributes), case.dtype)
        run = bl.trace(bl.sum(value * bl.constant(rng.normal(size=value.shape), dtype=case.dtype)))
    bounds = path_bounds(run, (run.loss, ()), set(run.forward))
    moving = ("matmul", "cast", "reshape", "permute_dims", "flip", "slice")
    exact = case.op.local or case.op.name in moving
    for (node, element), strength in strongest(run).items():
        bound = float(bounds[node][element])
        assert bound >= strength * (1 - 1e-13)
        if exact:
            assert bound <= strength * (1 + 1e-13)


def test_products_of_matrices_are_bounded_by_their_largest_product_block_by_block(monkeypatch):
    monkeypatch.setattr("backlit.explain.bounds._BLOCK", 7)
    rng = np.random.default_rng(0)
    x, W = (
        bl.parameter(rng.normal(size=s), name=n, dtype="float64") for n, s in [("x", (2, 1, 3, 4)), ("W", (5, 4, 2))]
    )
    with bl.precision("float64"):
        run = bl.trace(bl.sum((x @ W) * bl.constant(rng.normal(size=(2, 5, 3, 2)))))
    bounds = path_bounds(run, (run.loss, ()), set(run.forward))
    for (node, element), strength in strongest(run).items():
        assert float(bounds[node][element]) == pytest.approx(strength, rel=1e-12)


def test_a_bound_does_not_vanish_in_float32():
    """Beside a strong path a weak one may be beyond all that float32 can hold; it is a path all the same."""
    x = bl.parameter([1.0, 1.0], name="x")
    weak = bl.constant([1e-25, 1.0])
    run = bl.trace(bl.sum(bl.flip(bl.flip(x)) * weak * weak))
    bounds = path_bounds(run, (run.loss, ()), set(run.forward))[run.graph["x"]]
    assert bounds.tolist() == [pytest.approx(1e-50, rel=1e-6), 1.0]
    assert [path.product for path in run.paths("x[0]")] == pytest.approx([1e-50], rel=1e-6)


def test_infinite_slopes_have_infinite_bounds_unless_nothing_passes():
    x = bl.parameter([0.0, 0.0], name="x")
    run = bl.trace(bl.sum(bl.sqrt(x) * bl.constant([1.0, 0.0])))
    assert path_bounds(run, (run.loss, ()), set(run.forward))[run.graph["x"]].tolist() == [math.inf, 0.0]
    nothing = bl.trace(bl.sum(bl.parameter([np.nan, 1.0], name="x") ** 2.0))
    bounds = path_bounds(nothing, (nothing.loss, ()), set(nothing.forward))[nothing.graph["x"]]
    assert bounds.tolist() == [math.inf, 2.0], "what is not a number may be any"


def test_a_goal_may_stand_before_the_loss_and_in_an_array():
    w = bl.parameter([2.0, 3.0], name="w")
    z = (w * bl.constant([5.0, 7.0])).named("z")
    run = bl.trace(bl.sum(z * z))
    assert path_bounds(run, (z, (1,)), {w, z})[w].tolist() == [0.0, 7.0]


def test_nothing_outside_of_the_nodes_in_between_is_bounded():
    w, v = bl.parameter(2.0, name="w"), bl.parameter(3.0, name="v")
    z = (w * v).named("z")
    run = bl.trace(z * 4.0)
    assert set(path_bounds(run, (run.loss, ()), {w, z, run.loss})) == {w, z, run.loss}


def test_an_op_of_ones_own_is_bounded_by_its_jacobian(monkeypatch):
    """Its local derivatives may have any sign, which the rule for what moves and adds up does not allow."""

    def together(x, y):
        return bl.concat([x + y, x - y])

    op = Op(
        name="butterfly_of_mine",
        formula="x_0 + x_1, x_0 - x_1",
        words="sum and difference of {x}",
        infer=lambda x: x,
        pushforward=lambda z, tangents: together(tangents[0][:1], tangents[0][1:]),
        pullback=lambda position, z, upstream: together(upstream[:1], upstream[1:]),
    )
    monkeypatch.setitem(NUMPY_RULES, op.name, lambda x: np.array([x[0] + x[1], x[0] - x[1]]))
    try:
        x = bl.parameter([3.0, 1.0], name="x", dtype="float64")
        with bl.precision("float64"):
            run = bl.trace(bl.sum(op(x) * bl.constant([2.0, 2.0])))
        assert path_bounds(run, (run.loss, ()), set(run.forward))[x].tolist() == [2.0, 2.0]
        assert sorted(path.product for path in run.paths("x[1]")) == [-2.0, 2.0]
    finally:
        del OPS[op.name]


@given(st.integers(0, 2**32 - 1))
def test_the_strongest_path_of_a_net_is_as_strong_as_its_bound(seed):
    rng = np.random.default_rng(seed)
    with bl.precision("float64"):
        model = bl.nn.Sequential(bl.nn.Linear(3, 4, rng=rng), bl.nn.Tanh(), bl.nn.Linear(4, 2, rng=rng))
        run = bl.trace(bl.sum(model(bl.input("x", shape=(2, 3)))), {"x": rng.normal(size=(2, 3))})
    x = run.graph["x"]
    best = run.paths("x", strongest=1)[0]
    assert float(path_bounds(run, (run.loss, ()), set(run.forward))[x].max()) == pytest.approx(
        abs(best.product), rel=1e-12
    )
