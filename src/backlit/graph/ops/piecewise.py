"""The cards of functions in pieces: absolute value, rectifier, larger and smaller, clip, choice, rounding.

Where two pieces meet there is a kink; which slope is taken there is chosen by ``subgradients`` when a gradient is
built. Where pieces are flat, the derivative is zero wherever it exists, and nothing upstream can learn.
"""

import numpy as np

from backlit.errors import DTypeError, ShapeError
from backlit.graph.node import OPERATORS, Application, Node, Operand
from backlit.graph.op import Op, Refusal, Sample, as_nodes, elementwise
from backlit.graph.ops.comparison import equal, greater, greater_equal, less, less_equal
from backlit.graph.ops.logic import cast
from backlit.graph.shapes import broadcast_shapes
from backlit.graph.spec import Spec, promote
from backlit.graph.subgradients import current_subgradients

__all__ = ["abs", "ceil", "clip", "floor", "maximum", "minimum", "relu", "round", "sign", "where"]

_ONE = (Sample(()), Sample((3,)), Sample((2, 3)), Sample((0, 2)))
_TWO = (Sample((), ()), Sample((3,), (3,)), Sample((2, 1), (3,)))
_BOOLEAN = Refusal((Spec((), "bool"),), {}, DTypeError, "not bool")
_MISMATCH = Refusal((Spec((3,), "float32"), Spec((4,), "float32")), {}, ShapeError, "do not broadcast")


def _share(wins: Node, tie: Node, share: float, dtype: str) -> Node:
    """Give 1 where the condition holds and a share of 1 where there is a tie."""
    slope = cast(wins, dtype)
    return slope + share * cast(tie, dtype) if share else slope


def _abs_slope(z: Node, x: Node) -> Node:
    slope = current_subgradients().abs
    return sign(x) + slope * cast(equal(x, 0.0), x.dtype) if slope else sign(x)


_ABS = Op(
    name="abs",
    formula="|x|",
    words="the absolute value of {x}",
    derivative=(r"\operatorname{sign} x",),
    infer=elementwise(kinds="float integer"),
    local=(_abs_slope,),
    kink=lambda x: x,
    kinks="x = 0: any slope from -1 to 1",
    samples=_ONE,
    refusals=(_BOOLEAN,),
)


def abs(x: Operand, /) -> Node:
    """Take the absolute value of each element: |x|.

    Args:
        x: Integers or floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are booleans.

    Example:
        >>> float(abs(-2.0).evaluate())
        2.0
    """
    return _ABS(x)


def _flat(name: str, formula: str, words: str, kinks: str) -> Op:
    return Op(
        name=name,
        formula=formula,
        words=words,
        derivative=("0",),
        infer=elementwise(kinds="float integer"),
        flat=True,
        kinks=kinks,
        samples=_ONE,
        refusals=(_BOOLEAN,),
    )


_SIGN = _flat("sign", r"\operatorname{sign} x", "the sign of {x}", "x = 0, where the value jumps")
_FLOOR = _flat("floor", r"\lfloor x \rfloor", "{x} rounded down", "whole numbers, where the value jumps")
_CEIL = _flat("ceil", r"\lceil x \rceil", "{x} rounded up", "whole numbers, where the value jumps")
_ROUND = _flat("round", r"\lfloor x \rceil", "{x} rounded", "halfway between whole numbers, where the value jumps")


def sign(x: Operand, /) -> Node:
    """Take the sign of each element: -1, 0 or 1. No gradient passes.

    Args:
        x: Integers or floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are booleans.

    Example:
        >>> sign([-2.0, 0.0, 3.0]).evaluate().tolist()
        [-1.0, 0.0, 1.0]
    """
    return _SIGN(x)


def floor(x: Operand, /) -> Node:
    """Round each element down to a whole number. No gradient passes.

    Args:
        x: Integers or floats of any shape.

    Returns:
        A node of the same shape and data type.

    Raises:
        DTypeError: If the values are booleans.

    Example:
        >>> float(floor(-1.5).evaluate())
        -2.0
    """
    return _FLOOR(x)


def ceil(x: Operand, /) -> Node:
    """Round each element up to a whole number. No gradient passes.

    Args:
        x: Integers or floats of any shape.

    Returns:
        A node of the same shape and data type.

    Raises:
        DTypeError: If the values are booleans.

    Example:
        >>> float(ceil(1.2).evaluate())
        2.0
    """
    return _CEIL(x)


def round(x: Operand, /) -> Node:
    """Round each element to the nearest whole number, halves to the even one. No gradient passes.

    Args:
        x: Integers or floats of any shape.

    Returns:
        A node of the same shape and data type.

    Raises:
        DTypeError: If the values are booleans.

    Example:
        >>> round([0.5, 1.5]).evaluate().tolist()
        [0.0, 2.0]
    """
    return _ROUND(x)


def _relu_slope(z: Node, x: Node) -> Node:
    slope = current_subgradients().relu
    if slope == 1.0:
        return cast(greater_equal(x, 0.0), x.dtype)
    return _share(greater(x, 0.0), equal(x, 0.0), slope, x.dtype)


_RELU = Op(
    name="relu",
    formula=r"\max(0, x)",
    words="{x} where it is positive, else 0",
    derivative=(r"[x > 0]",),
    infer=elementwise(),
    local=(_relu_slope,),
    kink=lambda x: x,
    kinks="x = 0: any slope from 0 to 1",
    samples=_ONE,
    refusals=(_BOOLEAN,),
)


def relu(x: Operand, /) -> Node:
    """Rectify each element: max(0, x). NaN stays NaN.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> relu([-1.0, 2.0]).evaluate().tolist()
        [0.0, 2.0]
    """
    return _RELU(x)


def _extreme(name: str, formula: str, words: str, *, larger: bool) -> Op:
    beats = greater if larger else less

    def first(z: Node, x: Node, y: Node) -> Node:
        return _share(beats(x, y), equal(x, y), current_subgradients().maximum, z.dtype)

    def second(z: Node, x: Node, y: Node) -> Node:
        return _share(beats(y, x), equal(x, y), 1.0 - current_subgradients().maximum, z.dtype)

    relation = ">" if larger else "<"
    return Op(
        name=name,
        formula=formula,
        words=words,
        derivative=(f"[x {relation} y]", f"[y {relation} x]"),
        infer=elementwise(2, kinds="float integer"),
        local=(first, second),
        kink=lambda x, y: x - y,
        kinks="x = y: the two shares add up to 1",
        samples=_TWO,
        refusals=(_MISMATCH,),
    )


_MAXIMUM = _extreme("maximum", r"\max(x, y)", "the larger of {x} and {y}", larger=True)
_MINIMUM = _extreme("minimum", r"\min(x, y)", "the smaller of {x} and {y}", larger=False)


def maximum(x: Operand, y: Operand, /) -> Node:
    """Take the larger element by element. NaN wins.

    Args:
        x: Integers or floats.
        y: Values of the same kind, of a shape that broadcasts with the first.

    Returns:
        A node of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> float(maximum(1.0, 2.0).evaluate())
        2.0
    """
    return _MAXIMUM(x, y)


def minimum(x: Operand, y: Operand, /) -> Node:
    """Take the smaller element by element. NaN wins.

    Args:
        x: Integers or floats.
        y: Values of the same kind, of a shape that broadcasts with the first.

    Returns:
        A node of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> float(minimum(1.0, 2.0).evaluate())
        1.0
    """
    return _MINIMUM(x, y)


def _clip_slope(z: Node, x: Node, low: Node, high: Node) -> Node:
    slope = current_subgradients().clip
    inside = cast(greater(x, low), z.dtype) * cast(less(x, high), z.dtype)
    closed = cast(greater_equal(x, low), z.dtype) * cast(less_equal(x, high), z.dtype)
    ordered = cast(less(low, high), z.dtype)
    if slope in (0.0, 1.0):
        return ordered * (closed if slope else inside)
    return ordered * (inside + slope * (closed - inside))


def _clip_low(z: Node, x: Node, low: Node, high: Node) -> Node:
    share = 1.0 - current_subgradients().clip
    return _share(less(x, low), equal(x, low), share, z.dtype) * cast(less(low, high), z.dtype)


def _clip_high(z: Node, x: Node, low: Node, high: Node) -> Node:
    """Let the upper bound win where the bounds cross, as the value does."""
    share = 1.0 - current_subgradients().clip
    crossed = cast(greater_equal(low, high), z.dtype)
    beyond = _share(greater(x, high), equal(x, high), share, z.dtype)
    return crossed + (1.0 - crossed) * beyond


_CLIP = Op(
    name="clip",
    formula=r"\min(\max(x, l), h)",
    words="{x} kept between {y} and {z}",
    derivative=(r"[l \leq x \leq h]", "[x < l]", "[x > h]"),
    infer=elementwise(3, kinds="float integer"),
    local=(_clip_slope, _clip_low, _clip_high),
    kink=lambda x, low, high: minimum(abs(x - low), abs(x - high)),
    kinks="x at a bound: any slope from 0 to 1",
    samples=(Sample((3,), (3,), (3,)), Sample((2, 3), (), ())),
    refusals=(Refusal((Spec((), "bool"),) * 3, {}, DTypeError, "not bool"),),
)


def clip(x: Operand, low: Operand, high: Operand) -> Node:
    """Keep each element between two bounds: min(max(x, low), high).

    Args:
        x: Integers or floats.
        low: The lower bound, of a shape that broadcasts.
        high: The upper bound, which wins where it is below the lower one.

    Returns:
        A node of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> clip([-2.0, 0.5, 2.0], -1.0, 1.0).evaluate().tolist()
        [-1.0, 0.5, 1.0]
    """
    return _CLIP(x, low, high)


def _where_spec(condition: Spec, x: Spec, y: Spec) -> Spec:
    if condition.dtype != "bool":
        raise DTypeError(
            f"the condition is {condition.dtype}, not bool", instead="compare first: bl.where(x > 0.0, x, y)"
        )
    return Spec(broadcast_shapes(condition.shape, x.shape, y.shape), promote(x.dtype, y.dtype))


def _where_tangent(z: Application, tangents: tuple[Node | None, ...]) -> Node | None:
    _, x, y = tangents
    if x is None and y is None:
        return None
    return where(z.arguments[0], 0.0 if x is None else x, 0.0 if y is None else y)


def _where_pullback(position: int, z: Application, upstream: Node) -> Node | None:
    if position == 0:
        return None
    condition = z.arguments[0]
    return where(condition, upstream, 0.0) if position == 1 else where(condition, 0.0, upstream)


_CONDITION = np.array([True, False, True])
_WHERE = Op(
    name="where",
    formula=r"\begin{cases} y & x \\ z & \text{else} \end{cases}",
    words="{y} where {x} holds, else {z}",
    derivative=("", "[x]", r"[\lnot x]"),
    infer=_where_spec,
    pushforward=_where_tangent,
    pullback=_where_pullback,
    samples=(
        Sample(_CONDITION, (3,), (3,)),
        Sample(_CONDITION, (2, 1), ()),
        Sample(_CONDITION[:2, None], (3,), (2, 3)),
    ),
    refusals=(Refusal((Spec((), "float32"),) * 3, {}, DTypeError, "not bool"),),
)


def where(condition: Operand, x: Operand, y: Operand, /) -> Node:
    """Choose element by element: x where the condition holds, else y.

    The gradient of what is not chosen is zero. An infinite local derivative further up on that side still gives
    0·∞ = NaN: guard the argument too, as in ``where(x > 0, log(where(x > 0, x, 1)), 0)``.

    Args:
        condition: Booleans.
        x: Values of any kind, of a shape that broadcasts.
        y: Values of the same kind, of a shape that broadcasts.

    Returns:
        A node of the broadcast shape.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If the condition is not boolean or kinds are mixed.

    Example:
        >>> where([True, False], 1.0, 2.0).evaluate().tolist()
        [1.0, 2.0]
    """
    return _WHERE(*as_nodes((condition,)), *as_nodes((x, y)))


OPERATORS["abs"] = abs
