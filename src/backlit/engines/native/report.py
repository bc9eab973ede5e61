"""The schedule as a report: which kernels a program runs, what each computes and why, and where every value lies.

``program.schedule`` is this report. It is read off the plan; nothing is decided here.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backlit.engines.native.kernels import Kernel
from backlit.engines.native.lowering import LOWERING, View
from backlit.engines.native.naming import computed_in, kernel_name, node_names, op_words
from backlit.engines.native.partition import axes_of_kernel, bounds
from backlit.engines.native.plan import Plan
from backlit.engines.native.printing import bytes_text, paragraph, table_text
from backlit.engines.native.walking import is_number
from backlit.engines.native.work import node_bytes
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Application, Node

__all__ = ["KernelReport", "ScheduleReport", "ValueReport", "kernel_names", "schedule_report"]


@dataclass(frozen=True)
class ValueReport:
    """Where one value lies while a program runs, and how long.

    Args:
        name: The node's name, or its op and scope.
        op: Its op, or ``input``, ``parameter`` or ``constant``.
        scope: The path of its scope; empty outside all.
        shape: Its shape.
        dtype: Its data type.
        bytes: What its array takes, or would take.
        place: ``input``, ``parameter``, ``output`` and ``constant`` are arrays of the user's; ``arena`` is shared by
            all threads, ``private arena`` each thread has for itself, and of ``one row`` only a row lies there;
            ``registers`` take no memory, ``code`` is a number written into the code, and a ``view`` is another value,
            read otherwise.
        offset: Where in its arena it begins, in bytes.
        made_by: The numbers of the kernels that compute it.
        dies: The number of the last kernel that reads it; None where it stays when the step is over.
    """

    name: str
    op: str
    scope: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    place: str
    offset: int | None
    made_by: tuple[int, ...]
    dies: int | None


@dataclass(frozen=True)
class KernelReport:
    """One kernel: what is computed together, in one loop nest.

    Args:
        number: Its place in the order.
        name: Its scopes, and what it computes.
        form: ``product``, ``rows`` (along rows, in passes), ``columns`` (down columns), ``check``, or an op with a
            loop of its own.
        space: The extents of its outer loops.
        fused: The names of the nodes it computes, arguments first.
        reason: Why they are one kernel.
        division: How it is divided among threads.
        parts: Where the part of each thread begins, and the end of the last; nothing where it is not cut.
        barrier: Whether all threads wait for one another before it.
        after: The numbers of the kernels whose results it reads.
        reads: The names of the arrays that it reads.
        writes: The names of the arrays that it writes.
        registers: The names of the nodes that it computes and never writes to memory.
    """

    number: int
    name: str
    form: str
    space: tuple[int, ...]
    fused: tuple[str, ...]
    reason: str
    division: str
    parts: tuple[int, ...]
    barrier: bool
    after: tuple[int, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    registers: tuple[str, ...]

    def __str__(self) -> str:
        over = " × ".join(map(str, self.space)) or "everything at once"
        lines = paragraph(f"{self.number}: {self.name}")
        lines += paragraph(f"{self.form} over {over}, {self.division}", indent=4)
        lines += paragraph(self.reason, indent=4)
        for word, names in (("reads", self.reads), ("registers", self.registers), ("writes", self.writes)):
            if names:
                lines += paragraph(f"{word}: {_by_scope(names)}", indent=4)
        return "\n".join(lines)


@dataclass(frozen=True)
class ScheduleReport:
    """What a program runs, in order.

    Args:
        kernels: The kernels in order.
        values: Where every value lies.
        threads: How many threads run it.
        rewrites: How often each rule was applied to the graph.
        arena_bytes: The memory that all threads share.
        private_bytes: The memory that each thread has besides.
    """

    kernels: tuple[KernelReport, ...]
    values: tuple[ValueReport, ...]
    threads: int
    rewrites: dict[str, int]
    arena_bytes: int
    private_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return the report as dictionaries, lists, texts and numbers, as JSON can hold them.

        Returns:
            The report.

        Example:
            >>> ScheduleReport((), (), 1, {"square": 2}, 64, 64).as_dict()["rewrites"]
            {'square': 2}
        """
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        nodes = len({name for kernel in self.kernels for name in kernel.fused})
        several = f"{self.threads} threads" if self.threads > 1 else "1 thread"
        lines = paragraph(
            f"{nodes} operations in {len(self.kernels)} kernels on {several}; "
            f"{bytes_text(self.arena_bytes)} of arena, {bytes_text(self.private_bytes)} more for each thread"
        )
        if self.rewrites:
            applied = ", ".join(f"{name} {count}×" for name, count in self.rewrites.items())
            lines += paragraph(f"rewritten first: {applied}")
        for kernel in self.kernels:
            lines += ["", *(["--- all threads wait for one another ---", ""] if kernel.barrier else []), str(kernel)]
        kept = [value for value in self.values if value.offset is not None]
        if kept:
            header = ("in the arenas", "bytes", "made by", "dies after", "lies in")
            rows = [
                (one.name, bytes_text(one.bytes), _numbers(one.made_by), str(one.dies), f"{one.place} + {one.offset}")
                for one in kept
            ]
            lines += ["", *table_text(header, rows, left=(0, 4))]
        return "\n".join(lines)


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


def _by_scope(names: tuple[str, ...]) -> str:
    """List names, and the scope of neighbours once: ``max, exp in softmax; product in layer1``."""
    groups: list[tuple[str, list[str]]] = []
    for name in names:
        what, _, scope = name.partition(" in ")
        scope = scope.partition(" (")[0]
        if not groups or groups[-1][0] != scope:
            groups.append((scope, []))
        groups[-1][1].append(what)
    return "; ".join(", ".join(whats) + (f" in {scope}" if scope else "") for scope, whats in groups)


# ------------------------------------------------------------------------------------------------- read off the plan


def kernel_names(plan: Plan) -> list[str]:
    """Name the kernels of a plan, in order.

    Args:
        plan: The plan.

    Returns:
        Their names.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", (2, 3))
        >>> with bl.scope("layer1"):
        ...     y = bl.tanh(x @ bl.constant([[1.0], [2.0], [3.0]]))
        >>> kernel_names(bl.compile(x, y, engine="native").plan)
        ['layer1 · product + tanh']
    """
    return [kernel_name(kernel, plan.ordered.stored, plan.ordered.updated) for kernel in plan.kernels]


def schedule_report(plan: Plan, rewrites: Mapping[str, int]) -> ScheduleReport:
    """Report a plan.

    Args:
        plan: The plan.
        rewrites: How often each rule was applied to the graph before.

    Returns:
        The report.
    """
    names = node_names(plan.graph)
    makers: dict[Node, list[int]] = {}
    readers: dict[Node, list[int]] = {}
    for kernel in plan.kernels:
        for node in computed_in(kernel, plan.ordered.stored) if kernel.form != "check" else ():
            makers.setdefault(node, []).append(kernel.number)
        for access in plan.ordered.reads[kernel]:
            readers.setdefault(access.node, []).append(kernel.number)
    kernels = tuple(_kernel(plan, kernel, names) for kernel in plan.kernels)
    values = tuple(_value(plan, node, names[node], makers.get(node, []), readers.get(node, [])) for node in names)
    return ScheduleReport(kernels, values, plan.threads, dict(rewrites), plan.arena_bytes, plan.private_bytes)


def _kernel(plan: Plan, kernel: Kernel, names: Mapping[Node, str]) -> KernelReport:
    own = set(kernel.nodes)
    computed = computed_in(kernel, plan.ordered.stored)
    in_memory = plan.kept | set(plan.scratch)
    checking = kernel.form == "check"
    reads = [a.node for a in plan.ordered.reads[kernel] if a.node not in own or a.node in plan.scratch]
    written = [] if checking else [node for node in computed if node in own and node in in_memory]
    updated = plan.ordered.updated
    makers = {plan.ordered.maker[node].number for node in reads if node in plan.ordered.maker}
    division, parts = _division(plan, kernel)
    return KernelReport(
        number=kernel.number,
        name=kernel_name(kernel, plan.ordered.stored, updated),
        form=kernel.form,
        space=kernel.space,
        fused=tuple(names[node] for node in computed),
        reason=_reason(plan, kernel, computed),
        division=division,
        parts=parts,
        barrier=kernel.number in plan.barriers,
        after=tuple(sorted(makers - {kernel.number})),
        reads=tuple(dict.fromkeys(names[node] for node in reads)),
        writes=tuple(names[updated[node]] if node in updated else names[node] for node in written),
        registers=() if checking else tuple(names[node] for node in computed if node not in in_memory),
    )


def _division(plan: Plan, kernel: Kernel) -> tuple[str, tuple[int, ...]]:
    if plan.threads == 1:
        return "on one thread", ()
    division = plan.divisions[kernel]
    if division.partial:
        extent, what = kernel.along.extent, "each thread sums its part, which the readers add up"
    elif division.axis is not None:
        extent, what = axes_of_kernel(kernel, plan.ordered.stored)[division.axis].extent, f"axis {division.axis} is cut"
    else:
        return "by each thread for itself" if division.each else "by one thread", ()
    edges = tuple(bounds(extent, plan.threads))
    return f"{what}: {'–'.join(map(str, edges))}", edges


def _reason(plan: Plan, kernel: Kernel, computed: list[Application]) -> str:
    """Say why its nodes are computed together."""
    words = [op_words(node) for node in computed]
    changed = [
        str(plan.ordered.updated[node].name or "a parameter") for node in kernel.nodes if node in plan.ordered.updated
    ]
    update = f"; {', '.join(changed)} changes in place" if changed else ""
    if kernel.form == "check":
        return "indices are checked before anything is changed"
    if kernel.form == "product":
        rest = _listed(words, {"product"})
        alone = (
            "a sum is whole only when every thread has its part"
            if plan.divisions[kernel].partial
            else "a product alone"
        )
        return (f"{rest} on each tile of the product before it leaves the registers" if rest else alone) + update
    if kernel.form == "columns":
        first = {op_words(node) for node in kernel.anchors}
        rest = _listed(words, first)
        return (
            f"{' and '.join(sorted(first))} down several columns at a time"
            + (f", then {rest}" if rest else "")
            + update
        )
    if kernel.form != "rows":
        return "an op with a loop of its own"
    phases = kernel.phases(plan.ordered.stored)
    if len(phases) == 1:
        return "one pass, each element through all of it in registers" + update
    passes = " | ".join(", ".join(op_words(node) for node in phase.nodes) for phase in phases)
    return f"{len(phases)} passes over a row that is still near: {passes}" + update


def _listed(words: list[str], without: set[str]) -> str:
    rest = [word for word in dict.fromkeys(words) if word not in without]
    return ", ".join(rest)


def _value(plan: Plan, node: Node, name: str, makers: list[int], readers: list[int]) -> ValueReport:
    place, offset = _place(plan, node)
    stays = place in {"input", "parameter", "output", "constant", "code", "view"}
    return ValueReport(
        name=name,
        op=node.kind,
        scope=node.scope.path if node.scope else "",
        shape=node.shape,
        dtype=node.dtype,
        bytes=node_bytes(node),
        place=place,
        offset=offset,
        made_by=tuple(makers),
        dies=None if stays else max([*makers, *readers], default=None),
    )


def _place(plan: Plan, node: Node) -> tuple[str, int | None]:
    if isinstance(node, Input):
        return "input", None
    if isinstance(node, Parameter) or node in plan.ordered.updated:
        return "parameter", None
    if isinstance(node, Constant):
        return ("code" if is_number(node) else "constant"), None
    if node in plan.scratch:
        return "one row", plan.places[node].position
    if node in plan.places and node in plan.kept:
        place = plan.places[node]
        rooms = {"arena": "arena", "private": "private arena"}
        return (rooms[place.room], place.position) if place.room in rooms else ("output", None)
    return ("view" if isinstance(LOWERING[node.kind], View) else "registers"), None
