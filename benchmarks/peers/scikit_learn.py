"""scikit-learn: ``MLPClassifier``, trained a batch at a time by ``partial_fit``.

Its first call of ``partial_fit`` draws weights of its own; they are written over, and its optimiser is set back, so
that it starts where all others start.

This module imports scikit-learn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.contest import Prepared
from benchmarks.nets import Array, PredictionTask, TrainingTask

__all__ = ["predict", "train"]

CLASSES = np.arange(10)


def _classifier(
    weights: Sequence[tuple[Array, Array]], x: Array, labels: Array, optimizer: str = "SGD", rate: float = 0.001
) -> Any:
    settings: dict[str, Any] = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False}
    classifier = MLPClassifier(
        hidden_layer_sizes=tuple(len(bias) for _, bias in weights[:-1]),
        alpha=0.0,
        learning_rate_init=rate,
        batch_size=len(x),
        **(settings if optimizer == "SGD" else {"solver": "adam"}),
    )
    classifier.partial_fit(x, labels, classes=CLASSES)
    _restart(classifier, weights)
    return classifier


def _restart(classifier: Any, weights: Sequence[tuple[Array, Array]]) -> None:
    """Write the weights into the classifier, and set its optimiser, a private thing, back."""
    for place, (weight, bias) in enumerate(weights):
        classifier.coefs_[place][...] = weight
        classifier.intercepts_[place][...] = bias
    optimizer = classifier._optimizer
    if hasattr(optimizer, "ms"):
        optimizer.t = 0
        for moment in (*optimizer.ms, *optimizer.vs):
            moment[...] = 0.0


def train(task: TrainingTask) -> Prepared:
    """Prepare the training steps."""
    classifier = _classifier(task.weights, task.inputs[0], task.labels[0], task.optimizer, task.rate)

    def epoch() -> list[float]:
        losses = []
        for x, labels in zip(task.inputs, task.labels, strict=True):
            classifier.partial_fit(x, labels)
            losses.append(float(classifier.loss_))
        return losses

    return Prepared(epoch, epoch, lambda: _restart(classifier, task.weights))


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row."""
    classifier = _classifier(task.weights, task.row, CLASSES[:1])

    def turn() -> None:
        for _ in range(task.calls):
            classifier.predict_proba(task.row)

    return Prepared(turn, lambda: classifier.predict_proba(task.row))
