"""Rows: which values of a graph have a row for each example of the batch.

Where only some examples are to be kept, their rows are cut out of what has such rows, and nothing else may be touched:
a bias of ten elements has no examples, even in a batch of ten. Rows begin at the inputs, along the first axis, and are
followed op by op.
"""

from collections.abc import Callable, Container, Sequence

from backlit.explain.narration.phrases import Way, phrase_of
from backlit.graph.leaves import Input
from backlit.graph.node import Application, Node

__all__ = ["batch_of", "nodes_with_rows"]


def batch_of(inputs: Sequence[Input]) -> int:
    """Count the examples that inputs hold along their first axis; a length of 1 fits any batch.

    Args:
        inputs: The inputs.

    Returns:
        The number of examples; 0 where the inputs do not agree, or none has an axis.

    Example:
        >>> import backlit as bl
        >>> batch_of([bl.input("x", shape=(32, 784)), bl.input("y", shape=(32,)), bl.input("h", shape=(1, 5))])
        32
    """
    lengths = {node.shape[0] for node in inputs if node.shape}
    if len(lengths) > 1:
        lengths.discard(1)
    return lengths.pop() if len(lengths) == 1 else 0


def nodes_with_rows(forward: Sequence[Node], batch: int) -> set[Node]:
    """Find the nodes with a row for each example.

    Args:
        forward: Nodes in order of execution.
        batch: The number of examples.

    Returns:
        Those whose first axis counts the examples.

    Example:
        >>> import backlit as bl
        >>> x, W = bl.input("x", shape=(2, 3)), bl.parameter([[1.0, 2.0]] * 3)
        >>> z = x @ W
        >>> forward = bl.Graph(outputs=[bl.sum(z, axis=0), bl.sum(z, axis=1)]).nodes
        >>> [node.kind for node in forward if node in nodes_with_rows(forward, 2)]
        ['input', 'matmul', 'sum']
    """
    found: set[Node] = set()
    for node in forward:
        if not node.shape or node.shape[0] != batch:
            continue
        if isinstance(node, Input) or (isinstance(node, Application) and _keeps_rows(node, found)):
            found.add(node)
    return found


def _keeps_rows(node: Application, found: Container[Node]) -> bool:
    if node.op.name in _RULES:
        return _RULES[node.op.name](node, found)
    # Only where axes are lined up from the last one on, an argument of fewer axes has its rows elsewhere.
    lined_up = any(argument in found and argument.rank == node.rank for argument in node.arguments)
    return lined_up and phrase_of(node).way is Way.EACH


def _first(node: Application, found: Container[Node]) -> bool:
    return node.arguments[0] in found


def _apart_from(axis: str) -> Callable[[Application, Container[Node]], bool]:
    """Rows stay rows unless the op works along them."""

    def keeps(node: Application, found: Container[Node]) -> bool:
        along = node.attributes[axis]
        return 0 not in (along if isinstance(along, tuple) else (along,)) and _first(node, found)

    return keeps


def _product(node: Application, found: Container[Node]) -> bool:
    """The rows of a product are those of its left factor; matrices that are stacked keep their places in the stack."""
    left, right = node.arguments
    return (left in found and left.rank == node.rank) or (right in found and right.rank == node.rank > 2)


def _taken(node: Application, found: Container[Node]) -> bool:
    """What is taken along the first axis has the rows of the places, as the words of a text have."""
    return node.arguments[1 if node.attributes["axis"] == 0 else 0] in found


_RULES: dict[str, Callable[[Application, Container[Node]], bool]] = {
    "matmul": _product,
    "reshape": _first,
    "one_hot": _first,
    "take": _taken,
    "broadcast_to": lambda node, found: _first(node, found) and node.arguments[0].rank == node.rank,
    "permute_dims": lambda node, found: _first(node, found) and node.attributes["axes"][0] == 0,
    "slice": lambda node, found: _first(node, found) and node.attributes["steps"][0] == 1,
    "pad": lambda node, found: _first(node, found) and not node.attributes["low"][0],
    "concat": lambda node, found: node.attributes["axis"] != 0 and any(each in found for each in node.arguments),
    **dict.fromkeys(["sum", "max", "min", "flip"], _apart_from("axes")),
    **dict.fromkeys(["argmax", "argmin", "cumulative_sum", "scatter_add"], _apart_from("axis")),
}
"""What each op does with rows, where it does not work element by element."""
