"""Nudging: the loss moves as it is computed to move, the prediction as the gradient says; and what cannot be moved."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, DifferentiationError, ShapeError, UnknownNameError
from backlit.explain import Nudge
from backlit.explain.nudging import nudge
from backlit.graph.spec import is_floating
from harness.differences import values_at
from harness.graphs import graphs
from harness.traces import elements, traced


@given(graphs(most=15), st.integers(0, 2**32 - 1), st.floats(-2, 2))
def test_the_loss_moves_to_where_the_graph_computes_it(graph, seed, by):
    """Of leaves and of what is between, elements and whole arrays; the prediction is before + gradient · change."""
    run, rng = traced(graph), np.random.default_rng(seed)
    floats = [node for node in run.forward if is_floating(node.dtype)]
    node = floats[int(rng.integers(len(floats)))]
    changes = {None: np.full(node.shape, by)}
    for element in elements(node, rng, most=1):
        changes[element] = np.zeros(node.shape)
        changes[element][element] = by
    for element, change in changes.items():
        told = run.nudge(node, by, element)
        (after,) = values_at([run.loss], {**graph.point(), node: run.whole(node) + change})
        assert told.before == float(run.value(run.loss))
        assert told.after == pytest.approx(float(after), rel=1e-12, nan_ok=True)
        slope = float(np.sum(run.gradient(node) * change))
        size = float(np.sum(np.abs(run.gradient(node) * change)))
        assert told.predicted == pytest.approx(told.before + slope, abs=1e-12 * max(1.0, size, abs(told.before)))
        assert told.gradient * told.change == pytest.approx(slope, abs=1e-12 * max(1.0, size))
        assert told.error == told.after - told.predicted
        assert str(told)


@pytest.fixture
def run():
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ = [bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)]]
    f = ((x1 * θ[0] + x2 * θ[1]).named("f3") + θ[2]).named("f")
    return bl.trace(f, {"x1": 3.0, "x2": -2.0})


STRAIGHT = "\n  exactly: here the loss is a straight line"
STILL = "\n  exactly: nothing has moved"


@pytest.mark.parametrize(
    ("name", "by", "text"),
    [
        (
            "θ1",
            2.0,
            f"θ1 + 2: f goes from 3 to 9\n  predicted  3 + 3 · 2 = 9   (gradient · change){STRAIGHT}",
        ),
        (
            "θ2",
            3,
            f"θ2 + 3: f goes from 3 to -3\n  predicted  3 + (-2) · 3 = -3   (gradient · change){STRAIGHT}",
        ),
        (
            "f3",
            -1,
            f"f3 - 1: f goes from 3 to 2\n  predicted  3 + 1 · (-1) = 2   (gradient · change){STRAIGHT}",
        ),
        (
            "x1",
            0,
            f"x1 + 0: f goes from 3 to 3\n  predicted  3 + 0 · 0 = 3   (gradient · change){STILL}",
        ),
    ],
)
def test_D2_what_if_in_the_words_of_the_lecture(run, name, by, text):
    assert str(run.nudge(name, by)) == text


def test_along_a_curve_the_prediction_misses():
    θ = bl.parameter(3.0, name="θ")
    told = bl.trace((θ * θ).named("L")).nudge("θ", 1.0)
    assert (told.before, told.after, told.predicted, told.error, told.shape) == (9.0, 16.0, 15.0, 1.0, ())
    assert str(told).splitlines()[-1] == "  off by 1, because the loss is curved here"


def test_a_whole_array_moves_by_one_number_or_by_one_for_each():
    w = bl.parameter([1.0, 2.0], name="w")
    run = bl.trace(bl.sum(w * bl.constant([3.0, 4.0])).named("L"))
    all_alike, each = run.nudge("w", -1.0), run.nudge("w", [3.0, 4.0])
    assert (all_alike.after, all_alike.predicted, all_alike.shape) == (4.0, 4.0, (2,))
    assert all_alike.change == pytest.approx(math.sqrt(2.0))
    assert (each.change, each.gradient, each.predicted) == (5.0, 5.0, 36.0)
    assert str(each) == (
        "w moved by an array of norm 5: L goes from 11 to 36\n  predicted  11 + 5 · 5 = 36   (gradient · change)\n"
        "  exactly: here the loss is a straight line"
    )


def test_an_element_by_its_name_by_its_index_and_by_the_notation_of_the_lectures():
    model = bl.nn.Linear(2, 1, rng=0)
    run = bl.trace(bl.sum(model(bl.input("x", shape=(1, 2)))), {"x": [[3.0, 4.0]]})
    first, second, third = run.nudge("weight[1,0]", 0.5), run.nudge("weight", 0.5, (1, 0)), run.nudge("w[1,1,2]", 0.5)
    assert first == second == third
    assert first.name == "weight[1,0]"
    assert first.after - first.before == pytest.approx(2.0, rel=1e-6)


def test_nothing_else_changes_not_even_what_the_value_was_made_of(run):
    told = run.nudge("f3", 10.0)
    assert told.after == 13.0
    assert float(run.value("θ1")) == 4.0
    assert float(run.value("f3")) == 2.0


def test_a_nudge_of_the_loss_itself_is_the_nudge():
    run = bl.trace(bl.parameter(2.0, name="p"))
    assert (run.nudge("p", 0.5).after, run.nudge("p", 0.5).predicted) == (2.5, 2.5)


def test_what_is_not_finite_is_said_and_warns_nobody():
    x = bl.parameter([1.0, 3.0], name="x")
    told = bl.trace(bl.sum(bl.log(x)).named("L")).nudge("x", -2.0)
    assert math.isnan(told.after)
    assert str(told).splitlines()[-1] == "  which says nothing: not all of these numbers are finite"
    huge = bl.trace((bl.parameter(1e30, name="θ") * 1e8).named("L")).nudge("θ", 3e38 - 1e30)
    assert math.isinf(huge.after)


SHAPE = "\n  why: it has the shape [2]\n  instead: give a number, or an array of that shape"
SINGLE = "\n  why: it is a single number\n  instead: give a number"
FINITE = "\n  why: a change is a finite number of data type float32\n  instead: give a number such as 0.1"


@pytest.mark.parametrize(
    ("which", "by", "message"),
    [
        ("w", [1.0, 2.0, 3.0], f"w cannot be moved by [1.0, 2.0, 3.0]{SHAPE}"),
        ("w", [[1.0, 2.0]], f"w cannot be moved by [[1.0, 2.0]]{SHAPE}"),
        ("w", [1.0], f"w cannot be moved by [1.0]{SHAPE}"),
        ("w", "0.5", f"w cannot be moved by '0.5'{SHAPE}"),
        ("w", None, f"w cannot be moved by None{SHAPE}"),
        ("w", 1j, f"w cannot be moved by 1j{SHAPE}"),
        ("w", [[1.0], [1.0, 2.0]], f"w cannot be moved by [[1.0], [1.0, 2.0]]{SHAPE}"),
        ("w[0]", [1.0, 2.0], f"w[0] cannot be moved by [1.0, 2.0]{SINGLE}"),
        ("w[0]", [1.0], f"w[0] cannot be moved by [1.0]{SINGLE}"),
        ("L", [1.0], f"L cannot be moved by [1.0]{SINGLE}"),
        ("w", math.inf, f"w cannot be moved by inf{FINITE}"),
        ("w[1]", -math.inf, f"w[1] cannot be moved by -inf{FINITE}"),
        ("w", [1.0, math.nan], f"w cannot be moved by [1.0, nan]{FINITE}"),
        ("w", 1e300, f"w cannot be moved by 1e+300{FINITE}"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(which, by, message):
    w = bl.parameter([1.0, 2.0], name="w")
    run = bl.trace(bl.sum(w).named("L"))
    with pytest.raises(ArgumentError) as caught:
        nudge(run, which, by)
    assert str(caught.value) == message


def test_only_floats_of_the_forward_pass_move():
    y, w = bl.input("y", shape=(2,), dtype="int64"), bl.parameter([1.0, 2.0], name="w")
    steps = bl.parameter(0.0, name="steps", trainable=False)
    run = bl.trace(bl.sum(bl.take(w, y)), {"y": [0, 1]}, updates={steps: steps + 1.0})
    for name in ("y", "steps"):
        with pytest.raises(DifferentiationError) as caught:
            run.nudge(name, 1)
        assert str(caught.value) == (
            f"{name} cannot be nudged\n  why: only a float of the forward pass can move a little"
        )
    with pytest.raises(UnknownNameError):
        run.nudge("v", 1)
    with pytest.raises(ShapeError):
        run.nudge("w[2]", 1)


def test_a_nudge_is_data():
    told = Nudge("θ1", 2.0, "f", 3.0, 9.0, 3.0, 9.0, "straight")
    assert told.error == 0.0
    assert told == Nudge("θ1", 2.0, "f", 3.0, 9.0, 3.0, 9.0, "straight")
    with pytest.raises(AttributeError):
        told.change = 3.0


@pytest.mark.parametrize(
    ("function", "at", "by", "verdict"),
    [
        (lambda x: 3.0 * x - 1.0, 1.0, 1e-3, "straight"),
        (lambda x: 3.0 * x - 1.0, 1.0, 1e-12, "still"),
        (lambda x: bl.relu(3.0 * x - 1.0), 1.0, 0.1, "straight"),
        (lambda x: x * x * 1e-7, 2.0, 1.0, "curved"),
        (lambda x: x * x * x, 0.0, 1e-3, "curved"),
        (bl.exp, 1.0, 0.01, "curved"),
        (bl.exp, 1.0, 1e-3, "rounded"),
        (bl.sin, 0.0, 1e-5, "rounded"),
    ],
)
def test_only_a_straight_line_is_called_one(function, at, by, verdict):
    with bl.precision("float32"):
        told = bl.trace(function(bl.parameter(at, name="x")).named("L")).nudge("x", by)
    assert told.verdict == verdict
    assert ("straight line" in str(told)) == (verdict == "straight")


def test_a_change_that_rounding_swallows_is_told():
    told = bl.trace((bl.parameter(3.0, name="x", dtype="float32") * 2.0).named("L")).nudge("x", 1e-12)
    assert str(told).endswith("exactly: nothing has moved, so small a change is lost in rounding")
