"""Node: one value in a computation graph, immutable and without any number in it.

Building never computes. A node knows what it is made of (an op, its arguments, its attributes), what its value will
look like (a ``Spec``), what it is called, in which box it stands and which line of the user's code built it. Leaves
stand in ``leaves.py``.

Nodes offer Python's operators without importing the ops: each op registers its function in ``OPERATORS`` when its
card is made, and the floors above add ``evaluate`` the same way.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from backlit.errors import GraphError, ShapeError, user_line
from backlit.graph.scope import Scope, current_scope
from backlit.graph.spec import Spec

if TYPE_CHECKING:
    from backlit.graph.op import Op

__all__ = ["OPERATORS", "Application", "Array", "Node", "Operand", "check_name"]

Array = npt.NDArray[Any]
"""A NumPy array of any shape and data type."""

OPERATORS: dict[str, Callable[..., Any]] = {}
"""What a node can do, by name: filled by the ops and by the engines when they load."""

_NO_ATTRIBUTES: Mapping[str, Any] = MappingProxyType({})

_UFUNCS = {
    "add": "add",
    "subtract": "subtract",
    "multiply": "multiply",
    "divide": "divide",
    "power": "pow",
    "matmul": "matmul",
    "less": "less",
    "less_equal": "less_equal",
    "greater": "greater",
    "greater_equal": "greater_equal",
}


class Node:
    """One value in a computation graph.

    Nodes are made by operators and functions of backlit, never directly. Two nodes are equal only if they are the same
    object; ask ``bl.equal(x, y)`` for a node that compares their values.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(3,))
        >>> y = (2.0 * x).named("doubled")
        >>> y
        <multiply 'doubled': float32[3]>
        >>> y.arguments[1] is x
        True
    """

    __slots__ = ("__weakref__", "line", "name", "scope", "spec")

    arguments: tuple["Node", ...] = ()
    attributes: Mapping[str, Any] = _NO_ATTRIBUTES

    def __init__(self, spec: Spec, name: str | None, scope: Scope | None, line: tuple[str, int]) -> None:
        self.spec = spec
        self.name = name
        self.scope = scope
        self.line = line

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.spec.shape

    @property
    def dtype(self) -> str:
        """The name of the data type."""
        return self.spec.dtype

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.spec.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.spec.size

    @property
    def trainable(self) -> bool:
        """Whether training may change this node's value; true only of trainable parameters."""
        return False

    @property
    def kind(self) -> str:
        """What the node is: the name of its op, or ``input``, ``parameter`` or ``constant``."""
        return type(self).__name__.lower()

    @property
    def T(self) -> "Node":  # noqa: N802 - the field's name for the transpose
        """The transpose of a matrix."""
        return self._apply("matrix_transpose")

    def named(self, name: str) -> "Node":
        """Return this node under a name, by which traces, texts and pictures will know it.

        Args:
            name: Any text without line breaks. Inside a scope its path is put before it: ``layer1.z``.

        Returns:
            A node of the same value; the receiver itself is unchanged.

        Raises:
            GraphError: If the node is an input or a parameter, which are named when they are made.
        """
        raise GraphError(
            f"{self!r} cannot be named again",
            why="an input or a parameter is itself, not its value: a renamed copy would be another one",
            instead=f'name it when it is made: bl.{self.kind}(..., name="{name}")',
        )

    def evaluate(self, bindings: Mapping[Any, Any] | None = None) -> Any:
        """Compute this node's value.

        Args:
            bindings: A value for every input it depends on, by node or by name.

        Returns:
            A NumPy number or array of the node's shape and data type.

        Raises:
            BindingError: If an input is missing or does not fit.

        Example:
            >>> import backlit as bl
            >>> x = bl.input("x")
            >>> float((x * x).evaluate({"x": 3.0}))
            9.0
        """
        return OPERATORS["evaluate"](self, bindings)

    def _repr_svg_(self) -> str:
        """Show the graph of this node in a notebook."""
        return OPERATORS["draw"](self).svg  # type: ignore[no-any-return]

    def _apply(self, name: str, *operands: Any) -> "Node":
        return OPERATORS[name](self, *operands)  # type: ignore[no-any-return]

    def __add__(self, other: "Operand") -> "Node":
        return self._apply("add", other)

    def __radd__(self, other: "Operand") -> "Node":
        return OPERATORS["add"](other, self)  # type: ignore[no-any-return]

    def __sub__(self, other: "Operand") -> "Node":
        return self._apply("subtract", other)

    def __rsub__(self, other: "Operand") -> "Node":
        return OPERATORS["subtract"](other, self)  # type: ignore[no-any-return]

    def __mul__(self, other: "Operand") -> "Node":
        return self._apply("multiply", other)

    def __rmul__(self, other: "Operand") -> "Node":
        return OPERATORS["multiply"](other, self)  # type: ignore[no-any-return]

    def __truediv__(self, other: "Operand") -> "Node":
        return self._apply("divide", other)

    def __rtruediv__(self, other: "Operand") -> "Node":
        return OPERATORS["divide"](other, self)  # type: ignore[no-any-return]

    def __pow__(self, other: "Operand") -> "Node":
        return self._apply("pow", other)

    def __rpow__(self, other: "Operand") -> "Node":
        return OPERATORS["pow"](other, self)  # type: ignore[no-any-return]

    def __matmul__(self, other: "Operand") -> "Node":
        return self._apply("matmul", other)

    def __rmatmul__(self, other: "Operand") -> "Node":
        return OPERATORS["matmul"](other, self)  # type: ignore[no-any-return]

    def __neg__(self) -> "Node":
        return self._apply("negative")

    def __pos__(self) -> "Node":
        return self

    def __abs__(self) -> "Node":
        return self._apply("abs")

    def __invert__(self) -> "Node":
        return self._apply("logical_not")

    def __and__(self, other: "Operand") -> "Node":
        return self._apply("logical_and", other)

    def __or__(self, other: "Operand") -> "Node":
        return self._apply("logical_or", other)

    def __xor__(self, other: "Operand") -> "Node":
        return self._apply("logical_xor", other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lt__(self, other: "Operand") -> "Node":
        return self._apply("less", other)

    def __le__(self, other: "Operand") -> "Node":
        return self._apply("less_equal", other)

    def __gt__(self, other: "Operand") -> "Node":
        return self._apply("greater", other)

    def __ge__(self, other: "Operand") -> "Node":
        return self._apply("greater_equal", other)

    def __getitem__(self, key: Any) -> "Node":
        return self._apply("getitem", key)

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError(f"{self!r} is a single number and has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator["Node"]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> NoReturn:
        raise GraphError(
            f"{self!r} is neither true nor false",
            why="a graph is built before any value exists, so Python's if, and, or, not cannot ask it",
            instead="write bl.where(condition, x, y) to choose inside the graph",
            line=user_line(),
        )

    def __array__(self, *settings: Any, **keywords: Any) -> NoReturn:
        """Refuse to be computed with by NumPy, which would make an array of one object."""
        self._refuse_number()

    def _refuse_number(self, *_: object) -> NoReturn:
        raise GraphError(
            f"{self!r} has no value yet",
            why="building a graph never computes",
            instead="write node.evaluate({...}) for its value, and bl.exp in place of math.exp or numpy.exp",
            line=user_line(),
        )

    __float__ = __int__ = __complex__ = __index__ = __round__ = _refuse_number

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> "Node":
        """Let ``array * node`` be a node, and refuse ``numpy.exp(node)`` with the word to write instead."""
        if method == "__call__" and not settings and ufunc.__name__ in _UFUNCS:
            return OPERATORS[_UFUNCS[ufunc.__name__]](*inputs)  # type: ignore[no-any-return]
        raise GraphError(
            f"numpy.{ufunc.__name__} cannot be applied to {self!r}",
            why="NumPy computes at once; a graph has no values yet",
            instead=f"write bl.{ufunc.__name__}(...), or evaluate the node first",
            line=user_line(),
        )

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"<{self.kind}{name}: {self.spec}>"


Operand = Node | bool | int | float | Array | np.generic | Sequence[Any]
"""What an op accepts: a node, or anything that can become a constant."""


class Application(Node):
    """A node whose value an op computes from its arguments. Made by calling an op.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> (x + x).op.name
        'add'
    """

    __slots__ = ("arguments", "attributes", "op")

    def __init__(
        self,
        op: "Op",
        arguments: tuple[Node, ...],
        attributes: Mapping[str, Any],
        spec: Spec,
        *,
        name: str | None = None,
        scope: Scope | None = None,
        line: tuple[str, int] = ("<unknown>", 0),
    ) -> None:
        super().__init__(spec, name, scope, line)
        self.op = op
        self.arguments = arguments
        self.attributes = attributes

    @property
    def kind(self) -> str:
        """The name of the op."""
        return self.op.name

    def named(self, name: str) -> "Application":
        """Return a node of the same op and arguments under a name, after the path of the scope it is named in."""
        box = current_scope()
        return Application(
            self.op,
            self.arguments,
            self.attributes,
            self.spec,
            name=f"{box.path}.{check_name(name)}" if box else check_name(name),
            scope=self.scope,
            line=self.line,
        )


def check_name(name: str) -> str:
    """Return a name that a node may carry.

    Args:
        name: Any printable text on one line, but for ``%1``, ``%2``, …: so graphs call nodes without a name.

    Returns:
        The name.

    Raises:
        GraphError: If it is empty, not text, not printable, or one that graphs give.

    Example:
        >>> check_name("θ1")
        'θ1'
    """
    if not isinstance(name, str) or not name or not name.isprintable():
        raise GraphError(f"a name is printable text on one line; received {name!r}")
    if name[0] == "%" and name[1:].isdecimal():
        raise GraphError(f"a node cannot be named {name!r}", why="so graphs call their nodes that have no name")
    return name
