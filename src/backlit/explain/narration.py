"""The narrator: tells the chain rule for one number of a run, as a teacher would.

Every line is local derivative · upstream gradient; the sum of the lines is the gradient. For an element of an array the
lines are those elements of the consumers that it moves, found by pushing a unit tangent through each consumer. Where a
value came from is found the other way round, by pulling a unit gradient back.
"""

import numpy as np

from backlit.autodiff.forward import push_through
from backlit.autodiff.reverse import Edge
from backlit.explain.explanation import ChainLink, Contribution, Explanation, Summary
from backlit.explain.formulas import broadcast_element, local_formula, value_formula
from backlit.explain.naming import Element, Place
from backlit.explain.notes import notes_of
from backlit.explain.origins import origin_of
from backlit.explain.phrases import Way, phrase_of
from backlit.explain.recording import Recording
from backlit.explain.rules import update_lines
from backlit.graph.leaves import Constant, Input, Parameter, constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import is_floating

__all__ = ["MOST_LINES", "edge_terms", "explain"]

MOST_LINES = 8
"""How many contributions are listed; the others are summed up."""

_LONGEST_CHAIN = 16


def explain(run: Recording, place: Place) -> Explanation:
    """Tell where a value came from, what it does to the loss, and how an update changes it.

    Args:
        run: The run.
        place: A node or an element of it; an array without an element is told in norms and shapes.

    Returns:
        What there is to say.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> run = bl.trace(bl.tanh((x * w).named("z")).named("y"), {"x": 0.0})
        >>> explain(run, run.place("z")).contributions[0].local_formula
        '1 - y²'
    """
    node = place.node
    element = () if place.element is None and not node.shape else place.element
    inside = node in run.consumers
    contributions: list[Contribution] = []
    if inside and is_floating(node.dtype):
        edges = run.consumers[node]
        contributions = [told for edge in edges for told in _contributions(run, edge, element)]
        if element is not None:
            contributions.sort(key=lambda told: -abs(_single(told.product)))
    listed, rest = (
        (contributions[:MOST_LINES], contributions[MOST_LINES:])
        if element is not None
        else (
            contributions,
            [],
        )
    )
    return Explanation(
        name=run.name(node, element),
        kind=kind_of(node),
        loss=run.name(run.loss),
        loss_value=float(run.whole(run.loss)),
        value=_number(run.whole(node), element),
        gradient=_number(run.slope(node), element) if inside and is_floating(node.dtype) else None,
        origin=origin_of(run, node, element) if isinstance(node, Application) else None,
        contributions=tuple(listed),
        omitted=len(rest),
        omitted_sum=sum(_single(told.product) for told in rest),
        chain=_chain(run, node) if element == () and inside else (),
        update=update_lines(run, node, element) if isinstance(node, Parameter) else (),
        notes=notes_of(run, node, element) if inside else (),
    )


def kind_of(node: Node) -> str:
    """Say in words what a node is."""
    if isinstance(node, Parameter):
        return "a trainable parameter" if node.trainable else "state, which only updates change"
    if isinstance(node, Input):
        return "an input"
    return "a constant" if isinstance(node, Constant) else f"computed by {node.kind}"


def _number(array: Array, element: Element | None) -> float | Summary:
    return Summary.of(array) if element is None else float(array[element])


def _single(number: float | Summary) -> float:
    return number.norm if isinstance(number, Summary) else number


def _contributions(run: Recording, edge: Edge, element: Element | None) -> list[Contribution]:
    if element is None:
        return [_whole_contribution(run, edge)]
    found = []
    consumer = edge.consumer
    each = phrase_of(consumer).way is Way.EACH
    for place, local, upstream in edge_terms(run, edge, element):
        found.append(
            Contribution(
                consumer=run.name(consumer, place),
                formula=value_formula(run, consumer, place if each else None),
                local_formula=_local_text(run, edge, element, place),
                local=local,
                upstream=upstream,
                product=local * upstream,
                rule=phrase_of(consumer).rule_of(edge.position),
            )
        )
    return found


def _whole_contribution(run: Recording, edge: Edge) -> Contribution:
    back = run.walk.contributions.get(edge)
    product = run.whole(back) if back is not None else np.zeros(edge.argument.shape)
    return Contribution(
        consumer=run.name(edge.consumer),
        formula=value_formula(run, edge.consumer),
        local_formula=local_formula(run, edge.consumer, edge.position),
        local=None,
        upstream=Summary.of(run.slope(edge.consumer)) if is_floating(edge.consumer.dtype) else 0.0,
        product=Summary.of(product),
        rule=phrase_of(edge.consumer).rule_of(edge.position),
    )


def edge_terms(run: Recording, edge: Edge, element: Element) -> list[tuple[Element, float, float]]:
    """List what an element does along one edge: which elements of the consumer it moves, how much, and to what end.

    Args:
        run: The run.
        edge: The edge.
        element: The element of its argument.

    Returns:
        For each element of the consumer: its index, the local derivative and the upstream gradient. Their products
        add up to the contribution of the edge.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter([1.0, 2.0], name="w")
        >>> s = bl.sum(w * w)
        >>> run = bl.trace(s)
        >>> edge_terms(run, run["w"].edges_out[0].edge, (1,))
        [((1,), 2.0, 1.0)]
    """
    consumer = edge.consumer
    if not is_floating(consumer.dtype) or not is_floating(edge.argument.dtype):
        return []
    column = _column(run, edge, element)
    upstream = run.slope(consumer)
    touched = column != 0
    if phrase_of(consumer).way is Way.EACH:
        touched = _copies(edge, element)
    places = [tuple(int(i) for i in place) for place in np.argwhere(touched)]
    return [(place, float(column[place]), float(upstream[place])) for place in places]


def _column(run: Recording, edge: Edge, element: Element) -> Array:
    """Return the local derivatives of all elements of the consumer with respect to one element of the argument."""
    argument, consumer = edge.argument, edge.consumer
    unit = np.zeros(argument.shape, dtype=argument.dtype)
    unit[element] = 1
    parts = tuple(
        constant(unit, dtype=argument.dtype) if i == edge.position else None for i in range(len(consumer.arguments))
    )
    tangent = push_through(consumer, parts)
    return np.zeros(consumer.shape) if tangent is None else run.compute(tangent)[0]


def _copies(edge: Edge, element: Element) -> Array:
    """Say to which elements of the consumer broadcasting brings an element of the argument."""
    here = np.zeros(edge.argument.shape, dtype=bool)
    here[element] = True
    return np.broadcast_to(here, edge.consumer.shape)


def _local_text(run: Recording, edge: Edge, element: Element, place: Element) -> str:
    """Write the local derivative of one element with respect to another."""
    consumer, position = edge.consumer, edge.position
    phrase = phrase_of(consumer)
    if phrase.way is Way.EACH:
        return local_formula(run, consumer, position, place)
    if consumer.op.name == "matmul":
        other = consumer.arguments[1 - position]
        inner = element[-1] if position == 0 else element[-2]
        own = (inner, place[-1]) if position == 0 else (place[-2], inner)
        batch = broadcast_element(other.shape[:-2], place[:-2])
        return run.name(other, (*batch, *own))
    return phrase.local_of(position) if phrase.local_of(position) in ("1", "0") else ""


def _chain(run: Recording, node: Node) -> tuple[ChainLink, ...]:
    """List the gradients on the way from the loss back to a number, if all there are single numbers and few."""
    downstream = {node}
    for each in run.forward:
        if any(argument in downstream for argument in each.arguments):
            downstream.add(each)
    between = [each for each in reversed(run.forward) if each in downstream and each is not node]
    if len(between) > _LONGEST_CHAIN or any(each.shape or not is_floating(each.dtype) for each in between):
        return ()
    links = []
    for each in between:
        edges = [edge for edge in run.consumers[each] if edge.consumer in downstream]
        factors = tuple((local, upstream) for edge in edges for _, local, upstream in edge_terms(run, edge, ()))
        formulas = "; ".join(
            dict.fromkeys(f"{run.name(edge.consumer)} = {value_formula(run, edge.consumer, ())}" for edge in edges)
        )
        rule = phrase_of(edges[0].consumer).rule_of(edges[0].position) if edges else ""
        links.append(ChainLink(run.name(each), factors, float(run.slope(each)), formulas, rule))
    return tuple(links)
