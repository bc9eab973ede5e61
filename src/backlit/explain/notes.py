"""Notes: what a reader must know about a number besides its gradient: kinks, singular points, and dead ends."""

import numpy as np

from backlit.autodiff.reverse import Edge
from backlit.explain.naming import Element
from backlit.explain.recording import Recording
from backlit.graph.leaves import Constant
from backlit.graph.node import Array, Node
from backlit.graph.spec import is_floating

__all__ = ["notes_of"]


def notes_of(run: Recording, node: Node, element: Element | None) -> tuple[str, ...]:
    """Say what is special about a number or an array.

    Args:
        run: The run.
        node: A node of the forward pass.
        element: The element; None for all of an array.

    Returns:
        A sentence for each.

    Example:
        >>> import backlit as bl
        >>> z = bl.parameter(0.0, name="z")
        >>> run = bl.trace(bl.relu(z).named("a"))
        >>> notes_of(run, z, ())
        ('z stands on a kink of relu (x = 0: any slope from 0 to 1); the slope taken here is 0',)
    """
    found = [note for edge in run.consumers[node] for note in _edge_notes(run, edge, element)]
    reached = node is run.loss or node in run.walk.gradients
    if is_floating(node.dtype) and not reached and not isinstance(node, Constant):
        found += _dead_end(run, node)
    value = run.whole(node) if element is None else run.whole(node)[element]
    if is_floating(node.dtype) and not np.all(np.isfinite(value)):
        found.append(f"{run.name(node, element)} is not finite")
    return tuple(dict.fromkeys(found))


def _edge_notes(run: Recording, edge: Edge, element: Element | None) -> list[str]:
    consumer, op = edge.consumer, edge.consumer.op
    notes = []
    elementwise = bool(op.local)
    if op.kink is not None and (elementwise or element is None):
        at_kink = run.compute(op.kink(*consumer.arguments))[0] == 0
        at_kink = _where(np.broadcast_to(at_kink, consumer.shape) if elementwise else at_kink, edge, element)
        if at_kink.any():
            name = run.name(edge.argument, element)
            if element is None:
                notes.append(f"{int(at_kink.sum())} elements of {name} stand on a kink of {op.name} ({op.kinks})")
            else:
                slope = _slope(run, edge, at_kink)
                taken = f"; the slope taken here is {slope:g}" if slope is not None else ""
                notes.append(f"{name} stands on a kink of {op.name} ({op.kinks}){taken}")
    if op.singular and elementwise:
        local = _local(run, edge)
        if local is not None and not np.isfinite(_chosen(local, edge, element)).all():
            notes.append(f"the slope of {op.name} is not finite here: {op.singular}")
    return notes


def _local(run: Recording, edge: Edge) -> Array | None:
    rule = edge.consumer.op.local[edge.position]
    if rule is None:
        return None
    slope = rule(edge.consumer, *edge.consumer.arguments)
    value = run.compute(slope)[0] if isinstance(slope, Node) else np.asarray(slope)
    return np.broadcast_to(value, edge.consumer.shape)


def _slope(run: Recording, edge: Edge, at_kink: Array) -> float | None:
    slope = _local(run, edge)
    return None if slope is None else float(slope[at_kink].ravel()[0])


def _where(mask: Array, edge: Edge, element: Element | None) -> Array:
    """Leave of a mask over the consumer only what belongs to an element of the argument."""
    if element is None:
        return mask
    here = np.zeros(edge.argument.shape, dtype=bool)
    here[element] = True
    result: Array = mask & np.broadcast_to(here, mask.shape)
    return result


def _chosen(array: Array, edge: Edge, element: Element | None) -> Array:
    return array if element is None else array[_where(np.ones(edge.consumer.shape, dtype=bool), edge, element)]


def _dead_end(run: Recording, node: Node) -> list[str]:
    """Say which flat functions stand in the way of the gradient of a node."""
    blocking = run.walk.blocking([node])
    names = dict.fromkeys(f"{each.op.name} ({run.name(each)})" for each in blocking)
    if not names:
        return []
    held = all(each.op.name == "stop_gradient" for each in blocking)
    why = "which holds its argument fixed" if held else "which is flat wherever it has a slope"
    return [f"no gradient comes back: every path goes through {', '.join(names)}, {why}; nothing upstream can learn"]
