"""Bounds: how strong a path can be at most, from any number of a run to one that is further down.

A path is as strong as the product of its local derivatives, without their signs. From the end back, the strongest path
through an edge is the local derivative times the strongest path from there on; an array is bounded as a whole, by the
rule of the op between. The bound is the strength of the strongest path itself, or a little more.
"""

from collections.abc import Container, Mapping

import numpy as np

from backlit.autodiff.reverse import Edge, contribution
from backlit.explain.naming import Element
from backlit.explain.narration.phrases import PHRASES
from backlit.explain.record import EdgeRecord
from backlit.explain.recording import Recording
from backlit.graph.leaves import Input, constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import Spec, is_floating

__all__ = ["path_bounds"]

_BLOCK = 1 << 22
"""How many products of a matrix are compared at a time."""


def path_bounds(run: Recording, goal: tuple[Node, Element], between: Container[Node]) -> dict[Node, Array]:
    """Bound, for every element of nodes, the strength of the paths from it to a number.

    Args:
        run: The run.
        goal: The node and the element where the paths end.
        between: The nodes through which they lead, the goal among them.

    Returns:
        For each node an array of its shape: no path from an element to the goal is stronger.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter(-3.0, name="w")
        >>> run = bl.trace((w * bl.abs(w) * 2.0).named("L"))
        >>> float(path_bounds(run, (run.loss, ()), run.forward)[w])
        6.0
    """
    bounds: dict[Node, Array] = {}
    edges = (edge for node in run.forward if node in between for edge in run.consumers[node])
    locals_ = run.locals(edge for edge in edges if edge.consumer in between)
    with run.choosing():
        for node in reversed(run.forward):
            if node not in between:
                continue
            bounds[node] = np.zeros(node.shape)
            if node is goal[0]:
                bounds[node][goal[1]] = 1.0
                continue
            for edge in run.consumers[node]:
                if edge.consumer in bounds and is_floating(edge.consumer.dtype):
                    bounds[node] = np.maximum(bounds[node], _pulled(run, edge, locals_, bounds[edge.consumer]))
    return bounds


def _pulled(run: Recording, edge: Edge, locals_: Mapping[Edge, Array], bound: Array) -> Array:
    """Bound |local derivative| · bound over the elements of a consumer that an element of the argument moves."""
    consumer, argument = edge.consumer, edge.argument
    if edge in locals_:
        return _largest_to_shape(_times(np.abs(locals_[edge]), bound), argument.shape)
    if consumer.op.name == "matmul":
        return _matmul_pulled(run, edge, bound)
    if consumer.op.name not in PHRASES:
        axes = tuple(range(consumer.rank))
        jacobian = np.abs(EdgeRecord(run, edge).jacobian)
        wide = np.reshape(bound, (*bound.shape, *(1 for _ in argument.shape)))
        return np.asarray(np.max(_times(jacobian, wide), axis=axes, initial=0.0))
    # Everything else that has a card moves, repeats, picks or adds up: no local derivative of it is negative, and a sum
    # of what is not negative is at least its largest summand.
    alone, values = _in_float64(run, consumer)
    back = contribution(Edge(alone, edge.position), constant(bound, dtype="float64"))
    return np.zeros(argument.shape) if back is None else run.compute(back, given=values)[0]


def _in_float64(run: Recording, node: Application) -> tuple[Application, dict[Node, Array]]:
    """Apply the op of a node to float64, in which a bound neither vanishes nor is rounded below the truth."""
    values: dict[Node, Array] = {}
    arguments = []
    for argument in node.arguments:
        if is_floating(argument.dtype):
            values[Input(Spec(argument.shape, "float64"), "argument", None, node.line)] = run.whole(argument)
            arguments.append(list(values)[-1])
        else:
            arguments.append(argument)
    spec = Spec(node.shape, "float64")
    alone = Application(node.op, tuple(arguments), node.attributes, spec, line=node.line)
    return alone, {stand_in: value.astype(np.float64) for stand_in, value in values.items()}


def _times(x: Array, y: Array) -> Array:
    """Multiply, where 0 · ∞ is 0, because nothing passes there, and what is not a number may be any."""
    with np.errstate(all="ignore"):
        product = np.multiply(x, y, dtype=np.float64)
    wild = np.isnan(product)
    return np.where(wild, np.where((x == 0.0) | (y == 0.0), 0.0, np.inf), product) if wild.any() else product


def _largest_to_shape(array: Array, shape: tuple[int, ...]) -> Array:
    extra = array.ndim - len(shape)
    axes = tuple(a for a in range(array.ndim) if a < extra or shape[a - extra] != array.shape[a])
    return np.max(array, axis=axes, initial=0.0).reshape(shape) if axes else array.reshape(shape)


def _matmul_pulled(run: Recording, edge: Edge, bound: Array) -> Array:
    """Do for a matrix product what multiplying by the other factor does, with the largest product for their sum."""
    other = np.abs(run.whole(edge.consumer.arguments[1 - edge.position]).astype(np.float64))
    # x: (n, k), y: (k, m), bound: (n, m). For x the rows of bound meet the rows of y, for y the columns of x.
    left, right = (bound, other) if edge.position == 0 else (np.swapaxes(other, -1, -2), np.swapaxes(bound, -1, -2))
    rows = max(1, _BLOCK // max(1, right.size))
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    largest = np.zeros((*batch, left.shape[-2], right.shape[-2]))
    for i in range(0, left.shape[-2], rows):
        products = _times(left[..., i : i + rows, None, :], right[..., None, :, :])
        largest[..., i : i + rows, :] = np.max(products, axis=-1, initial=0.0)
    return _largest_to_shape(largest, edge.argument.shape)
