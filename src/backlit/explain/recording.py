"""Recording: what one run left behind, value by value and gradient by gradient, and what can be computed from it.

What was kept is read at once. Anything else that the graph defines (a local derivative, the contribution of an edge, a
value outside the scopes that were kept) is computed when it is asked for, by the referee, from what was kept: so
tracing costs little more than running, and no question goes without an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backlit.autodiff.reverse import Backpropagation, Edge
from backlit.errors import DifferentiationError
from backlit.explain.naming import Place, element_name, find_place
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Input, Parameter
from backlit.graph.node import OPERATORS, Application, Array, Node
from backlit.graph.spec import is_floating

__all__ = ["Recording"]


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """What one run left behind.

    Args:
        graph: What ran: the loss, and the updates where there are any.
        loss: The number whose gradients were taken.
        walk: The backward pass, edge by edge.
        known: The values of leaves, and of what was kept whole.
        rows: The values of which only some examples were kept.
        examples: Which examples these are; empty where all were kept.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> bl.trace((x * x).named("y"), {"x": 3.0}).value("y").item()
        9.0
    """

    graph: Graph
    loss: Node
    walk: Backpropagation
    known: Mapping[Node, Array]
    rows: Mapping[Node, Array]
    examples: tuple[int, ...]

    @cached_property
    def forward(self) -> tuple[Node, ...]:
        """The nodes of the forward pass, leaves included, in order of execution."""
        return tuple(topological_order([self.loss]))

    @cached_property
    def consumers(self) -> dict[Node, tuple[Edge, ...]]:
        """For each node of the forward pass the edges that lead out of it."""
        edges: dict[Node, list[Edge]] = {node: [] for node in self.forward}
        for node in self.forward:
            if isinstance(node, Application):
                for position, argument in enumerate(node.arguments):
                    edges[argument].append(Edge(node, position))
        return {node: tuple(listed) for node, listed in edges.items()}

    @property
    def updates(self) -> Mapping[Parameter, Node]:
        """The new value of each parameter that the step changes."""
        return self.graph.updates

    def place(self, which: object, element: int | Sequence[int] | None = None) -> Place:
        """Find what a name points at.

        Args:
            which: A node, a name, a name with an element, or a weight in the notation of the lectures.
            element: The element, where it does not stand in the name.

        Returns:
            The place.

        Raises:
            UnknownNameError: If there is nothing of that name.
            ShapeError: If there is no such element.
        """
        return find_place(self.graph, which, element)

    def name(self, node: Node, element: Sequence[int] | None = None) -> str:
        """Write how a node, or an element of it, is called."""
        return element_name(self.graph.labels[node], element)

    def compute(self, *nodes: Node, given: Mapping[Node, Array] | None = None) -> list[Array]:
        """Compute nodes of this graph, or built on it, from what was kept.

        Args:
            *nodes: What is wanted.
            given: Values that take the place of those that were kept; what was computed from them is not renewed.

        Returns:
            The value of each.
        """
        found = OPERATORS["interpret"](nodes, {**self.known, **given} if given else self.known)
        return [np.asarray(value) for value in found]

    def recompute(self, changed: Mapping[Node, Array], *nodes: Node) -> list[Array]:
        """Compute nodes of the forward pass as they would be if others had other values.

        Args:
            changed: The values that are changed; leaves keep theirs unless they are among them.
            *nodes: What is wanted.

        Returns:
            The value of each.
        """
        given = {**self.leaves, **changed}
        return [np.asarray(value) for value in OPERATORS["interpret"](nodes, given)]

    def value(self, which: object) -> Array:
        """Return a value of the forward pass, or of what an update is made of.

        Args:
            which: A node or a name; of a name with an element the value is a single number.

        Returns:
            The array, which cannot be written.

        Raises:
            UnknownNameError: If there is nothing of that name.

        Example:
            >>> import backlit as bl
            >>> w = bl.parameter([1.0, 2.0], name="w")
            >>> run = bl.trace(bl.sum(w * w))
            >>> run.value("w").tolist(), run.value("w[1]").item()
            ([1.0, 2.0], 2.0)
        """
        place = self.place(which)
        array = self.whole(place.node)
        return _fixed(array if place.element is None else np.asarray(array[place.element]))

    def gradient(self, which: object) -> Array:
        """Return ∂L/∂v for a value v of the forward pass; zeros where no gradient came.

        Args:
            which: A node or a name; of a name with an element the gradient is a single number.

        Returns:
            An array of the value's shape, which cannot be written.

        Raises:
            UnknownNameError: If there is nothing of that name.
            DifferentiationError: If it is no float, or has no part in the forward pass.

        Example:
            >>> import backlit as bl
            >>> w = bl.parameter([1.0, 2.0], name="w")
            >>> bl.trace(bl.sum(w * w)).gradient("w").tolist()
            [2.0, 4.0]
        """
        place = self.place(which)
        array = self.slope(place.node)
        return _fixed(array if place.element is None else np.asarray(array[place.element]))

    def whole(self, node: Node) -> Array:
        """Return the value of a node for all examples: as it was kept, or computed again."""
        if node in self.known:
            return self.known[node]
        return self.compute(node)[0]

    def slope(self, node: Node) -> Array:
        """Return the gradient of a node for all examples."""
        gradient = self.walk.gradients.get(node)
        if gradient is not None:
            return self.whole(gradient)
        if not is_floating(node.dtype):
            raise DifferentiationError(
                f"{self.name(node)} has no gradient: it is of data type {node.dtype}",
                why="only floats can change by a small amount",
            )
        if node not in self.consumers:
            raise DifferentiationError(
                f"{self.name(node)} has no gradient: it is no part of the forward pass",
                instead="ask for its value",
            )
        return np.zeros(node.shape, dtype=node.dtype)

    @cached_property
    def leaves(self) -> dict[Node, Array]:
        """The inputs and parameters of the forward pass, with the values they had."""
        return {node: self.known[node] for node in self.forward if isinstance(node, (Input, Parameter))}

    def __repr__(self) -> str:
        steps = sum(isinstance(node, Application) for node in self.forward)
        loss = float(self.known[self.loss]) if self.loss in self.known else float(self.compute(self.loss)[0])
        return f"<trace of {self.name(self.loss)} = {loss:g}: {steps} operations>"


def _fixed(array: Any) -> Array:
    array = np.asarray(array).view()
    array.flags.writeable = False
    return array  # type: ignore[no-any-return]
