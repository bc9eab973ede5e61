"""PyTorch: modules, ``loss.backward()`` and its optimisers, eagerly, as its tutorials write it.

This module imports PyTorch.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmarks.contest import Prepared
from benchmarks.nets import Array, PredictionTask, TrainingTask
from benchmarks.tapes import Tape

__all__ = ["build_and_differentiate", "predict", "train", "train_fused"]


def _model(weights: Sequence[tuple[Array, Array]]) -> torch.nn.Sequential:
    modules: list[torch.nn.Module] = []
    for weight, _ in weights:
        modules += [torch.nn.Linear(*weight.shape), torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1])
    _set_weights(model, weights)
    return model


def _set_weights(model: torch.nn.Sequential, weights: Sequence[tuple[Array, Array]]) -> None:
    linears = [module for module in model if isinstance(module, torch.nn.Linear)]
    with torch.no_grad():
        for linear, (weight, bias) in zip(linears, weights, strict=True):
            linear.weight.copy_(torch.from_numpy(weight.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias.copy()))


def _train(task: TrainingTask, **settings: Any) -> Prepared:
    model = _model(task.weights)
    kind = torch.optim.SGD if task.optimizer == "SGD" else torch.optim.Adam
    optimizer = kind(model.parameters(), lr=task.rate, **settings)
    batches = [
        (torch.from_numpy(x), torch.from_numpy(labels)) for x, labels in zip(task.inputs, task.labels, strict=True)
    ]

    def step(x: torch.Tensor, labels: torch.Tensor) -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    def epoch() -> list[float]:
        return [step(x, labels) for x, labels in batches]

    def reset() -> None:
        _set_weights(model, task.weights)
        for state in optimizer.state.values():
            for moment in state.values():
                moment.zero_()

    return Prepared(epoch, epoch, reset)


def train(task: TrainingTask) -> Prepared:
    """Prepare the training steps, with the optimiser that PyTorch picks."""
    return _train(task)


def train_fused(task: TrainingTask) -> Prepared:
    """Prepare the training steps, with the optimiser that updates all parameters in one kernel."""
    return _train(task, fused=True)


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row, from an array to an array."""
    model = _model(task.weights).eval()

    def answer() -> Array:
        with torch.inference_mode():
            probabilities: Array = torch.softmax(model(torch.from_numpy(task.row)), dim=1).numpy()
        return probabilities

    def turn() -> None:
        for _ in range(task.calls):
            answer()

    return Prepared(turn, answer)


_FUNCTIONS: dict[str, Callable[..., torch.Tensor]] = {
    "add": torch.add,
    "subtract": torch.subtract,
    "multiply": torch.multiply,
    "sin": torch.sin,
    "tanh": torch.tanh,
}


def build_and_differentiate(tape: Tape) -> Prepared:
    """Prepare the computation of a tape and of its gradient: PyTorch computes while it builds."""

    def turn() -> list[float]:
        sources = [torch.tensor(value, requires_grad=True) for value in tape.sources]
        values = list(sources)
        for name, *arguments in tape.operations:
            values.append(_FUNCTIONS[name](*(values[argument] for argument in arguments)))
        return [float(gradient) for gradient in torch.autograd.grad(values[-1], sources)]

    return Prepared(turn, turn)
