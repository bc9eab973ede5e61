"""Metrics: each against its definition, written out in NumPy."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DataError, DTypeError, IndexRangeError, ShapeError
from backlit.train.metrics import Metric, calibration_curve, confusion_matrix, metric_name

metrics = bl.metrics
RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(30, 5)).astype(np.float32)
LABELS = RNG.integers(0, 5, 30)


def value(metric, output, target):
    return float(metric(bl.constant(output), bl.constant(target)).evaluate())


def test_accuracy_of_labels_and_of_distributions():
    expected = (SCORES.argmax(axis=1) == LABELS).mean()
    assert 0 < expected < 1
    assert value(metrics.accuracy, SCORES, LABELS) == expected
    assert value(metrics.accuracy, SCORES, np.eye(5, dtype=np.float32)[LABELS]) == expected
    assert value(metrics.accuracy, SCORES.reshape(6, 5, 5), LABELS.reshape(6, 5)) == expected


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool])
def test_binary_accuracy_of_logits(kind):
    logits, answers = SCORES[:, 0], (LABELS > 2).astype(kind)
    expected = ((logits > 0) == (LABELS > 2)).mean()
    assert value(metrics.binary_accuracy, logits, answers) == expected
    assert value(metrics.binary_accuracy, logits[:, None], answers) == expected
    assert value(metrics.accuracy, logits[:, None], answers[:, None]) == expected


def test_the_threshold_of_a_probability_is_one_half():
    logits, answers = bl.constant([[-1.0], [-2.0], [3.0]]), bl.constant([0, 0, 1])
    assert metrics.accuracy(logits, answers).evaluate() == 1.0
    assert metrics.accuracy(bl.sigmoid(logits), answers).evaluate() == 1.0
    assert metrics.accuracy(bl.sigmoid(logits) + 0.0, answers).evaluate() == pytest.approx(1 / 3)  # no longer seen


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_accuracy(k):
    best = np.argsort(-SCORES, axis=1)[:, :k]
    expected = (best == LABELS[:, None]).any(axis=1).mean()
    assert value(metrics.top_k_accuracy(k), SCORES, LABELS) == pytest.approx(expected, abs=1e-12)
    assert value(metrics.top_k_accuracy(k), SCORES, np.eye(5, dtype=np.float32)[LABELS]) == expected
    assert metrics.top_k_accuracy(k).name == f"top {k} accuracy"


def test_errors_of_numbers():
    targets = SCORES[:, 1:3] + 1.5
    assert value(metrics.mean_absolute_error, SCORES[:, :2], targets) == pytest.approx(
        np.abs(SCORES[:, :2] - targets).mean(), rel=1e-6
    )
    root = metrics.root_mean_squared_error
    mean_square = value(root, SCORES[:, :2], targets)
    assert root.finish(mean_square) == pytest.approx(np.sqrt(((SCORES[:, :2] - targets) ** 2).mean()), rel=1e-6)


@pytest.mark.parametrize(
    ("metric", "output", "target", "error"),
    [
        (metrics.accuracy, SCORES, LABELS[:, None], ShapeError),
        (metrics.accuracy, SCORES, LABELS.astype(np.float32), DTypeError),
        (metrics.binary_accuracy, SCORES[:, :1], LABELS[:10], ShapeError),
        (metrics.mean_absolute_error, SCORES[:, :1], SCORES[:, 0], ShapeError),
        (metrics.root_mean_squared_error, SCORES[:, :1], SCORES[:, 0], ShapeError),
        (metrics.top_k_accuracy(2), SCORES, LABELS[:10], ShapeError),
    ],
)
def test_what_does_not_belong_together_is_refused(metric, output, target, error):
    with pytest.raises(error):
        value(metric, output, target)


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "2"])
def test_k_counts(k):
    with pytest.raises(ArgumentError):
        metrics.top_k_accuracy(k)


def test_names():
    assert metric_name(metrics.root_mean_squared_error) == "root mean squared error"
    assert metric_name(Metric("mine", metrics.accuracy)) == "mine"
    for nameless in (lambda output, target: output, 3, "accuracy"):
        with pytest.raises(ArgumentError, match="a metric is"):
            metric_name(nameless)


def test_the_confusion_matrix_counts():
    expected = np.zeros((5, 5), int)
    for label, row in zip(LABELS, SCORES, strict=True):
        expected[label, row.argmax()] += 1
    assert confusion_matrix(LABELS, SCORES, 5).tolist() == expected.tolist()
    assert confusion_matrix(LABELS, SCORES.argmax(axis=1), list("abcde")).tolist() == expected.tolist()
    assert confusion_matrix([0, 1], [1, 1], 2).tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("labels", "predictions", "error"),
    [
        ([0, 1], [0], DataError),
        ([0.5, 1.0], [0, 1], DataError),
        ([0, 5], [0, 1], IndexRangeError),
        ([0, 1], [0, -1], IndexRangeError),
    ],
)
def test_the_confusion_matrix_refuses(labels, predictions, error):
    with pytest.raises(error):
        confusion_matrix(labels, predictions, 5)


def test_calibration():
    chances = RNG.uniform(size=20_000)
    honest = calibration_curve(chances, RNG.uniform(size=20_000) < chances)
    assert honest.counts.sum() == 20_000
    assert honest.error < 0.02
    np.testing.assert_allclose(honest.observed, honest.predicted, atol=0.05)
    boastful = calibration_curve(np.full(100, 0.99), np.arange(100) < 60)
    assert boastful.error == pytest.approx(0.39)
    assert len(boastful.predicted) == 1


def test_calibration_of_classes():
    curve = calibration_curve([[0.7, 0.3], [0.2, 0.8], [0.9, 0.1]], [0, 0, 0], bins=1)
    assert curve.predicted.tolist() == pytest.approx([0.8])
    assert curve.observed.tolist() == pytest.approx([2 / 3])
    assert calibration_curve([1.0, 0.0], [1, 0], bins=4).error == 0.0


@pytest.mark.parametrize(
    ("chances", "labels", "bins", "error"),
    [
        ([0.5, 2.0], [0, 1], 10, DataError),
        ([0.5, np.nan], [0, 1], 10, DataError),
        ([0.5], [0, 1], 10, DataError),
        ([], [], 10, DataError),
        ([0.5], [0], 0, ArgumentError),
    ],
)
def test_calibration_refuses(chances, labels, bins, error):
    with pytest.raises(error):
        calibration_curve(chances, labels, bins)
