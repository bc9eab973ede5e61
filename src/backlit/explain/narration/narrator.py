"""The narrator: tells the chain rule for one number of a run, as a teacher would.

Every line is local derivative · upstream gradient; the sum of the lines is the gradient. For an element of an array the
lines are those elements of the consumers that it moves, found by pushing a unit tangent through each consumer. Where a
value came from is found the other way round, by pulling a unit gradient back.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from backlit.autodiff.forward import push_through
from backlit.autodiff.reverse import Edge
from backlit.explain.naming import Element, Place
from backlit.explain.narration.condensing import BoxInfluence, told_as_one
from backlit.explain.narration.explanation import ChainLink, Contribution, Explanation, Summary
from backlit.explain.narration.formulas import broadcast_element, local_formula, value_formula
from backlit.explain.narration.notes import notes_of
from backlit.explain.narration.origins import origin_of
from backlit.explain.narration.phrases import Way, phrase_of
from backlit.explain.narration.rules import update_lines
from backlit.explain.recording import Recording
from backlit.graph.leaves import Constant, Input, Parameter, constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import is_floating

__all__ = ["MOST_LINES", "Influence", "edge_terms", "explain", "influences"]

MOST_LINES = 8
"""How many contributions are listed; the others are summed up."""

_FEW = 4
"""Up to this many contributions all are listed, those of 0 included."""

_LONGEST_CHAIN = 16


def explain(run: Recording, place: Place, *, inside: bool = False) -> Explanation:
    """Tell where a value came from, what it does to the loss, and how an update changes it.

    Args:
        run: The run.
        place: A node or an element of it; an array without an element is told in norms and shapes.
        inside: Whether composites such as softmax are told op by op, and not as one.

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
    taken = node in run.consumers
    moves = taken and is_floating(node.dtype)
    listed, omitted, omitted_sum = _listed(run, node, element, inside=inside) if moves else ([], 0, 0.0)
    chain = _chain(run, node) if element == () and moves else []
    spoken = [node, *node.arguments, *(each for nodes, _ in listed for each in nodes)]
    return Explanation(
        name=run.name(node, element),
        kind=kind_of(node),
        loss=run.name(run.loss),
        loss_value=float(run.whole(run.loss)),
        value=_number(run.whole(node), element),
        gradient=_number(run.slope(node), element) if moves else None,
        origin=origin_of(run, node, element) if isinstance(node, Application) else None,
        contributions=tuple(contribution for _, contribution in listed),
        omitted=omitted,
        omitted_sum=omitted_sum,
        chain=tuple(link for _, link in chain),
        update=update_lines(run, node, element) if isinstance(node, Parameter) else (),
        notes=notes_of(run, node, element, inside=inside) if taken else (),
        places=run.places([*spoken, *(each for each, _ in chain)]),
    )


def kind_of(node: Node) -> str:
    """Say in words what a node is."""
    if isinstance(node, Parameter):
        return "a trainable parameter" if node.trainable else "state, which only updates change"
    if isinstance(node, Input):
        return "an input"
    return "a constant" if isinstance(node, Constant) else f"computed by {node.kind}"


def _number(array: Array, element: Element | None) -> float | Summary:
    return Summary.of(array) if element is None else array[element].item()


class Influence(NamedTuple):
    """What an element of an argument does to one element of a consumer.

    Args:
        edge: The edge.
        place: The element of the consumer.
        local: The local derivative.
        upstream: The gradient of the element of the consumer.
    """

    edge: Edge
    place: Element
    local: float
    upstream: float

    @property
    def product(self) -> float:
        """What comes back: local derivative · upstream gradient."""
        return self.local * self.upstream

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that telling it names."""
        return (self.edge.consumer, *self.edge.consumer.arguments)


def _listed(
    run: Recording, node: Node, element: Element | None, *, inside: bool
) -> tuple[list[tuple[tuple[Node, ...], Contribution]], int, float]:
    """Tell the largest contributions, each with the nodes it names; how many others there are, and their sum."""
    with run.choosing():
        boxes = [] if inside or element is None else told_as_one(run, node, element)
    within = {operation for box, _ in boxes for operation in box.operations}
    edges = [edge for edge in run.consumers[node] if is_floating(edge.consumer.dtype) and edge.consumer not in within]
    if element is None:
        whole = [((edge.consumer, *edge.consumer.arguments), _whole_contribution(run, edge)) for edge in edges]
        if len(whole) > MOST_LINES:
            whole.sort(key=lambda pair: -_norm(pair[1].product))
        return whole[:MOST_LINES], max(0, len(whole) - MOST_LINES), 0.0
    terms: list[Influence | BoxInfluence] = [*influences(run, edges, element)]
    terms += [term for _, through in boxes for term in through]
    terms.sort(key=lambda term: -abs(term.product) if term.product == term.product else -math.inf)
    chosen = terms
    if len(terms) > _FEW:
        # Many ways that pass nothing (a closed ReLU, a label that is another one) would hide those that do.
        chosen = [term for term in terms if term.product != 0.0][:MOST_LINES] or terms[:1]
    rest = terms[len(chosen) :]
    told = [(term.nodes, _contribution(run, term, element)) for term in chosen]
    return told, len(rest), sum(term.product for term in rest)


def _norm(number: float | Summary) -> float:
    return number.norm if isinstance(number, Summary) else abs(number)


def _contribution(run: Recording, term: Influence | BoxInfluence, element: Element) -> Contribution:
    if isinstance(term, BoxInfluence):
        return Contribution(
            consumer=run.name(term.consumer, term.place),
            formula=term.value,
            local_formula=term.formula,
            local=term.local,
            upstream=term.upstream,
            product=term.product,
            rule=term.box.composite.rule,
        )
    edge, place = term.edge, term.place
    each = phrase_of(edge.consumer).way is Way.EACH
    return Contribution(
        consumer=run.name(edge.consumer, place),
        formula=value_formula(run, edge.consumer, place if each else None),
        local_formula=_local_text(run, edge, element, place),
        local=term.local,
        upstream=term.upstream,
        product=term.product,
        rule=phrase_of(edge.consumer).rule_of(edge.position),
        argument=_argument(edge),
    )


def _whole_contribution(run: Recording, edge: Edge) -> Contribution:
    back = run.contribution_node(edge)
    product = run.whole(back) if back is not None else np.zeros(edge.argument.shape)
    return Contribution(
        consumer=run.name(edge.consumer),
        formula=value_formula(run, edge.consumer),
        local_formula=local_formula(run, edge.consumer, edge.position),
        local=None,
        upstream=_number(run.slope(edge.consumer), None if edge.consumer.shape else ()),
        product=Summary.of(product),
        rule=phrase_of(edge.consumer).rule_of(edge.position),
        argument=_argument(edge),
    )


def _argument(edge: Edge) -> int:
    """Say for which argument an edge is, where others come from the same node; else 0."""
    return edge.position + 1 if edge.consumer.arguments.count(edge.argument) > 1 else 0


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
    return [(term.place, term.local, term.upstream) for term in influences(run, [edge], element)]


def influences(run: Recording, edges: Sequence[Edge], element: Element) -> list[Influence]:
    """List what an element does along edges; all that is needed for it is computed at once.

    Args:
        run: The run.
        edges: Edges out of one node.
        element: The element of that node.

    Returns:
        What it does to each element that it moves, edge by edge; nothing along edges into what is no float.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter([1.0, 2.0], name="w")
        >>> run = bl.trace(bl.sum(w * w))
        >>> sum(each.product for each in influences(run, run.consumers[w], (1,)))
        4.0
    """
    moving = [edge for edge in edges if is_floating(edge.consumer.dtype) and is_floating(edge.argument.dtype)]
    with run.choosing():
        units = {node: _unit(node, element) for node in dict.fromkeys(edge.argument for edge in moving)}
        tangents = {edge: _tangent(edge, units[edge.argument]) for edge in moving}
    slopes = {edge: run.gradient_node(edge.consumer) for edge in moving}
    wanted = dict.fromkeys(node for node in (*tangents.values(), *slopes.values()) if node is not None)
    values = dict(zip(wanted, run.compute(*wanted), strict=True))
    found = []
    for edge in moving:
        tangent, slope = tangents[edge], slopes[edge]
        column = values[tangent] if tangent is not None else np.zeros(edge.consumer.shape)
        upstream = values[slope] if slope is not None else np.zeros(edge.consumer.shape)
        touched = _copies(edge, element) if phrase_of(edge.consumer).way is Way.EACH else column != 0
        for index in np.argwhere(touched):
            place = tuple(int(i) for i in index)
            found.append(Influence(edge, place, float(column[place]), float(upstream[place])))
    return found


def _unit(node: Node, element: Element) -> Node:
    """Return the direction in which one element moves and all others stand still."""
    unit = np.zeros(node.shape, dtype=node.dtype)
    unit[element] = 1
    return constant(unit, dtype=node.dtype)


def _tangent(edge: Edge, unit: Node) -> Node | None:
    """Push a unit through a consumer: the local derivatives of all its elements for one element of the argument."""
    places = range(len(edge.consumer.arguments))
    return push_through(edge.consumer, tuple(unit if i == edge.position else None for i in places))


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


def _chain(run: Recording, node: Node) -> list[tuple[Node, ChainLink]]:
    """List the gradients on the way from the loss back to a number, if all there are single numbers and few."""
    downstream = {node}
    for each in run.forward:
        if any(argument in downstream for argument in each.arguments):
            downstream.add(each)
    between = [each for each in reversed(run.forward) if each in downstream and each is not node]
    if len(between) > _LONGEST_CHAIN or any(each.shape or not is_floating(each.dtype) for each in between):
        return []
    links = []
    for each in between:
        edges = [edge for edge in run.consumers[each] if edge.consumer in downstream]
        factors = tuple((term.local, term.upstream) for term in influences(run, edges, ()))
        formulas = "; ".join(
            dict.fromkeys(f"{run.name(edge.consumer)} = {value_formula(run, edge.consumer, ())}" for edge in edges)
        )
        rule = phrase_of(edges[0].consumer).rule_of(edges[0].position) if edges else ""
        links.append((each, ChainLink(run.name(each), factors, float(run.slope(each)), formulas, rule)))
    return links
