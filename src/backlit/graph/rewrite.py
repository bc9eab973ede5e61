"""Rewriting: graph in, graph out, by named rules that change no bit of any result.

``substitute`` replaces nodes, ``simplify`` removes what computes nothing (a product with 1, a reshape of a reshape),
``share`` computes equal things once. What nobody needs falls away by itself, because a graph holds only what its
outputs and updates depend on. A node that carries a name is never rewritten away: somebody wants to see it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node
from backlit.graph.scope import enter_scope

__all__ = ["RULES", "Rule", "rewrite", "share", "simplify", "substitute"]


@dataclass(frozen=True)
class Rule:
    """One way to say the same with less.

    Args:
        name: What it is called.
        formula: What it does, as a formula.
        op: The op of the nodes it may fit.
        apply: ``(node) -> its replacement``, or None where the rule does not fit.

    Example:
        >>> print(RULES[0])
        multiply by one: x · 1 = x
    """

    name: str
    formula: str
    op: str
    apply: Callable[[Application], Node | None]

    def __str__(self) -> str:
        return f"{self.name}: {self.formula}"


def _is_filled_with(node: Node, number: float) -> bool:
    return isinstance(node, Constant) and node.value.size > 0 and bool(np.all(node.value == number))


def _neutral(number: float, positions: tuple[int, ...]) -> Callable[[Application], Node | None]:
    """Drop an argument that changes nothing, where the other has the shape of the result."""

    def apply(node: Application) -> Node | None:
        for position in positions:
            other = node.arguments[1 - position]
            if _is_filled_with(node.arguments[position], number) and other.spec == node.spec:
                return other
        return None

    return apply


def _twice(node: Application) -> Application | None:
    """Return the argument of an op, if that is an unnamed node of the same op."""
    argument = node.arguments[0]
    same = isinstance(argument, Application) and argument.op is node.op and not argument.name
    return argument if same else None  # type: ignore[return-value]


def _collapse(node: Application) -> Node | None:
    """Let the outer of two ops that only set a shape do the work of both."""
    inner = _twice(node)
    if inner is None:
        return None
    source = inner.arguments[0]
    return source if source.spec == node.spec else node.op(source, **node.attributes)


def _double_negative(node: Application) -> Node | None:
    inner = _twice(node)
    return None if inner is None else inner.arguments[0]


def _permute_twice(node: Application) -> Node | None:
    inner = _twice(node)
    if inner is None:
        return None
    axes = tuple(inner.attributes["axes"][axis] for axis in node.attributes["axes"])
    source = inner.arguments[0]
    return source if axes == tuple(range(len(axes))) else node.op(source, axes=axes)


RULES: tuple[Rule, ...] = (
    Rule("multiply by one", "x · 1 = x", "multiply", _neutral(1.0, (0, 1))),
    Rule("divide by one", "x / 1 = x", "divide", _neutral(1.0, (1,))),
    Rule("subtract zero", "x - 0 = x", "subtract", _neutral(0.0, (1,))),
    Rule("first power", "x^1 = x", "pow", _neutral(1.0, (1,))),
    Rule("negate twice", "-(-x) = x", "negative", _double_negative),
    Rule("reshape twice", "reshape(reshape(x)) = reshape(x)", "reshape", _collapse),
    Rule("broadcast twice", "broadcast(broadcast(x)) = broadcast(x)", "broadcast_to", _collapse),
    Rule("permute twice", "permute(permute(x)) = permute(x)", "permute_dims", _permute_twice),
)
"""The rules of ``simplify``, each exact to the last bit. (x + 0 is not among them: -0 + 0 is 0.)"""


def _rebuilt(
    node: Application, arguments: tuple[Node, ...], attributes: Mapping[str, Any] | None = None
) -> Application:
    """Return a node of the same op, name, scope and line on other arguments."""
    same_specs = all(new.spec == old.spec for new, old in zip(arguments, node.arguments, strict=True))
    settings = node.attributes if attributes is None else attributes
    if same_specs and attributes is None:
        spec = node.spec
    else:
        with enter_scope(node.scope):
            fresh = node.op(*arguments, **settings)
        spec, settings = fresh.spec, fresh.attributes
    return Application(node.op, arguments, settings, spec, name=node.name, scope=node.scope, line=node.line)


def substitute(
    outputs: Sequence[Node],
    replacements: Mapping[Node, Node],
    attributes: Callable[[Application], Mapping[str, Any] | None] = lambda node: None,
) -> list[Node]:
    """Replace nodes by others in everything that outputs depend on.

    Args:
        outputs: The nodes wanted.
        replacements: For each node to replace, what takes its place; it may have another shape or data type, from
            which those of all consumers follow.
        attributes: For an op, other attributes than its own, or None.

    Returns:
        The outputs, rebuilt where something they depend on has changed.

    Raises:
        GraphError: If a replacement does not fit its consumers.

    Example:
        >>> import backlit as bl
        >>> x, y = bl.input("x"), bl.input("y")
        >>> (z,) = substitute([x * 2.0], {x: y * y})
        >>> float(z.evaluate({"y": 3.0}))
        18.0
    """
    done: dict[Node, Node] = dict(replacements)
    for node in topological_order(outputs):
        if node in done:
            continue
        if not isinstance(node, Application):
            done[node] = node
            continue
        arguments = tuple(done[argument] for argument in node.arguments)
        changed = attributes(node)
        unchanged = changed is None and all(a is b for a, b in zip(arguments, node.arguments, strict=True))
        done[node] = node if unchanged else _rebuilt(node, arguments, changed)
    return [done[output] for output in outputs]


def _mapped(graph: Graph, replace: Callable[[Node, tuple[Node, ...]], Node]) -> Graph:
    """Rebuild a graph node by node, each from its arguments already rebuilt."""
    done: dict[Node, Node] = {}
    for node in graph.nodes:
        done[node] = replace(node, tuple(done[argument] for argument in node.arguments))
    updates = {parameter: done[value] for parameter, value in graph.updates.items()}
    return Graph(graph.inputs, [done[output] for output in graph.outputs], updates)


def rewrite(graph: Graph, rules: Sequence[Rule] = RULES) -> tuple[Graph, Counter[str]]:
    """Apply rules to every node, arguments first, as often as they fit.

    Args:
        graph: What to rewrite.
        rules: The rules, tried in order.

    Returns:
        The new graph, and how often each rule was applied, by its name.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> graph, applied = rewrite(Graph(outputs=[-(-(x * 1.0))]))
        >>> len(graph.operations), dict(applied)
        (0, {'multiply by one': 1, 'negate twice': 1})
    """
    applied: Counter[str] = Counter()
    by_op: dict[str, list[Rule]] = {}
    for rule in rules:
        by_op.setdefault(rule.op, []).append(rule)

    def simpler(node: Application) -> Node | None:
        for rule in by_op.get(node.op.name, ()):
            with enter_scope(node.scope):
                found = rule.apply(node)
            if found is not None:
                applied[rule.name] += 1
                return found
        return None

    def replace(node: Node, arguments: tuple[Node, ...]) -> Node:
        if not isinstance(node, Application):
            return node
        same = all(a is b for a, b in zip(arguments, node.arguments, strict=True))
        result: Node = node if same else _rebuilt(node, arguments)
        while isinstance(result, Application) and not result.name:
            found = simpler(result)
            if found is None:
                break
            result = found
        return result

    return _mapped(graph, replace), applied


def simplify(graph: Graph) -> Graph:
    """Remove what computes nothing, by ``RULES``.

    Args:
        graph: What to simplify.

    Returns:
        A graph whose results are the same to the last bit.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> len(simplify(Graph(outputs=[bl.grad(x * x, x)])).operations)
        1
    """
    return rewrite(graph)[0]


def share(graph: Graph) -> Graph:
    """Compute equal things once: the same op on the same arguments with the same attributes is one node.

    Args:
        graph: What to rewrite.

    Returns:
        A graph whose results are the same to the last bit.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> len(share(Graph(outputs=[bl.exp(x) + bl.exp(x)])).operations)
        2
    """
    seen: dict[Any, Node] = {}

    def replace(node: Node, arguments: tuple[Node, ...]) -> Node:
        if isinstance(node, Constant):
            key: Any = (node.spec, node.value.tobytes(), node.name)
        elif isinstance(node, Application):
            key = (node.op.name, arguments, tuple(node.attributes.items()), node.name)
        else:
            return node
        if key not in seen:
            rebuilt = isinstance(node, Application) and arguments != node.arguments
            seen[key] = _rebuilt(node, arguments) if rebuilt else node  # type: ignore[arg-type]
        return seen[key]

    return _mapped(graph, replace)
