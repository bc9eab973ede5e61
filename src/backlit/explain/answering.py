"""Answering: a run that can be asked. Every value, every gradient, every step of the chain rule, every path."""

import os
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy.typing as npt

from backlit.explain.editing import edited
from backlit.explain.narration.explanation import Explanation
from backlit.explain.narration.narrator import explain
from backlit.explain.nudging import Nudge, nudge
from backlit.explain.paths import Paths, find_paths
from backlit.explain.pictures import Picture, draw, notebook_page
from backlit.explain.record import KinkRecord, NodeRecord, kinks_of
from backlit.explain.recording import Recording
from backlit.explain.stepping import Steps

__all__ = ["Trace"]


class Trace(Recording):
    """What a run forward and backward left behind; made by ``trace``.

    Example:
        >>> import backlit as bl
        >>> x, θ = bl.input("x"), bl.parameter(5.0, name="θ")
        >>> run = bl.trace((x * θ).named("f"), {"x": -2.0})
        >>> run
        <trace of f = -10: 1 operation>
        >>> float(run["θ"].grad)
        -2.0
    """

    def __getitem__(self, which: object) -> NodeRecord:
        """Return the record of a node.

        Args:
            which: A node or its name, perhaps with an element: ``"W[3, 5]"``, ``"w[2,1,3]"``.

        Returns:
            Its record; of a name with an element, with the value and the gradient of that element.

        Raises:
            UnknownNameError: If there is nothing of that name.
            ShapeError: If there is no such element.
        """
        place = self.place(which)
        return NodeRecord(self, place.node, place.element)

    @cached_property
    def nodes(self) -> tuple[NodeRecord, ...]:
        """The records of all nodes of the forward pass, leaves included, in order of execution."""
        return tuple(NodeRecord(self, node) for node in self.forward)

    @cached_property
    def steps(self) -> Steps:
        """The steps of the run: forward, backward, update, one node at a time."""
        return Steps(self)

    @property
    def kinks(self) -> tuple[KinkRecord, ...]:
        """The kinks that this run stood on: where a slope had to be chosen."""
        return tuple(kinks_of(self, self.forward))

    def explain(
        self, which: object, element: int | Sequence[int] | None = None, *, inside: bool = False
    ) -> Explanation:
        """Tell the chain rule for a number, and how it arose; for an array, in norms and shapes.

        Args:
            which: A node or a name, perhaps with an element: ``"W[3, 5]"``, ``"w[2,1,3]"``.
            element: The element, where it does not stand in the name.
            inside: Whether composites such as softmax are told op by op, and not as one.

        Returns:
            What there is to say; ``print`` it, or read its fields.

        Raises:
            UnknownNameError: If there is nothing of that name.
            ShapeError: If there is no such element.

        Example:
            >>> import backlit as bl
            >>> x, θ = bl.input("x"), bl.parameter(5.0, name="θ")
            >>> print(bl.trace((x * θ).named("f"), {"x": -2.0}).explain("θ"))
            θ = 5, a trainable parameter
            <BLANKLINE>
            ∂f/∂θ = -2
              through f = x · θ
                local     ∂f/∂θ = x = -2    of a product: the other factor
                upstream  ∂f/∂f = 1    where the way back begins
                -2 · 1 = -2
        """
        return explain(self, self.place(which, element), inside=inside)

    def nudge(self, which: object, by: npt.ArrayLike, element: int | Sequence[int] | None = None) -> Nudge:
        """Move a value and see what becomes of the loss, beside what the gradient predicts.

        Args:
            which: A node or a name, perhaps with an element.
            by: By how much.
            element: The element, where it does not stand in the name.

        Returns:
            The loss before and after, and the linear prediction.

        Raises:
            UnknownNameError: If there is nothing of that name.
            DifferentiationError: If it is no float of the forward pass.

        Example:
            >>> import backlit as bl
            >>> θ = bl.parameter(3.0, name="θ")
            >>> print(bl.trace((θ * θ).named("L")).nudge("θ", 1.0))
            θ + 1: L goes from 9 to 16
              predicted  9 + 6 · 1 = 15   (gradient · change)
              off by 1, because the loss is curved here
        """
        return nudge(self, which, by, element)

    def edited(self, changes: Mapping[Any, npt.ArrayLike]) -> "Trace":
        """Return the run as it would have been with other values of its inputs and parameters, which stay as they are.

        Args:
            changes: New values of inputs and parameters, by node or by name; of single elements by name.

        Returns:
            Another run, with everything computed anew.

        Raises:
            UnknownNameError: If there is nothing of that name.
            ArgumentError: If it is computed and not given, or a value does not fit.

        Example:
            >>> import backlit as bl
            >>> run = bl.trace((bl.input("x") * bl.parameter(4.0, name="w")).named("f"), {"x": 3.0})
            >>> run.edited({"w": 5.0}).value("f").item()
            15.0
        """
        return edited(self, changes)

    def draw(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        open: Literal["fit", "all"] | Collection[str] = "fit",
        name: str = "",
    ) -> Picture:
        """Draw the forward pass with its values, its gradients and the local derivatives.

        Args:
            path: A file to write: ``.svg``, ``.txt``, or ``.html``, a page in which the run can be stepped through and
                edited, and which needs no network. None to write none.
            open: The ids of the boxes that are open; ``"all"``; or ``"fit"``, as many as keep the picture readable.
            name: What is drawn, in words.

        Returns:
            The picture, which shows itself in a notebook.

        Raises:
            ArgumentError: If the file is of another kind.
            FileError: If it cannot be written.

        Example:
            >>> import backlit as bl
            >>> "4" in bl.trace((bl.input("x") * bl.parameter(4.0, name="w")).named("f"), {"x": 3.0}).draw().svg
            True
        """
        return draw(self, path, open=open, name=name)

    def _repr_html_(self) -> str:
        """Show the run in a notebook, to be stepped through and edited."""
        return notebook_page(self)

    def paths(self, source: object, target: object = None, *, strongest: int = 10) -> Paths:
        """List the paths from one number to another, the strongest first; the gradient is the sum over all of them.

        Args:
            source: A node or a name, perhaps with an element.
            target: The same, further down; by default the loss.
            strongest: How many paths at most.

        Returns:
            The paths with their products.

        Raises:
            UnknownNameError: If there is nothing of that name.
            DifferentiationError: If no path leads from one to the other.

        Example:
            >>> import backlit as bl
            >>> a = bl.parameter(1.0, name="a")
            >>> b = (a + a).named("b")
            >>> print(bl.trace((b + b).named("c")).paths("a"))
            4 paths from a to c: ∂c/∂a = 4
              a → b → c    1 · 1 = 1
              a → b → c    1 · 1 = 1
              a → b → c    1 · 1 = 1
              a → b → c    1 · 1 = 1
        """
        return find_paths(self, source, target, strongest)
