"""The cards of comparison: equal, less, greater and their kin. Their values are booleans: no gradient passes."""

from backlit.errors import DTypeError
from backlit.graph.node import OPERATORS, Node, Operand
from backlit.graph.op import Op, Refusal, Sample
from backlit.graph.shapes import broadcast_shapes
from backlit.graph.spec import Spec, promote

__all__ = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal"]

_MIXED = Refusal((Spec((2,), "float32"), Spec((2,), "int64")), {}, DTypeError, "do not mix")


def _compare(specs: tuple[Spec, ...]) -> Spec:
    promote(*(spec.dtype for spec in specs))
    return Spec(broadcast_shapes(*(spec.shape for spec in specs)), "bool")


def _comparison(name: str, formula: str, words: str) -> Op:
    return Op(
        name=name,
        formula=formula,
        words=words,
        infer=lambda x, y: _compare((x, y)),
        flat=True,
        kink=lambda x, y: x - y,
        kinks="x = y, where the value jumps",
        samples=(Sample((), ()), Sample((3,), (3,)), Sample((2, 1), (3,))),
        refusals=(_MIXED,),
    )


_EQUAL = _comparison("equal", "x = y", "whether {x} equals {y}")
_NOT_EQUAL = _comparison("not_equal", r"x \neq y", "whether {x} differs from {y}")
_LESS = _comparison("less", "x < y", "whether {x} is less than {y}")
_LESS_EQUAL = _comparison("less_equal", r"x \leq y", "whether {x} is at most {y}")
_GREATER = _comparison("greater", "x > y", "whether {x} is greater than {y}")
_GREATER_EQUAL = _comparison("greater_equal", r"x \geq y", "whether {x} is at least {y}")


def equal(x: Operand, y: Operand, /) -> Node:
    """Compare element by element: x = y.

    Args:
        x: Values of any kind.
        y: Values of the same kind, of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> bool(equal(1.0, 1.0).evaluate())
        True
    """
    return _EQUAL(x, y)


def not_equal(x: Operand, y: Operand, /) -> Node:
    """Compare element by element: x ≠ y; true where either is NaN.

    Args:
        x: Values of any kind.
        y: Values of the same kind, of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> bool(not_equal(1.0, 1.0).evaluate())
        False
    """
    return _NOT_EQUAL(x, y)


def less(x: Operand, y: Operand, /) -> Node:
    """Compare element by element: x < y.

    Args:
        x: Values of any kind.
        y: Values of the same kind, of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> bool(less(1.0, 2.0).evaluate())
        True
    """
    return _LESS(x, y)


def less_equal(x: Operand, y: Operand, /) -> Node:
    """Compare element by element: x ≤ y.

    Args:
        x: Values of any kind.
        y: Values of the same kind, of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> bool(less_equal(2.0, 2.0).evaluate())
        True
    """
    return _LESS_EQUAL(x, y)


def greater(x: Operand, y: Operand, /) -> Node:
    """Compare element by element: x > y.

    Args:
        x: Values of any kind.
        y: Values of the same kind, of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> bool(greater(1.0, 2.0).evaluate())
        False
    """
    return _GREATER(x, y)


def greater_equal(x: Operand, y: Operand, /) -> Node:
    """Compare element by element: x ≥ y.

    Args:
        x: Values of any kind.
        y: Values of the same kind, of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> bool(greater_equal(2.0, 2.0).evaluate())
        True
    """
    return _GREATER_EQUAL(x, y)


OPERATORS.update(less=less, less_equal=less_equal, greater=greater, greater_equal=greater_equal)
