"""The hyperbolic functions, each by the form of the exponential that loses no digits.

tanh x = t / (t + 2) with t = e^2x - 1; cosh x = E + 1 / 4E and, away from zero, sinh x = E - 1 / 4E with E = e^x / 2.
All three are computed for |x| and get their sign back, so they are exactly odd or even.
"""

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics.exponential import damped_exponential_minus_one, half_exponential
from backlit.engines.native.mathematics.floats import at_most, magnitude, with_sign
from backlit.engines.native.values import Value

__all__ = ["hyperbolic_cosine", "hyperbolic_sine", "hyperbolic_tangent"]

_SATURATED = {"float": 20.0, "double": 40.0}
"""From twice x on, tanh x is rounded to 1."""

_SINH = {
    "float": (0.0002037663362, 0.008330223151, 0.1666671783),
    "double": (
        7.77569458972013679e-13,
        1.60566870302320281e-10,
        2.50521306762530527e-8,
        2.75573191084821081e-6,
        1.98412698415892499e-4,
        8.33333333333291515e-3,
        1.66666666666666685e-1,
    ),
}
"""(sinh x - x) / x³ by powers of x², for |x| ≤ 1; a minimax fit (Remez), error of sinh: 2.6e-8 and 2.6e-19."""


def hyperbolic_tangent(body: Body, x: Value) -> Value:
    """Take tanh x.

    The error is below 3 units in the last place.

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
        >>> body.close(hyperbolic_tangent(body, body.parameter("x")))
        >>> str(module).count("fdiv")
        1
    """
    size = magnitude(body, x)
    growth = damped_exponential_minus_one(body, at_most(body, body.add(size, size), _SATURATED[x.type]))
    return with_sign(body, body.divide(growth, body.add(growth, body.like(2.0, x))), x)


def hyperbolic_cosine(body: Body, x: Value) -> Value:
    """Take cosh x.

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
        >>> body.close(hyperbolic_cosine(body, body.parameter("x")))
        >>> str(module).count("fdiv")
        1
    """
    growth = half_exponential(body, magnitude(body, x))
    return body.add(growth, body.divide(body.like(0.25, x), growth))


def hyperbolic_sine(body: Body, x: Value) -> Value:
    """Take sinh x, with all digits where x is small.

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
        >>> body.close(hyperbolic_sine(body, body.parameter("x")))
        >>> str(module).count("fdiv")
        1
    """
    size = magnitude(body, x)
    growth = half_exponential(body, size)
    large = body.subtract(growth, body.divide(body.like(0.25, x), growth))
    square = body.multiply(x, x)
    small = body.fused(body.polynomial(square, _SINH[x.type]), body.multiply(square, x), x)
    return body.select(body.compare("olt", size, body.like(1.0, x)), small, with_sign(body, large, x))
