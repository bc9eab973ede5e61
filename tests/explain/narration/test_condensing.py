"""Composites of a run told as one: the numbers are those of the ops, and a formula that does not hold is not told."""

import numpy as np
import pytest

import backlit as bl
from backlit.explain.narration.condensing import closed_boxes, told_as_one
from harness.traces import weighted


@pytest.fixture(autouse=True)
def _float64():
    with bl.precision("float64"):
        yield


@pytest.mark.parametrize(
    ("function", "local"),
    [
        (bl.softmax, lambda p, i, j: p[j] * ((i == j) - p[i])),
        (bl.log_softmax, lambda p, i, j: (i == j) - p[i]),
        (bl.logsumexp, lambda p, i, j: p[i]),
    ],
)
def test_softmax_and_its_kin(function, local):
    z = bl.parameter([0.5, -1.0, 2.0], name="z")
    p = np.exp(z.value) / np.exp(z.value).sum()
    run = bl.trace(weighted(function(z).named("y")))
    for i in range(3):
        ((_, through),) = told_as_one(run, z, (i,))
        for each in through:
            assert each.local == pytest.approx(local(p, i, each.place[0] if each.place else None), rel=1e-9)


SCORES = bl.parameter([[1.0, 2.0, 0.5], [0.0, 0.3, -1.0]], name="z", dtype="float64")
SHARES = bl.parameter([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25]], name="d", dtype="float64")
ONES = bl.parameter([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25]], name="z", dtype="float64")


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (lambda: bl.losses.cross_entropy(SCORES, [0, 1]), "cross-entropy of softmax(z)"),
        (lambda: bl.losses.cross_entropy(SCORES, SHARES), "cross-entropy of softmax(z)"),
        (lambda: bl.losses.squared_error(SCORES, SHARES), "mean of (z - d)²"),
        (lambda: bl.losses.squared_error(SHARES, SCORES), "mean of (z - d)²"),
        (lambda: bl.losses.squared_error(SCORES, np.ones((2, 3))), "mean of (z - target)²"),
        (lambda: bl.losses.binary_cross_entropy(SCORES, SHARES), "cross-entropy of σ(z)"),
        (lambda: bl.mean(SCORES), "mean of z"),
        # Settings that the formula knows nothing of:
        (lambda: bl.losses.cross_entropy(SCORES, [0, 1], class_weights=[1.0, 2.0, 3.0]), ""),
        (lambda: bl.losses.cross_entropy(SCORES, [0, 1], reduction="sum"), ""),
        (lambda: bl.losses.cross_entropy(SCORES, [0, 1], label_smoothing=0.1), ""),
        (lambda: bl.losses.squared_error(SCORES, SHARES, reduction="sum"), ""),
        (lambda: bl.losses.squared_error(SCORES, SHARES, sample_weights=[1.0, 3.0]), ""),
        (lambda: bl.sum(bl.losses.squared_error(SCORES, SHARES, reduction="none")), ""),
        # The target is no score:
        (lambda: bl.losses.binary_cross_entropy(SHARES, ONES), ""),
        (lambda: bl.losses.cross_entropy(SHARES, ONES), ""),
    ],
)
def test_a_loss_is_told_as_one_only_where_its_formula_holds(loss, told):
    run = bl.trace(loss().named("L"))
    node = run["z"].node
    for element in np.ndindex(2, 3):
        explained = run.explain("z", element)
        parts = [part.product for part in explained.contributions]
        assert sum(parts) + explained.omitted_sum == pytest.approx(explained.gradient, rel=1e-12)
        whole = [part.formula for part in explained.contributions if part.consumer == "L"]
        assert whole == [told] * bool(told), "or it is told op by op"
        for box, through in told_as_one(run, node, element):
            assert box.scope.name not in ("cross_entropy", "squared_error", "binary_cross_entropy", "mean") or told
            assert through


def test_a_saturated_example_is_told_as_one_too():
    """Softmax minus target is a difference of almost equal numbers; rounding must not open the box."""
    with bl.precision("float32"):
        z = bl.parameter([[30.0, -5.0, 2.0]], name="z")
        run = bl.trace(bl.losses.cross_entropy(z, [0]).named("L"))
    assert run.explain("z[0,0]").contributions[0].formula == "cross-entropy of softmax(z)"


def test_a_value_that_no_composite_takes_has_no_boxes():
    z = bl.parameter([1.0, 2.0], name="z")
    run = bl.trace(bl.sum(bl.exp(z)))
    assert closed_boxes(run, z) == told_as_one(run, z, (0,)) == []
