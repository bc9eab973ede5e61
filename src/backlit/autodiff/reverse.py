"""Reverse mode: backpropagation, edge by edge.

The walk starts at the outputs with the gradients given there, visits every node after all its consumers, and asks each
op for its contribution along each edge: local derivative times upstream gradient. A node's gradient is the sum of the
contributions along its outgoing edges; the sum over all paths is thereby built from shared parts (the reuse that makes
backpropagation linear in the size of the graph: Linnainmaa, 1970; Rumelhart, Hinton and Williams, 1986). Everything
made here is graph again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backlit.graph.graph import topological_order
from backlit.graph.leaves import constant
from backlit.graph.node import Application, Node
from backlit.graph.ops import broadcast_to, cast, multiply, negative, reshape, sum
from backlit.graph.scope import Scope, enter_scope
from backlit.graph.spec import is_floating

__all__ = ["Backpropagation", "Edge", "backpropagate", "contribution", "sum_to_shape", "zeros_like"]


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of the graph: from an argument to the node that consumes it.

    Args:
        consumer: The node that takes the value.
        position: At which place among its arguments.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> Edge(x * 2.0, 0).argument is x
        True
    """

    consumer: Application
    position: int

    @property
    def argument(self) -> Node:
        """The node whose value flows along this edge."""
        return self.consumer.arguments[self.position]


@dataclass(frozen=True)
class Backpropagation:
    """What a backward walk built.

    Args:
        gradients: The gradient of every node that was visited and that any gradient reached.
        contributions: What came back along each edge; a node's gradient is their sum.
        upstream: The nodes on a path from the nodes asked for to the outputs, in order of execution.
        blocked: The edges on such a path along which a gradient arrived and none passed.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> y = x * 3.0
        >>> walk = backpropagate([y], [bl.constant(1.0)], [x])
        >>> float(walk.contributions[Edge(y, 0)].evaluate())
        3.0
    """

    gradients: dict[Node, Node]
    contributions: dict[Edge, Node]
    upstream: tuple[Node, ...]
    blocked: tuple[Edge, ...]

    def blocking(self, sources: Iterable[Node]) -> list[Application]:
        """List the flat functions in the way between sources and outputs.

        Args:
            sources: The nodes that no gradient reached.

        Returns:
            The nodes whose derivative is zero wherever it exists, the last ones on the way first. A cast from a
            comparison is flat only because the comparison is, which is named in its place.

        Example:
            >>> import backlit as bl
            >>> x = bl.input("x")
            >>> walk = backpropagate([bl.floor(x) * 2.0], [bl.constant(1.0)], [x])
            >>> walk.blocking([x])
            [<floor: float32[]>]
        """
        below = set(_between([edge.argument for edge in self.blocked], sources))
        found: dict[Application, None] = {}
        for edge in self.blocked:
            argument = edge.argument
            if argument in below:
                whole = isinstance(argument, Application) and not is_floating(argument.dtype)
                found[argument if whole else edge.consumer] = None  # type: ignore[index]
        return list(found)


def zeros_like(node: Node) -> Node:
    """Return a node of zeros of another node's shape and data type.

    Args:
        node: The node to imitate.

    Returns:
        The zeros.

    Example:
        >>> import backlit as bl
        >>> zeros_like(bl.input("x", shape=(2,))).evaluate().tolist()
        [0.0, 0.0]
    """
    return broadcast_to(constant(0, dtype=node.dtype), node.shape)


def sum_to_shape(node: Node, shape: tuple[int, ...]) -> Node:
    """Add up over the axes along which a value of a shape was broadcast: the transpose of broadcasting.

    Args:
        node: A value of the broadcast shape.
        shape: The shape before.

    Returns:
        A node of that shape.

    Example:
        >>> import backlit as bl
        >>> sum_to_shape(bl.input("g", shape=(4, 2, 3)), (2, 1)).shape
        (2, 1)
    """
    if node.shape == shape:
        return node
    extra = node.rank - len(shape)
    axes = [axis for axis in range(node.rank) if axis < extra or shape[axis - extra] != node.shape[axis]]
    return reshape(sum(node, axis=axes), shape)


def contribution(edge: Edge, upstream: Node) -> Node | None:
    """Return what flows back along one edge: local derivative times upstream gradient.

    Args:
        edge: The edge.
        upstream: The gradient of the consumer, of its shape.

    Returns:
        A node of the argument's shape, or None where no gradient passes.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> float(contribution(Edge(bl.exp(x), 0), bl.constant(2.0)).evaluate({"x": 0.0}))
        2.0
    """
    consumer, argument = edge.consumer, edge.argument
    if not is_floating(argument.dtype):
        return None
    op = consumer.op
    result: Node | None = None
    if op.local:
        local = op.local[edge.position]
        if local is not None:
            slope = local(consumer, *consumer.arguments)
            result = scaled(upstream, slope)
    elif op.pullback is not None:
        result = op.pullback(edge.position, consumer, upstream)
    return None if result is None else cast(sum_to_shape(result, argument.shape), argument.dtype)


def scaled(node: Node, slope: Node | float) -> Node:
    """Multiply by a local derivative, without an operation where it is 1 or -1."""
    if isinstance(slope, Node):
        return multiply(node, slope)
    if slope == 1.0:
        return node
    return negative(node) if slope == -1.0 else multiply(node, slope)


def _between(outputs: Sequence[Node], sources: Iterable[Node]) -> list[Node]:
    """List the nodes on a path from a source to an output, in order of execution."""
    reached = set(sources)
    path = []
    for node in topological_order(outputs):
        if node in reached or any(argument in reached for argument in node.arguments):
            reached.add(node)
            path.append(node)
    return path


def backpropagate(outputs: Sequence[Node], upstream: Sequence[Node], sources: Sequence[Node]) -> Backpropagation:
    """Walk backward from outputs to sources, edge by edge.

    Args:
        outputs: The nodes to differentiate.
        upstream: For each output the gradient that comes in from above, of the output's shape.
        sources: The nodes whose gradients are wanted; only edges on a path to one of them are walked.

    Returns:
        The gradients, the contributions of every edge, and where the way was blocked.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> walk = backpropagate([x * x], [bl.constant(1.0)], [x])
        >>> float(walk.gradients[x].evaluate({"x": 3.0}))
        6.0
    """
    path = _between(outputs, sources)
    on_path = set(path)
    gradients: dict[Node, Node] = {}
    contributions: dict[Edge, Node] = {}
    blocked: list[Edge] = []
    for output, seed in zip(outputs, upstream, strict=True):
        if output in on_path:
            _accumulate(gradients, output, seed)
    boxes: dict[Scope | None, Scope] = {}
    for node in reversed(path):
        if not isinstance(node, Application) or node not in gradients:
            continue
        with enter_scope(_backward_scope(node.scope, boxes)):
            for position, argument in enumerate(node.arguments):
                if argument not in on_path:
                    continue
                edge = Edge(node, position)
                back = contribution(edge, gradients[node])
                if back is None:
                    blocked.append(edge)
                else:
                    contributions[edge] = back
                    _accumulate(gradients, argument, back)
    return Backpropagation(gradients, contributions, tuple(path), tuple(blocked))


def _accumulate(gradients: dict[Node, Node], node: Node, part: Node) -> None:
    gradients[node] = gradients[node] + part if node in gradients else part


def _backward_scope(scope: Scope | None, boxes: dict[Scope | None, Scope]) -> Scope:
    """Mirror a forward scope inside the box ``backward``: gradients are found under the names of their layers."""
    if scope not in boxes:
        if scope is None:
            boxes[None] = Scope("backward")
        elif scope.parent is None and scope.name == "backward":
            boxes[scope] = scope
        else:
            boxes[scope] = Scope(scope.name, _backward_scope(scope.parent, boxes), scope.call)
    return boxes[scope]
