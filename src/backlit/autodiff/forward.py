"""Forward mode: tangents, pushed along with the values from inputs to outputs (Wengert, 1964).

Reverse mode gives the gradient of one output with respect to everything; forward mode gives the change of everything
along one direction. Both are graph.
"""

from collections.abc import Mapping, Sequence

from backlit.graph.graph import topological_order
from backlit.graph.node import Application, Node
from backlit.graph.ops import broadcast_to, cast, multiply
from backlit.graph.scope import Scope, enter_scope
from backlit.graph.spec import is_floating

__all__ = ["push_forward", "push_through"]


def push_forward(outputs: Sequence[Node], tangents: Mapping[Node, Node]) -> dict[Node, Node]:
    """Push tangents from nodes to outputs.

    Args:
        outputs: The nodes whose tangents are wanted.
        tangents: The direction in which each source moves, of the source's shape.

    Returns:
        The tangent of every node that moves; nodes that stand still are missing.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> y = x * x
        >>> float(push_forward([y], {x: bl.constant(1.0)})[y].evaluate({"x": 3.0}))
        6.0
    """
    moving: dict[Node, Node] = dict(tangents)
    with enter_scope(Scope("forward")):
        for node in topological_order(outputs):
            if node in moving or not isinstance(node, Application):
                continue
            parts = tuple(moving.get(argument) for argument in node.arguments)
            if any(part is not None for part in parts) and is_floating(node.dtype):
                tangent = push_through(node, parts)
                if tangent is not None:
                    moving[node] = tangent
    return moving


def push_through(node: Application, parts: tuple[Node | None, ...]) -> Node | None:
    """Push tangents through one node: Σ local derivative · tangent, over its arguments.

    Args:
        node: The node, of a float type.
        parts: The tangent of each argument, None for one that stands still.

    Returns:
        The tangent of the node, of its shape and data type; None where it stands still.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> y = x * x
        >>> float(push_through(y, (bl.constant(1.0), None)).evaluate({"x": 3.0}))
        3.0
    """
    tangent = _tangent(node, parts)
    return None if tangent is None else cast(broadcast_to(tangent, node.shape), node.dtype)


def _tangent(node: Application, parts: tuple[Node | None, ...]) -> Node | None:
    """Add up local derivative times tangent over the arguments of an elementwise op, or ask the op's pushforward."""
    if not node.op.local:
        return node.op.pushforward(node, parts) if node.op.pushforward else None
    total: Node | None = None
    for local, part in zip(node.op.local, parts, strict=True):
        if part is None or local is None:
            continue
        slope = local(node, *node.arguments)
        step = part if isinstance(slope, float) and slope == 1.0 else multiply(part, slope)
        total = step if total is None else total + step
    return total
