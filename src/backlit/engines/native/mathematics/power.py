"""Powers: |x|^y = e^(y ln |x|), where the logarithm needs more digits than a float has.

The error of y ln |x|, which reaches 710 in float64, is the relative error of the result. So for float64 the logarithm
is computed as a sum of two floats, to about 65 bits: 2 artanh(s) with s = f / (2 + f), where s, its square and the
first two terms of the series carry their rounding errors along. For float32 the logarithm in float64 has digits enough.

The rules for zeros, infinities and NaN are those of the C standard (ISO C99, annex F), which NumPy follows. The
coefficients are a minimax fit made for this package (Remez exchange in 45 digits, rounded one after another).
"""

import math
from collections.abc import Callable

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics.exact import fast_two_sum, two_product
from backlit.engines.native.mathematics.exponential import LN_2, exponential, exponential_of_sum
from backlit.engines.native.mathematics.floats import FORMATS, in_double, magnitude, with_sign
from backlit.engines.native.mathematics.logarithm import logarithm, split_exponent
from backlit.engines.native.values import Value

__all__ = ["power"]

_THIRD = (1.0 / 3.0, 1.850371707708594e-17)
"""A third, as a sum of two floats."""

_ARTANH = (
    6.59802491687988824e-2,
    6.62842435599563101e-2,
    7.69337797467731233e-2,
    9.09089219932753267e-2,
    1.11111112597689299e-1,
    1.42857142850509683e-1,
    2.00000000000011252e-1,
)
"""(artanh(s) - s - s³/3) / s⁵ by powers of s²; error of artanh: 1.1e-20."""


def power(body: Body, x: Value, y: Value) -> Value:
    """Take x^y.

    The error is below 1 unit in the last place (float32) or 3 (float64); results below the smallest normal number may
    be 0.

    Args:
        body: The function being written.
        x: Floats.
        y: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("double", "x"), ("double", "y")])
        >>> body.close(power(body, body.parameter("x"), body.parameter("y")))
        >>> "call" in str(module)
        True
    """
    x, y = body.match(x, y)
    method = _short_power if x.type == "float" else _long_power
    return in_double(body, lambda base, exponent: _with_rules(body, base, exponent, method), x, y)


def _with_rules(body: Body, x: Value, y: Value, method: Callable[[Body, Value, Value], Value]) -> Value:
    """Return the power of |x|, with the sign and the special values that x and y ask for."""
    zero, one, infinity = (body.like(number, x) for number in (0.0, 1.0, math.inf))
    size, half = magnitude(body, x), body.multiply(y, body.like(0.5, y))
    result = body.select(body.compare("oeq", size, one), one, method(body, size, y))
    broken = body.compare("une", body.intrinsic("floor", y), y)
    half_broken = body.compare("une", body.intrinsic("floor", half), half)
    odd = body.select(broken, body.like(False, broken), half_broken)
    result = body.select(odd, with_sign(body, result, x), result)
    negative = body.binary("and", body.compare("olt", x, zero), body.compare("olt", size, infinity))
    result = body.select(body.binary("and", negative, broken), body.like(math.nan, x), result)
    return body.select(body.compare("oeq", y, zero), one, result)


def _short_power(body: Body, x: Value, y: Value) -> Value:
    """Return x^y of positive x to the digits of float32, computed in float64."""
    return exponential(body, body.multiply(y, logarithm(body, x)))


def _long_power(body: Body, x: Value, y: Value) -> Value:
    """Return x^y of positive x to the digits of float64."""
    high, low = _long_logarithm(body, x)
    exponent, rest = two_product(body, y, high)
    rest = body.fused(y, low, rest)
    # Where the power overflows, the rest may be no number, and is not needed.
    moderate = body.compare("olt", magnitude(body, exponent), body.like(1000.0, x))
    rest = body.select(moderate, rest, body.like(0.0, x))
    return exponential_of_sum(body, exponent, rest)


def _long_logarithm(body: Body, x: Value) -> tuple[Value, Value]:
    """Return ln x of positive x as a sum of two floats; -∞ at zero, ∞ and NaN as they are."""
    exponent, mantissa = split_exponent(body, x)
    fraction = body.subtract(mantissa, body.like(1.0, x))
    high, low = _long_artanh(body, *_long_ratio(body, fraction))
    ln_2, ln_2_rest = (body.like(part, x) for part in LN_2["double"])
    two = body.like(2.0, x)
    total, rest = fast_two_sum(body, body.multiply(exponent, ln_2), body.multiply(high, two))
    rest = body.add(rest, body.fused(low, two, body.multiply(exponent, ln_2_rest)))
    total, rest = fast_two_sum(body, total, rest)
    total = body.select(body.compare("olt", x, body.like(math.inf, x)), total, x)
    zero = body.compare("olt", x, body.like(FORMATS[x.type].smallest, x))
    return body.select(zero, body.like(-math.inf, x), total), rest


def _long_ratio(body: Body, fraction: Value) -> tuple[Value, Value]:
    """Return s = f / (2 + f) as a sum of two floats."""
    bottom, bottom_rest = fast_two_sum(body, body.like(2.0, fraction), fraction)
    inverse = body.divide(body.like(1.0, fraction), bottom)
    ratio = body.multiply(fraction, inverse)
    back, back_rest = two_product(body, ratio, bottom)
    missing = body.subtract(body.subtract(fraction, back), back_rest)
    missing = body.fused(body.negate(ratio), bottom_rest, missing)
    return ratio, body.multiply(missing, inverse)


def _long_artanh(body: Body, high: Value, low: Value) -> tuple[Value, Value]:
    """Return artanh(s) = s + s c with c = s²/3 + s⁴ (1/5 + …), all as sums of two floats."""
    square, square_rest = two_product(body, high, high)
    square_rest = body.fused(body.add(high, high), low, square_rest)
    third, third_rest = (body.like(part, high) for part in _THIRD)
    factor, factor_rest = two_product(body, square, third)
    factor_rest = body.fused(square_rest, third, body.fused(square, third_rest, factor_rest))
    series = body.fused(body.multiply(square, square), body.polynomial(square, _ARTANH), factor_rest)
    factor, factor_rest = fast_two_sum(body, factor, series)
    product, product_rest = two_product(body, high, factor)
    product_rest = body.fused(high, factor_rest, body.fused(low, factor, product_rest))
    total, rest = fast_two_sum(body, high, product)
    return total, body.add(rest, body.add(low, product_rest))
