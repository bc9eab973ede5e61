"""scikit-learn: ``MLPClassifier`` and ``MLPRegressor``, trained a batch at a time by ``partial_fit``.

The first call of ``partial_fit`` draws weights of its own; they are written over, and the optimiser is set back, so
that it starts where all others start.

This module imports scikit-learn.
"""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.contest import Prepared, UnavailableError
from benchmarks.nets import Activation, Array, Linear, Net
from benchmarks.tasks import PredictionTask, TrainingTask

__all__ = ["predict", "train"]

CLASSES = np.arange(10)
_ACTIVATIONS = {"relu": "relu", "sigmoid": "logistic"}


def _parts(net: Net) -> tuple[list[Linear], str]:
    """Take a net apart that is nothing but linear layers, with one activation between each two."""
    names = {layer.name if isinstance(layer, Activation) else "" for layer in net[1::2]} or {"relu"}
    if len(net) % 2 == 0 or len(names) > 1 or not names <= set(_ACTIVATIONS):
        raise UnavailableError("its nets have linear layers with one activation between them, and none after the last")
    return [layer for layer in net[::2] if isinstance(layer, Linear)], _ACTIVATIONS[names.pop()]


def _estimator(net: Net, x: Array, target: Array, loss: str, optimizer: str = "SGD", rate: float = 0.001) -> Any:
    linears, activation = _parts(net)
    settings: dict[str, Any] = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False}
    if optimizer == "Adam":
        settings = {"solver": "adam"}
    if loss == "squared error":
        # Its gradient is that of ½ Σ (ŷ - y)² over the outputs, and not of the mean of (ŷ - y)².
        excess = target.shape[1] / 2.0
        settings |= {"epsilon": 1e-8 * excess}
        rate = rate / excess if optimizer == "SGD" else rate
    estimator = (MLPClassifier if loss == "cross-entropy" else MLPRegressor)(
        hidden_layer_sizes=tuple(len(layer.bias) for layer in linears[:-1]),
        activation=activation,
        alpha=0.0,
        learning_rate_init=rate,
        batch_size=len(x),
        **settings,
    )
    estimator.partial_fit(x, target, **({"classes": CLASSES} if loss == "cross-entropy" else {}))
    _restart(estimator, linears)
    return estimator


def _restart(estimator: Any, linears: list[Linear]) -> None:
    """Write the weights into the estimator, and set its optimiser, a private thing, back."""
    for place, layer in enumerate(linears):
        estimator.coefs_[place][...] = layer.weight
        estimator.intercepts_[place][...] = layer.bias
    optimizer = estimator._optimizer
    if hasattr(optimizer, "ms"):
        optimizer.t = 0
        for moment in (*optimizer.ms, *optimizer.vs):
            moment[...] = 0.0


def train(task: TrainingTask) -> Prepared:
    """Prepare the training steps."""
    if task.optimizer not in {"SGD", "Adam"} or task.decay_steps is not None:
        raise UnavailableError(f"it has no {task.optimizer} with a schedule")
    estimator = _estimator(task.net, task.inputs[0], task.targets[0], task.loss, task.optimizer, task.rate)
    scale = 1.0 if task.loss == "cross-entropy" else 2.0

    def epoch() -> list[float]:
        losses = []
        for x, target in zip(task.inputs, task.targets, strict=True):
            estimator.partial_fit(x, target)
            losses.append(scale * float(estimator.loss_))
        return losses

    return Prepared(epoch, epoch, lambda: _restart(estimator, _parts(task.net)[0]))


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row."""
    classifier = _estimator(task.net, task.row, CLASSES[:1], "cross-entropy")

    def turn() -> None:
        for _ in range(task.calls):
            classifier.predict_proba(task.row)

    return Prepared(turn, lambda: classifier.predict_proba(task.row))
