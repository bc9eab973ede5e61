"""Program: a traced graph as plain data, for the interpreter of the page.

Forward pass, backward pass and update are one list of nodes in order of execution: a node names its op, its arguments
by their numbers, its attributes, and the shape and data type of its value. Leaves bring their values; everything else
is computed in the page, so that an edited leaf changes whatever depends on it. What belongs to what (the gradient of a
node, the contribution of an edge, the new value of a parameter) is told by numbers too.

- ``dtype``: the data type of the nodes that name none;
- ``nodes``: the nodes of the graph in order of execution, and after them those of the backward pass;
- ``values``: the elements of each leaf;
- ``loss``, ``forward``: the number of the loss, and the numbers of all that it is computed from;
- ``nameless``: the number of the loss once more, if its label is no name of its own;
- ``rows``: the nodes with a row for each example, in a batch whose examples stay apart on the way to the loss;
- ``gradients``: for nodes of the forward pass, the node that computes the gradient;
- ``contributions``: for each edge the consumer, the position, the node that computes what flows back, and for
  an op that works element by element its local derivative: a node, or a number in a list;
- ``updates``: for parameters, the node that computes the new value;
- ``layers``: the matrices of weights and their biases, for the notation of the lectures;
- ``phrases``: how the ops are written in words and formulas.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from backlit.autodiff.reverse import Backpropagation, Edge
from backlit.errors import BindingError
from backlit.explain.naming import affine_layers
from backlit.explain.narration.phrases import Way, phrase_of
from backlit.explain.rows import batch_of, nodes_with_rows
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Application, Array, Node
from backlit.graph.ops import logical_not

__all__ = ["as_numbers", "program_of"]

_READABLE = 16
"""Up to so many elements are written as numbers that one can read; more are packed."""
_EXACT = 2**53
"""JavaScript reads the whole numbers below this without loss."""

_TOLD = {"shape", "dtype"}
"""Attributes that only say once more what the value looks like."""


def as_numbers(array: Array) -> list[Any] | str:
    """Write the elements of an array, so that JavaScript reads back the same bits.

    Args:
        array: Any array.

    Returns:
        A list of numbers where there are few and JSON has them all; else their bytes, little end first, in base64.

    Example:
        >>> as_numbers(np.array([[1.0, 2.5]])), as_numbers(np.array([np.inf], dtype=np.float32))
        ([1.0, 2.5], 'AACAfw==')
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.size <= _READABLE:
        exact = np.isfinite(flat) if flat.dtype.kind == "f" else np.abs(flat.astype(object)) < _EXACT
        if np.all(exact):
            return [int(x) if flat.dtype.kind == "b" else x.item() for x in flat]
    return base64.b64encode(flat.astype(flat.dtype.newbyteorder("<")).tobytes()).decode("ascii")


def program_of(
    graph: Graph,
    loss: Node,
    walk: Backpropagation,
    values: Mapping[Node, Array],
    labels: Mapping[Node, str] | None = None,
) -> dict[str, Any]:
    """Write a graph, its backward pass and its update as plain data.

    Args:
        graph: The graph, with its updates.
        loss: The single number that was differentiated.
        walk: The backward pass from it.
        values: The value of every input, and of whichever parameter does not have its own.
        labels: How the nodes are called; by default as the graph calls them.

    Returns:
        Lists, dictionaries, numbers and texts, ready for JSON; this module says which.

    Raises:
        BindingError: If an input has no value.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> loss = (x * w).named("f")
        >>> walk = bl.autodiff.backpropagate([loss], [bl.constant(1.0)], [x, w])
        >>> program = program_of(bl.Graph(outputs=[loss]), loss, walk, {x: np.array(3.0)})
        >>> [node["op"] for node in program["nodes"]], program["gradients"]
        (['input', 'parameter', 'multiply', 'constant', 'multiply', 'multiply'], {2: 3, 0: 4, 1: 5})
    """
    slopes = {edge: _slope(edge, back, walk.gradients[edge.consumer]) for edge, back in walk.contributions.items()}
    back = [
        *walk.gradients.values(),
        *walk.contributions.values(),
        *(s for s in slopes.values() if isinstance(s, Node)),
    ]
    nodes = topological_order([*graph.outputs, loss, *graph.updates.values(), *back, *graph.updates])
    number = {node: i for i, node in enumerate(nodes)}
    labels = graph.labels if labels is None else labels
    nameless = {} if loss.name or labels[loss].startswith("%") else {"nameless": number[loss]}
    leaves = [node for node in nodes if not isinstance(node, Application)]
    forward = topological_order([loss])
    return {
        "dtype": loss.dtype,
        "nodes": [_node(node, loss.dtype, number, labels) for node in nodes],
        "values": {number[node]: as_numbers(_value(node, values)) for node in leaves},
        "loss": number[loss],
        **nameless,
        "forward": [number[node] for node in forward],
        "rows": [number[node] for node in _rows(forward)],
        "gradients": {number[node]: number[gradient] for node, gradient in walk.gradients.items()},
        "contributions": [
            [number[edge.consumer], edge.position, number[node], *_written(slopes[edge], number)]
            for edge, node in walk.contributions.items()
        ],
        "updates": {number[parameter]: number[value] for parameter, value in graph.updates.items()},
        "layers": [[*(number[part] for part in layer if part is not None)] for layer in affine_layers(graph)],
        "phrases": _phrases(graph.operations),
    }


def _rows(forward: Sequence[Node]) -> list[Node]:
    """Find the nodes with a row for each example; none where rows mix, as those of the words of a text do.

    Rows mix where one is computed from others that went astray: into columns, say, or into a right factor. What was
    taken over all of them, such as the mean by which a batch is normalised, is a number of the batch and no row astray.
    """
    inputs = [node for node in forward if isinstance(node, Input)]
    batch = batch_of(inputs)
    if batch < 2 or all(node.rank < 2 for node in inputs):
        return []
    found = nodes_with_rows(forward, batch)
    astray: set[Node] = set()
    for node in forward:
        if not isinstance(node, Application):
            continue
        lost = any(x in astray or (x in found and _strays(node, i)) for i, x in enumerate(node.arguments))
        if node in found and lost:
            return []
        over_all = node.kind in {"sum", "max", "min"} and 0 in node.attributes["axes"]
        if lost or (node not in found and not over_all and any(x in found for x in node.arguments)):
            astray.add(node)
    return [node for node in forward if node in found]


def _strays(node: Application, position: int) -> bool:
    """Tell whether the rows of an argument are not those of the value, if this has rows of its own."""
    if node.kind == "take":
        return position != (1 if node.attributes["axis"] == 0 else 0)
    if node.kind == "matmul":
        return node.arguments[position].rank != node.rank or (position == 1 and node.rank == 2)
    return phrase_of(node).way is Way.EACH and node.arguments[position].rank != node.rank


def _slope(edge: Edge, back: Node, upstream: Node) -> Node | int | None:
    """Find the local derivative of an op that works element by element: what flows back is the upstream times it.

    Where the argument was broadcast, what flows back is the sum over the copies, behind which the product stands.
    """
    consumer, node = edge.consumer, back
    if phrase_of(consumer).way is not Way.EACH:
        return None
    if consumer.op.name == "where":
        condition = consumer.arguments[0]
        return condition if edge.position == 1 else logical_not(condition)
    while node is not upstream and node.kind in {"cast", "reshape", "sum"}:
        node = node.arguments[0]
    if node is upstream:
        return 1
    return -1 if node.kind == "negative" else node.arguments[1]


def _written(slope: Node | int | None, number: Mapping[Node, int]) -> list[Any]:
    """Write a local derivative: the number of its node, a number in a list, or nothing."""
    if slope is None:
        return []
    return [number[slope] if isinstance(slope, Node) else [slope]]


def _node(node: Node, usual: str, number: Mapping[Node, int], labels: Mapping[Node, str]) -> dict[str, Any]:
    """Describe one node; what is usual (no name, no axes, the data type of the loss) is left out."""
    described: dict[str, Any] = {"op": node.kind}
    if node in labels and (node.name or not labels[node].startswith("%")):
        described["label"] = labels[node]
    if node.arguments:
        described["of"] = [number[argument] for argument in node.arguments]
    attributes = {name: _plain(value) for name, value in node.attributes.items() if name not in _TOLD}
    if attributes:
        described["attributes"] = attributes
    if node.shape:
        described["shape"] = list(node.shape)
    if node.dtype != usual:
        described["dtype"] = node.dtype
    if node.trainable:
        described["trainable"] = True
    return described


def _plain(value: Any) -> Any:
    """Turn an attribute into what JSON has; shapes and axes may be made of NumPy's integers."""
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _value(node: Node, values: Mapping[Node, Array]) -> Array:
    if node in values:
        return np.asarray(values[node], dtype=node.dtype)
    if isinstance(node, (Constant, Parameter)):
        return node.value
    raise BindingError(f"no value was given for {node!r}", why="the page computes from the values of all inputs")


def _phrases(nodes: Iterable[Application]) -> dict[str, dict[str, Any]]:
    """Collect how the ops of these nodes are written."""
    phrases: dict[str, dict[str, Any]] = {}
    for node in nodes:
        if node.op.name not in phrases:
            phrase = phrase_of(node)
            phrases[node.op.name] = {"value": phrase.value}
            if phrase.way is not Way.EACH:
                phrases[node.op.name]["way"] = phrase.way.name.lower()
            if not node.op.flat:
                phrases[node.op.name] |= {"local": list(phrase.local), "rules": list(phrase.rules)}
    return phrases
