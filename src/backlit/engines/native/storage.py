"""Storage: which values must lie in memory between kernels, and which exist only in registers.

In memory lie the outputs, the new values of parameters, the results of products and reductions, whatever an op must
see as a whole (the operands of a product, the table that ``take`` looks into), and what several kernels need and is
dearer to compute twice than to read. Everything else is computed where it is needed.
"""

from collections import Counter
from collections.abc import Iterable

from backlit.engines.native.indexing import only_unit_axes
from backlit.engines.native.lowering import LOWERING, Anchor, Elementwise, View
from backlit.engines.native.walking import base_of
from backlit.graph.graph import Graph
from backlit.graph.node import Application, Node

__all__ = ["choose_stored", "instruction_cost"]

_DEAR = 8
"""From about so many instructions on, a value that two kernels need is kept rather than computed twice."""


def instruction_cost(node: Node) -> int:
    """Return about how many instructions an element of a node costs, its arguments not counted."""
    rule = LOWERING[node.op.name] if isinstance(node, Application) else None
    return rule.cost if isinstance(rule, Elementwise) else 0


def _below_views(node: Node) -> Node:
    """Return what a chain of views looks at: the node itself where it is no view."""
    while isinstance(node, Application) and isinstance(LOWERING[node.op.name], View):
        if node.op.name == "reshape" and not only_unit_axes(node.arguments[0].shape, node.shape):
            return base_of(node)
        node = node.arguments[0]
    return node


def _must_see_whole(node: Application) -> list[Node]:
    """List the arguments that an op needs as arrays in memory."""
    name, arguments = node.op.name, node.arguments
    if name == "matmul":
        return [_below_views(argument) for argument in arguments]
    if name in {"take", "random_bits"}:
        return [base_of(arguments[0])]
    if name == "reshape" and not only_unit_axes(arguments[0].shape, node.shape):
        return [base_of(node)]
    return []


def choose_stored(graph: Graph, kept: Iterable[Node] = ()) -> set[Node]:
    """Choose the nodes whose values lie in memory.

    Args:
        graph: What is to run.
        kept: More nodes that must lie in memory.

    Returns:
        Those of its operations.
    """
    wanted: set[Node] = {*graph.outputs, *graph.updates.values(), *kept}
    for node in graph.operations:
        if isinstance(LOWERING[node.op.name], Anchor):
            wanted.add(node)
        wanted.update(_must_see_whole(node))
    stored: set[Node] = {node for node in wanted if isinstance(node, Application)}
    several = _needed_by_several(graph, stored)
    cost: dict[Node, int] = {}
    for node in graph.operations:
        total = instruction_cost(node) + sum(cost.get(argument, 0) for argument in set(node.arguments))
        if node in several and total > _DEAR and isinstance(LOWERING[node.op.name], Elementwise):
            stored.add(node)
        cost[node] = 0 if node in stored else min(total, 10 * _DEAR)
    return stored


def _needed_by_several(graph: Graph, stored: set[Node]) -> set[Node]:
    """Find where the ways to different stored nodes part: a node that several need, and that several of them use."""
    users: dict[Node, set[Node]] = {}
    uses = Counter(argument for node in graph.operations for argument in set(node.arguments))
    several: set[Node] = set()
    for node in reversed(graph.operations):
        own = {node} if node in stored else users.get(node, set())
        if node not in stored and len(own) > 1 and uses[node] > 1:
            several.add(node)
        for argument in node.arguments:
            known = users.setdefault(argument, set())
            if len(known) < 2:
                known.update(own)
    return several
