"""The writer: instructions in LLVM's text, each in the outermost loop in which its operands exist.

So nothing is computed again in a loop that does not change it. And the same instruction on the same operands is written
once, where the first one can be seen.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from backlit.engines.native.values import Value, constant

__all__ = ["Loop", "Writer"]


@dataclass
class _Region:
    """The instructions of one loop body, or of the function itself, written so far."""

    block: str
    lines: list[str] = field(default_factory=list)
    known: dict[object, Value] = field(default_factory=dict)


@dataclass
class Loop:
    """A loop being written.

    Args:
        index: Its counter.
        carried: What the last turn handed on, or the initial values in the first.
        following: What this turn hands on: set it inside the loop.
        results: What the last turn handed on, when the loop is closed.
    """

    index: Value
    carried: list[Value]
    following: list[Value]
    results: list[Value] = field(default_factory=list)


class Writer:
    """The instructions of a function, as they are written.

    Args:
        name: The function's name.
        parameters: For each parameter its LLVM type with attributes, and its name.
    """

    def __init__(self, name: str, parameters: Sequence[tuple[str, str]]) -> None:
        self.name = name
        self._parameters = parameters
        self._regions = [_Region("entry")]
        self._count = 0

    def parameter(self, name: str) -> Value:
        """Return the value of a parameter."""
        declared = next(declared for declared, own in self._parameters if own == name)
        return Value(f"%{name}", declared.split()[0])

    @property
    def depth(self) -> int:
        """How many loops are open."""
        return len(self._regions) - 1

    def fresh(self, prefix: str = "v") -> str:
        """Return a name that nothing has yet."""
        self._count += 1
        return f"%{prefix}{self._count}"

    def line(self, text: str, depth: int | None = None) -> None:
        """Write an instruction without a result."""
        self._regions[self.depth if depth is None else depth].lines.append(f"  {text}")

    def label(self, name: str) -> None:
        """Begin a basic block in the innermost open loop."""
        self._regions[-1].lines.append(f"{name}:")
        self._regions[-1].block = name

    def emit(self, text: str, operands: Sequence[Value], type: str, lanes: int = 1, *, pinned: bool = False) -> Value:
        """Write an instruction where its operands exist, or return its result if it stands there already.

        Args:
            text: The instruction, without the name of its result.
            operands: What it reads.
            type: The LLVM type of one element of the result.
            lanes: The lanes of the result.
            pinned: Whether it must stand exactly here, as what reads memory that changes must.

        Returns:
            The result.
        """
        depth = self.depth if pinned else max((operand.depth for operand in operands), default=0)
        region = self._regions[depth]
        if not pinned and text in region.known:
            return region.known[text]
        value = Value(self.fresh(), type, lanes, depth)
        region.lines.append(f"  {value.text} = {text}")
        if not pinned:
            region.known[text] = value
        return value

    @contextlib.contextmanager
    def loop(
        self, start: Value | int, stop: Value | int, step: int = 1, carried: Sequence[Value] = ()
    ) -> Iterator[Loop]:
        """Write a loop: its body is what is written inside the ``with`` block.

        Args:
            start: The first value of the counter.
            stop: The counter stays below it.
            step: What is added each turn.
            carried: Initial values of what one turn hands to the next.

        Yields:
            The loop; set ``following`` before the block ends, and read ``results`` after it.
        """
        first = constant(start) if isinstance(start, int) else start
        last = constant(stop) if isinstance(stop, int) else stop
        known = first.is_constant and last.is_constant
        turns = max(0, -(-(int(last.text) - int(first.text)) // step)) if known else None
        outer = self._regions[-1]
        if turns == 1:
            yield from self._once(first, carried)
            return
        name = self.fresh("L")[1:]
        before = outer.block
        self._regions.append(_Region(name))
        depth = self.depth
        index = Value(f"%i{name}", "i64", 1, depth)
        kept = [Value(f"%c{name}_{number}", v.type, v.lanes, depth) for number, v in enumerate(carried)]
        loop = Loop(index, kept, list(kept))
        yield loop
        region = self._regions.pop()
        following = [f"%n{name}", *(v.text for v in loop.following)]
        heads = [f"  {index.text} = phi i64 [{first.text}, %{before}], [{following[0]}, %{region.block}]"]
        for value, initial, after in zip(kept, carried, following[1:], strict=True):
            heads.append(
                f"  {value.text} = phi {value.full_type} [{initial.text}, %{before}], [{after}, %{region.block}]"
            )
        guard = "br label %" + name
        if turns is None or turns == 0:
            self._count += 1
            outer.lines.append(f"  %g{name} = icmp slt i64 {first.text}, {last.text}")
            guard = f"br i1 %g{name}, label %{name}, label %{name}x"
        outer.lines += [f"  {guard}", f"{name}:", *heads, *region.lines]
        outer.lines += [
            f"  {following[0]} = add nsw i64 {index.text}, {step}",
            f"  %e{name} = icmp slt i64 {following[0]}, {last.text}",
            f"  br i1 %e{name}, label %{name}, label %{name}x",
            f"{name}x:",
        ]
        outer.block = f"{name}x"
        loop.results = []
        for value, initial, after in zip(kept, carried, following[1:], strict=True):
            result = Value(f"{value.text}r", value.type, value.lanes, depth - 1)
            skipped = f"[{initial.text}, %{before}], " if turns is None or turns == 0 else ""
            outer.lines.append(f"  {result.text} = phi {value.full_type} {skipped}[{after}, %{region.block}]")
            loop.results.append(result)

    def _once(self, index: Value, carried: Sequence[Value]) -> Iterator[Loop]:
        """Write the body of a loop that turns once, without the loop."""
        loop = Loop(index, list(carried), list(carried))
        yield loop
        loop.results = list(loop.following)

    @contextlib.contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Write what happens only where a condition holds: nothing in it is visible after it."""
        name = self.fresh("W")[1:]
        self._regions.append(_Region(name))
        yield
        region = self._regions.pop()
        outer = self._regions[-1]
        outer.lines += [
            f"  br i1 {condition.text}, label %{name}, label %{name}x",
            f"{name}:",
            *region.lines,
            f"  br label %{name}x",
            f"{name}x:",
        ]
        outer.block = f"{name}x"
