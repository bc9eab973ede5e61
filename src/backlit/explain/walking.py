"""Walking through a run, one node at a time and both ways: what a step-through at a terminal shows.

At any moment there is a list of all nodes with the values and gradients that have been computed so far, the step that
comes next to it in full, and what the last edit did. An edit of an input or a parameter computes the run anew, from
the same place, and holds the change of the loss against what the gradient predicted.
"""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from backlit.errors import BacklitError
from backlit.explain.editing import edited
from backlit.explain.narration.explanation import Summary
from backlit.explain.narration.formulas import value_formula
from backlit.explain.numerals import format_number
from backlit.explain.showing import render
from backlit.explain.stepping import Steps
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node
from backlit.graph.spec import is_floating

if TYPE_CHECKING:
    from backlit.explain.answering import Trace

__all__ = ["KEYS", "Walkthrough"]

KEYS: Mapping[str, str] = {
    "n": "next",
    " ": "next",
    "\r": "next",
    "\x1b[C": "next",
    "b": "back",
    "\x1b[D": "back",
    "f": "first",
    "l": "last",
}
"""What the keys of a terminal do: letters, the space bar, Enter and the arrows."""

_ROWS = 16
"""How many nodes are listed at a time."""

_HELP = "n → next    b ← back    f first    l last    e edit    q quit"


class Walkthrough:
    """A walk through a run.

    Args:
        run: The run.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> walk = Walkthrough(bl.trace((x * w).named("f"), {"x": 3.0}))
        >>> walk.press("n")
        >>> print(walk.screen())
        step 1 of 2: forward
        <BLANKLINE>
            x  3   ∂f/∂x          an input
            w  4   ∂f/∂w          a parameter
          ▶ f  12  ∂f/∂f          x · w
        <BLANKLINE>
        1 forward   f = x · w = 3 · 4 = 12
        <BLANKLINE>
        n → next    b ← back    f first    l last    e edit    q quit
    """

    def __init__(self, run: "Trace") -> None:
        self.run = run
        self.position = 0
        self.message = ""
        self._steps = Steps(run)

    def __len__(self) -> int:
        return len(self._steps)

    def press(self, key: str) -> None:
        """Do what a key stands for; keys that stand for nothing do nothing.

        Args:
            key: What a terminal sends, see `KEYS`.
        """
        self.message = ""
        target = {"next": self.position + 1, "back": self.position - 1, "first": 0, "last": len(self)}
        wanted = target.get(KEYS.get(key, ""), self.position)
        self.position = min(max(wanted, 0), len(self))

    def edit(self, text: str) -> None:
        """Give an input or a parameter another value, and compute the run anew.

        Args:
            text: Such as ``θ1 = 6``; what cannot be read or done is told in the message, and changes nothing.
        """
        name, _, written = text.partition("=")
        name = name.strip()
        value = _read(written.strip())
        if value is None:
            self.message = f"{text.strip()!r} is no edit: write a name and its new value, such as θ1 = 6"
            return
        try:
            place = self.run.place(name)
            if place.node.shape and place.element is None:
                self.message = f"{name} is an array: edit one element of it, such as {name}[0] = {written.strip()}"
                return
            before = self.run.value(name).item()
            run = edited(self.run, {name: value})
            self.message = self._effect(run, name, before)
        except BacklitError as error:
            self.message = str(error)
            return
        self.run, self._steps = run, Steps(run)

    def _effect(self, run: "Trace", name: str, before: float) -> str:
        """Say what an edit does to the loss, for a float beside what the gradient predicts."""
        if is_floating(run.place(name).node.dtype):
            return str(self.run.nudge(name, run.value(name).item() - before))
        losses = (format_number(float(each.whole(each.loss))) for each in (self.run, run))
        values = (format_number(number) for number in (before, run.value(name).item()))
        return f"{name} goes from {' to '.join(values)}, {run.name(run.loss)} from {' to '.join(losses)}"

    def screen(self) -> str:
        """Return what is shown now, for a terminal of 80 columns."""
        done = self._steps.nodes[: self.position]
        phase = done[-1][0] if done else "nothing is computed yet"
        lines = [f"step {self.position} of {len(self)}: {phase}", "", *self._rows(done), ""]
        if done:
            lines += [render("text", self._steps[self.position - 1]), ""]
        if self.message:
            lines += [self.message, ""]
        return "\n".join([*lines, _HELP])

    def _rows(self, done: list[tuple[str, Node]]) -> list[str]:
        run = self.run
        shown = [node for node in run.forward if not isinstance(node, Constant)]
        current = done[-1][1] if done else None
        place = shown.index(current) if current in shown else 0
        begin = max(0, min(place - _ROWS // 2, len(shown) - _ROWS))
        window = shown[begin : begin + _ROWS]
        values = {node: self._value(node, done) for node in window}
        wide = max((len(run.name(node)) for node in window), default=0)
        number = max((len(text) for text in values.values()), default=0)
        loss = run.name(run.loss)
        rows = [f"    … {begin} before"] * bool(begin)
        for node in window:
            mark = "  ▶ " if node is current else "    "
            gradient = self._gradient(node, done)
            slope = f"∂{loss}/∂{run.name(node)}" + (f" = {gradient}" if gradient else "")
            made = (
                value_formula(run, node)
                if isinstance(node, Application)
                else f"a{'n'[: node.kind[0] in 'ai']} {node.kind}"
            )
            rows.append(
                f"{mark}{run.name(node):<{wide}}  {values[node]:<{number}}  {slope:<{len(loss) + wide + 15}}  {made}"[
                    :80
                ]
            )
        after = len(shown) - begin - len(window)
        return rows + [f"    … {after} after"] * bool(after)

    def _value(self, node: Node, done: list[tuple[str, Node]]) -> str:
        if isinstance(node, Application) and ("forward", node) not in done:
            return "?"
        return _short(self.run.whole(node))

    def _gradient(self, node: Node, done: list[tuple[str, Node]]) -> str:
        """Write a gradient as soon as all that comes back to it has come."""
        if node not in self.run.walk.gradients:
            return ""
        back = {each for phase, each in done if phase == "backward"}
        if node is self.run.loss:
            arrived = bool(back)
        else:
            consumers = {edge.consumer for edge in self.run.consumers[node]} & set(self.run.walk.gradients)
            arrived = consumers <= back
        return _short(self.run.slope(node)) if arrived else ""


def _read(text: str) -> float | None:
    """Read what is typed as the value of a number; None if it is none."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return None


def _short(array: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> str:
    if not array.shape:
        return format_number(array.item())
    summary = Summary.of(array)
    return f"[{'×'.join(map(str, array.shape))}] |{format_number(summary.norm)}|"
