"""LLVM's intermediate representation, written as text: values, instructions, loops.

The builder knows three things that make what it writes fast without any optimisation pass. An instruction is written
into the outermost loop in which its operands exist, so that nothing is computed twice that a loop does not change. The
same instruction on the same operands in the same loop is written once. And a number that is the same in every lane
stays a single number until it meets a vector.
"""

import contextlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from backlit.engines.native.target import Target

__all__ = ["LLVM_TYPES", "Body", "Loop", "Module", "Value", "constant"]

LLVM_TYPES: dict[str, str] = {
    "bool": "i1",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "uint8": "i8",
    "uint16": "i16",
    "uint32": "i32",
    "uint64": "i64",
    "float32": "float",
    "float64": "double",
}
"""The LLVM type of an element, by its data type; a boolean is ``i8`` in memory."""

_SUFFIXES = {"float": "f32", "double": "f64"}


@dataclass(frozen=True, slots=True)
class Value:
    """A number, or a vector of numbers, in a register.

    Args:
        text: How the function being written calls it, or the constant itself.
        type: The LLVM type of one element.
        lanes: How many elements; 1 for a single number.
        depth: The loop in which it is computed, counted from the outside; 0 is outside all loops.
    """

    text: str
    type: str
    lanes: int = 1
    depth: int = 0

    @property
    def full_type(self) -> str:
        """The LLVM type of the whole."""
        return self.type if self.lanes == 1 else f"<{self.lanes} x {self.type}>"

    @property
    def typed(self) -> str:
        """The value with its type before it."""
        return f"{self.full_type} {self.text}"

    @property
    def is_constant(self) -> bool:
        """Whether it is a number known now."""
        return not self.text.startswith("%")

    @property
    def floating(self) -> bool:
        """Whether its elements are floats."""
        return self.type in _SUFFIXES


def constant(number: float, type: str = "i64", lanes: int = 1) -> Value:
    """Write a number as a constant: a float by its bits, so that none is lost.

    Args:
        number: The number; it is rounded to the type.
        type: The LLVM type of one element.
        lanes: In how many lanes it stands.

    Returns:
        The constant.

    Example:
        >>> constant(0.1, "float").text, constant(3).typed
        ('0x3FB99999A0000000', 'i64 3')
    """
    if type == "i1":
        text = "true" if number else "false"
    elif type in _SUFFIXES:
        number = float(number)
        if type == "float":
            number = _nearest_float32(number)
        text = f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    else:
        text = str(int(number))
    return Value(text if lanes == 1 else f"splat ({type} {text})", type, lanes)


def _nearest_float32(number: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


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


class Module:
    """A set of functions, with the declarations they need.

    Args:
        target: The machine it is written for.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._declarations: dict[str, str] = {}
        self._functions: dict[str, str] = {}

    def declare(self, name: str, result: str, arguments: Sequence[str]) -> None:
        """Declare a function that stands elsewhere, such as an intrinsic."""
        self._declarations[name] = f"declare {result} @{name}({', '.join(arguments)})"

    def has(self, name: str) -> bool:
        """Say whether a function of that name is written."""
        return name in self._functions

    def body(self, name: str, parameters: Sequence[tuple[str, str]], *, exported: bool = False) -> "Body":
        """Begin a function; ``close`` on the body puts it into the module.

        Args:
            name: What it is called.
            parameters: For each parameter its LLVM type with attributes, and its name.
            exported: Whether it can be called from outside.

        Returns:
            The body, to be written.
        """
        return Body(self, name, parameters, exported=exported)

    def add(self, name: str, text: str) -> None:
        """Put a written function into the module."""
        self._functions[name] = text

    def __str__(self) -> str:
        return "\n".join([*self._declarations.values(), "", *self._functions.values(), ""])


class Body:
    """The body of a function, being written.

    Args:
        module: Where it belongs.
        name: The function's name.
        parameters: For each parameter its LLVM type with attributes, and its name.
        exported: Whether it can be called from outside.
    """

    def __init__(self, module: Module, name: str, parameters: Sequence[tuple[str, str]], *, exported: bool) -> None:
        self.module = module
        self.target = module.target
        self.name = name
        self._parameters = parameters
        self._exported = exported
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

    # ------------------------------------------------------------------------------------------------------- numbers

    def splat(self, value: Value, lanes: int) -> Value:
        """Put a number into every lane."""
        if value.lanes == lanes:
            return value
        if value.is_constant:
            return Value(f"splat ({value.typed})", value.type, lanes)
        vector = f"<{lanes} x {value.type}>"
        first = self.emit(f"insertelement {vector} poison, {value.typed}, i64 0", [value], value.type, lanes)
        return self.emit(
            f"shufflevector {first.typed}, {vector} poison, <{lanes} x i32> zeroinitializer", [first], value.type, lanes
        )

    def match(self, *values: Value) -> list[Value]:
        """Give values the same number of lanes."""
        lanes = max(value.lanes for value in values)
        return [self.splat(value, lanes) for value in values]

    def like(self, number: float, value: Value) -> Value:
        """Write a constant of the type and lanes of a value."""
        return constant(number, value.type, value.lanes)

    def binary(self, operation: str, x: Value, y: Value) -> Value:
        """Apply an instruction such as ``fadd`` to two values of one type."""
        x, y = self.match(x, y)
        return self.emit(f"{operation} {x.typed}, {y.text}", [x, y], x.type, x.lanes)

    def add(self, x: Value, y: Value) -> Value:
        """Add floats."""
        return self.binary("fadd", x, y)

    def subtract(self, x: Value, y: Value) -> Value:
        """Subtract floats."""
        return self.binary("fsub", x, y)

    def multiply(self, x: Value, y: Value) -> Value:
        """Multiply floats."""
        return self.binary("fmul", x, y)

    def divide(self, x: Value, y: Value) -> Value:
        """Divide floats."""
        return self.binary("fdiv", x, y)

    def negate(self, x: Value) -> Value:
        """Change the sign of floats."""
        return self.emit(f"fneg {x.typed}", [x], x.type, x.lanes)

    def compare(self, relation: str, x: Value, y: Value) -> Value:
        """Compare: ``olt``, ``ueq`` and the like for floats, ``slt``, ``ult``, ``eq`` and the like for integers."""
        x, y = self.match(x, y)
        kind = "fcmp" if x.floating else "icmp"
        return self.emit(f"{kind} {relation} {x.typed}, {y.text}", [x, y], "i1", x.lanes)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """Choose, lane by lane."""
        condition, x, y = self.match(condition, x, y)
        return self.emit(f"select {condition.typed}, {x.typed}, {y.typed}", [condition, x, y], x.type, x.lanes)

    def convert(self, operation: str, x: Value, type: str) -> Value:
        """Apply a conversion such as ``fpext``, ``sitofp``, ``bitcast`` or ``zext``."""
        if x.type == type:
            return x
        target = type if x.lanes == 1 else f"<{x.lanes} x {type}>"
        return self.emit(f"{operation} {x.typed} to {target}", [x], type, x.lanes)

    def intrinsic(self, name: str, *arguments: Value) -> Value:
        """Call an LLVM intrinsic that maps values of one type to that type, such as ``sqrt`` or ``fabs``."""
        values = self.match(*arguments)
        first = values[0]
        suffix = _SUFFIXES.get(first.type, first.type)
        full = f"llvm.{name}.{suffix}" if first.lanes == 1 else f"llvm.{name}.v{first.lanes}{suffix}"
        self.module.declare(full, first.full_type, [value.full_type for value in values])
        text = ", ".join(value.typed for value in values)
        return self.emit(f"call {first.full_type} @{full}({text})", values, first.type, first.lanes)

    def fused(self, x: Value, y: Value, z: Value) -> Value:
        """Multiply and add, x y + z, rounded once where the machine has an instruction for it, else twice."""
        return self.intrinsic("fma" if self.target.fma else "fmuladd", x, y, z)

    def polynomial(self, x: Value, coefficients: Sequence[float]) -> Value:
        """Evaluate a polynomial by Horner's rule, the coefficient of the highest power first."""
        result = self.like(coefficients[0], x)
        for coefficient in coefficients[1:]:
            result = self.fused(result, x, self.like(coefficient, x))
        return result

    def shuffle(self, x: Value, y: Value, lanes: Sequence[int]) -> Value:
        """Choose lanes of two vectors; those of the second are counted on from those of the first."""
        chosen = ", ".join(f"i32 {lane}" for lane in lanes)
        text = f"shufflevector {x.typed}, {y.typed}, <{len(lanes)} x i32> <{chosen}>"
        return self.emit(text, [x, y], x.type, len(lanes))

    def part(self, vector: Value, start: int, lanes: int) -> Value:
        """Return neighbouring lanes of a vector."""
        if lanes == 1:
            return self.extract(vector, start)
        chosen = ", ".join(f"i32 {start + lane}" for lane in range(lanes))
        text = f"shufflevector {vector.typed}, {vector.full_type} poison, <{lanes} x i32> <{chosen}>"
        return self.emit(text, [vector], vector.type, lanes)

    def horizontal(self, operation: str, vector: Value) -> Value:
        """Combine the lanes of a vector into one number, in halves: a tree, whose rounding errors stay small."""
        while vector.lanes > 1:
            half = vector.lanes // 2
            vector = self.binary(operation, self.part(vector, 0, half), self.part(vector, half, half))
        return vector

    def extract(self, vector: Value, lane: int) -> Value:
        """Return the number in one lane."""
        if vector.lanes == 1:
            return vector
        return self.emit(f"extractelement {vector.typed}, i64 {lane}", [vector], vector.type)

    # ------------------------------------------------------------------------------------------- addresses and memory

    def whole(self, operation: str, x: Value, y: Value | int) -> Value:
        """Compute with indices, 64-bit integers: ``add``, ``sub``, ``mul``; constants are folded."""
        y = constant(y) if isinstance(y, int) else y
        if x.is_constant and not y.is_constant and operation != "sub":
            x, y = y, x
        if y.is_constant:
            number = int(y.text)
            if x.is_constant:
                first = int(x.text)
                return constant({"add": first + number, "sub": first - number, "mul": first * number}[operation])
            if (operation, number) in {("add", 0), ("sub", 0), ("mul", 1)}:
                return x
            if (operation, number) == ("mul", 0):
                return y
        return self.emit(f"{operation} nsw {x.typed}, {y.text}", [x, y], "i64")

    def address(self, base: Value, terms: Sequence[tuple[Value, int]], offset: int, size: int) -> Value:
        """Return the address of an element: base + size · (Σ factor · index + offset).

        The variable terms are added outermost loop first, so that each is computed where it changes.
        """
        pointer = base
        for index, factor in sorted(terms, key=lambda term: term[0].depth):
            if index.is_constant:
                offset += int(index.text) * factor
                continue
            scaled = self.whole("mul", index, factor * size)
            pointer = self.emit(f"getelementptr i8, {pointer.typed}, {scaled.typed}", [pointer, scaled], "ptr")
        if offset:
            pointer = self.emit(f"getelementptr i8, {pointer.typed}, i64 {offset * size}", [pointer], "ptr")
        return pointer

    def load(
        self, pointer: Value, type: str, lanes: int = 1, mask: Value | None = None, *, pinned: bool = False
    ) -> Value:
        """Read a number, or as many neighbours as there are lanes; zero where a mask is false."""
        stored = "i8" if type == "i1" else type
        align = _size(stored)
        if mask is not None and lanes > 1:
            vector = f"<{lanes} x {stored}>"
            name = f"llvm.masked.load.v{lanes}{_SUFFIXES.get(stored, stored)}.p0"
            self.module.declare(name, vector, ["ptr", f"<{lanes} x i1>", vector])
            text = f"call {vector} @{name}(ptr align {align} {pointer.text}, {mask.typed}, {vector} zeroinitializer)"
            value = self.emit(text, [pointer, mask], stored, lanes, pinned=pinned)
        else:
            kind = stored if lanes == 1 else f"<{lanes} x {stored}>"
            value = self.emit(f"load {kind}, {pointer.typed}, align {align}", [pointer], stored, lanes, pinned=pinned)
        return self.compare("ne", value, self.like(0, value)) if type == "i1" else value

    def gather(
        self, pointer: Value, offsets: Value, type: str, mask: Value | None = None, *, pinned: bool = False
    ) -> Value:
        """Read a number for each lane, so many bytes from an address; zero where a mask is false."""
        stored, lanes = "i8" if type == "i1" else type, offsets.lanes
        vector, pointers = f"<{lanes} x {stored}>", f"<{lanes} x ptr>"
        where = self.emit(f"getelementptr i8, {pointer.typed}, {offsets.typed}", [pointer, offsets], "ptr", lanes)
        mask = mask or constant(1, "i1", lanes)
        name = f"llvm.masked.gather.v{lanes}{_SUFFIXES.get(stored, stored)}.v{lanes}p0"
        self.module.declare(name, vector, [pointers, f"<{lanes} x i1>", vector])
        given = f"{pointers} align {_size(stored)} {where.text}, {mask.typed}, {vector} zeroinitializer"
        text = f"call {vector} @{name}({given})"
        value = self.emit(text, [where, mask], stored, lanes, pinned=pinned)
        return self.compare("ne", value, self.like(0, value)) if type == "i1" else value

    def store(self, value: Value, pointer: Value, mask: Value | None = None) -> None:
        """Write a number or a vector; only the lanes where a mask is true."""
        value = self.convert("zext", value, "i8") if value.type == "i1" else value
        align = _size(value.type)
        if mask is not None and value.lanes > 1:
            name = f"llvm.masked.store.v{value.lanes}{_SUFFIXES.get(value.type, value.type)}.p0"
            self.module.declare(name, "void", [value.full_type, "ptr", mask.full_type])
            self.line(f"call void @{name}({value.typed}, ptr align {align} {pointer.text}, {mask.typed})")
        else:
            self.line(f"store {value.typed}, {pointer.typed}, align {align}")

    def lane_numbers(self, lanes: int, type: str = "i64") -> Value:
        """Return a vector of the numbers of the lanes: 0, 1, 2 and so on."""
        text = ", ".join(f"{type} {lane}" for lane in range(lanes))
        return Value(f"<{text}>", type, lanes) if lanes > 1 else constant(0, type)

    def mask_below(self, count: Value, lanes: int) -> Value:
        """Return a mask that is true in the first ``count`` lanes."""
        small = self.convert("trunc", count, "i32") if not count.is_constant else constant(int(count.text), "i32")
        return self.compare("slt", self.lane_numbers(lanes, "i32"), self.splat(small, lanes))

    # ----------------------------------------------------------------------------------------------------------- flow

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

    def close(self, result: Value | None = None, attributes: str = "nounwind") -> None:
        """End the function and put it into its module."""
        self.line("ret void" if result is None else f"ret {result.typed}")
        kind = "void" if result is None else result.full_type
        declared = ", ".join(f"{declared} %{name}" for declared, name in self._parameters)
        linkage = "" if self._exported else "internal "
        head = f"define {linkage}{kind} @{self.name}({declared}) {attributes} {{"
        self.module.add(self.name, "\n".join([head, "entry:", *self._regions[0].lines, "}"]))


def _size(type: str) -> int:
    return {"float": 4, "double": 8, "ptr": 8}.get(type) or max(1, int(type[1:]) // 8)
