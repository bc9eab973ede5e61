"""The cost of a program: its arithmetic, the bytes it moves, its memory, and the least time that this machine needs.

The bound is the roofline (Williams, Waterman and Patterson, 2009): a kernel takes at least as long as its arithmetic at
the machine's highest rate, and at least as long as it takes to read its arrays once. The rates are measured with as
many threads as take part, and the bandwidth with a block as large as the kernel's arrays, as if the kernel ran alone
again and again: a program whose arrays push one another out of the caches cannot reach it.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from backlit.engines.native.kernels import Kernel
from backlit.engines.native.machine import bandwidth, peak_operations
from backlit.engines.native.plan import Plan
from backlit.engines.native.printing import bytes_text, count_text, paragraph, seconds_text, table_text
from backlit.engines.native.report import kernel_names
from backlit.engines.native.storage import instruction_cost
from backlit.engines.native.work import node_bytes
from backlit.graph.node import Node

__all__ = ["CostReport", "KernelCost", "bytes_of_kernel", "cost_report", "operations_of_kernel"]

_OPERATIONS = {"assembly": 0, "scan": 1, "scatter": 1, "random bits": 20}
"""Operations an element of the ops with a loop of their own; 2 of the others, which compare."""


@dataclass(frozen=True)
class KernelCost:
    """What one kernel costs.

    Args:
        number: Its place in the order.
        name: Its scopes, and what it computes.
        operations: Floating-point operations; a function such as ``exp`` counts with the instructions that it takes.
        bytes: What it reads from arrays and writes to them, each array once.
        threads: How many threads share it.
        bound: The least seconds that this machine needs for it.
        limit: What decides the bound: ``arithmetic`` or ``memory``.
    """

    number: int
    name: str
    operations: int
    bytes: int
    threads: int
    bound: float
    limit: str


@dataclass(frozen=True)
class CostReport:
    """What a program costs.

    Args:
        kernels: What each kernel costs.
        threads: How many threads run it.
        peak: The operations that this machine does in a second at most, with so many threads.
        arena_bytes: The memory, beside the user's own arrays, that all threads share.
        private_bytes: The memory that the threads have for themselves, of all of them together.
        array_bytes: The user's arrays: inputs, parameters, constants and outputs.
    """

    kernels: tuple[KernelCost, ...]
    threads: int
    peak: float
    arena_bytes: int
    private_bytes: int
    array_bytes: int

    @property
    def operations(self) -> int:
        """The operations of all kernels."""
        return sum(kernel.operations for kernel in self.kernels)

    @property
    def bytes(self) -> int:
        """The bytes that all kernels move."""
        return sum(kernel.bytes for kernel in self.kernels)

    @property
    def bound(self) -> float:
        """The least seconds that this machine needs: kernels run one after another."""
        return sum(kernel.bound for kernel in self.kernels)

    @property
    def memory_bytes(self) -> int:
        """What the program keeps beside the user's arrays."""
        return self.arena_bytes + self.private_bytes

    def as_dict(self) -> dict[str, Any]:
        """Return the report, with its totals, as dictionaries, lists, texts and numbers, as JSON can hold them.

        Returns:
            The report.

        Example:
            >>> CostReport((), 1, 1e11, 64, 64, 4096).as_dict()["memory_bytes"]
            128
        """
        totals = {"operations": self.operations, "bytes": self.bytes, "bound": self.bound}
        return {**dataclasses.asdict(self), **totals, "memory_bytes": self.memory_bytes}

    def __str__(self) -> str:
        rows = [
            _row(str(one.number), one.name, one.operations, one.bytes, one.bound, one.limit) for one in self.kernels
        ]
        rows.append(_row("", "total", self.operations, self.bytes, self.bound, ""))
        lines = table_text(("", "kernel", "operations", "bytes", "at least", "bound by"), rows, left=(1, 5))
        several = f"{self.threads} threads" if self.threads > 1 else "1 thread"
        lines += paragraph(
            f"memory: {bytes_text(self.array_bytes)} in your arrays, {bytes_text(self.memory_bytes)} beside them; "
            f"peak: {count_text(self.peak)} operations a second on {several}"
        )
        return "\n".join(lines)


def _row(number: str, name: str, operations: int, moved: int, bound: float, limit: str) -> tuple[str, ...]:
    return number, name, count_text(operations), bytes_text(moved), seconds_text(bound), limit


# ------------------------------------------------------------------------------------------------------------- counting


def operations_of_kernel(kernel: Kernel, stored: set[Node]) -> int:
    """Count the operations of a kernel.

    Args:
        kernel: The kernel.
        stored: The nodes that lie in memory.

    Returns:
        2 M N K for a product, one an element for a sum, and for each element of every other op about as many as it
        takes instructions; what several threads do each for itself is counted once.
    """
    if kernel.form not in {"rows", "columns", "product"}:
        each = _OPERATIONS.get(kernel.form, 2)
        own = sum(each * max(node.size, *(one.size for one in node.arguments)) for node in kernel.nodes)
    elif kernel.form == "product":
        own = 2 * kernel.anchors[0].size * kernel.anchors[0].arguments[0].shape[-1]
    else:
        own = sum(node.arguments[0].size for node in kernel.anchors)
    for step, index in kernel.walk(kernel.nodes, stored).steps:
        extents = {variable: variable.extent for one in index for variable, _ in one.terms}
        own += math.prod(extents.values()) * instruction_cost(step)
    return own


def bytes_of_kernel(kernel: Kernel, plan: Plan) -> int:
    """Count the bytes that a kernel reads from arrays and writes to them, each array once.

    Args:
        kernel: The kernel.
        plan: The plan.

    Returns:
        The bytes; of a table that is looked up no more than what is taken from it.
    """
    own = set(kernel.nodes)
    total = 0
    for access in {one.node: one for one in plan.ordered.reads[kernel] if one.node not in own}.values():
        taken = [node_bytes(node) for node in own] if access.index is None else []
        total += min([node_bytes(access.node), *taken])
    return total + sum(node_bytes(node) for node in own if node in plan.kept and kernel.form != "check")


def cost_report(plan: Plan) -> CostReport:
    """Count what a plan costs, and measure what this machine can do.

    Args:
        plan: The plan.

    Returns:
        The costs.
    """
    costs = []
    for kernel, name in zip(plan.kernels, kernel_names(plan), strict=True):
        division = plan.divisions[kernel]
        threads = plan.threads if division.axis is not None or division.partial else 1
        operations, moved = operations_of_kernel(kernel, plan.ordered.stored), bytes_of_kernel(kernel, plan)
        doubles = any(node.dtype == "float64" for node in (*kernel.nodes, *kernel.anchors))
        arithmetic = operations / peak_operations(threads, "float64" if doubles else "float32")
        memory = moved / bandwidth(threads, moved)
        limit = "arithmetic" if arithmetic > memory else "memory"
        costs.append(KernelCost(kernel.number, name, operations, moved, threads, max(arithmetic, memory), limit))
    return CostReport(
        kernels=tuple(costs),
        threads=plan.threads,
        peak=peak_operations(plan.threads),
        arena_bytes=plan.arena_bytes,
        private_bytes=plan.private_bytes * plan.threads,
        array_bytes=sum(node_bytes(node) for node in plan.slots),
    )
