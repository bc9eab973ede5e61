"""Derivatives side by side: by hand, as a formula, from values, and by the two modes of automatic differentiation.

All of them are computed in float64 at the same point. They must agree; what sets them apart is what they cost, and how
wrong they can be. A formula grows where a computation shares its parts (expression swell); a difference of values is
never exact, and best at a step that is neither too large nor too small; forward mode pays for every number one asks
for, reverse mode for none.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.autodiff.forward import push_forward
from backlit.autodiff.numerical import DoubleFunction, Method, best_step, differences, float_or_complex
from backlit.autodiff.reverse import backpropagate, zeros_like
from backlit.autodiff.symbolic import symbolic_derivative
from backlit.autodiff.symbolic_functions import load_sympy
from backlit.errors import (
    ArgumentError,
    DifferentiationError,
    DisconnectedError,
    DTypeError,
    MissingExtraError,
    NotScalarError,
    nearest,
)
from backlit.explain.comparison import DerivativeComparison, DerivativeRow, StepErrors
from backlit.explain.counting import operation_count
from backlit.explain.naming import element_name
from backlit.explain.numerals import format_number
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant, Input, Parameter, constant
from backlit.graph.node import OPERATORS, Array, Node
from backlit.graph.spec import is_floating

__all__ = ["compare_derivatives"]

_MOST_ELEMENTS = 512
"""Of how many numbers the derivatives are compared at most: forward mode and differences cost one run for each."""

_MOST_FORMULAS = 64
"""For how many numbers a formula is derived at most."""

_STEPS = tuple(10.0 ** (-exponent / 2) for exponent in range(2, 31))
"""The steps h at which the error of differences is shown: from 0.1 to 1e-15."""

_REPEATS = 5

_STEP, _BEND = 1e-6, 1e-3
"""A kink is where slopes on both sides, taken with this step, differ by more than this."""

Manual = Mapping[Any, Any]


def compare_derivatives(
    f: Node,
    at: Mapping[Any, npt.ArrayLike] | None = None,
    *,
    manual: Manual | None = None,
    sources: Sequence[Node | str] | None = None,
) -> DerivativeComparison:
    """Differentiate in every way there is, at one point, and put the results side by side.

    Args:
        f: A float of shape ().
        at: A value for every input, by node or by name; parameters have their own unless one is given.
        manual: The derivative worked out by hand: for each leaf, by node or by name, a node made of the same leaves, an
            array, or a function that takes the values of the leaves as a dictionary and returns one.
        sources: With respect to which leaves; by default those of ``manual``, else the trainable parameters, else the
            inputs.

    Returns:
        The comparison; ``print`` it for a table.

    Raises:
        NotScalarError: If f is not a single number.
        BindingError: If a value is missing, or there is no such leaf.
        DisconnectedError: If f does not depend on a leaf.
        ArgumentError: If the leaves hold more than 512 numbers, or what was worked out by hand has another shape.

    Example:
        >>> import backlit as bl
        >>> x, θ = bl.input("x"), bl.parameter(3.0, name="θ")
        >>> loss = θ * x + θ * θ * x * x
        >>> compared = compare_derivatives(loss, {"x": -2.0}, manual={"θ": x + 2.0 * θ * x * x})
        >>> float(compared["by hand"].values["θ"]), float(compared["forward mode"].values["θ"])
        (22.0, 22.0)
    """
    if not isinstance(f, Node) or f.shape:
        raise NotScalarError(
            f"derivatives of {f!r} were to be compared, which is not a single number",
            instead="add it up with bl.sum(...), or choose an element: y[0]",
        )
    if not is_floating(f.dtype):
        raise DTypeError(f"{f!r} has no derivative", why="a whole number or a truth value has no slope")
    point = _Point(f, at or {}, _chosen(f, sources, manual))
    with np.errstate(all="ignore"):  # what is not finite is told in a note
        reverse = point.reverse()
        rows = [point.symbolic(), point.numerical(), point.forward(), reverse]
        if manual is not None:
            rows.insert(0, point.by_hand(manual))
        exact = {name: reverse.values[name] for name in point.names}
        step_errors, notes = point.step_errors(exact), point.notes(exact)
    formulas, latex = point.formulas
    return DerivativeComparison(
        function=f.name or "f",
        value=float(point.function()[0]),
        at={point.labels[leaf]: point.function.value_of(leaf) for leaf in point.function.leaves if leaf.name},
        rows=tuple(_judged(row, exact) for row in rows),
        step_errors=step_errors,
        formulas=formulas,
        formulas_latex=latex,
        notes=notes,
    )


def _chosen(f: Node, sources: Sequence[Node | str] | None, manual: Manual | None) -> list[Node]:
    """Return the leaves with respect to which to differentiate."""
    leaves = [
        node for node in topological_order([f]) if isinstance(node, (Input, Parameter)) and is_floating(node.dtype)
    ]
    wanted: Sequence[Any] | None = sources if sources is not None else list(manual) if manual else None
    if wanted is None:
        chosen: list[Node] = [leaf for leaf in leaves if leaf.trainable] or list(leaves)
    else:
        chosen = [_leaf(leaves, f, each) for each in ([wanted] if isinstance(wanted, (str, Node)) else wanted)]
    if not chosen:
        raise DisconnectedError(f"{f!r} depends on no float that could change", why="all its derivatives are zero")
    elements = sum(leaf.size for leaf in chosen)
    if elements > _MOST_ELEMENTS:
        raise ArgumentError(
            f"the leaves hold {elements:,} numbers, and at most {_MOST_ELEMENTS} are compared",
            why="forward mode and differences cost a run for each of them",
            instead="choose fewer with sources=[...], or ask bl.check_gradients for large models",
        )
    return chosen


def _leaf(leaves: Sequence[Node], f: Node, which: Any) -> Node:
    labels = Graph(outputs=[f]).labels
    for leaf in leaves:
        if leaf is which or (isinstance(which, str) and labels[leaf] == which):
            return leaf
    names = [labels[leaf] for leaf in leaves]
    what = which.name if isinstance(which, Node) and which.name else str(which)
    raise DisconnectedError(
        f"{f.name or f!r} does not depend on the leaf {what!r}{nearest(what, names)}",
        instead=f"choose among {', '.join(names)}",
    )


class _Point:
    """A function at a point, to be differentiated in several ways."""

    def __init__(self, f: Node, at: Mapping[Any, npt.ArrayLike], sources: Sequence[Node]) -> None:
        self.f, self.sources = f, list(sources)
        self.function = DoubleFunction([f], at)
        self.labels = Graph(outputs=[f]).labels
        self.names = [self.labels[leaf] for leaf in sources]
        self.doubles = [self.function.leaves[leaf] for leaf in sources]
        self.formulas: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self._cost = operation_count(self.function.outputs)

    def _evaluated(self, nodes: Sequence[Node]) -> list[Array]:
        found = OPERATORS["interpret"](tuple(nodes), self.function.values)
        return [np.asarray(value, dtype=np.float64) for value in found]

    def _by_name(self, arrays: Iterable[Array]) -> dict[str, Array]:
        return dict(zip(self.names, arrays, strict=True))

    def reverse(self) -> DerivativeRow:
        """Backpropagation: one backward pass for all."""
        loss = self.function.outputs[0]
        walk = backpropagate([loss], [constant(1.0, dtype="float64")], self.doubles)
        nodes = [walk.gradients.get(leaf, zeros_like(leaf)) for leaf in self.doubles]
        arrays, seconds = _timed(lambda: self._evaluated(nodes))
        operations = operation_count([loss, *nodes])
        note = f"{operations / max(1, self._cost):.1f} times the operations of f itself, however many numbers"
        return DerivativeRow("reverse mode", self._by_name(arrays), 0.0, operations, seconds, note)

    def forward(self) -> DerivativeRow:
        """Tangents: a pass for each number."""
        loss = self.function.outputs[0]
        passes: list[list[Node]] = [
            [push_forward([loss], {leaf: unit}).get(loss, zeros_like(loss)) for unit in _units(leaf)]
            for leaf in self.doubles
        ]
        every = [node for nodes in passes for node in nodes]
        flat, seconds = _timed(lambda: [self._evaluated([node])[0] for node in every])
        found, arrays = iter(flat), []
        for leaf, nodes in zip(self.doubles, passes, strict=True):
            arrays.append(np.array([next(found) for _ in nodes]).reshape(leaf.shape))
        operations = sum(operation_count([loss, node]) for node in every)
        note = f"{len(every)} {'passes' if len(every) > 1 else 'pass'}, one for each number"
        return DerivativeRow("forward mode", self._by_name(arrays), 0.0, operations, seconds, note)

    def _differences(self, source: Node, method: Method, step: float | None) -> Array:
        at = self.function.value_of(source)
        return differences(
            lambda value: float_or_complex(self.function({source: value})[0]),
            at,
            method,
            step,
        )

    def numerical(self) -> DerivativeRow:
        """Central differences: two runs for each number."""
        arrays, seconds = _timed(lambda: [self._differences(leaf, "central", None) for leaf in self.sources])
        runs = 2 * sum(leaf.size for leaf in self.sources)
        note = f"(f(x+h) - f(x-h)) / 2h: {runs} runs of f, h = {best_step('central'):.0e}"
        operations = runs * (self._cost + 1)
        return DerivativeRow("numerical", self._by_name(arrays), 0.0, operations, seconds, note, 1e-6)

    def step_errors(self, exact: Mapping[str, Array]) -> StepErrors:
        """Differentiate the first leaf by differences with steps of many sizes."""
        source, truth = self.sources[0], exact[self.names[0]]
        scale = float(np.max(np.abs(truth), initial=0.0)) or 1.0
        errors: dict[Method, list[float]] = {"forward": [], "central": []}
        for method, found in errors.items():
            for step in _STEPS:
                difference = self._differences(source, method, step) - truth
                found.append(float(np.max(np.abs(difference), initial=0.0)) / scale)
        return StepErrors(_STEPS, tuple(errors["forward"]), tuple(errors["central"]))

    def symbolic(self) -> DerivativeRow:
        """A formula for each number, derived and simplified."""
        elements = sum(leaf.size for leaf in self.sources)
        if elements > _MOST_FORMULAS:
            return _unused(
                "symbolic", f"{elements} numbers would need {elements} formulas; at most {_MOST_FORMULAS} are derived"
            )
        values = {leaf: self.function.value_of(leaf) for leaf in self.function.leaves if not isinstance(leaf, Constant)}
        try:
            load_sympy()  # which is not to be timed
            found, seconds = _timed(lambda: [symbolic_derivative(self.f, leaf) for leaf in self.sources], repeats=1)
            arrays = [np.asarray(each.evaluate(values), dtype=np.float64) for each in found]
        except MissingExtraError as error:
            return _unused("symbolic", f"SymPy is not installed: {error.instead}")
        except (ArgumentError, DifferentiationError, DTypeError) as error:
            return _unused("symbolic", error.what)
        for name, each in zip(self.names, found, strict=True):
            self.formulas[0][name], self.formulas[1][name] = each.text, each.latex
        raw, size = sum(each.raw_size for each in found), sum(each.size for each in found)
        note = f"{raw} operation{'s' * (raw != 1)} as derived, {size} simplified; f itself has {self._cost}"
        return DerivativeRow("symbolic", self._by_name(arrays), 0.0, size, seconds, note)

    def by_hand(self, manual: Manual) -> DerivativeRow:
        """What the user worked out."""
        by_leaf = {id(_leaf(self.sources, self.f, key)): given for key, given in manual.items()}
        arrays, counted = [], 0
        values = {self.labels[leaf]: self.function.value_of(leaf) for leaf in self.function.leaves if leaf.name}
        began = time.perf_counter()
        for name, leaf in zip(self.names, self.sources, strict=True):
            if id(leaf) not in by_leaf:
                raise ArgumentError(f"manual has no derivative for {name}", instead=f'add "{name}": ... to it')
            given = by_leaf[id(leaf)]
            if isinstance(given, Node):
                node = self.function.rebuilt(given)
                counted += operation_count([node])
                given = self._evaluated([node])[0]
            elif callable(given):
                given = given(values)
            array = _numbers(name, given)
            if array.shape != leaf.shape:
                raise ArgumentError(
                    f"the derivative by hand for {name} has the shape {list(array.shape)}",
                    why=f"a gradient has the shape of what it is taken of: {list(leaf.shape)}",
                    instead="check which axes are summed over",
                )
            arrays.append(array)
        seconds = time.perf_counter() - began
        # The constants of a graph are rounded to its data type, those of a formula by hand are not.
        tolerance = max(1e-9, 10.0 * float(np.finfo(self.f.dtype).eps))
        return DerivativeRow(
            "by hand", self._by_name(arrays), 0.0, counted or None, seconds, "as you gave it", tolerance
        )

    def notes(self, exact: Mapping[str, Array]) -> tuple[str, ...]:
        """Say where the function has a kink, and what is not finite."""
        name, value = self.f.name or "f", float(self.function()[0])
        if not math.isfinite(value):
            return (f"{name} is {format_number(value)} here: its derivatives mean nothing",)
        found = []
        for leaf, label in zip(self.sources, self.names, strict=True):
            wild = ~np.isfinite(exact[label])
            if wild.any():
                found.append(f"∂{name}/∂{_place(label, wild)} is not finite")
            left, right = (self._differences(leaf, "forward", step) for step in (-_STEP, _STEP))
            most = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
            bent = ~wild & (np.abs(left - right) > _BEND * most)
            if bent.any():
                slopes = (format_number(round(float(side[bent][0]), 4)) for side in (left, right))
                found.append(
                    f"{name} has a kink at {_place(label, bent)}: {' on the left, '.join(slopes)} on the right"
                )
        return tuple(found)


def _units(leaf: Node) -> list[Node]:
    """Return, for each element of a leaf, the direction in which it alone moves."""
    return [constant(unit.reshape(leaf.shape), dtype="float64") for unit in np.eye(leaf.size)]


def _unused(method: str, why: str) -> DerivativeRow:
    return DerivativeRow(method, {}, math.nan, None, math.nan, why)


def _numbers(name: str, given: object) -> Array:
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise ArgumentError(
            f"the derivative by hand for {name} is {given!r}",
            instead="give a node, an array of numbers, or a function of the values that returns one",
        )
    return array.astype(np.float64)


def _place(label: str, marked: "npt.NDArray[np.bool_]") -> str:
    """Name the first element that is marked."""
    return element_name(label, tuple(int(i) for i in np.argwhere(marked)[0]))


def _apart(found: Array, exact: Array) -> float:
    """The largest difference; what is not finite in the same way is not apart."""
    same = (found == exact) | (np.isnan(found) & np.isnan(exact))
    differences = np.where(same, 0.0, np.abs(np.where(same, 0.0, found - exact)))
    return float(np.max(np.where(np.isnan(differences), np.inf, differences), initial=0.0))


def _judged(row: DerivativeRow, exact: Mapping[str, Array]) -> DerivativeRow:
    """Measure how far a row is from reverse mode."""
    if not row.values:
        return row
    finite = [np.abs(array[np.isfinite(array)]) for array in exact.values()]
    scale = max(1.0, *(float(np.max(array, initial=0.0)) for array in finite))
    with np.errstate(invalid="ignore"):
        apart = max(_apart(row.values[name], exact[name]) for name in exact)
    return replace(row, error=apart / scale)


def _timed(function: Callable[[], Any], repeats: int = _REPEATS) -> tuple[Any, float]:
    times, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - began)
    return result, statistics.median(times)
