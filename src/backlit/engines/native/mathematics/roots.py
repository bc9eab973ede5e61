"""Square roots from the processor's estimate of 1/√x.

A full vector of AVX-512 takes twelve cycles for a root, in the unit that also divides. The estimate comes in two, with
an error below 2⁻¹⁴; one step of Newton's method doubles its digits. It is written so that nothing in it overflows or
vanishes between the smallest normal number and the largest, and so that zero needs no case of its own.
"""

from backlit.engines.native.builder import Body
from backlit.engines.native.values import Value

__all__ = ["square_root"]

_LANES = 16


def square_root(body: Body, x: Value) -> Value:
    """Take the square root: √x, within one unit in the last place.

    With g ≈ 1/√x and r = x g, the root is r (1 + e/2) where e = 1 - r g, by Newton's method.

    Args:
        body: The function being written.
        x: The argument.

    Returns:
        The root; NaN below zero.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.values import constant
        >>> from backlit.engines.native.target import named_target
        >>> body = Module(named_target("x86-64-v3")).body("root", [("float", "x")])
        >>> square_root(body, body.parameter("x")).type
        'float'
    """
    target = body.target
    if (x.type, x.lanes, target.vector_bytes, target.architecture) != ("float", _LANES, 64, "x86_64"):
        return body.intrinsic("sqrt", x)
    guess = _estimate(body, x)
    root = body.multiply(x, guess)
    error = body.fused(body.negate(root), guess, body.like(1.0, x))
    better = body.fused(body.multiply(root, body.like(0.5, x)), error, root)
    ends = (body.compare("oeq", x, body.like(end, x)) for end in (0.0, float("inf")))
    return body.select(body.binary("or", *ends), x, better)


def _estimate(body: Body, x: Value) -> Value:
    name, vector = "llvm.x86.avx512.rsqrt14.ps.512", x.full_type
    body.module.declare(name, vector, [vector, vector, "i16"])
    return body.emit(f"call {vector} @{name}({x.typed}, {vector} zeroinitializer, i16 -1)", [x], x.type, x.lanes)
