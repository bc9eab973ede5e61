"""Walking: what a node's value is computed from, until something that lies in memory is met.

A kernel computes its nodes from the arrays that other kernels have left in memory. Everything in between is computed
in registers, element by element. This module finds that in-between for one element, by its index, without recursion.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from backlit.engines.native.indexing import Affine, Index, argument_indices, linear, only_unit_axes
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node

__all__ = ["Access", "Walk", "access", "base_of", "follow", "is_number", "walk"]


@dataclass(frozen=True, slots=True)
class Access:
    """A read of one element of an array in memory.

    Args:
        node: The node whose value lies there.
        index: Which element; None where it is only known when the program runs.
        shape: The shape in which the index counts: that of the node, or of a reshape of it.
    """

    node: Node
    index: Index | None
    shape: tuple[int, ...]

    def linear(self) -> Affine:
        """Return how many elements from the beginning of the array the element lies."""
        return Affine(()) if self.index is None else linear(self.index, self.shape)


@dataclass
class Walk:
    """What is needed for some elements.

    Args:
        steps: What is computed in registers, arguments first.
        accesses: What is read from memory.
        results: What is taken from the loop around, with the element wanted.
    """

    steps: list[tuple[Application, Index]]
    accesses: list[Access]
    results: list[tuple[Node, Index]]


def is_number(node: Node) -> bool:
    """Say whether a node is a constant of one number, which is written into the code itself."""
    return isinstance(node, Constant) and node.size == 1


def base_of(node: Node) -> Node:
    """Return the node whose memory a chain of reshapes looks at.

    Args:
        node: A node.

    Returns:
        The node below all reshapes; the node itself where it is none.
    """
    while isinstance(node, Application) and node.op.name in {"reshape", "stop_gradient"}:
        node = node.arguments[0]
    return node


def access(node: Node, index: Index, stored: Collection[Node]) -> Access | None:
    """Return how a node is read from memory, or None where it is computed.

    Args:
        node: The node.
        index: Which element.
        stored: The nodes that lie in memory.

    Returns:
        The read: of the node itself, or of the array that it is a reshape of.
    """
    if not isinstance(node, Application) or node in stored:
        return Access(node, index, node.shape)
    if node.op.name == "reshape" and not only_unit_axes(node.arguments[0].shape, node.shape):
        return Access(base_of(node), index, node.shape)
    return None


def follow(node: Node, index: Index, stored: Collection[Node]) -> Access:
    """Follow views down to the array in memory that they look at.

    Args:
        node: A node, or views of it.
        index: Which element.
        stored: The nodes that lie in memory.

    Returns:
        The read.
    """
    found = access(node, index, stored)
    while found is None:
        assert isinstance(node, Application)
        (index,) = argument_indices(node, index)
        node = node.arguments[0]
        found = access(node, index, stored)
    return found


def walk(
    wanted: Iterable[tuple[Node, Index]],
    stored: Collection[Node],
    computed: Collection[Node] = (),
    making: Collection[Node] = (),
) -> Walk:
    """Find what some elements are computed from.

    Args:
        wanted: Nodes with the element wanted of each.
        stored: The nodes whose values lie in memory.
        computed: Nodes whose values are in registers already: the results of the loop around.
        making: Stored nodes that are being made here: where wanted, they are computed and not read.

    Returns:
        The steps and the reads.
    """
    results: dict[tuple[Node, Index], None] = {}
    steps: list[tuple[Application, Index]] = []
    accesses: dict[Access, None] = {}
    entered: set[tuple[Node, Index]] = set()
    stack: list[tuple[Node, Index, bool]] = [(node, index, False) for node, index in reversed(list(wanted))]
    first = {(node, index) for node, index, _ in stack if node in making}
    while stack:
        node, index, ready = stack.pop()
        if ready:
            steps.append((node, index))  # type: ignore[arg-type]
            continue
        if is_number(node):
            continue
        if node in computed:
            results[node, index] = None
            continue
        found = access(node, index, () if (node, index) in first else stored)
        if found is not None:
            accesses[found] = None
            continue
        if (node, index) in entered:
            continue
        entered.add((node, index))
        assert isinstance(node, Application), node
        stack.append((node, index, True))
        if node.op.name == "take":
            accesses[Access(base_of(node.arguments[0]), None, node.arguments[0].shape)] = None
            axis, count = node.attributes["axis"], node.arguments[1].rank
            stack.append((node.arguments[1], index[axis : axis + count], False))
            continue
        for argument, own in reversed(list(zip(node.arguments, argument_indices(node, index), strict=True))):
            stack.append((argument, own, False))
    return Walk(steps, list(accesses), list(results))
