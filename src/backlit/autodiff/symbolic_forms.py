"""Closed forms: a graph written out as one formula in the symbols of its leaves.

An input or parameter ``x`` is the symbol x, the element [i, j] of an array ``W`` the symbol W[i,j]. The walk is that of
an engine, in order of execution; only the values are formulas. A formula has no names for its parts, so that what a
graph computes once is written wherever it is used: a chain of thirty squares would fill a library. The size of what is
written is therefore counted as it grows, each shared part being looked at once, and ends at ``LONGEST_FORM``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backlit.autodiff.symbolic_functions import load_sympy
from backlit.autodiff.symbolic_rules import SYMPY_RULES, by_element, exact_number
from backlit.errors import DifferentiationError, DTypeError, ShapeError, user_line
from backlit.graph.graph import topological_order
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import kind_of

__all__ = ["LONGEST_FORM", "ClosedForms", "Place", "closed_form", "element_text", "too_deep", "too_long", "tree_size"]
__all__ += ["write_out"]

LONGEST_FORM = 20_000
"""How many operations a formula may have."""

_STABLE = frozenset({"softmax", "log_softmax", "logsumexp"})
"""Composites that subtract the largest score, held fixed, against overflow. It changes no value and no derivative, so
that closed forms leave it out."""

Place = tuple[Node, tuple[int, ...]]
"""A leaf and the index of an element."""


@dataclass(frozen=True, eq=False)
class ClosedForms:
    """A node and everything it depends on, written out; made by ``write_out``.

    Args:
        values: The closed form of every node: an array of expressions.
        places: Which element of which leaf each symbol stands for.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(2,))
        >>> forms = write_out((x[0] * x[1]).named("area"))
        >>> forms.names()
        {x[0]*x[1]: 'area'}
    """

    values: dict[Node, Array] = field(default_factory=dict)
    places: dict[Any, Place] = field(default_factory=dict)

    def names(self) -> dict[Any, str]:
        """Return the names that nodes gave to parts of the formula."""
        found: dict[Any, str] = {}
        for node, value in self.values.items():
            if isinstance(node, Application) and node.name:
                for place in np.ndindex(*node.shape):
                    found.setdefault(value[place], element_text(node.name, place))
        return found


def element_text(name: str, place: Sequence[int]) -> str:
    """Write the name of an element.

    Args:
        name: The name of the node.
        place: The index of the element; () for a single number.

    Returns:
        The text.

    Example:
        >>> element_text("W", (0, 2)), element_text("x", ())
        ('W[0,2]', 'x')
    """
    return f"{name}[{','.join(map(str, place))}]" if place else name


def _symbols_of(leaf: Node, label: str) -> Array:
    """Make a symbol for every element of a leaf: real, whole or boolean."""
    sympy = load_sympy()
    facts = {"float": {"real": True}, "integer": {"integer": True}, "bool": {}}[kind_of(leaf.dtype)]
    result = np.empty(leaf.shape, dtype=object)
    for place in np.ndindex(*leaf.shape):
        result[place] = sympy.Symbol(element_text(label, place), **facts)
    return result


def _labels(leaves: Iterable[Node]) -> dict[Node, str]:
    """Name leaves, each differently: ``w``, ``w_2`` for two of the same name, ``p1`` for one without."""
    labels: dict[Node, str] = {}
    for leaf in leaves:
        stem, number = leaf.name or f"p{len(labels) + 1}", 1
        label = stem
        while label in labels.values():
            number += 1
            label = f"{stem}_{number}"
        labels[leaf] = label
    return labels


def too_long(what: str) -> DifferentiationError:
    """Make the error for a formula beyond ``LONGEST_FORM``.

    Args:
        what: Which formula.

    Returns:
        The error.

    Example:
        >>> print(too_long("the closed form of 'y'").what)
        the closed form of 'y' takes more than 20,000 operations
    """
    return DifferentiationError(
        f"{what} takes more than {LONGEST_FORM:,} operations",
        why="a formula writes out, wherever it is used, what a graph computes once: its expression swells",
        instead="ask bl.grad, which shares what is shared, or make the graph smaller",
        line=user_line(),
    )


def too_deep(node: Node) -> DifferentiationError:
    """Make the error for a formula nested deeper than SymPy can go.

    Args:
        node: The node whose formula it is.

    Returns:
        The error.

    Example:
        >>> import backlit as bl
        >>> print(too_deep(bl.input("x")).what)
        <input 'x': float32[]> is nested too deeply for a formula
    """
    return DifferentiationError(
        f"{node!r} is nested too deeply for a formula",
        why="SymPy walks through formulas by recursion, a hundred functions inside one another at most",
        instead="ask bl.grad, which has no such limit, or take a graph of fewer layers",
        line=user_line(),
    )


def _check_work(nodes: Iterable[Node], root: Node) -> None:
    """Refuse a graph whose arrays are too large to be written out before any of it is."""
    work = 0
    for node in nodes:
        inner = node.arguments[0].shape[-1] if node.kind == "matmul" else 1
        work += max(node.size * inner, *(argument.size for argument in node.arguments), 0)
    if work > LONGEST_FORM:
        raise too_long(f"the closed form of {root!r}")


def tree_size(expressions: Iterable[Any], sizes: dict[Any, int] | None = None) -> int:
    """Count the operations of expressions as they are written, looking at each shared part once.

    Args:
        expressions: Expressions of SymPy.
        sizes: What was counted before, which is added to.

    Returns:
        The number of operations, signs and divisions left out.

    Example:
        >>> from sympy.abc import x
        >>> tree_size([x * (x + 1) ** 2])
        3
    """
    known: dict[Any, int] = {} if sizes is None else sizes
    return sum(_count(expression, known) for expression in expressions)


def _count(expression: Any, known: dict[Any, int]) -> int:
    if expression not in known:
        arguments = expression.args
        own = max(len(arguments) - 1, bool(arguments))
        known[expression] = own + sum(_count(argument, known) for argument in arguments)
    return known[expression]


def _is_shift(node: Node) -> bool:
    """Return whether a node is the largest score that a softmax subtracts."""
    box = node.scope
    stable = box is not None and box.call > 0 and box.name in _STABLE and node.kind == "where"
    return stable and node.arguments[1].kind == "stop_gradient"


def _expression(value: Any) -> Any:
    sympy = load_sympy()
    if isinstance(value, sympy.Basic):
        return value
    if isinstance(value, str):
        return sympy.Symbol(value, real=True)
    if not isinstance(value, (bool, int, float, np.generic)):
        raise DTypeError(
            f"{value!r} cannot stand for a node in a formula",
            instead='give the name of a symbol, such as "t", a number, or an expression of SymPy',
            line=user_line(),
        )
    return exact_number(value)


def _given(symbols: Mapping[Node, Any]) -> dict[Node, Array]:
    values = {}
    for node, symbol in symbols.items():
        array = np.asarray(symbol, dtype=object)
        if array.shape != node.shape:
            raise ShapeError(
                f"{node!r} was given symbols of shape {list(array.shape)}",
                why="every element needs a symbol of its own",
                instead=f"give a nested list of shape {list(node.shape)}",
                line=user_line(),
            )
        values[node] = by_element(_expression, array)
    return values


def write_out(root: Node, symbols: Mapping[Node, Any] | None = None) -> ClosedForms:
    """Write out every node that a node depends on, in order of execution.

    Args:
        root: The node.
        symbols: What to write for some nodes instead.

    Returns:
        The closed forms.

    Raises:
        DifferentiationError: If a formula would be too long or too deep, or a random draw is part of it.
        ShapeError: If symbols given have not the shape of their node.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> y = bl.tanh(x)
        >>> write_out(y).values[y][()]
        tanh(x)
    """
    forms, sizes = ClosedForms(_given(symbols or {})), dict[Any, int]()
    nodes = [node for node in topological_order([root], forms.values) if node not in forms.values]
    _check_work(nodes, root)
    labels = _labels(node for node in nodes if isinstance(node, (Input, Parameter)))
    try:
        for node in nodes:
            forms.values[node] = value = _form_of(node, forms, labels)
            if tree_size(value.flat, sizes) > LONGEST_FORM:
                raise too_long(f"the closed form of {root!r}")
    except RecursionError:
        raise too_deep(root) from None
    return forms


def _form_of(node: Node, forms: ClosedForms, labels: Mapping[Node, str]) -> Array:
    if isinstance(node, Constant):
        return by_element(exact_number, node.value)
    if node in labels:
        value = _symbols_of(node, labels[node])
        forms.places.update({value[place]: (node, place) for place in np.ndindex(*node.shape)})
        return value
    assert isinstance(node, Application)
    if _is_shift(node):
        return np.full(node.shape, load_sympy().S.Zero, dtype=object)
    arrays = [forms.values[argument] for argument in node.arguments]
    return np.asarray(SYMPY_RULES[node.op.name](node, *arrays), dtype=object)


def closed_form(node: Node, *, symbols: Mapping[Node, Any] | None = None) -> Any:
    """Write a node out as one formula in the symbols of its leaves.

    An input or parameter ``x`` is the symbol x, the element [i, j] of an array ``W`` the symbol W[i,j]. Constants are
    numbers, exact where they are whole or simple fractions. The slopes at kinks are those of ``current_subgradients``.

    Args:
        node: Any node.
        symbols: What to write for some nodes instead: the name of a symbol, a number or an expression of SymPy; for
            an array a nested list of them.

    Returns:
        An expression of SymPy; for an array a NumPy array of expressions.

    Raises:
        MissingExtraError: If SymPy is not installed.
        DifferentiationError: If the formula would be too long, or a random draw is part of it.
        ShapeError: If symbols given have not the shape of their node.
        DTypeError: If what was given is no symbol, number or expression.

    Example:
        >>> import backlit as bl
        >>> x, θ = bl.input("x"), bl.parameter(3.0, name="θ")
        >>> closed_form(bl.sigmoid(θ * x) / 2.0)
        σ(x*θ)/2
        >>> closed_form(θ * bl.input("v", shape=(2,)), symbols={θ: 3})
        array([3*v[0], 3*v[1]], dtype=object)
    """
    return write_out(node, symbols).values[node][()]
