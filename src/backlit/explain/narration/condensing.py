"""Condensing: the composites of a run told as one step.

The numbers come from pushing a unit tangent through the box, op by op, so that the formula of a composite is never more
than the caption of what is computed; and where it is not even that, the box is opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backlit.autodiff.forward import push_through
from backlit.explain.naming import Element
from backlit.explain.narration.composites import COMPOSITES, Composite, Names, Seen, composite_of
from backlit.explain.recording import Recording
from backlit.graph.leaves import Constant, constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.scope import Scope
from backlit.graph.spec import is_floating

__all__ = ["BoxInfluence", "ClosedBox", "closed_boxes", "told_as_one"]

_AGREES = 1e-4
"""By how much, relatively, a formula may differ from what was computed in float32."""

_ROUNDINGS = 32

Influences = list["BoxInfluence"]


@dataclass(frozen=True)
class ClosedBox:
    """A composite that takes a value and is told as one.

    Args:
        scope: Its scope.
        operations: What it computes, in order of execution.
        outputs: Those of its values that are used outside.
        others: What goes in beside the value.
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
    others: tuple[Node, ...]
    composite: Composite


def closed_boxes(run: Recording, node: Node, opened: frozenset[Scope] = frozenset()) -> list[ClosedBox]:
    """List the composites that take a value and can be told as one.

    Args:
        run: The run.
        node: The value.
        opened: Composites that are told op by op.

    Returns:
        The boxes, each once; only those whose outputs are floats.

    Example:
        >>> import backlit as bl
        >>> z = bl.parameter([1.0, 2.0], name="z")
        >>> run = bl.trace(bl.sum(bl.exp(z)))
        >>> closed_boxes(run, z)
        []
    """
    scopes = dict.fromkeys(composite_of(edge.consumer, node, opened) for edge in run.consumers[node])
    return [box for scope in scopes if scope is not None if (box := _box(run, scope, node)).outputs]


def _box(run: Recording, scope: Scope, node: Node) -> ClosedBox:
    inside = run.boxes[scope]
    within = set(inside)
    outputs = [
        each
        for each in inside
        if is_floating(each.dtype)
        and (each is run.loss or any(edge.consumer not in within for edge in run.consumers[each]))
    ]
    arguments = dict.fromkeys(argument for each in inside for argument in each.arguments)
    others = tuple(each for each in arguments if each not in within and each is not node)
    return ClosedBox(scope, tuple(inside), tuple(outputs), others, COMPOSITES[scope.name])


class BoxInfluence(NamedTuple):
    """What an element of a value does, through a composite, to one element that comes out.

    Args:
        box: The composite.
        consumer: The node that comes out.
        place: The element of it.
        local: The local derivative.
        upstream: The gradient of the element that comes out.
        value: The composite's value as a formula.
        formula: The local derivative as a formula.

    Example:
        >>> BoxInfluence._fields[3:]
        ('local', 'upstream', 'value', 'formula')
    """

    box: ClosedBox
    consumer: Application
    place: Element
    local: float
    upstream: float
    value: str
    formula: str

    @property
    def product(self) -> float:
        """What comes back: local derivative · upstream gradient."""
        return self.local * self.upstream

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that telling it names."""
        return (self.consumer,)


def told_as_one(run: Recording, node: Node, element: Element) -> list[tuple[ClosedBox, Influences]]:
    """List the composites whose formula holds for an element of a value, each with what the element does through it.

    Args:
        run: The run.
        node: The value.
        element: The element.

    Returns:
        For each box one influence for each element that comes out and is moved. Their products add up to what comes
        back through the box.

    Example:
        >>> import backlit as bl
        >>> z = bl.parameter([0.0, 0.0], name="z")
        >>> run = bl.trace(bl.softmax(z)[0])
        >>> [[(each.local, each.upstream) for each in influences] for _, influences in told_as_one(run, z, (0,))]
        [[(0.25, 1.0), (-0.25, 0.0)]]
    """
    opened: frozenset[Scope] = frozenset()
    while True:
        found = [(box, list(_influences(run, box, node, element))) for box in closed_boxes(run, node, opened)]
        false = {box.scope for box, influences in found if not _holds(run, node, element, influences)}
        if not false:
            return found
        opened |= false


def _influences(run: Recording, box: ClosedBox, node: Node, element: Element) -> Iterator[BoxInfluence]:
    moved = _pushed(run, box, node, element)
    x, target = run.name(node, element), _target(run, box, node, element)
    value = box.composite.value.format(x=run.name(node), target=_target(run, box, node, None))
    for output in box.outputs:
        if output not in moved:
            continue
        column, upstream = moved[output], run.slope(output)
        at = run.name(output, element if output.shape == node.shape else None)
        alike = output.shape == node.shape
        # What moves nothing is told of one place, too: why it is 0 is worth a line.
        for index in np.argwhere(column != 0) if column.any() else [element if alike else (0,) * output.rank]:
            place = tuple(int(i) for i in index)
            same = alike and place == element
            formula = box.composite.local(Names(x, run.name(output, place), at, same, target))
            yield BoxInfluence(box, output, place, float(column[place]), float(upstream[place]), value, formula)


def _target(run: Recording, box: ClosedBox, node: Node, element: Element | None) -> str:
    """Write what a loss compares a number with, where it has a name."""
    for other in box.others:
        if other.shape == node.shape and not (isinstance(other, Constant) and other.name is None):
            return run.name(other, element)
    return "target"


def _holds(run: Recording, node: Node, element: Element, influences: Influences) -> bool:
    """Whether the formula of a composite computes to the local derivatives that were found."""
    for each in influences:
        others = tuple(run.whole(other) for other in each.box.others)
        seen = Seen(run.whole(node), element, run.whole(each.consumer), each.place, others)
        with np.errstate(all="ignore"):
            slope, size = each.box.composite.slope(seen)
        rounding = _ROUNDINGS * float(np.finfo(node.dtype).eps) * size
        if abs(slope - each.local) > _AGREES * abs(each.local) + rounding:
            return False
    return True


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
