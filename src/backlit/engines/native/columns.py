"""Kernels that run down columns: sums (or extremes) over leading axes, and what is computed from them.

Neighbouring columns lie side by side in memory, so they fill the lanes of a vector, and several vectors are taken down
together.
"""

import math
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

Bindings = dict[Variable, tuple[Value, int]]


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
    _Columns(body, kernel, memory, stored, kept, part).write()


class _Columns:
    def __init__(
        self, body: Body, kernel: Kernel, memory: Memory, stored: set[Node], kept: set[Node], part: Slice
    ) -> None:
        self.body, self.kernel, self.memory, self.stored, self.kept = body, kernel, memory, stored, kept
        self.ranges: dict[Variable, tuple[Value | int, Value | int]] = {v: (0, v.extent) for v in kernel.variables}
        if part:
            axis, low, high = part
            self.ranges[kernel.variables[axis]] = (low, high)
        lane = lane_variable(kernel.variables)
        assert lane is not None
        self.lane = lane
        self.lengths = tuple(kernel.anchors[0].arguments[0].shape[axis] for axis in reduction_axes(kernel.anchors[0]))
        self.reductions = [Reduction(node, math.prod(self.lengths)) for node in kernel.anchors]
        self.operands = kernel.wanted(kernel.anchors)
        self.roots = kernel.wanted(node for node in kernel.roots if node not in kernel.anchors and node in kept)
        self.lanes = lanes_for(body, [node for node, _ in (*self.operands, *self.roots)], lane.extent)
        steps = [node for node, _ in kernel.walk(kernel.anchors, stored).steps]
        self.strands = strands_for(kernel.anchors, steps, lane.extent // self.lanes)

    def write(self) -> None:
        """Write the loops over columns."""
        outer = [v for v in self.kernel.variables if v is not self.lane]

        def group(counters: list[Value], carried: list[Value]) -> list[Value]:
            bindings = {v: (counter, 0) for v, counter in zip(outer, counters, strict=True)}

            def turn(start: Value, offsets: Sequence[int], mask: Value | None, _: list[Value]) -> list[Value]:
                places = [{**bindings, self.lane: (start, offset)} for offset in offsets]
                totals = self._down(places, mask)
                for strand, place in enumerate(places):
                    self._finish(place, mask, totals[strand * len(self.reductions) :])
                return []

            return over_vectors(self.body, *self.ranges[self.lane], self.lanes, carried, turn, self.strands)

        nest(self.body, [self.ranges[v] for v in outer], [], group)

    def _down(self, places: list[Bindings], mask: Value | None) -> list[Value]:
        """Write the loop down some vectors of columns that stand side by side."""
        inner = self.kernel.inner(self.lengths)

        def step(counters: list[Value], totals: list[Value]) -> list[Value]:
            row: Bindings = {v: (counter, 0) for v, counter in zip(inner, counters, strict=True)}
            values: list[Value] = []
            for place in places:
                here = {**place, **row}
                evaluator = Evaluator(self.body, self.memory, self.stored, here, self.lane, self.lanes, mask)
                values += evaluator.compute(self.operands)
            triples = zip(self.reductions * len(places), totals, values, strict=True)
            return [reduction.take_in(self.body, total, value, None) for reduction, total, value in triples]

        neutral = [reduction.neutral(self.lanes) for reduction in self.reductions] * len(places)
        return nest(self.body, [(0, length) for length in self.lengths], neutral, step)

    def _finish(self, place: Bindings, mask: Value | None, totals: list[Value]) -> None:
        """Write what becomes of the totals of one vector of columns."""
        results: dict[Node, Value] = {
            reduction.node: reduction.finish(self.body, total, across=False)
            for reduction, total in zip(self.reductions, totals, strict=False)
        }
        evaluator = Evaluator(self.body, self.memory, self.stored, place, self.lane, self.lanes, mask, results)
        for (node, index), value in zip(self.roots, evaluator.compute(self.roots), strict=True):
            evaluator.store(node, index, value)
        for node in self.kernel.anchors:
            if node in self.kept:
                evaluator.store(node, self.kernel.index(node), results[node])
