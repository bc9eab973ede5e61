"""Computations on large arrays: a formula, its arguments, and how often it is computed in a turn.

This module imports NumPy.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.nets import Array

__all__ = ["PRODUCT_KINDS", "ArrayTask", "layer_norm", "products", "softmax", "tanh"]

PRODUCT_KINDS = ("A B", "Aᵀ B", "A Bᵀ")
"""The products of matrices that occur in training: forward, of the weights' gradient, of the inputs' gradient."""


@dataclass(frozen=True)
class ArrayTask:
    """Formulas to compute, each in a call of its own.

    Args:
        formulas: For each call the name of the formula, ``tanh`` (tanh(x) a + b), ``softmax`` or ``layer norm`` (of
            each row), ``… and back`` for the gradients of Σ y g too, or one of the products; and its arguments.
        repeats: How often all of them are computed in a turn.
    """

    formulas: tuple[tuple[str, tuple[Array, ...]], ...]
    repeats: int


def _normal(generator: np.random.Generator, *shape: int) -> Array:
    return generator.standard_normal(shape, dtype=np.float32)


def tanh(size: int, repeats: int) -> ArrayTask:
    """Make the task of tanh(x) a + b, with two numbers a and b."""
    x = 2.0 * _normal(np.random.default_rng(4), size)
    return ArrayTask((("tanh", (x, np.array(1.7, np.float32), np.array(0.3, np.float32))),), repeats)


def softmax(rows: int, columns: int, repeats: int, *, back: bool) -> ArrayTask:
    """Make the task of the softmax of each row of x; with ``back`` also of its gradient with respect to x."""
    generator = np.random.default_rng(4)
    x, g = _normal(generator, rows, columns), _normal(generator, rows, columns)
    return ArrayTask((("softmax and back", (x, g)) if back else ("softmax", (x,)),), repeats)


def layer_norm(rows: int, columns: int, repeats: int, *, back: bool) -> ArrayTask:
    """Make the task of layer norm (x, scale, shift); with ``back`` also of its three gradients."""
    generator = np.random.default_rng(4)
    x, g = _normal(generator, rows, columns), _normal(generator, rows, columns)
    scale, shift = _normal(generator, columns), _normal(generator, columns)
    name = "layer norm and back" if back else "layer norm"
    return ArrayTask(((name, (x, scale, shift, g) if back else (x, scale, shift)),), repeats)


def products(shapes: tuple[tuple[str, int, int, int], ...], repeats: int) -> ArrayTask:
    """Make the task of products of matrices.

    Args:
        shapes: For each its kind, the rows and the columns of the result, and how many products each element sums up.
        repeats: How often all of them are computed in a turn.

    Returns:
        The task. Its numbers are such that those of the results are about 1.
    """
    generator = np.random.default_rng(4)
    formulas = []
    for kind, rows, columns, inner in shapes:
        left = _normal(generator, *((inner, rows) if kind == "Aᵀ B" else (rows, inner)))
        right = _normal(generator, *((columns, inner) if kind == "A Bᵀ" else (inner, columns)))
        formulas.append((kind, (left, right / np.float32(inner**0.5))))
    return ArrayTask(tuple(formulas), repeats)
