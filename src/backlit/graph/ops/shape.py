"""The cards of shape: reshape, permute, broadcast, flip; and what is made of them. None of them computes anything."""

import math
from collections.abc import Sequence

from backlit.errors import ShapeError, user_line
from backlit.graph.node import OPERATORS, Node, Operand
from backlit.graph.op import Op, Refusal, Sample, as_nodes, axes_of, axis_of, linear_pushforward
from backlit.graph.shapes import broadcast_shapes, check_shape, normalise_axes, normalise_axis
from backlit.graph.spec import Spec

__all__ = ["broadcast_to", "expand_dims", "flatten", "flip", "matrix_transpose", "moveaxis", "permute_dims"]
__all__ += ["reshape", "squeeze"]


def _infer_reshape(x: Spec, *, shape: Sequence[int]) -> Spec:
    result = Spec(check_shape(shape), x.dtype)
    if result.size != x.size:
        raise ShapeError(
            f"{list(x.shape)} holds {x.size} elements, {list(result.shape)} holds {result.size}",
            why="reshaping moves no element and makes none",
            instead="write -1 for one length to have it computed",
        )
    return result


_RESHAPE = Op(
    name="reshape",
    formula="x",
    words="{x} in another shape",
    derivative=("1",),
    infer=_infer_reshape,
    pushforward=linear_pushforward,
    pullback=lambda position, z, upstream: reshape(upstream, z.arguments[0].shape),
    samples=(Sample((2, 3), shape=(6,)), Sample((6,), shape=(3, 1, 2)), Sample((), shape=(1, 1))),
    refusals=(Refusal((Spec((2, 3), "float32"),), {"shape": (4,)}, ShapeError, "holds 6 elements"),),
)


def reshape(x: Operand, shape: int | Sequence[int]) -> Node:
    """Give the elements, in order, another shape.

    Args:
        x: Values of any kind and shape.
        shape: The new lengths, of which one may be -1: as long as needed.

    Returns:
        A node of that shape; the value itself if it has it already.

    Raises:
        ShapeError: If the number of elements would change.

    Example:
        >>> reshape([[1.0, 2.0], [3.0, 4.0]], (-1,)).evaluate().tolist()
        [1.0, 2.0, 3.0, 4.0]
    """
    (node,) = as_nodes((x,))
    lengths = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    if -1 in lengths:
        at = lengths.index(-1)
        others = math.prod(lengths[:at] + lengths[at + 1 :])
        if others > 0:
            lengths = (*lengths[:at], node.size // others, *lengths[at + 1 :])
    return node if lengths == node.shape else _RESHAPE(node, shape=lengths)


def _infer_permute(x: Spec, *, axes: Sequence[int]) -> Spec:
    if len(axes) != x.rank or normalise_axes(axes, x.rank) != tuple(range(x.rank)):
        raise ShapeError(f"{tuple(axes)} is no order of {x.rank} axes", instead="name every axis once")
    return Spec(tuple(x.shape[axis] for axis in axes), x.dtype)


def _inverse(axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=lambda i: axes[i] % len(axes)))


_PERMUTE_DIMS = Op(
    name="permute_dims",
    formula=r"x^{\mathsf T}",
    words="{x} with its axes in another order",
    derivative=("1",),
    infer=_infer_permute,
    pushforward=linear_pushforward,
    pullback=lambda position, z, upstream: permute_dims(upstream, _inverse(z.attributes["axes"])),
    samples=(Sample((2, 3), axes=(1, 0)), Sample((2, 3, 4), axes=(2, 0, 1))),
    refusals=(Refusal((Spec((2, 3), "float32"),), {"axes": (0,)}, ShapeError, "no order"),),
)


def permute_dims(x: Operand, axes: Sequence[int]) -> Node:
    """Put the axes in another order.

    Args:
        x: Values of any kind and shape.
        axes: For each new axis the old one.

    Returns:
        A node of the permuted shape; the value itself where nothing moves.

    Raises:
        ShapeError: If the axes are not each named once.

    Example:
        >>> permute_dims([[1.0, 2.0], [3.0, 4.0]], (1, 0)).evaluate().tolist()
        [[1.0, 3.0], [2.0, 4.0]]
    """
    (node,) = as_nodes((x,))
    order = tuple(a % node.rank if -node.rank <= a < node.rank else a for a in axes)
    return node if order == tuple(range(node.rank)) else _PERMUTE_DIMS(node, axes=order)


def matrix_transpose(x: Operand, /) -> Node:
    """Swap the last two axes: xᵀ.

    Args:
        x: Values of any kind with at least two axes.

    Returns:
        A node whose last two axes are swapped.

    Raises:
        ShapeError: If there are fewer than two axes.

    Example:
        >>> matrix_transpose([[1.0, 2.0, 3.0]]).shape
        (3, 1)
    """
    (node,) = as_nodes((x,))
    if node.rank < 2:
        raise ShapeError(
            f"{node!r} has no two axes to swap", instead="write bl.expand_dims(x, 0) to make a row of a vector"
        )
    return permute_dims(node, (*range(node.rank - 2), node.rank - 1, node.rank - 2))


def moveaxis(x: Operand, source: int, destination: int, /) -> Node:
    """Move one axis to another place and keep the order of the rest.

    Args:
        x: Values of any kind and shape.
        source: The axis to move.
        destination: Where it goes.

    Returns:
        A node of the permuted shape.

    Raises:
        ShapeError: If there is no such axis.

    Example:
        >>> moveaxis([[[1.0], [2.0], [3.0]]], 0, -1).shape
        (3, 1, 1)
    """
    (node,) = as_nodes((x,))
    order = list(range(node.rank))
    order.insert(axis_of(node, destination), order.pop(axis_of(node, source)))
    return permute_dims(node, order)


def _infer_broadcast(x: Spec, *, shape: Sequence[int]) -> Spec:
    target = check_shape(shape)
    if len(target) < x.rank or broadcast_shapes(x.shape, target) != target:
        raise ShapeError(f"{list(x.shape)} does not stretch to {list(target)}", why="only axes of length 1 stretch")
    return Spec(target, x.dtype)


_BROADCAST_TO = Op(
    name="broadcast_to",
    formula="x",
    words="{x} repeated",
    derivative=("1",),
    infer=_infer_broadcast,
    pushforward=linear_pushforward,
    pullback=lambda position, z, upstream: upstream,
    samples=(Sample((3,), shape=(2, 3)), Sample((2, 1), shape=(2, 3)), Sample((), shape=(2,))),
    refusals=(Refusal((Spec((2,), "float32"),), {"shape": (3,)}, ShapeError, "do not broadcast"),),
)


def broadcast_to(x: Operand, shape: int | Sequence[int]) -> Node:
    """Repeat a value along new axes and along axes of length 1.

    Args:
        x: Values of any kind and shape.
        shape: The shape wanted.

    Returns:
        A node of that shape; the value itself if it has it already.

    Raises:
        ShapeError: If the value does not stretch to it.

    Example:
        >>> broadcast_to([1.0, 2.0], (2, 2)).evaluate().tolist()
        [[1.0, 2.0], [1.0, 2.0]]
    """
    (node,) = as_nodes((x,))
    lengths = check_shape(shape)
    return node if lengths == node.shape else _BROADCAST_TO(node, shape=lengths)


_FLIP = Op(
    name="flip",
    formula="x_{n-i}",
    words="{x} in reverse order",
    derivative=("1",),
    infer=lambda x, *, axes: Spec(x.shape, x.dtype) if normalise_axes(axes, x.rank) else x,
    pushforward=linear_pushforward,
    pullback=lambda position, z, upstream: flip(upstream, axis=z.attributes["axes"]),
    samples=(Sample((3,), axes=(0,)), Sample((2, 3), axes=(0, 1))),
    refusals=(Refusal((Spec((2,), "float32"),), {"axes": (1,)}, ShapeError, "no axis 1"),),
)


def flip(x: Operand, /, *, axis: int | Sequence[int] | None = None) -> Node:
    """Reverse the order of the elements along axes.

    Args:
        x: Values of any kind and shape.
        axis: The axis or axes; all of them by default.

    Returns:
        A node of the same shape.

    Raises:
        ShapeError: If there is no such axis.

    Example:
        >>> flip([1.0, 2.0, 3.0]).evaluate().tolist()
        [3.0, 2.0, 1.0]
    """
    (node,) = as_nodes((x,))
    return _FLIP(node, axes=axes_of(node, axis))


def expand_dims(x: Operand, axis: int) -> Node:
    """Insert an axis of length 1.

    Args:
        x: Values of any kind and shape.
        axis: Where the new axis stands in the result.

    Returns:
        A node with one more axis.

    Raises:
        ShapeError: If there is no such place.

    Example:
        >>> expand_dims([1.0, 2.0], 0).shape
        (1, 2)
    """
    (node,) = as_nodes((x,))
    try:
        at = normalise_axis(axis, node.rank + 1)
    except ShapeError as error:
        raise ShapeError(f"{node!r}: {error.what}", why=error.why, line=user_line()) from None
    return reshape(node, (*node.shape[:at], 1, *node.shape[at:]))


def squeeze(x: Operand, axis: int | Sequence[int] | None = None) -> Node:
    """Drop axes of length 1.

    Args:
        x: Values of any kind and shape.
        axis: The axis or axes to drop; by default all of length 1.

    Returns:
        A node with fewer axes.

    Raises:
        ShapeError: If an axis to drop is longer than 1.

    Example:
        >>> squeeze([[1.0, 2.0]]).shape
        (2,)
    """
    (node,) = as_nodes((x,))
    ones = tuple(a for a, length in enumerate(node.shape) if length == 1)
    axes = ones if axis is None else axes_of(node, axis)
    if not set(axes) <= set(ones):
        raise ShapeError(f"{node!r} cannot lose axes {axes}", why="only axes of length 1 can be dropped")
    return reshape(node, tuple(length for a, length in enumerate(node.shape) if a not in axes))


def flatten(x: Operand, /, *, start: int = 0) -> Node:
    """Join all axes from one on into a single one.

    Args:
        x: Values of any kind and shape.
        start: The first axis to join; 1 keeps the axis of examples.

    Returns:
        A node with ``start + 1`` axes.

    Raises:
        ShapeError: If there is no such axis.

    Example:
        >>> flatten([[[1.0, 2.0], [3.0, 4.0]]], start=1).shape
        (1, 4)
    """
    (node,) = as_nodes((x,))
    at = axis_of(node, start) if node.rank else 0
    return reshape(node, (*node.shape[:at], math.prod(node.shape[at:])))


OPERATORS["matrix_transpose"] = matrix_transpose
