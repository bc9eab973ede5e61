"""micrograd (Andrej Karpathy, 2020): backpropagation through a graph of single numbers, in plain Python.

This module imports micrograd.
"""

from micrograd.engine import Value
from micrograd.nn import MLP

from benchmarks.contest import Prepared
from benchmarks.nets import Linear
from benchmarks.tasks import TrainingTask

__all__ = ["train"]


def train(task: TrainingTask) -> Prepared:
    """Prepare the training steps, as the demonstration that comes with micrograd takes them: plain gradient descent."""
    linears = [layer for layer in task.net if isinstance(layer, Linear)]
    model = MLP(len(linears[0].weight), [len(layer.bias) for layer in linears])

    def reset() -> None:
        for layer, linear in zip(model.layers, linears, strict=True):
            for neuron, weights, bias in zip(layer.neurons, linear.weight.T, linear.bias, strict=True):
                neuron.b.data = float(bias)
                for value, weight in zip(neuron.w, weights, strict=True):
                    value.data = float(weight)

    def step(rows: list[list[float]], targets: list[list[float]]) -> float:
        losses = [(model(row) - target) ** 2 for row, (target,) in zip(rows, targets, strict=True)]
        loss: Value = sum(losses[1:], losses[0]) * (1.0 / len(losses))
        model.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= task.rate * parameter.grad
        return float(loss.data)

    batches = list(zip(task.inputs.tolist(), task.targets.tolist(), strict=True))

    def epoch() -> list[float]:
        return [step(rows, targets) for rows, targets in batches]

    reset()
    return Prepared(epoch, epoch, reset)
