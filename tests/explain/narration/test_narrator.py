"""The narrator: on random graphs and on every op, what is told adds up; and what is told first is what matters."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.explain import Summary
from backlit.explain.narration.narrator import MOST_LINES, Influence, edge_terms, explain, influences
from backlit.graph.spec import is_floating
from harness.graphs import graphs
from harness.samples import cases
from harness.traces import counted, elements, traced


def total_and_size(terms):
    """The sum of products, and of their absolute values: what its rounding is measured against."""
    products = [local * upstream for _, local, upstream in terms]
    return sum(products), sum(map(abs, products))


@given(graphs(), st.integers(0, 2**32 - 1))
def test_the_products_of_the_terms_of_all_edges_add_up_to_the_gradient(graph, seed):
    """Row D4 and D19, on anything: local derivative · upstream gradient, over all ways out of any element."""
    run, rng = traced(graph), np.random.default_rng(seed)
    for record in run.nodes:
        if not is_floating(record.node.dtype) or record.node is run.loss:
            continue
        for element in elements(record.node, rng):
            terms = [term for edge in record.edges_out for term in edge_terms(run, edge.edge, element)]
            total, size = total_and_size(terms)
            assert float(record.grad[element]) == pytest.approx(total, rel=0, abs=1e-12 * size), record


@given(graphs(most=15), st.integers(0, 2**32 - 1))
def test_the_terms_of_an_edge_are_the_entries_of_its_jacobian(graph, seed):
    run, rng = traced(graph), np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bl.errors.DeadGradientWarning)
        for record in run.nodes:
            for edge in record.edges_out:
                if not is_floating(record.node.dtype) or not is_floating(edge.consumer.node.dtype):
                    continue
                for element in elements(record.node, rng, most=2):
                    column = np.zeros(edge.consumer.node.shape)
                    for place, local, upstream in edge_terms(run, edge.edge, element):
                        column[place] = local
                        assert upstream == float(edge.upstream[place])
                    np.testing.assert_allclose(column, edge.jacobian[(..., *element)], rtol=1e-12, atol=1e-14)


def told_sum(told):
    return sum(part.product for part in told.contributions) + told.omitted_sum


@given(graphs(), st.integers(0, 2**32 - 1))
def test_what_an_explanation_lists_and_what_it_leaves_out_add_up_to_the_gradient(graph, seed):
    run, rng = traced(graph), np.random.default_rng(seed)
    for record in run.nodes:
        for element in elements(record.node, rng, most=2):
            told = run.explain(record.node, element)
            assert told.value == record.value[element]
            if not is_floating(record.node.dtype):
                assert told.gradient is None
                assert told.contributions == ()
                continue
            assert told.gradient == float(record.grad[element])
            if record.node is run.loss:
                assert told.gradient == 1.0
                continue
            terms = [term for edge in record.edges_out for term in edge_terms(run, edge.edge, element)]
            _, size = total_and_size(terms)
            assert told.gradient == pytest.approx(told_sum(told), rel=0, abs=1e-12 * max(size, 1.0))
            assert len(told.contributions) <= MOST_LINES
            assert str(told)


@given(graphs(most=15))
def test_an_array_is_told_in_norms_and_shapes(graph):
    run = traced(graph)
    for record in run.nodes:
        told = run.explain(record.node)
        if not record.node.shape:
            assert not isinstance(told.value, Summary)
            continue
        assert told.value == Summary.of(record.value)
        if is_floating(record.node.dtype):
            assert told.gradient == Summary.of(record.grad)
            edges = [edge for edge in record.edges_out if is_floating(edge.consumer.node.dtype)]
            assert [part.product for part in told.contributions] == [Summary.of(e.contribution) for e in edges]
        assert (told.chain, told.omitted, told.omitted_sum) == ((), 0, 0.0)
        assert str(told)


CASES = [case for case in cases(("float64",)) if case.drawn]
WHOLE = [case for case in cases(("int64", "bool")) if case.drawn]


def op_on_parameters(case):
    nodes = [
        bl.parameter(array, name=f"x{i}") if case.dtype == "float64" and i in case.drawn else bl.constant(array)
        for i, array in enumerate(case.arrays())
    ]
    with bl.precision("float64"):
        return nodes, case.op(*nodes, **case.sample.attributes)


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case)) for case in CASES])
def test_every_op_is_told_for_each_element_of_its_arguments_and_of_its_value(case):
    with bl.precision("float64"):
        nodes, value = op_on_parameters(case)
        weights = bl.constant(np.random.default_rng(case.seed).normal(size=value.shape), dtype="float64")
        loss = bl.sum(bl.cast(value, "float64") * weights).named("L")
    run = bl.trace(loss)
    for position in case.drawn:
        for element in np.ndindex(*nodes[position].shape):
            told = run.explain(nodes[position], element)
            terms = [term for edge in run[nodes[position]].edges_out for term in edge_terms(run, edge.edge, element)]
            _, size = total_and_size(terms)
            assert told.gradient == pytest.approx(told_sum(told), rel=0, abs=1e-12 * max(1.0, size))
            for part in told.contributions:
                assert part.formula
                assert part.rule
            assert str(told)
    for element in np.ndindex(*value.shape):
        told = run.explain(value, element)
        assert told.origin is not None
        assert told.origin.formula
        assert str(told)
    assert str(run.explain(value))
    assert all(str(step) for step in run.steps)


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case)) for case in WHOLE])
def test_every_op_is_told_on_whole_numbers_and_truth_values(case):
    _, value = op_on_parameters(case)
    run = bl.trace(bl.sum(bl.cast(value, "float64")) * bl.parameter(2.0, name="w", dtype="float64"))
    for record in run.nodes:
        for element in elements(record.node, np.random.default_rng(0)):
            assert str(run.explain(record.node, element))
        assert str(run.explain(record.node))


@pytest.fixture
def run():
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ = [bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)]]
    f1, f2 = (x1 * θ[0]).named("f1"), (x2 * θ[1]).named("f2")
    return bl.trace(((f1 + f2).named("f3") + θ[2]).named("f4"), {"x1": 3.0, "x2": -2.0})


def test_the_first_lecture(run):
    told = explain(run, run.place("θ2"))
    assert (told.name, told.kind, told.loss, told.loss_value) == ("θ2", "a trainable parameter", "f4", 3.0)
    (part,) = told.contributions
    assert (part.consumer, part.formula, part.local_formula) == ("f2", "x2 · θ2", "x2")
    assert (part.local, part.upstream, part.product, part.argument) == (-2.0, 1.0, -2.0, 0)
    assert part.rule == "of a product: the other factor"
    assert [(link.name, link.factors, link.gradient, link.formula) for link in told.chain] == [
        ("f4", (), 1.0, ""),
        ("f3", ((1.0, 1.0),), 1.0, "f4 = f3 + θ3"),
        ("f2", ((1.0, 1.0),), 1.0, "f3 = f1 + f2"),
    ]


@pytest.mark.parametrize(
    ("which", "kind"),
    [
        ("θ1", "a trainable parameter"),
        ("x1", "an input"),
        ("f3", "computed by multiply"),
        ("steps", "state, which only updates change"),
        ("c", "a constant"),
    ],
)
def test_the_narrator_says_what_a_node_is(which, kind):
    θ, x, c = bl.parameter(1.0, name="θ1"), bl.input("x1"), bl.constant(2.0, name="c")
    steps = bl.parameter(0, name="steps", trainable=False)
    loss = ((θ * x).named("f3") * c).named("L")
    run = bl.trace(loss, {"x1": 1.0}, updates={steps: steps + 1})
    assert run.explain(which).kind == kind


def test_what_an_update_is_made_of_is_told_too():
    θ = bl.parameter(3.0, name="θ")
    loss = (θ * θ).named("L")
    run = bl.trace(loss, updates={θ: (θ - 0.5 * bl.grad(loss, θ)).named("new")})
    told = run.explain("new")
    assert (told.value, told.gradient, told.contributions, told.notes) == (0.0, None, (), ())
    assert told.origin.formula.startswith("θ - ")


def test_a_value_that_is_taken_twice_says_by_which_argument():
    x = bl.parameter(3.0, name="x")
    told = bl.trace((x * x).named("y")).explain("x")
    assert [(part.argument, part.product) for part in told.contributions] == [(1, 3.0), (2, 3.0)]
    assert told.gradient == 6.0


def test_where_there_are_many_the_largest_are_listed_and_the_rest_summed_up():
    w = bl.parameter(1.0, name="w", dtype="float64")
    numbers = bl.constant(np.array([3.0, -20.0, 1.0, 7.0, -2.0, 4.0, 11.0, 5.0, -6.0, 8.0, 9.0]), name="c")
    told = bl.trace(bl.sum((w * numbers).named("z"))).explain("w")
    assert [part.product for part in told.contributions] == [-20.0, 11.0, 9.0, 8.0, 7.0, -6.0, 5.0, 4.0]
    assert (told.omitted, told.omitted_sum) == (3, 2.0)


def test_many_ways_that_pass_nothing_do_not_hide_the_one_that_does():
    w = bl.parameter(1.0, name="w")
    label = bl.constant([0.0, 0.0, 0.0, 2.0, 0.0, 0.0], name="label")
    told = bl.trace(bl.sum((w * label).named("z"))).explain("w")
    assert [(part.consumer, part.product) for part in told.contributions] == [("z[3]", 2.0)]
    assert (told.omitted, told.omitted_sum) == (5, 0.0)


def test_of_many_ways_that_all_pass_nothing_one_is_shown():
    w = bl.parameter(-1.0, name="w")
    told = bl.trace(bl.sum(bl.relu((w * bl.constant([1.0] * 6)).named("z")))).explain("w")
    assert [part.product for part in told.contributions] == [0.0]
    assert told.omitted == 5


def test_of_few_ways_all_are_listed():
    w = bl.parameter(1.0, name="w")
    told = bl.trace(bl.sum((w * bl.constant([0.0, 2.0, 0.0], name="c")).named("z"))).explain("w")
    assert [part.product for part in told.contributions] == [2.0, 0.0, 0.0]


def test_numbers_that_are_none_come_first():
    x = bl.parameter([1.0], name="x")
    y = bl.sum(bl.sqrt(x - 2.0).named("r")) + bl.sum((x * 5.0).named("z"))
    told = bl.trace(y).explain("x[0]")
    assert str(told.contributions[0].product) == "nan"
    assert told.contributions[1].product == 5.0


def test_an_array_that_goes_many_ways_is_told_by_the_largest():
    x = bl.parameter([1.0, 2.0], name="x")
    total = bl.sum(x)
    for factor in range(2, 12):
        total = total + bl.sum(x * float(factor))
    told = bl.trace(total).explain("x")
    assert len(told.contributions) == MOST_LINES
    assert told.omitted == 3
    norms = [part.product.norm for part in told.contributions]
    assert norms == sorted(norms, reverse=True)
    assert norms[0] == pytest.approx(11 * 2**0.5)


def test_the_element_of_a_product_of_matrices_names_the_other_factor():
    x, W = bl.input("x", shape=(5, 1, 2, 3)), bl.parameter(np.ones((4, 3, 2)), name="W")
    run = bl.trace(bl.sum((x @ W).named("z")), {"x": np.arange(30.0).reshape(5, 1, 2, 3)})
    parts = run.explain("W[3,2,1]").contributions
    assert {(part.consumer, part.local_formula) for part in parts} <= {
        (f"z[{i},3,{n},1]", f"x[{i},0,{n},2]") for i in range(5) for n in range(2)
    }
    for part in parts:
        assert part.local == float(run.value(part.local_formula))
    for part in run.explain("x[2,0,1,0]").contributions:
        assert part.local_formula == f"W[{part.consumer[4]},0,{part.consumer[8]}]"


def test_comparisons_pass_nothing_and_are_no_way():
    z = bl.parameter(1.0, name="z")
    run = bl.trace(bl.where(z > 0.0, z * 2.0, z))
    assert [part.local for part in run.explain("z").contributions] == [2.0, 0.0]
    assert edge_terms(run, run["z"].edges_out[0].edge, ()) == []


def test_a_chain_is_told_where_it_is_short_and_made_of_single_numbers():
    a = bl.parameter(0.5, name="a")
    b = bl.exp(a).named("b")
    run = bl.trace((a * b).named("c"))
    assert [link.name for link in run.explain("a").chain] == ["c", "b"]
    assert run.explain("a").chain[1].factors == ((0.5, 1.0),)
    long = a
    for _ in range(17):
        long = bl.sin(long)
    assert bl.trace(long).explain("a").chain == ()
    assert bl.trace(bl.sum(a * bl.constant([1.0, 2.0]))).explain("a").chain == ()


def test_the_boxes_of_nodes_without_a_name_are_told():
    model = bl.nn.Sequential(bl.nn.Linear(2, 2, rng=0), bl.nn.ReLU(), bl.nn.Linear(2, 1, rng=1))
    run = bl.trace(bl.sum(model(bl.input("x", shape=(1, 2)))), {"x": [[1.0, 2.0]]})
    first, second = [record for record in run.nodes if record.kind == "matmul"]
    assert dict(run.explain("1.a").places) == {"2": (second.name,)}, "of what takes it"
    assert dict(run.explain("0.z").places) == {"0": (first.name,)}, "of what it is computed from"
    assert dict(run.explain("0.bias").places) == {"0": (first.name,)}, "of what its sum adds it to"


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_a_composite_takes_the_slopes_of_the_run_not_those_of_the_question(slope):
    z = bl.parameter(0.0, name="z", dtype="float64")
    with bl.precision("float64"), bl.subgradients(relu=slope):
        run = bl.trace(bl.nn.leaky_relu(z, 0.25).named("a"))
    told = run.explain("z")
    assert told.gradient == told.contributions[0].product == pytest.approx(0.25 + 0.75 * slope)


def test_influences_are_those_of_all_edges_at_once():
    w = bl.parameter([1.0, 2.0], name="w")
    square = (w * w).named("s")
    run = bl.trace(bl.sum(square))
    first, second = run.consumers[w]
    found = influences(run, run.consumers[w], (1,))
    assert found == [Influence(first, (1,), 2.0, 1.0), Influence(second, (1,), 2.0, 1.0)]
    assert [each.product for each in found] == [2.0, 2.0]


@pytest.mark.parametrize("scopes", [None, []])
def test_the_cost_of_an_explanation_grows_with_what_it_tells_of_and_not_with_its_square(scopes):
    """Twice the uses of a parameter, twice the operations; and what is not kept is computed once, not once a use."""

    def operations(uses):
        w = bl.parameter(0.5, name="w")
        h = w
        for _ in range(uses):
            h = bl.sin(h) * w
        run = bl.trace(h.named("L"), scopes=scopes)
        with counted() as count:
            run.explain("w")
        assert count.calls <= 12
        return count.operations

    few, many = operations(50), operations(100)
    assert many <= 2.2 * few
