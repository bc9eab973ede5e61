"""Work: how much arithmetic a kernel does, how many bytes it moves, and about how long that takes."""

import math

from backlit.engines.native.evaluating import bytes_of
from backlit.engines.native.kernels import Kernel
from backlit.engines.native.storage import instruction_cost
from backlit.engines.native.values import LLVM_TYPES
from backlit.engines.native.walking import Access
from backlit.graph.node import Node

__all__ = ["kernel_bytes", "kernel_operations", "kernel_work", "node_bytes"]

_PRODUCT_RATE = 150.0
"""Floating-point operations a nanosecond in a product, on one core."""

_RATE = 30.0
"""Elementwise instructions on single elements a nanosecond, on one core."""

_TRAFFIC = 20.0
"""Bytes a nanosecond between a core and its caches."""


def node_bytes(node: Node) -> int:
    """Return how many bytes the array of a node takes."""
    return node.size * bytes_of(LLVM_TYPES[node.dtype])


def kernel_operations(kernel: Kernel, stored: set[Node]) -> int:
    """Return about how many arithmetic operations on single elements a kernel does.

    Args:
        kernel: The kernel.
        stored: The nodes that lie in memory.

    Returns:
        Twice M · N · K for a product, and an instruction a step for each element of everything else.
    """
    total = _product_operations(kernel)
    if kernel.form not in {"rows", "columns", "product"}:
        return sum(max(n.size, *(a.size for a in n.arguments)) * 8 for n in kernel.nodes)
    for step, index in kernel.walk(kernel.nodes, stored).steps:
        extents = {v: v.extent for one in index for v, _ in one.terms}
        total += math.prod(extents.values()) * max(1, instruction_cost(step))
    total += sum(node.arguments[0].size for node in kernel.anchors if kernel.form != "product")
    return total


def _product_operations(kernel: Kernel) -> int:
    return 2 * kernel.anchors[0].size * kernel.along.extent if kernel.form == "product" else 0


def kernel_bytes(kernel: Kernel, reads: list[Access], kept: set[Node]) -> int:
    """Return how many bytes a kernel reads from arrays and writes to them, each array counted once."""
    nodes = {access.node for access in reads} | {node for node in kernel.nodes if node in kept}
    return sum(node_bytes(node) for node in nodes)


def kernel_work(kernel: Kernel, reads: list[Access], stored: set[Node]) -> float:
    """Return about how many nanoseconds a kernel takes on one core."""
    product = _product_operations(kernel)
    rest = kernel_operations(kernel, stored) - product
    moved = sum(node_bytes(node) for node in {access.node for access in reads} | set(kernel.nodes))
    return max(product / _PRODUCT_RATE + rest / _RATE, moved / _TRAFFIC) + 5.0
