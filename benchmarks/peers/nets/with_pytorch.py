"""PyTorch: modules, ``loss.backward()`` and its optimisers, as its tutorials write it; also fused and compiled.

This module imports PyTorch.
"""

import os
import shutil
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.contest import Prepared, UnavailableError
from benchmarks.nets import Activation, Array, Dropout, Layer, LayerNorm, Linear, Net, parameters
from benchmarks.tasks import WEIGHT_DECAY, PredictionTask, TrainingTask

__all__ = ["differentiate", "predict", "require_compiler", "train"]

_ACTIVATIONS: dict[str, Callable[[], torch.nn.Module]] = {
    "relu": torch.nn.ReLU,
    "sigmoid": torch.nn.Sigmoid,
    "gelu": torch.nn.GELU,
}


class _Residual(torch.nn.Module):
    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = x + self.inner(x)
        return result


def _module(layer: Layer) -> torch.nn.Module:
    if isinstance(layer, Linear):
        return torch.nn.Linear(*layer.weight.shape)
    if isinstance(layer, Activation):
        return _ACTIVATIONS[layer.name]()
    if isinstance(layer, LayerNorm):
        return torch.nn.LayerNorm(len(layer.scale))
    if isinstance(layer, Dropout):
        return torch.nn.Dropout(layer.rate)
    return _Residual(torch.nn.Sequential(*map(_module, layer.inner)))


def _set_weights(model: torch.nn.Module, net: Net) -> None:
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), parameters(net), strict=True):
            parameter.copy_(torch.from_numpy(array.T.copy()))


def _model(net: Net) -> torch.nn.Sequential:
    model = torch.nn.Sequential(*map(_module, net))
    _set_weights(model, net)
    return model


def _optimizer(task: TrainingTask, model: torch.nn.Module, **settings: Any) -> torch.optim.Optimizer:
    if task.optimizer == "AdamW":
        return torch.optim.AdamW(model.parameters(), lr=task.rate, weight_decay=WEIGHT_DECAY, **settings)
    kind = torch.optim.Adam if task.optimizer == "Adam" else torch.optim.SGD
    return kind(model.parameters(), lr=task.rate, **settings)


def require_compiler() -> None:
    """Skip the contender where ``torch.compile`` cannot work.

    Raises:
        UnavailableError: If there is no C++ compiler.
    """
    if not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        raise UnavailableError("torch.compile needs a C++ compiler, and there is neither g++ nor clang++")


def differentiate(task: TrainingTask, *, retained: bool = False) -> Prepared:
    """Prepare forward and backward passes.

    Args:
        task: Whose net and batches they are.
        retained: Whether the gradients of the five values between the layers are kept.

    Returns:
        The passes.
    """
    model = _model(task.net)
    batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in zip(task.inputs, task.targets, strict=True)]

    def one(x: torch.Tensor, target: torch.Tensor) -> float:
        model.zero_grad()
        values = []
        for layer in model:
            x = layer(x)
            if retained:
                x.retain_grad()
                values.append(x)
        loss = torch.nn.functional.cross_entropy(x, target)
        loss.backward()
        return float(loss.item())

    def run() -> list[float]:
        return [one(x, target) for x, target in batches]

    return Prepared(run, run)


def train(task: TrainingTask, *, fused: bool | None = None, compiled: bool = False) -> Prepared:
    """Prepare the training steps.

    Args:
        task: What is trained.
        fused: Whether the optimiser updates all parameters in one kernel; None for what PyTorch picks.
        compiled: Whether forward and backward are compiled.

    Returns:
        The steps.
    """
    model = _model(task.net)
    optimizer = _optimizer(task, model, fused=fused)
    scheduler = None
    if task.decay_steps is not None:
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=task.decay_steps)
    batches = [
        (torch.from_numpy(x), torch.from_numpy(target)) for x, target in zip(task.inputs, task.targets, strict=True)
    ]
    function = torch.nn.functional.cross_entropy if task.loss == "cross-entropy" else torch.nn.functional.mse_loss

    def forward(x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return function(model(x), target)

    if compiled:
        require_compiler()
        torch._dynamo.reset()  # it counts how often a function was compiled, and gives up
        forward = torch.compile(forward, dynamic=False)

    def step(x: torch.Tensor, target: torch.Tensor) -> float:
        optimizer.zero_grad()
        loss = forward(x, target)
        loss.backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        return float(loss.item())

    def epoch() -> list[float]:
        return [step(x, target) for x, target in batches]

    def reset() -> None:
        _set_weights(model, task.net)
        for state in optimizer.state.values():
            for moment in state.values():
                if moment is not None:
                    moment.zero_()
        if scheduler is not None:
            scheduler.last_epoch = 0
            optimizer.param_groups[0]["lr"] = task.rate

    return Prepared(epoch, epoch, reset)


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row, from an array to an array."""
    model = _model(task.net).eval()

    def answer() -> Array:
        with torch.inference_mode():
            probabilities: Array = torch.softmax(model(torch.from_numpy(task.row)), dim=1).numpy()
        return probabilities

    def turn() -> None:
        for _ in range(task.calls):
            answer()

    return Prepared(turn, answer)
