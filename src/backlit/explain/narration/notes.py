"""Notes: what a reader must know about a number besides its gradient: kinks, singular points, and dead ends."""

import numpy as np
import numpy.typing as npt

from backlit.autodiff.reverse import Edge, contribution
from backlit.explain.naming import Element
from backlit.explain.numerals import format_number
from backlit.explain.recording import Recording
from backlit.graph.leaves import Constant, constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import is_floating

__all__ = ["notes_of"]

_Mask = npt.NDArray[np.bool_]


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
    if not is_floating(node.dtype):
        return ()
    edges = run.consumers[node]
    at_kinks = run.on_kinks(dict.fromkeys(edge.consumer for edge in edges))
    found = [_kink(run, edge, at_kinks[edge.consumer], element) for edge in edges if edge.consumer in at_kinks]
    found += [_singular(run, edge, element) for edge in edges if edge.consumer.op.singular]
    if run.gradient_node(node) is None and not isinstance(node, Constant):
        found.append(_dead_end(run, node))
    elif element is None:
        found.append(_not_finite(run.slope(node), f"∂{run.name(run.loss)}/∂{run.name(node)}"))
    if element is None:
        found.append(_not_finite(run.whole(node), run.name(node)))
    return tuple(dict.fromkeys(note for note in found if note))


def _kink(run: Recording, edge: Edge, at_kink: _Mask, element: Element | None) -> str:
    """Say that a number stands on a kink of a function that takes it, and which slope was taken there."""
    consumer, op = edge.consumer, edge.consumer.op
    standing = _arriving(at_kink, edge.argument.shape) if op.local else _tied(run, edge, at_kink)
    name, kink = run.name(edge.argument, element), f"a kink of {op.name} ({op.kinks})"
    if element is None:
        return f"{_count(standing, name, 'stands', 'stand')} on {kink}" if standing.any() else ""
    if not standing[element]:
        return ""
    slopes = run.local(edge)
    if slopes is not None:
        here = np.zeros(edge.argument.shape, dtype=bool)
        here[element] = True
        taken = np.unique(slopes[at_kink & np.broadcast_to(here, consumer.shape)]).tolist()
    else:
        with run.choosing():
            shares = contribution(edge, constant(np.ones(consumer.shape), dtype=consumer.dtype))
        taken = [run.compute(shares)[0][element].item()] if shares is not None else []
    verb = "slope taken here is" if len(taken) == 1 else "slopes taken here are"
    return f"{name} stands on {kink}; the {verb} {' and '.join(map(format_number, taken))}"


def _arriving(mask: _Mask, shape: tuple[int, ...]) -> _Mask:
    """Say of an argument which of its elements broadcasting brings to a place that is marked."""
    extra = mask.ndim - len(shape)
    axes = tuple(a for a in range(mask.ndim) if a < extra or shape[a - extra] != mask.shape[a])
    return np.asarray(mask.any(axis=axes)).reshape(shape)


def _tied(run: Recording, edge: Edge, at_kink: _Mask) -> _Mask:
    """Say which elements share their place as the largest, or smallest, with others."""
    consumer, x = edge.consumer, run.whole(edge.argument)
    axes = consumer.attributes.get("axes", ())
    best, tied = (np.expand_dims(array, axes) for array in (run.whole(consumer), at_kink))
    return np.asarray((x == best) & tied)


def _singular(run: Recording, edge: Edge, element: Element | None) -> str:
    """Say that a slope is not finite although what it is computed from is."""
    consumer, op = edge.consumer, edge.consumer.op
    slopes = run.local(edge)
    if slopes is None:
        return ""
    wild = ~np.isfinite(slopes)
    for argument in consumer.arguments:
        wild &= np.broadcast_to(np.isfinite(run.whole(argument)), consumer.shape)
    standing = _arriving(wild, edge.argument.shape)
    if not standing.any() or (element is not None and not standing[element]):
        return ""
    where = "here" if element is not None else f"at {_count(standing, run.name(edge.argument), '', '').strip()}"
    return f"the slope of {op.name} is not finite {where}: {op.singular}"


def _count(mask: _Mask, name: str, singular: str, plural: str) -> str:
    """Count the elements that are marked: ``2 of 3 elements of z stand``."""
    if not mask.shape:
        return f"{name} {singular}"
    count = int(mask.sum())
    return f"{count} of {mask.size} element{'s' * (mask.size != 1)} of {name} {singular if count == 1 else plural}"


def _not_finite(array: Array, name: str) -> str:
    wild = ~np.isfinite(array)
    if not wild.any():
        return ""
    first = ",".join(map(str, np.argwhere(wild)[0])) if wild.shape else ""
    return f"{_count(wild, name, 'is', 'are')} not finite" + (f", the first at [{first}]" if first else "")


def _dead_end(run: Recording, node: Node) -> str:
    """Say which flat functions stand in the way of the gradient of a node."""
    blocking = run.walk.blocking([node])
    held = [each for each in blocking if each.op.name == "stop_gradient"]
    flat = [each for each in blocking if each.op.name != "stop_gradient"]
    ways = [
        *_ways(run, flat, "which is flat wherever it has a slope", "which are flat wherever they have a slope"),
        *_ways(run, held, "which holds its argument fixed", "which hold their arguments fixed"),
    ]
    if not ways:
        return ""
    it = "them" if len(blocking) > 1 else "it"
    return f"no gradient comes back: every path goes through {', or through '.join(ways)}; nothing learns through {it}"


def _ways(run: Recording, nodes: list[Application], singular: str, plural: str) -> list[str]:
    names = list(dict.fromkeys(f"{each.op.name} ({run.name(each)})" for each in nodes))
    listed = " or ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} or {names[-1]}"
    return [f"{listed}, {singular if len(names) == 1 else plural}"] if names else []
