"""What a float is made of: a sign, an exponent and a fraction, and the few instructions that take them apart.

The functions of this package compute on the bits of floats: 2ⁿ is made by writing n into the exponent, and the
logarithm begins by reading it. The layout of both types stands here, so that every function is written once for both.
"""

from collections.abc import Callable
from dataclasses import dataclass

from backlit.engines.native.builder import Body
from backlit.engines.native.values import Value

__all__ = ["FORMATS", "FloatFormat", "at_least", "at_most", "bits", "from_bits", "in_double", "magnitude", "with_sign"]


@dataclass(frozen=True)
class FloatFormat:
    """The layout of a type of floats (IEEE 754, 2019).

    Args:
        integer: The integer type of the same width.
        fraction: How many bits the fraction has.
        bias: What is added to an exponent before it is stored.

    Example:
        >>> FORMATS["float"].smallest == 2.0**-126
        True
    """

    integer: str
    fraction: int
    bias: int

    @property
    def sign(self) -> int:
        """The place of the sign among the bits, counted from the lowest.

        Example:
            >>> FORMATS["float"].sign
            31
        """
        return int(self.integer[1:]) - 1

    @property
    def smallest(self) -> float:
        """The smallest normal number, 2^(1 - bias); what is below counts as zero while a program runs.

        Example:
            >>> FORMATS["double"].smallest
            2.2250738585072014e-308
        """
        return float(2.0 ** (1 - self.bias))

    @property
    def epsilon(self) -> float:
        """The distance from 1 to the next number, 2^-fraction.

        Example:
            >>> FORMATS["double"].epsilon
            2.220446049250313e-16
        """
        return float(2.0**-self.fraction)

    @property
    def rounder(self) -> float:
        """The number 1.5 · 2^fraction: adding it rounds to a whole number, which then stands in the lowest bits.

        Example:
            >>> (0.7 + FORMATS["double"].rounder) - FORMATS["double"].rounder
            1.0
        """
        return 1.5 * 2.0**self.fraction


FORMATS: dict[str, FloatFormat] = {"float": FloatFormat("i32", 23, 127), "double": FloatFormat("i64", 52, 1023)}
"""The layout, by the LLVM type."""


def bits(body: Body, x: Value) -> Value:
    """Read floats as integers of the same width.

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Integers.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.values import constant
        >>> from backlit.engines.native.target import named_target
        >>> body = Module(named_target("x86-64-v3")).body("f", [])
        >>> bits(body, constant(1.0, "float", 8)).full_type
        '<8 x i32>'
    """
    return body.convert("bitcast", x, FORMATS[x.type].integer)


def from_bits(body: Body, x: Value) -> Value:
    """Read integers as floats of the same width.

    Args:
        body: The function being written.
        x: Integers of 32 or 64 bits.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.values import constant
        >>> from backlit.engines.native.target import named_target
        >>> body = Module(named_target("x86-64-v3")).body("f", [])
        >>> from_bits(body, constant(0, "i64", 4)).full_type
        '<4 x double>'
    """
    return body.convert("bitcast", x, {"i32": "float", "i64": "double"}[x.type])


def in_double(body: Body, function: Callable[..., Value], *arguments: Value) -> Value:
    """Apply a function of doubles, rounding what it returns where the arguments are of a shorter type.

    Args:
        body: The function being written.
        function: What is applied.
        arguments: Floats of one type.

    Returns:
        Floats of the same type.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(in_double(body, body.negate, body.parameter("x")))
        >>> [line.split(" = ")[1] for line in str(module).splitlines() if " = " in line]
        ['fpext float %x to double', 'fneg double %v1', 'fptrunc double %v2 to float']
    """
    result = function(*(body.convert("fpext", argument, "double") for argument in arguments))
    return body.convert("fptrunc", result, arguments[0].type)


def at_least(body: Body, x: Value, bound: float) -> Value:
    """Raise what is below a bound to it, and leave NaN as it is: max(bound, x), one instruction on x86.

    Args:
        body: The function being written.
        x: Floats.
        bound: The bound.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(at_least(body, body.parameter("x"), 0.0))
        >>> "fcmp ogt float 0x0000000000000000, %x" in str(module)
        True
    """
    limit = body.like(bound, x)
    return body.select(body.compare("ogt", limit, x), limit, x)


def at_most(body: Body, x: Value, bound: float) -> Value:
    """Lower what is above a bound to it, and leave NaN as it is: min(bound, x), one instruction on x86.

    Args:
        body: The function being written.
        x: Floats.
        bound: The bound.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(at_most(body, body.parameter("x"), 0.0))
        >>> "fcmp olt float 0x0000000000000000, %x" in str(module)
        True
    """
    limit = body.like(bound, x)
    return body.select(body.compare("olt", limit, x), limit, x)


def magnitude(body: Body, x: Value) -> Value:
    """Take |x|: clear the sign.

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.values import constant
        >>> from backlit.engines.native.target import named_target
        >>> body = Module(named_target("x86-64-v3")).body("f", [])
        >>> magnitude(body, constant(-1.0, "double", 4)).full_type
        '<4 x double>'
    """
    return body.intrinsic("fabs", x)


def with_sign(body: Body, x: Value, sign: Value) -> Value:
    """Give numbers the sign of others.

    Args:
        body: The function being written.
        x: Floats, whose own sign is dropped.
        sign: Floats, whose sign is taken.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.values import constant
        >>> from backlit.engines.native.target import named_target
        >>> body = Module(named_target("x86-64-v3")).body("f", [])
        >>> with_sign(body, constant(1.0, "double", 4), constant(-0.0, "double", 4)).full_type
        '<4 x double>'
    """
    return body.intrinsic("copysign", x, sign)
