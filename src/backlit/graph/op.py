"""Op: the card on which everything stands that is true of an operation on any engine.

A card holds the shape rule, the derivative (as local derivatives of an elementwise op, or as a pushforward and a
pullback, all written in backlit's own ops, so that a gradient is a graph again), the formula and its derivative in
LaTeX and in words, the domain, kinks and singular points, sample arguments and arguments that must fail. What a
consumer does with an op (a NumPy rule, native code, a phrase) stands in that consumer, in one table keyed by op.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from backlit.errors import DTypeError, GraphError, ShapeError, UnknownNameError, nearest, user_line
from backlit.graph.leaves import Constant, constant
from backlit.graph.node import Application, Array, Node, Operand
from backlit.graph.scope import current_scope
from backlit.graph.shapes import broadcast_shapes, normalise_axes
from backlit.graph.spec import DTYPES, Spec, fit_array, is_floating, kind_of, promote

__all__ = ["OPS", "Interval", "LocalDerivative", "Op", "Pullback", "Pushforward", "Refusal", "Sample"]
__all__ += ["as_floats", "as_nodes", "axes_of", "axis_of", "elementwise", "find_op", "linear_pushforward"]

LocalDerivative = Callable[..., "Node | float"]
"""``(value, *arguments) -> the local derivative with respect to one argument``, a node or a number."""

Pushforward = Callable[[Application, tuple["Node | None", ...]], "Node | None"]
"""``(value, tangents) -> the tangent of the value``; a tangent of None is zero."""

Pullback = Callable[[int, Application, Node], "Node | None"]
"""``(position, value, upstream) -> the contribution to the argument at that position``, None for no path."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The values an argument may take, from which tests and samples are drawn.

    Args:
        low: The smallest value worth trying.
        high: The largest value worth trying.
        note: The domain in words, such as ``x > 0``.

    Example:
        >>> Interval(0.1, 5.0, "x > 0").note
        'x > 0'
    """

    low: float = -3.0
    high: float = 3.0
    note: str = "every real number"


@dataclass(frozen=True)
class Sample:
    """Arguments on which an op is tested on every engine.

    Args:
        *arguments: For each argument either a shape, whose values are drawn from the op's domain, or an array.
        **attributes: The op's attributes.

    Example:
        >>> Sample((2, 3), axes=(0,)).attributes
        {'axes': (0,)}
    """

    arguments: tuple[tuple[int, ...] | Array, ...]
    attributes: dict[str, Any]

    def __init__(self, *arguments: tuple[int, ...] | Array, **attributes: Any) -> None:
        object.__setattr__(self, "arguments", arguments)
        object.__setattr__(self, "attributes", attributes)


@dataclass(frozen=True)
class Refusal:
    """Arguments that an op must refuse, and what the message must say.

    Args:
        arguments: The specs of the arguments.
        attributes: The op's attributes.
        error: The class of the error.
        says: A part of the message.

    Example:
        >>> Refusal((Spec((3,), "bool"),), {}, DTypeError, "bool").says
        'bool'
    """

    arguments: tuple[Spec, ...]
    attributes: Mapping[str, Any]
    error: type[GraphError]
    says: str


OPS: dict[str, "Op"] = {}
"""Every card by the name of its op."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Op:
    """The card of one operation; calling it builds a node.

    Args:
        name: The name in the array API standard, where it has one.
        formula: The value in LaTeX, with x, y, z for the arguments.
        words: The value in words.
        derivative: The local derivative for each argument, in LaTeX; empty for an argument that has none.
        infer: The shape rule: specs and attributes of the arguments to the spec of the value.
        local: For an elementwise op, the local derivative for each argument, ``(value, *arguments) -> node or
            number``; None for an argument that has none. Pushforward and pullback follow from it.
        pushforward: For any other op, ``(value, tangents) -> tangent of the value``, linear in the tangents.
        pullback: For any other op, ``(position, value, upstream) -> contribution to that argument``: one edge.
        flat: Whether the derivative is zero wherever it exists, so that nothing upstream can learn.
        domain: The values each argument may take; the last one serves for all further arguments.
        kink: A function of the arguments whose zeros are the points without a derivative, as a node.
        kinks: The same in words.
        singular: Points at which the value or the derivative is infinite, in words.
        analytic: Whether the op can be tested by a complex step.
        samples: Arguments on which it is tested.
        refusals: Arguments it must refuse.

    Raises:
        GraphError: When it is called with arguments that do not fit.

    Example:
        >>> find_op("divide").words
        '{x} divided by {y}'
    """

    name: str
    formula: str
    words: str
    derivative: tuple[str, ...] = ()
    infer: Callable[..., Spec]
    local: tuple[LocalDerivative | None, ...] = ()
    pushforward: Pushforward | None = None
    pullback: Pullback | None = None
    flat: bool = False
    domain: tuple[Interval, ...] = (Interval(),)
    kink: Callable[..., Node] | None = None
    kinks: str = ""
    singular: str = ""
    analytic: bool = True
    samples: tuple[Sample, ...] = ()
    refusals: tuple[Refusal, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.name in OPS:
            raise GraphError(f"there is an op {self.name!r} already", instead="give the new op another name")
        OPS[self.name] = self

    @property
    def differentiable(self) -> bool:
        """Whether gradients pass through this op."""
        return bool(self.local) or self.pullback is not None

    def domain_of(self, position: int) -> Interval:
        """Return the domain of the argument at a position."""
        return self.domain[min(position, len(self.domain) - 1)]

    def __call__(self, *operands: Operand, **attributes: Any) -> Application:
        """Build a node: check the arguments by the shape rule and remember where it was written."""
        arguments = as_nodes(operands)
        try:
            spec = self.infer(*(node.spec for node in arguments), **attributes)
        except (GraphError, TypeError) as error:
            raise self._refusal(error, arguments, attributes) from None
        frozen = MappingProxyType(attributes)
        return Application(self, arguments, frozen, spec, scope=current_scope(), line=user_line())

    def _refusal(self, error: Exception, arguments: tuple[Node, ...], attributes: Mapping[str, Any]) -> GraphError:
        """Put the call and the user's line to what the shape rule found, or Python itself (a wrong attribute)."""
        call = _call_text(self.name, arguments, attributes)
        if not isinstance(error, GraphError):
            return GraphError(f"{call}: {error}", line=user_line())
        return type(error)(f"{call}: {error.what}", why=error.why, instead=error.instead, line=user_line())

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _call_text(name: str, arguments: Iterable[Node], attributes: Mapping[str, Any]) -> str:
    parts = [f"{node.name or node.kind}: {node.spec}" for node in arguments]
    parts += [f"{key}={value!r}" for key, value in attributes.items()]
    return f"{name}({', '.join(parts)})"


def find_op(name: str) -> Op:
    """Return the card of an op.

    Args:
        name: The op's name.

    Returns:
        The card.

    Raises:
        UnknownNameError: If there is none; the message suggests the nearest.

    Example:
        >>> find_op("exp")
        <op exp>
    """
    if name not in OPS:
        raise UnknownNameError(f"there is no op {name!r}{nearest(name, OPS)}")
    return OPS[name]


def as_nodes(operands: Iterable[Operand]) -> tuple[Node, ...]:
    """Turn operands into nodes; Python's own numbers take the data type of the nodes they meet.

    Args:
        operands: Nodes, numbers or arrays.

    Returns:
        A node for each.

    Raises:
        DTypeError: If a Python float meets integers or booleans.

    Example:
        >>> as_nodes([constant([1.0], dtype="float64"), 2])[1]
        <constant: float64[]>
    """
    given = tuple(operands)
    if all(isinstance(operand, Node) for operand in given):
        return given  # type: ignore[return-value]
    nodes: list[Node | None] = []
    strong: str | None = None
    for operand in given:
        node = None
        if isinstance(operand, Node):
            node = operand
        elif not isinstance(operand, (bool, int, float)):
            node = constant(operand)
        if node is not None and (strong is None or is_floating(node.dtype) or strong == "bool"):
            strong = node.dtype
        nodes.append(node)
    return tuple(
        _weak(operand, strong) if node is None else node  # type: ignore[arg-type]
        for operand, node in zip(given, nodes, strict=True)
    )


def _weak(number: bool | float, dtype: str | None) -> Constant:
    if dtype is None or isinstance(number, bool) or (isinstance(number, int) and dtype == "bool"):
        return constant(number)
    if isinstance(number, float) and not is_floating(dtype):
        raise DTypeError(
            f"the float {number!r} meets a value of data type {dtype}",
            why="a change of kind (bool, integer, float) is never made silently",
            instead='write bl.cast(value, "float32") around the integers or booleans',
            line=user_line(),
        )
    try:
        return Constant(fit_array(np.array(number), dtype))
    except DTypeError as error:
        raise DTypeError(f"the op received {error.what}", line=user_line()) from None


def elementwise(arguments: int = 1, *, kinds: str = "float", result: str | None = None) -> Callable[..., Spec]:
    """Make the shape rule of an op that works element by element on arguments that broadcast.

    Args:
        arguments: How many arguments it takes.
        kinds: The kinds it accepts: any of ``float``, ``integer``, ``bool``, separated by blanks.
        result: The data type of the value; by default that to which the arguments promote.

    Returns:
        The rule.

    Example:
        >>> rule = elementwise(2, kinds="float integer")
        >>> print(rule(Spec((3, 1), "float32"), Spec((4,), "float32")))
        float32[3,4]
    """
    kept = frozenset(dtype for dtype in DTYPES if kind_of(dtype) in kinds.split()) if result is None else frozenset()

    def infer(*specs: Spec) -> Spec:
        if len(specs) != arguments:
            raise GraphError(f"the op takes {arguments} argument{'s' * (arguments > 1)}; received {len(specs)}")
        if specs[0].dtype in kept and all(spec == specs[0] for spec in specs):
            return specs[0]
        shape = broadcast_shapes(*(spec.shape for spec in specs))
        dtype = promote(*(spec.dtype for spec in specs))
        if kind_of(dtype) not in kinds.split():
            raise DTypeError(
                f"the op takes values of kind {' or '.join(kinds.split())}, not {dtype}",
                why="a change of kind (bool, integer, float) is never made silently",
                instead=f'write bl.cast(value, "{ {"f": "float32", "i": "int64", "b": "bool"}[kinds[0]] }")',
            )
        return Spec(shape, result or dtype)

    return infer


def as_floats(operand: Operand, what: str) -> Node:
    """Turn an operand into a node of floats, for composites that have no meaning for other kinds.

    Args:
        operand: A node, number or array.
        what: The composite's name.

    Returns:
        The node.

    Raises:
        DTypeError: If it is made of integers or booleans.

    Example:
        >>> as_floats(1.0, "mean")
        <constant: float32[]>
    """
    (node,) = as_nodes((operand,))
    if not is_floating(node.dtype):
        raise DTypeError(
            f"{what} takes floats; received {node!r}",
            instead=f'write bl.{what}(bl.cast(x, "float32"))',
            line=user_line(),
        )
    return node


def axes_of(node: Node, axis: int | Sequence[int] | None) -> tuple[int, ...]:
    """Return axes of a node counted from the front.

    Args:
        node: The node.
        axis: An axis, a sequence of them, or None for all.

    Returns:
        The axes in ascending order.

    Raises:
        ShapeError: If an axis does not exist or stands twice; the message names the node and the user's line.

    Example:
        >>> axes_of(constant([[1.0, 2.0]]), -1)
        (1,)
    """
    try:
        return normalise_axes(axis, node.rank)
    except ShapeError as error:
        raise ShapeError(f"{node!r}: {error.what}", why=error.why, line=user_line()) from None


def axis_of(node: Node, axis: int) -> int:
    """Return an axis of a node counted from the front.

    Args:
        node: The node.
        axis: The axis.

    Returns:
        The same axis, from 0.

    Raises:
        ShapeError: If there is no such axis; the message names the node and the user's line.

    Example:
        >>> axis_of(constant([[1.0, 2.0]]), -1)
        1
    """
    return axes_of(node, axis)[0]


def linear_pushforward(value: Application, tangents: tuple[Node | None, ...]) -> Node | None:
    """Push a tangent through an op that is linear in its first argument: apply the op to the tangent itself.

    Args:
        value: The application of the op.
        tangents: The tangents of its arguments, of which only the first is read.

    Returns:
        The tangent of the value, or None where that of the first argument is zero.

    Example:
        >>> import backlit as bl
        >>> y = bl.reshape(bl.input("x", shape=(2, 3)), (6,))
        >>> linear_pushforward(y, (bl.input("dx", shape=(2, 3)),))
        <reshape: float32[6]>
    """
    if tangents[0] is None:
        return None
    return value.op(tangents[0], *value.arguments[1:], **value.attributes)
