"""The cards of logic: connectives, tests for NaN and infinity, changes of data type, gradients held back.

Their values are booleans or integers, or stand still: no gradient passes, except through a cast from float to float.
"""

from backlit.errors import DTypeError
from backlit.graph.node import OPERATORS, Application, Node, Operand
from backlit.graph.op import Op, Refusal, Sample, as_nodes, elementwise
from backlit.graph.spec import Spec, check_dtype, is_floating

__all__ = ["cast", "isfinite", "isnan", "logical_and", "logical_not", "logical_or", "logical_xor", "stop_gradient"]

_FLOATS = Refusal((Spec((2,), "float32"), Spec((2,), "float32")), {}, DTypeError, "not float32")
_BOOLEANS = Sample((3,), (3,)), Sample((2, 1), (3,))


def _connective(name: str, formula: str, words: str) -> Op:
    return Op(
        name=name,
        formula=formula,
        words=words,
        infer=elementwise(2, kinds="bool"),
        flat=True,
        samples=_BOOLEANS,
        refusals=(_FLOATS,),
    )


_AND = _connective("logical_and", r"x \land y", "{x} and {y}")
_OR = _connective("logical_or", r"x \lor y", "{x} or {y}")
_XOR = _connective("logical_xor", r"x \oplus y", "either {x} or {y}")
_NOT = Op(
    name="logical_not",
    formula=r"\lnot x",
    words="not {x}",
    infer=elementwise(kinds="bool"),
    flat=True,
    samples=(Sample((3,)), Sample((2, 2))),
    refusals=(Refusal((Spec((2,), "float32"),), {}, DTypeError, "not float32"),),
)


def logical_and(x: Operand, y: Operand, /) -> Node:
    """Say element by element whether both are true.

    Args:
        x: Booleans.
        y: Booleans of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        DTypeError: If the values are not booleans.

    Example:
        >>> bool(logical_and(True, False).evaluate())
        False
    """
    return _AND(x, y)


def logical_or(x: Operand, y: Operand, /) -> Node:
    """Say element by element whether at least one is true.

    Args:
        x: Booleans.
        y: Booleans of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        DTypeError: If the values are not booleans.

    Example:
        >>> bool(logical_or(True, False).evaluate())
        True
    """
    return _OR(x, y)


def logical_xor(x: Operand, y: Operand, /) -> Node:
    """Say element by element whether exactly one is true.

    Args:
        x: Booleans.
        y: Booleans of a shape that broadcasts with the first.

    Returns:
        A node of booleans of the broadcast shape.

    Raises:
        DTypeError: If the values are not booleans.

    Example:
        >>> bool(logical_xor(True, True).evaluate())
        False
    """
    return _XOR(x, y)


def logical_not(x: Operand, /) -> Node:
    """Turn true into false and false into true.

    Args:
        x: Booleans of any shape.

    Returns:
        A node of booleans of the same shape.

    Raises:
        DTypeError: If the values are not booleans.

    Example:
        >>> bool(logical_not(True).evaluate())
        False
    """
    return _NOT(x)


def _float_test(name: str, formula: str, words: str) -> Op:
    return Op(
        name=name,
        formula=formula,
        words=words,
        infer=elementwise(result="bool"),
        flat=True,
        samples=(Sample((3,)), Sample((2, 2))),
        refusals=(Refusal((Spec((2,), "int64"),), {}, DTypeError, "not int64"),),
    )


_ISNAN = _float_test("isnan", r"x \text{ is NaN}", "whether {x} is not a number")
_ISFINITE = _float_test("isfinite", r"|x| < \infty", "whether {x} is finite")


def isnan(x: Operand, /) -> Node:
    """Say of each element whether it is NaN.

    Args:
        x: Floats of any shape.

    Returns:
        A node of booleans of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> isnan([1.0, float("nan")]).evaluate().tolist()
        [False, True]
    """
    return _ISNAN(x)


def isfinite(x: Operand, /) -> Node:
    """Say of each element whether it is neither NaN nor infinite.

    Args:
        x: Floats of any shape.

    Returns:
        A node of booleans of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> isfinite([1.0, float("inf")]).evaluate().tolist()
        [True, False]
    """
    return _ISFINITE(x)


def _cast_tangent(z: Application, tangents: tuple[Node | None, ...]) -> Node | None:
    tangent = tangents[0]
    return cast(tangent, z.dtype) if tangent is not None and is_floating(z.dtype) else None


def _cast_pullback(position: int, z: Application, upstream: Node) -> Node | None:
    return cast(upstream, z.arguments[0].dtype) if is_floating(z.arguments[0].dtype) else None


_CAST = Op(
    name="cast",
    formula=r"x",
    words="{x} in another data type",
    derivative=("1",),
    infer=lambda x, *, dtype: Spec(x.shape, check_dtype(dtype)),
    pushforward=_cast_tangent,
    pullback=_cast_pullback,
    samples=(Sample((3,), dtype="float64"), Sample((2, 2), dtype="float64")),
    refusals=(Refusal((Spec((2,), "float32"),), {"dtype": "float7"}, DTypeError, "float7"),),
)


def cast(x: Operand, dtype: object) -> Node:
    """Change the data type of each element; floats become integers by dropping what follows the point.

    Args:
        x: Values of any kind and shape.
        dtype: The data type wanted.

    Returns:
        A node of the same shape; the value itself if it has that data type already.

    Raises:
        DTypeError: If there is no such data type.

    Example:
        >>> cast([1.7, -1.7], "int64").evaluate().tolist()
        [1, -1]
    """
    (node,) = as_nodes((x,))
    name = check_dtype(dtype)
    return node if node.dtype == name else _CAST(node, dtype=name)


_STOP_GRADIENT = Op(
    name="stop_gradient",
    formula="x",
    words="{x}, held fixed",
    derivative=("0",),
    infer=lambda x: x,
    pushforward=lambda z, tangents: None,
    pullback=lambda position, z, upstream: None,
    analytic=False,
    samples=(Sample((3,)),),
)


def stop_gradient(x: Operand, /) -> Node:
    """Return the value unchanged and let no gradient pass.

    Args:
        x: Values of any kind and shape.

    Returns:
        A node of the same shape and data type.

    Example:
        >>> float(stop_gradient(2.0).evaluate())
        2.0
    """
    return _STOP_GRADIENT(x)


OPERATORS.update(logical_not=logical_not, logical_and=logical_and, logical_or=logical_or, logical_xor=logical_xor)
