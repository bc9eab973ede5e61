"""Kernels that run along rows: elementwise chains, reductions of rows, and what follows from them, in passes.

Where nothing ties a computation to its rows, neighbouring loops are merged into one long one.
"""

import itertools
from collections.abc import Sequence

from backlit.engines.native.builder import Body
from backlit.engines.native.evaluating import Evaluator, Memory
from backlit.engines.native.indexing import Index, Variable
from backlit.engines.native.kernels import Kernel, Phase
from backlit.engines.native.loops import lane_variable, lanes_for, nest, over_vectors
from backlit.engines.native.reducing import Reduction, strands_for
from backlit.engines.native.storage import instruction_cost
from backlit.engines.native.values import Value, constant
from backlit.engines.native.walking import Access
from backlit.graph.node import Application, Node

__all__ = ["Slice", "emit_rows"]

Slice = tuple[int, Value, Value] | None
"""Which axis of what a kernel runs over is divided among threads, and the part of this one."""

Range = tuple[Value | int, Value | int]

_LONG = 300
"""More instructions than this are written once, and not again for the ragged end of a row."""


def emit_rows(body: Body, kernel: Kernel, memory: Memory, stored: set[Node], kept: set[Node], part: Slice) -> None:
    """Write a kernel of the form ``rows``.

    Args:
        body: Where it is written.
        kernel: The kernel.
        memory: Where arrays lie.
        stored: The nodes that lie in memory.
        kept: The nodes of this kernel that are written to memory.
        part: The part of this thread.
    """
    _Rows(body, kernel, memory, stored, kept, part).write()


class _Rows:
    def __init__(
        self, body: Body, kernel: Kernel, memory: Memory, stored: set[Node], kept: set[Node], part: Slice
    ) -> None:
        self.body, self.kernel, self.memory, self.stored, self.kept = body, kernel, memory, stored, kept
        self.phases = kernel.phases(stored)
        self.ranges: dict[Variable, Range] = {}
        for variable in (*kernel.variables, *(v for phase in self.phases for v in kernel.inner(phase.shape))):
            self.ranges[variable] = (0, variable.extent)
        if part:
            axis, low, high = part
            every = (*kernel.variables, *kernel.inner(self.phases[0].shape))
            self.ranges[every[axis]] = (low, high)
        self.bindings: dict[Variable, tuple[Value, int]] = {}
        self._merge()

    def write(self) -> None:
        """Write the loops over rows, and inside them the passes."""
        spread = [v for v in self.kernel.variables if self._open(v)]

        def row(counters: list[Value], carried: list[Value]) -> list[Value]:
            self.bindings.update((v, (counter, 0)) for v, counter in zip(spread, counters, strict=True))
            results: dict[Node, Value] = {}
            for phase in self.phases:
                self._pass(phase, results)
            return carried

        nest(self.body, [self.ranges[v] for v in spread], [], row)

    def _open(self, variable: Variable) -> bool:
        """Say whether a variable needs a loop; one that is merged away or stands still is bound to 0."""
        if self.ranges[variable] == (0, 1):
            self.bindings[variable] = (constant(0), 0)
            return False
        return True

    # --------------------------------------------------------------------------------------------------------- passes

    def _pass(self, phase: Phase, results: dict[Node, Value]) -> None:
        """Write one pass along a row: its reductions are in ``results`` afterwards."""
        kernel, body = self.kernel, self.body
        variables = [v for v in kernel.inner(phase.shape) if self._open(v)]
        lane = lane_variable(variables)
        outer = [v for v in variables if v is not lane]
        anchors = [node for node in phase.nodes if node in kernel.anchors]
        roots = [node for node in phase.nodes if node not in kernel.anchors and self._is_written(node)]
        wanted = kernel.wanted([*anchors, *roots])
        length = self._length(lane)
        lanes = lanes_for(body, [node for node, _ in wanted], length) if lane else 1
        steps = [node for node, _ in kernel.walk(phase.nodes, self.stored).steps]
        strands = strands_for(anchors, steps, length // lanes)
        compact = sum(map(instruction_cost, steps)) > _LONG
        terms = -(-length // (lanes * strands))
        for variable in outer:
            terms *= variable.extent
        reductions = [Reduction(node, terms) for node in anchors]

        def turn(start: Value, offsets: Sequence[int], mask: Value | None, carried: list[Value]) -> list[Value]:
            totals = list(carried)
            for strand, offset in enumerate(offsets):
                bindings = {**self.bindings, lane: (start, offset)} if lane else self.bindings
                evaluator = Evaluator(body, self.memory, self.stored, bindings, lane, lanes, mask, dict(results))
                values = evaluator.compute(wanted)
                for place, (reduction, value) in enumerate(
                    zip(reductions, values, strict=False), strand * len(anchors)
                ):
                    totals[place] = reduction.take_in(body, totals[place], value, mask)
                for (node, index), value in list(zip(wanted, values, strict=True))[len(anchors) :]:
                    evaluator.store(node, index, value)
            return totals

        def inside(counters: list[Value], carried: list[Value]) -> list[Value]:
            self.bindings.update((v, (counter, 0)) for v, counter in zip(outer, counters, strict=True))
            if lane is None:
                return turn(constant(0), [0], None, carried)
            return over_vectors(body, *self.ranges[lane], lanes, carried, turn, strands, compact=compact)

        neutral = [reduction.neutral(lanes) for reduction in reductions] * strands
        totals = nest(body, [self.ranges[v] for v in outer], neutral, inside)
        for place, reduction in enumerate(reductions):
            total = reduction.join(body, totals[place :: len(reductions)])
            results[reduction.node] = reduction.finish(body, total, across=True)
        self._store_results(anchors, results)

    def _is_written(self, node: Application) -> bool:
        return node in self.kept or node in self.memory.scratch

    def _length(self, lane: Variable | None) -> int:
        if lane is None:
            return 1
        start, stop = self.ranges[lane]
        return stop - start if isinstance(start, int) and isinstance(stop, int) else lane.extent

    def _store_results(self, anchors: list[Application], results: dict[Node, Value]) -> None:
        wanted: list[tuple[Node, Index]] = [(node, self.kernel.index(node)) for node in anchors if node in self.kept]
        evaluator = Evaluator(self.body, self.memory, self.stored, self.bindings)
        for node, index in wanted:
            evaluator.store(node, index, results[node])

    # --------------------------------------------------------------------------------------------------------- merging

    def _merge(self) -> None:
        """Merge each loop into the one inside it where, in every array, its steps go on where the inner loop ends."""
        kernel = self.kernel
        if kernel.anchors or len(self.phases) != 1:
            return
        variables = (*kernel.variables, *kernel.inner(self.phases[0].shape))
        found = kernel.walk(kernel.nodes, self.stored)
        if any(access.index is None for access in found.accesses):
            return
        counted = {v for node, index in found.steps if node.op.name in {"one_hot", "take"} for v in _variables(index)}
        linear = [access.linear() for access in found.accesses]
        linear += [Access(n, kernel.index(n), n.shape).linear() for n in kernel.roots if self._is_written(n)]
        for outer, inner in itertools.pairwise(variables):
            stands_still = self.ranges[outer] == (0, 1)
            if stands_still or self.ranges[inner] != (0, inner.extent) or {outer, inner} & counted:
                continue
            if all(one.factor(outer) == one.factor(inner) * inner.extent for one in linear):
                low, high = self.ranges[outer]
                self.ranges[inner] = (self._times(low, inner.extent), self._times(high, inner.extent))
                self.ranges[outer] = (0, 1)

    def _times(self, number: Value | int, factor: int) -> Value | int:
        return number * factor if isinstance(number, int) else self.body.whole("mul", number, factor)


def _variables(index: Index) -> set[Variable]:
    return {variable for one in index for variable, _ in one.terms}
