"""Naming: what a user writes to point at a number, such as ``"layer1.z"``, ``"W[3, 5]"`` or ``"w[2,1,3]"``.

A name may have an element behind it in square brackets, counted from 0 as Python counts. The name of a box, such as
that of a layer, points at the value that leaves it. Where no node is called ``w`` or ``b``, these letters speak the
notation of the lectures: w[layer, output, input] and b[layer, output], counted from 1, where a layer is a product with
a matrix of parameters and the bias that is added to it.
"""

import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backlit.errors import ShapeError, UnknownNameError, nearest
from backlit.graph.box import find_box
from backlit.graph.graph import Graph
from backlit.graph.leaves import Parameter
from backlit.graph.node import Node
from backlit.graph.text import scope_labels

__all__ = ["Element", "Place", "affine_layers", "element_name", "find_place"]

_INDEXED = re.compile(r"(?P<name>.+?)\s*\[(?P<index>[^\[\]]*)\]", re.DOTALL)
_MATRIX = 2

Element = tuple[int, ...]
"""The index of an element, counted from 0, one number for each axis."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node, or one element of it.

    Args:
        node: The node.
        element: The index of the element; None for all of the node.

    Example:
        >>> import backlit as bl
        >>> Place(bl.parameter([1.0, 2.0], name="w"), (1,)).element
        (1,)
    """

    node: Node
    element: Element | None = None


def element_name(label: str, element: Sequence[int] | None) -> str:
    """Write the name of an element.

    Args:
        label: How the node is called.
        element: The index of the element; None or () for all of the node.

    Returns:
        The name.

    Example:
        >>> element_name("W", (3, 5)), element_name("loss", ())
        ('W[3,5]', 'loss')
    """
    return f"{label}[{','.join(map(str, element))}]" if element else label


def affine_layers(graph: Graph) -> list[tuple[Parameter, Parameter | None]]:
    """List the matrices of weights of a graph, each with the bias that is added to its product, in order of execution.

    Args:
        graph: The graph.

    Returns:
        For each parameter W of two axes that stands in a product x W or W x: W, once, and the bias or None.

    Example:
        >>> import backlit as bl
        >>> model = bl.nn.Sequential(bl.nn.Linear(3, 2), bl.nn.ReLU(), bl.nn.Linear(2, 1, bias=False))
        >>> graph = bl.Graph(outputs=[model(bl.input("x", shape=(1, 3)))])
        >>> [(weight.name, getattr(bias, "name", None)) for weight, bias in affine_layers(graph)]
        [('0.weight', '0.bias'), ('2.weight', None)]
    """
    return [(layer.weight, layer.bias) for layer in _layers(graph)]


class _Layer(NamedTuple):
    weight: Parameter
    bias: Parameter | None
    first: bool
    """Whether the matrix stands first, as in W x: then its rows are the outputs."""

    @property
    def outputs(self) -> int:
        return self.weight.shape[0 if self.first else 1]


def _layers(graph: Graph) -> list[_Layer]:
    layers: dict[Parameter, _Layer] = {}
    weights: dict[Node, Parameter] = {}
    for node in graph.operations:
        if node.op.name == "matmul":
            x, y = node.arguments
            weight = next((each for each in (y, x) if isinstance(each, Parameter) and each.rank == _MATRIX), None)
            if weight is not None:
                weights[node] = weight
                layers.setdefault(weight, _Layer(weight, None, first=weight is not y))
        elif node.op.name == "reshape" and node.arguments[0] in weights:
            weights[node] = weights[node.arguments[0]]  # the product with a vector loses its axis of length 1
        elif node.op.name == "add":
            for product, other in (node.arguments, node.arguments[::-1]):
                layer = layers.get(weights[product]) if product in weights else None
                if layer is None or layer.bias is not None or not isinstance(other, Parameter):
                    continue
                if other.size in (1, layer.outputs):
                    layers[layer.weight] = layer._replace(bias=other)
    return list(layers.values())


def find_place(graph: Graph, which: object, element: int | Sequence[int] | None = None) -> Place:
    """Find what a user points at.

    Args:
        graph: The graph.
        which: A node, its name, the name of a box for the value that leaves it (``"layer1"``), one of these with an
            element (``"W[3, 5]"``), or a weight or bias in the notation of the lectures (``"w[2,1,3]"``).
        element: The element, where it does not stand in the name.

    Returns:
        The place.

    Raises:
        UnknownNameError: If there is no such node, weight or bias; the message suggests the nearest name.
        ShapeError: If the node has no such element.

    Example:
        >>> import backlit as bl
        >>> model = bl.nn.Linear(3, 2)
        >>> graph = bl.Graph(outputs=[model(bl.input("x", shape=(1, 3)))])
        >>> place = find_place(graph, "w[1,2,3]")
        >>> place.node is model.weight, place.element
        (True, (2, 1))
    """
    if isinstance(which, Node):
        if which not in graph:
            raise UnknownNameError(f"{which!r} is no part of this graph", why="nothing that was traced depends on it")
        return _checked(graph, which, element)
    if not isinstance(which, str):
        raise UnknownNameError(f"a node is found by itself or by its name; received {which!r}")
    match = _INDEXED.fullmatch(which) if which not in graph.labels.values() else None
    if match is None:
        return _checked(graph, _find(graph, which), element)
    if element is not None:
        raise ShapeError(f"{which!r} names an element already; received element={element!r} besides")
    name = match["name"]
    if name in ("w", "b") and not _is_called(graph, name):
        return _in_lecture_notation(graph, name, _numbers(which, match["index"]))
    return _checked(graph, _find(graph, name), _numbers(which, match["index"]))


def _find(graph: Graph, name: str) -> Node:
    """Return the node of a name, or the value that leaves the box of that name."""
    labels = graph.labels.values()
    if name in labels or any(label.endswith(f".{name}") for label in labels):
        return graph[name]
    forward = Graph(outputs=graph.outputs)
    scopes = {*scope_labels(forward.scopes()).values(), *(scope.path for scope in forward.scopes())}
    if name not in scopes:
        raise UnknownNameError(f"no node is called {name!r}{nearest(name, [*labels, *scopes])}")
    outputs = find_box(forward, name).outputs
    if len(outputs) > 1:
        choice = ", ".join(graph.labels[node] for node in outputs)
        raise UnknownNameError(f"{len(outputs)} values leave the box {name!r}", instead=f"choose among {choice}")
    return outputs[0]


def _is_called(graph: Graph, name: str) -> bool:
    """Say whether a name points at just one node; to ask the graph itself would cost the search for a suggestion."""
    labels = graph.labels.values()
    return name in labels or sum(label.endswith(f".{name}") for label in labels) == 1


def _numbers(which: str, text: str) -> Element:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ShapeError(
            f"{which!r} is no name of an element", instead="write whole numbers separated by commas: W[3, 5]"
        ) from None


def _checked(graph: Graph, node: Node, element: int | Sequence[int] | None) -> Place:
    if element is None:
        return Place(node)
    label = graph.labels[node]
    try:
        index = tuple(operator.index(i) for i in (element if isinstance(element, Iterable) else (element,)))
    except TypeError:
        raise ShapeError(
            f"{element!r} is no element of {label}", instead="give one whole number for each axis: element=(3, 5)"
        ) from None
    fits = len(index) == node.rank and all(-n <= i < n for i, n in zip(index, node.shape, strict=True))
    if not fits:
        first = f"write {element_name(label, (0,) * node.rank)} for the first" if node.size and node.rank else ""
        raise ShapeError(
            f"{label}[{','.join(map(str, index))}] does not exist: {label} has the shape {list(node.shape)}",
            why="an element has one index for each axis, counted from 0" if node.rank else "it is a single number",
            instead=first or (f"write {label}" if not node.rank else ""),
        )
    return Place(node, tuple(i % n for i, n in zip(index, node.shape, strict=True)))


def _in_lecture_notation(graph: Graph, letter: str, index: Element) -> Place:
    """Find w[layer, output, input] or b[layer, output], counted from 1."""
    layers = _layers(graph)
    form = {"w": ("layer", "output", "input"), "b": ("layer", "output")}[letter]
    text = element_name(letter, index)
    if len(index) != len(form):
        raise UnknownNameError(f"{text} is not of the form {letter}[{', '.join(form)}]")
    if not 1 <= index[0] <= len(layers):
        have = f"the layers are 1 to {len(layers)}" if layers else "no product with a matrix of parameters is here"
        raise UnknownNameError(f"there is no {text}: {have}")
    weight, bias, first = layers[index[0] - 1]
    if letter == "b" and bias is None:
        raise UnknownNameError(f"there is no {text}: layer {index[0]} has no bias")
    lengths = weight.shape if first else weight.shape[::-1]
    if not all(1 <= i <= n for i, n in zip(index[1:], lengths, strict=False)):
        have = ", ".join(f"the {what}s are 1 to {n}" for what, n in zip(form[1:], lengths, strict=False))
        raise UnknownNameError(
            f"there is no {text}: in layer {index[0]} {have}",
            why="the lectures count from 1, and write layer, output, input in this order",
        )
    if letter == "w":
        place = tuple(i - 1 for i in index[1:])
        return Place(weight, place if first else place[::-1])
    assert bias is not None
    return Place(bias, tuple(0 if n == 1 else index[1] - 1 for n in bias.shape))
