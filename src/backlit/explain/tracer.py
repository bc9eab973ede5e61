"""Tracer: one program that computes a loss and hands out every value and every gradient on the way.

Nothing listens while it runs: the graph of the backward pass is built edge by edge, and what shall be kept is simply
asked for as an output beside the loss. So any engine can be traced, with the numbers it computes, and a program that is
not traced has nothing to pay.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.autodiff.reverse import backpropagate
from backlit.engines.binding import arrange, bind
from backlit.engines.engine import Engine, compile
from backlit.errors import ArgumentError, DTypeError, NotScalarError, UnknownNameError, nearest, user_line
from backlit.explain.answering import Trace
from backlit.explain.rows import batch_of, nodes_with_rows
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant, Input, Parameter, constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.ops import take
from backlit.graph.scope import Scope, enter_scope
from backlit.graph.spec import is_floating
from backlit.graph.subgradients import current_subgradients

__all__ = ["Tracer", "trace", "trace_graph"]


class Tracer:
    """A loss made ready to be traced, again and again.

    Args:
        loss: A float of shape ().
        updates: The new value of each parameter that a step changes, as ``optimizer.updates`` returns them. They are
            computed and can be explained; the parameters stay as they are.
        scopes: The paths of the scopes whose values and gradients are kept, such as ``["layer1"]``; None for all. What
            is not kept is computed again when it is asked for.
        examples: The rows of the batch of which values are kept; None for all.
        engine: Which engine runs it; the referee by default.

    Raises:
        NotScalarError: If the loss is not a single number.
        DTypeError: If the loss is not a float.
        UnknownNameError: If there is no such scope.
        ArgumentError: If there are no such examples.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(2.0, name="w")
        >>> tracer = Tracer((x * w).named("y"))
        >>> [float(tracer({"x": number}).gradient("w")) for number in (3.0, 4.0)]
        [3.0, 4.0]
    """

    def __init__(
        self,
        loss: Node,
        updates: Mapping[Parameter, Node] | None = None,
        *,
        scopes: Sequence[str] | None = None,
        examples: Sequence[int] | None = None,
        engine: str | Engine = "reference",
    ) -> None:
        _check_loss(loss)
        self.loss = loss
        self.graph = Graph(outputs=[loss], updates=updates)
        forward = topological_order([loss])
        leaves = [node for node in forward if isinstance(node, (Input, Parameter)) and is_floating(node.dtype)]
        self._choice = current_subgradients()
        self._walk = backpropagate([loss], [constant(1.0, dtype=loss.dtype)], leaves)
        self._examples = _checked_examples(examples, self.graph)
        kept = _inside(forward, scopes)
        # Of inputs one seldom wants the gradient, and for the first layer it is a product as large as all others.
        gradients = {
            node: self._walk.gradients[node]
            for node in forward
            if node in kept and node in self._walk.gradients and not isinstance(node, Input)
        }
        wanted = [*(node for node in forward if node in kept), *gradients.values(), *self.graph.updates.values(), loss]
        self._kept = [node for node in dict.fromkeys(wanted) if isinstance(node, Application)]
        cut = nodes_with_rows(forward, batch_of(self.graph.inputs)) if self._examples else set()
        whole = {gradients[node] for node in gradients if node not in cut} | set(self.graph.updates.values())
        cut |= {gradient for node, gradient in gradients.items() if node in cut}
        self._shown = [self._cut(node) if node in cut - whole else node for node in self._kept]
        self._constants: dict[Node, Array] = {
            node: node.value for node in topological_order(self._kept) if isinstance(node, Constant)
        }
        self._program = compile(self.graph.inputs, self._shown, engine=engine)

    def _cut(self, node: Node) -> Node:
        """Return the rows of a value that are kept."""
        with enter_scope(Scope("trace")):
            return take(node, constant(list(self._examples)), axis=0)

    def __call__(self, bindings: Mapping[Any, npt.ArrayLike] | None = None) -> Trace:
        """Run once, and keep what was asked for.

        Args:
            bindings: A value for every input, by node or by name.

        Returns:
            What the run left behind.

        Raises:
            BindingError: If an input is missing or does not fit.
            IndexRangeError: If a label or index is out of range.
        """
        given = arrange(self.graph, bindings or {})
        bound = [bind(node, value) for node, value in zip(self.graph.inputs, given, strict=True)]
        known: dict[Node, Array] = dict(self._constants)
        known |= {node: np.array(value) for node, value in zip(self.graph.inputs, bound, strict=True)}
        known |= {node: node.value.copy() for node in self.graph.parameters}
        rows: dict[Node, Array] = {}
        for node, shown, value in zip(self._kept, self._shown, self._program(*bound), strict=True):
            (known if shown is node else rows)[node] = np.asarray(value)
        return Trace(self.graph, self.loss, self._walk, known, rows, self._examples, self._choice)


def trace(
    loss: Node,
    bindings: Mapping[Any, npt.ArrayLike] | None = None,
    *,
    updates: Mapping[Parameter, Node] | None = None,
    scopes: Sequence[str] | None = None,
    examples: Sequence[int] | None = None,
    engine: str | Engine = "reference",
) -> Trace:
    """Run a graph forward and backward once and keep every value and every gradient.

    Args:
        loss: A float of shape ().
        bindings: A value for every input, by node or by name.
        updates: The new value of each parameter that a step changes, as ``optimizer.updates`` returns them. They are
            computed and can be explained; the parameters stay as they are.
        scopes: The paths of the scopes whose values and gradients are kept, such as ``["layer1"]``; None for all.
        examples: The rows of the batch of which values are kept; None for all.
        engine: Which engine runs it; the referee by default.

    Returns:
        What the run left behind, to be asked.

    Raises:
        NotScalarError: If the loss is not a single number.
        BindingError: If an input is missing or does not fit.
        UnknownNameError: If there is no such scope.

    Example:
        >>> import backlit as bl
        >>> x, θ = bl.input("x"), bl.parameter(5.0, name="θ")
        >>> run = trace((x * θ).named("f"), {"x": -2.0})
        >>> float(run["f"].value), float(run["θ"].grad)
        (-10.0, -2.0)
    """
    return Tracer(loss, updates, scopes=scopes, examples=examples, engine=engine)(bindings)


def trace_graph(
    graph: Graph,
    values: Sequence[npt.ArrayLike],
    *,
    scopes: Sequence[str] | None = None,
    examples: Sequence[int] | None = None,
) -> Trace:
    """Trace the graph of a training step: what ``trainer.trace`` does.

    Args:
        graph: A graph whose first output is the loss.
        values: A value for each of its inputs, in order.
        scopes: The paths of the scopes whose values and gradients are kept; None for all.
        examples: The rows of the batch of which values are kept; None for all.

    Returns:
        What the run left behind; no parameter has changed.

    Raises:
        BindingError: If a value does not fit.

    Example:
        >>> import backlit as bl
        >>> θ = bl.parameter(3.0, name="θ")
        >>> loss = θ * θ
        >>> graph = bl.Graph(outputs=[loss], updates=bl.optim.SGD(0.1).updates(loss, {"θ": θ}))
        >>> print(trace_graph(graph, []).explain("θ").update[0].numbers)
        3 - 0.1 · 6
    """
    tracer = Tracer(graph.outputs[0], graph.updates, scopes=scopes, examples=examples)
    given = dict(zip(graph.inputs, values, strict=True))
    return tracer({node: given[node] for node in tracer.graph.inputs})


def _check_loss(loss: Node) -> None:
    if not isinstance(loss, Node):
        raise DTypeError(f"a trace is of a node; received {loss!r}", line=user_line())
    if loss.shape:
        raise NotScalarError(
            f"a trace of {loss!r} was asked for, which is not a single number",
            why="gradients are the slopes of one number",
            instead="add it up with bl.sum(...) or bl.mean(...), or choose an element: y[0]",
            line=user_line(),
        )
    if not is_floating(loss.dtype):
        raise DTypeError(
            f"{loss!r} cannot be traced", why="a whole number or a truth value has no slope", line=user_line()
        )


def _inside(forward: Sequence[Node], scopes: Sequence[str] | None) -> set[Node]:
    """Return the nodes in the scopes that are kept."""
    if scopes is None:
        return set(forward)
    if isinstance(scopes, str) or not isinstance(scopes, Iterable):
        raise ArgumentError(f"scopes is {scopes!r}", instead=f"write a list: scopes=[{scopes!r}]")
    scopes = tuple(scopes)
    boxes = dict.fromkeys(node.scope for node in forward if node.scope is not None)
    paths = list(dict.fromkeys(box.path for scope in boxes for box in scope.lineage))
    for path in scopes:
        if path not in paths:
            raise UnknownNameError(
                f"there is no scope {path!r}{nearest(str(path), paths)}",
                instead=f"choose among {', '.join(paths)}" if paths else "open one with bl.scope(...)",
            )
    inside = {scope for scope in boxes if any(box.path in scopes for box in scope.lineage)}
    return {node for node in forward if node.scope in inside}


def _checked_examples(examples: Sequence[int] | None, graph: Graph) -> tuple[int, ...]:
    if examples is None:
        return ()
    batch = batch_of(graph.inputs)
    instead = "give a list of rows, such as examples=[0]"
    try:
        chosen = tuple(operator.index(i) for i in examples)
    except TypeError:
        raise ArgumentError(f"examples is {examples!r}", instead=instead) from None
    if not chosen or not all(0 <= i < batch for i in chosen):
        shapes = ", ".join(f"{node.name}: {list(node.shape)}" for node in graph.inputs)
        have = f"the batch holds {batch}, counted from 0"
        none = f"the inputs have no common axis of examples ({shapes})" if shapes else "there are no inputs"
        raise ArgumentError(f"examples is {examples!r}", why=have if batch else none, instead=instead if batch else "")
    return chosen
