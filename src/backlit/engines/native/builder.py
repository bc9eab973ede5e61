"""LLVM's intermediate representation, written as text: arithmetic, addresses and memory.

What is written here is fast without any optimisation pass: the writer puts every instruction where it need not be
repeated, constants are folded, and a number that is the same in every lane stays a single number until it meets a
vector.
"""

from collections.abc import Sequence

from backlit.engines.native.target import Target
from backlit.engines.native.values import SUFFIXES, Value, constant
from backlit.engines.native.writer import Writer

__all__ = ["Body", "Module"]


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


class Body(Writer):
    """The body of a function, being written.

    Args:
        module: Where it belongs.
        name: The function's name.
        parameters: For each parameter its LLVM type with attributes, and its name.
        exported: Whether it can be called from outside.
    """

    def __init__(self, module: Module, name: str, parameters: Sequence[tuple[str, str]], *, exported: bool) -> None:
        super().__init__(name, parameters)
        self.module = module
        self.target = module.target
        self._exported = exported

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
        suffix = SUFFIXES.get(first.type, first.type)
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
            name = f"llvm.masked.load.v{lanes}{SUFFIXES.get(stored, stored)}.p0"
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
        name = f"llvm.masked.gather.v{lanes}{SUFFIXES.get(stored, stored)}.v{lanes}p0"
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
            name = f"llvm.masked.store.v{value.lanes}{SUFFIXES.get(value.type, value.type)}.p0"
            self.module.declare(name, "void", [value.full_type, "ptr", mask.full_type])
            self.line(f"call void @{name}({value.typed}, ptr align {align} {pointer.text}, {mask.typed})")
        else:
            self.line(f"store {value.typed}, {pointer.typed}, align {align}")

    def whole_steps(self, count: Value, step: int) -> Value:
        """Round a count down to a multiple of ``step``."""
        if count.is_constant:
            return constant(int(count.text) // step * step)
        if step & (step - 1) == 0:
            return self.emit(f"and {count.typed}, {-step}", [count], "i64")
        return self.whole("mul", self.emit(f"sdiv {count.typed}, {step}", [count], "i64"), step)

    def fetch_ahead(self, pointer: Value, *, writing: bool = False) -> None:
        """Ask for a cache line that will soon be read, or written too; it may lie outside of every array."""
        self.module.declare("llvm.prefetch.p0", "void", ["ptr", "i32", "i32", "i32"])
        self.line(f"call void @llvm.prefetch.p0({pointer.typed}, i32 {int(writing)}, i32 3, i32 1)")

    def lane_numbers(self, lanes: int, type: str = "i64") -> Value:
        """Return a vector of the numbers of the lanes: 0, 1, 2 and so on."""
        text = ", ".join(f"{type} {lane}" for lane in range(lanes))
        return Value(f"<{text}>", type, lanes) if lanes > 1 else constant(0, type)

    def mask_below(self, count: Value, lanes: int) -> Value:
        """Return a mask that is true in the first ``count`` lanes."""
        small = self.convert("trunc", count, "i32") if not count.is_constant else constant(int(count.text), "i32")
        return self.compare("slt", self.lane_numbers(lanes, "i32"), self.splat(small, lanes))

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
