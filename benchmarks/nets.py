"""The net and the data that all contenders of ``training`` and ``prediction`` are given: the same numbers for all.

The net is 784-300-100-10 with ReLU, softmax and cross-entropy; it reads the digits that ship with backlit. Real data
matter: many pixels are zero, the loss falls, and no number runs away.

This module imports NumPy and the data sets of backlit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.data import digits

__all__ = ["LAYERS", "Array", "PredictionTask", "TrainingTask", "initial_weights", "prediction_task", "training_task"]

Array = npt.NDArray[Any]

LAYERS = (784, 300, 100, 10)
RATES = {"SGD": 0.05, "Adam": 0.001}
"""The learning rates; at the first, training by single examples is still stable."""


@dataclass(frozen=True)
class TrainingTask:
    """A number of training steps, each on a batch of its own.

    Args:
        optimizer: ``SGD`` (plain: θ ← θ - α g) or ``Adam`` (β₁ = 0.9, β₂ = 0.999, ε = 1e-8).
        rate: The learning rate α.
        inputs: The pictures, float32 of shape (steps, batch, 784).
        labels: The digits, int64 of shape (steps, batch).
        weights: For each layer the initial weights, of shape (inputs, outputs), and biases. Nobody writes into them.
    """

    optimizer: str
    rate: float
    inputs: Array
    labels: Array
    weights: tuple[tuple[Array, Array], ...]


@dataclass(frozen=True)
class PredictionTask:
    """One row to predict, again and again.

    Args:
        row: A picture, float32 of shape (1, 784).
        weights: As in ``TrainingTask``.
        calls: How often it is predicted in a turn.
    """

    row: Array
    weights: tuple[tuple[Array, Array], ...]
    calls: int


def initial_weights(layers: Sequence[int] = LAYERS) -> tuple[tuple[Array, Array], ...]:
    """Draw weights as He et al. (2015) did, always the same; the biases are zero."""
    generator = np.random.default_rng(1)
    made = []
    for inputs, outputs in pairwise(layers):
        weights = generator.standard_normal((inputs, outputs)) * np.sqrt(2.0 / inputs)
        made.append((weights.astype(np.float32), np.zeros(outputs, dtype=np.float32)))
    return tuple(made)


def training_task(optimizer: str, batch: int, steps: int) -> TrainingTask:
    """Make a task of so many steps on digits, in an order that mixes the classes."""
    data = digits()[0]
    rows = np.random.default_rng(2).permutation(len(data))[: batch * steps]
    inputs = np.ascontiguousarray(np.asarray(data.inputs)[rows]).reshape(steps, batch, -1)
    labels = np.asarray(data.targets)[rows].reshape(steps, batch)
    return TrainingTask(optimizer, RATES[optimizer], inputs, labels, initial_weights())


def prediction_task(calls: int) -> PredictionTask:
    """Make a task of so many calls on one digit."""
    return PredictionTask(np.array(digits()[1].inputs[:1]), initial_weights(), calls)
