"""Records: all that is known of one node of a traced run, and of one edge.

A node's record has what a teacher writes around a node on the blackboard: what goes in, what comes out, the local
derivative at every edge, the gradient that comes in from above, and what flows on from it along each edge.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backlit.autodiff.reverse import Edge
from backlit.autodiff.transforms import jacobian
from backlit.errors import DifferentiationError, ShapeError
from backlit.explain.naming import Element
from backlit.explain.narration.composites import can_be_felt
from backlit.explain.narration.formulas import named_words
from backlit.explain.narration.phrases import phrase_of
from backlit.explain.recording import Recording
from backlit.graph.leaves import Input
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import is_floating

__all__ = ["EdgeRecord", "KinkRecord", "NodeRecord", "kinks_of"]

_LARGEST_JACOBIAN = 1 << 24
"""The most elements of a Jacobian that is written out."""


@dataclass(frozen=True)
class KinkRecord:
    """The elements of a node that stand on a kink or jump of its function, where it has no single slope.

    Args:
        name: The node.
        count: How many elements stand there.
        size: How many there are.
        first: The index of the first of them.
        meaning: What the kink is, and which slopes there are.

    Example:
        >>> import backlit as bl
        >>> run = bl.trace(bl.sum(bl.relu(bl.parameter([0.0, 1.0, 0.0], name="z")).named("a")))
        >>> print(run["a"].kink)
        2 of 3 elements of a stand on a kink, the first at [0]: z = 0: any slope from 0 to 1
    """

    name: str
    count: int
    size: int
    first: tuple[int, ...]
    meaning: str

    def __str__(self) -> str:
        if self.first == ():
            return f"{self.name} stands on a kink: {self.meaning}"
        verb = "stand" if self.count != 1 else "stands"
        place = ", ".join(map(str, self.first))
        return (
            f"{self.count} of {self.size} elements of {self.name} {verb} on a kink, the first at [{place}]: "
            f"{self.meaning}"
        )


@dataclass(frozen=True, eq=False, repr=False)
class EdgeRecord:
    """One edge of a traced run: from an argument to the node that consumes it.

    Args:
        run: The run.
        edge: The edge.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> (edge,) = bl.trace((x * w).named("f"), {"x": 3.0})["w"].edges_out
        >>> float(edge.local), float(edge.upstream), float(edge.contribution)
        (3.0, 1.0, 3.0)
    """

    run: Recording
    edge: Edge

    @property
    def argument(self) -> "NodeRecord":
        """The node whose value flows along this edge."""
        return NodeRecord(self.run, self.edge.argument)

    @property
    def consumer(self) -> "NodeRecord":
        """The node that takes it."""
        return NodeRecord(self.run, self.edge.consumer)

    @property
    def rule(self) -> str:
        """The rule of differentiation by which the local derivative is what it is."""
        return phrase_of(self.edge.consumer).rule_of(self.edge.position)

    @cached_property
    def local(self) -> Array | None:
        """The local derivative of an elementwise op, of the consumer's shape; None where it is a Jacobian."""
        return self.run.local(self.edge)

    @cached_property
    def jacobian(self) -> Array:
        """All local derivatives: of shape (*consumer's shape, *argument's shape).

        Raises:
            DifferentiationError: If the argument is no float, or the Jacobian would not fit into memory.
        """
        consumer, position = self.edge.consumer, self.edge.position
        argument = self.edge.argument
        if not is_floating(argument.dtype) or not is_floating(consumer.dtype):
            raise DifferentiationError(f"{self} has no derivative", why="only floats can change by a small amount")
        if consumer.size * argument.size > _LARGEST_JACOBIAN:
            raise ShapeError(
                f"the Jacobian of {self} has {consumer.size:,} × {argument.size:,} elements",
                instead="ask for the contribution of the edge, or explain a single element",
            )
        stand_in = Input(argument.spec, "argument", None, consumer.line)
        arguments = [stand_in if i == position else each for i, each in enumerate(consumer.arguments)]
        alone = Application(consumer.op, tuple(arguments), consumer.attributes, consumer.spec, line=consumer.line)
        with self.run.choosing():
            slopes = jacobian(alone, stand_in)
        return self.run.compute(slopes, given={stand_in: self.run.whole(argument)})[0]

    @property
    def upstream(self) -> Array:
        """The gradient of the consumer: what comes in from above."""
        return self.run.slope(self.edge.consumer)

    @cached_property
    def contribution(self) -> Array:
        """What flows back along this edge, of the argument's shape: local derivative · upstream gradient."""
        back = self.run.contribution_node(self.edge)
        if back is None:
            return np.zeros(self.edge.argument.shape, dtype=self.edge.argument.dtype)
        return self.run.whole(back)

    def __str__(self) -> str:
        return f"{self.run.name(self.edge.argument)} → {self.run.name(self.edge.consumer)}"

    def __repr__(self) -> str:
        return f"<edge {self}>"


@dataclass(frozen=True, eq=False, repr=False)
class NodeRecord:
    """One node of a traced run.

    Args:
        run: The run.
        node: The node.
        element: The index of the element that was asked for; None for all of the node. The edges are always those of
            all of it.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> record = bl.trace((x * w).named("f"), {"x": 3.0})["w"]
        >>> record.name, float(record.value), float(record.grad), record.trainable
        ('w', 4.0, 3.0, True)
    """

    run: Recording
    node: Node
    element: Element | None = None

    @property
    def name(self) -> str:
        """How the node is called."""
        return self.run.name(self.node, self.element)

    @property
    def kind(self) -> str:
        """The name of its op, or ``input``, ``parameter`` or ``constant``."""
        return self.node.kind

    @property
    def trainable(self) -> bool:
        """Whether training changes its value."""
        return self.node.trainable

    @property
    def value(self) -> Array:
        """Its value; where only some examples were kept, theirs."""
        return self._kept(self.node)

    @property
    def grad(self) -> Array:
        """The gradient of the loss with respect to it; where only some examples were kept, theirs."""
        gradient = self.run.gradient_node(self.node)
        return self._shown(self.run.slope(self.node)) if gradient is None else self._kept(gradient)

    def _kept(self, node: Node) -> Array:
        rows = self.run.rows if self.element is None else {}
        return self._shown(rows[node] if node in rows else self.run.whole(node))

    def _shown(self, array: Array) -> Array:
        fixed = np.asarray(array if self.element is None else array[self.element]).view()
        fixed.flags.writeable = False
        return fixed

    @property
    def edges_in(self) -> tuple[EdgeRecord, ...]:
        """The edges from its arguments, in order."""
        if not isinstance(self.node, Application):
            return ()
        return tuple(EdgeRecord(self.run, Edge(self.node, i)) for i in range(len(self.node.arguments)))

    @property
    def edges_out(self) -> tuple[EdgeRecord, ...]:
        """The edges to the nodes that consume it: its gradient is the sum of their contributions."""
        return tuple(EdgeRecord(self.run, edge) for edge in self.run.consumers.get(self.node, ()))

    @property
    def kink(self) -> KinkRecord | None:
        """The elements that stand on a kink of this node's function; None where there are none."""
        return next(iter(kinks_of(self.run, [self.node])), None)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name!r}: {self.node.spec}>"


def kinks_of(run: Recording, nodes: Iterable[Node]) -> list[KinkRecord]:
    """List the kinks that nodes stand on.

    Args:
        run: The run.
        nodes: The nodes.

    Returns:
        A record for each node of which an element stands on a kink.

    Example:
        >>> import backlit as bl
        >>> run = bl.trace(bl.relu(bl.parameter(0.0, name="z")).named("a"))
        >>> print(kinks_of(run, run.forward)[0])
        a stands on a kink: z = 0: any slope from 0 to 1
    """
    return [
        KinkRecord(
            run.name(node),
            int(np.count_nonzero(at_kink)),
            at_kink.size,
            tuple(int(i) for i in np.argwhere(at_kink)[0]),
            named_words(node.op.kinks, run, node),
        )
        for node, at_kink in run.on_kinks(nodes).items()
        if at_kink.any() and can_be_felt(run, node)
    ]
