"""NumPy by hand: the step as a careful student writes it, every derivative worked out on paper.

It writes over what is no longer needed, and knows nothing that the others could not know. Only the digit net is worked
out here.

This module imports NumPy.
"""

import numpy as np

from benchmarks.contest import Prepared
from benchmarks.nets import Array, parameters
from benchmarks.tasks import PredictionTask, TrainingTask

__all__ = ["predict", "train"]


class _DigitNet:
    """The net, its gradients by hand, and its two update rules.

    Args:
        task: The initial weights, the optimiser and its learning rate.
    """

    def __init__(self, task: TrainingTask) -> None:
        self.initial = list(parameters(task.net))
        self.rate = task.rate
        self.update = self.descend if task.optimizer == "SGD" else self.adapt
        self.reset()

    def reset(self) -> None:
        """Go back to the initial weights."""
        self.parameters = [array.copy() for array in self.initial]
        self.moments = [(np.zeros_like(array), np.zeros_like(array)) for array in self.parameters]
        self.count = 0

    def step(self, x: Array, labels: Array) -> float:
        """Train on one batch: forward, backward, update; return the loss before the update."""
        layers = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        values = [x]
        for number, (weights, bias) in enumerate(layers, start=1):
            z = values[-1] @ weights
            z += bias
            if number < len(layers):
                np.maximum(z, 0.0, out=z)
            values.append(z)
        upstream = values.pop()
        rows = np.arange(len(labels))
        upstream -= upstream.max(axis=1, keepdims=True)
        right = upstream[rows, labels]
        np.exp(upstream, out=upstream)
        totals = upstream.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(totals[:, 0]) - right))
        upstream /= totals
        upstream[rows, labels] -= 1.0
        upstream /= len(labels)
        gradients = []
        for (weights, _), value in zip(reversed(layers), reversed(values), strict=True):
            gradients += [upstream.sum(axis=0), value.T @ upstream]
            if value is not x:
                upstream = upstream @ weights.T
                upstream *= value > 0.0
        self.update(gradients[::-1])
        return loss

    def descend(self, gradients: list[Array]) -> None:
        """Take a step of plain gradient descent, writing over the gradients."""
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            np.multiply(gradient, self.rate, out=gradient)
            np.subtract(parameter, gradient, out=parameter)

    def adapt(self, gradients: list[Array]) -> None:
        """Take a step of Adam (Kingma and Ba, 2015), with the bias corrections drawn into the learning rate and ε."""
        self.count += 1
        second_correction = (1.0 - 0.999**self.count) ** 0.5
        rate = self.rate * second_correction / (1.0 - 0.9**self.count)
        for parameter, gradient, (first, second) in zip(self.parameters, gradients, self.moments, strict=True):
            np.multiply(first, 0.9, out=first)
            np.add(first, 0.1 * gradient, out=first)
            np.multiply(second, 0.999, out=second)
            np.multiply(gradient, gradient, out=gradient)
            np.multiply(gradient, 0.001, out=gradient)
            np.add(second, gradient, out=second)
            way = np.sqrt(second)
            way += 1e-8 * second_correction
            np.divide(first, way, out=way)
            way *= rate
            np.subtract(parameter, way, out=parameter)


def train(task: TrainingTask) -> Prepared:
    """Prepare the training steps."""
    net = _DigitNet(task)

    def epoch() -> list[float]:
        return [net.step(x, labels) for x, labels in zip(task.inputs, task.targets, strict=True)]

    return Prepared(epoch, epoch, net.reset)


def _probabilities(weights: list[Array], x: Array) -> Array:
    """Compute the probability of each digit."""
    for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        x = x @ weight
        x += bias
        np.maximum(x, 0.0, out=x)
    x = x @ weights[-2]
    x += weights[-1]
    x -= x.max(axis=1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=1, keepdims=True)
    return x


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row."""
    weights = list(parameters(task.net))

    def turn() -> None:
        for _ in range(task.calls):
            _probabilities(weights, task.row)

    return Prepared(turn, lambda: _probabilities(weights, task.row))
