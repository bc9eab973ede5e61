"""The cards of circles and hyperbolas: sine, cosine, tangent, their inverses and their hyperbolic kin."""

from backlit.errors import DTypeError
from backlit.graph.node import Node, Operand
from backlit.graph.op import Interval, LocalDerivative, Op, Refusal, Sample, elementwise
from backlit.graph.ops.arithmetic import sqrt
from backlit.graph.spec import Spec

__all__ = ["acos", "asin", "atan", "cos", "cosh", "sin", "sinh", "tan", "tanh"]

_INSIDE = Interval(-0.9, 0.9, "-1 ≤ x ≤ 1")
_ENDS = "x = -1 and x = 1, where the slope is infinite"


def _unary(
    name: str,
    words: str,
    derivative: str,
    local: LocalDerivative,
    domain: Interval = Interval(),  # noqa: B008 - immutable
    singular: str = "",
) -> Op:
    latex = {"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan"}.get(name, "\\" + name)
    return Op(
        name=name,
        formula=latex + " x",
        words=words,
        derivative=(derivative,),
        infer=elementwise(),
        local=(local,),
        domain=(domain,),
        singular=singular,
        samples=(Sample(()), Sample((3,)), Sample((2, 3))),
        refusals=(Refusal((Spec((2,), "bool"),), {}, DTypeError, f"{name}(input: bool[2])"),),
    )


_SIN = _unary("sin", "the sine of {x}", r"\cos x", lambda z, x: cos(x))


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


_COS = _unary("cos", "the cosine of {x}", r"-\sin x", lambda z, x: -sin(x))


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


_TAN = _unary(
    "tan",
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


_ASIN = _unary(
    "asin",
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


_ACOS = _unary(
    "acos",
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


_ATAN = _unary("atan", "the arc tangent of {x}", r"\frac{1}{1 + x^2}", lambda z, x: 1.0 / (1.0 + x * x))


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


_SINH = _unary("sinh", "the hyperbolic sine of {x}", r"\cosh x", lambda z, x: cosh(x))


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


_COSH = _unary("cosh", "the hyperbolic cosine of {x}", r"\sinh x", lambda z, x: sinh(x))


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


_TANH = _unary("tanh", "the hyperbolic tangent of {x}", r"1 - \tanh^2 x", lambda z, x: 1.0 - z * z)


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
