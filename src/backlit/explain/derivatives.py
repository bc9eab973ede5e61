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
from backlit.graph.graph import topological_order
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
    reverse = point.reverse()
    rows = [point.symbolic(), point.numerical(), point.forward(), reverse]
    if manual is not None:
        rows.insert(0, point.by_hand(manual))
    exact = {name: reverse.values[name] for name in point.names}
    formulas, latex = point.formulas
    return DerivativeComparison(
        function=f.name or "f",
        value=float(point.function()[0]),
        at={leaf.name or leaf.kind: point.function.value_of(leaf) for leaf in point.function.leaves if leaf.name},
        rows=tuple(_judged(row, exact) for row in rows),
        step_errors=point.step_errors(exact),
        formulas=formulas,
        formulas_latex=latex,
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
    for leaf in leaves:
        if leaf is which or (isinstance(which, str) and leaf.name == which):
            return leaf
    names = [leaf.name for leaf in leaves if leaf.name]
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
        self.names = [leaf.name or f"{leaf.kind} {number}" for number, leaf in enumerate(sources, start=1)]
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
        return DerivativeRow("numerical", self._by_name(arrays), 0.0, runs * (self._cost + 1), seconds, note)

    def step_errors(self, exact: Mapping[str, Array]) -> StepErrors:
        """Differentiate the first leaf by differences with steps of many sizes."""
        source, truth = self.sources[0], exact[self.names[0]]
        scale = max(float(np.max(np.abs(truth), initial=0.0)), 1e-300)
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
        note = f"{raw} operations as derived, {size} simplified; f itself has {self._cost}"
        return DerivativeRow("symbolic", self._by_name(arrays), 0.0, size, seconds, note)

    def by_hand(self, manual: Manual) -> DerivativeRow:
        """What the user worked out."""
        by_leaf = {id(_leaf(self.sources, self.f, key)): given for key, given in manual.items()}
        arrays, counted = [], 0
        values = {leaf.name: self.function.value_of(leaf) for leaf in self.function.leaves if leaf.name}
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
            array = np.asarray(given, dtype=np.float64)
            if array.shape != leaf.shape:
                raise ArgumentError(
                    f"the derivative by hand for {name} has the shape {list(array.shape)}",
                    why=f"a gradient has the shape of what it is taken of: {list(leaf.shape)}",
                    instead="check which axes are summed over",
                )
            arrays.append(array)
        seconds = time.perf_counter() - began
        return DerivativeRow("by hand", self._by_name(arrays), 0.0, counted or None, seconds, "as you gave it")


def _units(leaf: Node) -> list[Node]:
    """Return, for each element of a leaf, the direction in which it alone moves."""
    return [constant(unit.reshape(leaf.shape), dtype="float64") for unit in np.eye(leaf.size)]


def _unused(method: str, why: str) -> DerivativeRow:
    return DerivativeRow(method, {}, math.nan, None, math.nan, why)


def _judged(row: DerivativeRow, exact: Mapping[str, Array]) -> DerivativeRow:
    """Measure how far a row is from reverse mode."""
    if not row.values:
        return row
    scale = max(1.0, *(float(np.max(np.abs(array), initial=0.0)) for array in exact.values()))
    apart = max(float(np.max(np.abs(row.values[name] - exact[name]), initial=0.0)) for name in exact)
    return DerivativeRow(row.method, row.values, apart / scale, row.operations, row.seconds, row.note)


def _timed(function: Callable[[], Any], repeats: int = _REPEATS) -> tuple[Any, float]:
    times, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - began)
    return result, statistics.median(times)
