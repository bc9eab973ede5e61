"""Counting: how many operations on single numbers a computation takes."""

from collections.abc import Iterable

from backlit.graph.graph import topological_order
from backlit.graph.node import Application, Node

__all__ = ["operation_count"]

_FREE = frozenset(
    {"reshape", "permute_dims", "broadcast_to", "flip", "slice", "pad", "concat", "take", "cast", "stop_gradient"}
)
"""What only moves numbers."""


def operation_count(outputs: Iterable[Node], given: Iterable[Node] = ()) -> int:
    """Count the operations on single numbers that computing nodes takes: one an element, two a product of matrices.

    Args:
        outputs: What is computed.
        given: What is known already and not counted.

    Returns:
        The number; what only moves numbers counts nothing.

    Example:
        >>> import backlit as bl
        >>> import numpy as np
        >>> x = bl.input("x", shape=(2, 3))
        >>> operation_count([bl.exp(x) @ bl.constant(np.ones((3, 4)))])
        54
    """
    known = set(given)
    total = 0
    for node in topological_order(outputs, known):
        if not isinstance(node, Application) or node in known or node.op.name in _FREE:
            continue
        if node.op.name == "matmul":
            total += 2 * node.size * node.arguments[0].shape[-1]
        elif node.op.name in ("sum", "max", "min"):
            total += node.arguments[0].size
        else:
            total += node.size
    return total
