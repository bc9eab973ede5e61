"""NumPy: each formula by hand, written into arrays that are there already.

This module imports NumPy.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.arrays import ArrayTask
from benchmarks.contest import Prepared
from benchmarks.nets import Array

__all__ = ["compute"]

Formula = Callable[[], list[Array]]


def _tanh(x: Array, a: Array, b: Array) -> Formula:
    y = np.empty_like(x)

    def run() -> list[Array]:
        np.tanh(x, out=y)
        np.multiply(y, a, out=y)
        np.add(y, b, out=y)
        return [y]

    return run


def _softmax(x: Array) -> Formula:
    y = np.empty_like(x)

    def run() -> list[Array]:
        np.subtract(x, x.max(axis=1, keepdims=True), out=y)
        np.exp(y, out=y)
        np.divide(y, y.sum(axis=1, keepdims=True), out=y)
        return [y]

    return run


def _softmax_and_back(x: Array, g: Array) -> Formula:
    forward, gradient = _softmax(x), np.empty_like(x)

    def run() -> list[Array]:
        (y,) = forward()
        np.subtract(g, np.vecdot(g, y)[:, None], out=gradient)
        np.multiply(gradient, y, out=gradient)
        return [y, gradient]

    return run


def _layer_norm(x: Array, scale: Array, shift: Array) -> Formula:
    y, square = np.empty_like(x), np.empty_like(x)

    def run() -> list[Array]:
        np.subtract(x, x.mean(axis=1, keepdims=True), out=y)
        np.multiply(y, y, out=square)
        np.divide(y, np.sqrt(square.mean(axis=1, keepdims=True) + np.float32(1e-5)), out=y)
        np.multiply(y, scale, out=y)
        np.add(y, shift, out=y)
        return [y]

    return run


def _layer_norm_and_back(x: Array, scale: Array, shift: Array, g: Array) -> Formula:
    y, normal, upstream, product = (np.empty_like(x) for _ in range(4))

    def run() -> list[Array]:
        np.subtract(x, x.mean(axis=1, keepdims=True), out=normal)
        spread = np.sqrt(np.vecdot(normal, normal)[:, None] / np.float32(x.shape[1]) + np.float32(1e-5))
        np.divide(normal, spread, out=normal)
        np.multiply(normal, scale, out=y)
        np.add(y, shift, out=y)
        np.multiply(g, normal, out=product)
        scale_gradient = product.sum(axis=0)
        np.multiply(g, scale, out=upstream)
        projection = np.vecdot(upstream, normal)[:, None] / np.float32(x.shape[1])
        np.subtract(upstream, upstream.mean(axis=1, keepdims=True), out=upstream)
        np.multiply(normal, projection, out=product)
        np.subtract(upstream, product, out=upstream)
        np.divide(upstream, spread, out=upstream)
        return [y, upstream, scale_gradient, g.sum(axis=0)]

    return run


def _product(left: Array, right: Array) -> Formula:
    y = np.empty((left.shape[0], right.shape[1]), dtype=left.dtype)

    def run() -> list[Array]:
        np.matmul(left, right, out=y)
        return [y]

    return run


_FORMULAS: dict[str, Callable[..., Formula]] = {
    "tanh": _tanh,
    "softmax": _softmax,
    "softmax and back": _softmax_and_back,
    "layer norm": _layer_norm,
    "layer norm and back": _layer_norm_and_back,
    "A B": _product,
    "Aᵀ B": lambda a, b: _product(a.T, b),
    "A Bᵀ": lambda a, b: _product(a, b.T),
}


def compute(task: ArrayTask) -> Prepared:
    """Prepare the formulas."""
    formulas = [_FORMULAS[name](*arguments) for name, arguments in task.formulas]

    def turn() -> None:
        for _ in range(task.repeats):
            for formula in formulas:
                formula()

    return Prepared(turn, lambda: np.concatenate([np.ravel(array) for formula in formulas for array in formula()]))
