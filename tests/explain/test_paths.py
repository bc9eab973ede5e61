"""Paths: all of them on single numbers, the strongest on arrays, against enumerations of their own."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import backlit as bl
from backlit.engines.reference import NUMPY_RULES
from backlit.errors import ArgumentError, DifferentiationError, ShapeError, UnknownNameError
from backlit.explain import InfluencePath, Paths
from backlit.explain.narration.narrator import edge_terms
from backlit.graph import OPS, Op
from backlit.graph.spec import is_floating
from harness.graphs import graphs
from harness.traces import counted, elements, traced


def every_path(run, source, element, target, goal):
    """Every path between two numbers with its factors, by recursion over the terms of the edges."""
    if (source, element) == (target, goal):
        yield []
        return
    for edge in run.consumers[source]:
        for place, local, _ in edge_terms(run, edge, element):
            for rest in every_path(run, edge.consumer, place, target, goal):
                yield [local, *rest]


def how_many(run, source, element, target, goal, limit):
    """Count the paths by hand, node by node from the goal back; a bound where there are more than the limit."""
    counts: dict = {(target, goal): 1}

    def count(node, place):
        if (node, place) not in counts:
            counts[node, place] = min(
                limit,
                sum(
                    count(edge.consumer, at)
                    for edge in run.consumers[node]
                    for at, _, _ in edge_terms(run, edge, place)
                ),
            )
        return counts[node, place]

    return count(source, element)


@st.composite
def scalar_graphs(draw):
    """Random graphs of single numbers, with values that meet again and again."""
    with bl.precision("float64"):
        nodes = [bl.parameter(draw(st.floats(-2, 2)), name=f"p{i}") for i in range(draw(st.integers(1, 3)))]
        for _ in range(draw(st.integers(1, 12))):
            x, y = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes[-3:]))
            op = draw(st.sampled_from([lambda x, y: x * y, lambda x, y: x + y, lambda x, y: x - y]))
            bend = draw(st.sampled_from([lambda z: z, bl.sin, bl.tanh, bl.relu]))
            nodes.append(bend(op(x, y)))
        return nodes[0], bl.sin(nodes[-1]).named("y")


@given(scalar_graphs())
def test_the_sum_over_all_paths_is_the_gradient_and_their_number_is_right(pair):
    source, loss = pair
    run = bl.trace(loss)
    assume(source in run.consumers)
    number = how_many(run, source, (), loss, (), limit=10**9)
    paths = run.paths(source)
    assert paths.count == number
    assert paths.gradient == pytest.approx(float(run.gradient(source)), rel=0, abs=1e-12 * _size(run, source, loss))
    if number > 64:
        return
    assert len(paths) == number
    size = sum(abs(path.product) for path in paths)
    assert paths.listed == pytest.approx(paths.gradient, rel=0, abs=1e-12 * max(size, 1e-12))
    assert sorted(path.factors for path in paths) == sorted(map(tuple, every_path(run, source, (), loss, ())))
    for path in paths:
        assert path.product == pytest.approx(math.prod(path.factors), rel=1e-14)
        assert len(path.names) == len(path.factors) + 1
        assert (path.names[0], path.names[-1]) == (run.name(source), "y")
    strengths = [abs(path.product) for path in paths]
    assert strengths == sorted(strengths, reverse=True)


def _size(run, source, loss):
    """The sum of the absolute values over all paths: the gradient of the same graph with no sign in it."""
    strength = {loss: 1.0}
    for node in reversed(run.forward):
        if node is not loss:
            terms = (term for edge in run.consumers[node] for term in [(edge, *t) for t in edge_terms(run, edge, ())])
            strength[node] = sum(abs(local) * strength[edge.consumer] for edge, _, local, _ in terms)
    return max(strength[source], 1e-12)


@settings(max_examples=60)
@given(graphs(most=10), st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_the_strongest_paths_are_those_of_an_enumeration(graph, seed, strongest):
    run, rng = traced(graph), np.random.default_rng(seed)
    floats = [node for node in run.forward if is_floating(node.dtype) and node is not run.loss]
    source = floats[int(rng.integers(len(floats)))]
    (element,) = elements(source, rng, most=1) or [None]
    assume(element is not None)
    assume(how_many(run, source, element, run.loss, (), limit=3000) < 3000)
    everything = list(every_path(run, source, element, run.loss, ()))
    paths = (
        run.paths(source, strongest=strongest)
        if not source.shape
        else run.paths(f"{run.name(source)}[{','.join(map(str, element))}]", strongest=strongest)
    )
    products = sorted((abs(math.prod(factors)) for factors in everything), reverse=True)
    scale = max([1e-300, *products])
    if paths.count is not None and paths.count <= 64:
        assert len(paths) == paths.count >= len(everything)
        assert paths.listed == pytest.approx(paths.gradient, rel=0, abs=1e-12 * max(sum(products), scale))
        return
    wanted = [product for product in products if product > 0.0][:strongest]
    assert [abs(path.product) for path in paths] == pytest.approx(wanted, rel=1e-12)
    known = {tuple(factors) for factors in everything}
    assert all(path.factors in known for path in paths)
    assert paths.gradient == pytest.approx(float(run.gradient(source)[element]), abs=1e-12 * max(1.0, sum(products)))


@pytest.fixture
def net():
    with bl.precision("float64"):
        model = bl.nn.Sequential(
            *(
                bl.nn.Linear(3, 4, rng=0),
                bl.nn.Tanh(),
                bl.nn.Linear(4, 3, rng=1),
                bl.nn.ReLU(),
                bl.nn.Linear(3, 1, rng=2),
            )
        )
        x = bl.input("x", shape=(2, 3))
        loss = bl.sum(model(x)).named("L")
    return bl.trace(loss, {"x": np.random.default_rng(0).normal(size=(2, 3))})


def test_the_strongest_of_a_net_come_first_whatever_their_number(net):
    best, many = net.paths("x[1,2]", strongest=1), net.paths("x[1,2]", strongest=1000)
    assert list(best) == [many[0]]
    strengths = [abs(path.product) for path in many]
    assert strengths == sorted(strengths, reverse=True)
    assert many.listed == pytest.approx(many.gradient, rel=1e-12), "all that carry anything are listed"
    products = [math.prod(p) for p in every_path(net, net.graph["x"], (1, 2), net.loss, ())]
    assert len(many) == sum(product != 0 for product in products)


def test_paths_may_begin_anywhere_in_an_array(net):
    anywhere = net.paths("x", strongest=3)
    assert (anywhere.source, anywhere.gradient, anywhere.count) == ("x", None, None)
    best = max(
        (net.paths(f"x[{i},{j}]", strongest=1)[0] for i in range(2) for j in range(3)),
        key=lambda path: abs(path.product),
    )
    assert anywhere[0] == best
    assert len(anywhere) == 3


def test_paths_may_end_before_the_loss(net):
    hidden = next(record for record in net.nodes if record.kind == "relu")
    element = f"{hidden.name}[0,1]"
    paths = net.paths("w[1,2,1]", element, strongest=100)
    assert paths.target == element
    everything = list(every_path(net, net.graph["0.weight"], (0, 1), hidden.node, (0, 1)))
    assert paths.gradient == pytest.approx(sum(map(math.prod, everything)), rel=1e-12, abs=1e-15)


def test_the_boxes_of_the_nodes_on_the_way_are_told(net):
    assert set(dict(net.paths("x[0,0]").places)) == {"0", "2", "4"}, "of the products, which have no name"


def test_equal_names_are_different_paths():
    a = bl.parameter(1.0, name="a")
    b = (a + a).named("b")
    paths = bl.trace((b + b).named("c")).paths("a")
    assert [path.names for path in paths] == [("a", "b", "c")] * 4
    assert (paths.count, paths.listed, paths.gradient) == (4, 4.0, 4.0)


def test_paths_that_pass_nothing_are_listed_where_there_are_few():
    z = bl.parameter(-1.0, name="z")
    paths = bl.trace((bl.relu(z) + bl.floor(z) + z).named("y")).paths("z")
    assert sorted(path.product for path in paths) == [0.0, 0.0, 1.0]
    assert paths.count == 3


def test_an_op_of_ones_own_that_passes_nothing_is_a_path_of_strength_0(monkeypatch):
    op = Op(
        name="nothing_of_mine",
        formula="0",
        words="nothing of {x}",
        infer=lambda x: x,
        pushforward=lambda z, tangents: tangents[0] * 0.0,
        pullback=lambda position, z, upstream: upstream * 0.0,
    )
    monkeypatch.setitem(NUMPY_RULES, op.name, lambda x: x * 0.0)
    try:
        z = bl.parameter(3.0, name="z")
        paths = bl.trace((op(z) + z).named("y")).paths("z")
        assert [path.product for path in paths] == [1.0, 0.0]
    finally:
        del OPS[op.name]


def test_more_paths_than_anybody_can_count_are_counted_and_searched():
    a = bl.parameter(1.0, name="a", dtype="float64")
    h = a
    for _ in range(60):
        h = (h + h) * 0.5
    paths = bl.trace(h.named("y")).paths("a", strongest=2)
    assert paths.count == 2**60
    assert paths.gradient == pytest.approx(1.0)
    assert [path.product for path in paths] == [pytest.approx(0.5**60)] * 2


def test_the_slopes_are_those_of_the_run():
    z = bl.parameter(0.0, name="z")
    with bl.subgradients("lectures"):
        run = bl.trace(bl.relu(z).named("a"))
    assert run.paths("z")[0].factors == (1.0,)
    arrays = bl.parameter([0.0, 0.0], name="z")
    with bl.subgradients("lectures"):
        several = bl.trace(bl.sum(bl.relu(arrays)) + bl.max(arrays))
    assert several.paths("z[0]").gradient == 2.0
    assert sorted(path.product for path in several.paths("z[0]")) == [1.0, 1.0]
    assert [path.product for path in several.paths("z[1]")] == [1.0], "the first of the largest takes all of it"


def test_where_slopes_are_infinite_the_others_are_still_found():
    x = bl.parameter([0.0, 1.0], name="x")
    run = bl.trace(bl.sum(bl.log(x) * x).named("L"))
    assert [path.product for path in run.paths("x[0]")] == [-math.inf]
    assert sorted(path.product for path in run.paths("x[1]")) == [1.0]
    single = bl.trace((bl.log(bl.parameter(0.0, name="x")) * 0.0).named("L")).paths("x")
    assert str(single[0].product) == "nan"


def test_products_that_float32_cannot_hold_are_compared_all_the_same():
    x = bl.parameter([1.0, 1.0], name="x")
    h = x * bl.constant([1e-20, 2e-20])
    run = bl.trace((bl.sum(bl.concat([h, h * 3.0])[:3] * 1e-15) * 1e-15).named("L"))
    products = [path.product for path in run.paths("x[0]")]
    assert products == pytest.approx([3e-50, 1e-50], rel=1e-6)


def test_the_search_of_a_trace_of_few_scopes_costs_no_more_than_that_of_a_whole_one():
    """What was not kept is computed once, and not again for every step of the search."""
    with bl.precision("float64"):
        model = bl.nn.Sequential(*(layer for i in range(6) for layer in (bl.nn.Linear(4, 4, rng=i), bl.nn.Tanh())))
        loss = bl.sum(model(bl.input("x", shape=(1, 4))))
    at = {"x": np.ones((1, 4))}
    costs = []
    for scopes in (None, []):
        run = bl.trace(loss, at, scopes=scopes)
        with counted() as count:
            run.paths("x[0,0]", strongest=20)
        costs.append(count.operations)
    assert costs[1] <= costs[0] + 3 * len(run.forward) + 60


APART = "\n  why: the one does not depend on the other"
SAME = (
    "\n  why: a path leads from one node to another, and these are the same"
    "\n  instead: name a target further down, or none for the loss"
)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (
            lambda run: run.paths("w", strongest=0),
            ArgumentError,
            "strongest is 0\n  why: at least one path is looked for",
        ),
        (
            lambda run: run.paths("w", strongest=2.5),
            ArgumentError,
            "strongest is 2.5\n  why: at least one path is looked for",
        ),
        (
            lambda run: run.paths("w", strongest=True),
            ArgumentError,
            "strongest is True\n  why: at least one path is looked for",
        ),
        (
            lambda run: run.paths("y"),
            DifferentiationError,
            "no path begins at y\n  why: only floats of the forward pass move",
        ),
        (
            lambda run: run.paths("L", "w[0]"),
            DifferentiationError,
            f"no path leads from L to w[0]{APART}\n  instead: ask the other way round: paths('w[0]', 'L')",
        ),
        (
            lambda run: run.paths("v[1]", "w[0]"),
            DifferentiationError,
            f"no path leads from v[1] to w[0]{APART}",
        ),
        (
            lambda run: run.paths("w[0]", "w[1]"),
            DifferentiationError,
            f"no path leads from w[0] to w[1]{SAME}",
        ),
        (
            lambda run: run.paths("w", "z"),
            ShapeError,
            'z is an array of shape [2]\n  why: a path ends in a single number\n  instead: choose an element: "z[0]"',
        ),
        (lambda run: run.paths("q"), UnknownNameError, "no node is called 'q'"),
    ],
)
def test_what_is_no_path_is_said(ask, error, message):
    w, v = bl.parameter([1.0, 2.0], name="w"), bl.parameter([1.0, 2.0], name="v")
    y = bl.input("y", shape=(2,), dtype="int64")
    run = bl.trace(bl.sum((bl.take(w, y) * v).named("z")).named("L"), {"y": [0, 1]})
    with pytest.raises(error) as caught:
        ask(run)
    assert str(caught.value) == message


def test_a_search_without_end_ends_with_what_it_has_found_and_says_so_where_that_is_nothing(monkeypatch):
    w = bl.parameter(np.ones((6, 6)), name="w")
    h = bl.input("x", shape=(1, 6))
    for _ in range(4):
        h = h @ w
    run = bl.trace(bl.sum(h).named("L"), {"x": np.ones((1, 6))})
    monkeypatch.setattr("backlit.explain.paths._MOST_OPENED", 50)
    found = run.paths("x", strongest=100)
    assert 0 < len(found) < 100
    monkeypatch.setattr("backlit.explain.paths._MOST_OPENED", 3)
    with pytest.raises(DifferentiationError) as caught:
        run.paths("x", strongest=100)
    assert str(caught.value) == (
        "the paths from x to L are too much alike to be put in order\n  why: 3 beginnings were opened\n"
        "  instead: ask for the paths between nearer nodes"
    )


def test_paths_are_data():
    one, two = InfluencePath(("x", "y"), (2.0,), 2.0, (0,)), InfluencePath(("x", "z", "y"), (3.0, -1.0), -3.0, (0, 1))
    paths = Paths("x", "y", (two, one), -1.0, 2)
    assert (len(paths), list(paths), paths[0], paths[-1]) == (2, [two, one], two, one)
    assert paths.listed == -1.0
    assert Paths("x", "y", (), 0.0, 0).listed == 0.0


def test_the_gradient_above_the_paths_is_that_of_the_run():
    """Also where 0 · ∞ makes it what no path shows."""
    u = bl.parameter(0.0, name="u")
    run = bl.trace(bl.where(u > 0.0, bl.log(u), 0.0).named("L"))
    assert math.isnan(run.paths("u").gradient)
    assert math.isnan(run["u"].grad)


@pytest.mark.parametrize("through", [lambda k: k > 0.0, lambda k: bl.cast(k, "int64") > 0])
def test_through_whole_numbers_and_truth_values_no_path_leads(through):
    u, k = bl.parameter(1.0, name="u"), bl.parameter(3.0, name="k")
    run = bl.trace(bl.where(through(k), u, 2.0 * u).named("L"))
    with pytest.raises(
        DifferentiationError, match=r"from k to L\n  why: every way passes a whole number or a truth value"
    ):
        run.paths("k")
