"""The partition: which part of each kernel a thread does, and where threads must wait for one another.

A cache line that one core has written costs another core about as long to fetch as twenty lines of its own. So a thread
should keep to the same slice of every weight in all that is done with it: in the forward product, in the gradient and
in the update. Which axis each kernel is cut along is chosen for the whole step by what it costs: work, bytes that cross
from core to core, and barriers. Each kernel in turn takes the cut that costs least beside its neighbours, until none
changes any more.
"""

import itertools
from dataclasses import dataclass

from backlit.engines.native.indexing import Variable
from backlit.engines.native.kernels import Kernel
from backlit.engines.native.ordering import Ordered
from backlit.engines.native.walking import Access
from backlit.engines.native.work import kernel_work, node_bytes
from backlit.graph.leaves import Parameter
from backlit.graph.node import Node

__all__ = ["Division", "Partition", "axes_of_kernel", "bounds", "divide"]

_CROSSING = 5.0
"""Bytes a nanosecond that one core can fetch from another's cache."""

_BARRIER = 500.0
"""Nanoseconds that threads lose at a barrier, most of them because they do not arrive together."""

_START = 2500.0
"""Nanoseconds for starting and joining the other threads."""

_GRANULE = 16
"""Slices begin at multiples of so many elements, where there are enough of them."""

_SWEEPS = 6


@dataclass(frozen=True)
class Division:
    """How one kernel is divided.

    Args:
        axis: The axis of what it runs over that is cut into one part a thread; None where it is not cut.
        each: Whether every thread does the whole of it, into an arena of its own.
    """

    axis: int | None = None
    each: bool = False

    def __str__(self) -> str:
        if self.axis is not None:
            return f"cut along axis {self.axis}"
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
        ([0, 144, 300], [0, 5, 10])
    """
    granule = _GRANULE if extent >= 2 * _GRANULE * threads else 1
    inner = [round(extent * thread / threads / granule) * granule for thread in range(1, threads)]
    return [0, *inner, extent]


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


class Partition:
    """The search for the cheapest partition.

    Args:
        ordered: The kernels.
        kept: The nodes that are written to memory.
        threads: How many threads there are.
    """

    def __init__(self, ordered: Ordered, kept: set[Node], threads: int) -> None:
        self._ordered, self._kept, self._threads = ordered, kept, threads
        self._variables = {kernel: axes_of_kernel(kernel, ordered.stored) for kernel in ordered.kernels}
        self._work = {kernel: kernel_work(kernel, ordered.reads[kernel], ordered.stored) for kernel in ordered.kernels}
        self._reads = {
            kernel: [one for one in dict.fromkeys(ordered.reads[kernel]) if self._written(one.node)]
            for kernel in ordered.kernels
        }
        self._readers: dict[Kernel, set[Kernel]] = {kernel: set() for kernel in ordered.kernels}
        for kernel, reads in self._reads.items():
            for access in reads:
                self._readers[self._writer(access.node)].add(kernel)
        self._choices = {kernel: self._possible(kernel) for kernel in ordered.kernels}
        self.divisions = {kernel: choices[0] for kernel, choices in self._choices.items()}

    def _written(self, node: Node) -> bool:
        return node in self._ordered.maker or node in self._ordered.graph.updates

    def _writer(self, node: Node) -> Kernel:
        """Return the kernel that writes a node; of a parameter, the one that updated it in the step before."""
        value = self._ordered.graph.updates[node] if isinstance(node, Parameter) else node
        return self._ordered.maker[value]

    def _possible(self, kernel: Kernel) -> list[Division]:
        if kernel.form == "check":
            return [Division(each=True)]
        variables = self._variables[kernel]
        if kernel.form in {"product", "columns"}:
            variables = tuple(reversed(variables))
        every = self._variables[kernel]
        cuts = [Division(every.index(v)) for v in variables if v.extent >= self._threads]
        public = {*self._ordered.graph.outputs, *self._ordered.updated}
        own = [] if any(node in public for node in kernel.nodes) else [Division(each=True)]
        return [*cuts, *own, Division()]

    def search(self) -> float:
        """Improve the partition until no kernel gains by another cut.

        Returns:
            About how many nanoseconds a step takes.
        """
        for _ in range(_SWEEPS):
            changed = False
            for kernel in self._ordered.kernels:
                if len(self._choices[kernel]) == 1:
                    continue
                costs = {choice: self._local(kernel, choice) for choice in self._choices[kernel]}
                best = min(costs, key=lambda choice: costs[choice])
                if costs[best] < costs[self.divisions[kernel]] - 1.0:
                    self.divisions[kernel] = best
                    changed = True
            if not changed:
                break
        kernels = self._ordered.kernels
        return _START + sum(self._alone(k, self.divisions[k]) + self._reading(k, self.divisions) for k in kernels)

    def alone(self) -> float:
        """Return about how many nanoseconds a step takes on one thread."""
        return sum(self._work.values())

    def _local(self, kernel: Kernel, choice: Division) -> float:
        """Return what a kernel costs with its neighbours: its work, what it reads, and what others read of it."""
        trial = self.divisions
        before, trial[kernel] = trial[kernel], choice
        cost = self._alone(kernel, choice) + self._reading(kernel, trial)
        cost += sum(self._reading(reader, trial) for reader in self._readers[kernel] if reader is not kernel)
        trial[kernel] = before
        return cost

    def _alone(self, kernel: Kernel, choice: Division) -> float:
        work = self._work[kernel]
        if choice.axis is None:
            return work
        extent = self._variables[kernel][choice.axis].extent
        edges = bounds(extent, self._threads)
        largest = max(high - low for low, high in itertools.pairwise(edges))
        return work * largest / extent

    def _reading(self, kernel: Kernel, divisions: dict[Kernel, Division]) -> float:
        cost = 0.0
        for access in self._reads[kernel]:
            writer = self._writer(access.node)
            if writer is kernel and not isinstance(access.node, Parameter):
                continue
            crossing = self._crossing(access, writer, kernel, divisions)
            if crossing:
                cost += crossing / _CROSSING + (0 if isinstance(access.node, Parameter) else _BARRIER)
        return cost

    def _crossing(self, access: Access, writer: Kernel, reader: Kernel, divisions: dict[Kernel, Division]) -> float:
        """Return how many bytes a thread reads that another has written."""
        made, used = divisions[writer], divisions[reader]
        if made.each:
            return 0.0
        size = node_bytes(access.node)
        if made.axis is None:
            return 0.0 if used.axis is None and not used.each else size
        share = size * (self._threads - 1) / self._threads
        cut = self.cut_of(access, reader, used)
        return 0.0 if cut is not None and cut == self._cut_made(access.node, writer, made) else share

    def cut_of(self, access: Access, kernel: Kernel, division: Division) -> tuple[int, int] | None:
        """Return the axis of an array, and its length, along which a kernel's cut divides what it reads of it."""
        if division.axis is None or access.index is None:
            return None
        variable = self._variables[kernel][division.axis]
        for axis, one in enumerate(access.index):
            if one.terms == ((variable, 1),) and one.offset == 0 and access.shape[axis] == variable.extent:
                return _canonical(access.shape, axis)
        return None

    def _cut_made(self, node: Node, writer: Kernel, division: Division) -> tuple[int, int] | None:
        value = self._ordered.graph.updates[node] if isinstance(node, Parameter) else node
        return self.cut_of(Access(value, writer.index(value), value.shape), writer, division)

    def conflicts(self, access: Access, writer: Kernel, reader: Kernel) -> bool:
        """Say whether a thread reads what another has written."""
        return self._crossing(access, writer, reader, self.divisions) > 0


def _canonical(shape: tuple[int, ...], axis: int) -> tuple[int, int]:
    """Name an axis so that a reshape that only adds or drops axes of length 1 does not change its name."""
    return sum(1 for extent in shape[:axis] if extent != 1), shape[axis]


def divide(ordered: Ordered, kept: set[Node], threads: int) -> tuple[int, dict[Kernel, Division], set[int]]:
    """Divide the kernels among threads.

    Args:
        ordered: The kernels.
        kept: The nodes that are written to memory.
        threads: How many threads there are.

    Returns:
        How many threads are worth their while, the division of each kernel, and the numbers of the kernels before
        which there is a barrier.
    """
    one = {kernel: Division() for kernel in ordered.kernels}
    if threads == 1:
        return 1, one, set()
    partition = Partition(ordered, kept, threads)
    if partition.search() > partition.alone() * 0.9:
        return 1, one, set()
    return threads, partition.divisions, _barriers(ordered, partition)


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
