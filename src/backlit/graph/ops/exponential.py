"""The cards of growth: exponentials, logarithms, the sigmoid, the error function."""

import math

from backlit.errors import DTypeError
from backlit.graph.node import Node, Operand
from backlit.graph.op import Interval, Op, Refusal, Sample, elementwise
from backlit.graph.ops.unary import unary
from backlit.graph.spec import Spec

__all__ = ["erf", "exp", "expm1", "log", "log1p", "logaddexp", "sigmoid"]

_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


_EXP = unary("exp", "e^{x}", "e to the power {x}", "e^{x}", lambda z, x: z)


def exp(x: Operand, /) -> Node:
    """Take the exponential of each element: e^x.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(exp(0.0).evaluate())
        1.0
    """
    return _EXP(x)


_EXPM1 = unary("expm1", "e^{x} - 1", "e to the power {x}, minus 1", "e^{x}", lambda z, x: exp(x))


def expm1(x: Operand, /) -> Node:
    """Take e^x - 1 of each element, exact also near 0.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{expm1(1e-6).evaluate():.4e}")
        1.0000e-06
    """
    return _EXPM1(x)


_LOG = unary(
    "log",
    r"\ln x",
    "the natural logarithm of {x}",
    r"\frac{1}{x}",
    lambda z, x: 1.0 / x,
    Interval(0.2, 3.0, "x > 0"),
    "x = 0, where the value is minus infinity",
)


def log(x: Operand, /) -> Node:
    """Take the natural logarithm of each element.

    Args:
        x: Positive floats of any shape.

    Returns:
        A node of the same shape; minus infinity at 0, NaN below.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(log(1.0).evaluate())
        0.0
    """
    return _LOG(x)


_LOG1P = unary(
    "log1p",
    r"\ln(1 + x)",
    "the natural logarithm of 1 plus {x}",
    r"\frac{1}{1 + x}",
    lambda z, x: 1.0 / (1.0 + x),
    Interval(-0.8, 3.0, "x > -1"),
    "x = -1, where the value is minus infinity",
)


def log1p(x: Operand, /) -> Node:
    """Take ln(1 + x) of each element, exact also near 0.

    Args:
        x: Floats above -1 of any shape.

    Returns:
        A node of the same shape; minus infinity at -1, NaN below.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{log1p(1e-6).evaluate():.4e}")
        1.0000e-06
    """
    return _LOG1P(x)


_SIGMOID = unary(
    "sigmoid",
    r"\frac{1}{1 + e^{-x}}",
    "the sigmoid of {x}",
    r"\sigma(x)\,(1 - \sigma(x))",
    lambda z, x: z * (1.0 - z),
)


def sigmoid(x: Operand, /) -> Node:
    """Take the logistic sigmoid of each element: 1 / (1 + e^-x), without overflow at any x.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape, from 0 to 1.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(sigmoid(0.0).evaluate())
        0.5
    """
    return _SIGMOID(x)


_ERF = unary(
    "erf",
    r"\operatorname{erf} x = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt",
    "the error function of {x}",
    r"\frac{2}{\sqrt\pi} e^{-x^2}",
    lambda z, x: _TWO_OVER_ROOT_PI * exp(-(x * x)),
)


def erf(x: Operand, /) -> Node:
    """Take the error function of each element: 2/√π times the integral of e^(-t²) from 0 to x.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape, from -1 to 1.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{erf(1.0).evaluate():.6f}")
        0.842701
    """
    return _ERF(x)


_LOGADDEXP = Op(
    name="logaddexp",
    formula=r"\ln(e^{x} + e^{y})",
    words="the logarithm of e to the {x} plus e to the {y}",
    derivative=(r"\sigma(x - y)", r"\sigma(y - x)"),
    infer=elementwise(2),
    local=(lambda z, x, y: sigmoid(x - y), lambda z, x, y: sigmoid(y - x)),
    samples=(Sample((), ()), Sample((3,), (3,)), Sample((2, 1), (3,))),
    refusals=(Refusal((Spec((), "bool"), Spec((), "bool")), {}, DTypeError, "not bool"),),
)


def logaddexp(x: Operand, y: Operand, /) -> Node:
    """Add in the domain of logarithms: ln(e^x + e^y), without overflow.

    Args:
        x: Floats.
        y: Floats of a shape that broadcasts with the first.

    Returns:
        A node of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{logaddexp(1e4, 0.0).evaluate():.1f}")
        10000.0
    """
    return _LOGADDEXP(x, y)
