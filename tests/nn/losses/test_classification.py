"""Losses of classes: the numbers of the lectures, the formulas, scores of any size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import backlit as bl
from backlit.errors import ArgumentError, IndexRangeError, ShapeError

SCORES = np.array([[3.2, 5.1, -1.7]])
PROBABILITIES = [0.129983, 0.869050, 0.000968]
ROWS = arrays(np.float64, (4, 3), elements=st.floats(-30, 30))
LABELS = arrays(np.int64, 4, elements=st.integers(0, 2))


def double(value):
    return bl.constant(value, dtype=None if np.asarray(value).dtype.kind in "iub" else "float64")


def log_softmax(z):
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def test_the_cat_of_the_lecture():
    z = bl.input("z", shape=(1, 3), dtype="float64")
    loss = bl.losses.cross_entropy(z, [0])
    value, gradient, probabilities = bl.compile([z], [loss, bl.grad(loss, z), bl.softmax(z)])(SCORES)
    assert float(value) == pytest.approx(2.0404, abs=5e-5)
    assert float(value) / np.log(10) == pytest.approx(0.886, abs=5e-4)
    np.testing.assert_allclose(probabilities, [PROBABILITIES], atol=1e-6)
    np.testing.assert_allclose(gradient, [[-0.870017, 0.869050, 0.000968]], atol=1e-6)


@given(ROWS, LABELS)
def test_labels_are_distributions_with_a_single_class(z, labels):
    expected = -log_softmax(z)[np.arange(4), labels]
    by_label = bl.losses.cross_entropy(double(z), labels, reduction="none").evaluate()
    by_row = bl.losses.cross_entropy(double(z), double(np.eye(3)[labels]), reduction="none").evaluate()
    np.testing.assert_allclose(by_label, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(by_label, by_row)


@given(ROWS, LABELS, st.floats(0, 1))
def test_smoothing_spreads_a_share_over_all_classes(z, labels, share):
    q = (1 - share) * np.eye(3)[labels] + share / 3
    got = bl.losses.cross_entropy(double(z), labels, label_smoothing=share).evaluate()
    assert got == pytest.approx(-(q * log_softmax(z)).sum() / 4, rel=1e-9, abs=1e-12)


@given(ROWS, LABELS)
def test_class_weights_weigh_rows_by_their_class(z, labels):
    c, w = np.array([1.0, 2.0, 0.5]), np.array([1.0, 3.0, 0.0, 1.0])
    single = -log_softmax(z)[np.arange(4), labels]
    loss = lambda **settings: bl.losses.cross_entropy(double(z), labels, class_weights=c, **settings).evaluate()  # noqa: E731
    np.testing.assert_allclose(loss(reduction="none"), c[labels] * single, rtol=1e-12, atol=1e-12)
    assert loss() == pytest.approx(c[labels] @ single / c[labels].sum(), rel=1e-9, abs=1e-12)
    both = w * c[labels]
    assert loss(sample_weights=w) == pytest.approx(both @ single / both.sum(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8"])
def test_labels_of_any_integer_type(dtype):
    labels = bl.input("y", shape=(1,), dtype=dtype)
    loss = bl.losses.cross_entropy(double(SCORES), labels)
    assert float(loss.evaluate({labels: np.array([1], dtype)})) == pytest.approx(-np.log(0.869050), abs=1e-5)


def test_more_axes_before_the_classes():
    z = np.random.default_rng(0).normal(size=(2, 5, 3))
    labels = np.random.default_rng(1).integers(0, 3, size=(2, 5))
    got = bl.losses.cross_entropy(double(z), labels, reduction="none").evaluate()
    np.testing.assert_allclose(got, -np.take_along_axis(log_softmax(z), labels[..., None], -1)[..., 0])


@pytest.mark.parametrize("label", [-1, 3])
@pytest.mark.parametrize(
    "loss", [bl.losses.cross_entropy, bl.losses.kl_divergence, bl.losses.hinge, bl.losses.negative_log_likelihood]
)
def test_a_label_that_is_no_class(loss, label):
    with pytest.raises(IndexRangeError, match=str(label)):
        loss(SCORES, [label]).evaluate()


def test_scores_of_any_size():
    z = bl.parameter([[1e4, -1e4], [-1e4, 1e4]])
    loss = bl.losses.cross_entropy(z, [0, 0], reduction="none")
    assert loss.evaluate().tolist() == [0.0, 2e4]
    assert bl.grad(bl.sum(loss), z).evaluate().tolist() == [[0.0, 0.0], [-1.0, 1.0]]
    z = bl.parameter([1e4, -1e4, 1e4, -1e4])
    loss = bl.losses.binary_cross_entropy(z, [1, 0, 0, 1], reduction="none")
    assert loss.evaluate().tolist() == [0.0, 0.0, 1e4, 1e4]
    assert bl.grad(bl.sum(loss), z).evaluate().tolist() == [0.0, 0.0, 1.0, -1.0]


def test_a_tiny_surprise_keeps_its_digits():
    loss = bl.losses.binary_cross_entropy([20.0, -20.0], [1, 0], reduction="none").evaluate()
    np.testing.assert_allclose(loss, np.log1p(np.exp(-20.0)), rtol=1e-6)


@given(st.floats(-30, 30), st.floats(0, 1))
def test_the_binary_formula_and_its_derivative(z, t):
    at = bl.input("z", dtype="float64")
    loss = bl.losses.binary_cross_entropy(at, bl.constant(t, dtype="float64"))
    value, slope = bl.compile([at], [loss, bl.grad(loss, at)])(z)
    p = 1 / (1 + np.exp(-z))
    assert value == pytest.approx(t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z), rel=1e-12)
    assert slope == pytest.approx(p - t, abs=1e-12)


def test_yes_and_no_in_any_kind():
    z, expected = [0.5, -2.0], np.log1p(np.exp([-0.5, -2.0]))
    for targets in ([1, 0], [1.0, 0.0], [True, False], np.array([1, 0], np.uint8)):
        got = bl.losses.binary_cross_entropy(z, targets, reduction="none").evaluate()
        np.testing.assert_allclose(got, expected, rtol=1e-6)
    for wrong in (2, -1):
        with pytest.raises(IndexRangeError, match=str(wrong)):
            bl.losses.binary_cross_entropy(z, [wrong, 0]).evaluate()


def test_class_weights_of_no_and_yes():
    z, t = np.array([0.5, -2.0, 1.0]), np.array([1.0, 0.0, 0.25])
    single = np.logaddexp(0, -z) * t * 3 + np.logaddexp(0, z) * (1 - t) * 2
    loss = bl.losses.binary_cross_entropy(double(z), double(t), class_weights=[2, 3])
    assert loss.evaluate() == pytest.approx(single.sum() / (3 * t + 2 * (1 - t)).sum())


def test_two_classes_are_one_score():
    z = np.array([1.3, -0.4])
    two = bl.losses.cross_entropy(double(np.stack([np.zeros(2), z], -1)), [1, 0]).evaluate()
    one = bl.losses.binary_cross_entropy(double(z), [1, 0]).evaluate()
    assert two == pytest.approx(float(one), rel=1e-14)


def test_the_likelihood_from_probabilities():
    p = np.array([[0.5, 0.25, 0.25], [0.1, 0.9, 0.0]])
    loss = lambda targets: bl.losses.negative_log_likelihood(double(p), targets, reduction="none")  # noqa: E731
    np.testing.assert_allclose(loss([1, 1]).evaluate(), -np.log([0.25, 0.9]))
    soft = np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(loss(double(soft)).evaluate(), [-0.5 * np.log(0.125), -np.log(0.9)])


def test_a_probability_of_0_is_safe():
    p = bl.parameter([[0.0, 1.0]])
    right, wrong = (bl.losses.negative_log_likelihood(p, [label]) for label in (1, 0))
    assert float(right.evaluate()) == 0.0
    assert bl.grad(right, p).evaluate().tolist() == [[0.0, -1.0]]
    assert float(wrong.evaluate()) == pytest.approx(87.3365, abs=1e-3)
    assert np.isfinite(bl.grad(wrong, p).evaluate()).all()
    exact = bl.losses.negative_log_likelihood(double([[0.0, 1.0]]), [0]).evaluate()
    assert float(exact) == pytest.approx(708.396, abs=1e-3)


def test_it_equals_the_cross_entropy_of_the_scores():
    z = bl.constant(SCORES, dtype="float64")
    from_scores = bl.losses.cross_entropy(z, [2]).evaluate()
    assert bl.losses.negative_log_likelihood(bl.softmax(z), [2]).evaluate() == pytest.approx(float(from_scores))


def test_a_margin_to_every_other_class():
    # the cat, car and frog of CS231n: 2.9, 0 and 12.9
    scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    loss = bl.losses.hinge(double(scores), [0, 1, 2], reduction="none").evaluate()
    np.testing.assert_allclose(loss, [2.9, 0.0, 12.9])
    wider = bl.losses.hinge(double(scores), [0, 1, 2], margin=2.0, reduction="none").evaluate()
    np.testing.assert_allclose(wider, [3.9, 0.0, 14.9])


def test_a_margin_to_the_other_side():
    loss = bl.losses.hinge(double([0.5, 2.0, -0.5]), double([1.0, 1.0, 1.0]), reduction="none").evaluate()
    assert loss.tolist() == [0.5, 0.0, 1.5]
    with pytest.raises(ShapeError, match=r"-1 and 1 for each score are floats(.|\n)*bl\.cast"):
        bl.losses.hinge([0.5, 2.0], [1, -1])
    with pytest.raises(ArgumentError, match=r"hinge\(margin=\.\.\.\)"):
        bl.losses.hinge([0.5], [1.0], margin=0.0)


@pytest.mark.parametrize("share", [-0.1, 1.1, "0"])
def test_the_share_of_smoothing(share):
    with pytest.raises(ArgumentError, match=r"cross_entropy\(label_smoothing=\.\.\.\)"):
        bl.losses.cross_entropy(SCORES, [0], label_smoothing=share)
