"""Values: numbers and vectors in registers, as they are called in LLVM's text, and constants."""

import struct
from dataclasses import dataclass

__all__ = ["LLVM_TYPES", "SUFFIXES", "Value", "constant"]

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

SUFFIXES = {"float": "f32", "double": "f64"}
"""What stands for a type of floats in the name of an intrinsic."""


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
        return self.type in SUFFIXES


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
    elif type in SUFFIXES:
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
