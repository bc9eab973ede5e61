"""Recording: what one run left behind, value by value and gradient by gradient, and what can be computed from it.

What was kept is read at once. Anything else that the graph defines (a local derivative, the contribution of an edge, a
value outside the scopes that were kept) is computed when it is asked for, by the referee, from what was kept: so
tracing costs little more than running, and no question goes without an answer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from backlit.autodiff.reverse import Backpropagation, Edge, contribution
from backlit.errors import DifferentiationError
from backlit.explain.naming import Place, element_name, find_place
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Input, Parameter, constant
from backlit.graph.node import OPERATORS, Application, Array, Node
from backlit.graph.scope import Scope
from backlit.graph.spec import is_floating
from backlit.graph.subgradients import Subgradients, current_subgradients, subgradients
from backlit.graph.text import scope_labels

__all__ = ["Recording"]

Self = TypeVar("Self", bound="Recording")


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """What one run left behind. The arrays become its own, and cannot be written any more.

    Args:
        graph: What ran: the loss, and the updates where there are any.
        loss: The number whose gradients were taken.
        walk: The backward pass, edge by edge.
        known: The values of leaves, and of what was kept whole.
        rows: The values of which only some examples were kept.
        examples: Which examples these are; empty where all were kept.
        choice: The slopes that its gradients take at kinks; what is computed later takes the same.

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
    choice: Subgradients = field(default_factory=current_subgradients)

    def __post_init__(self) -> None:
        # What is given out must not be a way to change a later answer.
        for array in (*self.known.values(), *self.rows.values()):
            array.flags.writeable = False

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

    @cached_property
    def boxes(self) -> Mapping[Scope, list[Application]]:
        """What is computed in each scope of the forward pass, scopes inside it included, in order of execution."""
        found: dict[Scope, list[Application]] = {}
        for node in self.forward:
            if isinstance(node, Application) and node.scope is not None:
                for scope in node.scope.lineage:
                    found.setdefault(scope, []).append(node)
        return found

    @property
    def updates(self) -> Mapping[Parameter, Node]:
        """The new value of each parameter that the step changes."""
        return self.graph.updates

    @cached_property
    def labels(self) -> Mapping[Node, str]:
        """A name for every node: those of the graph, and ``loss`` for a loss that has none of its own."""
        labels = self.graph.labels
        return labels if self.loss.name or "loss" in labels.values() else {**labels, self.loss: "loss"}

    @cached_property
    def _scopes(self) -> Mapping[Scope, str]:
        """The path of every box; with the number of the call where there are several of that path."""
        boxes = self.graph.scopes()
        times = Counter(box.path for box in boxes)
        return {box: label if times[box.path] > 1 else box.path for box, label in scope_labels(boxes).items()}

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
        if which == "loss" and self.labels[self.loss] == "loss":
            which = self.loss
        return find_place(self.graph, which, element)

    def name(self, node: Node, element: Sequence[int] | None = None) -> str:
        """Write how a node, or an element of it, is called."""
        return element_name(self.labels[node], element)

    def scope(self, node: Node) -> str:
        """Write in which box a node stands; nothing outside all of them."""
        return self._scopes.get(node.scope, "") if node.scope is not None else ""

    def places(self, nodes: Iterable[Node]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Say where nodes stand whose names do not tell: for each box the names, in order of execution."""
        wanted = {node for node in nodes if node.name is None and node is not self.loss}
        found: dict[str, list[str]] = {}
        for node in self.forward:
            if node in wanted and isinstance(node, Application) and self.scope(node):
                found.setdefault(self.scope(node), []).append(self.name(node))
        return tuple((scope, tuple(names)) for scope, names in found.items())

    def choosing(self) -> AbstractContextManager[Subgradients]:
        """Take the slopes at kinks that this run took, for what is built inside."""
        return subgradients(**self._slopes)

    @cached_property
    def _slopes(self) -> dict[str, Any]:
        return asdict(self.choice)

    def compute(self, *nodes: Node, given: Mapping[Node, Array] | None = None) -> list[Array]:
        """Compute nodes of this graph, or built on it, from what was kept.

        Args:
            *nodes: What is wanted.
            given: Values that take the place of those that were kept; what was computed from them is not renewed.

        Returns:
            The value of each.
        """
        known = {**self.known, **given} if given else self.known
        needed = {node: known[node] for node in topological_order(nodes, known) if node in known}
        return [np.asarray(value) for value in OPERATORS["interpret"](nodes, needed)]

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

    def filled(self: Self, nodes: Iterable[Node]) -> Self:
        """Return this recording with the values of nodes at hand: for who asks many questions about them."""
        missing = [node for node in dict.fromkeys(nodes) if node not in self.known]
        if not missing:
            return self
        return replace(self, known={**self.known, **dict(zip(missing, self.compute(*missing), strict=True))})

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
        gradient = self.gradient_node(node)
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

    def gradient_node(self, node: Node) -> Node | None:
        """Return the node that computes a gradient; None where no gradient comes."""
        if node in self.walk.gradients:
            return self.walk.gradients[node]
        return self._beyond[0].get(node) if node in self.consumers else None

    def contribution_node(self, edge: Edge) -> Node | None:
        """Return the node that computes what comes back along an edge; None where nothing does."""
        return self.walk.contributions[edge] if edge in self.walk.contributions else self._beyond[1].get(edge)

    @cached_property
    def _beyond(self) -> tuple[dict[Node, Node], dict[Edge, Node]]:
        """The gradients and contributions of what depends on constants alone, for which training has no use."""
        found: dict[Node, Node] = {}
        contributions: dict[Edge, Node] = {}
        with self.choosing():
            for node in reversed(self.forward):
                if node in self.walk.gradients or not is_floating(node.dtype):
                    continue
                if node is self.loss:
                    found[node] = constant(1.0, dtype=node.dtype)
                for edge in self.consumers[node]:
                    upstream = self.walk.gradients.get(edge.consumer, found.get(edge.consumer))
                    back = contribution(edge, upstream) if upstream is not None else None
                    if back is not None:
                        contributions[edge] = back
                        found[node] = found[node] + back if node in found else back
        return found, contributions

    def local(self, edge: Edge) -> Array | None:
        """Return the local derivative of an elementwise op, of the consumer's shape; None where it is a Jacobian."""
        return self.locals([edge]).get(edge)

    def locals(self, edges: Iterable[Edge]) -> dict[Edge, Array]:
        """Return the local derivatives at those edges that lead into elementwise ops, all computed at once."""
        inside = [edge for edge in edges if edge.consumer.op.local and is_floating(edge.argument.dtype)]
        with self.choosing():
            rules = [edge.consumer.op.local[edge.position] for edge in inside]
            slopes = [
                rule(edge.consumer, *edge.consumer.arguments) if rule is not None else 0.0
                for edge, rule in zip(inside, rules, strict=True)
            ]
        nodes = [slope for slope in slopes if isinstance(slope, Node)]
        values = dict(zip(nodes, self.compute(*nodes), strict=True))
        numbers = [values[slope] if isinstance(slope, Node) else np.asarray(slope) for slope in slopes]
        return {
            edge: np.broadcast_to(number, edge.consumer.shape).astype(edge.consumer.dtype)
            for edge, number in zip(inside, numbers, strict=True)
        }

    def on_kinks(self, nodes: Iterable[Node]) -> dict[Application, Array]:
        """Say which elements of nodes stand on a kink of their function: truth values for each node that has kinks."""
        bent = [
            node
            for node in nodes
            if isinstance(node, Application) and node.op.kink is not None and is_floating(node.dtype)
        ]
        distances = [node.op.kink(*node.arguments, **node.attributes) for node in bent]  # type: ignore[misc]
        values = self.compute(*distances)
        return {node: np.broadcast_to(value == 0, node.shape) for node, value in zip(bent, values, strict=True)}

    @cached_property
    def leaves(self) -> dict[Node, Array]:
        """The inputs and parameters of the forward pass, with the values they had."""
        return {node: self.known[node] for node in self.forward if isinstance(node, (Input, Parameter))}

    def __repr__(self) -> str:
        steps = sum(isinstance(node, Application) for node in self.forward)
        loss = float(self.whole(self.loss))
        return f"<trace of {self.name(self.loss)} = {loss:g}: {steps} operation{'s' * (steps != 1)}>"


def _fixed(array: Array) -> Array:
    """Return an array, or a view of it, that cannot be written."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array
