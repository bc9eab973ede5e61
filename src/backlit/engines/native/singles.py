"""Kernels of a single op that has a loop of its own: assembling, running sums, scattering, places, range checks."""

from collections.abc import Sequence

from backlit.engines.native.builder import Body
from backlit.engines.native.evaluating import Evaluator, Memory
from backlit.engines.native.indexing import Affine, Index, Variable, index_of
from backlit.engines.native.kernels import CHECKED, Kernel
from backlit.engines.native.loops import lane_variable, lanes_for, nest, over_vectors
from backlit.engines.native.lowering import cast_value, is_signed
from backlit.engines.native.reducing import Reduction
from backlit.engines.native.values import LLVM_TYPES, Value, constant
from backlit.engines.native.walking import Access
from backlit.graph.node import Application, Node
from backlit.graph.spec import is_floating

__all__ = ["checked_size", "emit_assembly", "emit_check", "emit_places", "emit_scan", "emit_scatter"]


def _variables(shape: Sequence[int]) -> tuple[Variable, ...]:
    return tuple(Variable(f"k{axis}", extent) for axis, extent in enumerate(shape))


class _Writer:
    """Loops over the elements of a shape, which compute some nodes there."""

    def __init__(self, body: Body, memory: Memory, stored: set[Node], shape: Sequence[int]) -> None:
        self.body, self.memory, self.stored = body, memory, stored
        self.variables = _variables(shape)
        self.index = index_of(self.variables)
        self.lane = lane_variable(self.variables)

    def copy(self, source: Node | None, target: Application, where: Index) -> None:
        """Write a node, or zeros, into the elements of another."""
        if 0 in [v.extent for v in self.variables]:
            return
        outer = [v for v in self.variables if v is not self.lane]
        extent = self.lane.extent if self.lane else 1
        lanes = lanes_for(self.body, [target if source is None else source], extent)
        if self.lane and Access(target, where, target.shape).linear().factor(self.lane) != 1:
            lanes = 1

        def row(counters: list[Value], carried: list[Value]) -> list[Value]:
            bindings = {v: (counter, 0) for v, counter in zip(outer, counters, strict=True)}

            def turn(start: Value, _: Sequence[int], mask: Value | None, carried: list[Value]) -> list[Value]:
                here = {**bindings, self.lane: (start, 0)} if self.lane else bindings
                evaluator = Evaluator(self.body, self.memory, self.stored, here, self.lane, lanes, mask)
                zero = constant(0, LLVM_TYPES[target.dtype])
                value = zero
                if source is not None:
                    value = cast_value(self.body, evaluator.fetch(source, self.index), source.dtype, target.dtype)
                evaluator.store(target, where, value)
                return carried

            return over_vectors(self.body, 0, extent, lanes, carried, turn)

        nest(self.body, [(0, v.extent) for v in outer], [], row)


def emit_assembly(body: Body, kernel: Kernel, memory: Memory, stored: set[Node]) -> None:
    """Write ``concat`` and ``pad``: arguments copied to where they stand in the result."""
    node = kernel.roots[0]
    if node.op.name == "pad":
        low, gaps = node.attributes["low"], node.attributes["interior"]
        ground = _Writer(body, memory, stored, node.shape)
        ground.copy(None, node, ground.index)
        writer = _Writer(body, memory, stored, node.arguments[0].shape)
        moved = zip(writer.index, gaps, low, strict=True)
        writer.copy(node.arguments[0], node, tuple(one.scaled(gap + 1).shifted(start) for one, gap, start in moved))
        return
    axis, start = node.attributes["axis"], 0
    for argument in node.arguments:
        writer = _Writer(body, memory, stored, argument.shape)
        where = list(writer.index)
        where[axis] = where[axis].shifted(start)
        writer.copy(argument, node, tuple(where))
        start += argument.shape[axis]


def emit_scan(body: Body, kernel: Kernel, memory: Memory, stored: set[Node]) -> None:
    """Write ``cumulative_sum``: along one axis, element after element."""
    node = kernel.roots[0]
    axis = node.attributes["axis"]
    variables = _variables(node.shape)
    along = variables[axis]
    outer = [v for v in variables if v is not along]
    total = Reduction(node, along.extent)

    def lines(counters: list[Value], carried: list[Value]) -> list[Value]:
        bindings = {v: (counter, 0) for v, counter in zip(outer, counters, strict=True)}

        def step(counters: list[Value], sums: list[Value]) -> list[Value]:
            evaluator = Evaluator(body, memory, stored, {**bindings, along: (counters[0], 0)})
            index = index_of(variables)
            after = total.take_in(body, sums[0], evaluator.fetch(node.arguments[0], index), None)
            evaluator.store(node, index, total.finish(body, after, across=False))
            return [after]

        nest(body, [(0, along.extent)], [total.neutral(1)], step)
        return carried

    nest(body, [(0, v.extent) for v in outer], [], lines)


def emit_scatter(body: Body, kernel: Kernel, memory: Memory, stored: set[Node]) -> None:
    """Write ``scatter_add``: zeros, to which the updates are added one by one, in their order."""
    node = kernel.roots[0]
    updates, indices = node.arguments
    ground = _Writer(body, memory, stored, node.shape)
    ground.copy(None, node, ground.index)
    axis = node.attributes["axis"]
    variables = _variables(updates.shape)
    # The indices run outermost, so that equal ones are added in their order.
    first = variables[axis : axis + indices.rank]
    ordered = [*first, *(v for v in variables if v not in first)]
    index = index_of(variables)

    def one(counters: list[Value], carried: list[Value]) -> list[Value]:
        bindings = {v: (counter, 0) for v, counter in zip(ordered, counters, strict=True)}
        evaluator = Evaluator(body, memory, stored, bindings)
        which = evaluator.as_index(evaluator.fetch(indices, index_of(first)), indices.dtype)
        value = evaluator.fetch(updates, index)
        target = Variable("target", 0)
        evaluator.bindings[target] = (which, 0)
        where = (*index[:axis], Affine(((target, 1),)), *index[axis + indices.rank :])
        before = evaluator.peek(node, where)
        if value.type == "i1":
            total = body.binary("or", before, value)
        else:
            total = body.binary("fadd" if is_floating(node.dtype) else "add", before, value)
        evaluator.store(node, where, total)
        return carried

    nest(body, [(0, v.extent) for v in ordered], [], one)


def emit_places(body: Body, kernel: Kernel, memory: Memory, stored: set[Node]) -> None:
    """Write ``argmax`` and ``argmin``: the first place of the largest or smallest; a NaN counts as either."""
    node = kernel.roots[0]
    argument, axis = node.arguments[0], node.attributes["axis"]
    variables = _variables(argument.shape)
    along = variables[axis]
    outer = [v for v in variables if v is not along]
    largest = node.op.name == "argmax"
    floating = is_floating(argument.dtype)
    sign = "u" if floating or not is_signed(argument.dtype) else "s"
    relation = f"{sign}{'gt' if largest else 'lt'}"
    index = index_of(variables)

    def line(counters: list[Value], carried: list[Value]) -> list[Value]:
        bindings = {v: (counter, 0) for v, counter in zip(outer, counters, strict=True)}

        def step(counters: list[Value], best: list[Value]) -> list[Value]:
            evaluator = Evaluator(body, memory, stored, {**bindings, along: (counters[0], 0)})
            value = evaluator.fetch(argument, index)
            better = body.compare(relation, value, best[0])
            if floating:
                better = body.binary("and", better, body.compare("ord", best[0], best[0]))
            return [body.select(better, value, best[0]), body.select(better, counters[0], best[1])]

        start = Evaluator(body, memory, stored, {**bindings, along: (constant(0), 0)})
        first = start.fetch(argument, index)
        found = nest(body, [(0, along.extent)], [first, constant(0)], step)
        place = body.convert("trunc", found[1], LLVM_TYPES[node.dtype])
        start.store(node, index_of(outer), place)
        return carried

    nest(body, [(0, v.extent) for v in outer], [], line)


def emit_check(body: Body, kernel: Kernel, memory: Memory, stored: set[Node]) -> list[Value]:
    """Write a check that integers lie in their range.

    Returns:
        Whether one does not (0 or 1), and the first that does not.
    """
    node = kernel.roots[0]
    integers = node.arguments[CHECKED[node.op.name]]
    size = checked_size(node)
    variables = _variables(integers.shape)

    def one(counters: list[Value], carried: list[Value]) -> list[Value]:
        bindings = {v: (counter, 0) for v, counter in zip(variables, counters, strict=True)}
        evaluator = Evaluator(body, memory, stored, bindings)
        value = evaluator.as_index(evaluator.fetch(integers, index_of(variables)), integers.dtype)
        wrong = body.compare("uge", value, constant(size))
        first = body.compare("eq", carried[0], constant(0))
        return [body.select(wrong, constant(1), carried[0]), body.select(first, value, carried[1])]

    return nest(body, [(0, v.extent) for v in variables], [constant(0), constant(0)], one)


def checked_size(node: Application) -> int:
    """Return how many places the integers of an op choose among."""
    if node.op.name == "one_hot":
        return int(node.attributes["classes"])
    if node.op.name == "take":
        return node.arguments[0].shape[int(node.attributes["axis"])]
    return int(node.attributes["size"])
