"""Reducing: how many elements become one, in lanes and in the precision that a long sum needs.

A sum of more than 128 terms in one lane is accumulated in float64, so that a million float32 terms keep six digits.
"""

from collections.abc import Iterable, Sequence

from backlit.engines.native.builder import Body
from backlit.engines.native.loops import STRANDS
from backlit.engines.native.lowering import is_signed, maximum, minimum
from backlit.engines.native.storage import instruction_cost
from backlit.engines.native.values import LLVM_TYPES, Value, constant
from backlit.graph.node import Application, Node
from backlit.graph.spec import is_floating

__all__ = ["Reduction", "strands_for"]

_LONG_SUM = 128
_CHEAP = 8
"""So many instructions for each element leave a core idle that waits for its last addition."""


def strands_for(reductions: Sequence[Application], steps: Iterable[Node], vectors: int) -> int:
    """Choose how many accumulators of each reduction stand side by side, so that they do not wait for one another.

    Args:
        reductions: The reductions.
        steps: What is computed before, for each element.
        vectors: How many vectors there are; fewer than two for each accumulator are too few.

    Returns:
        A power of two: 1, or `STRANDS`.
    """
    cheap = sum(instruction_cost(step) for step in steps) <= _CHEAP
    return STRANDS if reductions and cheap and vectors >= 2 * STRANDS else 1


class Reduction:
    """The accumulator of one reduction.

    Args:
        node: The reduction: ``sum``, ``cumulative_sum``, ``max`` or ``min``.
        terms: How many elements each lane takes in.
    """

    def __init__(self, node: Application, terms: int) -> None:
        self.node = node
        self._adds = node.op.name in {"sum", "cumulative_sum"}
        self._type = LLVM_TYPES[node.dtype]
        long = self._adds and self._type == "float" and terms > _LONG_SUM
        self._wide = "double" if long else self._type

    def neutral(self, lanes: int) -> Value:
        """Return what changes nothing."""
        return constant(self._neutral_number(), self._wide, lanes)

    def _neutral_number(self) -> float:
        if self._adds:
            return 0
        largest = self.node.op.name == "min"
        if is_floating(self.node.dtype):
            return float("inf") if largest else float("-inf")
        if self._type == "i1":
            return int(largest)
        bits = int(self._type[1:])
        if is_signed(self.node.dtype):
            return (1 << (bits - 1)) - 1 if largest else -(1 << (bits - 1))
        return (1 << bits) - 1 if largest else 0

    def take_in(self, body: Body, total: Value, value: Value, mask: Value | None) -> Value:
        """Combine an accumulator with a value, in the lanes that count."""
        if mask is not None:
            value = body.select(mask, value, constant(self._neutral_number(), value.type))
        if self._wide != value.type:
            value = body.convert("fpext", value, self._wide)
        return self._combine(body, total, body.splat(value, total.lanes))

    def join(self, body: Body, totals: Sequence[Value]) -> Value:
        """Combine accumulators that stood side by side, the nearest first."""
        while len(totals) > 1:
            totals = [self._combine(body, *pair) for pair in zip(totals[::2], totals[1::2], strict=True)]
        return totals[0]

    def _combine(self, body: Body, x: Value, y: Value) -> Value:
        if self._adds:
            return body.binary("fadd" if x.floating else "add", x, y)
        return (maximum if self.node.op.name == "max" else minimum)(body, x, y, dtype=self.node.dtype)

    def finish(self, body: Body, total: Value, *, across: bool) -> Value:
        """Return the result: of all lanes together, or lane by lane.

        Args:
            body: Where it is written.
            total: The accumulator.
            across: Whether the lanes belong to one result.
        """
        if across and total.lanes > 1:
            while total.lanes > 1:
                half = total.lanes // 2
                total = self._combine(body, body.part(total, 0, half), body.part(total, half, half))
        return body.convert("fptrunc", total, self._type)
