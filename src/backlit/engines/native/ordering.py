"""The order of the kernels, and the updates that are written straight into their parameters.

A kernel runs after those that make what it reads. A parameter that is updated in place is written only after every
kernel that reads its old value, and after every check that can fail. Where that cannot be, as when two parameters
exchange their values, the new value is kept apart and copied at the end.
"""

import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from backlit.engines.native.kernels import Kernel
from backlit.engines.native.schedule import Schedule
from backlit.engines.native.walking import Access
from backlit.graph.graph import Graph
from backlit.graph.leaves import Parameter
from backlit.graph.node import Application, Node
from backlit.graph.op import find_op

__all__ = ["Ordered", "order"]


@dataclass
class Ordered:
    """Kernels in the order in which they run.

    Args:
        graph: What they compute: the graph asked for, with copies added where an update cannot be made in place.
        kernels: The kernels.
        stored: The nodes that lie in memory, or pass through it.
        maker: The kernel that makes each stored node.
        reads: What each kernel reads.
        updated: For each new value of a parameter, the parameter.
    """

    graph: Graph
    kernels: list[Kernel]
    stored: set[Node]
    maker: dict[Node, Kernel]
    reads: dict[Kernel, list[Access]]
    updated: dict[Node, Parameter]


def order(graph: Graph, apart: Collection[Node] = ()) -> Ordered:
    """Schedule a graph and put its kernels in order.

    Args:
        graph: What is to run.
        apart: Products that are summed in parts, so that nothing joins them.

    Returns:
        The kernels, and the graph with a copy for every update that cannot be made in place.
    """
    kept: set[Node] = set()
    graph = _set_apart(graph, _never_in_place(graph), kept)
    # Why this ends: a round that does not return sets at least one parameter apart, and no two rounds the same one. For
    # its new value is then a copy of a value that was kept. The kernel that copies reads nothing that is overwritten
    # and makes nothing that is read, so it may always write in place, and no kernel waits for it: it is on no cycle,
    # and whatever cycle is left has an update that no round has set apart yet.
    for _ in range(len(graph.updates) + 1):
        schedule = Schedule(graph, kept, apart)
        reads = {kernel: kernel.reads(schedule.stored) for kernel in schedule.kernels}
        refused = [θ for θ, value in graph.updates.items() if not _in_place(schedule, reads, θ, value)]
        if not refused:
            kernels, refused = _sorted(schedule, reads)
            if not refused:
                for number, kernel in enumerate(kernels):
                    kernel.number = number
                updated: dict[Node, Parameter] = {value: θ for θ, value in graph.updates.items()}
                return Ordered(graph, kernels, schedule.stored, schedule.maker, reads, updated)
        graph = _set_apart(graph, refused, kept)
    raise AssertionError("a parameter was set apart in two rounds")


def _never_in_place(graph: Graph) -> list[Parameter]:
    """List the parameters whose new value is wanted elsewhere too, or is no computation."""
    values = list(graph.updates.values())
    return [
        θ
        for θ, value in graph.updates.items()
        if not isinstance(value, Application) or value in graph.outputs or values.count(value) > 1
    ]


def _set_apart(graph: Graph, parameters: list[Parameter], kept: set[Node]) -> Graph:
    """Give parameters a copy of their new value as their new value."""
    if not parameters:
        return graph
    updates = dict(graph.updates)
    for parameter in parameters:
        kept.add(updates[parameter])
        updates[parameter] = find_op("stop_gradient")(updates[parameter])
    return Graph(graph.inputs, graph.outputs, updates)


def _in_place(schedule: Schedule, reads: dict[Kernel, list[Access]], parameter: Parameter, value: Node) -> bool:
    """Say whether a kernel may overwrite a parameter: it reads, of the old value, only the element it replaces."""
    kernel = schedule.maker[value]
    if kernel.form not in {"rows", "columns", "product"}:
        return False
    own = [access for access in reads[kernel] if access.node is parameter]
    if any(access.index != kernel.index(value) or access.shape != parameter.shape for access in own):
        return False
    passes = kernel.phases(schedule.stored)
    made = next(number for number, phase in enumerate(passes) if value in phase.nodes)
    later = [node for phase in passes[made + 1 :] for node in phase.nodes]
    found = kernel.walk(later, schedule.stored).accesses if own and kernel.form == "rows" else []
    return all(access.node is not parameter for access in found)


def _sorted(schedule: Schedule, reads: dict[Kernel, list[Access]]) -> tuple[list[Kernel], list[Parameter]]:
    """Sort topologically; where kernels wait for one another, find the updates that have to be set apart.

    Scheduling again for each of them would take as many rounds as there are updates. What it would change is known
    beforehand: the kernel that makes the value no longer waits for those that read the old one, and sorting goes on.
    """
    writer = {θ: schedule.maker[value] for θ, value in schedule.graph.updates.items()}
    after: dict[Kernel, list[tuple[Kernel, Parameter | None]]] = {kernel: [] for kernel in schedule.kernels}
    because: dict[Parameter | None, list[Kernel]] = {None: [], **{θ: [] for θ in writer}}
    waiting = dict.fromkeys(schedule.kernels, 0)
    for earlier, later, cause in dict.fromkeys(_edges(schedule, reads, writer)):
        after[earlier].append((later, cause))
        because[cause].append(earlier)
        waiting[later] += 1
    place = {kernel: number for number, kernel in enumerate(schedule.kernels)}
    ready = [place[kernel] for kernel in schedule.kernels if not waiting[kernel]]
    candidates = iter(sorted(writer, key=lambda θ: _reluctance(schedule, schedule.graph.updates[θ])))
    done: dict[Kernel, None] = {}
    apart: dict[Parameter, None] = {}
    while len(done) < len(schedule.kernels):
        if ready:
            kernel = schedule.kernels[heapq.heappop(ready)]
            done[kernel] = None
            freed = [later for later, cause in after[kernel] if cause not in apart]
        else:
            parameter = next((θ for θ in candidates if any(one not in done for one in because[θ])), None)
            assert parameter is not None, "kernels wait for one another, and for no update"
            apart[parameter] = None
            freed = [writer[parameter] for earlier in because[parameter] if earlier not in done]
        for one in freed:
            waiting[one] -= 1
            if not waiting[one]:
                heapq.heappush(ready, place[one])
    return list(done), list(apart)


def _reluctance(schedule: Schedule, value: Node) -> int:
    """Say how late to set an update apart: hardly any kernel waits for a copy, and none for one of a kept value."""
    if not schedule.is_copy(value):
        return 0
    return 2 if isinstance(value.arguments[0], Application) else 1


def _edges(
    schedule: Schedule, reads: dict[Kernel, list[Access]], writer: dict[Parameter, Kernel]
) -> Iterator[tuple[Kernel, Kernel, Parameter | None]]:
    """List which kernel has to run before which, and the parameter because of whose update, if it is that."""
    checks = [kernel for kernel in schedule.kernels if kernel.form == "check"]
    for kernel in schedule.kernels:
        for node in (access.node for access in reads[kernel]):
            if node in schedule.maker and schedule.maker[node] is not kernel:
                yield schedule.maker[node], kernel, None
            elif isinstance(node, Parameter) and node in writer and writer[node] is not kernel:
                yield kernel, writer[node], node
        if kernel.form != "check":
            yield from ((check, kernel, None) for check in schedule.checks_of(kernel, kernel.nodes))
    for parameter, kernel in writer.items():
        yield from ((check, kernel, parameter) for check in checks)
