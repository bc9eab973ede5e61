"""The cards of arithmetic: add, subtract, multiply, divide, negate, raise to a power, take a root."""

from backlit.errors import DTypeError, ShapeError
from backlit.graph.leaves import Constant
from backlit.graph.node import OPERATORS, Node, Operand
from backlit.graph.op import Interval, Op, Refusal, Sample, as_nodes, elementwise
from backlit.graph.ops.comparison import equal
from backlit.graph.ops.exponential import log
from backlit.graph.ops.piecewise import where
from backlit.graph.spec import Spec

__all__ = ["add", "divide", "multiply", "negative", "pow", "sqrt", "square", "subtract"]

_PAIRS = (
    Sample((), ()),
    Sample((3,), (3,)),
    Sample((2, 3), (3,)),
    Sample((2, 1), (1, 3)),
    Sample((), (2, 2)),
    Sample((0, 3), (3,)),
)
_MISMATCH = Refusal((Spec((3,), "float32"), Spec((4,), "float32")), {}, ShapeError, "do not broadcast")
_MIXED = Refusal((Spec((3,), "float32"), Spec((3,), "int64")), {}, DTypeError, "do not mix")
_BOOLEAN = Refusal((Spec((), "bool"), Spec((), "bool")), {}, DTypeError, "not bool")
_POSITIVE = Interval(0.2, 3.0, "x > 0")
_NONZERO = Interval(0.3, 3.0, "y ≠ 0")

_ADD = Op(
    name="add",
    formula="x + y",
    words="{x} plus {y}",
    derivative=("1", "1"),
    infer=elementwise(2, kinds="float integer"),
    local=(lambda z, x, y: 1.0, lambda z, x, y: 1.0),
    samples=_PAIRS,
    refusals=(_MISMATCH, _MIXED, _BOOLEAN),
)


def add(x: Operand, y: Operand, /) -> Node:
    """Add two values element by element: x + y.

    Args:
        x: The first summand, integers or floats.
        y: The second, of a shape that broadcasts with the first.

    Returns:
        A node of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> float(add(2.0, 3.0).evaluate())
        5.0
    """
    return _ADD(x, y)


_SUBTRACT = Op(
    name="subtract",
    formula="x - y",
    words="{x} minus {y}",
    derivative=("1", "-1"),
    infer=elementwise(2, kinds="float integer"),
    local=(lambda z, x, y: 1.0, lambda z, x, y: -1.0),
    samples=_PAIRS,
    refusals=(_MISMATCH, _MIXED, _BOOLEAN),
)


def subtract(x: Operand, y: Operand, /) -> Node:
    """Subtract element by element: x - y.

    Args:
        x: What is subtracted from, integers or floats.
        y: What is subtracted, of a shape that broadcasts with the first.

    Returns:
        A node of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> float(subtract(2.0, 3.0).evaluate())
        -1.0
    """
    return _SUBTRACT(x, y)


_MULTIPLY = Op(
    name="multiply",
    formula=r"x \, y",
    words="{x} times {y}",
    derivative=("y", "x"),
    infer=elementwise(2, kinds="float integer"),
    local=(lambda z, x, y: y, lambda z, x, y: x),
    samples=_PAIRS,
    refusals=(_MISMATCH, _MIXED, _BOOLEAN),
)


def multiply(x: Operand, y: Operand, /) -> Node:
    """Multiply element by element: x · y, the Hadamard product.

    Args:
        x: The first factor, integers or floats.
        y: The second, of a shape that broadcasts with the first.

    Returns:
        A node of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> multiply([1.0, 2.0], 3.0).evaluate().tolist()
        [3.0, 6.0]
    """
    return _MULTIPLY(x, y)


_DIVIDE = Op(
    name="divide",
    formula=r"\frac{x}{y}",
    words="{x} divided by {y}",
    derivative=(r"\frac{1}{y}", r"-\frac{x}{y^2}"),
    infer=elementwise(2),
    local=(lambda z, x, y: 1.0 / y, lambda z, x, y: -(z / y)),
    domain=(Interval(), _NONZERO),
    singular="y = 0",
    samples=_PAIRS,
    refusals=(_MISMATCH, _MIXED, Refusal((Spec((), "int64"), Spec((), "int64")), {}, DTypeError, "not int64")),
)


def divide(x: Operand, y: Operand, /) -> Node:
    """Divide element by element: x / y.

    Args:
        x: The dividend, floats.
        y: The divisor, of a shape that broadcasts with the first.

    Returns:
        A node of the broadcast shape; infinite or NaN where y is 0.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If the values are not floats.

    Example:
        >>> float(divide(1.0, 4.0).evaluate())
        0.25
    """
    return _DIVIDE(x, y)


_NEGATIVE = Op(
    name="negative",
    formula="-x",
    words="minus {x}",
    derivative=("-1",),
    infer=elementwise(kinds="float integer"),
    local=(lambda z, x: -1.0,),
    samples=(Sample(()), Sample((2, 3))),
    refusals=(Refusal((Spec((), "bool"),), {}, DTypeError, "not bool"),),
)


def negative(x: Operand, /) -> Node:
    """Change the sign of each element: -x.

    Args:
        x: Integers or floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are booleans.

    Example:
        >>> float(negative(2.0).evaluate())
        -2.0
    """
    return _NEGATIVE(x)


def _power_by_base(z: Node, x: Node, y: Node) -> Node:
    """Write y·x^(y-1), as 2x for a square and without the 0·∞ of x^0 at x = 0."""
    if isinstance(y, Constant) and y.value.size == 1:
        exponent = float(y.value.reshape(()))
        if exponent == 2.0:
            return 2.0 * x
        if exponent == 0.0:
            return 0.0 * z
        return y * _POW(x, y - 1.0)
    return where(equal(y, 0.0), 0.0, y * _POW(x, y - 1.0))


def _power_by_exponent(z: Node, x: Node, y: Node) -> Node:
    """Write x^y·ln x, and 0 at x = 0, where x^y stays 0 for every positive y."""
    return where(equal(x, 0.0), 0.0, z * log(x))


_POW = Op(
    name="pow",
    formula="x^{y}",
    words="{x} to the power {y}",
    derivative=(r"y \, x^{y-1}", r"x^{y} \ln x"),
    infer=elementwise(2),
    local=(_power_by_base, _power_by_exponent),
    domain=(_POSITIVE, Interval(-2.0, 2.5, "every real number; whole numbers where x < 0")),
    singular="x = 0 with y < 1, or x < 0 where y moves",
    samples=_PAIRS,
    refusals=(_MISMATCH, _MIXED),
)


def pow(x: Operand, y: Operand, /) -> Node:
    """Raise to a power element by element: x^y.

    Args:
        x: The base, floats; positive unless the exponent is whole.
        y: The exponent, floats of a shape that broadcasts with the base.

    Returns:
        A node of the broadcast shape; NaN for a negative base and a broken exponent.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If the values are not floats.

    Example:
        >>> float(pow(2.0, 3.0).evaluate())
        8.0
    """
    return _POW(x, y)


_SQRT = Op(
    name="sqrt",
    formula=r"\sqrt{x}",
    words="the square root of {x}",
    derivative=(r"\frac{1}{2\sqrt{x}}",),
    infer=elementwise(),
    local=(lambda z, x: 0.5 / z,),
    domain=(_POSITIVE,),
    singular="x = 0, where the slope is infinite",
    samples=(Sample(()), Sample((2, 3))),
    refusals=(Refusal((Spec((), "int64"),), {}, DTypeError, "not int64"),),
)


def sqrt(x: Operand, /) -> Node:
    """Take the square root of each element.

    Args:
        x: Floats of any shape, not negative.

    Returns:
        A node of the same shape; NaN where x is negative.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(sqrt(9.0).evaluate())
        3.0
    """
    return _SQRT(x)


def square(x: Operand, /) -> Node:
    """Square each element: x·x.

    Args:
        x: Integers or floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are booleans.

    Example:
        >>> float(square(-3.0).evaluate())
        9.0
    """
    (node,) = as_nodes((x,))
    return _MULTIPLY(node, node)


OPERATORS.update(add=add, subtract=subtract, multiply=multiply, divide=divide, negative=negative, pow=pow)
