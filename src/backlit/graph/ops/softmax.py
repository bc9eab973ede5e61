"""Composites that turn scores into probabilities, stable for scores of any size."""

from backlit.graph.node import Node, Operand
from backlit.graph.op import as_floats
from backlit.graph.ops.exponential import exp, log
from backlit.graph.ops.logic import isfinite, stop_gradient
from backlit.graph.ops.piecewise import where
from backlit.graph.ops.reduce import Axes, max, sum
from backlit.graph.ops.shape import reshape
from backlit.graph.scope import call_scope

__all__ = ["log_softmax", "logsumexp", "softmax"]


def _shift(x: Node, axis: Axes) -> Node:
    """Take the largest score, held fixed: subtracting it changes no probability, so no gradient passes through it.

    An infinite one is replaced by 0, because ∞ - ∞ is not a number.
    """
    largest = stop_gradient(max(x, axis=axis, keepdims=True))
    return where(isfinite(largest), largest, 0.0)


def logsumexp(x: Operand, /, *, axis: Axes = None, keepdims: bool = False) -> Node:
    """Take the logarithm of a sum of exponentials along axes: ln Σ e^{x_i}, without overflow.

    Args:
        x: Floats of any shape.
        axis: The axis or axes; all of them by default.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node without the reduced axes.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{logsumexp([1e4, 1e4]).evaluate():.3f}")
        10000.693
    """
    node = as_floats(x, "logsumexp")
    with call_scope("logsumexp"):
        shift = _shift(node, axis)
        total = log(sum(exp(node - shift), axis=axis, keepdims=True)) + shift
        return total if keepdims else reshape(total, sum(node, axis=axis).shape)


def softmax(x: Operand, /, *, axis: int = -1) -> Node:
    """Turn scores into probabilities along an axis: e^{x_i} / Σ_j e^{x_j}, without overflow.

    Args:
        x: Floats with at least one axis.
        axis: The axis whose elements compete.

    Returns:
        A node of the same shape, whose elements along the axis add up to 1.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.
        DTypeError: If the values are not floats.

    Example:
        >>> softmax([0.0, 0.0]).evaluate().tolist()
        [0.5, 0.5]
    """
    node = as_floats(x, "softmax")
    with call_scope("softmax"):
        powers = exp(node - _shift(node, axis))
        return powers / sum(powers, axis=axis, keepdims=True)


def log_softmax(x: Operand, /, *, axis: int = -1) -> Node:
    """Turn scores into logarithms of probabilities along an axis: x_i - ln Σ_j e^{x_j}, without overflow.

    Args:
        x: Floats with at least one axis.
        axis: The axis whose elements compete.

    Returns:
        A node of the same shape.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{log_softmax([1e4, 0.0]).evaluate()[1]:.1f}")
        -10000.0
    """
    node = as_floats(x, "log_softmax")
    with call_scope("log_softmax"):
        shifted = node - _shift(node, axis)
        return shifted - log(sum(exp(shifted), axis=axis, keepdims=True))
