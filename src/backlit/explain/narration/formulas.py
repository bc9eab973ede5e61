"""Formulas: the value of an op and its local derivatives, written with names and with numbers.

``x2 · θ2`` and ``-2 · 5`` are one template, filled twice.
"""

import re
from collections.abc import Sequence

from backlit.explain.naming import Element
from backlit.explain.narration.phrases import fill, phrase_of
from backlit.explain.numerals import format_number
from backlit.explain.recording import Recording
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node
from backlit.graph.spec import is_floating

__all__ = [
    "broadcast_element",
    "local_formula",
    "named_words",
    "names_of",
    "number_formula",
    "numbers_of",
    "value_formula",
]

_LETTERS = "xyz"
_ARGUMENT = re.compile(r"\b[xyz]\b")
_PASSED_ON = frozenset({"cast", "stop_gradient"})
"""Ops whose value is that of their argument: to write it with numbers would say the number twice."""
_ALONG = frozenset({"sum", "max", "min", "argmax", "argmin", "cumulative_sum"})
"""Ops that work along axes."""


def broadcast_element(shape: Sequence[int], element: Element) -> Element:
    """Return the element of an argument that a broadcast brings to an element of the value.

    Args:
        shape: The shape of the argument.
        element: The element of the value.

    Returns:
        The element of the argument.

    Example:
        >>> broadcast_element((1, 3), (4, 2)), broadcast_element((), (4, 2))
        ((0, 2), ())
    """
    last = element[len(element) - len(shape) :] if shape else ()
    return tuple(0 if length == 1 else index for length, index in zip(shape, last, strict=True))


def names_of(run: Recording, node: Application, element: Element | None) -> list[str]:
    """Write how the arguments are called, or their elements; a constant without a name is its number."""
    return [_name(run, argument, element) for argument in node.arguments]


def _name(run: Recording, argument: Node, element: Element | None) -> str:
    if isinstance(argument, Constant) and argument.name is None and argument.size == 1:
        return format_number(argument.value.item())
    return run.name(argument, None if element is None else broadcast_element(argument.shape, element))


def numbers_of(run: Recording, node: Application, element: Element) -> list[str]:
    """Write the values of those elements of the arguments from which an element of the value is computed."""
    return [
        format_number(run.whole(argument)[broadcast_element(argument.shape, element)].item())
        for argument in node.arguments
    ]


def named_words(words: str, run: Recording, node: Application, element: Element | None = None) -> str:
    """Write what a card says about its arguments x, y and z with the names of those that a node has.

    Args:
        words: Such as ``x = y: the two shares add up to 1``.
        run: The run.
        node: The node.
        element: The element of its value; None for all of it.

    Returns:
        The words.

    Example:
        >>> import backlit as bl
        >>> node = bl.maximum(bl.parameter(3.0, name="w"), 3.0)
        >>> named_words("x = y, where the value jumps", bl.trace(node), node)
        'w = 3, where the value jumps'
    """
    names = dict(zip(_LETTERS, names_of(run, node, element), strict=False))
    return _ARGUMENT.sub(lambda match: names.get(match[0], match[0]), words)


def value_formula(run: Recording, node: Application, element: Element | None = None) -> str:
    """Write the value of a node as a formula of its arguments.

    Args:
        run: The run.
        node: The node.
        element: The element, for an op that works element by element.

    Returns:
        The formula.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> value_formula(bl.trace(x * w, {"x": 3.0}), x * w)
        'x · w'
    """
    names = names_of(run, node, element)
    if node.op.name == "concat":  # of as many as there are
        return " followed by ".join(names)
    return fill(phrase_of(node).value, names) + _along(node)


def _along(node: Application) -> str:
    """Say along which axes an op works, where it does not work along all of them."""
    attributes = node.attributes
    axes = attributes.get("axes", (attributes["axis"],) if "axis" in attributes else ())
    if node.op.name not in _ALONG or len(axes) == node.arguments[0].rank:
        return ""
    return f" along {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"


def number_formula(run: Recording, node: Application, element: Element) -> str:
    """Write an element of the value of an elementwise op as a formula of numbers.

    Args:
        run: The run.
        node: The node.
        element: The element.

    Returns:
        The formula; empty where it would be the number itself.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(-4.0, name="w")
        >>> f = (x * w).named("f")
        >>> number_formula(bl.trace(f, {"x": 3.0}), f, ())
        '3 · (-4)'
    """
    if node.op.name in _PASSED_ON:
        return ""
    return fill(phrase_of(node).value, numbers_of(run, node, element))


def local_formula(run: Recording, node: Application, position: int, element: Element | None = None) -> str:
    """Write a local derivative of an elementwise op as a formula of its arguments.

    Args:
        run: The run.
        node: The node.
        position: For which of its arguments.
        element: The element.

    Returns:
        The formula; empty for an argument that has no derivative.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> f, g = (x * w).named("f"), (w**3.0).named("g")
        >>> local_formula(bl.trace(f, {"x": 3.0}), f, 1), local_formula(bl.trace(g), g, 0)
        ('x', '3 · w^2')
    """
    if not is_floating(node.arguments[position].dtype):
        return ""
    names = names_of(run, node, element)
    if node.op.name == "pow" and position == 0:
        exponent = node.arguments[1]
        if isinstance(exponent, Constant) and exponent.size == 1:
            power = exponent.value.item() - 1.0
            return fill("{y} · {x}" if power == 1.0 else "{y} · {x}^{z}", [*names, format_number(power)])
    return fill(phrase_of(node).local_of(position), names, run.name(node, element))
