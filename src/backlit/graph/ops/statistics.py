"""What is made of reductions: mean, variance, standard deviation, product, any and all."""

import math

from backlit.errors import ShapeError
from backlit.graph.node import Node, Operand
from backlit.graph.op import as_floats, as_nodes, axes_of
from backlit.graph.ops.arithmetic import multiply, sqrt, square
from backlit.graph.ops.logic import cast
from backlit.graph.ops.reduce import Axes, max, min, sum
from backlit.graph.ops.select import concat
from backlit.graph.ops.select import slice as cut
from backlit.graph.ops.shape import broadcast_to, permute_dims, reshape
from backlit.graph.scope import call_scope

__all__ = ["all", "any", "mean", "prod", "std", "var"]


def _count(node: Node, axes: tuple[int, ...], what: str) -> int:
    count = math.prod(node.shape[axis] for axis in axes)
    if count == 0:
        raise ShapeError(f"{node!r} has nothing along axes {axes}", why=f"an empty set has no {what}")
    return count


def mean(x: Operand, /, *, axis: Axes = None, keepdims: bool = False) -> Node:
    """Take the mean along axes: 1/n Σ x_i.

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
        >>> float(mean([1.0, 2.0, 6.0]).evaluate())
        3.0
    """
    node = as_floats(x, "mean")
    count = _count(node, axes_of(node, axis), "mean")
    with call_scope("mean"):
        return sum(node, axis=axis, keepdims=keepdims) / float(count)


def var(x: Operand, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Node:
    """Take the variance along axes: 1/(n - c) Σ (x_i - mean)².

    Args:
        x: Floats of any shape.
        axis: The axis or axes; all of them by default.
        correction: What is taken off the count: 0 for the variance of a population, 1 for that of a sample.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node without the reduced axes.

    Raises:
        ShapeError: If there is no such axis, or no more elements along it than the correction.
        DTypeError: If the values are not floats.

    Example:
        >>> float(var([1.0, 3.0]).evaluate())
        1.0
    """
    node = as_floats(x, "var")
    count = _count(node, axes_of(node, axis), "variance")
    if count <= correction:
        raise ShapeError(f"{node!r} has {count} elements along axis {axis}, no more than the correction {correction:g}")
    with call_scope("var"):
        deviation = node - mean(node, axis=axis, keepdims=True)
        return sum(square(deviation), axis=axis, keepdims=keepdims) / (count - correction)


def std(x: Operand, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Node:
    """Take the standard deviation along axes: the root of the variance.

    Args:
        x: Floats of any shape.
        axis: The axis or axes; all of them by default.
        correction: What is taken off the count; see ``var``.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node without the reduced axes. Its gradient is infinite where all elements are equal.

    Raises:
        ShapeError: If there is no such axis, or no more elements along it than the correction.
        DTypeError: If the values are not floats.

    Example:
        >>> float(std([1.0, 3.0]).evaluate())
        1.0
    """
    with call_scope("std"):
        return sqrt(var(x, axis=axis, correction=correction, keepdims=keepdims))


def prod(x: Operand, /, *, axis: Axes = None, keepdims: bool = False) -> Node:
    """Multiply the elements along axes: Π x_i, by halves, so that the gradient is right at zeros too.

    Args:
        x: Integers or floats of any shape.
        axis: The axis or axes; all of them by default.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node without the reduced axes; 1 where there is nothing to multiply.

    Raises:
        ShapeError: If there is no such axis.
        DTypeError: If the values are booleans.

    Example:
        >>> float(prod([2.0, 3.0, 4.0]).evaluate())
        24.0
    """
    (node,) = as_nodes((x,))
    axes = axes_of(node, axis)
    others = tuple(a for a in range(node.rank) if a not in axes)
    shape = tuple(node.shape[a] for a in others)
    with call_scope("prod"):
        rows = reshape(permute_dims(node, (*others, *axes)), (*shape, math.prod(node.shape[a] for a in axes)))
        one = as_nodes((node, 1))[1]
        if rows.shape[-1] == 0:
            rows = broadcast_to(one, (*shape, 1))
        while rows.shape[-1] > 1:
            count = rows.shape[-1]
            if count % 2:
                rows, count = concat([rows, broadcast_to(one, (*shape, 1))], axis=-1), count + 1
            low, zeros = [0] * len(shape), [0] * (len(shape) + 1)
            left = cut(rows, zeros, (*shape, count // 2))
            rows = multiply(left, cut(rows, (*low, count // 2), (*shape, count)))
        kept = tuple(1 if a in axes else length for a, length in enumerate(node.shape))
        return reshape(rows, kept if keepdims else shape)


def any(x: Operand, /, *, axis: Axes = None, keepdims: bool = False) -> Node:
    """Say along axes whether any element is true, or not zero.

    Args:
        x: Values of any kind and shape.
        axis: The axis or axes; all of them by default.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node of booleans without the reduced axes.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.

    Example:
        >>> bool(any([False, True]).evaluate())
        True
    """
    return max(cast(x, "bool"), axis=axis, keepdims=keepdims)


def all(x: Operand, /, *, axis: Axes = None, keepdims: bool = False) -> Node:
    """Say along axes whether all elements are true, or not zero.

    Args:
        x: Values of any kind and shape.
        axis: The axis or axes; all of them by default.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node of booleans without the reduced axes.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.

    Example:
        >>> bool(all([False, True]).evaluate())
        False
    """
    return min(cast(x, "bool"), axis=axis, keepdims=keepdims)
