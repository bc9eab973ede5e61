"""Quotients and square roots from the processor's estimates.

A full vector of AVX-512 divides in about ten cycles and takes roots in about twelve, and does nothing else meanwhile.
Estimates of 1/y and 1/√y with an error below 2⁻¹⁴ come in two; one step of Newton's method doubles their digits, and a
last step on the remainder leaves the nearest float or its neighbour. Where the numbers are so large or small that a
step would overflow or vanish, and for infinities and zeros, the processor's own instruction is used.
"""

from collections.abc import Callable

from backlit.engines.native.builder import Body, Value, constant

__all__ = ["quotient", "square_root"]

_LANES = 16
_SMALLEST, _LARGEST = 2.0**-90, 2.0**90
"""Between these no step overflows or vanishes."""


def quotient(body: Body, x: Value, y: Value) -> Value:
    """Divide floats: x / y, within one unit in the last place.

    Args:
        body: The function being written.
        x: The dividend.
        y: The divisor.

    Returns:
        The quotient, with the infinities and NaNs of IEEE 754.
    """
    if not _estimates(body, x, y):
        return body.divide(x, y)
    x, y = body.match(x, y)
    guess = _estimate(body, "rcp14", y)
    error = body.fused(body.negate(y), guess, body.like(1.0, y))
    inverse = body.fused(error, guess, guess)
    first = body.multiply(x, inverse)
    remainder = body.fused(body.negate(first), y, x)
    fast = body.fused(remainder, inverse, first)
    size, other = body.intrinsic("fabs", y), body.intrinsic("fabs", x)
    fine = body.binary("and", _between(body, size), body.compare("olt", other, body.like(_LARGEST, x)))
    return _or_else(body, fine, fast, lambda: body.divide(x, y))


def square_root(body: Body, x: Value) -> Value:
    """Take the square root: √x, within one unit in the last place.

    Args:
        body: The function being written.
        x: The argument.

    Returns:
        The root; NaN below zero.
    """
    if not _estimates(body, x, x):
        return body.intrinsic("sqrt", x)
    guess = _estimate(body, "rsqrt14", x)
    root = body.multiply(x, guess)
    half = body.multiply(guess, body.like(0.5, x))
    remainder = body.fused(body.negate(root), root, x)
    better = body.fused(remainder, half, root)
    zero = body.compare("oeq", x, body.like(0.0, x))
    fine = body.binary("or", zero, _between(body, x))
    return _or_else(body, fine, body.select(zero, x, better), lambda: body.intrinsic("sqrt", x))


def _estimates(body: Body, x: Value, y: Value) -> bool:
    """Say whether the machine has estimates for these values."""
    full = y.type == "float" and y.lanes == _LANES and x.type == "float"
    return full and body.target.vector_bytes == 64 and body.target.architecture == "x86_64"


def _estimate(body: Body, name: str, x: Value) -> Value:
    full = f"llvm.x86.avx512.{name}.ps.512"
    vector = x.full_type
    body.module.declare(full, vector, [vector, vector, "i16"])
    return body.emit(f"call {vector} @{full}({x.typed}, {vector} zeroinitializer, i16 -1)", [x], x.type, x.lanes)


def _between(body: Body, size: Value) -> Value:
    above = body.compare("ogt", size, body.like(_SMALLEST, size))
    return body.binary("and", above, body.compare("olt", size, body.like(_LARGEST, size)))


def _or_else(body: Body, fine: Value, fast: Value, exact: Callable[[], Value]) -> Value:
    """Take the exact value of all lanes where one of them is not fine; it costs nothing where all are."""
    bits = body.emit(f"bitcast {fine.typed} to i{fine.lanes}", [fine], f"i{fine.lanes}")
    some = body.compare("ne", bits, constant(-1, bits.type))
    with body.loop(0, body.convert("zext", some, "i64"), carried=[fast]) as loop:
        loop.following = [exact()]
    return loop.results[0]
