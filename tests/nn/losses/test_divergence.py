"""The divergence is the cross-entropy less the entropy; its gradient is the same; 0 · ln 0 is 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import backlit as bl


def double(value):
    return bl.constant(value, dtype="float64")


def entropy(d):
    return -np.sum(np.where(d > 0, d * np.log(np.where(d > 0, d, 1)), 0), -1)


ROWS = arrays(np.float64, (3, 4), elements=st.floats(-20, 20))
RAW = arrays(np.float64, (3, 4), elements=st.sampled_from([0.0, 0.1, 1.0, 5.0]))


@given(ROWS, RAW)
def test_soft_targets_differ_from_the_cross_entropy_by_their_entropy(z, raw):
    raw[:, 0] += 0.5
    d = raw / raw.sum(-1, keepdims=True)
    kl = bl.losses.kl_divergence(double(z), double(d), reduction="none").evaluate()
    ce = bl.losses.cross_entropy(double(z), double(d), reduction="none").evaluate()
    np.testing.assert_allclose(kl, ce - entropy(d), atol=1e-9)
    assert (kl > -1e-9).all()


@given(ROWS)
def test_it_is_0_where_the_model_is_right(z):
    right = bl.softmax(double(z)).evaluate()
    np.testing.assert_allclose(bl.losses.kl_divergence(double(z), double(right)).evaluate(), 0.0, atol=1e-9)


def test_single_classes_have_no_entropy():
    z = double(np.random.default_rng(0).normal(size=(3, 4)))
    for targets in ([0, 3, 1], double(np.eye(4)[[0, 3, 1]])):
        kl = bl.losses.kl_divergence(z, targets).evaluate()
        assert kl == pytest.approx(float(bl.losses.cross_entropy(z, targets).evaluate()), rel=1e-14)


def test_the_gradient_is_the_difference_of_the_distributions():
    z = bl.parameter(np.random.default_rng(0).normal(size=(3, 4)), dtype="float64")
    d = np.array([[0.5, 0.5, 0.0, 0.0], [0.25] * 4, [0.0, 0.0, 0.0, 1.0]])
    loss = bl.losses.kl_divergence(z, double(d), reduction="sum")
    np.testing.assert_allclose(bl.grad(loss, z).evaluate(), bl.softmax(z).evaluate() - d, atol=1e-12)


def test_the_gradient_reaches_learned_targets_without_nan():
    d = bl.parameter([[0.0, 1.0]])
    loss = bl.losses.kl_divergence([[0.0, 0.0]], d)
    assert np.isfinite(bl.grad(loss, d).evaluate()).all()


@given(st.floats(-20, 20), st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_a_yes_or_no(z, d):
    at = bl.input("z", dtype="float64")
    loss = bl.losses.binary_kl_divergence(at, double(d))
    value, slope = bl.compile([at], [loss, bl.grad(loss, at)])(z)
    ce = d * np.logaddexp(0, -z) + (1 - d) * np.logaddexp(0, z)
    assert value == pytest.approx(ce - entropy(np.array([d, 1 - d])), abs=1e-12)
    assert slope == pytest.approx(1 / (1 + np.exp(-z)) - d, abs=1e-12)


def test_integers_and_scores_of_any_size():
    assert bl.losses.binary_kl_divergence([1e4, -1e4, 1e4], [1, 0, 0], reduction="none").evaluate().tolist() == [
        0.0,
        0.0,
        1e4,
    ]
    assert bl.losses.kl_divergence([[1e4, -1e4]], [[0.0, 1.0]]).evaluate().tolist() == 2e4
