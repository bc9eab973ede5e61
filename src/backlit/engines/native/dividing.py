"""How a step is divided among threads: whether at all, which products are summed in parts, and where threads wait.

A partition is the cheapest for the kernels there are. But a product that is summed in parts is a kernel of its own, and
what follows it another, so that it is decided before: here several proposals are tried, each with its own kernels.
"""

from collections.abc import Collection
from typing import NamedTuple

from backlit.engines.native.kernels import Kernel
from backlit.engines.native.ordering import Ordered, order
from backlit.engines.native.partition import GRANULE, Division, Partition
from backlit.engines.native.walking import Access
from backlit.graph.graph import Graph
from backlit.graph.leaves import Parameter
from backlit.graph.node import Node

__all__ = ["Divided", "divide"]

_GAIN = 0.9
"""Several threads must need less than this part of the time of one, to be worth their cores."""


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
        >>> divide(Graph(outputs=[bl.sum(bl.input("x", shape=(1000, 1000)))]), 2).threads
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


def _sums_in_parts(ordered: Ordered) -> list[Collection[Node]]:
    """Propose products that might better be summed in parts, so that a thread keeps to some rows of their weights.

    The rows of a thread lie in one piece, and it needs the same ones for the gradient. Where it has made some columns
    of a product, they are rows of the next one's sum: so of a chain all products are proposed, or every second one,
    from the first or from the second.
    """
    depth: dict[Node, int] = {}
    for kernel in ordered.kernels:
        if kernel.form != "product" or any(node in ordered.updated for node in kernel.nodes):
            continue
        node = kernel.anchors[0]
        left, right = kernel.operands(ordered.stored)
        weights = isinstance(right.node, Parameter) and right.node in ordered.graph.updates
        rows = right.index is not None and right.index[0].factor(kernel.along) == 1
        if node.rank == 2 and kernel.along.extent >= 2 * GRANULE and weights and rows:
            maker = ordered.maker.get(left.node)
            earlier = [depth[one] for one in (maker.anchors if maker else ()) if one in depth]
            depth[node] = 1 + max(earlier, default=0)
    first = [node for node, one in depth.items() if one % 2 == 1]
    second = [node for node, one in depth.items() if one % 2 == 0]
    return [first, second, [*first, *second]] if second else [first] if first else []


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
