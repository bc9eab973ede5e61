"""Rewriting: the graph as the native engine plans it, by named rules that change no bit of any result.

To the rules that hold on every engine come those that pay here: a number made of constants alone is computed once,
by the referee, when the program is compiled; what a broadcast repeats is computed before it is repeated; and a gradient
asks for the sign of what is kept anyway. A rule is here only if it is exact, for NaN, infinities and negative zero too:
``x · [z > 0]`` stays a product, because NaN times 0 is NaN.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backlit.engines.engine import evaluate
from backlit.engines.native.kernels import CHECKED
from backlit.engines.native.lowering import LOWERING, Elementwise
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node
from backlit.graph.op import find_op
from backlit.graph.ops import add, broadcast_to, cast, greater, multiply, reshape, subtract
from backlit.graph.rewrite import RULES, Rule
from backlit.graph.scope import enter_scope
from backlit.graph.spec import is_floating

__all__ = ["NATIVE_RULES", "SHARED", "rewrite_for_native"]

SHARED = "share"
"""Under this name stands how many nodes went because an equal one was there already."""

_ANY, _ANY_ELEMENTWISE = "any op", "any elementwise op"

_LARGEST_COMPARED = 4096
"""Up to so many elements constants are compared with one another."""


def _number(node: Node) -> float | None:
    """Return the number that a nameless constant of floats consists of, if it is a single one."""
    one = isinstance(node, Constant) and node.size == 1 and not node.name and is_floating(node.dtype)
    return float(node.value.item()) if one else None  # type: ignore[attr-defined]


def _nameless(node: Node, op: str) -> bool:
    """Say whether a node is made by an op and may vanish from the graph."""
    return isinstance(node, Application) and node.op.name == op and not node.name


# --------------------------------------------------------------------------------------------------------------- rules


def _fold(node: Application) -> Node | None:
    arguments = node.arguments
    if not arguments or not all(isinstance(one, Constant) and not one.name for one in arguments):
        return None
    if node.size != 1 or node.op.name in CHECKED:
        return None
    return Constant(np.array(evaluate(node), dtype=node.dtype))


def _square(node: Application) -> Node | None:
    base, exponent = node.arguments
    return multiply(base, base) if _number(exponent) == 2.0 and base.spec == node.spec else None


def _divide_by_power_of_two(node: Application) -> Node | None:
    x, divisor = node.arguments
    number = _number(divisor)
    # Beyond 2^100 the reciprocal comes near the numbers that float32 holds with fewer bits.
    if not number or abs(math.frexp(number)[0]) != 0.5 or abs(math.frexp(number)[1]) > 100:
        return None
    return multiply(x, Constant(np.array(1.0 / number, dtype=divisor.dtype).reshape(divisor.shape)))


def _add_negative(node: Application) -> Node | None:
    x, y = node.arguments
    if _nameless(y, "negative"):
        return subtract(x, y.arguments[0])
    return subtract(y, x.arguments[0]) if _nameless(x, "negative") else None


def _subtract_negative(node: Application) -> Node | None:
    x, y = node.arguments
    return add(x, y.arguments[0]) if _nameless(y, "negative") else None


def _cast_operands(node: Application) -> Node | None:
    """Let a product see operands of one data type: what it reads from memory it takes as it lies there."""
    if all(one.dtype == node.dtype for one in node.arguments):
        return None
    return node.op(*(one if one.dtype == node.dtype else cast(one, node.dtype) for one in node.arguments))


def _repeat_later(node: Application) -> Node | None:
    """Let an op see what a broadcast repeats: it broadcasts by itself, or its result is repeated."""
    arguments = [one.arguments[0] if _nameless(one, "broadcast_to") else one for one in node.arguments]
    unchanged = all(a is b for a, b in zip(arguments, node.arguments, strict=True))
    return None if unchanged else broadcast_to(node.op(*arguments, **node.attributes), node.shape)


def _repeated_number(node: Application) -> Node | None:
    x = node.arguments[0]
    if not _nameless(x, "broadcast_to") or x.arguments[0].size != 1:
        return None
    return broadcast_to(reshape(x.arguments[0], ()), node.shape)


NATIVE_RULES: tuple[Rule, ...] = (
    *RULES,
    Rule("fold constants", "f(2, 3) = its value", _ANY, _fold),
    Rule("square", "x^2 = x · x", "pow", _square),
    Rule("divide by a power of two", "x / 2^k = x · 2^-k", "divide", _divide_by_power_of_two),
    Rule("add a negative", "x + (-y) = x - y", "add", _add_negative),
    Rule("subtract a negative", "x - (-y) = x + y", "subtract", _subtract_negative),
    Rule("cast operands", "x32 @ y64 = cast(x32) @ y64", "matmul", _cast_operands),
    Rule("repeat later", "f(broadcast(x), y) = broadcast(f(x, y))", _ANY_ELEMENTWISE, _repeat_later),
    *(
        Rule(f"{words} a repeated number", f"{op}(broadcast(3)) = broadcast(3)", op, _repeated_number)
        for op, words in (("reshape", "reshape"), ("permute_dims", "permute"), ("flip", "flip"), ("slice", "slice"))
    ),
    Rule("stop no gradient", "stop_gradient(x) = x", "stop_gradient", lambda node: node.arguments[0]),
)
"""The rules that need to see one node and its arguments only; each is exact to the last bit."""


def _for_each_op(rules: Sequence[Rule]) -> Mapping[str, list[Rule]]:
    elementwise = [op for op, line in LOWERING.items() if isinstance(line, Elementwise) and op not in CHECKED]
    every: dict[str, list[str]] = {_ANY: list(LOWERING), _ANY_ELEMENTWISE: elementwise}
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        for op in every.get(rule.op, [rule.op]):
            found.setdefault(op, []).append(dataclasses.replace(rule, op=op))
    return found


_RULES_OF = _for_each_op(NATIVE_RULES)


# ----------------------------------------------------------------------------------------------------------- rewriting


class _Rewriting:
    """A graph being rewritten: each node once, arguments first, until no rule fits and nothing equal is there."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._settled: dict[Node, Node] = {}
        self._first: dict[object, Node] = {}
        self._rectified: dict[Node, Node] = {}
        sign = Rule("sign of what is kept", "[x > 0] = [relu(x) > 0]", "greater", self._sign_of_kept)
        self._rules = {**_RULES_OF, "greater": [*_RULES_OF["greater"], sign]}

    def settle(self, node: Node, origin: Node) -> Node:
        """Return what takes the place of a node; what is new gets the scope and the line of its origin."""
        if node in self._settled:
            return self._settled[node]
        rebuilt = node
        if isinstance(node, Application):
            arguments = tuple(self.settle(argument, origin) for argument in node.arguments)
            if node is not origin or any(a is not b for a, b in zip(arguments, node.arguments, strict=True)):
                place: dict[str, Any] = {"name": node.name, "scope": origin.scope, "line": origin.line}
                rebuilt = Application(node.op, arguments, node.attributes, node.spec, **place)
        simpler = self._simpler(rebuilt)
        result = self._first_equal(rebuilt) if simpler is None else self.settle(simpler, origin)
        self._settled.update({node: result, rebuilt: result, result: result})
        return result

    def _simpler(self, node: Node) -> Node | None:
        if isinstance(node, Application) and not node.name:
            for rule in self._rules.get(node.op.name, ()):
                found = rule.apply(node)
                if found is not None:
                    self.counts[rule.name] += 1
                    return found
        return None

    def _first_equal(self, node: Node) -> Node:
        """Return the first node that computes the same, which may be this one."""
        key: object = node
        if isinstance(node, Constant) and node.size <= _LARGEST_COMPARED:
            key = (node.spec, node.value.tobytes(), node.name)
        elif isinstance(node, Application):
            key = (node.op.name, node.arguments, tuple(node.attributes.items()), node.name)
        first = self._first.setdefault(key, node)
        if isinstance(first, Application):
            self.counts[SHARED] += first is not node
            if first.op.name == "relu":
                self._rectified[first.arguments[0]] = first
        return first

    def _sign_of_kept(self, node: Application) -> Node | None:
        """Ask for the sign of a relu that is computed anyway: what it rectified need not be kept for that."""
        x, threshold = node.arguments
        return greater(self._rectified[x], threshold) if x in self._rectified and _number(threshold) == 0.0 else None


def rewrite_for_native(graph: Graph) -> tuple[Graph, Mapping[str, int]]:
    """Rewrite a graph for the native engine.

    Args:
        graph: What is to run.

    Returns:
        A graph whose results are the same to the last bit, and how often each rule was applied, by its name.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(4,))
        >>> rewritten, applied = rewrite_for_native(Graph(outputs=[bl.grad(bl.mean(x * x), x)]))
        >>> print(rewritten)
        graph(x: float32[4])
          %1: float32[1] = constant([0.25])
          %2: float32[4] = multiply(%1, x) in backward
          %3: float32[4] = add(%2, %2) in backward
          return %3
        >>> sorted(applied)
        ['fold constants', 'multiply by one', 'repeat later', 'share']
    """
    rewriting = _Rewriting()
    # What is rectified comes first, so that its sign is known wherever it is asked for.
    rectified = [node for node in graph.operations if node.op.name == "relu"]
    with enter_scope(None):
        for node in topological_order([*rectified, *graph.nodes]):
            rewriting.settle(node, node)
        outputs = [_computed(rewriting.settle(node, node), node) for node in graph.outputs]
    updates = {parameter: rewriting.settle(value, value) for parameter, value in graph.updates.items()}
    return Graph(graph.inputs, outputs, updates), {name: count for name, count in rewriting.counts.items() if count}


def _computed(result: Node, output: Node) -> Node:
    """Copy a leaf that takes the place of a computed output: an engine hands out what it has computed."""
    copied = isinstance(output, Application) and not isinstance(result, Application)
    return find_op("stop_gradient")(result) if copied else result
