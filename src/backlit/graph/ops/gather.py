"""The cards of selection by index: take, add up by index, one-hot."""

import numpy as np

from backlit.errors import DTypeError, ShapeError, user_line
from backlit.graph.node import Application, Node, Operand
from backlit.graph.op import Op, Refusal, Sample, as_nodes, axis_of, linear_pushforward
from backlit.graph.shapes import check_shape, normalise_axis
from backlit.graph.spec import Spec, check_dtype, default_float, is_integer

__all__ = ["one_hot", "scatter_add", "take"]


def _check_indices(indices: Spec) -> None:
    if not is_integer(indices.dtype):
        raise DTypeError(f"indices are integers, not {indices.dtype}", instead='give the input dtype="int64"')


def _infer_take(x: Spec, indices: Spec, *, axis: int) -> Spec:
    _check_indices(indices)
    at = normalise_axis(axis, x.rank)
    return Spec((*x.shape[:at], *indices.shape, *x.shape[at + 1 :]), x.dtype)


def _take_pullback(position: int, z: Application, upstream: Node) -> Node | None:
    if position:
        return None
    x, indices = z.arguments
    axis = z.attributes["axis"]
    return _SCATTER_ADD(upstream, indices, axis=axis, size=x.shape[axis])


_INDICES = np.array([2, 0, 2, 1])
_TAKE = Op(
    name="take",
    formula="x_{i}",
    words="the elements of {x} at {y}",
    derivative=("1", ""),
    infer=_infer_take,
    pushforward=linear_pushforward,
    pullback=_take_pullback,
    samples=(
        Sample((3,), _INDICES, axis=0),
        Sample((3, 2), _INDICES.reshape(2, 2), axis=0),
        Sample((2, 3), _INDICES, axis=1),
        Sample((3,), np.array(1), axis=0),
    ),
    refusals=(
        Refusal((Spec((3,), "float32"), Spec((2,), "float32")), {"axis": 0}, DTypeError, "indices are integers"),
    ),
)


def take(x: Operand, indices: Operand, /, *, axis: int = 0) -> Node:
    """Take elements by their index along an axis.

    Args:
        x: Values of any kind with at least one axis.
        indices: Integers from 0 to before the axis's length; when the graph runs, any other is an error.
        axis: The axis.

    Returns:
        A node with the axes of the indices in place of that axis.

    Raises:
        ShapeError: If there is no such axis.
        DTypeError: If the indices are not integers.

    Example:
        >>> take([10.0, 20.0, 30.0], [2, 0]).evaluate().tolist()
        [30.0, 10.0]
    """
    (node,) = as_nodes((x,))
    return _TAKE(node, *as_nodes((indices,)), axis=axis_of(node, axis))


def _infer_scatter(updates: Spec, indices: Spec, *, axis: int, size: int) -> Spec:
    _check_indices(indices)
    if updates.shape[axis : axis + indices.rank] != indices.shape:
        raise ShapeError(
            f"the updates {updates} do not carry the axes of the indices {indices} at axis {axis}",
            why="each index says where one slice of the updates is added",
        )
    return Spec(check_shape((*updates.shape[:axis], size, *updates.shape[axis + indices.rank :])), updates.dtype)


def _scatter_pullback(position: int, z: Application, upstream: Node) -> Node | None:
    return take(upstream, z.arguments[1], axis=z.attributes["axis"]) if position == 0 else None


_SCATTER_ADD = Op(
    name="scatter_add",
    formula=r"\sum_{k:\, i_k = j} x_k",
    words="{x} added up at {y}",
    derivative=("1", ""),
    infer=_infer_scatter,
    pushforward=linear_pushforward,
    pullback=_scatter_pullback,
    samples=(
        Sample((4,), _INDICES, axis=0, size=3),
        Sample((2, 2, 3), _INDICES.reshape(2, 2), axis=0, size=4),
        Sample((2, 4), _INDICES, axis=1, size=3),
    ),
    refusals=(
        Refusal((Spec((3,), "float32"), Spec((2,), "int64")), {"axis": 0, "size": 3}, ShapeError, "do not carry"),
    ),
)


def scatter_add(updates: Operand, indices: Operand, /, *, size: int, axis: int = 0) -> Node:
    """Add values up by index along an axis, on a ground of zeros: the transpose of ``take``.

    Args:
        updates: Integers or floats that carry the axes of the indices at the axis.
        indices: Integers from 0 to before the size; when the graph runs, any other is an error.
        size: The length of the axis in the result.
        axis: The axis.

    Returns:
        A node with one axis of that size in place of the axes of the indices.

    Raises:
        ShapeError: If the updates do not carry the axes of the indices.
        DTypeError: If the indices are not integers.

    Example:
        >>> scatter_add([1.0, 2.0, 3.0], [0, 2, 0], size=3).evaluate().tolist()
        [4.0, 0.0, 2.0]
    """
    (node,), (at,) = as_nodes((updates,)), as_nodes((indices,))
    if at.rank > node.rank:
        raise ShapeError(
            f"the updates {node!r} have fewer axes than the indices {at!r}",
            why="each index says where one slice of the updates is added",
            line=user_line(),
        )
    return _SCATTER_ADD(node, at, axis=normalise_axis(axis, node.rank - at.rank + 1), size=size)


def _infer_one_hot(labels: Spec, *, classes: int, dtype: str) -> Spec:
    if not is_integer(labels.dtype):
        raise DTypeError(f"labels are integers, not {labels.dtype}", instead='give the input dtype="int64"')
    return Spec(check_shape((*labels.shape, classes)), check_dtype(dtype))


_ONE_HOT = Op(
    name="one_hot",
    formula=r"\delta_{x j}",
    words="1 at the place {x}, else 0",
    infer=_infer_one_hot,
    flat=True,
    samples=(
        Sample(_INDICES, classes=3, dtype="float32"),
        Sample(_INDICES.reshape(2, 2), classes=4, dtype="float64"),
        Sample(np.array(1), classes=2, dtype="int64"),
    ),
    refusals=(
        Refusal((Spec((2,), "float32"),), {"classes": 3, "dtype": "float32"}, DTypeError, "labels are integers"),
    ),
)


def one_hot(labels: Operand, classes: int, *, dtype: object = None) -> Node:
    """Turn labels into rows that are 1 at the label's place and 0 elsewhere.

    Args:
        labels: Integers from 0 to before the number of classes; when the graph runs, any other is an error.
        classes: The number of classes.
        dtype: The data type of the rows; by default the float type of ``precision``.

    Returns:
        A node with one more axis, of length ``classes``.

    Raises:
        DTypeError: If the labels are not integers.

    Example:
        >>> one_hot([1, 0], 3).evaluate().tolist()
        [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    return _ONE_HOT(*as_nodes((labels,)), classes=classes, dtype=check_dtype(dtype or default_float()))
