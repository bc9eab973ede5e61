"""Shapes: lengths and axes, checked, and how shapes stretch to meet. This module imports nothing of the graph."""

from collections.abc import Sequence

import numpy as np

from backlit.errors import ShapeError

__all__ = ["broadcast_shapes", "check_shape", "normalise_axes", "normalise_axis"]


def check_shape(shape: object) -> tuple[int, ...]:
    """Return a shape as a tuple of lengths.

    Args:
        shape: A sequence of integers, or a single integer for one axis.

    Returns:
        The shape.

    Raises:
        ShapeError: If it is anything else, or a length is negative.

    Example:
        >>> check_shape([32, 784])
        (32, 784)
    """
    if isinstance(shape, (int, np.integer)) and not isinstance(shape, bool):
        shape = (shape,)
    if not isinstance(shape, Sequence) or isinstance(shape, str):
        raise ShapeError(f"a shape is a tuple of lengths; received {shape!r}", instead="write shape=(32, 784)")
    lengths = []
    for length in shape:
        if isinstance(length, bool) or not isinstance(length, (int, np.integer)) or length < 0:
            raise ShapeError(
                f"a shape holds lengths of at least 0; received {tuple(shape)!r}",
                why="every shape is known when a graph is built: programs are specialised to it",
                instead="write the batch size you will run with, such as shape=(32, 784)",
            )
        lengths.append(int(length))
    return tuple(lengths)


def normalise_axis(axis: int, rank: int) -> int:
    """Return an axis counted from the front.

    Args:
        axis: From ``-rank`` to ``rank - 1``.
        rank: The number of axes.

    Returns:
        The same axis, from 0 to ``rank - 1``.

    Raises:
        ShapeError: If there is no such axis.

    Example:
        >>> normalise_axis(-1, 3)
        2
    """
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise ShapeError(f"an axis is an integer; received {axis!r}")
    if not -rank <= axis < rank:
        allowed = f"from {-rank} to {rank - 1}" if rank else "none: a single number has no axes"
        raise ShapeError(f"there is no axis {axis} in {rank} axes", why=f"the axes are {allowed}")
    return int(axis) % rank


def normalise_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Return one axis, several or all of them as a sorted tuple counted from the front.

    Args:
        axis: An axis, a sequence of them, or None for all.
        rank: The number of axes.

    Returns:
        The axes in ascending order.

    Raises:
        ShapeError: If an axis does not exist or stands twice.

    Example:
        >>> normalise_axes((-1, 0), 3), normalise_axes(None, 2)
        ((0, 2), (0, 1))
    """
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, Sequence) else (axis,)
    axes = tuple(sorted(normalise_axis(a, rank) for a in given))
    if len(set(axes)) != len(axes):
        raise ShapeError(f"an axis stands twice in {tuple(given)}", why=f"the value has {rank} axes")
    return axes


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which several shapes broadcast.

    Shapes are aligned at their last axes; an axis of length 1, or a missing one, stretches.

    Args:
        *shapes: The shapes.

    Returns:
        The common shape.

    Raises:
        ShapeError: If two lengths differ and neither is 1.

    Example:
        >>> broadcast_shapes((3, 1), (4,))
        (3, 4)
    """
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    rank = max(map(len, shapes))
    result = []
    for axis in range(-rank, 0):
        lengths = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        if len(lengths) > 1:
            listed = " and ".join(str(list(shape)) for shape in shapes)
            raise ShapeError(
                f"the shapes {listed} do not broadcast",
                why=f"axis {axis} has lengths {' and '.join(map(str, sorted(lengths)))}, and neither is 1",
                instead="reshape one of them, or for a product of matrices write x @ w",
            )
        result.append(lengths.pop() if lengths else 1)
    return tuple(result)
