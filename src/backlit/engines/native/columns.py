"""Kernels that run down columns: sums (or extremes) over leading axes, and what is computed from them.

Neighbouring columns lie side by side in memory, so they fill the lanes of a vector, and several vectors are taken down
together.
"""

from collections.abc import Sequence

from backlit.engines.native.builder import Body
from backlit.engines.native.evaluating import Evaluator, Memory
from backlit.engines.native.indexing import Variable
from backlit.engines.native.kernels import Kernel, reduction_axes
from backlit.engines.native.loops import lane_variable, lanes_for, nest, over_vectors
from backlit.engines.native.reducing import Reduction, strands_for
from backlit.engines.native.rows import Slice
from backlit.engines.native.values import Value
from backlit.graph.node import Node

__all__ = ["emit_columns"]


def emit_columns(body: Body, kernel: Kernel, memory: Memory, stored: set[Node], kept: set[Node], part: Slice) -> None:
    """Write a kernel of the form ``columns``.

    Args:
        body: Where it is written.
        kernel: The kernel.
        memory: Where arrays lie.
        stored: The nodes that lie in memory.
        kept: The nodes of this kernel that are written to memory.
        part: The part of this thread.
    """
    ranges: dict[Variable, tuple[Value | int, Value | int]] = {v: (0, v.extent) for v in kernel.variables}
    if part:
        axis, low, high = part
        ranges[kernel.variables[axis]] = (low, high)
    lane = lane_variable(kernel.variables)
    assert lane is not None
    outer = [v for v in kernel.variables if v is not lane]
    lengths = tuple(kernel.anchors[0].arguments[0].shape[axis] for axis in reduction_axes(kernel.anchors[0]))
    inner = kernel.inner(lengths)
    terms = 1
    for length in lengths:
        terms *= length
    reductions = [Reduction(node, terms) for node in kernel.anchors]
    operands = kernel.wanted(kernel.anchors)
    roots = kernel.wanted(node for node in kernel.roots if node not in kernel.anchors and node in kept)
    lanes = lanes_for(body, [node for node, _ in (*operands, *roots)], lane.extent)

    steps = [node for node, _ in kernel.walk(kernel.nodes, stored).steps]
    strands = strands_for(kernel.anchors, steps, lane.extent // lanes)

    def down(counters: list[Value], carried: list[Value]) -> list[Value]:
        bindings = {v: (counter, 0) for v, counter in zip(outer, counters, strict=True)}

        def turn(start: Value, offsets: Sequence[int], mask: Value | None, _: list[Value]) -> list[Value]:
            def step(counters: list[Value], totals: list[Value]) -> list[Value]:
                now = {**bindings, **{v: (counter, 0) for v, counter in zip(inner, counters, strict=True)}}
                found = []
                for strand, offset in enumerate(offsets):
                    here = {**now, lane: (start, offset)}
                    values = Evaluator(body, memory, stored, here, lane, lanes, mask).compute(operands)
                    own = totals[strand * len(reductions) :]
                    pairs = zip(reductions, own, values, strict=False)
                    found += [reduction.take_in(body, total, value, None) for reduction, total, value in pairs]
                return found

            neutral = [reduction.neutral(lanes) for reduction in reductions] * len(offsets)
            totals = nest(body, [(0, length) for length in lengths], neutral, step)
            for strand, offset in enumerate(offsets):
                own = totals[strand * len(reductions) : (strand + 1) * len(reductions)]
                results: dict[Node, Value] = {
                    reduction.node: reduction.finish(body, total, across=False)
                    for reduction, total in zip(reductions, own, strict=True)
                }
                here = {**bindings, lane: (start, offset)}
                evaluator = Evaluator(body, memory, stored, here, lane, lanes, mask, results)
                values = evaluator.compute(roots)
                for (node, index), value in zip(roots, values, strict=True):
                    evaluator.store(node, index, value)
                for node in kernel.anchors:
                    if node in kept:
                        evaluator.store(node, kernel.index(node), results[node])
            return []

        over_vectors(body, *ranges[lane], lanes, [], turn, strands)
        return carried

    nest(body, [ranges[v] for v in outer], [], down)
