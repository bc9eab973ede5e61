"""Nudging: what happens to the loss when one number is moved, beside what its gradient predicts.

A gradient is the slope of the loss where it stands. Along a straight line its prediction is exact however far one goes;
along a curve it is good for small steps only. The difference is what to look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backlit.errors import ArgumentError, DifferentiationError
from backlit.explain.naming import Place
from backlit.explain.recording import Recording
from backlit.explain.showing import Shown
from backlit.graph.node import Array
from backlit.graph.spec import is_floating

__all__ = ["Nudge", "nudge"]


@dataclass(frozen=True)
class Nudge(Shown):
    """What a change of one number does to the loss.

    Args:
        name: What was moved.
        change: By how much.
        loss: What was looked at.
        before: The loss before.
        after: The loss after.
        gradient: The slope before; of an array, in the direction of the change.
        predicted: What the slope says the loss would be: before + gradient · change.
        shape: The shape of what was moved; the change of an array is its norm.

    Example:
        >>> Nudge("θ1", 2.0, "f", 3.0, 9.0, 3.0, 9.0).error
        0.0
    """

    name: str
    change: float
    loss: str
    before: float
    after: float
    gradient: float
    predicted: float
    shape: tuple[int, ...] = ()

    @property
    def error(self) -> float:
        """By how much the linear prediction misses."""
        return self.after - self.predicted


def nudge(run: Recording, which: object, by: npt.ArrayLike, element: int | Sequence[int] | None = None) -> Nudge:
    """Move a value and see what becomes of the loss; everything that does not depend on it stays as it was.

    Args:
        run: The run.
        which: A node or a name, perhaps with an element.
        by: By how much; for a whole array one number for all elements, or an array of its shape.
        element: The element, where it does not stand in the name.

    Returns:
        The loss before and after, and the linear prediction.

    Raises:
        UnknownNameError: If there is nothing of that name.
        DifferentiationError: If it is no float of the forward pass.
        ArgumentError: If the change does not fit, or is not finite.

    Example:
        >>> import backlit as bl
        >>> x, θ = bl.input("x"), bl.parameter(4.0, name="θ")
        >>> run = bl.trace((x * θ).named("f"), {"x": 3.0})
        >>> moved = nudge(run, "θ", 2.0)
        >>> moved.before, moved.after, moved.predicted
        (12.0, 18.0, 18.0)
    """
    place = run.place(which, element)
    node = place.node
    if node not in run.consumers or not is_floating(node.dtype):
        raise DifferentiationError(
            f"{run.name(node)} cannot be nudged", why="only a float of the forward pass can move a little"
        )
    change = _change(run, place, by)
    with np.errstate(all="ignore"):  # what overflows is told as what it becomes
        before = float(run.whole(run.loss))
        moved = run.recompute({node: run.whole(node) + change}, run.loss)[0]
        slope = float(np.sum(run.slope(node).astype(np.float64) * change))
        whole = place.element is None and bool(node.shape)
        size = (
            float(np.sqrt(np.sum(np.square(change, dtype=np.float64)))) if whole else float(change[place.element or ()])
        )
    return Nudge(
        name=run.name(node, place.element),
        change=size,
        loss=run.name(run.loss),
        before=before,
        after=float(moved),
        gradient=slope / size if size else 0.0,
        predicted=before + slope,
        shape=node.shape if whole else (),
    )


def _change(run: Recording, place: Place, by: npt.ArrayLike) -> Array:
    """Return by how much each element of a node moves."""
    node, name = place.node, run.name(place.node, place.element)
    shape = node.shape if place.element is None else ()
    try:
        given = np.asarray(by)
    except ValueError:
        given = np.asarray(None)
    if given.dtype.kind not in "biuf" or given.shape not in ((), shape):
        raise ArgumentError(
            f"{name} cannot be moved by {by!r}",
            why=f"it has the shape {list(shape)}" if shape else "it is a single number",
            instead="give a number, or an array of that shape" if shape else "give a number",
        )
    change = np.zeros(node.shape, dtype=node.dtype)
    with np.errstate(over="ignore"):
        change[... if place.element is None else place.element] = given
    if not np.isfinite(change).all():
        raise ArgumentError(
            f"{name} cannot be moved by {by!r}",
            why=f"a change is a finite number of data type {node.dtype}",
            instead="give a number such as 0.1",
        )
    return change
