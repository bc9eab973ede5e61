"""The cards of reductions: sums, the largest and the smallest and where they stand, running sums.

Mean, variance, product, any and all are made of them. A primitive drops the axes it reduces; the public functions
can keep them with length 1.
"""

import builtins
import math
from collections.abc import Sequence

import numpy as np

from backlit.errors import DTypeError, ShapeError
from backlit.graph.node import Application, Node, Operand
from backlit.graph.op import Op, Refusal, Sample, as_nodes, axes_of, axis_of, linear_pushforward
from backlit.graph.ops.comparison import equal
from backlit.graph.ops.gather import one_hot
from backlit.graph.ops.logic import cast
from backlit.graph.ops.piecewise import where
from backlit.graph.ops.shape import broadcast_to, flip, permute_dims, reshape
from backlit.graph.shapes import normalise_axes, normalise_axis
from backlit.graph.spec import Spec, is_floating
from backlit.graph.subgradients import current_subgradients

__all__ = ["argmax", "argmin", "cumulative_sum", "max", "min", "sum"]

Axes = int | Sequence[int] | None

_AXES = (
    Sample((3,), axes=(0,)),
    Sample((2, 3), axes=(1,)),
    Sample((2, 3), axes=(0,)),
    Sample((2, 3, 2), axes=(0, 2)),
    Sample((), axes=()),
)
_NO_AXIS = Refusal((Spec((2,), "float32"),), {"axes": (1,)}, ShapeError, "no axis 1")
_EMPTY = Refusal((Spec((2, 0), "float32"),), {"axes": (1,)}, ShapeError, "has nothing along")


def _drop(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def _keep(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if axis in axes else length for axis, length in enumerate(shape))


def _reduced(op: Op, x: Operand, axis: Axes, *, keepdims: bool) -> Node:
    (node,) = as_nodes((x,))
    axes = axes_of(node, axis)
    result = op(node, axes=axes)
    return reshape(result, _keep(node.shape, axes)) if keepdims else result


def _spread(value: Node, like: Node, axes: tuple[int, ...]) -> Node:
    """Stretch a reduced value over the axes it was reduced along."""
    return broadcast_to(reshape(value, _keep(like.shape, axes)), like.shape)


def _infer_sum(x: Spec, *, axes: Sequence[int]) -> Spec:
    if x.dtype == "bool":
        raise DTypeError("booleans have no sum", instead='count them with bl.sum(bl.cast(x, "int64"))')
    return Spec(_drop(x.shape, normalise_axes(axes, x.rank)), x.dtype)


_SUM = Op(
    name="sum",
    formula=r"\sum_i x_i",
    words="the sum of {x}",
    derivative=("1",),
    infer=_infer_sum,
    pushforward=linear_pushforward,
    pullback=lambda position, z, upstream: _spread(upstream, z.arguments[0], z.attributes["axes"]),
    samples=(*_AXES, Sample((0, 3), axes=(0,))),
    refusals=(_NO_AXIS, Refusal((Spec((2,), "bool"),), {"axes": (0,)}, DTypeError, "no sum")),
)


def sum(x: Operand, /, *, axis: Axes = None, keepdims: bool = False) -> Node:
    """Add up the elements along axes: Σ x_i.

    Args:
        x: Integers or floats of any shape.
        axis: The axis or axes; all of them by default.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node without the reduced axes; 0 where there is nothing to add.

    Raises:
        ShapeError: If there is no such axis.
        DTypeError: If the values are booleans.

    Example:
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0).evaluate().tolist()
        [4.0, 6.0]
    """
    return _reduced(_SUM, x, axis, keepdims=keepdims)


def _check_not_empty(x: Spec, axes: tuple[int, ...]) -> None:
    if builtins.any(x.shape[axis] == 0 for axis in axes):
        raise ShapeError(f"{x} has nothing along axes {axes}", why="an empty set has no largest or smallest element")


def _infer_extreme(x: Spec, *, axes: Sequence[int]) -> Spec:
    normal = normalise_axes(axes, x.rank)
    _check_not_empty(x, normal)
    return Spec(_drop(x.shape, normal), x.dtype)


def _first_winner(z: Application, ties: Node) -> Node:
    """Give 1 to the first of the winners in order of the axes, and 0 to all others."""
    axes = z.attributes["axes"]
    order = (*(a for a in range(ties.rank) if a not in axes), *axes)
    lengths = tuple(ties.shape[a] for a in order)
    flat = reshape(permute_dims(ties, order), (*z.shape, math.prod(ties.shape[a] for a in axes)))
    first = one_hot(argmax(flat, axis=-1), flat.shape[-1], dtype=ties.dtype)
    return permute_dims(reshape(first, lengths), tuple(int(i) for i in np.argsort(order)))


def _winners(z: Application) -> Node:
    """Give each element its share of the gradient: 1 to the extreme one; ties as ``subgradients`` says."""
    (x,) = z.arguments
    axes = z.attributes["axes"]
    ties = cast(equal(x, _spread(z, x, axes)), x.dtype)
    if current_subgradients().max == "first":
        return _first_winner(z, ties)
    return ties / _spread(_SUM(ties, axes=axes), x, axes)


def _extreme_tangent(z: Application, tangents: tuple[Node | None, ...]) -> Node | None:
    if tangents[0] is None or not is_floating(z.dtype):
        return None
    return _SUM(_winners(z) * tangents[0], axes=z.attributes["axes"])


def _extreme_pullback(position: int, z: Application, upstream: Node) -> Node | None:
    if not is_floating(z.dtype):
        return None
    return _winners(z) * _spread(upstream, z.arguments[0], z.attributes["axes"])


def _extreme(name: str, formula: str, words: str, loser: float) -> Op:
    def gap(x: Node, *, axes: tuple[int, ...]) -> Node:
        best = op(x, axes=axes)
        rest = where(equal(_first_winner(best, cast(equal(x, _spread(best, x, axes)), x.dtype)), 1.0), loser, x)
        return best - op(rest, axes=axes)

    op = Op(
        name=name,
        formula=formula,
        words=words,
        derivative=(r"[x_i \text{ wins}]",),
        infer=_infer_extreme,
        pushforward=_extreme_tangent,
        pullback=_extreme_pullback,
        kink=gap,
        kinks="two elements tie: their shares add up to 1",
        samples=_AXES,
        refusals=(_NO_AXIS, _EMPTY),
    )
    return op


_MAX = _extreme("max", r"\max_i x_i", "the largest of {x}", -math.inf)
_MIN = _extreme("min", r"\min_i x_i", "the smallest of {x}", math.inf)


def max(x: Operand, /, *, axis: Axes = None, keepdims: bool = False) -> Node:
    """Take the largest element along axes. NaN wins. Of booleans: whether any is true.

    Args:
        x: Values of any kind and shape.
        axis: The axis or axes; all of them by default.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node without the reduced axes.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.

    Example:
        >>> float(max([1.0, 3.0, 2.0]).evaluate())
        3.0
    """
    return _reduced(_MAX, x, axis, keepdims=keepdims)


def min(x: Operand, /, *, axis: Axes = None, keepdims: bool = False) -> Node:
    """Take the smallest element along axes. NaN wins. Of booleans: whether all are true.

    Args:
        x: Values of any kind and shape.
        axis: The axis or axes; all of them by default.
        keepdims: Whether reduced axes stay, with length 1.

    Returns:
        A node without the reduced axes.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.

    Example:
        >>> float(min([3.0, 1.0, 2.0]).evaluate())
        1.0
    """
    return _reduced(_MIN, x, axis, keepdims=keepdims)


def _infer_place(x: Spec, *, axis: int) -> Spec:
    place = normalise_axis(axis, x.rank)
    _check_not_empty(x, (place,))
    return Spec(_drop(x.shape, (place,)), "int64")


def _place(name: str, formula: str, words: str) -> Op:
    return Op(
        name=name,
        formula=formula,
        words=words,
        infer=_infer_place,
        flat=True,
        samples=(Sample((3,), axis=0), Sample((2, 3), axis=1), Sample((2, 3), axis=0)),
        refusals=(Refusal((Spec((2, 0), "float32"),), {"axis": 1}, ShapeError, "has nothing along"),),
    )


_ARGMAX = _place("argmax", r"\arg\max_i x_i", "the place of the largest of {x}")
_ARGMIN = _place("argmin", r"\arg\min_i x_i", "the place of the smallest of {x}")


def _placed(op: Op, x: Operand, axis: int | None) -> Node:
    (node,) = as_nodes((x,))
    if axis is None:
        return op(reshape(node, (node.size,)), axis=0)
    return op(node, axis=axis_of(node, axis))


def argmax(x: Operand, /, *, axis: int | None = None) -> Node:
    """Find where the largest element stands; the first of several. NaN counts as largest.

    Args:
        x: Values of any kind and shape.
        axis: The axis; by default the place among all elements in order.

    Returns:
        A node of int64 without the axis.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.

    Example:
        >>> int(argmax([1.0, 3.0, 2.0]).evaluate())
        1
    """
    return _placed(_ARGMAX, x, axis)


def argmin(x: Operand, /, *, axis: int | None = None) -> Node:
    """Find where the smallest element stands; the first of several. NaN counts as smallest.

    Args:
        x: Values of any kind and shape.
        axis: The axis; by default the place among all elements in order.

    Returns:
        A node of int64 without the axis.

    Raises:
        ShapeError: If there is no such axis, or nothing along it.

    Example:
        >>> int(argmin([3.0, 1.0, 2.0]).evaluate())
        1
    """
    return _placed(_ARGMIN, x, axis)


def _infer_cumulative(x: Spec, *, axis: int) -> Spec:
    normalise_axis(axis, x.rank)
    if x.dtype == "bool":
        raise DTypeError("booleans have no sum", instead='count them with bl.cast(x, "int64")')
    return x


def _cumulative_pullback(position: int, z: Application, upstream: Node) -> Node:
    """Sum from the other end: each element counts in every running sum after it."""
    axis = z.attributes["axis"]
    return flip(cumulative_sum(flip(upstream, axis=axis), axis=axis), axis=axis)


_CUMULATIVE_SUM = Op(
    name="cumulative_sum",
    formula=r"\sum_{j \leq i} x_j",
    words="the running sum of {x}",
    derivative=(r"[j \leq i]",),
    infer=_infer_cumulative,
    pushforward=linear_pushforward,
    pullback=_cumulative_pullback,
    samples=(Sample((3,), axis=0), Sample((2, 3), axis=1), Sample((2, 3), axis=0)),
    refusals=(Refusal((Spec((2,), "float32"),), {"axis": 1}, ShapeError, "no axis 1"),),
)


def cumulative_sum(x: Operand, /, *, axis: int = -1) -> Node:
    """Add up the elements along an axis from the first to each.

    Args:
        x: Integers or floats with at least one axis.
        axis: The axis.

    Returns:
        A node of the same shape.

    Raises:
        ShapeError: If there is no such axis.
        DTypeError: If the values are booleans.

    Example:
        >>> cumulative_sum([1.0, 2.0, 3.0]).evaluate().tolist()
        [1.0, 3.0, 6.0]
    """
    (node,) = as_nodes((x,))
    return _CUMULATIVE_SUM(node, axis=axis_of(node, axis))
