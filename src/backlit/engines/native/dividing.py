"""How a step is divided among threads: whether at all, which products are summed in parts, and where threads wait.

A partition is the cheapest for the kernels there are. But a product that is summed in parts is a kernel of its own, and
what follows it another, so that it is decided before: here several proposals are tried, each with its own kernels.
"""

from typing import NamedTuple

from backlit.engines.native.kernels import Kernel
from backlit.engines.native.ordering import Ordered, order
from backlit.engines.native.partition import GRANULE, Division, Partition
from backlit.engines.native.walking import Access
from backlit.engines.native.work import node_bytes
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant, Parameter
from backlit.graph.node import Node

__all__ = ["Divided", "divide"]

_GAIN = 0.9
"""Several threads must need less than this part of the time of one, to be worth their cores."""

_SMALL = 128 * 1024
"""Bytes of a gradient of which every thread may keep a part of its own beside everything else in its caches."""


class Divided(NamedTuple):
    """The kernels of a step, divided among threads.

    Args:
        cost: About how many nanoseconds a step takes.
        ordered: The kernels.
        threads: How many threads there are.
        divisions: How each kernel is divided.
        barriers: The numbers of the kernels before which all threads wait for one another.
    """

    cost: float
    ordered: Ordered
    threads: int
    divisions: dict[Kernel, Division]
    barriers: set[int]


def divide(graph: Graph, threads: int) -> Divided:
    """Make the kernels of a graph, and divide them among as many threads as are worth their while: all, or one.

    Args:
        graph: What is to run.
        threads: How many threads may run it.

    Returns:
        The cheapest way that was found.

    Example:
        >>> import backlit as bl
        >>> divide(Graph(outputs=[bl.exp(bl.input("x", shape=(1000, 1000)))]), 2).threads
        2
    """
    ordered = order(graph)
    partition = Partition(ordered, threads)
    alone = partition.alone()
    best = Divided(alone, ordered, 1, {kernel: Division() for kernel in ordered.kernels}, set())
    if threads == 1 or partition.is_too_short():
        return best
    for apart in ((), *_sums_in_parts(ordered)):
        if apart:
            ordered = order(graph, apart)
            partition = Partition(ordered, threads, apart)
        cost = partition.search()
        if cost < (best.cost if best.threads > 1 else alone * _GAIN):
            best = Divided(cost, ordered, threads, partition.divisions, _barriers(ordered, partition))
    return best


def _sums_in_parts(ordered: Ordered) -> list[list[Node]]:
    """Propose products that might better be summed in parts.

    The rows of a weight that a thread keeps to lie in one piece, and it needs the same ones for the gradient: so it
    sums over these. With a large batch and small weights it is better that each thread does some rows of the batch, and
    sums its part of every gradient.
    """
    forward: list[Node] = []
    gradients: list[Node] = []
    for kernel in ordered.kernels:
        if kernel.form != "product" or kernel.along.extent < 4 * GRANULE or kernel.anchors[0].rank != 2:
            continue
        node = kernel.anchors[0]
        if all(made not in ordered.updated for made in kernel.nodes):
            forward += [node] if _sums_over_rows_of_a_weight(kernel, ordered) else []
        elif node_bytes(node) <= _SMALL:
            gradients.append(node)
    return [proposal for proposal in (forward, gradients) if proposal]


def _sums_over_rows_of_a_weight(kernel: Kernel, ordered: Ordered) -> bool:
    weight = kernel.operands(ordered.stored)[1]
    leaf = isinstance(weight.node, (Parameter, Constant))
    return leaf and weight.index is not None and weight.index[0].factor(kernel.along) == 1


def _barriers(ordered: Ordered, partition: Partition) -> set[int]:
    """Find where threads must wait: before a thread reads what another wrote, or overwrites what another reads."""
    barriers: set[int] = set()
    wrote: dict[Node, Kernel] = {}
    reading: dict[Node, list[tuple[Access, Kernel]]] = {}
    for kernel in ordered.kernels:
        parameters = [ordered.updated[node] for node in kernel.nodes if node in ordered.updated]
        waits = any(
            access.node in wrote and partition.conflicts(access, wrote[access.node], kernel)
            for access in ordered.reads[kernel]
        )
        for parameter in parameters:
            for access, reader in reading.get(parameter, ()):
                waits = waits or (reader is not kernel and partition.conflicts(access, kernel, reader))
        if waits:
            barriers.add(kernel.number)
            wrote.clear()
            reading.clear()
        for access in ordered.reads[kernel]:
            reading.setdefault(access.node, []).append((access, kernel))
        if kernel.form != "check":
            wrote.update(dict.fromkeys(kernel.nodes, kernel))
    return barriers
