"""Indexing as Python writes it, ``x[2, 1:, ..., None]``, and picking one element of each row: made of the cards."""

import builtins
from typing import Any

import numpy as np

from backlit.errors import GraphError, ShapeError
from backlit.graph.node import OPERATORS, Node, Operand
from backlit.graph.op import as_nodes, axis_of
from backlit.graph.ops.gather import take
from backlit.graph.ops.select import slice as cut
from backlit.graph.ops.shape import broadcast_to, flip, reshape

__all__ = ["take_along_axis"]


def _index(node: Node, key: Any) -> Node:
    keys = _expand(node, key if isinstance(key, tuple) else (key,))
    starts, stops, steps, reversed_axes = [], [], [], []
    result_shape: list[int] = []
    lookups: list[tuple[int, Node]] = []
    axis = 0
    for item in keys:
        if item is None:
            result_shape.append(1)
            continue
        length = node.shape[axis]
        start, stop, step, kept = 0, length, 1, True
        if isinstance(item, builtins.slice):
            start, stop, step = _bounds(item, length)
            if step < 0:
                start, stop, step = _mirror(start, stop, step)
                reversed_axes.append(axis)
        elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            start = _position(node, int(item), axis)
            stop, kept = start + 1, False
        else:
            (indices,) = as_nodes((item,))
            lookups.append((len(result_shape), indices))
        starts.append(start)
        stops.append(stop)
        steps.append(step)
        if kept:
            result_shape.append(max(0, -(-(stop - start) // step)))
        axis += 1
    whole = starts == [0] * node.rank and tuple(stops) == node.shape and steps == [1] * node.rank
    part = node if whole else cut(node, starts, stops, steps)
    if reversed_axes:
        part = flip(part, axis=reversed_axes)
    part = reshape(part, result_shape)
    if len(lookups) > 1:
        raise GraphError(
            "only one index array may stand in the brackets", instead="write bl.take(x, indices, axis=...) twice"
        )
    for at, indices in lookups:
        part = take(part, indices, axis=at)
    return part


def _expand(node: Node, keys: tuple[Any, ...]) -> list[Any]:
    """Write out the ellipsis and the axes that are not mentioned."""
    named = builtins.sum(1 for k in keys if k is not None and k is not Ellipsis)
    ellipses = builtins.sum(1 for k in keys if k is Ellipsis)
    if named > node.rank or ellipses > 1:
        raise ShapeError(f"{node!r} has {node.rank} axes; {named} are indexed", instead="index each axis at most once")
    rest = [builtins.slice(None)] * (node.rank - named)
    if not ellipses:
        return [*keys, *rest]
    at = next(i for i, k in enumerate(keys) if k is Ellipsis)
    return [*keys[:at], *rest, *keys[at + 1 :]]


def _position(node: Node, index: int, axis: int) -> int:
    length = node.shape[axis]
    if not -length <= index < length:
        raise ShapeError(f"index {index} is outside axis {axis} of {node!r}", why=f"that axis has length {length}")
    return index % length


def _bounds(item: builtins.slice, length: int) -> tuple[int, int, int]:
    parts = (item.start, item.stop, item.step)
    if any(isinstance(part, Node) for part in parts):
        raise GraphError("the bounds of a slice are numbers, not nodes", why="shapes are known when a graph is built")
    start, stop, step = item.indices(length)
    return start, max(start, stop) if step > 0 else stop, step


def _mirror(start: int, stop: int, step: int) -> tuple[int, int, int]:
    """Give the same elements in ascending order."""
    count = max(0, -(-(start - stop) // -step))
    if not count:
        return 0, 0, 1
    last = start + (count - 1) * step
    return last, start + 1, -step


def take_along_axis(x: Operand, indices: Operand, /, *, axis: int = -1) -> Node:
    """Pick elements along an axis, at different indices in each row: out[i, j] = x[i, indices[i, j]].

    Args:
        x: Values of any kind.
        indices: Integers of as many axes as x, equal to it in length but along the axis.
        axis: The axis.

    Returns:
        A node of the shape of the indices.

    Raises:
        ShapeError: If another axis differs in length.
        DTypeError: If the indices are not integers.

    Example:
        >>> take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]]).evaluate().tolist()
        [[2.0], [3.0]]
    """
    (node,), (at,) = as_nodes((x,)), as_nodes((indices,))
    place = axis_of(node, axis)
    others = [a for a in range(node.rank) if a != place]
    if at.rank != node.rank or any(at.shape[a] != node.shape[a] for a in others):
        raise ShapeError(
            f"the indices {at!r} do not fit {node!r} along axis {axis}", why="all other axes must have equal lengths"
        )
    stride = int(np.prod(node.shape[place + 1 :]))
    flat = at * stride
    for a in others:
        step = int(np.prod(node.shape[a + 1 :]))
        places = np.arange(node.shape[a]) * step
        lengths = [1] * node.rank
        lengths[a] = node.shape[a]
        flat = flat + broadcast_to(as_nodes((places.reshape(lengths).astype(at.dtype),))[0], at.shape)
    return take(reshape(node, (node.size,)), flat)


OPERATORS["getitem"] = _index
