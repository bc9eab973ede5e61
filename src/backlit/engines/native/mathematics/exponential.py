"""The exponential, and what is made of it: e^x = 2ⁿ e^f, where n is a whole number and f is what remains.

Adding 1.5 · 2^23 to x / ln 2 (for float64 1.5 · 2^52) rounds it to n and leaves n in the lowest bits, from where a
shift moves it into the exponent: that is 2ⁿ. The remainder f = x - n ln 2 is computed with ln 2 in two parts, the first
so short that n times it is exact (Cody and Waite, 1980). What is left is a polynomial over an interval of length ln 2.

e^x takes n so that 0 ≤ f < ln 2. Then 1 ≤ e^f < 2, and the exponents from the lowest, which stands for 0, to the
highest, which stands for infinity, are just those that n needs: overflow and underflow come out of the multiplication,
at no cost. e^x - 1 takes the nearest n, so that near zero n is 0 and no digit is lost.

The coefficients are minimax fits of the relative error, made for this package: Remez exchange in 45 digits; where it
helps, one coefficient after another was rounded to the type, the most significant first, and the others fitted again.
"""

import math

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics.floats import FORMATS, at_least, at_most, bits, from_bits, magnitude
from backlit.engines.native.values import Value

__all__ = [
    "LN_2",
    "damped_exponential_minus_one",
    "exponential",
    "exponential_minus_one",
    "exponential_of_sum",
    "half_exponential",
    "sigmoid",
]

LN_2 = {"float": (0.693115234375, 3.194618329871446e-5), "double": (0.6931471805592082, 7.371002565167799e-13)}
"""The natural logarithm of 2 in two parts, the first so short that n times it is exact."""

_RANGE = {"float": (-88.0, 89.0), "double": (-709.0, 710.0)}
"""Below the first e^x is 0, above the second infinite; between them n fits into the exponent."""

_POWER = {
    "float": (0.001946765813, 0.007796867751, 0.0419110395, 0.1666117013, 0.5000055432, 0.9999998212, 1.0),
    "double": (
        3.52957883873018636e-8,
        2.5622670267041865e-7,
        2.77606621490169879e-6,
        2.47882321317495122e-5,
        1.98418434739347288e-4,
        1.38888725973754538e-3,
        8.33333363493617141e-3,
        4.16666666317295417e-2,
        1.66666666669005564e-1,
        4.99999999999922395e-1,
        1.00000000000000089,
        1.0,
    ),
}
"""e^f for 0 ≤ f ≤ ln 2, exact at 0; error 2.1e-9 (float32) and 3.2e-18 (float64)."""

_POWER_MINUS_ONE = {
    "float": (0.001391815138, 0.008369202726, 0.0416666083, 0.1666652262, 0.5),
    "double": (
        2.512238363449652e-8,
        2.76264316764727338e-7,
        2.7557206727608005e-6,
        2.48015042033154704e-5,
        1.98412699225540665e-4,
        1.38888889325572483e-3,
        8.33333333330753961e-3,
        4.16666666665731836e-2,
        1.66666666666666935e-1,
        5.00000000000000555e-1,
    ),
}
"""(e^f - 1 - f) / f² for |f| ≤ ln 2 / 2; error of e^f - 1: 1.7e-8 (float32) and 1.9e-17 (float64)."""


def exponential(body: Body, x: Value) -> Value:
    """Take e^x.

    The error is below 2 units in the last place; results below the smallest normal number are 0.

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(exponential(body, body.parameter("x")))
        >>> str(module).count("@llvm.fma.f32(float %")
        8
    """
    low, high = _RANGE[x.type]
    return _scaled_power(body, at_most(body, at_least(body, x, low), high), 0)


def exponential_of_sum(body: Body, x: Value, rest: Value) -> Value:
    """Take e^(x + rest), where the rest is below the last digit of x.

    The error is below 2 units in the last place; results below the smallest normal number are 0.

    Args:
        body: The function being written.
        x: Floats.
        rest: Floats, small and finite.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("double", "x"), ("double", "rest")])
        >>> body.close(exponential_of_sum(body, body.parameter("x"), body.parameter("rest")))
        >>> "shl i64" in str(module)
        True
    """
    low, high = _RANGE[x.type]
    return _scaled_power(body, at_most(body, at_least(body, x, low), high), 0, rest)


def half_exponential(body: Body, x: Value) -> Value:
    """Take e^x / 2 of positive numbers: it overflows only where the hyperbolic sine and cosine do.

    The error is below 2 units in the last place.

    Args:
        body: The function being written.
        x: Floats, not negative.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(half_exponential(body, body.parameter("x")))
        >>> "shl i32" in str(module)
        True
    """
    return _scaled_power(body, at_most(body, x, _RANGE[x.type][1] + 1.0), -1)


def damped_exponential_minus_one(body: Body, x: Value) -> Value:
    """Take e^x - 1 where errors count the less the larger |x| is, as in tanh and in the error function.

    The error is below 2 units in the last place for |x| ≤ 1, and grows with |x|.

    Args:
        body: The function being written.
        x: Floats between -40 and 40.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(damped_exponential_minus_one(body, body.parameter("x")))
        >>> str(module).count("@llvm.fma.f32(float %")
        7
    """
    return _scaled_power_minus_one(body, x, 0, (math.log(2.0),))


def exponential_minus_one(body: Body, x: Value) -> Value:
    """Take e^x - 1, with all digits where x is small.

    The error is below 2 units in the last place (float32) or 3 (float64).

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(exponential_minus_one(body, body.parameter("x")))
        >>> str(module).count("select")
        3
    """
    clamped = at_most(body, at_least(body, x, -40.0), _RANGE[x.type][1])
    # Halved, because the power may overflow where the result does not.
    half = _scaled_power_minus_one(body, clamped, -1, LN_2[x.type])
    # So near zero x is the nearest float; and halves of the smallest numbers would be lost.
    tiny = body.compare("olt", magnitude(body, x), body.like(FORMATS[x.type].epsilon / 4, x))
    return body.select(tiny, x, body.add(half, half))


def sigmoid(body: Body, x: Value) -> Value:
    """Take 1 / (1 + e^-x).

    The error is below 3 units in the last place; results below the smallest normal number are 0.

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(sigmoid(body, body.parameter("x")))
        >>> str(module).count("fdiv")
        1
    """
    one = body.like(1.0, x)
    return body.divide(one, body.add(one, exponential(body, body.negate(x))))


def _scaled_power(body: Body, x: Value, offset: int, rest: Value | None = None) -> Value:
    """Take e^(x + rest) · 2^offset, where the exponent has room for the result."""
    fraction, scale = _reduce(body, x, offset, LN_2[x.type], nearest=False)
    if rest is not None:
        fraction = body.add(fraction, rest)
    return body.multiply(body.polynomial(fraction, _POWER[x.type]), scale)


def _scaled_power_minus_one(body: Body, x: Value, offset: int, ln_2: tuple[float, ...]) -> Value:
    """Take (e^x - 1) · 2^offset, where the exponent has room for e^x · 2^offset."""
    fraction, scale = _reduce(body, x, offset, ln_2, nearest=True)
    square = body.multiply(fraction, fraction)
    power = body.fused(body.polynomial(fraction, _POWER_MINUS_ONE[x.type]), square, fraction)
    return body.fused(scale, power, body.subtract(scale, body.like(2.0**offset, x)))


def _reduce(body: Body, x: Value, offset: int, ln_2: tuple[float, ...], *, nearest: bool) -> tuple[Value, Value]:
    """Return f and 2^(n + offset), where x = n ln 2 + f, with n the nearest whole number or else the one below."""
    layout = FORMATS[x.type]
    rounder = body.like(layout.rounder + layout.bias + offset, x)
    turns = body.like(1.0 / math.log(2.0), x)
    if nearest:
        rounded = body.fused(x, turns, rounder)
    else:
        # A little less than a half, so that 0 is rounded to 0 and not to -1.
        rounded = body.add(body.fused(x, turns, body.like(layout.epsilon / 4 - 0.5, x)), rounder)
    whole = body.subtract(rounded, rounder)
    fraction = x
    for part in ln_2:
        fraction = body.fused(whole, body.like(-part, x), fraction)
    pattern = bits(body, rounded)
    return fraction, from_bits(body, body.binary("shl", pattern, body.like(layout.fraction, pattern)))
