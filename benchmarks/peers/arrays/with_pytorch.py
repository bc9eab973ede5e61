"""PyTorch: each formula by its own functions, its arguments tensors already; also compiled.

This module imports PyTorch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.arrays import ArrayTask
from benchmarks.contest import Prepared
from benchmarks.nets import Array
from benchmarks.peers.nets.with_pytorch import require_compiler

__all__ = ["compute"]


def _softmax(x: torch.Tensor) -> torch.Tensor:
    return torch.softmax(x, dim=1)


def _layer_norm(x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.layer_norm(x, x.shape[1:], scale, shift, eps=1e-5)


_FORMULAS: dict[str, Callable[..., torch.Tensor]] = {
    "tanh": lambda x, a, b: torch.tanh(x) * a + b,
    "softmax": _softmax,
    "layer norm": _layer_norm,
    "A B": torch.matmul,
    "Aᵀ B": lambda a, b: a.T @ b,
    "A Bᵀ": lambda a, b: a @ b.T,
}


def _call(name: str, arguments: tuple[Array, ...], *, compiled: bool) -> Callable[[], list[torch.Tensor]]:
    """Return a function of no arguments that computes the formula, and its gradients where they are asked for."""
    base = name.removesuffix(" and back")
    formula = torch.compile(_FORMULAS[base], dynamic=False) if compiled else _FORMULAS[base]
    tensors = [torch.from_numpy(array.copy()) for array in arguments]
    if base == name:

        def run() -> list[torch.Tensor]:
            with torch.inference_mode():
                return [formula(*tensors)]

        return run
    *differentiated, upstream = tensors
    for tensor in differentiated:
        tensor.requires_grad_()

    def run_and_back() -> list[torch.Tensor]:
        y = formula(*differentiated)
        return [y.detach(), *torch.autograd.grad(y, differentiated, upstream)]

    return run_and_back


def compute(task: ArrayTask, *, compiled: bool = False) -> Prepared:
    """Prepare the formulas."""
    if compiled:
        require_compiler()
        torch._dynamo.reset()  # it counts how often a function was compiled, and gives up
    calls = [_call(name, arguments, compiled=compiled) for name, arguments in task.formulas]

    def turn() -> None:
        for _ in range(task.repeats):
            for call in calls:
                call()

    def answer() -> Any:
        return np.concatenate([np.ravel(tensor.numpy()) for call in calls for tensor in call()])

    return Prepared(turn, answer)
