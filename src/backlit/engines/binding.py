"""Binding: how values given by the user become the arrays of a program's inputs.

Every engine binds alike, so that wrong input is refused everywhere with the same words, before anything has been run.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.errors import BindingError, DTypeError, nearest
from backlit.graph.graph import Graph
from backlit.graph.leaves import Input
from backlit.graph.node import Array, Node
from backlit.graph.spec import fit_array

__all__ = ["arrange", "bind", "bind_epoch", "count_error", "looks_into"]


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
    if isinstance(value, np.ndarray) and value.shape == node.shape and value.dtype == np.dtype(node.dtype):
        return value
    array = _array_for(node, value)
    if array.shape != node.shape:
        raise BindingError(
            f"the input {node!r} received a value of shape {list(array.shape)}",
            why="a program is specialised to the shapes it was built for",
            instead=f"give it shape {list(node.shape)}, or build the graph with "
            f'bl.input("{node.name}", shape={array.shape})',
        )
    return _fit(node, array)


def _array_for(node: Input, value: npt.ArrayLike) -> Array:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise BindingError(f"the input {node!r} received rows of unequal length", why=str(error)) from error


def _fit(node: Input, array: Array) -> Array:
    try:
        return fit_array(array, node.dtype)
    except DTypeError as error:
        raise BindingError(f"the input {node!r} received {error.what}", why=error.why, instead=error.instead) from None


def bind_epoch(inputs: Sequence[Input], values: Sequence[npt.ArrayLike]) -> list[Array]:
    """Fit the values of a whole epoch to the inputs: one axis more, the first, which counts the steps.

    Args:
        inputs: The inputs.
        values: For each, an array of shape (steps, …), where the rest is the input's own shape.

    Returns:
        An array for each input, of its data type, all with equally many steps.

    Raises:
        BindingError: If a value is missing or does not fit, if they differ in their steps, or have none.

    Example:
        >>> import backlit as bl
        >>> x, y = bl.input("x", shape=(2,)), bl.input("y")
        >>> [array.shape for array in bind_epoch([x, y], [[[1, 2], [3, 4], [5, 6]], [1, 2, 3]])]
        [(3, 2), (3,)]
    """
    if len(values) != len(inputs):
        raise count_error(inputs, len(values), "program.epoch")
    if not inputs:
        raise BindingError(
            "the program takes no values, so that nothing says how many steps an epoch of it has",
            instead="call it as often as you like: for _ in range(steps): program()",
        )
    arrays = [_fit_epoch(node, value) for node, value in zip(inputs, values, strict=True)]
    if len({len(array) for array in arrays}) > 1:
        counts = ", ".join(f"{len(array)} for {node.name}" for node, array in zip(inputs, arrays, strict=True))
        raise BindingError(
            f"the values of an epoch have different numbers of steps: {counts}",
            why="every step takes one value of each input",
            instead="give all of them equally many along the first axis",
        )
    if not len(arrays[0]):
        raise BindingError("the values of an epoch have no steps", instead="give at least one along the first axis")
    return arrays


def _fit_epoch(node: Input, value: npt.ArrayLike) -> Array:
    array = value if type(value) is np.ndarray else _array_for(node, value)
    shape = array.shape
    if not shape or shape[1:] != node.shape:
        steps = ", ".join(["steps", *map(str, node.shape)])
        raise BindingError(
            f"the input {node!r} received a value of shape {list(shape)} for an epoch",
            why="an epoch has a value for each of its steps, along a first axis",
            instead=f"give it shape [{steps}]",
        )
    return array if array.dtype == np.dtype(node.dtype) else _fit(node, array)


def arrange(graph: Graph, bindings: Mapping[Any, npt.ArrayLike]) -> list[npt.ArrayLike]:
    """Put values given by node or by name into the order of a graph's inputs.

    Values that the graph does not need are passed over: the gradient of a linear function, say, depends on nothing.
    """
    if not isinstance(bindings, Mapping):
        raise BindingError(f"values are given by name; received {bindings!r}", instead='write a dictionary: {"x": 3.0}')
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
            instead=f'give it one: {{"{first}": ...}}',
        )
    return [values[node] for node in graph.inputs]


def count_error(inputs: Sequence[Input], received: int, call: str = "program") -> BindingError:
    """Return the error for a program that is called with too many or too few values.

    Args:
        inputs: What it takes.
        received: How many values it was given.
        call: What was called.

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
        instead=f"call it as {call}({names})",
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
