"""Evaluating: the instructions that compute the elements of one turn of a loop.

An evaluator knows what the loop variables stand at, which of them runs along the lanes of a vector, and where arrays
lie. Asked for elements of nodes, it walks down to what is in memory or in registers and writes loads and arithmetic.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from backlit.engines.native.builder import Body
from backlit.engines.native.indexing import Affine, Index, Variable, argument_indices, linear, strides_of
from backlit.engines.native.lowering import fusible_product, lower
from backlit.engines.native.places import ARENA, PRIVATE, Place
from backlit.engines.native.values import LLVM_TYPES, Value, constant
from backlit.engines.native.walking import Access, access, base_of, is_number, walk
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node

__all__ = ["Evaluator", "Memory", "bytes_of"]


def bytes_of(type: str) -> int:
    """Return how many bytes an element of an LLVM type takes in memory."""
    return {"float": 4, "double": 8, "ptr": 8, "i1": 1}.get(type) or int(type[1:]) // 8


class Memory:
    """Where arrays lie, seen from one kernel.

    Args:
        body: The kernel being written; its parameters ``context`` and ``private`` are used.
        places: Where each stored node lies.
        scratch: The nodes of which only one row lies in memory.
        written: The nodes that this kernel writes or overwrites.
        parts: The nodes that are the sum of a part of each thread: how many, and how many bytes apart.
    """

    def __init__(
        self,
        body: Body,
        places: Mapping[Node, Place],
        scratch: Mapping[Node, int],
        written: Collection[Node],
        parts: Mapping[Node, tuple[int, int]],
    ) -> None:
        self._body = body
        self._places = places
        self.scratch = scratch
        self._written = set(written)
        self._parts = parts

    def base(self, node: Node) -> Value:
        """Return the address of a node's array."""
        place = self._places[node]
        body = self._body
        if place.room == "private":
            return body.address(body.parameter("private"), [], place.position, 1)
        slot = place.position if place.room == "slot" else ARENA
        address = body.load(body.address(body.parameter("context"), [], slot, 8), "ptr")
        return address if place.room == "slot" else body.address(address, [], place.position, 1)

    def part_bases(self, node: Node) -> list[Value]:
        """Return the addresses of a node's array: one, or that of every thread's part."""
        count, apart = self._parts.get(node, (1, 0))
        if count == 1 or self.changes(node):
            return [self.base(node)]
        body = self._body
        first = body.load(body.address(body.parameter("context"), [], PRIVATE, 8), "ptr")
        return [body.address(first, [], self._places[node].position + thread * apart, 1) for thread in range(count)]

    def changes(self, node: Node) -> bool:
        """Say whether a node's array changes while this kernel runs."""
        return node in self._written


@dataclass
class Evaluator:
    """What computes elements inside loops.

    Args:
        body: Where the instructions go.
        memory: Where arrays lie.
        stored: The nodes that lie in memory.
        bindings: What each loop variable stands at: a value, and a number to add.
        lane: The variable that runs along the lanes, if any.
        lanes: How many elements are computed at once.
        mask: Which lanes count; None for all.
        results: What is in registers already.
    """

    body: Body
    memory: Memory
    stored: set[Node]
    bindings: dict[Variable, tuple[Value, int]]
    lane: Variable | None = None
    lanes: int = 1
    mask: Value | None = None
    results: dict[Node, Value] = field(default_factory=dict)

    def compute(self, wanted: Sequence[tuple[Node, Index]]) -> list[Value]:
        """Compute elements.

        Args:
            wanted: Nodes, each with the index of the element.

        Returns:
            Their values; a single number where all lanes have the same.
        """
        known: dict[tuple[Node, Index], Value] = {}
        making = {node for node, _ in wanted if self.memory.changes(node)}
        first = {pair for pair in wanted if pair[0] in making}
        get = self._getter(known, first)
        for node, index in walk(wanted, self.stored, self.results.keys(), making).steps:
            if node.op.name == "take":
                known[node, index] = self._take(node, index, get)
                continue
            values = [get(a, own) for a, own in zip(node.arguments, argument_indices(node, index), strict=True)]
            if node.op.name == "one_hot":
                number = self.number(index[-1])
                label = self.as_index(values[0], node.arguments[0].dtype)
                hit = self.body.compare("eq", label, number)
                type = LLVM_TYPES[node.dtype]
                known[node, index] = self.body.select(hit, constant(1, type), constant(0, type))
            elif node.op.name in {"reshape", "permute_dims", "broadcast_to", "slice", "flip", "stop_gradient"}:
                known[node, index] = values[0]
            else:
                known[node, index] = self._fused(node, index, get) or lower(self.body, node, values)
        return [get(node, index) for node, index in wanted]

    def _fused(self, node: Application, index: Index, get: Callable[[Node, Index], Value]) -> Value | None:
        """Write a sum and the product in it as one instruction, where that may be and the product is computed here."""
        found = fusible_product(node)
        if found is None or found[1] in self.stored or found[1] in self.results:
            return None
        other, product = found
        where = dict(zip(node.arguments, argument_indices(node, index), strict=True))
        places = zip(product.arguments, argument_indices(product, where[product]), strict=True)
        x, y = (get(factor, own) for factor, own in places)
        if node.op.name == "subtract":
            x = self.body.negate(x)
        return self.body.fused(x, y, get(other, where[other]))

    def fetch(self, node: Node, index: Index) -> Value:
        """Read an element of a node that lies in memory, or compute it."""
        if is_number(node) or node in self.results or access(node, index, self.stored) is not None:
            return self._getter({}, set())(node, index)
        return self.compute([(node, index)])[0]

    def peek(self, node: Node, index: Index) -> Value:
        """Read an element from the memory of a node that this kernel is writing."""
        return self.load(Access(node, index, node.shape))

    def _getter(
        self, known: dict[tuple[Node, Index], Value], first: set[tuple[Node, Index]]
    ) -> Callable[[Node, Index], Value]:
        def get(node: Node, index: Index) -> Value:
            if is_number(node):
                assert isinstance(node, Constant)
                return constant(node.value.item(), LLVM_TYPES[node.dtype])
            if node in self.results:
                return self.results[node]
            if (node, index) not in known:
                found = access(node, index, () if (node, index) in first else self.stored)
                assert found is not None, node
                known[node, index] = self.load(found)
            return known[node, index]

        return get

    # --------------------------------------------------------------------------------------------------------- indices

    def number(self, index: Affine) -> Value:
        """Return what an index stands at: a vector where it runs along the lanes."""
        body = self.body
        total = constant(index.offset)
        for variable, factor in index.terms:
            value, offset = self.bindings[variable]
            total = body.whole("add", total, body.whole("mul", body.whole("add", value, offset), factor))
        factor = index.factor(self.lane) if self.lane is not None else 0
        if not factor or self.lanes == 1:
            return total
        lanes = body.binary("mul", body.lane_numbers(self.lanes), constant(factor, "i64", self.lanes))
        return body.binary("add", body.splat(total, self.lanes), lanes)

    def as_index(self, value: Value, dtype: str) -> Value:
        """Widen an integer to an index."""
        if value.type == "i64":
            return value
        return self.body.convert("sext" if dtype.startswith("int") else "zext", value, "i64")

    def _terms(self, index: Index, shape: Sequence[int]) -> tuple[list[tuple[Value, int]], int, int]:
        """Turn an index into a sum for an address, and the distance between neighbouring lanes."""
        total = linear(index, shape)
        terms, offset = [], total.offset
        for variable, factor in total.terms:
            value, more = self.bindings[variable]
            terms.append((value, factor))
            offset += more * factor
        return terms, offset, total.factor(self.lane) if self.lane is not None and self.lanes > 1 else 0

    def _row_only(self, node: Node, index: Index, shape: tuple[int, ...]) -> tuple[Index, tuple[int, ...]]:
        """Drop the leading axes of an array of which only one row lies in memory."""
        rank = self.memory.scratch.get(node, 0)
        return index[rank:], shape[rank:]

    # ---------------------------------------------------------------------------------------------------------- memory

    def load(self, found: Access) -> Value:
        """Read an element, or one for each lane."""
        assert found.index is not None
        index, shape = self._row_only(found.node, found.index, found.shape)
        terms, offset, apart = self._terms(index, shape)
        return self._read(found.node, terms, offset, apart)

    def _read(self, node: Node, terms: list[tuple[Value, int]], offset: int, apart: int) -> Value:
        body, type = self.body, LLVM_TYPES[node.dtype]
        total: Value | None = None
        for base in self.memory.part_bases(node):
            pointer = body.address(base, terms, offset, bytes_of(type))
            part = self._read_at(pointer, type, apart, pinned=self.memory.changes(node))
            total = part if total is None else body.binary("fadd" if part.floating else "add", total, part)
        assert total is not None
        return total

    def _read_at(self, pointer: Value, type: str, apart: int, *, pinned: bool) -> Value:
        body = self.body
        if apart == 0:
            return body.load(pointer, type, pinned=pinned)
        if apart == 1:
            return body.load(pointer, type, self.lanes, self.mask, pinned=pinned)
        return body.gather(pointer, self._lane_offsets(apart * bytes_of(type)), type, self.mask, pinned=pinned)

    def _lane_offsets(self, step: int) -> Value:
        """Return how many bytes from the first lane's element each lane's lies."""
        return Value(f"<{', '.join(f'i64 {lane * step}' for lane in range(self.lanes))}>", "i64", self.lanes)

    def _take(self, node: Application, index: Index, get: Callable[[Node, Index], Value]) -> Value:
        table, indices = node.arguments
        axis, count = node.attributes["axis"], indices.rank
        which = self.as_index(get(indices, index[axis : axis + count]), indices.dtype)
        strides = strides_of(table.shape)
        rest = (*index[:axis], Affine(()), *index[axis + count :])
        terms, offset, apart = self._terms(rest, table.shape)
        base = base_of(table)
        if which.lanes == 1:
            return self._read(base, [*terms, (which, strides[axis])], offset, apart)
        body, type = self.body, LLVM_TYPES[table.dtype]
        size = bytes_of(type)
        pointer = body.address(self.memory.base(base), terms, offset, size)
        moved = body.binary("mul", which, constant(strides[axis] * size, "i64", self.lanes))
        offsets = body.binary("add", moved, self._lane_offsets(apart * size))
        return body.gather(pointer, offsets, type, self.mask, pinned=self.memory.changes(base))

    def store(self, node: Node, index: Index, value: Value) -> None:
        """Write an element, or one for each lane."""
        if self.lanes > 1:
            value = self.body.splat(value, self.lanes)
        self.body.store(value, self._place(node, index), self.mask)

    def fetch_ahead(self, node: Node, index: Index) -> None:
        """Ask for the cache line of an element that will soon be written."""
        self.body.fetch_ahead(self._place(node, index), writing=True)

    def _place(self, node: Node, index: Index) -> Value:
        """Return the address at which an element is written."""
        own, shape = self._row_only(node, index, node.shape)
        terms, offset, _ = self._terms(own, shape)
        return self.body.address(self.memory.base(node), terms, offset, bytes_of(LLVM_TYPES[node.dtype]))
