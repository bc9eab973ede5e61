"""Explanations: frozen data, ready to be kept, compared and sent."""

import dataclasses
import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import backlit as bl
from backlit.explain import ChainLink, Contribution, Explanation, Origin, Summary, Term, UpdateLine

FLOATS = hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e6, 1e6, width=32))


@given(FLOATS)
def test_a_summary_is_what_numpy_says(array):
    told = Summary.of(array)
    assert told.shape == array.shape
    assert told.norm == pytest.approx(float(np.sqrt(np.sum(array**2))), rel=1e-12)
    assert told.mean == pytest.approx(float(array.mean()), rel=1e-9, abs=1e-12 * float(np.abs(array).max()))
    assert (told.low, told.high) == (float(array.min()), float(array.max()))


@pytest.mark.parametrize(
    ("array", "norm", "mean", "low", "high"),
    [
        (np.array([3.0, 4.0]), 5.0, 3.5, 3.0, 4.0),
        (np.array(7.0), 7.0, 7.0, 7.0, 7.0),
        (np.array([True, False, True]), math.sqrt(2), 2 / 3, 0.0, 1.0),
        (np.array([3, -4]), 5.0, -0.5, -4.0, 3.0),
        (np.zeros((2, 3)), 0.0, 0.0, 0.0, 0.0),
        (np.zeros((0, 3)), 0.0, 0.0, 0.0, 0.0),
        (np.array([3e200, 4e200]), 5e200, 3.5e200, 3e200, 4e200),
        (np.array([3e-200, 4e-200]), 5e-200, 3.5e-200, 3e-200, 4e-200),
        (np.array([1.0, np.inf]), math.inf, math.inf, 1.0, math.inf),
        (np.array([1.0, np.nan]), math.nan, math.nan, math.nan, math.nan),
        (np.array([np.inf, -np.inf]), math.inf, math.nan, -math.inf, math.inf),
    ],
)
def test_a_summary_of_anything_warns_nobody(array, norm, mean, low, high):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = Summary.of(array)
    wanted = (norm, mean, low, high)
    assert (told.norm, told.mean, told.low, told.high) == pytest.approx(wanted, rel=1e-12, nan_ok=True)


RECORDS = [
    Term("x[0] · w[0]", "2 · 3", 6.0),
    Origin("x · w", "3 · 4", (), 0, 0.0),
    Contribution("f", "x · w", "x", 3.0, 1.0, 3.0, "of a product: the other factor"),
    ChainLink("f3", ((1.0, 1.0),), 1.0, "f4 = f3 + θ3", "a sum passes its gradient on"),
    UpdateLine("θ", "θ - 0.1 · ∂L/∂θ", "3 - 0.1 · 22", 0.8),
    Explanation("c", "a constant", "L", 1.0, 2.0, None),
    Summary((2,), 5.0, 3.5, 3.0, 4.0),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_is_told_cannot_be_changed_and_is_equal_to_its_copy(record):
    assert record == dataclasses.replace(record)
    assert hash(record) == hash(dataclasses.replace(record))
    for field in dataclasses.fields(record):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field.name, None)


@pytest.fixture
def run():
    θ, x = bl.parameter([3.0, 4.0], name="θ"), bl.input("x", shape=(2,))
    with bl.scope("box"):
        loss = bl.sum(bl.relu(θ * x)).named("L")
    return bl.trace(loss, {"x": [1.0, 0.0]}, updates=bl.optim.SGD(0.1).updates(loss, [θ]))


def plain(thing):
    """What is left of data without its classes."""
    if dataclasses.is_dataclass(thing):
        return {field.name: plain(getattr(thing, field.name)) for field in dataclasses.fields(thing)}
    return [plain(part) for part in thing] if isinstance(thing, tuple) else thing


@pytest.mark.parametrize("which", ["θ", "θ[1]", "x[0]", "box.L"])
def test_an_explanation_is_sent_as_json_and_read_back(run, which):
    told = run.explain(which)
    assert json.loads(json.dumps(told.as_json())) == plain(told)


def test_the_same_question_has_the_same_answer(run):
    assert run.explain("θ[1]") == run.explain("θ", 1)
    assert run.explain("θ[1]") != run.explain("θ[0]")


def test_whole_numbers_and_truth_values_stay_what_they_are():
    labels = bl.input("y", shape=(1,), dtype="int64")
    mask = labels > 1
    loss = bl.sum(bl.where(mask, 1.0, bl.parameter(2.0, name="w"))).named("L")
    run = bl.trace(loss, {"y": [1234567890123]})
    assert run.explain("y[0]").value == 1234567890123
    told = run.explain(mask, (0,))
    assert told.value is True
    assert str(told).splitlines()[:2] == [
        f"{told.name} = true, computed by greater",
        f"  {told.name} = y[0] > 1 = 1234567890123 > 1 = true",
    ]
