"""The error function, as erf x = 1 - e^w with w = ln(1 - erf x), a smooth function of x > 0.

Near zero w is proportional to x, and e^w - 1 is computed without loss; far from zero e^w is small, and so are its
errors. So one formula serves all x, without a branch. w / x is a polynomial (float32) or a quotient of two (float64),
fitted for this package so that the relative error of erf is least: Remez exchange, for the quotient repeated with the
last denominator as weight (Loeb, 1957), in 45 digits, the coefficients rounded one after another.
"""

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics.exponential import damped_exponential_minus_one
from backlit.engines.native.mathematics.floats import at_most, magnitude, with_sign
from backlit.engines.native.values import Value

__all__ = ["error_function"]

_SATURATED = {"float": 3.93, "double": 5.95}
"""From here on erf x is rounded to 1."""

_SHORT = (
    -3.56974233e-5,
    0.0003477306454,
    -0.001168797491,
    -0.0003035506816,
    0.01937806047,
    -0.1028290391,
    -0.6366151571,
    -1.128379226,
)
"""float32: ln(1 - erf x) / x; error of erf: 5.2e-8, nearly all of it the rounding of 2/√π, the last coefficient."""

_TOP = (
    -1.44831698868419403e-4,
    -4.50179927361876123e-3,
    -4.67699622712178173e-2,
    -2.61817168269405931e-1,
    -9.14786898716964281e-1,
    -2.09386513634098881,
    -3.10823680541966985,
    -2.76366845749311851,
    -1.12837916709551256,
)
_BOTTOM = (
    1.44846888374367818e-4,
    4.49935324811845828e-3,
    4.60648872281046243e-2,
    2.46786445897868495e-1,
    7.98199192670683177e-1,
    1.59999895683860549,
    1.88504781650713182,
    1.0,
)
"""float64: the same as a quotient; error of erf: 1.4e-17."""


def error_function(body: Body, x: Value) -> Value:
    """Take erf x.

    The error is below 4 units in the last place.

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
        >>> body.close(error_function(body, body.parameter("x")))
        >>> "fdiv" in str(module)
        False
    """
    size = at_most(body, magnitude(body, x), _SATURATED[x.type])
    if x.type == "float":
        slope = body.polynomial(size, _SHORT)
    else:
        slope = body.divide(body.polynomial(size, _TOP), body.polynomial(size, _BOTTOM))
    return with_sign(body, damped_exponential_minus_one(body, body.multiply(size, slope)), x)
