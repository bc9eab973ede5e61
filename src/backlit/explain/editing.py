"""Editing: a run as it would have been with other values of its inputs and parameters."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from backlit.errors import ArgumentError, DTypeError
from backlit.explain.recording import Recording
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import fit_array, kind_of

__all__ = ["edited"]

Run = TypeVar("Run", bound=Recording)


def edited(run: Run, changes: Mapping[Any, npt.ArrayLike]) -> Run:
    """Compute a run anew with other values of leaves; the parameters themselves stay as they are.

    Args:
        run: The run.
        changes: New values of inputs and parameters, by node or by name; of single elements by name.

    Returns:
        Another run.

    Raises:
        UnknownNameError: If there is nothing of that name.
        ArgumentError: If it is computed and not given, or a value does not fit.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> run = bl.trace((x * w).named("f"), {"x": 3.0})
        >>> edited(run, {"w": 5.0}).value("f").item(), run.value("f").item(), float(w.value)
        (15.0, 12.0, 4.0)
    """
    if not isinstance(changes, Mapping):
        raise ArgumentError(f"the changes are {changes!r}", instead='write names with their new values: {"w": 5.0}')
    leaves = {node: array for node, array in run.known.items() if not isinstance(node, Application)}
    for which, value in changes.items():
        place = run.place(which)
        if isinstance(place.node, Constant):
            raise ArgumentError(
                f"{run.name(place.node)} cannot be edited: it is a constant of the graph",
                instead="build the graph with an input or a parameter in its place",
            )
        if not isinstance(place.node, (Input, Parameter)):
            raise ArgumentError(
                f"{run.name(place.node)} cannot be edited: it is computed",
                instead=f"edit what it is computed from, or ask what a change of it does: run.nudge({which!r}, 1.0)",
            )
        leaves[place.node] = _changed(run, place.node, place.element, leaves[place.node], value)
    gradients = (run.walk.gradients.get(node) for node in run.forward if not isinstance(node, Input))
    wanted: list[Node] = [*run.forward, *(node for node in gradients if node is not None), *run.updates.values()]
    computed = tuple(node for node in dict.fromkeys(wanted) if isinstance(node, Application))
    values = run.recompute(leaves, *computed)
    return replace(run, known=leaves | dict(zip(computed, values, strict=True)), rows={}, examples=())


def _changed(run: Recording, node: Node, element: tuple[int, ...] | None, before: Array, value: npt.ArrayLike) -> Array:
    after = before.copy()
    number = {"bool": "true or false", "integer": "a whole number"}.get(kind_of(node.dtype), "a number")
    given, why = before, ""
    try:
        given = fit_array(np.asarray(value), node.dtype)
        if given.shape not in ((), node.shape if element is None else ()):
            why = f"it has the shape {list(given.shape)}"
    except DTypeError as error:
        why = f"received {error.what}"
    except ValueError as error:
        why = str(error)
    if why:
        several = f", or an array of shape {list(node.shape)}" if node.shape and element is None else ""
        raise ArgumentError(
            f"{run.name(node, element)} cannot be {value!r}", why=why, instead=f"give {number}{several}"
        )
    after[... if element is None else element] = given
    return after
