"""The plan of a program: kernels in order, what each thread does, where everything lies.

It is made before any instruction is written, and it is what ``program.schedule`` prints.
"""

from dataclasses import dataclass, field

from backlit.engines.native.dividing import divide
from backlit.engines.native.kernels import Kernel
from backlit.engines.native.memory import Arena, Lifetime, array_bytes, leaf_slots, whole_lines
from backlit.engines.native.ordering import Ordered
from backlit.engines.native.partition import Division
from backlit.engines.native.places import FIRST_SLOT, Place
from backlit.engines.native.product_plan import ProductPlan, plan_product
from backlit.engines.native.storage import instruction_cost
from backlit.engines.native.target import Target
from backlit.engines.native.walking import Access
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node

__all__ = ["Plan", "make_plan"]

_FEW = 4
"""So few instructions are written for each register of sums, and not once for a row of them in memory."""


@dataclass
class Plan:
    """Everything that is decided before code is written.

    Args:
        ordered: The kernels in order.
        target: The machine.
        threads: How many threads run it.
        divisions: How each kernel is divided among the threads.
        barriers: The numbers of the kernels before which all threads wait for one another.
        kept: The nodes that are written to memory.
        scratch: The nodes of which one row lies in memory, with the number of axes that the row does not have.
        places: Where every node lies.
        lifetimes: How long each value in the arena is needed.
        products: How each matrix product is computed.
        arena_bytes: The size of the arena that all threads share.
        private_bytes: The size of the arena that each thread has for itself.
        product_scratch: Where in it the products keep their copies.
        slots: The nodes whose arrays stand in the context, from entry ``FIRST_SLOT`` on.
    """

    ordered: Ordered
    target: Target
    threads: int
    divisions: dict[Kernel, Division]
    barriers: set[int]
    kept: set[Node]
    scratch: dict[Node, int] = field(default_factory=dict)
    places: dict[Node, Place] = field(default_factory=dict)
    lifetimes: list[Lifetime] = field(default_factory=list)
    products: dict[Kernel, ProductPlan] = field(default_factory=dict)
    arena_bytes: int = 0
    private_bytes: int = 0
    product_scratch: int = 0
    slots: list[Node] = field(default_factory=list)

    @property
    def parts(self) -> set[Node]:
        """The products of which every thread has a part of each sum."""
        return {kernel.anchors[0] for kernel, division in self.divisions.items() if division.partial}

    @property
    def graph(self) -> Graph:
        """What is computed."""
        return self.ordered.graph

    @property
    def kernels(self) -> list[Kernel]:
        """The kernels in order."""
        return self.ordered.kernels


def make_plan(graph: Graph, target: Target, threads: int) -> Plan:
    """Plan a program.

    Args:
        graph: What is to run, rewritten already.
        target: The machine.
        threads: How many threads may run it.

    Returns:
        The plan.
    """
    _, ordered, count, divisions, barriers = divide(graph, threads)
    readers = _readers(ordered)
    plan = Plan(ordered, target, count, divisions, barriers, _kept(ordered, readers))
    _plan_products(plan)
    _place_leaves(plan)
    _place_values(plan, readers)
    return plan


def _readers(ordered: Ordered) -> dict[Node, list[Kernel]]:
    readers: dict[Node, list[Kernel]] = {}
    for kernel in ordered.kernels:
        for access in ordered.reads[kernel]:
            readers.setdefault(access.node, []).append(kernel)
    return readers


def _kept(ordered: Ordered, readers: dict[Node, list[Kernel]]) -> set[Node]:
    """Find what must be written: outputs, new values of parameters, and what another kernel reads."""
    kept: set[Node] = {node for node in ordered.graph.outputs if isinstance(node, Application)}
    kept.update(ordered.updated)
    for node, kernel in ordered.maker.items():
        if any(reader is not kernel for reader in readers.get(node, ())):
            kept.add(node)
    return kept


def _plan_products(plan: Plan) -> None:
    for kernel in plan.kernels:
        if kernel.form != "product" or 0 in kernel.space:
            continue
        node = kernel.anchors[0]
        left, right = plan.ordered.maker[node].operands(plan.ordered.stored)
        rows, columns = node.shape[-2:]
        inner = node.arguments[0].shape[-1]
        updating = any(root in plan.ordered.updated for root in kernel.roots)
        plan.products[kernel] = plan_product(
            plan.target,
            rows,
            columns,
            inner,
            node.dtype,
            strides_in(left, kernel, rows=True),
            strides_in(right, kernel, rows=False),
            updating=updating,
            light=updating and _instructions(plan, kernel) <= _FEW,
        )


def _instructions(plan: Plan, kernel: Kernel) -> int:
    """Count the instructions for each element of what follows a product."""
    steps = kernel.walk(kernel.nodes, plan.ordered.stored).steps
    return sum(instruction_cost(node) for node, _ in steps)


def strides_in(access: Access, kernel: Kernel, *, rows: bool) -> tuple[int, int]:
    """Return the row and column stride of an operand of a product, in elements."""
    total = access.linear()
    row, column = kernel.variables[-2:]
    first, second = (row, kernel.along) if rows else (kernel.along, column)
    return total.factor(first), total.factor(second)


def _place_leaves(plan: Plan) -> None:
    graph = plan.graph
    read = {access.node for accesses in plan.ordered.reads.values() for access in accesses}
    constants = [node for node in graph.nodes if isinstance(node, Constant) and node in read]
    plan.places.update(leaf_slots(graph.inputs, graph.parameters, constants))
    plan.slots = [*plan.places]
    for node in dict.fromkeys(graph.outputs):
        if isinstance(node, Application):
            plan.places[node] = Place("slot", FIRST_SLOT + len(plan.slots))
            plan.slots.append(node)
    for value, parameter in plan.ordered.updated.items():
        plan.places[value] = plan.places.setdefault(parameter, Place("slot", FIRST_SLOT + len(plan.slots)))
        if parameter not in plan.slots:
            plan.slots.append(parameter)


def _place_values(plan: Plan, readers: dict[Node, list[Kernel]]) -> None:
    """Give every value between its first write and its last read a place in an arena."""
    shared, private = Arena(), Arena()
    plan.product_scratch = private.take(max([64, *(whole_lines(one.scratch_bytes) for one in plan.products.values())]))
    taken: list[tuple[int, Arena, int, int]] = []
    for kernel in plan.kernels:
        for _, arena, start, size in (one for one in taken if one[0] < kernel.number):
            arena.give(start, size)
        taken = [one for one in taken if one[0] >= kernel.number]
        _place_scratch(plan, kernel, private)
        each = plan.divisions[kernel].each or plan.divisions[kernel].partial
        for node in kernel.nodes:
            if kernel.form == "check" or node not in plan.kept or node in plan.places:
                continue
            size = array_bytes(node)
            arena = private if each else shared
            start = arena.take(size)
            plan.places[node] = Place("private" if arena is private else "arena", start)
            last = max([kernel.number, *(reader.number for reader in readers.get(node, ()))])
            plan.lifetimes.append(Lifetime(node, kernel.number, last, size))
            free = last if plan.threads == 1 else _behind_barrier(plan, last)
            taken.append((free, arena, start, size))
    plan.arena_bytes, plan.private_bytes = max(64, shared.size), max(64, private.size)


def _behind_barrier(plan: Plan, number: int) -> int:
    """Return the last kernel before the first barrier after a kernel; the end where there is none."""
    after = [barrier for barrier in plan.barriers if barrier > number]
    return min(after) - 1 if after else len(plan.kernels)


def _place_scratch(plan: Plan, kernel: Kernel, private: Arena) -> None:
    """Find what a kernel of rows needs again in a later pass, and give one row of it a place."""
    if kernel.form != "rows":
        return
    own = set(kernel.nodes)
    for phase in kernel.phases(plan.ordered.stored):
        for access in kernel.walk(phase.nodes, plan.ordered.stored).accesses:
            node = access.node
            if node in own and node not in plan.kept and node not in kernel.anchors and node not in plan.scratch:
                rank = len(kernel.space)
                plan.scratch[node] = rank
                plan.places[node] = Place("private", private.take(array_bytes(node, rank)))
