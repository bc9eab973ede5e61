"""Nudging: what happens to the loss when one number is moved, beside what its gradient predicts.

A gradient is the slope of the loss where it stands. Along a straight line its prediction is exact however far one goes;
along a curve it is good for small steps only. The difference is what to look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from backlit.errors import ArgumentError, DifferentiationError
from backlit.explain.naming import Place
from backlit.explain.recording import Recording
from backlit.explain.showing import Shown
from backlit.graph.node import Array, Node
from backlit.graph.spec import is_floating

__all__ = ["Nudge", "nudge"]

Verdict = Literal["straight", "curved", "rounded", "still"]

_ROUNDINGS = 64
"""By how many times the precision of its data type a loss may be wrong that is computed exactly but for rounding."""


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
        verdict: ``"straight"`` where the loss is a straight line along the change and far beyond it; ``"curved"`` where
            the prediction misses; ``"rounded"`` where it misses by less than rounding shows; ``"still"`` where nothing
            has moved.
        shape: The shape of what was moved; the change of an array is its norm.

    Example:
        >>> Nudge("θ1", 2.0, "f", 3.0, 9.0, 3.0, 9.0, "straight").error
        0.0
    """

    name: str
    change: float
    loss: str
    before: float
    after: float
    gradient: float
    predicted: float
    verdict: Verdict
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
        line = _Line(run, node, change)
        after = line.loss(1.0)
        whole = place.element is None and bool(node.shape)
        size = (
            float(np.sqrt(np.sum(np.square(change, dtype=np.float64)))) if whole else float(change[place.element or ()])
        )
        verdict = line.verdict(after)
    return Nudge(
        name=run.name(node, place.element),
        change=size,
        loss=run.name(run.loss),
        before=line.before,
        after=after,
        gradient=line.slope / size if size else 0.0,
        predicted=line.before + line.slope,
        verdict=verdict,
        shape=node.shape if whole else (),
    )


class _Line:
    """The loss along a change: at a multiple of it, all else as it was."""

    def __init__(self, run: Recording, node: Node, change: Array) -> None:
        self.run, self.node, self.change = run, node, change
        self.value = run.whole(node)
        self.before = float(run.whole(run.loss))
        self.slope = float(np.sum(run.slope(node).astype(np.float64) * change))
        self.precision = _ROUNDINGS * float(np.finfo(run.loss.dtype).eps)
        # What is moved is rounded itself.
        moved = np.abs(run.slope(node).astype(np.float64) * np.where(change != 0, self.value, 0.0))
        self.least = float(np.finfo(node.dtype).eps) * float(np.sum(moved))

    def loss(self, times: float) -> float:
        changed = (self.value + times * self.change).astype(self.value.dtype)
        return float(self.run.recompute({self.node: changed}, self.run.loss)[0])

    def fits(self, times: float, loss: float) -> bool:
        """Whether the loss lies on the line, but for rounding."""
        most = max(abs(self.before), abs(loss), abs(times * self.slope))
        return abs(loss - self.before - times * self.slope) <= self.precision * most + self.least

    def verdict(self, after: float) -> Verdict:
        if np.array_equal(self.value + self.change, self.value):
            return "still"
        if not self.fits(1.0, after):
            return "curved"
        # A small piece of any curve looks straight. A line stays one far beyond it, to one side at least.
        far = max(1.0, float(np.max(np.abs(self.value)))) / float(np.max(np.abs(self.change)))
        sides = [[side * part * far for part in (1.0, 0.4)] for side in (1, -1)]
        straight = any(all(self.fits(times, self.loss(times)) for times in side) for side in sides)
        return "straight" if straight else "rounded"


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
