"""Derivatives taken without any rule of an op: by a complex step and by central differences.

Both work on ``interpret``, the naive walk of the reference engine, at float64.
"""

from collections.abc import Mapping, Sequence

import numpy as np

import backlit as bl
from backlit.engines.reference import interpret

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)
"""The step of central differences at which the error of rounding, eps/h, equals that of the formula, h²."""


def values_at(outputs: Sequence[bl.Node], point: Mapping[bl.Node, np.ndarray]) -> list[np.ndarray]:
    """Compute nodes at a point."""
    return [np.asarray(v) for v in interpret(tuple(outputs), dict(point))]


def complex_step(
    outputs: Sequence[bl.Node], point: Mapping[bl.Node, np.ndarray], direction: Mapping[bl.Node, np.ndarray]
) -> list[np.ndarray]:
    """The slope of nodes along a direction: Im f(x + ihv) / h, exact to rounding where f is analytic."""
    h = 1e-30
    moved = {n: np.asarray(x + 1j * h * direction[n]) if n in direction else x for n, x in point.items()}
    return [np.imag(v) / h for v in values_at(outputs, moved)]


def central_difference(
    outputs: Sequence[bl.Node], point: Mapping[bl.Node, np.ndarray], direction: Mapping[bl.Node, np.ndarray]
) -> list[np.ndarray]:
    """The slope of nodes along a direction: (f(x + hv) - f(x - hv)) / 2h."""
    ahead = {n: x + STEP * direction[n] if n in direction else x for n, x in point.items()}
    behind = {n: x - STEP * direction[n] if n in direction else x for n, x in point.items()}
    pairs = zip(values_at(outputs, ahead), values_at(outputs, behind), strict=True)
    return [(a - b) / (2 * STEP) for a, b in pairs]


def dot(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> float:
    """The inner product of two lists of arrays."""
    return float(sum(np.sum(np.asarray(x) * np.asarray(y)) for x, y in zip(a, b, strict=True)))


def size(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> float:
    """How large the terms of an inner product are, at least 1: what its rounding error is measured against."""
    return 1.0 + float(sum(np.sum(np.abs(np.asarray(x) * np.asarray(y))) for x, y in zip(a, b, strict=True)))
