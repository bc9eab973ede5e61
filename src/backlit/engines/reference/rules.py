"""The NumPy rules: what each op computes, one line an op. This table is the referee for every other engine.

A rule takes the arrays of the arguments and the attributes of the node. Rules let complex numbers pass where the
function is analytic and look at the real part where it is made of pieces, so that a derivative can be checked by a
complex step.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backlit.engines.engine import range_error
from backlit.engines.reference.philox import philox_bits
from backlit.engines.reference.special import erf, logaddexp, sigmoid
from backlit.graph.node import Array

__all__ = ["NUMPY_RULES"]

_EXACT_SUM = 128
"""Above this many terms a float32 sum is accumulated in float64, so that a million terms keep six digits."""


def _sum(x: Array, *, axes: tuple[int, ...]) -> Array:
    count = math.prod(x.shape[axis] for axis in axes)
    if x.dtype == np.float32 and count > _EXACT_SUM:
        return np.asarray(np.add.reduce(x, axis=axes, dtype=np.float64).astype(np.float32))
    return np.asarray(np.add.reduce(x, axis=axes, dtype=x.dtype))


def _cumulative_sum(x: Array, *, axis: int) -> Array:
    if x.dtype == np.float32 and x.shape[axis] > _EXACT_SUM:
        return np.cumsum(x, axis=axis, dtype=np.float64).astype(np.float32)
    return np.cumsum(x, axis=axis, dtype=x.dtype)


def _real(x: Array) -> Array:
    return x.real if np.iscomplexobj(x) else x


def _choose(better: Callable[..., Array], plain: np.ufunc) -> Callable[..., Array]:
    """Compare by the real part where numbers are complex."""

    def rule(x: Array, y: Array) -> Array:
        if np.iscomplexobj(x) or np.iscomplexobj(y):
            return np.where(better(_real(x), _real(y)), x, y)
        return plain(x, y)  # type: ignore[no-any-return]

    return rule


_maximum = _choose(np.greater, np.maximum)
_minimum = _choose(np.less, np.minimum)


def _relu(x: Array) -> Array:
    return np.where(x.real > 0, x, 0) if np.iscomplexobj(x) else np.maximum(x, 0)


def _extreme(place: Callable[..., Any], reduce: Callable[..., Array]) -> Callable[..., Array]:
    def rule(x: Array, *, axes: tuple[int, ...]) -> Array:
        if not axes or not np.iscomplexobj(x):
            return reduce(x, axis=axes)
        others = [axis for axis in range(x.ndim) if axis not in axes]
        rows = x.transpose(*others, *axes).reshape(*(x.shape[axis] for axis in others), -1)
        return np.take_along_axis(rows, np.expand_dims(place(rows.real, axis=-1), -1), -1)[..., 0]

    return rule


def _cast(x: Array, *, dtype: str) -> Array:
    return x if np.iscomplexobj(x) and dtype.startswith("float") else _real(x).astype(dtype)


def _pad(x: Array, *, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Array:
    spans = [n + max(n - 1, 0) * gap for n, gap in zip(x.shape, interior, strict=True)]
    result = np.zeros([a + span + b for a, span, b in zip(low, spans, high, strict=True)], dtype=x.dtype)
    where = tuple(slice(a, a + span, gap + 1) for a, span, gap in zip(low, spans, interior, strict=True))
    result[where] = x
    return result


def _check_range(indices: Array, size: int, op: str) -> None:
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        raise range_error(op, int(indices[(indices < 0) | (indices >= size)].reshape(-1)[0]), size)


def _take(x: Array, indices: Array, *, axis: int) -> Array:
    _check_range(indices, x.shape[axis], "take")
    return np.take(x, indices, axis=axis)


def _scatter_add(updates: Array, indices: Array, *, axis: int, size: int) -> Array:
    _check_range(indices, size, "scatter_add")
    rows = np.moveaxis(updates, range(axis, axis + indices.ndim), range(indices.ndim))
    result = np.zeros((size, *rows.shape[indices.ndim :]), dtype=updates.dtype)
    np.add.at(result, indices, rows)
    return np.moveaxis(result, 0, axis)


def _one_hot(labels: Array, *, classes: int, dtype: str) -> Array:
    _check_range(labels, classes, "one_hot")
    return np.equal(labels[..., None], np.arange(classes)).astype(dtype)


def _slice(x: Array, *, starts: tuple[int, ...], stops: tuple[int, ...], steps: tuple[int, ...]) -> Array:
    return x[tuple(map(slice, starts, stops, steps))]


def _compare(function: np.ufunc) -> Callable[..., Array]:
    def rule(x: Array, y: Array) -> Array:
        return function(_real(x), _real(y))  # type: ignore[no-any-return]

    return rule


def _of_real(function: Callable[..., Array]) -> Callable[..., Array]:
    def rule(x: Array, **attributes: Any) -> Array:
        return function(_real(x), **attributes)

    return rule


NUMPY_RULES: Mapping[str, Callable[..., Array]] = {
    "abs": lambda x: np.where(x.real < 0, -x, x) if np.iscomplexobj(x) else np.abs(x),
    "acos": np.arccos,
    "add": np.add,
    "argmax": _of_real(np.argmax),
    "argmin": _of_real(np.argmin),
    "asin": np.arcsin,
    "atan": np.arctan,
    "broadcast_to": lambda x, *, shape: np.broadcast_to(x, shape),
    "cast": _cast,
    "ceil": _of_real(np.ceil),
    "clip": lambda x, low, high: _minimum(_maximum(x, low), high),
    "concat": lambda *values, axis: np.concatenate(values, axis=axis),
    "cos": np.cos,
    "cosh": np.cosh,
    "cumulative_sum": _cumulative_sum,
    "divide": np.divide,
    "equal": _compare(np.equal),
    "erf": erf,
    "exp": np.exp,
    "expm1": np.expm1,
    "flip": lambda x, *, axes: np.flip(x, axes),
    "floor": _of_real(np.floor),
    "greater": _compare(np.greater),
    "greater_equal": _compare(np.greater_equal),
    "isfinite": _of_real(np.isfinite),
    "isnan": _of_real(np.isnan),
    "less": _compare(np.less),
    "less_equal": _compare(np.less_equal),
    "log": np.log,
    "log1p": np.log1p,
    "logaddexp": logaddexp,
    "logical_and": np.logical_and,
    "logical_not": np.logical_not,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "matmul": np.matmul,
    "max": _extreme(np.argmax, np.max),
    "maximum": _maximum,
    "min": _extreme(np.argmin, np.min),
    "minimum": _minimum,
    "multiply": np.multiply,
    "negative": np.negative,
    "not_equal": _compare(np.not_equal),
    "one_hot": _one_hot,
    "pad": _pad,
    "permute_dims": lambda x, *, axes: x.transpose(axes),
    "pow": np.power,
    "random_bits": philox_bits,
    "relu": _relu,
    "reshape": lambda x, *, shape: x.reshape(shape),
    "round": _of_real(np.round),
    "scatter_add": _scatter_add,
    "sigmoid": sigmoid,
    "sign": _of_real(np.sign),
    "sin": np.sin,
    "sinh": np.sinh,
    "slice": _slice,
    "sqrt": np.sqrt,
    "stop_gradient": lambda x: x,
    "subtract": np.subtract,
    "sum": _sum,
    "take": _take,
    "tan": np.tan,
    "tanh": np.tanh,
    "where": np.where,
}
"""What each op computes, by its name."""
