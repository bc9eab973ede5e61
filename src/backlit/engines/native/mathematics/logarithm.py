"""The logarithm: ln x = n ln 2 + ln(1 + f), where x = 2ⁿ (1 + f) and 1 + f lies between √½ and √2.

Subtracting the bits of √½ from the bits of x leaves n in the exponent, and in the fraction how far 2^-n x is above √½.
For float32 ln(1 + f) is f - f²/2 and a polynomial; for float64 it is 2 artanh(s) with s = f / (2 + f), whose series has
odd powers only (as in the fdlibm library of Sun Microsystems, 1993).

ln(1 + x) takes the logarithm of the rounded sum 1 + x, whose rounding error (Knuth's two-sum, 1969) is then part of f:
near zero n is 0 and f is x itself, so that no digit is lost.

The coefficients are minimax fits of the relative error, made for this package: Remez exchange in 45 digits, one
coefficient after another rounded to the type, the most significant first, and the others fitted again.
"""

import math

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics.exact import two_sum
from backlit.engines.native.mathematics.exponential import LN_2, exponential
from backlit.engines.native.mathematics.floats import FORMATS, bits, from_bits, magnitude
from backlit.engines.native.values import Value

__all__ = ["log_add_exponentials", "logarithm", "logarithm_of_one_plus", "split_exponent"]

_ROOT_OF_HALF = {"float": 0x3F3504F3, "double": 0x3FE6A09E667F3BCD}
"""The bits of √½."""

_CUBIC = (
    -0.07641453296,
    0.1276600063,
    -0.1315959692,
    0.1420105398,
    -0.1662334055,
    0.2000125945,
    -0.2500082254,
    0.3333333135,
)
"""float32: (ln(1 + f) - f + f²/2) / f³; error of ln(1 + f): 5.9e-9."""

_ARTANH = (
    1.479567009799021e-1,
    1.53140820096645758e-1,
    1.81835629263087273e-1,
    2.22221986043196068e-1,
    2.85714287420288648e-1,
    3.99999999994166577e-1,
    6.66666666666673402e-1,
)
"""float64: (2 artanh(s) - 2 s) / s³ by powers of s²; error of ln(1 + f): 2.5e-18."""


def logarithm(body: Body, x: Value) -> Value:
    """Take ln x: -∞ at zero (and below the smallest normal number), NaN below it.

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
        >>> body = module.body("f", [("float", "x")])
        >>> body.close(logarithm(body, body.parameter("x")))
        >>> str(module).count("select")
        3
    """
    exponent, mantissa = split_exponent(body, x)
    return _assemble(body, x, exponent, body.subtract(mantissa, body.like(1.0, x)))


def logarithm_of_one_plus(body: Body, x: Value) -> Value:
    """Take ln(1 + x), with all digits where x is small: -∞ at -1, NaN below it.

    The error is below 2 units in the last place.

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
        >>> body.close(logarithm_of_one_plus(body, body.parameter("x")))
        >>> str(module).count("select")
        4
    """
    layout = FORMATS[x.type]
    one = body.like(1.0, x)
    total, lost = two_sum(body, one, x)
    exponent, mantissa = split_exponent(body, total)
    # 2^-n (1 + x) = mantissa + 2^-n lost. For the largest n it is 2^(1 - n) that still is a number.
    ratio = body.binary("sub", bits(body, mantissa), bits(body, total))
    scale = from_bits(body, body.binary("add", ratio, body.like((layout.bias + 1) << layout.fraction, ratio)))
    fraction = body.fused(scale, body.multiply(lost, body.like(0.5, x)), body.subtract(mantissa, one))
    result = _assemble(body, total, exponent, fraction)
    tiny = body.compare("olt", magnitude(body, x), body.like(layout.epsilon / 4, x))
    return body.select(tiny, x, result)


def log_add_exponentials(body: Body, x: Value, y: Value) -> Value:
    """Take ln(e^x + e^y) = max(x, y) + ln(1 + e^-|x - y|), which does not overflow.

    The error is below 4 units (float32) or 3 (float64) in the last place of the result or of the larger argument,
    whichever is larger.

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
        >>> body = module.body("f", [("float", "x"), ("float", "y")])
        >>> body.close(log_add_exponentials(body, body.parameter("x"), body.parameter("y")))
        >>> "fcmp oeq float %x, %y" in str(module)
        True
    """
    x, y = body.match(x, y)
    larger = body.select(body.compare("ogt", x, y), x, y)
    # Equal infinities have no difference.
    equal = body.compare("oeq", x, y)
    distance = body.select(equal, body.like(0.0, x), magnitude(body, body.subtract(x, y)))
    return body.add(larger, logarithm_of_one_plus(body, exponential(body, body.negate(distance))))


def split_exponent(body: Body, x: Value) -> tuple[Value, Value]:
    """Return n, as a float, and 2^-n x, which lies between √½ and √2; for positive normal x.

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        The exponent and the mantissa.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("float", "x")])
        >>> exponent, mantissa = split_exponent(body, body.parameter("x"))
        >>> exponent.type, mantissa.type
        ('float', 'float')
    """
    layout = FORMATS[x.type]
    root = _ROOT_OF_HALF[x.type]
    pattern = bits(body, x)

    def apply(operation: str, value: Value, number: int) -> Value:
        return body.binary(operation, value, body.like(number, value))

    biased = apply("add", pattern, (layout.bias << layout.fraction) - root)
    mantissa = apply("add", apply("and", biased, (1 << layout.fraction) - 1), root)
    # The bits of 2^fraction + n are those of 2^fraction with n in the lowest: so n becomes a float without a
    # conversion, which for 64 bits only the newest machines have.
    carrier = (layout.bias + layout.fraction) << layout.fraction
    carried = from_bits(body, apply("or", apply("lshr", biased, layout.fraction), carrier))
    exponent = body.subtract(carried, body.like(2.0**layout.fraction + layout.bias, x))
    return exponent, from_bits(body, mantissa)


def _assemble(body: Body, x: Value, exponent: Value, fraction: Value) -> Value:
    """Return n ln 2 + ln(1 + f), or what the logarithm of x is where x is no positive normal number."""
    combine = _short_sum if x.type == "float" else _long_sum
    high, low = (body.like(part, x) for part in LN_2[x.type])
    result = body.fused(exponent, high, combine(body, body.multiply(exponent, low), fraction))
    result = body.select(body.compare("olt", x, body.like(math.inf, x)), result, x)
    below = body.select(body.compare("olt", x, body.like(0.0, x)), body.like(math.nan, x), body.like(-math.inf, x))
    return body.select(body.compare("olt", x, body.like(FORMATS[x.type].smallest, x)), below, result)


def _short_sum(body: Body, correction: Value, fraction: Value) -> Value:
    """Return ln(1 + f) and a small correction, in float32."""
    square = body.multiply(fraction, fraction)
    cube = body.multiply(fraction, square)
    rest = body.fused(body.polynomial(fraction, _CUBIC), cube, correction)
    return body.add(fraction, body.fused(square, body.like(-0.5, square), rest))


def _long_sum(body: Body, correction: Value, fraction: Value) -> Value:
    """Return ln(1 + f) and a small correction, in float64: with h = f²/2 it is f - (h - s (h + s² R(s²)))."""
    half_square = body.multiply(body.multiply(fraction, fraction), body.like(0.5, fraction))
    ratio = body.divide(fraction, body.add(fraction, body.like(2.0, fraction)))
    square = body.multiply(ratio, ratio)
    series = body.fused(square, body.polynomial(square, _ARTANH), half_square)
    return body.subtract(fraction, body.subtract(half_square, body.fused(ratio, series, correction)))
