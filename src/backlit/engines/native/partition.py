"""The partition: which part of each kernel a thread does, and where threads must wait for one another.

A cache line that one core has written costs another core about as long to fetch as twenty lines of its own. So a thread
should keep to the same slice of every weight in all that is done with it: in the forward product, in the gradient and
in the update. Which axis each kernel is cut along is chosen for the whole step by what it costs: work, bytes that cross
from core to core, and barriers. Each kernel in turn takes the cut that costs least beside its neighbours, until none
changes any more.
"""

import itertools
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from backlit.engines.native.indexing import Variable
from backlit.engines.native.kernels import Kernel
from backlit.engines.native.ordering import Ordered
from backlit.engines.native.walking import Access
from backlit.engines.native.work import kernel_work, node_bytes
from backlit.graph.leaves import Parameter
from backlit.graph.node import Node

__all__ = ["GRANULE", "Division", "Partition", "axes_of_kernel", "bounds", "granule_of"]

_CROSSING = 5.0
"""Bytes a nanosecond that one core can fetch from another's cache."""

_BARRIER = 500.0
"""Nanoseconds that threads lose at a barrier, most of them because they do not arrive together."""

_START = 2500.0
"""Nanoseconds for starting and joining the other threads: a step that takes less stays on one."""

_SEAM = 80.0
"""Nanoseconds lost for each place where slices of two threads touch that change, and each pass over it: their cores
fetch lines ahead, and so take from each other what they need again at once."""

_SEAM_OF_CONSTANTS = 20.0
"""The same where nothing changes: lines are fetched for nothing."""

GRANULE = 8
"""Slices begin at multiples of so many elements, where there are enough of them: tiles of rows are as tall."""

_VECTOR = 16
"""Elements of a vector: along the last axis work comes in whole ones."""

_SWEEPS = 6
_FEW = 40
"""Up to so many kernels, moves of neighbours together are tried too."""


@dataclass(frozen=True)
class Division:
    """How one kernel is divided.

    Args:
        axis: The axis of what it runs over that is cut into one part a thread; None where it is not cut.
        each: Whether every thread does the whole of it, into an arena of its own.
        partial: Whether every thread sums a part of a product, which those who read it add up.
    """

    axis: int | None = None
    each: bool = False
    partial: bool = False

    def __str__(self) -> str:
        if self.axis is not None:
            return f"cut along axis {self.axis}"
        if self.partial:
            return "summed in parts"
        return "done by each thread" if self.each else "done by one thread"


def bounds(extent: int, threads: int) -> list[int]:
    """Return where the parts of an axis begin, and the end: the same for every axis of that length.

    Args:
        extent: The length of the axis.
        threads: The number of parts.

    Returns:
        One number more than there are parts.

    Example:
        >>> bounds(300, 2), bounds(10, 2)
        ([0, 152, 300], [0, 5, 10])
    """
    granule = granule_of(extent, threads)
    inner = [round(extent * thread / threads / granule) * granule for thread in range(1, threads)]
    return [0, *inner, extent]


def granule_of(extent: int, threads: int) -> int:
    """Return of what number all inner bounds of an axis are multiples.

    Args:
        extent: The length of the axis.
        threads: The number of parts.

    Returns:
        The number; 1 where that would leave some thread with little.

    Example:
        >>> granule_of(300, 2), granule_of(10, 2)
        (8, 1)
    """
    return GRANULE if extent >= 4 * GRANULE * threads else 1


def axes_of_kernel(kernel: Kernel, stored: set[Node]) -> tuple[Variable, ...]:
    """Return the loop variables along which a kernel may be cut."""
    if kernel.form in {"columns", "product"}:
        return kernel.variables
    if kernel.form != "rows":
        return ()
    phases = kernel.phases(stored)
    if kernel.anchors or len(phases) != 1:
        return kernel.variables
    return (*kernel.variables, *kernel.inner(phases[0].shape))


@dataclass(frozen=True)
class Edge:
    """What one kernel reads of what another writes.

    Args:
        writer: The number of the kernel that writes.
        table: For each cut of the writer and of the reader, the nanoseconds that crossing bytes take.
        waits: Whether the reader runs in the same step, and must wait where bytes cross.
    """

    writer: int
    table: list[list[float]]
    waits: bool


class Partition:
    """The search for the cheapest partition.

    Args:
        ordered: The kernels.
        threads: How many threads there are.
        apart: Products that are summed in parts.

    Attributes:
        divisions: How each kernel is divided, when ``search`` has been called.
    """

    def __init__(self, ordered: Ordered, threads: int, apart: Collection[Node] = ()) -> None:
        self._ordered, self._threads, self._apart = ordered, threads, apart
        kernels = self._kernels = ordered.kernels
        self._variables = {kernel: axes_of_kernel(kernel, ordered.stored) for kernel in kernels}
        self._choices = [self._possible(kernel) for kernel in kernels]
        self._work = [kernel_work(kernel, ordered.reads[kernel], ordered.stored) for kernel in kernels]
        self._alone = [
            [self._time(number, choice) for choice in choices] for number, choices in enumerate(self._choices)
        ]
        self._edges = [self._edges_into(kernel) for kernel in kernels]
        self._readers: list[list[int]] = [[] for _ in kernels]
        for reader, edges in enumerate(self._edges):
            for edge in edges:
                if edge.writer != reader and reader not in self._readers[edge.writer]:
                    self._readers[edge.writer].append(reader)
        self._chosen = [0 for _ in kernels]
        self.divisions = {kernel: Division() for kernel in kernels}

    def _possible(self, kernel: Kernel) -> list[Division]:
        if kernel.form == "check":
            return [Division(each=True)]
        if kernel.form == "product" and kernel.anchors[0] in self._apart:
            return [Division(partial=True)]
        every = self._variables[kernel]
        variables = tuple(reversed(every)) if kernel.form in {"product", "columns"} else every
        cuts = [Division(every.index(v)) for v in variables if v.extent >= self._threads]
        public = {*self._ordered.graph.outputs, *self._ordered.updated}
        own = [] if any(node in public for node in kernel.nodes) else [Division(each=True)]
        return [*cuts, *own, Division()]

    def _time(self, number: int, choice: Division) -> float:
        """Return the nanoseconds that a kernel's own work takes."""
        work = self._work[number]
        if choice.partial:
            return work / self._threads + self._seams(number, choice)
        if choice.axis is None:
            return work
        variables = self._variables[self._kernels[number]]
        extent = variables[choice.axis].extent
        largest = max(high - low for low, high in itertools.pairwise(bounds(extent, self._threads)))
        vector = _VECTOR if choice.axis == len(variables) - 1 else 1
        return work * -(-largest // vector) / -(-extent // vector) + self._seams(number, choice)

    def _seams(self, number: int, choice: Division) -> float:
        """Return the nanoseconds lost where slices lie side by side: none where each is of one piece."""
        kernel = self._kernels[number]
        own = [Access(node, kernel.index(node), node.shape) for node in kernel.nodes]
        lost = 0.0
        for access in dict.fromkeys([*self._ordered.reads[kernel], *own]):
            cut = self.cut_of(access, kernel, choice)
            if cut is not None and cut[0] > 1:
                lost += cut[0] * (_SEAM_OF_CONSTANTS if self._writer(access.node) is None else _SEAM)
        return lost

    def _edges_into(self, kernel: Kernel) -> list[Edge]:
        """Tabulate what reading costs a kernel, for every pair of cuts of the writer and of itself."""
        edges = []
        own = self._choices[kernel.number]
        for access in dict.fromkeys(self._ordered.reads[kernel]):
            writer = self._writer(access.node)
            old = isinstance(access.node, Parameter)
            if writer is None or (writer is kernel and not old):
                continue
            table = [
                [self._crossing(access, writer, kernel, made, used) / _CROSSING for used in own]
                for made in self._choices[writer.number]
            ]
            edges.append(Edge(writer.number, table, waits=not old))
        return edges

    def _writer(self, node: Node) -> Kernel | None:
        """Return the kernel that writes a node; of a parameter, the one that updated it in the step before."""
        value = self._ordered.graph.updates.get(node) if isinstance(node, Parameter) else node
        return self._ordered.maker.get(value) if value is not None else None

    # --------------------------------------------------------------------------------------------------------- search

    def search(self) -> float:
        """Improve the partition until no kernel gains by another cut, from several beginnings.

        Returns:
            About how many nanoseconds a step takes.
        """
        wishes: list[Callable[[Division], bool]] = [lambda _: True, lambda one: one.each, lambda one: one.axis == 0]
        found = []
        for number, wish in enumerate(wishes):
            self._chosen = [next((n for n, one in enumerate(own) if wish(one)), 0) for own in self._choices]
            self._settle(range(len(self._kernels)))
            if len(self._kernels) <= _FEW:
                self._move_together()
            found.append((self._total(), number, self._chosen))
        cost, _, chosen = min(found)
        pairs = zip(self._kernels, self._choices, chosen, strict=True)
        self.divisions = {kernel: choices[number] for kernel, choices, number in pairs}
        return cost

    def alone(self) -> float:
        """Return about how many nanoseconds a step takes on one thread."""
        return sum(self._work)

    def is_too_short(self) -> bool:
        """Say whether a step is over on one thread before others would have begun."""
        return self.alone() < _START

    def _settle(self, numbers: Sequence[int]) -> None:
        """Let each kernel take the cut that costs least beside its neighbours, until none changes."""
        for _ in range(_SWEEPS):
            changed = False
            for number in numbers:
                if len(self._choices[number]) == 1:
                    continue
                now = self._chosen[number]
                costs = [self._local(number, choice) for choice in range(len(self._choices[number]))]
                best = costs.index(min(costs))
                better = costs[best] < costs[now] - 1.0
                self._chosen[number] = best if better else now
                changed = changed or better
            if not changed:
                break

    def _move_together(self) -> None:
        """Try each other cut of each kernel with its neighbours following suit."""
        best = self._total()
        for number, choices in enumerate(self._choices):
            near = [*(edge.writer for edge in self._edges[number]), *self._readers[number]]
            near = [one for one in dict.fromkeys(near) if one != number]
            for choice in range(len(choices)):
                before = list(self._chosen)
                self._chosen[number] = choice
                self._settle(near)
                total = self._total()
                if total < best - 1.0:
                    best = total
                else:
                    self._chosen = before

    def _local(self, number: int, choice: int) -> float:
        """Return what a kernel costs with its neighbours: its work, what it reads, and what others read of it."""
        before, self._chosen[number] = self._chosen[number], choice
        cost = self._alone[number][choice] + self._reading(number)
        for reader in self._readers[number]:
            cost += self._reading(reader)
        self._chosen[number] = before
        return cost

    def _reading(self, reader: int) -> float:
        """Return the nanoseconds that what others wrote costs a kernel, a barrier included where it must wait."""
        cost, waits, chosen = 0.0, False, self._chosen
        own = chosen[reader]
        for edge in self._edges[reader]:
            crossing = edge.table[chosen[edge.writer]][own]
            if crossing:
                cost += crossing
                waits = waits or edge.waits
        return cost + _BARRIER if waits else cost

    def _total(self) -> float:
        numbers = range(len(self._kernels))
        return _START + sum(self._alone[n][self._chosen[n]] + self._reading(n) for n in numbers)

    # ------------------------------------------------------------------------------------------------------- crossing

    def _crossing(self, access: Access, writer: Kernel, reader: Kernel, made: Division, used: Division) -> float:
        """Return how many bytes a thread reads that another has written."""
        if made.each:
            return 0.0
        size = node_bytes(access.node)
        if made.partial:
            return float(size) if used.axis is None else size / self._threads
        if made.axis is None:
            return 0.0 if used == Division() else float(size)
        share = size * (self._threads - 1) / self._threads
        cut = self.cut_of(access, reader, used)
        return 0.0 if cut is not None and cut == self._cut_made(access.node, writer, made) else share

    def cut_of(self, access: Access, kernel: Kernel, division: Division) -> tuple[int, int] | None:
        """Return the axis of an array, and its length, along which a kernel's cut divides what it reads of it."""
        if access.index is None or (division.axis is None and not division.partial):
            return None
        variable = kernel.along if division.partial else self._variables[kernel][division.axis or 0]
        for axis, one in enumerate(access.index):
            if one.terms == ((variable, 1),) and one.offset == 0 and access.shape[axis] == variable.extent:
                return _canonical(access.shape, axis)
        return None

    def _cut_made(self, node: Node, writer: Kernel, division: Division) -> tuple[int, int] | None:
        value = self._ordered.graph.updates[node] if isinstance(node, Parameter) else node
        return self.cut_of(Access(value, writer.index(value), value.shape), writer, division)

    def conflicts(self, access: Access, writer: Kernel, reader: Kernel) -> bool:
        """Say whether a thread reads what another has written."""
        return self._crossing(access, writer, reader, self.divisions[writer], self.divisions[reader]) > 0


def _canonical(shape: tuple[int, ...], axis: int) -> tuple[int, int]:
    """Name an axis by its length and that of all before it: in any shape, one name means the same slices of memory."""
    return math.prod(shape[:axis]), shape[axis]
