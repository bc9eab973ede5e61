"""Graph: inputs, outputs and updates, with everything between them in order of execution.

A graph is data. It can be asked for its nodes by name, checked, printed and parsed back, and handed to an engine.
The update rule is part of it: ``updates`` maps a parameter to the node that becomes its value when the outputs have
been computed, so that forward, backward and update are one program.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cached_property

from backlit.errors import BindingError, CycleError, DTypeError, GraphError, ShapeError, UnknownNameError, nearest
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import OPERATORS, Application, Array, Node
from backlit.graph.scope import Scope
from backlit.graph.text import format_name, format_node, scope_labels

__all__ = ["Graph", "topological_order"]


def topological_order(roots: Iterable[Node], given: Container[Node] = ()) -> list[Node]:
    """List every node the roots depend on, each after all its arguments.

    The order is that of a depth-first walk from the first root, arguments from left to right: the order in which one
    computes by hand. It takes no recursion, so that depth is bounded by memory alone.

    Args:
        roots: The nodes wanted.
        given: Nodes whose values are known already: what they depend on is left out, unless others need it.

    Returns:
        The nodes in order of execution.

    Raises:
        CycleError: If a node depends on itself; the message names the cycle.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> [node.kind for node in topological_order([bl.exp(x) + x])]
        ['input', 'exp', 'add']
    """
    order: list[Node] = []
    done: set[Node] = set()
    entered: set[Node] = set()
    for root in roots:
        stack = [root]
        while stack:
            node = stack[-1]
            if node in done:
                stack.pop()
                continue
            if node in entered:
                stack.pop()
                done.add(node)
                order.append(node)
                continue
            entered.add(node)
            for argument in reversed(node.arguments) if node not in given else ():
                if argument not in done:
                    if argument in entered:
                        _refuse_cycle(stack, argument, entered, done)
                    stack.append(argument)
    return order


def _refuse_cycle(stack: list[Node], back: Node, entered: set[Node], done: set[Node]) -> None:
    """Raise if an argument is still being computed itself.

    The stack holds the path from a root to the node at its end, and nodes beside the path that wait for their turn. A
    node of the path may have waited further down before: its last place on the stack is the one that counts.
    """
    path = list(dict.fromkeys(node for node in reversed(stack) if node in entered and node not in done))
    if back in path:
        names = [node.name or node.kind for node in path[: path.index(back) + 1]]
        raise CycleError(
            "the graph has a cycle: " + " → ".join([names[-1], *names]),
            why="a value cannot be computed from itself",
            instead="remove one of these edges; what a step hands to the next goes through an update",
        )


class Graph:
    """Inputs, outputs and updates, with everything between them.

    Args:
        inputs: The inputs in the order in which a program takes their values; by default those found, in order of
            execution.
        outputs: The nodes whose values are wanted.
        updates: The new value of each parameter that a run changes.

    Raises:
        BindingError: If an output depends on an input that is not listed.
        GraphError: If something else than an input is listed, or an input twice.
        ShapeError: If an update has another shape than its parameter.
        DTypeError: If an update has another data type than its parameter.
        CycleError: If a node depends on itself.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(2.0, name="w")
        >>> y = (x * w).named("y")
        >>> graph = Graph(outputs=[y], updates={w: w - 0.1 * y})
        >>> [node.name for node in graph.operations][0], graph.parameters == (w,)
        ('y', True)
    """

    def __init__(
        self,
        inputs: Sequence[Input] | None = None,
        outputs: Sequence[Node] = (),
        updates: Mapping[Parameter, Node] | None = None,
    ) -> None:
        if not isinstance(outputs, Sequence) or isinstance(outputs, Node):
            raise GraphError(f"outputs are a list of nodes; received {outputs!r}", instead="write outputs=[loss]")
        if not isinstance(updates, Mapping | None):
            raise GraphError(f"updates map parameters to nodes; received {updates!r}", instead="write {θ: θ - 0.1 * g}")
        if not isinstance(inputs, Sequence | None):
            raise GraphError(f"inputs are a list of inputs; received {inputs!r}", instead="write inputs=[x, y]")
        self.outputs: tuple[Node, ...] = tuple(outputs)
        self.updates: dict[Parameter, Node] = dict(updates or {})
        for node in (*self.outputs, *self.updates.values()):
            if not isinstance(node, Node):
                raise GraphError(f"an output is a node; received {node!r}", instead="wrap numbers in bl.constant(...)")
        self.nodes: tuple[Node, ...] = tuple(topological_order([*self.outputs, *self.updates.values()]))
        found = tuple(node for node in self.nodes if isinstance(node, Input))
        self.inputs: tuple[Input, ...] = found if inputs is None else tuple(inputs)
        self._check_inputs(found)
        self._check_updates()

    def _check_inputs(self, found: tuple[Input, ...]) -> None:
        for node in self.inputs:
            if not isinstance(node, Input):
                raise GraphError(f"{node!r} is listed as an input, but is none", instead="make it with bl.input(...)")
        if len(set(self.inputs)) != len(self.inputs):
            raise GraphError("an input is listed twice", instead="list each input once")
        for node in found:
            if node not in self.inputs:
                raise BindingError(
                    f"the outputs depend on the input {node!r}, which is not listed",
                    why="a program takes a value for every input it needs",
                    instead=f"add {node.name} to inputs=[...]",
                    line=node.line,
                )

    def _check_updates(self) -> None:
        for parameter, value in self.updates.items():
            if not isinstance(parameter, Parameter):
                raise GraphError(f"{parameter!r} cannot be updated", why="only a parameter owns a value that changes")
            change = f"{parameter!r} cannot take the value {value!r}"
            if parameter.shape != value.shape:
                raise ShapeError(change, why="a parameter keeps its shape", instead="reduce or reshape the new value")
            if parameter.dtype != value.dtype:
                raise DTypeError(change, why="a parameter keeps its data type", instead="write bl.cast(value, ...)")

    @cached_property
    def operations(self) -> tuple[Application, ...]:
        """The nodes that compute something, in order of execution."""
        return tuple(node for node in self.nodes if isinstance(node, Application))

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, trainable or not, in order of execution; those that are only written come last."""
        read = tuple(node for node in self.nodes if isinstance(node, Parameter))
        return (*read, *(p for p in self.updates if p not in set(read)))

    @cached_property
    def labels(self) -> dict[Node, str]:
        """A name for every node, unique in this graph: its own where it has one, else ``%1``, ``%2``, ...

        A name that stands twice is numbered: ``z``, ``z_2``.
        """
        taken: Counter[str] = Counter()
        labels: dict[Node, str] = {}
        every = (*self.inputs, *self.nodes, *self.updates)
        named = [node for node in dict.fromkeys(every) if node.name]
        for node in named:
            labels[node] = _unique(str(node.name), taken)
        nameless = (node for node in dict.fromkeys(every) if node not in labels)
        labels.update((node, f"%{number}") for number, node in enumerate(nameless, start=1))
        return labels

    @cached_property
    def _by_label(self) -> dict[str, Node]:
        return {label: node for node, label in self.labels.items()}

    def __getitem__(self, name: str) -> Node:
        """Return the node of a name.

        Args:
            name: A label, or its last part, where only one node ends in it: ``z`` for ``layer1.z``.

        Returns:
            The node.

        Raises:
            UnknownNameError: If no node, or more than one, has that name.
        """
        if name in self._by_label:
            return self._by_label[name]
        matches = [node for node, label in self.labels.items() if label.endswith(f".{name}")]
        if len(matches) == 1:
            return matches[0]
        if matches:
            full = ", ".join(self.labels[node] for node in matches)
            raise UnknownNameError(f"the names of {len(matches)} nodes end in {name!r}", instead=f"choose among {full}")
        raise UnknownNameError(f"no node is called {name!r}{nearest(name, self._by_label)}")

    def __contains__(self, node: object) -> bool:
        return node in self.labels

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def phases(self) -> dict[str, tuple[Application, ...]]:
        """The operations of a training step by phase: ``forward``, ``backward`` and ``update``, each in order.

        Backward is what differentiation built; update is what is computed from it outside, and the box ``update``.
        """
        phase: dict[Node, str] = {}
        for node in self.operations:
            outermost = node.scope.lineage[0].name if node.scope else ""
            after = any(phase.get(argument, "forward") != "forward" for argument in node.arguments)
            phase[node] = outermost if outermost in ("backward", "update") else "update" if after else "forward"
        return {name: tuple(n for n in phase if phase[n] == name) for name in ("forward", "backward", "update")}  # type: ignore[misc]

    def scopes(self) -> list[Scope]:
        """List the boxes of this graph, outer before inner, in order of execution.

        Returns:
            Every scope that holds a node, and every scope around one.

        Example:
            >>> import backlit as bl
            >>> x = bl.input("x", shape=(3,))
            >>> [box.path for box in Graph(outputs=[bl.softmax(x)]).scopes()]
            ['softmax']
        """
        boxes: dict[Scope, None] = {}
        for node in self.operations:
            if node.scope:
                boxes.update(dict.fromkeys(node.scope.lineage))
        return list(boxes)

    @property
    def values(self) -> dict[str, Parameter | Array]:
        """The parameters and the arrays of the constants, by label: what ``parse_graph`` takes beside the text."""
        leaves = {label: node for node, label in self.labels.items() if isinstance(node, (Parameter, Constant))}
        return {label: node.value if isinstance(node, Constant) else node for label, node in leaves.items()}

    def __str__(self) -> str:
        boxes = scope_labels(self.scopes())
        inputs = ", ".join(f"{format_name(self.labels[node])}: {node.spec}" for node in self.inputs)
        nodes = [*self.nodes, *(p for p in self.updates if p not in set(self.nodes))]
        lines = [format_node(node, self.labels, boxes) for node in nodes if not isinstance(node, Input)]
        if self.outputs:
            lines.append("return " + ", ".join(format_name(self.labels[node]) for node in self.outputs))
        for parameter, value in self.updates.items():
            lines.append(f"update {format_name(self.labels[parameter])} <- {format_name(self.labels[value])}")
        return "\n  ".join([f"graph({inputs})", *lines])

    def _repr_svg_(self) -> str:
        """Show the graph in a notebook."""
        return OPERATORS["draw"](self).svg  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<graph: {len(self.inputs)} inputs, {len(self.operations)} operations, {len(self.outputs)} outputs>"


def _unique(name: str, taken: Counter[str]) -> str:
    taken[name] += 1
    if taken[name] == 1:
        return name
    numbered = f"{name}_{taken[name]}"
    while numbered in taken:
        taken[name] += 1
        numbered = f"{name}_{taken[name]}"
    taken[numbered] += 1
    return numbered
