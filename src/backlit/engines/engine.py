"""The seam between a graph and what executes it: ``compile`` turns a graph into a program.

An engine is a class with one method. Engines register here by name and never import one another; this module imports
none of them. ``Node.evaluate`` is given its meaning here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backlit.engines.binding import arrange, bind_epoch, looks_into
from backlit.errors import ArgumentError, IndexRangeError, nearest
from backlit.graph.graph import Graph
from backlit.graph.leaves import Input, Parameter
from backlit.graph.node import OPERATORS, Application, Node

__all__ = [
    "Engine",
    "Program",
    "call_text",
    "compile",
    "engine_names",
    "epoch_by_steps",
    "evaluate",
    "in_step",
    "locate",
    "range_error",
    "register_engine",
]

Outputs = Any
"""What a program returns: one array where one node was asked for, a list of them for a list."""


class Program(Protocol):
    """A graph made ready to run: call it with a value for each input, in order.

    The outputs are computed, then the updates are written into their parameters.

    Attributes:
        graph: What it runs.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> program = compile(inputs=[x], outputs=x * 2.0)
        >>> float(program(4.0))
        8.0
        >>> program.epoch([1.0, 2.0, 3.0])
        array([2., 4., 6.], dtype=float32)
    """

    graph: Graph

    def __call__(self, *values: npt.ArrayLike) -> Outputs:
        """Run the graph once.

        Args:
            *values: A value for each input, of its shape.

        Returns:
            The value of the output, or a list for a list of outputs.

        Raises:
            BindingError: If a value is missing or does not fit.
        """
        ...

    def epoch(self, *values: npt.ArrayLike) -> Outputs:
        """Run the graph once for each slice along the first axis of the values, one after another.

        Args:
            *values: For each input, as many values as there are steps, in one array: of shape (steps, …).

        Returns:
            The outputs of all steps in one array each, of shape (steps, …).

        Raises:
            BindingError: If a value is missing or does not fit; nothing has been run then.
        """
        ...


class Engine(Protocol):
    """What executes graphs.

    Attributes:
        name: The name by which ``compile`` finds it.

    Example:
        >>> import backlit as bl
        >>> all(isinstance(name, str) for name in bl.engines.engine_names())
        True
    """

    name: str

    def compile(self, graph: Graph, *, single: bool) -> Program:
        """Turn a graph into a program.

        Args:
            graph: What is to run.
            single: Whether the program answers with its only output itself instead of a list.

        Returns:
            The program.
        """
        ...


_ENGINES: dict[str, Engine] = {}
_DEFAULT = ("native", "reference")
"""The engines that ``None`` picks from: the first that is there."""


def register_engine(engine: Engine) -> None:
    """Make an engine available to ``compile`` under its name.

    Args:
        engine: The engine.

    Raises:
        ArgumentError: If there is one of that name already.

    Example:
        >>> register_engine(_ENGINES["reference"])
        Traceback (most recent call last):
        backlit.errors.ArgumentError: there is an engine 'reference' already
    """
    if engine.name in _ENGINES:
        raise ArgumentError(f"there is an engine {engine.name!r} already")
    _ENGINES[engine.name] = engine


def engine_names() -> list[str]:
    """List the engines that can run a graph here.

    Returns:
        Their names.

    Example:
        >>> "reference" in engine_names()
        True
    """
    return list(_ENGINES)


def compile(
    inputs: Input | Sequence[Input] | None = None,
    outputs: Node | Sequence[Node] = (),
    updates: Mapping[Parameter, Node] | None = None,
    *,
    engine: str | Engine | None = None,
) -> Program:
    """Make one program of a graph: outputs to compute and updates to apply, in one call.

    Args:
        inputs: The inputs in the order in which the program takes their values; by default those found, in order of
            execution.
        outputs: One node or several; the program answers in kind.
        updates: The new value of each parameter that a run changes, such as ``{θ: θ - α * gradient}``.
        engine: Which engine runs it, by name or as an object; None picks.

    Returns:
        The program.

    Raises:
        BindingError: If an output depends on an input that is not listed.
        ArgumentError: If there is no such engine.

    Example:
        >>> import backlit as bl
        >>> θ = bl.parameter(3.0, name="θ")
        >>> loss = θ * θ
        >>> step = compile(outputs=loss, updates={θ: θ - 0.1 * bl.grad(loss, θ)})
        >>> float(step()), round(float(θ.value), 6)
        (9.0, 2.4)
    """
    chosen = _find_engine(engine or next(name for name in _DEFAULT if name in _ENGINES))
    single = isinstance(outputs, Node)
    listed = [inputs] if isinstance(inputs, Input) else inputs
    graph = Graph(listed, [outputs] if isinstance(outputs, Node) else outputs, updates)
    return chosen.compile(graph, single=single)


def _find_engine(engine: str | Engine) -> Engine:
    if not isinstance(engine, str):
        return engine
    if engine not in _ENGINES:
        raise ArgumentError(
            f"there is no engine {engine!r}{nearest(engine, _ENGINES)}", instead=f"choose among {', '.join(_ENGINES)}"
        )
    return _ENGINES[engine]


def range_error(op: str, value: int, size: int) -> IndexRangeError:
    """Return the error of an index that chooses among fewer places; every engine raises this one.

    Args:
        op: The name of the op that was given the index.
        value: The index.
        size: How many places there are.

    Returns:
        The error, to be raised.

    Example:
        >>> print(range_error("one_hot", 3, 3).what)
        label 3 is out of range
    """
    return IndexRangeError(
        f"{'label' if op == 'one_hot' else 'index'} {value} is out of range",
        why=f"there are {size}, numbered from 0 to {size - 1}" if size else "there is nothing to choose from",
        instead="check that the labels start at 0 and that the net has an output for every class",
    )


def call_text(node: Application, labels: Mapping[Node, str]) -> str:
    """Write a node's computation as a line of code, such as ``z = add(x, y)``, for a message.

    Args:
        node: The node.
        labels: How the nodes of its graph are called.

    Returns:
        The line.

    Example:
        >>> import backlit as bl
        >>> z = (bl.input("x") + bl.input("y")).named("z")
        >>> call_text(z, bl.Graph(outputs=[z]).labels)
        'z = add(x, y)'
    """
    names = ", ".join(labels[argument] for argument in node.arguments)
    return f"{labels[node]} = {node.op.name}({names})"


def locate(error: IndexRangeError, node: Application, labels: Mapping[Node, str]) -> IndexRangeError:
    """Say in an error where in the graph, and in which line of the user's code, it arose.

    Args:
        error: The error.
        node: The node that was being computed.
        labels: How the nodes of its graph are called.

    Returns:
        The error with the call before what happened, and with the line.

    Example:
        >>> import backlit as bl
        >>> i = bl.input("i", dtype="int64")
        >>> picked = bl.take([1.0, 2.0], i).named("picked")
        >>> print(locate(range_error("take", 2, 2), picked, bl.Graph(outputs=[picked]).labels).what)
        picked = take(%1, i): index 2 is out of range
    """
    return IndexRangeError(
        f"{call_text(node, labels)}: {error.what}", why=error.why, instead=error.instead, line=node.line
    )


def evaluate(node: Node, bindings: Mapping[Any, npt.ArrayLike] | None = None) -> Any:
    """Compute a node's value on the referee, the reference engine.

    Args:
        node: What to compute.
        bindings: A value for every input it depends on, by node or by name.

    Returns:
        A NumPy number or array.

    Raises:
        BindingError: If an input is missing or does not fit.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> float(evaluate(x + 1.0, {"x": 2.0}))
        3.0
    """
    graph = Graph(outputs=[node])
    program = _ENGINES["reference"].compile(graph, single=True)
    return program(*arrange(graph, bindings or {}))


def in_step(error: IndexRangeError, step: int) -> IndexRangeError:
    """Say in an error in which step of an epoch it arose.

    Args:
        error: The error.
        step: How many steps were done before.

    Returns:
        The error, to be raised instead.

    Example:
        >>> in_step(IndexRangeError("the label is 10"), 3).what
        'the label is 10 (step 3 of the epoch, counted from 0; those before it are done)'
    """
    place = f"step {step} of the epoch, counted from 0; those before it are done"
    return IndexRangeError(f"{error.what} ({place})", why=error.why, instead=error.instead, line=error.line)


def epoch_by_steps(program: Program, values: Sequence[npt.ArrayLike]) -> Outputs:
    """Run an epoch as so many calls: what the method ``epoch`` is for an engine that has no quicker way.

    Args:
        program: What to call.
        values: For each input, the values of all steps.

    Returns:
        The outputs of all steps in one array each, or a list of these.

    Raises:
        BindingError: If a value is missing or does not fit; nothing has been run then.
        IndexRangeError: If a label or index is out of range; the steps before have been done then.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> epoch_by_steps(compile([x], [x + 1.0, x * x]), [[1.0, 2.0]])
        [array([2., 3.], dtype=float32), array([1., 4.], dtype=float32)]
    """
    written = {id(parameter.value) for parameter in program.graph.updates}
    bound = bind_epoch(program.graph.inputs, values)
    bound = [array.copy() if looks_into(array, written) else array for array in bound]
    found: list[Any] = []
    for step in zip(*bound, strict=True):
        try:
            found.append(program(*step))
        except IndexRangeError as error:
            raise in_step(error, len(found)) from None
    single = not isinstance(found[0], list)
    columns = [found] if single else list(zip(*found, strict=True))
    pairs = zip(program.graph.outputs, columns, strict=True)
    stacked = [np.array(column, dtype=node.dtype) for node, column in pairs]
    return stacked[0] if single else stacked


OPERATORS["evaluate"] = evaluate
