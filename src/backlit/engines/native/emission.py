"""Emission: the plan written as LLVM's intermediate representation, a function a kernel and one for the step."""

import itertools
import math

from backlit.engines.native.builder import Body, Module
from backlit.engines.native.clock import emit_reading
from backlit.engines.native.columns import emit_columns
from backlit.engines.native.evaluating import Evaluator, Memory, bytes_of
from backlit.engines.native.float_state import emit_float_state, restore_float_state
from backlit.engines.native.indexing import Variable
from backlit.engines.native.kernels import Kernel
from backlit.engines.native.partition import Division, axes_of_kernel, bounds, granule_of
from backlit.engines.native.places import BARRIER, CLOCK, FAULT, PRIVATE
from backlit.engines.native.plan import Plan, strides_in
from backlit.engines.native.product import Matrix, emit_product
from backlit.engines.native.random_bits import emit_random_bits
from backlit.engines.native.rows import Slice, emit_rows
from backlit.engines.native.singles import emit_assembly, emit_check, emit_places, emit_scan, emit_scatter
from backlit.engines.native.synchronisation import emit_barrier
from backlit.engines.native.values import LLVM_TYPES, Value, constant
from backlit.engines.native.walking import Access
from backlit.graph.node import Node

__all__ = ["STEP", "emit_program", "readings"]

STEP = "step"
"""The exported function: ``i64 step(ptr context, i64 thread)``; 0 where all went well."""

_PARAMETERS = (("ptr", "context"), ("ptr", "private"), ("i64", "low"), ("i64", "high"))


def emit_program(plan: Plan, *, clock: bool = False) -> str:
    """Write a program.

    Args:
        plan: What it does.
        clock: Whether each thread writes down the time when it begins, and before and after each kernel.

    Returns:
        The text of an LLVM module that exports ``step``.
    """
    module = Module(plan.target)
    for kernel in plan.kernels:
        _emit_kernel(module, plan, kernel)
    _emit_step(module, plan, clock=clock)
    return str(module)


def _name(kernel: Kernel) -> str:
    return f"kernel{kernel.number}"


def _written(plan: Plan, kernel: Kernel) -> set[Node]:
    """List the nodes whose arrays a kernel changes: what it makes, and the parameters it updates in place."""
    updated = plan.ordered.updated
    return {*kernel.nodes, *(updated[node] for node in kernel.nodes if node in updated)}


def _emit_kernel(module: Module, plan: Plan, kernel: Kernel) -> None:
    body = module.body(_name(kernel), _PARAMETERS)
    parts = dict.fromkeys(plan.parts, (plan.threads, plan.private_bytes))
    memory = Memory(body, plan.places, plan.scratch, _written(plan, kernel), parts)
    kept = plan.kept
    passing = {node for node in kernel.nodes if node not in kept and node not in plan.scratch}
    stored = plan.ordered.stored - passing
    result = None
    if kernel.form != "check" and all(node.size == 0 for node in kernel.nodes):
        pass
    elif kernel.form == "rows":
        emit_rows(body, kernel, memory, stored, kept, _part(body, plan.divisions[kernel]))
    elif kernel.form == "columns":
        emit_columns(body, kernel, memory, stored, kept, _part(body, plan.divisions[kernel]))
    elif kernel.form == "product":
        _emit_product(body, plan, kernel, memory, stored)
    elif kernel.form == "check":
        wrong, value = emit_check(body, kernel, memory, stored)
        with body.when(body.compare("ne", wrong, constant(0))):
            body.store(value, body.address(body.parameter("context"), [], FAULT, 8))
        result = body.whole("mul", wrong, kernel.number + 1)
    elif kernel.form == "random bits":
        emit_random_bits(body, kernel.roots[0], memory)
    else:
        _SINGLES[kernel.form](body, kernel, memory, stored)
    body.close(result, "nounwind noinline")


_SINGLES = {
    "assembly": emit_assembly,
    "scan": emit_scan,
    "scatter": emit_scatter,
    "place of the largest": emit_places,
    "place of the smallest": emit_places,
}


def _part(body: Body, division: Division) -> Slice:
    if division.axis is None:
        return None
    return division.axis, body.parameter("low"), body.parameter("high")


def _emit_product(body: Body, plan: Plan, kernel: Kernel, memory: Memory, stored: set[Node]) -> None:
    node = kernel.anchors[0]
    left, right = kernel.operands(plan.ordered.stored)
    *batch, row, column = kernel.variables
    whole = {v: (constant(0), constant(v.extent)) for v in kernel.variables}
    division = plan.divisions[kernel]
    inner = (body.parameter("low"), body.parameter("high")) if division.partial else None
    if division.axis is not None:
        whole[kernel.variables[division.axis]] = (body.parameter("low"), body.parameter("high"))
    scratch = body.address(body.parameter("private"), [], plan.product_scratch, 1)
    roots = kernel.wanted(one for one in kernel.roots if one is not node and one in plan.kept)

    def write(bindings: dict[Variable, tuple[Value, int]]) -> None:
        def finish(
            body: Body, here: tuple[Value, int], there: tuple[Value, int], vector: Value, mask: Value | None
        ) -> None:
            results: dict[Node, Value] = {node: vector}
            now = {**bindings, row: here, column: there}
            evaluator = Evaluator(body, memory, stored, now, column, vector.lanes, mask, results)
            values = evaluator.compute(roots)
            for (one, index), value in zip(roots, values, strict=True):
                evaluator.store(one, index, value)
            if node in plan.kept:
                evaluator.store(node, kernel.index(node), vector)

        def ahead(body: Body, here: tuple[Value, int], there: tuple[Value, int]) -> None:
            evaluator = Evaluator(body, memory, stored, {**bindings, row: here, column: there})
            for one, index in roots:
                if one in plan.ordered.updated:
                    evaluator.fetch_ahead(one, index)

        matrices = [
            Matrix(_start(body, memory, access, kernel, bindings), *strides_in(access, kernel, rows=first))
            for access, first in ((left, True), (right, False))
        ]
        emit_product(
            body,
            plan.products[kernel],
            *matrices,
            rows=whole[row],
            columns=whole[column],
            inner=inner,
            scratch=scratch,
            finish=finish,
            ahead=ahead,
            granules=_granules(row.extent, kernel.along.extent, threads=plan.threads),
        )

    def over(rest: list[Variable], bindings: dict[Variable, tuple[Value, int]]) -> None:
        if not rest:
            write(bindings)
            return
        with body.loop(*whole[rest[0]]) as loop:
            over(rest[1:], {**bindings, rest[0]: (loop.index, 0)})

    over(list(batch), {})


def _granules(rows: int, steps: int, *, threads: int) -> tuple[int, int]:
    """Return what the lengths of all slices of two axes are multiples of."""
    first, second = (math.gcd(extent, granule_of(extent, threads)) for extent in (rows, steps))
    return first, second


def _start(
    body: Body, memory: Memory, access: Access, kernel: Kernel, bindings: dict[Variable, tuple[Value, int]]
) -> Value:
    """Return the address of the first element of an operand."""
    total = access.linear()
    terms = [(value, total.factor(v)) for v, (value, _) in bindings.items() if total.factor(v)]
    size = bytes_of(LLVM_TYPES[access.node.dtype])
    return body.address(memory.base(access.node), terms, total.offset, size)


def readings(plan: Plan) -> int:
    """Return how many times a thread of a timed step writes down, filled up to whole cache lines."""
    return -(-(1 + 2 * len(plan.kernels)) // 16) * 16


def _emit_step(module: Module, plan: Plan, *, clock: bool) -> None:
    """Write the function that a thread calls: every kernel in turn, and the barriers between them."""
    body = module.body(STEP, (("ptr", "context"), ("i64", "thread")), exported=True)
    context, thread = body.parameter("context"), body.parameter("thread")
    saved = emit_float_state(body)
    private = body.load(body.address(context, [], PRIVATE, 8), "ptr")
    private = body.address(private, [(thread, plan.private_bytes)], 0, 1)
    barrier = emit_barrier(module, plan.threads) if plan.threads > 1 else ""
    flags = body.load(body.address(context, [], BARRIER, 8), "ptr") if barrier else context
    times = itertools.count()

    def write_time() -> None:
        if clock:
            table = body.load(body.address(context, [], CLOCK, 8), "ptr")
            body.store(emit_reading(body), body.address(table, [(thread, readings(plan))], next(times), 8))

    write_time()
    for kernel in plan.kernels:
        if kernel.number in plan.barriers:
            body.line(f"call void @{barrier}({flags.typed}, {thread.typed})")
        write_time()
        low, high = _bounds(body, plan, kernel, thread)
        call = f"@{_name(kernel)}({context.typed}, {private.typed}, {low.typed}, {high.typed})"
        if kernel.form == "check":
            status = body.emit(f"call i64 {call}", [context], "i64", pinned=True)
            with body.when(body.compare("ne", status, constant(0))):
                restore_float_state(body, saved)
                body.line(f"ret {status.typed}")
                body.label(body.fresh("unreached")[1:])
        elif _everyone(plan, kernel):
            body.line(f"call void {call}")
        else:
            with body.when(body.compare("eq", thread, constant(0))):
                body.line(f"call void {call}")
        write_time()
    restore_float_state(body, saved)
    body.close(constant(0))


def _everyone(plan: Plan, kernel: Kernel) -> bool:
    division = plan.divisions[kernel]
    return plan.threads == 1 or division.each or division.partial or division.axis is not None


def _bounds(body: Body, plan: Plan, kernel: Kernel, thread: Value) -> tuple[Value, Value]:
    """Return where this thread's part of a kernel begins and ends."""
    division = plan.divisions[kernel]
    if division.partial:
        extent = kernel.along.extent
    elif division.axis is None:
        return constant(0), constant(0)
    else:
        extent = axes_of_kernel(kernel, plan.ordered.stored)[division.axis].extent
    edges = bounds(extent, plan.threads)
    low, high = constant(edges[0]), constant(edges[1])
    for number in range(1, plan.threads):
        mine = body.compare("eq", thread, constant(number))
        low = body.select(mine, constant(edges[number]), low)
        high = body.select(mine, constant(edges[number + 1]), high)
    return low, high
