"""PyTorch: a computation on single numbers, which it remembers while it computes.

This module imports PyTorch.
"""

from collections.abc import Callable

import torch

from benchmarks.contest import Prepared
from benchmarks.tapes import Tape

__all__ = ["build_and_differentiate"]

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
