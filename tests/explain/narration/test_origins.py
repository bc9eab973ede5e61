"""Origins: the terms of a value add up to it; formulas with numbers are computed to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.explain.narration.origins import origin_of
from backlit.explain.narration.phrases import Way, phrase_of
from backlit.graph.spec import is_floating
from harness.formulas import calculate
from harness.graphs import graphs
from harness.traces import elements, traced


def total(origin):
    return sum(term.value for term in origin.terms) + origin.omitted_sum


@given(graphs(), st.integers(0, 2**32 - 1))
def test_the_terms_add_up_to_the_value(graph, seed):
    """Of sums, products of matrices, and of what is moved, repeated or picked."""
    run, rng = traced(graph), np.random.default_rng(seed)
    for record in run.nodes:
        if not record.edges_in or not is_floating(record.node.dtype):
            continue
        way = phrase_of(record.node).way
        for element in elements(record.node, rng):
            origin = origin_of(run, record.node, element)
            if way is Way.EACH:
                assert origin.terms == ()
                continue
            if way is Way.WHOLE:
                continue
            size = sum(abs(term.value) for term in origin.terms) + abs(origin.omitted_sum)
            assert float(record.value[element]) == pytest.approx(total(origin), rel=0, abs=1e-12 * max(1.0, size))


@given(graphs(), st.integers(0, 2**32 - 1))
def test_a_formula_with_numbers_is_computed_to_the_value(graph, seed):
    """But for what the six digits of its numbers leave open: at most half a unit of the sixth, times the slope."""
    run, rng = traced(graph), np.random.default_rng(seed)
    for record in run.nodes:
        if not record.edges_in or phrase_of(record.node).way is not Way.EACH or record.node.op.flat:
            continue
        slopes = [edge.local if edge.local is not None else np.ones(record.node.shape) for edge in record.edges_in]
        for element in elements(record.node, rng):
            origin = origin_of(run, record.node, element)
            if not origin.numbers:
                assert record.kind in ("cast", "stop_gradient")
                continue
            arguments = [np.broadcast_to(edge.argument.value, record.node.shape)[element] for edge in record.edges_in]
            moved = sum(abs(slope[element] * number) for slope, number in zip(slopes, arguments, strict=True))
            told = calculate(origin.numbers)
            assert told == pytest.approx(float(record.value[element]), rel=1e-12, abs=5.1e-6 * moved), origin.numbers


def test_a_product_of_matrices_is_told_by_its_largest_products():
    x = bl.input("x", shape=(1, 12), dtype="float64")
    w = bl.parameter(np.arange(-6.0, 6.0).reshape(12, 1), name="w", dtype="float64")
    z = (x @ w).named("z")
    origin = origin_of(bl.trace(bl.sum(z), {"x": np.ones((1, 12))}), z, (0, 0))
    assert origin.formula == "x @ w"
    assert [term.value for term in origin.terms] == [-6, -5, 5, -4, 4, -3, 3, -2]
    assert (origin.terms[0].formula, origin.terms[0].numbers) == ("x[0,0] · w[0,0]", "1 · (-6)")
    assert (origin.omitted, origin.omitted_sum) == (4, 2 - 1 + 1 + 0)


def test_summands_of_0_are_left_to_the_rest():
    w = bl.parameter([0.0, 3.0, 0.0, 0.0, 0.0, -1.0], name="w")
    run = bl.trace(bl.sum(w).named("s"))
    origin = origin_of(run, run.loss, ())
    assert [(term.formula, term.numbers, term.value) for term in origin.terms] == [
        ("w[1]", "3", 3.0),
        ("w[5]", "-1", -1.0),
    ]
    assert (origin.omitted, origin.omitted_sum) == (4, 0.0)


def test_of_few_summands_all_are_listed():
    w = bl.parameter([0.0, 3.0, 0.0], name="w")
    run = bl.trace(bl.sum(w).named("s"))
    assert [term.value for term in origin_of(run, run.loss, ()).terms] == [3.0, 0.0, 0.0]


def test_what_was_moved_is_told_by_where_it_came_from():
    w = bl.parameter([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], name="w")
    moved = {
        "flip": (bl.flip(w), (0, 0), "w[1,2]"),
        "permute_dims": (w.T, (2, 0), "w[0,2]"),
        "reshape": (bl.reshape(w, (6,)), (4,), "w[1,1]"),
        "slice": (w[1:, ::2], (0, 1), "w[1,2]"),
        "take": (bl.take(w, bl.constant([2, 0]), axis=1), (1, 0), "w[1,2]"),
        "broadcast_to": (bl.broadcast_to(w, (2, 2, 3)), (1, 0, 1), "w[0,1]"),
        "concat": (bl.concat([w, w * 2.0], axis=0), (1, 2), "w[1,2]"),
    }
    run = bl.trace(sum((bl.sum(node) for node, _, _ in moved.values()), bl.constant(0.0)))
    for node, element, source in moved.values():
        (term,) = origin_of(run, node, element).terms
        assert (term.formula, term.value) == (source, float(run.value(source))), node.kind


def test_what_stands_in_the_border_comes_from_nowhere():
    padded = bl.pad(bl.parameter([7.0], name="w"), [(1, 1)])
    run = bl.trace(bl.sum(padded))
    assert origin_of(run, padded, (0,)).terms == ()
    assert [term.formula for term in origin_of(run, padded, (1,)).terms] == ["w[0]"]


@pytest.mark.parametrize(
    ("preset", "terms"),
    [
        ("backlit", [("0.5 · w[0]", "0.5 · (-3)", -1.5), ("0.5 · w[2]", "0.5 · (-3)", -1.5)]),
        ("lectures", [("w[0]", "-3", -3.0)]),
    ],
)
def test_the_largest_of_several_is_told_as_the_run_shares_it(preset, terms):
    w = bl.parameter([-3.0, -5.0, -3.0], name="w")
    largest = bl.max(w).named("m")
    with bl.subgradients(preset):
        run = bl.trace(largest)
    origin = origin_of(run, largest, ())
    assert [(term.formula, term.numbers, term.value) for term in origin.terms] == terms


def test_running_sums_and_scattered_sums_are_sums():
    w = bl.parameter([1.0, 2.0, 4.0], name="w")
    running, scattered = bl.cumulative_sum(w), bl.scatter_add(w, bl.constant([1, 0, 1]), size=2)
    run = bl.trace(bl.sum(running) + bl.sum(scattered))
    assert [term.formula for term in origin_of(run, running, (1,)).terms] == ["w[1]", "w[0]"]
    assert [term.formula for term in origin_of(run, scattered, (1,)).terms] == ["w[2]", "w[0]"]


def test_what_is_no_sum_of_floats_is_told_by_its_formula():
    labels, w = bl.input("y", shape=(2,), dtype="int64"), bl.parameter([1.0, 5.0], name="w")
    hot, place = bl.one_hot(labels, 3), bl.argmax(w)
    loss = bl.sum(hot) * bl.cast(place, "float32") + bl.cast(bl.sum(labels), "float32")
    run = bl.trace(loss, {"y": [0, 2]})
    assert origin_of(run, hot, (1, 2)).formula == "1 at the place y, else 0"
    assert origin_of(run, place, ()).formula == "place of the largest of w"
    counted = next(record.node for record in run.nodes if record.kind == "sum" and record.node.dtype == "int64")
    assert origin_of(run, counted, ()).terms == ()


def test_an_array_is_told_by_its_formula_alone():
    w = bl.parameter([1.0, 5.0], name="w")
    z = (w * 2.0).named("z")
    origin = origin_of(bl.trace(bl.sum(z)), z, None)
    assert (origin.formula, origin.numbers, origin.terms, origin.omitted) == ("w · 2", "", (), 0)


def test_numbers_that_are_none_stay_what_they_are():
    w = bl.parameter([1.0, np.nan, np.inf], name="w")
    run = bl.trace(bl.sum(w).named("s"))
    assert [term.numbers for term in origin_of(run, run.loss, ()).terms] == ["nan", "inf", "1"]
    largest = bl.max(w)
    assert str(origin_of(bl.trace(largest), largest, ()).terms[0].value) == "nan"
