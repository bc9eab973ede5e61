"""Boxes: a scope of a graph, taken as a node of its own, and as a graph of its own.

A neuron drawn as one circle and the same neuron drawn node by node are the same computation: the values and gradients
at its border do not depend on whether the box is open. ``extract`` makes a box a graph that can be evaluated and
differentiated alone.
"""

from dataclasses import dataclass

from backlit.errors import UnknownNameError, nearest
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Application, Node
from backlit.graph.rewrite import substitute
from backlit.graph.scope import Scope
from backlit.graph.text import scope_labels

__all__ = ["Box", "extract", "find_box"]


@dataclass(frozen=True)
class Box:
    """What stands inside a scope, and what crosses its border.

    Args:
        scope: The scope.
        operations: What is computed inside, in order of execution.
        inputs: The nodes outside whose values go in, parameters and constants apart.
        parameters: The parameters that the inside reads: with any, the box is a trainable node.
        outputs: The nodes inside whose values go out.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> with bl.scope("neuron"):
        ...     y = bl.sigmoid(x * bl.parameter(2.0))
        >>> box = find_box(Graph(outputs=[y + 1.0]), "neuron")
        >>> len(box.operations), box.inputs == (x,), box.outputs == (y,), box.trainable
        (2, True, True, True)
    """

    scope: Scope
    operations: tuple[Application, ...]
    inputs: tuple[Node, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[Node, ...]

    @property
    def trainable(self) -> bool:
        """Whether training changes something inside."""
        return any(parameter.trainable for parameter in self.parameters)


def find_box(graph: Graph, path: str) -> Box:
    """Find a box by the path of its scope.

    Args:
        graph: The graph.
        path: Such as ``layer1.neuron``; or ``softmax#2`` for the second call of a composite or module, where there are
            several.

    Returns:
        The box.

    Raises:
        UnknownNameError: If there is no such scope, or several.

    Example:
        >>> import backlit as bl
        >>> y = bl.softmax(bl.input("x", shape=(3,)))
        >>> find_box(Graph(outputs=[y]), "softmax").outputs == (y,)
        True
    """
    scope = _find_scope(graph, path)
    inside = [node for node in graph.operations if node.scope and scope in node.scope.lineage]
    within = set(inside)
    outer = list(dict.fromkeys(a for node in inside for a in node.arguments if a not in within))
    wanted = {*graph.outputs, *graph.updates.values()}
    wanted.update(a for node in graph.operations if node not in within for a in node.arguments)
    return Box(
        scope,
        tuple(inside),
        tuple(node for node in outer if not isinstance(node, (Parameter, Constant))),
        tuple(node for node in outer if isinstance(node, Parameter)),
        tuple(node for node in inside if node in wanted),
    )


def _find_scope(graph: Graph, path: str) -> Scope:
    by_text = {text: box for box, text in scope_labels(graph.scopes()).items()}
    if path in by_text:
        return by_text[path]
    calls = [text for text, box in by_text.items() if box.path == path]
    if len(calls) == 1:
        return by_text[calls[0]]
    if calls:
        raise UnknownNameError(f"there are {len(calls)} scopes {path!r}", instead=f"choose among {', '.join(calls)}")
    raise UnknownNameError(
        f"there is no scope {path!r}{nearest(path, by_text)}",
        instead=f"choose among {', '.join(by_text)}" if by_text else "",
    )


def extract(graph: Graph, path: str) -> Graph:
    """Make a box a graph of its own, whose inputs are what crossed its border.

    Args:
        graph: The graph.
        path: The path of the scope.

    Returns:
        A graph with an input for every value that went in, named as it was there.

    Raises:
        UnknownNameError: If there is no such scope.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> with bl.scope("neuron"):
        ...     y = bl.sigmoid(x * 2.0)
        >>> extract(Graph(outputs=[y + 1.0]), "neuron").inputs
        (<input 'x': float32[]>,)
    """
    box = find_box(graph, path)
    inputs = {node: Input(node.spec, graph.labels[node], None, node.line) for node in box.inputs}
    outputs = substitute(box.outputs, dict(inputs))
    return Graph(list(inputs.values()), outputs)
