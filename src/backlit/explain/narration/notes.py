"""Notes: what a reader must know about a number besides its gradient: kinks, singular points, and dead ends."""

import numpy as np
import numpy.typing as npt

from backlit.autodiff.reverse import Edge, contribution
from backlit.explain.naming import Element
from backlit.explain.narration.composites import COMPOSITES, can_be_felt, composite_of
from backlit.explain.narration.formulas import named_words, number_formula, value_formula
from backlit.explain.narration.phrases import Way, phrase_of
from backlit.explain.numerals import format_number
from backlit.explain.recording import Recording
from backlit.graph.leaves import Constant, constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import is_floating

__all__ = ["notes_of"]

_Mask = npt.NDArray[np.bool_]


def notes_of(run: Recording, node: Node, element: Element | None, *, inside: bool = False) -> tuple[str, ...]:
    """Say what is special about a number or an array.

    Args:
        run: The run.
        node: A node of the forward pass.
        element: The element; None for all of an array.
        inside: Whether composites such as softmax are told op by op, and not as one.

    Returns:
        A sentence for each.

    Example:
        >>> import backlit as bl
        >>> z = bl.parameter(0.0, name="z")
        >>> run = bl.trace(bl.relu(z).named("a"))
        >>> notes_of(run, z, ())
        ('z stands on a kink of relu (z = 0: any slope from 0 to 1); the slope taken here is 0',)
    """
    if not is_floating(node.dtype):
        what = "truth value" if node.dtype == "bool" else "whole number"
        own = f"{run.name(node, element)} is {'a ' + what if element is not None else 'made of ' + what + 's'}"
        return (f"{own}, which cannot move a little: no gradient is defined",)
    edges = run.consumers[node]
    if element is not None:
        run = run.filled([each for edge in edges for each in (edge.consumer, *edge.consumer.arguments)])
    at_kinks = run.on_kinks(dict.fromkeys(edge.consumer for edge in edges))
    felt = [edge for edge in edges if edge.consumer in at_kinks and can_be_felt(run, edge.consumer, inside=inside)]
    found = [_kink(run, edge, at_kinks[edge.consumer], element, inside=inside) for edge in felt]
    found += [_singular(run, edge, element) for edge in edges if edge.consumer.op.singular]
    found += [_undefined(run, edge, element) for edge in edges]
    if run.gradient_node(node) is None and not isinstance(node, Constant):
        found.append(_dead_end(run, node))
    elif element is None:
        found.append(_not_finite(run.slope(node), f"∂{run.name(run.loss)}/∂{run.name(node)}"))
    if element is None:
        found.append(_not_finite(run.whole(node), run.name(node)))
    loss = run.whole(run.loss).item()
    if not np.isfinite(loss):
        found.append(f"{run.name(run.loss)} is {format_number(loss)}, so that its slopes mean nothing")
    return tuple(dict.fromkeys(note for note in found if note))


def _kink(run: Recording, edge: Edge, at_kink: _Mask, element: Element | None, *, inside: bool) -> str:
    """Say that a number stands on a kink of a function that takes it, and which slope was taken there."""
    consumer, op = edge.consumer, edge.consumer.op
    standing = _arriving(at_kink, edge.argument.shape) if op.local else _tied(run, edge, at_kink)
    if not (standing.any() if element is None else standing[element]):
        return ""
    name = run.name(edge.argument, element)
    scope = None if inside else composite_of(consumer, edge.argument)
    if scope is not None:
        kink = f"a kink of {scope.name} ({COMPOSITES[scope.name].kinks.replace('x', name, 1)})"
        return (
            f"{_count(standing, name, 'stands', 'stand')} on {kink}" if element is None else f"{name} stands on {kink}"
        )
    place = None if element is None or not op.local else tuple(int(i) for i in np.argwhere(at_kink)[0])
    kink = f"a kink of {op.name} ({named_words(op.kinks, run, consumer, place)})"
    if element is None:
        return f"{_count(standing, name, 'stands', 'stand')} on {kink}"
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
    # A value that is not a number is told by itself; its slope is another matter.
    wild = ~np.isfinite(slopes) & ~np.isnan(run.whole(consumer)) & _from_finite(run, consumer)
    standing = _arriving(wild, edge.argument.shape)
    if not standing.any() or (element is not None and not standing[element]):
        return ""
    place = None if element is None else _reached(wild, edge.argument.shape, element)
    where = "here" if element is not None else f"at {_count(standing, run.name(edge.argument), '', '').strip()}"
    return f"the slope of {op.name} is not finite {where}: {named_words(op.singular, run, consumer, place)}"


def _undefined(run: Recording, edge: Edge, element: Element | None) -> str:
    """Say that a value is not finite although what it is computed from is."""
    consumer = edge.consumer
    if element is None or not is_floating(consumer.dtype) or phrase_of(consumer).way is not Way.EACH:
        return ""
    value = run.whole(consumer)
    wild = ~np.isfinite(value)
    if not wild.any():
        return ""
    wild &= _from_finite(run, consumer)
    if not _arriving(wild, edge.argument.shape)[element]:
        return ""
    place = _reached(wild, edge.argument.shape, element)
    formula = f"{value_formula(run, consumer, place)} = {number_formula(run, consumer, place)}"
    return f"{run.name(consumer, place)} = {formula} is {format_number(value[place].item())}"


def _from_finite(run: Recording, consumer: Application) -> _Mask:
    """Say which elements of a value are computed from finite numbers."""
    finite = np.ones(consumer.shape, dtype=bool)
    for argument in consumer.arguments:
        finite &= np.broadcast_to(np.isfinite(run.whole(argument)), consumer.shape)
    return finite


def _reached(mask: _Mask, shape: tuple[int, ...], element: Element) -> Element:
    """Return the first marked place to which broadcasting brings an element."""
    here = np.zeros(shape, dtype=bool)
    here[element] = True
    return tuple(int(i) for i in np.argwhere(mask & np.broadcast_to(here, mask.shape))[0])


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
