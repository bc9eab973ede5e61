"""Composites, told as one: softmax, a loss, an activation made of several ops.

What a composite such as ``softmax`` does inside is graph like any other. A lecture tells it as one step, with one local
derivative, and so does the narrator where its formula stands in this table: the numbers come from pushing a unit
tangent through the box, op by op, so that the formula is never more than the caption of what is computed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backlit.autodiff.forward import push_through
from backlit.explain.naming import Element
from backlit.explain.recording import Recording
from backlit.graph.leaves import constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.scope import Scope
from backlit.graph.spec import is_floating

__all__ = ["COMPOSITES", "BoxInfluence", "ClosedBox", "Composite", "box_influences", "closed_boxes", "composite_of"]


@dataclass(frozen=True)
class Composite:
    """How the narrator writes a composite.

    Args:
        value: The value as a formula of ``{x}``, what goes in.
        local: The local derivative: ``(name of what goes in, name of what comes out, name of the element that comes
            out where it went in, whether these two are one) -> formula``.
        rule: The rule.

    Example:
        >>> COMPOSITES["softmax"].local("z[0]", "y[0]", "y[0]", True)
        'y[0] · (1 - y[0])'
    """

    value: str
    local: Callable[[str, str, str, bool], str]
    rule: str


def _each(local: str) -> Callable[[str, str, str, bool], str]:
    """Return the writer of a local derivative that is a formula of what goes in and what comes out."""
    return lambda x, out, at, same: local.format(x=x, out=out)


COMPOSITES: dict[str, Composite] = {
    "softmax": Composite(
        "softmax({x})",
        lambda x, out, at, same: f"{out} · (1 - {out})" if same else f"-{out} · {at}",
        "of softmax: y_j · (δ_ij - y_i), where δ_ij is 1 for i = j and 0 else",
    ),
    "log_softmax": Composite(
        "ln softmax({x})",
        lambda x, out, at, same: f"1 - exp({out})" if same else f"-exp({at})",
        "of the logarithm of softmax: δ_ij - y_i",
    ),
    "logsumexp": Composite(
        "ln Σ exp({x})", _each("exp({x} - {out})"), "of the logarithm of a sum of exponentials: each one's share"
    ),
    "cross_entropy": Composite(
        "cross-entropy of softmax({x})", _each("(softmax - target) / examples"), "of softmax with cross-entropy: y - d"
    ),
    "binary_cross_entropy": Composite(
        "cross-entropy of σ({x})", _each("(σ({x}) - target) / examples"), "of the sigmoid with cross-entropy: y - d"
    ),
    "squared_error": Composite(
        "mean of ({x} - target)²", _each("2 · ({x} - target) / elements"), "of a square: twice what is squared"
    ),
    "mean": Composite("mean of {x}", _each("1 / elements"), "a mean passes an equal share on to each"),
    "softplus": Composite("ln(1 + exp({x}))", _each("σ({x})"), "of softplus: the sigmoid"),
    "silu": Composite("{x} · σ({x})", _each("σ({x}) + {x} · σ({x}) · (1 - σ({x}))"), "of a product: both its factors"),
    "leaky_relu": Composite(
        "max({x}, slope · {x})", _each("1 if {x} > 0, else slope"), "open where it is positive, a little where not"
    ),
    "softsign": Composite("{x} / (1 + |{x}|)", _each("1 / (1 + |{x}|)²"), "of softsign: 1 over the square"),
}
"""The composites that are told as one, by the name of their scope."""


@dataclass(frozen=True)
class ClosedBox:
    """A composite that takes a value and is told as one.

    Args:
        scope: Its scope.
        operations: What it computes, in order of execution.
        outputs: Those of its values that are used outside.
        composite: How it is written.

    Example:
        >>> import backlit as bl
        >>> z = bl.parameter([1.0, 2.0], name="z")
        >>> run = bl.trace(bl.softmax(z)[0])
        >>> [box.scope.name for box in closed_boxes(run, z)]
        ['softmax']
    """

    scope: Scope
    operations: tuple[Application, ...]
    outputs: tuple[Application, ...]
    composite: Composite


def composite_of(node: Node, outside: Node | None = None) -> Scope | None:
    """Return the outermost composite of the table in which a node stands, and another one does not.

    Args:
        node: The node.
        outside: The other node.

    Returns:
        The scope of its call, or None.

    Example:
        >>> import backlit as bl
        >>> composite_of(bl.softmax(bl.input("x", shape=(2,)))).name
        'softmax'
    """
    around = set(outside.scope.lineage) if outside is not None and outside.scope else set()
    for scope in node.scope.lineage if node.scope else ():
        if scope.call and scope.name in COMPOSITES and scope not in around:
            return scope
    return None


def closed_boxes(run: Recording, node: Node) -> list[ClosedBox]:
    """List the composites that take a value and are told as one.

    Args:
        run: The run.
        node: The value.

    Returns:
        The boxes, each once; only those whose outputs are floats.

    Example:
        >>> import backlit as bl
        >>> z = bl.parameter([1.0, 2.0], name="z")
        >>> run = bl.trace(bl.sum(bl.exp(z)))
        >>> closed_boxes(run, z)
        []
    """
    scopes = dict.fromkeys(composite_of(edge.consumer, node) for edge in run.consumers[node])
    return [box for scope in scopes if scope is not None if (box := _box(run, scope)).outputs]


def _box(run: Recording, scope: Scope) -> ClosedBox:
    inside = run.boxes[scope]
    within = set(inside)
    outputs = [
        node
        for node in inside
        if is_floating(node.dtype)
        and (node is run.loss or any(edge.consumer not in within for edge in run.consumers[node]))
    ]
    return ClosedBox(scope, tuple(inside), tuple(outputs), COMPOSITES[scope.name])


class BoxInfluence(NamedTuple):
    """What an element of a value does, through a composite, to one element that comes out.

    Args:
        box: The composite.
        consumer: The node that comes out.
        place: The element of it.
        local: The local derivative.
        upstream: The gradient of the element that comes out.
        formula: The local derivative as a formula.

    Example:
        >>> BoxInfluence._fields[3:]
        ('local', 'upstream', 'formula')
    """

    box: ClosedBox
    consumer: Application
    place: Element
    local: float
    upstream: float
    formula: str

    @property
    def product(self) -> float:
        """What comes back: local derivative · upstream gradient."""
        return self.local * self.upstream

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that telling it names."""
        return (self.consumer,)


def box_influences(run: Recording, box: ClosedBox, node: Node, element: Element) -> Iterator[BoxInfluence]:
    """List what an element of a value does through a composite.

    Args:
        run: The run.
        box: The composite.
        node: The value.
        element: The element.

    Yields:
        One for each element that comes out and is moved. Their products add up to what comes back through the box.

    Example:
        >>> import backlit as bl
        >>> z = bl.parameter([0.0, 0.0], name="z")
        >>> run = bl.trace(bl.softmax(z)[0])
        >>> [(each.local, each.upstream) for each in box_influences(run, closed_boxes(run, z)[0], z, (0,))]
        [(0.25, 1.0), (-0.25, 0.0)]
    """
    moved = _pushed(run, box, node, element)
    for output in box.outputs:
        if output not in moved:
            continue
        column, upstream = moved[output], run.slope(output)
        at = run.name(output, element if output.shape == node.shape else None)
        for index in np.argwhere(column != 0):
            place = tuple(int(i) for i in index)
            same = output.shape == node.shape and place == element
            formula = box.composite.local(run.name(node, element), run.name(output, place), at, same)
            yield BoxInfluence(box, output, place, float(column[place]), float(upstream[place]), formula)


def _pushed(run: Recording, box: ClosedBox, node: Node, element: Element) -> dict[Node, Array]:
    """Push a unit tangent through the inside of a box, and through nothing else."""
    unit = np.zeros(node.shape, dtype=node.dtype)
    unit[element] = 1
    moving: dict[Node, Node] = {node: constant(unit, dtype=node.dtype)}
    for operation in box.operations:
        parts = tuple(moving.get(argument) for argument in operation.arguments)
        if any(part is not None for part in parts) and is_floating(operation.dtype):
            tangent = push_through(operation, parts)
            if tangent is not None:
                moving[operation] = tangent
    wanted = [output for output in box.outputs if output in moving]
    return dict(zip(wanted, run.compute(*(moving[output] for output in wanted)), strict=True)) if wanted else {}
