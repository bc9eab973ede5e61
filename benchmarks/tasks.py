"""The tasks with nets: steps of training, each on a batch of its own, and predicting one row again and again.

This module imports NumPy and the nets.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.nets import Array, Net, batches_of_digits, dense, parameters, rows_of_traffic

__all__ = [
    "DIGIT_SIZES",
    "WEIGHT_DECAY",
    "PredictionTask",
    "TrainingTask",
    "digits_task",
    "noise_task",
    "prediction_task",
    "traffic_task",
]

DIGIT_SIZES = (784, 300, 100, 10)
"""The digit net."""

WEIGHT_DECAY = 0.01
"""That of AdamW."""

RATES = {"SGD": 0.05, "Adam": 0.001, "AdamW": 0.001}
"""The learning rates; at the first, training the digit net by single examples is still stable."""


@dataclass(frozen=True)
class TrainingTask:
    """A number of training steps.

    Args:
        net: The net, with its initial weights.
        loss: ``cross-entropy`` of logits and labels, or ``squared error``, the mean over all elements of (ŷ - y)².
        optimizer: ``SGD`` (plain: θ ← θ - α g), ``Adam`` or ``AdamW`` (β₁ = 0.9, β₂ = 0.999, ε = 1e-8).
        rate: The learning rate α.
        inputs: The batches, float32 of shape (steps, batch, features).
        targets: Labels, int64 of shape (steps, batch), or numbers, float32 of shape (steps, batch, features).
        decay_steps: After how many steps the learning rate, on half a cosine, reaches zero; None where it stays.
    """

    net: Net
    loss: str
    optimizer: str
    rate: float
    inputs: Array
    targets: Array
    decay_steps: int | None = None


@dataclass(frozen=True)
class PredictionTask:
    """One row to predict, again and again.

    Args:
        net: The net, with its weights; the probabilities of its logits are asked for.
        row: A picture, float32 of shape (1, 784).
        calls: How often it is predicted in a turn.
    """

    net: Net
    row: Array
    calls: int


def digits_task(
    optimizer: str,
    batch: int,
    steps: int,
    net: Net | None = None,
    *,
    loss: str = "cross-entropy",
    decay_steps: int | None = None,
) -> TrainingTask:
    """Make a task on digits: of naming them, or, with squared error, of saying them again."""
    inputs, labels = batches_of_digits(steps, batch)
    targets = labels if loss == "cross-entropy" else inputs
    net = dense(DIGIT_SIZES) if net is None else net
    return TrainingTask(net, loss, optimizer, RATES[optimizer], inputs, targets, decay_steps)


def noise_task(net: Net, optimizer: str, batch: int, steps: int) -> TrainingTask:
    """Make a task of random inputs and targets, as wide as the net; squared error."""
    generator = np.random.default_rng(2)
    weights = list(parameters(net))
    inputs = generator.standard_normal((steps, batch, len(weights[0])), dtype=np.float32)
    targets = generator.standard_normal((steps, batch, len(weights[-1])), dtype=np.float32)
    return TrainingTask(net, "squared error", optimizer, RATES[optimizer], inputs, targets)


def traffic_task(net: Net, batch: int, steps: int) -> TrainingTask:
    """Make a task of fitting the air traffic of a day, plain gradient descent on the squared error."""
    inputs, targets = rows_of_traffic(steps, batch)
    return TrainingTask(net, "squared error", "SGD", 1e-4, inputs, targets)


def prediction_task(calls: int) -> PredictionTask:
    """Make a task of so many calls on one digit."""
    return PredictionTask(dense(DIGIT_SIZES), batches_of_digits(1, 1)[0][0], calls)
