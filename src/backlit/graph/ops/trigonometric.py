"""The cards of circles and hyperbolas: sine, cosine, tangent, their inverses and their hyperbolic kin."""

from backlit.graph.node import Node, Operand
from backlit.graph.op import Interval
from backlit.graph.ops.arithmetic import sqrt
from backlit.graph.ops.unary import unary

__all__ = ["acos", "asin", "atan", "cos", "cosh", "sin", "sinh", "tan", "tanh"]

_INSIDE = Interval(-0.9, 0.9, "-1 ≤ x ≤ 1")
_ENDS = "x = -1 and x = 1, where the slope is infinite"


_SIN = unary("sin", r"\sin x", "the sine of {x}", r"\cos x", lambda z, x: cos(x))


def sin(x: Operand, /) -> Node:
    """Take the sine of each element.

    Args:
        x: Angles in radians, floats of any shape.

    Returns:
        A node of the same shape, from -1 to 1.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(sin(0.0).evaluate())
        0.0
    """
    return _SIN(x)


_COS = unary("cos", r"\cos x", "the cosine of {x}", r"-\sin x", lambda z, x: -sin(x))


def cos(x: Operand, /) -> Node:
    """Take the cosine of each element.

    Args:
        x: Angles in radians, floats of any shape.

    Returns:
        A node of the same shape, from -1 to 1.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(cos(0.0).evaluate())
        1.0
    """
    return _COS(x)


_TAN = unary(
    "tan",
    r"\tan x",
    "the tangent of {x}",
    r"1 + \tan^2 x",
    lambda z, x: 1.0 + z * z,
    Interval(-1.2, 1.2, "x ≠ π/2 + kπ"),
    "x = π/2 + kπ",
)


def tan(x: Operand, /) -> Node:
    """Take the tangent of each element.

    Args:
        x: Angles in radians, floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(tan(0.0).evaluate())
        0.0
    """
    return _TAN(x)


_ASIN = unary(
    "asin",
    r"\arcsin x",
    "the arc sine of {x}",
    r"\frac{1}{\sqrt{1 - x^2}}",
    lambda z, x: 1.0 / sqrt(1.0 - x * x),
    _INSIDE,
    _ENDS,
)


def asin(x: Operand, /) -> Node:
    """Take the angle from -π/2 to π/2 whose sine is each element.

    Args:
        x: Floats from -1 to 1 of any shape.

    Returns:
        A node of the same shape, in radians; NaN outside the domain.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(asin(0.0).evaluate())
        0.0
    """
    return _ASIN(x)


_ACOS = unary(
    "acos",
    r"\arccos x",
    "the arc cosine of {x}",
    r"-\frac{1}{\sqrt{1 - x^2}}",
    lambda z, x: -1.0 / sqrt(1.0 - x * x),
    _INSIDE,
    _ENDS,
)


def acos(x: Operand, /) -> Node:
    """Take the angle from 0 to π whose cosine is each element.

    Args:
        x: Floats from -1 to 1 of any shape.

    Returns:
        A node of the same shape, in radians; NaN outside the domain.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(acos(1.0).evaluate())
        0.0
    """
    return _ACOS(x)


_ATAN = unary("atan", r"\arctan x", "the arc tangent of {x}", r"\frac{1}{1 + x^2}", lambda z, x: 1.0 / (1.0 + x * x))


def atan(x: Operand, /) -> Node:
    """Take the angle between -π/2 and π/2 whose tangent is each element.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape, in radians.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{atan(1.0).evaluate():.6f}")
        0.785398
    """
    return _ATAN(x)


_SINH = unary("sinh", r"\sinh x", "the hyperbolic sine of {x}", r"\cosh x", lambda z, x: cosh(x))


def sinh(x: Operand, /) -> Node:
    """Take the hyperbolic sine of each element: (e^x - e^-x) / 2.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(sinh(0.0).evaluate())
        0.0
    """
    return _SINH(x)


_COSH = unary("cosh", r"\cosh x", "the hyperbolic cosine of {x}", r"\sinh x", lambda z, x: sinh(x))


def cosh(x: Operand, /) -> Node:
    """Take the hyperbolic cosine of each element: (e^x + e^-x) / 2.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape, at least 1.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(cosh(0.0).evaluate())
        1.0
    """
    return _COSH(x)


_TANH = unary("tanh", r"\tanh x", "the hyperbolic tangent of {x}", r"1 - \tanh^2 x", lambda z, x: 1.0 - z * z)


def tanh(x: Operand, /) -> Node:
    """Take the hyperbolic tangent of each element.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape, from -1 to 1.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(tanh(0.0).evaluate())
        0.0
    """
    return _TANH(x)
