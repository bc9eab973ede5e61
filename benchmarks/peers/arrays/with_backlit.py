"""backlit: each formula as a program, its gradients as part of the same graph.

This module imports backlit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import backlit as bl
from benchmarks.arrays import ArrayTask
from benchmarks.contest import Prepared
from benchmarks.nets import Array
from benchmarks.peers.backlit_engine import require

__all__ = ["compute", "expected"]


def _softmax_and_back(x: bl.Node, g: bl.Node) -> list[bl.Node]:
    y = bl.softmax(x)
    return [y, *bl.grad(bl.sum(y * g), [x])]


def _layer_norm(x: bl.Node, scale: bl.Node, shift: bl.Node) -> bl.Node:
    deviation = x - bl.mean(x, axis=-1, keepdims=True)
    variance = bl.mean(bl.square(deviation), axis=-1, keepdims=True)
    return deviation / bl.sqrt(variance + 1e-5) * scale + shift


def _layer_norm_and_back(x: bl.Node, scale: bl.Node, shift: bl.Node, g: bl.Node) -> list[bl.Node]:
    y = _layer_norm(x, scale, shift)
    return [y, *bl.grad(bl.sum(y * g), [x, scale, shift])]


_FORMULAS: dict[str, Callable[..., Any]] = {
    "tanh": lambda x, a, b: bl.tanh(x) * a + b,
    "softmax": bl.softmax,
    "softmax and back": _softmax_and_back,
    "layer norm": _layer_norm,
    "layer norm and back": _layer_norm_and_back,
    "A B": bl.matmul,
    "Aᵀ B": lambda a, b: bl.matmul(bl.matrix_transpose(a), b),
    "A Bᵀ": lambda a, b: bl.matmul(a, bl.matrix_transpose(b)),
}


def _program(name: str, arguments: tuple[Array, ...], engine: str) -> Any:
    inputs = [bl.input(f"x{place}", shape=array.shape, dtype=array.dtype.name) for place, array in enumerate(arguments)]
    return bl.compile(inputs=inputs, outputs=_FORMULAS[name](*inputs), engine=engine)


def compute(task: ArrayTask, engine: str) -> Prepared:
    """Prepare the formulas."""
    require(engine)
    calls = [(_program(name, arguments, engine), arguments) for name, arguments in task.formulas]

    def turn() -> None:
        for _ in range(task.repeats):
            for program, arguments in calls:
                program(*arguments)

    return Prepared(turn, lambda: _joined([program(*arguments) for program, arguments in calls]))


def expected(task: ArrayTask) -> Array:
    """Compute all results by the referee in float64, one after the other."""
    results = []
    for name, arguments in task.formulas:
        wide = tuple(array.astype("float64") for array in arguments)
        results.append(_program(name, wide, "reference")(*wide))
    return _joined(results)


def _joined(results: list[Any]) -> Array:
    arrays = [array for result in results for array in (result if isinstance(result, list) else [result])]
    return np.concatenate([np.ravel(array) for array in arrays])
