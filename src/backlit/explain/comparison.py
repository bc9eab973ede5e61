"""Comparisons: derivatives side by side, as data."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backlit.errors import ArgumentError, nearest
from backlit.explain.showing import Pictured, render
from backlit.graph.node import Array

__all__ = ["DerivativeComparison", "DerivativeRow", "StepErrors"]


@dataclass(frozen=True)
class DerivativeRow:
    """One way to differentiate, and what came of it.

    Args:
        method: ``"by hand"``, ``"symbolic"``, ``"numerical"``, ``"forward mode"`` or ``"reverse mode"``.
        values: The derivative by the name of each leaf; empty where the method could not be used.
        error: The largest difference to reverse mode, relative to the largest derivative (or 1, if that is larger).
        operations: How many operations on single numbers it takes; None where they cannot be counted.
        seconds: How long it took, the median of five times.
        note: What is to be known of it: the formula and its size, the best step, or why it could not be used.
        tolerance: Up to which error it agrees: as well as its method can.

    Example:
        >>> DerivativeRow("reverse mode", {"x": np.array(6.0)}, 0.0, 2, 1e-6, "").agrees
        True
    """

    method: str
    values: Mapping[str, Array]
    error: float
    operations: int | None
    seconds: float
    note: str
    tolerance: float = 1e-9

    @property
    def agrees(self) -> bool:
        """Whether it agrees as well as its method can."""
        return bool(self.values) and self.error <= self.tolerance


@dataclass(frozen=True)
class StepErrors:
    """How wrong differences are, by the size of their step.

    Args:
        steps: The steps h.
        forward: The relative error of (f(x+h) - f(x)) / h at each.
        central: The relative error of (f(x+h) - f(x-h)) / 2h at each.

    Example:
        >>> StepErrors((0.1, 0.01), (0.2, 0.02), (0.01, 0.0001)).best
        (0.01, 0.01)
    """

    steps: tuple[float, ...]
    forward: tuple[float, ...]
    central: tuple[float, ...]

    @property
    def best(self) -> tuple[float, float]:
        """The steps at which the forward and the central difference err least."""
        return self._best(self.forward), self._best(self.central)

    def _best(self, errors: tuple[float, ...]) -> float:
        return self.steps[int(np.argmin(np.nan_to_num(errors, nan=np.inf)))]


@dataclass(frozen=True)
class DerivativeComparison(Pictured):
    """Derivatives side by side.

    Args:
        function: What was differentiated.
        value: Its value.
        at: The point, by the name of each leaf.
        rows: The methods, in the order: by hand, symbolic, numerical, forward mode, reverse mode.
        step_errors: How wrong differences are, by the size of their step.
        formulas: The symbolic derivative of each number, as text.
        formulas_latex: The same as LaTeX.
        notes: What is special about the point: kinks, and what is not finite there.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> compared = bl.compare_derivatives(x * x, at={"x": 3.0}, manual={"x": 2.0 * x})
        >>> [float(row.values["x"]) for row in compared.rows if row.method in ("by hand", "reverse mode")]
        [6.0, 6.0]
        >>> compared.agrees
        True
    """

    function: str
    value: float
    at: Mapping[str, Array]
    rows: tuple[DerivativeRow, ...]
    step_errors: StepErrors
    formulas: Mapping[str, str]
    formulas_latex: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether all methods that could be used agree."""
        return all(row.agrees for row in self.rows if row.values)

    def latex(self) -> str:
        """Return the derivatives as LaTeX: as formulas where they could be derived, else as numbers."""
        return render("latex", self)

    def __getitem__(self, method: str) -> DerivativeRow:
        """Return the row of a method."""
        for row in self.rows:
            if row.method == method:
                return row
        methods = [row.method for row in self.rows]
        raise ArgumentError(
            f"there is no method {method!r}{nearest(method, methods)}", instead=f"choose among {', '.join(methods)}"
        )
