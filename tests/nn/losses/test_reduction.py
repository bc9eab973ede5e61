"""Mean, sum and none, weighted and not: the same for every loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import backlit as bl
from backlit.errors import ArgumentError, DTypeError, ShapeError

RNG = np.random.default_rng(0)
SCORES, LABELS = RNG.normal(size=(6, 3)), np.array([0, 2, 1, 1, 0, 2])
BINARY = RNG.normal(size=6), np.array([0.0, 1.0, 0.25, 1.0, 0.0, 0.5])
LOSSES = {
    "squared_error": (bl.losses.squared_error, *BINARY),
    "absolute_error": (bl.losses.absolute_error, *BINARY),
    "huber": (bl.losses.huber, *BINARY),
    "cross_entropy": (bl.losses.cross_entropy, SCORES, LABELS),
    "negative_log_likelihood": (bl.losses.negative_log_likelihood, np.full((6, 3), 0.3), LABELS),
    "kl_divergence": (bl.losses.kl_divergence, SCORES, np.full((6, 3), 1 / 3)),
    "binary_cross_entropy": (bl.losses.binary_cross_entropy, *BINARY),
    "binary_kl_divergence": (bl.losses.binary_kl_divergence, *BINARY),
    "hinge": (bl.losses.hinge, SCORES, LABELS),
}


def compute(name, **options):
    loss, predictions, targets = LOSSES[name]
    with bl.precision("float64"):
        return loss(bl.constant(predictions), bl.constant(targets), **options).evaluate()


def test_every_loss_is_here():
    assert set(LOSSES) | {"L1", "L2"} == set(bl.losses.__all__)


@pytest.mark.parametrize("name", LOSSES)
def test_mean_and_sum_are_those_of_the_single_losses(name):
    single = compute(name, reduction="none")
    assert single.shape == (6,)
    assert compute(name) == pytest.approx(single.mean(), rel=1e-14)
    assert compute(name, reduction="sum") == pytest.approx(single.sum(), rel=1e-14)


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=12)
@given(weights=arrays(np.float64, 6, elements=st.floats(0.0, 100.0)))
def test_a_weighted_mean_is_divided_by_the_weights(name, weights):
    single = compute(name, reduction="none")
    np.testing.assert_allclose(compute(name, reduction="none", sample_weights=weights), weights * single)
    np.testing.assert_allclose(compute(name, reduction="sum", sample_weights=weights), weights @ single)
    expected = weights @ single / weights.sum() if weights.sum() else 0.0
    np.testing.assert_allclose(compute(name, sample_weights=weights), expected, rtol=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_of_2_counts_a_row_twice(name):
    loss, predictions, targets = LOSSES[name]
    with bl.precision("float64"):
        twice = loss(
            bl.constant(np.concatenate([predictions, predictions[:1]])),
            bl.constant(np.concatenate([targets, targets[:1]])),
        ).evaluate()
    assert compute(name, sample_weights=[2, 1, 1, 1, 1, 1]) == pytest.approx(twice, rel=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_stands_in_a_box_of_its_name(name):
    loss, predictions, targets = LOSSES[name]
    for reduction in ("mean", "sum", "none"):
        node = loss(bl.constant(predictions), bl.constant(targets, dtype=None), reduction=reduction)
        assert node.scope.lineage[0].name == name


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_against_differences(name):
    loss, predictions, targets = LOSSES[name]
    at = bl.input("p", shape=predictions.shape)
    bl.check_gradients(loss(at, bl.constant(targets), sample_weights=[1, 2, 0, 1, 3, 1]), {"p": predictions})


@pytest.mark.parametrize("name", LOSSES)
def test_there_are_three_reductions(name):
    with pytest.raises(ArgumentError, match="a reduction is 'mean', 'sum' or 'none'; received 'average'"):
        compute(name, reduction="average")


def test_rows_of_several_outputs_take_one_weight_a_row():
    p, t = np.arange(6.0).reshape(3, 2), np.zeros((3, 2))
    value = bl.losses.squared_error(p, t, sample_weights=[1.0, 0.0, 1.0]).evaluate()
    assert float(value) == (0 + 1 + 16 + 25) / 4
    whole = bl.losses.squared_error(p, t, sample_weights=[[1.0, 0.0]] * 3).evaluate()
    assert float(whole) == pytest.approx((0 + 4 + 16) / 3)


def test_weights_may_come_from_the_graph():
    w = bl.input("w", shape=(2,))
    loss = bl.losses.squared_error([1.0, 3.0], [0.0, 0.0], sample_weights=w)
    assert float(loss.evaluate({w: [3.0, 1.0]})) == 3.0
    with pytest.raises(DTypeError, match=r"sample weights are floats; received <input 'n'(.|\n)*bl\.cast"):
        bl.losses.squared_error([1.0], [0.0], sample_weights=bl.input("n", shape=(1,), dtype="int64"))


@pytest.mark.parametrize("shape", [(3,), (2, 1), (1,)])
def test_weights_belong_to_rows(shape):
    with pytest.raises(ShapeError, match=r"do not belong to losses of shape \[2\](.|\n)*shape \[2\]"):
        bl.losses.squared_error([1.0, 2.0], [0.0, 0.0], sample_weights=np.ones(shape))


@pytest.mark.parametrize("weights", [[-1.0, 1.0], [np.nan, 1.0], [np.inf, 1.0], ["a", "b"]])
def test_weights_are_finite_and_not_negative(weights):
    with pytest.raises(ArgumentError, match="sample weights are finite numbers of at least 0"):
        bl.losses.squared_error([1.0, 2.0], [0.0, 0.0], sample_weights=weights)
