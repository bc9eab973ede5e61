"""The seam between a graph and what executes it: ``compile`` turns a graph into a program.

An engine is a class with one method. Engines register here by name and never import one another; this module imports
none of them. ``Node.evaluate`` is given its meaning here.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backlit.errors import ArgumentError, BindingError, DTypeError, IndexRangeError, nearest
from backlit.graph.graph import Graph
from backlit.graph.leaves import Input, Parameter
from backlit.graph.node import OPERATORS, Application, Array, Node
from backlit.graph.spec import fit_array

__all__ = [
    "Engine",
    "Program",
    "arrange",
    "bind",
    "call_text",
    "compile",
    "count_error",
    "engine_names",
    "evaluate",
    "locate",
    "looks_into",
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


def bind(node: Input, value: npt.ArrayLike) -> Array:
    """Fit a value to an input: its shape exactly, its data type where no information is lost in kind.

    Args:
        node: The input.
        value: An array, a number or a nested list.

    Returns:
        An array of the input's shape and data type; the value itself where it fits already.

    Raises:
        BindingError: If the shape differs, or floats are given for integers.

    Example:
        >>> import backlit as bl
        >>> bind(bl.input("x", shape=(2,)), [1, 2]).dtype
        dtype('float32')
    """
    if isinstance(value, np.ndarray) and value.shape == node.shape and value.dtype.name == node.dtype:
        return value if value.dtype.isnative else value.astype(node.dtype)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise BindingError(f"the input {node!r} received rows of unequal length", why=str(error)) from error
    if array.shape != node.shape:
        raise BindingError(
            f"the input {node!r} received a value of shape {list(array.shape)}",
            why="a program is specialised to the shapes it was built for",
            instead=f"give it shape {list(node.shape)}, or build the graph with "
            f'bl.input("{node.name}", shape={array.shape})',
        )
    try:
        return fit_array(array, node.dtype)
    except DTypeError as error:
        raise BindingError(f"the input {node!r} received {error.what}", why=error.why, instead=error.instead) from None


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


def count_error(inputs: Sequence[Input], received: int) -> BindingError:
    """Return the error for a program that is called with too many or too few values.

    Args:
        inputs: What it takes.
        received: How many values it was given.

    Returns:
        The error, to be raised.

    Example:
        >>> import backlit as bl
        >>> count_error([bl.input("x")], 2).what
        'the program takes 1 values (x); received 2'
    """
    names = ", ".join(node.name or "" for node in inputs)
    return BindingError(
        f"the program takes {len(inputs)} values ({names}); received {received}",
        instead=f"call it as program({names})",
    )


def looks_into(array: Array, owners: Collection[int]) -> bool:
    """Say whether an array is one of several, or a view of one.

    Args:
        array: The array.
        owners: The ``id`` of each of the arrays that may own its memory.

    Returns:
        Whether it is.

    Example:
        >>> whole = np.zeros(4)
        >>> looks_into(whole[1:3], {id(whole)}), looks_into(whole.copy(), {id(whole)})
        (True, False)
    """
    base: Any = array
    while base is not None:
        if id(base) in owners:
            return True
        base = getattr(base, "base", None)
    return False


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


def arrange(graph: Graph, bindings: Mapping[Any, npt.ArrayLike]) -> list[npt.ArrayLike]:
    """Put values given by node or by name into the order of a graph's inputs.

    Values that the graph does not need are passed over: the gradient of a linear function, say, depends on nothing.
    """
    if not isinstance(bindings, Mapping):
        raise BindingError(
            f"values are given by name; received {bindings!r}", instead='write node.evaluate({"x": 3.0})'
        )
    values: dict[Node, npt.ArrayLike] = {}
    spare: list[str] = []
    for key, value in bindings.items():
        matches = [node for node in graph.inputs if node is key or node.name == key]
        values.update(dict.fromkeys(matches, value))
        if not matches:
            spare.append(key.name or "" if isinstance(key, Node) else str(key))
    missing = [node for node in graph.inputs if node not in values]
    if missing:
        first = missing[0].name or ""
        close = nearest(spare[0], [first]) if spare else ""
        raise BindingError(
            f"no value was given for {', '.join(repr(node) for node in missing)}"
            + (f", but one for {', '.join(map(repr, spare))}, which is no input of this graph{close}" if spare else ""),
            why="a graph has no values until its inputs are bound",
            instead=f'write node.evaluate({{"{first}": ...}})',
        )
    return [values[node] for node in graph.inputs]


OPERATORS["evaluate"] = evaluate
