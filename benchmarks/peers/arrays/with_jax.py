"""JAX: each formula compiled, its arguments on the device already.

This module imports JAX.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.arrays import ArrayTask
from benchmarks.contest import Prepared

__all__ = ["compute"]


def _layer_norm(x: Any, scale: Any, shift: Any) -> Any:
    deviation = x - jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.mean(jnp.square(deviation), axis=-1, keepdims=True)
    return deviation * jax.lax.rsqrt(variance + 1e-5) * scale + shift


def _and_back(formula: Callable[..., Any]) -> Callable[..., Any]:
    def both(*arguments: Any) -> Any:
        *differentiated, upstream = arguments
        y, pullback = jax.vjp(formula, *differentiated)
        return [y, *pullback(upstream)]

    return both


_FORMULAS: dict[str, Callable[..., Any]] = {
    "tanh": lambda x, a, b: jnp.tanh(x) * a + b,
    "softmax": jax.nn.softmax,
    "softmax and back": _and_back(jax.nn.softmax),
    "layer norm": _layer_norm,
    "layer norm and back": _and_back(_layer_norm),
    "A B": jnp.matmul,
    "Aᵀ B": lambda a, b: a.T @ b,
    "A Bᵀ": lambda a, b: a @ b.T,
}


def compute(task: ArrayTask) -> Prepared:
    """Prepare the formulas."""
    calls = [(jax.jit(_FORMULAS[name]), tuple(map(jnp.array, arguments))) for name, arguments in task.formulas]

    def turn() -> None:
        for _ in range(task.repeats):
            for program, arguments in calls:
                jax.block_until_ready(program(*arguments))

    def answer() -> Any:
        results = [jax.tree.leaves(program(*arguments)) for program, arguments in calls]
        return np.concatenate([np.ravel(array) for result in results for array in result])

    return Prepared(turn, answer)
