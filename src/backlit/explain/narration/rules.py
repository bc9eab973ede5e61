"""Update rules, told: how a step of training changes a parameter, line by line, with names and with numbers.

An optimiser returns graph, so that its rule can be told like any other formula. What differentiation built is written
∂L/∂θ; what is used once and short is written in place, everything else gets a line of its own. A line speaks of the
element that is told; what is summed over whole arrays on the way, such as the norm of all gradients, speaks of these.
"""

import math
import re
from collections import Counter
from typing import NamedTuple

import numpy as np

from backlit.explain.naming import Element
from backlit.explain.narration.explanation import Summary, UpdateLine
from backlit.explain.narration.formulas import broadcast_element
from backlit.explain.narration.phrases import Way, fill, phrase_of
from backlit.explain.numerals import format_number
from backlit.explain.recording import Recording
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant, Parameter
from backlit.graph.node import Application, Array, Node
from backlit.graph.rewrite import share

__all__ = ["update_lines"]

_LONGEST = 48
_MOST_SUMMANDS = 6
_CHOICE, _RELATION, _LOOSE, _TIGHT, _POWER, _CLOSED = range(6)
_RELATIONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
_LOGIC = ("logical_and", "logical_or", "logical_xor", "logical_not")
_BINDING = {
    "where": _RELATION,
    "expm1": _CHOICE,
    **dict.fromkeys([*_RELATIONS, *_LOGIC, "add", "subtract"], _LOOSE),
    **dict.fromkeys(["multiply", "divide", "negative", "matmul"], _TIGHT),
    "pow": _CLOSED,
}
"""How tightly an op holds its arguments: a looser formula among them needs parentheses."""
_OWN = {
    **dict.fromkeys([*_RELATIONS, *_LOGIC], _RELATION),
    **dict.fromkeys(["add", "subtract", "expm1"], _LOOSE),
    **dict.fromkeys(["multiply", "divide", "negative", "matmul", "sum", "max", "min"], _TIGHT),
    "pow": _POWER,
}
"""How tightly its formula holds together when it is an argument itself."""
_ENCLOSED = re.compile(r"[^ {]*[(|⌊⌈].*[)|⌋⌉]")
"""A formula in brackets of its own, such as √(x) or |x|."""
_ENDS = ("subtract", "divide")
"""Ops that take their last argument as a whole: a - (b - c) is not a - b - c."""

_Key = tuple[Node, bool]
"""A node, and whether all of it is meant, not the element that is told."""


class _Text(NamedTuple):
    formula: str
    numbers: str
    holds: int
    leaf: bool = False


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
    return () if new is None else tuple(_Teller(run, parameter, element, new).lines())


class _Teller:
    """What writes the update of one parameter."""

    def __init__(self, run: Recording, parameter: Parameter, element: Element | None, new: Node) -> None:
        self._run, self._parameter, self._element = run, parameter, element
        forward = set(run.forward)
        self._given = {node for node in run.graph.operations if node in forward or _is_backward(node)}
        order = [_uncast(node, self._given) for node in topological_order([new], self._given)]
        self._order = list(dict.fromkeys(order))
        self._root = self._key(_uncast(new, self._given), whole=False)
        self._values: dict[Node, Array] = dict(zip(self._order, run.compute(*self._order), strict=True))
        self._gradients = self._named_gradients()
        self._names: dict[_Key, str] = {}
        self._texts: dict[_Key, _Text] = {}

    def lines(self) -> list[UpdateLine]:
        """Write the lines that end in the new value."""
        label = self._run.name(self._parameter, self._element)
        keys = self._keys()
        used = Counter(each for key in keys for each in self._arguments(key))
        lines: list[UpdateLine] = []
        for key in keys:
            text = self._written(key)
            if key == self._root:
                lines.append(UpdateLine(label, text.formula, text.numbers, self._value(key)))
            elif used[key] == 1 and not key[0].name and len(text.formula) <= _LONGEST:
                self._texts[key] = text
            else:
                self._names[key] = key[0].name or self._free_name()
                lines.append(UpdateLine(self._names[key], text.formula, text.numbers, self._value(key)))
        if not lines:  # the new value is no formula, but something that is there already
            text = self._text(self._root)
            lines.append(UpdateLine(label, text.formula, text.numbers, self._value(self._root)))
        return lines

    def _key(self, node: Node, *, whole: bool) -> _Key:
        """Normalise: a single number is no array, and of an array of more axes than the parameter all is meant."""
        if self._element is None or len(node.shape) > len(self._element):
            whole = True
        return node, whole and bool(node.shape)

    def _is_step(self, node: Node) -> bool:
        return isinstance(node, Application) and node not in self._given

    def _summands(self, node: Node) -> list[Node]:
        """Take a long sum apart, such as the norm of the gradients of all parameters: the few summands to be shown."""
        summands: list[Node] = []
        while self._is_step(node) and node.kind == "add" and not node.shape and (not summands or not node.name):
            summands.append(node.arguments[1])
            node = node.arguments[0]
        return [node, summands[-1], summands[0]] if len(summands) >= _MOST_SUMMANDS else []

    def _arguments(self, key: _Key) -> list[_Key]:
        node, whole = key
        summands = self._summands(node)
        if summands:
            return [self._key(_uncast(summand, self._given), whole=False) for summand in summands]
        whole = whole or not isinstance(node, Application) or phrase_of(node).way is not Way.EACH
        return [self._key(_uncast(argument, self._given), whole=whole) for argument in node.arguments]

    def _keys(self) -> list[_Key]:
        """List what is written, in order of execution."""
        wanted, waiting = {self._root}, [self._root]
        while waiting:
            for key in self._arguments(waiting.pop()):
                if self._is_step(key[0]) and key not in wanted:
                    wanted.add(key)
                    waiting.append(key)
        every = ((node, whole) for node in self._order if self._is_step(node) for whole in (True, False))
        return [key for key in every if key in wanted]

    def _written(self, key: _Key) -> _Text:
        """Write a node as a formula of its arguments; a number besides where it is a single one."""
        node, whole = key
        assert isinstance(node, Application)
        parts = [self._text(argument) for argument in self._arguments(key)]
        template = phrase_of(node).value
        enclosed = _ENCLOSED.fullmatch(template) is not None
        holds = _OWN.get(node.op.name, _CLOSED if enclosed else _CHOICE)
        binding = _BINDING.get(node.op.name, _CHOICE if enclosed else _POWER)
        decay = _decay(node)
        if len(parts) > 2 and node.op.name == "add":
            first, second, last = parts
            formula = f"{first.formula} + {second.formula} + … + {last.formula}"
            return _Text(formula, f"{first.numbers} + {second.numbers} + … + {last.numbers}", _LOOSE)
        if node.op.name == "multiply" and node.arguments[0] is node.arguments[1]:
            template, holds, binding = "{x}²", _POWER, _CLOSED
        elif decay is not None:
            template, holds, binding = decay
            parts = [self._text(each) for each in self._arguments(self._arguments(key)[0])]
        elif node.op.name == "negative" and parts[0].formula.endswith(" - 1") and not parts[0].leaf:
            # -(a - 1), as it is computed to keep the digits of small numbers, is read as 1 - a.
            formula, number = parts[0].formula.removesuffix(" - 1"), parts[0].numbers.removesuffix(" - 1")
            return _Text(f"1 - {formula}", f"1 - {number}", _LOOSE)
        loose = [
            part.holds < binding or (part.holds == binding and position > 0 and node.op.name in _ENDS)
            for position, part in enumerate(parts)
        ]
        formulas = [f"({part.formula})" if open_ else part.formula for part, open_ in zip(parts, loose, strict=True)]
        if node.op.name == "concat":
            return _Text(" followed by ".join(formulas), "" if whole else self._digits(key), _CHOICE)
        if whole:
            return _Text(fill(template, formulas), "", holds)
        if phrase_of(node).way is not Way.EACH:
            return _Text(fill(template, formulas), self._digits(key), holds)
        numbers = [
            f"({part.numbers})" if open_ and not part.leaf else part.numbers
            for part, open_ in zip(parts, loose, strict=True)
        ]
        return _Text(fill(template, formulas), fill(template, numbers), holds)

    def _text(self, key: _Key) -> _Text:
        if key in self._texts:
            return self._texts[key]
        name = self._names.get(key) or self._name(key)
        return _Text(name, self._digits(key), _POWER if name.startswith("∂") else _CLOSED, leaf=True)

    def _name(self, key: _Key) -> str:
        node, _ = key
        if node in self._gradients:
            return f"∂{self._run.name(self._run.loss)}/∂{self._run.name(self._gradients[node], self._own(key))}"
        if isinstance(node, Constant) and node.size == 1 and node.name is None:
            return format_number(node.value.item())
        return self._run.name(node, self._own(key))

    def _free_name(self) -> str:
        taken = {*self._names.values(), *self._run.labels.values()}
        return next(name for number in range(1, len(taken) + 2) if (name := f"s{number}") not in taken)

    def _named_gradients(self) -> dict[Node, Parameter]:
        """Find whose gradients those are that differentiation built for the optimiser, besides those of the trace."""
        found = [node for node in self._order if node in self._given and _is_backward(node)]
        others = [other for other in self._run.updates if other is not self._parameter]
        gradients = self._run.walk.gradients
        known = [parameter for parameter in (self._parameter, *others) if parameter in gradients]
        alike = share(Graph(outputs=[*found, *(gradients[parameter] for parameter in known)])).outputs
        whose: dict[Node, list[Parameter]] = {}
        for parameter, gradient in zip(known, alike[len(found) :], strict=True):
            whose.setdefault(gradient, []).append(parameter)
        named: dict[Node, Parameter] = {}
        for node, same in zip(found, alike, strict=False):
            # Where two parameters have equal gradients, each stands for one of them, in the order of the optimiser.
            if same in whose:
                named[node] = whose[same].pop(0) if len(whose[same]) > 1 else whose[same][0]
        # A gradient of 1 is the beginning of the way back itself, a constant like any other, if it is the only one.
        own = gradients.get(self._parameter)
        if isinstance(own, Constant):
            constants = [node for node in self._order if isinstance(node, Constant) and node.spec == own.spec]
            ones = [node for node in constants if np.array_equal(node.value, own.value)]
            named |= {node: self._parameter for node in ones if len(ones) == 1}
        for node in found:
            # A gradient may have been built in another way, and is known by its numbers.
            unknown = node not in named and node.shape == self._parameter.shape and self._parameter in gradients
            if unknown and np.array_equal(self._values[node], self._run.slope(self._parameter), equal_nan=True):
                named[node] = self._parameter
        return named

    def _own(self, key: _Key) -> Element | None:
        """Return the element of a node that belongs to the element that is told."""
        node, whole = key
        return None if whole or self._element is None else broadcast_element(node.shape, self._element)

    def _value(self, key: _Key) -> float | Summary:
        node, whole = key
        value = self._values[node]
        return Summary.of(value) if whole else value[self._own(key) or ()].item()

    def _digits(self, key: _Key) -> str:
        value = self._value(key)
        return "…" if isinstance(value, Summary) else format_number(value)


def _is_backward(node: Node) -> bool:
    return node.scope is not None and node.scope.lineage[0].name == "backward"


def _uncast(node: Node, given: set[Application]) -> Node:
    """Pass over what changes no number that is shown: another data type, and the sum of a single number."""
    while isinstance(node, Application) and node not in given:
        if node.op.name != "cast" and (node.op.name != "sum" or node.arguments[0].shape):
            break
        node = node.arguments[0]
    return node


def _decay(node: Application) -> tuple[str, int, int] | None:
    """Recognise a power of a constant, bᵗ = exp(t · ln b), as bias corrections have it, where b has few digits."""
    inner = node.arguments[0] if node.op.name in ("exp", "expm1") else None
    if not isinstance(inner, Application) or inner.op.name != "multiply" or inner.shape:
        return None
    for position, factor in enumerate(inner.arguments):
        if isinstance(factor, Constant) and factor.name is None:
            logarithm = factor.value.item()
            base = format_number(math.exp(min(logarithm, 1.0)))
            if float(base) > 0.0 and abs(math.log(float(base)) - logarithm) <= 1e-6 * abs(logarithm):
                power = f"{base}^{{{'yx'[position]}}}"
                return (power, _POWER, _CLOSED) if node.op.name == "exp" else (f"{power} - 1", _LOOSE, _CLOSED)
    return None
