"""Editing: what is computed anew is what a fresh trace computes; what does not fit is refused, and nothing is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, UnknownNameError
from backlit.explain.editing import edited


def build(scale=2.0):
    x, w = bl.input("x", shape=(2,)), bl.parameter([scale, 3.0], name="w")
    loss = bl.sum(bl.tanh(x * w).named("a")).named("L")
    return x, w, loss


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_an_edited_run_is_a_fresh_one(first, second):
    x, w, loss = build()
    updates = bl.optim.SGD(0.1).updates(loss, {"w": w})
    run = edited(bl.trace(loss, {x: [1.0, 2.0]}, updates=updates), {"x": [first, 0.5], "w[1]": second})
    w.value = [2.0, second]
    fresh = bl.trace(loss, {x: [first, 0.5]}, updates=updates)
    for name in ("x", "w", "a", "L"):
        np.testing.assert_array_equal(run.value(name), fresh.value(name))
        np.testing.assert_array_equal(run.gradient(name), fresh.gradient(name))
    np.testing.assert_array_equal(run.whole(updates[w]), fresh.whole(updates[w]))


def test_neither_the_run_nor_the_parameter_changes():
    x, w, loss = build()
    run = bl.trace(loss, {x: [1.0, 2.0]})
    before = run.value("L").item()
    assert edited(run, {w: [0.0, 0.0]}).value("L").item() == 0.0
    assert run.value("L").item() == before
    assert w.value.tolist() == [2.0, 3.0]


def test_a_run_of_which_only_a_part_was_kept_can_be_edited():
    x = bl.input("x", shape=(3, 2))
    model = bl.nn.Linear(2, 1, rng=0)
    loss = bl.sum(model(x)).named("L")
    at = {"x": np.ones((3, 2), "float32")}
    part, whole = bl.trace(loss, at, examples=[1]), bl.trace(loss, at)
    assert edited(part, {"x[0,0]": 5.0}).value("L") == edited(whole, {"x[0,0]": 5.0}).value("L")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"a": 1.0}, ArgumentError, "a cannot be edited: it is computed"),
        ({"w": [1.0, 2.0, 3.0]}, ArgumentError, r"w cannot be \[1.0, 2.0, 3.0\]"),
        ({"w[0]": [1.0, 2.0]}, ArgumentError, r"w\[0\] cannot be \[1.0, 2.0\]"),
        ({"w": "much"}, ArgumentError, "w cannot be 'much'"),
        ({"ww": 1.0}, UnknownNameError, "did you mean 'w'"),
    ],
)
def test_what_cannot_be_edited_is_refused(changes, error, message):
    x, _, loss = build()
    run = bl.trace(loss, {x: [1.0, 2.0]})
    with pytest.raises(error, match=message):
        edited(run, changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"n": 5.9},
            r"n cannot be 5.9\n  why: received values of data type float64, .*\n  instead: give a whole number",
        ),
        ({"b": 5.0}, r"b cannot be 5.0\n  why: .* do not fit into bool\n  instead: give true or false"),
        ({"w": None}, r"w cannot be None\n  why: received values of data type object, which are no numbers"),
        ({"w": 1j}, "w cannot be 1j"),
        ({"w": 1e50}, r"w cannot be 1e\+50\n  why: received 1e\+50, which does not fit into float32"),
        (None, "the changes are None"),
        ([1], r"the changes are \[1\]"),
        ({"c": 1.0}, "c cannot be edited: it is a constant of the graph"),
    ],
)
def test_an_edit_is_as_strict_as_a_trace(changes, message):
    n, b = bl.input("n", dtype="int64"), bl.input("b", dtype="bool")
    w, c = bl.parameter(3.0, name="w", dtype="float32"), bl.constant(2.0, name="c", dtype="float32")
    run = bl.trace((bl.where(b, bl.cast(n, "float32") * w, w) * c).named("L"), {"n": 4, "b": True})
    with pytest.raises(ArgumentError, match=message):
        edited(run, changes)
    assert edited(run, {"n": 5, "b": True}).value("L").item() == 30.0
