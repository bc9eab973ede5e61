"""Update rules, told: how a step of training changes a parameter, line by line, with names and with numbers.

An optimiser returns graph, so that its rule can be told like any other formula. What differentiation built is written
∂L/∂θ; what is used once and short is written in place, everything else gets a line of its own.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from backlit.explain.explanation import Summary, UpdateLine
from backlit.explain.formulas import broadcast_element, fill, format_number
from backlit.explain.naming import Element
from backlit.explain.phrases import Way, phrase_of
from backlit.explain.recording import Recording
from backlit.graph.graph import topological_order
from backlit.graph.leaves import Constant, Parameter
from backlit.graph.node import Application, Node

__all__ = ["update_lines"]

_MOST_LINES = 24
_LONGEST = 48
_LOOSE, _TIGHT, _CLOSED = 1, 2, 3
_BINDING = {"add": _LOOSE, "subtract": _LOOSE, "multiply": _TIGHT, "divide": _TIGHT, "negative": _TIGHT, "pow": _CLOSED}
"""How tightly an op holds its arguments; a looser formula among them needs parentheses. Others have their own."""
_OWN = {**_BINDING, "expm1": _LOOSE, "where": _LOOSE}
"""How tightly its formula holds together when it is an argument itself."""


def update_lines(run: Recording, parameter: Parameter, element: Element | None) -> tuple[UpdateLine, ...]:
    """Tell how the step changes a parameter.

    Args:
        run: The run.
        parameter: The parameter.
        element: The element; None for all of an array.

    Returns:
        The lines, the last of which is the new value; none where the step does not change it.

    Example:
        >>> import backlit as bl
        >>> θ = bl.parameter(3.0, name="θ")
        >>> loss = (θ * θ).named("L")
        >>> run = bl.trace(loss, updates={θ: θ - 0.1 * bl.grad(loss, θ)})
        >>> [f"{line.formula} = {line.numbers}" for line in update_lines(run, θ, ())]
        ['θ - 0.1 · ∂L/∂θ = 3 - 0.1 · 6']
    """
    new = run.updates.get(parameter)
    if new is None:
        return ()
    teller = _Teller(run, parameter, element)
    lines = teller.lines(new)
    return tuple(lines[-_MOST_LINES:])


class _Teller:
    """What writes the update of one parameter."""

    def __init__(self, run: Recording, parameter: Parameter, element: Element | None) -> None:
        self._run, self._parameter, self._element = run, parameter, element
        forward = set(run.forward)
        self._given = {
            node
            for node in run.graph.operations
            if node in forward or (node.scope is not None and node.scope.lineage[0].name == "backward")
        }
        self._names: dict[Node, str] = {}

    def lines(self, new: Node) -> list[UpdateLine]:
        """Write the lines that end in the new value."""
        order = [node for node in topological_order([new], self._given) if node not in self._given]
        steps = [node for node in order if isinstance(node, Application)]
        used = Counter(argument for node in steps for argument in node.arguments)
        lines: list[UpdateLine] = []
        written: dict[Node, tuple[str, str, int]] = {}
        for node in steps:
            formula, numbers = self._written(node, written)
            last = node is new
            if used[node] == 1 and not last and not node.name and len(formula) <= _LONGEST:
                written[node] = (formula, numbers, _OWN.get(node.op.name, _CLOSED))
                continue
            name = self._run.name(self._parameter, self._element) if last else node.name or f"s{len(lines) + 1}"
            self._names[node] = name
            lines.append(UpdateLine(name, formula, numbers, self._value(node)))
        if not steps:
            lines.append(UpdateLine(self._run.name(self._parameter), self._name(new), "", self._value(new)))
        return lines

    def _written(self, node: Application, written: Mapping[Node, tuple[str, str, int]]) -> tuple[str, str]:
        binding = _BINDING.get(node.op.name, 0)
        formulas, numbers = [], []
        for position, argument in enumerate(node.arguments):
            if argument in written:
                formula, number, own = written[argument]
                loose = own < binding or (own == binding and position == 1 and node.op.name in ("subtract", "divide"))
                formulas.append(f"({formula})" if loose else formula)
                numbers.append(f"({number})" if loose else number)
            else:
                formulas.append(self._name(argument))
                numbers.append(self._digits(argument))
        template = phrase_of(node).value
        single = self._element is not None and phrase_of(node).way is Way.EACH
        return fill(template, formulas), fill(template, numbers) if single else ""

    def _name(self, node: Node) -> str:
        if node in self._names:
            return self._names[node]
        if isinstance(node, Constant) and node.size == 1 and node.name is None:
            return format_number(node.value.item())
        if node in self._given and node not in self._run.consumers:
            return self._gradient_name(node)
        return self._run.name(node, self._own(node))

    def _gradient_name(self, node: Node) -> str:
        """Find whose gradient it is: the parameter's own, or that of another one."""
        value = self._run.whole(node)
        others = [other for other in self._run.updates if other is not self._parameter]
        for other in (self._parameter, *others):
            gradient = self._run.walk.gradients.get(other)
            if (
                gradient is not None
                and gradient.shape == node.shape
                and np.array_equal(self._run.whole(gradient), value, equal_nan=True)
            ):
                return f"∂{self._run.name(self._run.loss)}/∂{self._run.name(other, self._own(node))}"
        return self._run.name(node, self._own(node))

    def _own(self, node: Node) -> Element | None:
        """Return the element of a node that belongs to the element that is told."""
        if self._element is None or not node.shape or len(node.shape) > len(self._element):
            return None
        return broadcast_element(node.shape, self._element)

    def _value(self, node: Node) -> float | Summary:
        value, own = self._run.whole(node), self._own(node)
        if not node.shape:
            return float(value)
        return Summary.of(value) if own is None else float(value[own])

    def _digits(self, node: Node) -> str:
        value = self._value(node)
        return "…" if isinstance(value, Summary) else format_number(value)
