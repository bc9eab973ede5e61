"""The order of the kernels, and the updates that are written straight into their parameters.

A kernel runs after those that make what it reads. A parameter that is updated in place is written only after every
kernel that reads its old value, and after every check that can fail. Where that cannot be, as when two parameters
exchange their values, the new value is kept apart and copied at the end.
"""

import heapq
from collections.abc import Collection
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
    while True:
        schedule = Schedule(graph, kept, apart)
        reads = {kernel: kernel.reads(schedule.stored) for kernel in schedule.kernels}
        refused = [θ for θ, value in graph.updates.items() if not _in_place(schedule, reads, θ, value)]
        if not refused:
            kernels, stuck = _sorted(schedule, reads)
            if not stuck:
                for number, kernel in enumerate(kernels):
                    kernel.number = number
                updated: dict[Node, Parameter] = {value: θ for θ, value in graph.updates.items()}
                return Ordered(graph, kernels, schedule.stored, schedule.maker, reads, updated)
            refused = stuck
        graph = _set_apart(graph, refused, kept)


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
    """Sort topologically; if that cannot be, return an update that stands in the way."""
    writer = {θ: schedule.maker[value] for θ, value in schedule.graph.updates.items()}
    before: dict[Kernel, set[Kernel]] = {kernel: set() for kernel in schedule.kernels}
    for kernel in schedule.kernels:
        for access in reads[kernel]:
            if access.node in schedule.maker:
                before[kernel].add(schedule.maker[access.node])
            elif isinstance(access.node, Parameter) and access.node in writer:
                before[writer[access.node]].add(kernel)
    _put_checks_first(schedule, set(writer.values()), before)
    place = {kernel: number for number, kernel in enumerate(schedule.kernels)}
    after: dict[Kernel, list[Kernel]] = {kernel: [] for kernel in schedule.kernels}
    waiting = {}
    for kernel, earlier in before.items():
        earlier.discard(kernel)
        waiting[kernel] = len(earlier)
        for one in earlier:
            after[one].append(kernel)
    ready = [place[kernel] for kernel in schedule.kernels if not waiting[kernel]]
    ordered: list[Kernel] = []
    while ready:
        kernel = schedule.kernels[heapq.heappop(ready)]
        ordered.append(kernel)
        for one in after[kernel]:
            waiting[one] -= 1
            if not waiting[one]:
                heapq.heappush(ready, place[one])
    done = set(ordered)
    # Hardly anything waits for a copy: what stands in the way is first of all a value that is written directly.
    stuck = [θ for θ, kernel in writer.items() if kernel not in done]
    return ordered, ([θ for θ in stuck if not schedule.is_copy(schedule.graph.updates[θ])] or stuck)[:1]


def _put_checks_first(schedule: Schedule, writers: set[Kernel], before: dict[Kernel, set[Kernel]]) -> None:
    checks = [kernel for kernel in schedule.kernels if kernel.form == "check"]
    if not checks:
        return
    for kernel in writers:
        before[kernel].update(checks)
    for kernel in schedule.kernels:
        if kernel.form != "check":
            before[kernel].update(schedule.checks_of(kernel, kernel.nodes))
