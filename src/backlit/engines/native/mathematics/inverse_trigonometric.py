"""Arc sine, arc cosine and arc tangent: small arguments by a polynomial, large ones by a formula that makes them small.

arcsin x = π/2 - 2 arcsin √((1 - x) / 2) beyond x = ½; arctan x = π/4 + arctan((x - 1) / (x + 1)) beyond tan π/8, and
arctan x = π/2 - arctan(1 / x) beyond tan 3π/8. All three cases share one polynomial and one division, of which only the
operands are chosen.

float32 is computed in float64, which costs less than care would. The coefficients are minimax fits of the relative
error, made for this package: Remez exchange in 45 digits, one coefficient after another rounded, the others fitted
again.
"""

import math

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics.floats import in_double, magnitude, with_sign
from backlit.engines.native.values import Value

__all__ = ["arc_cosine", "arc_sine", "arc_tangent"]

_PI_REST = 1.2246467991473532e-16
"""What the float nearest to π leaves out."""

_ARC_SINE = (
    3.19585065891327055e-2,
    -1.62933668721080629e-2,
    1.95734294200642957e-2,
    6.51103838259375987e-3,
    1.21732336948673723e-2,
    1.38846059053959522e-2,
    1.73597702974984495e-2,
    2.23717535815837511e-2,
    3.03819593285633571e-2,
    4.46428568235570852e-2,
    7.50000000034293512e-2,
    1.66666666666653834e-1,
)
"""(arcsin x - x) / x³ by powers of x², for |x| ≤ ½; error of arcsin: 1.5e-17."""

_ARC_TANGENT = (
    -1.79135883946239596e-2,
    3.80704444714291407e-2,
    -5.03953862167404384e-2,
    5.84794169042746198e-2,
    -6.66311129535823998e-2,
    7.69206085368972503e-2,
    -9.09089779349843419e-2,
    1.11111107846897303e-1,
    -1.42857142802206405e-1,
    1.99999999999538186e-1,
    -3.33333333333331983e-1,
)
"""(arctan x - x) / x³ by powers of x², for |x| ≤ tan π/8; error of arctan: 1.3e-18."""


def arc_sine(body: Body, x: Value) -> Value:
    """Take arcsin x; NaN beyond ±1.

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
        >>> body = module.body("f", [("double", "x")])
        >>> body.close(arc_sine(body, body.parameter("x")))
        >>> "@llvm.sqrt.f64(double %" in str(module)
        True
    """
    return in_double(body, lambda wide: _arc_sine(body, wide), x)


def arc_cosine(body: Body, x: Value) -> Value:
    """Take arccos x; NaN beyond ±1.

    The error is below 1 unit in the last place (float32) or 2 (float64).

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("double", "x")])
        >>> body.close(arc_cosine(body, body.parameter("x")))
        >>> "@llvm.sqrt.f64(double %" in str(module)
        True
    """
    return in_double(body, lambda wide: _arc_cosine(body, wide), x)


def arc_tangent(body: Body, x: Value) -> Value:
    """Take arctan x.

    The error is below 1 unit in the last place (float32) or 2 (float64).

    Args:
        body: The function being written.
        x: Floats.

    Returns:
        Floats.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("double", "x")])
        >>> body.close(arc_tangent(body, body.parameter("x")))
        >>> str(module).count("fdiv")
        1
    """
    return in_double(body, lambda wide: _arc_tangent(body, wide), x)


def _arc_sine(body: Body, x: Value) -> Value:
    small, root, tail = _arc_parts(body, x)
    angle = body.add(root, tail)
    twice = body.add(angle, angle)
    rest = body.subtract(twice, body.like(_PI_REST / 2, x))
    large = body.subtract(body.like(math.pi / 2, x), rest)
    return with_sign(body, body.select(small, angle, large), x)


def _arc_cosine(body: Body, x: Value) -> Value:
    small, root, tail = _arc_parts(body, x)
    angle = body.add(root, tail)
    twice = body.add(angle, angle)
    # A right angle less an angle of the sign of x.
    signed_tail = body.subtract(with_sign(body, tail, x), body.like(_PI_REST / 2, x))
    near = body.subtract(body.like(math.pi / 2, x), body.add(with_sign(body, root, x), signed_tail))
    straight = body.subtract(body.like(math.pi, x), body.subtract(twice, body.like(_PI_REST, x)))
    far = body.select(body.compare("olt", x, body.like(0.0, x)), straight, twice)
    return body.select(small, near, far)


def _arc_parts(body: Body, x: Value) -> tuple[Value, Value, Value]:
    """Return whether |x| ≤ ½, and arcsin |x| or else arcsin √((1 - |x|) / 2) as a leading term and the rest."""
    size = magnitude(body, x)
    half = body.like(0.5, x)
    small = body.compare("ole", size, half)
    reflected = body.multiply(body.subtract(body.like(1.0, x), size), half)
    square = body.select(small, body.multiply(x, x), reflected)
    root = body.select(small, size, body.intrinsic("sqrt", reflected))
    return small, root, body.multiply(body.multiply(root, square), body.polynomial(square, _ARC_SINE))


def _arc_tangent(body: Body, x: Value) -> Value:
    size = magnitude(body, x)
    one = body.like(1.0, x)
    beyond_first = body.compare("ogt", size, body.like(math.tan(math.pi / 8), x))
    beyond_second = body.compare("ogt", size, body.like(math.tan(3 * math.pi / 8), x))

    def choose(large: Value, middle: Value, small: Value) -> Value:
        return body.select(beyond_second, large, body.select(beyond_first, middle, small))

    top = choose(body.negate(one), body.subtract(size, one), size)
    bottom = choose(size, body.add(size, one), one)
    start = choose(*(body.like(value, x) for value in (math.pi / 2, math.pi / 4, 0.0)))
    start_rest = choose(*(body.like(value, x) for value in (_PI_REST / 2, _PI_REST / 4, 0.0)))
    ratio = body.divide(top, bottom)
    square = body.multiply(ratio, ratio)
    tail = body.fused(body.multiply(ratio, square), body.polynomial(square, _ARC_TANGENT), start_rest)
    return with_sign(body, body.add(start, body.add(ratio, tail)), x)
