"""Sine, cosine and tangent: x = k π/2 + r, then two polynomials for |r| ≤ π/4.

k π/2 is subtracted in four parts of π/2, the first three so short that k times them is exact (Cody and Waite, 1980),
and what each difference loses is kept: r has all its digits even beside a multiple of π/2. This serves up to a million.
Beyond, digits of π would be needed by the hundreds: such arguments, which hardly ever occur, are given to the C library
one by one, in a loop that does not turn where no lane needs it.

float32 is computed in float64, which costs less than care would. The coefficients are minimax fits of the relative
error, made for this package: Remez exchange in 45 digits, one coefficient after another rounded, the others fitted
again.
"""

import math

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics.exact import fast_two_sum, two_sum
from backlit.engines.native.mathematics.floats import FORMATS, bits, from_bits, in_double, magnitude
from backlit.engines.native.values import Value, constant

__all__ = ["cosine", "sine", "tangent"]

_HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)
"""π/2 in parts of 33 bits and one of 53."""

_LARGEST = 1e6
"""Up to here k has 20 bits, and the products above are exact."""

_SINE = (
    1.58968978489629258e-10,
    -2.50507600654875285e-8,
    2.75573137060334857e-6,
    -1.98412698298555803e-4,
    8.33333333332248773e-3,
    -1.66666666666666324e-1,
)
"""(sin r - r) / r³ by powers of r²; error of sin: 3.5e-18."""

_COSINE = (
    -1.13599260797104254e-11,
    2.08757291416791288e-9,
    -2.75573144001648692e-7,
    2.48015872896692431e-5,
    -1.38888888888744717e-3,
    4.16666666666666019e-2,
)
"""(cos r - 1 + r²/2) / r⁴ by powers of r²; error of cos: 4.8e-20."""


def sine(body: Body, x: Value) -> Value:
    """Take sin x; NaN where x is infinite.

    The error is below 1 unit in the last place.

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("<4 x double>", "x")])
        >>> body.close(sine(body, Value("%x", "double", 4)))
        >>> "call double @sin" in str(module)
        True
    """
    return in_double(body, lambda wide: _keep_zero(body, wide, _wave(body, wide, "sin", 0)), x)


def cosine(body: Body, x: Value) -> Value:
    """Take cos x; NaN where x is infinite.

    The error is below 1 unit in the last place.

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("<4 x double>", "x")])
        >>> body.close(cosine(body, Value("%x", "double", 4)))
        >>> "call double @cos" in str(module)
        True
    """
    return in_double(body, lambda wide: _wave(body, wide, "cos", 1), x)


def tangent(body: Body, x: Value) -> Value:
    """Take tan x; NaN where x is infinite.

    The error is below 1 unit in the last place (float32) or 3 (float64).

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("<4 x double>", "x")])
        >>> body.close(tangent(body, Value("%x", "double", 4)))
        >>> "call double @tan" in str(module)
        True
    """
    return in_double(body, lambda wide: _tangent(body, wide), x)


def _wave(body: Body, x: Value, name: str, ahead: int) -> Value:
    """Return the sine, so many quarter turns ahead."""
    quarters, sine_part, cosine_part = _parts(body, x)
    quarters = body.binary("add", quarters, body.like(ahead, quarters))
    result = body.select(_is_odd(body, quarters), cosine_part, sine_part)
    # Bit 1 of the quarters is the sign.
    turned = body.binary("and", quarters, body.like(2, quarters))
    return _for_huge(body, x, name, _flip(body, result, turned, FORMATS["double"].sign - 1))


def _tangent(body: Body, x: Value) -> Value:
    quarters, sine_part, cosine_part = _parts(body, x)
    odd = _is_odd(body, quarters)
    top = body.select(odd, cosine_part, sine_part)
    bottom = body.select(odd, sine_part, cosine_part)
    ratio = _flip(body, body.divide(top, bottom), quarters, FORMATS["double"].sign)
    return _keep_zero(body, x, _for_huge(body, x, "tan", ratio))


def _parts(body: Body, x: Value) -> tuple[Value, Value, Value]:
    """Return k, an integer of which the lowest bits are right, and the sine and cosine of r = x - k π/2."""
    one = body.like(1.0, x)
    rounder = body.like(FORMATS["double"].rounder, x)
    rounded = body.fused(x, body.like(2.0 / math.pi, x), rounder)
    quarters, angle, rest = bits(body, rounded), *_angle(body, x, body.subtract(rounded, rounder))
    square = body.multiply(angle, angle)
    half_square = body.multiply(square, body.like(0.5, x))
    near_one = body.subtract(one, half_square)
    cube = body.multiply(square, angle)
    sine_part = body.fused(cube, body.polynomial(square, _SINE), body.multiply(rest, near_one))
    lost = body.subtract(body.subtract(one, near_one), half_square)
    fourth = body.multiply(square, square)
    cosine_part = body.fused(fourth, body.polynomial(square, _COSINE), lost)
    cosine_part = body.subtract(cosine_part, body.multiply(angle, rest))
    return quarters, body.add(angle, sine_part), body.add(near_one, cosine_part)


def _angle(body: Body, x: Value, whole: Value) -> tuple[Value, Value]:
    """Return r = x - k π/2 as a sum of two floats."""
    first, second, third, fourth = (body.like(-part, x) for part in _HALF_PI)
    angle, rest_1 = two_sum(body, body.fused(whole, first, x), body.multiply(whole, second))
    angle, rest_2 = two_sum(body, angle, body.multiply(whole, third))
    return fast_two_sum(body, angle, body.fused(whole, fourth, body.add(rest_1, rest_2)))


def _is_odd(body: Body, quarters: Value) -> Value:
    return body.compare("ne", body.binary("and", quarters, body.like(1, quarters)), body.like(0, quarters))


def _flip(body: Body, x: Value, flag: Value, places: int) -> Value:
    """Change the sign where a bit, moved up by so many places, is set."""
    sign = body.binary("shl", flag, body.like(places, flag))
    return from_bits(body, body.binary("xor", bits(body, x), sign))


def _keep_zero(body: Body, x: Value, result: Value) -> Value:
    """Return zero with its sign, which adding the parts of an angle loses."""
    return body.select(body.compare("oeq", x, body.like(0.0, x)), x, result)


def _for_huge(body: Body, x: Value, name: str, result: Value) -> Value:
    """Replace results by the C library's where the argument is too large for the method above."""
    huge = body.compare("ogt", magnitude(body, x), body.like(_LARGEST, x))
    any_huge = huge
    if x.lanes > 1:
        reduction = f"llvm.vector.reduce.or.v{x.lanes}i1"
        body.module.declare(reduction, "i1", [huge.full_type])
        any_huge = body.emit(f"call i1 @{reduction}({huge.typed})", [huge], "i1")
    body.module.declare(name, "double", ["double"])
    with body.loop(0, body.select(any_huge, constant(x.lanes), constant(0)), carried=[result]) as loop:
        lane, before = loop.index, loop.carried[0]

        def at_lane(vector: Value) -> Value:
            if vector.lanes == 1:
                return vector
            return body.emit(f"extractelement {vector.typed}, {lane.typed}", [vector, lane], vector.type)

        # Cold: LLVM keeps the registers free for what happens otherwise.
        value = body.emit(f"call double @{name}({at_lane(x).typed}) cold", [x, lane], "double")
        value = body.select(at_lane(huge), value, at_lane(before))
        if x.lanes > 1:
            changed = f"insertelement {before.typed}, {value.typed}, {lane.typed}"
            value = body.emit(changed, [before, value, lane], "double", x.lanes)
        loop.following = [value]
    return loop.results[0]
