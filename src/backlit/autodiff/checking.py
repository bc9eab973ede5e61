"""Checking gradients: the derivative that the rules give against the derivative that the values show.

Every element of every source is compared in float64, in reverse and in forward mode. Where a function has a kink at
the point, any slope between the one from the left and the one from the right is right, and the report says so. Where
the two disagree, each op on the way is tried by itself, so that the report names the rule that is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.autodiff.forward import push_forward
from backlit.autodiff.numerical import DoubleFunction, best_step, differences
from backlit.autodiff.reverse import Edge, backpropagate, contribution
from backlit.errors import ArgumentError, BacklitError, GradientCheckError
from backlit.graph.graph import topological_order
from backlit.graph.leaves import Input, Parameter, constant
from backlit.graph.node import OPERATORS, Application, Array, Node
from backlit.graph.ops import reshape
from backlit.graph.ops import sum as total
from backlit.graph.spec import is_floating

__all__ = ["Disagreement", "GradientCheck", "Kink", "check_gradients"]

_TOLERANCE = 1e-6
"""The largest relative error that central differences are trusted to show."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An element where two derivatives differ.

    Args:
        source: The name of the leaf.
        index: The element.
        mode: ``"reverse"`` or ``"forward"``.
        automatic: What the rules give.
        numerical: What the values show.

    Example:
        >>> print(Disagreement("w", (0, 1), "reverse", 3.0, 2.0))
        w[0,1]: reverse mode gives 3, the values show 2 (relative error 0.33)
    """

    source: str
    index: tuple[int, ...]
    mode: str
    automatic: float
    numerical: float

    @property
    def error(self) -> float:
        """The error relative to the larger of the two, or to 1 where both are smaller."""
        return abs(self.automatic - self.numerical) / max(1.0, abs(self.automatic), abs(self.numerical))

    def __str__(self) -> str:
        place = f"[{','.join(map(str, self.index))}]" if self.index else ""
        return (
            f"{self.source}{place}: {self.mode} mode gives {self.automatic:.6g}, the values show {self.numerical:.6g} "
            f"(relative error {self.error:.2g})"
        )


@dataclass(frozen=True, slots=True)
class Kink:
    """An element at which the function has a kink, and the slope that was taken there.

    Args:
        source: The name of the leaf.
        index: The element.
        left: The slope from the left.
        right: The slope from the right.
        taken: The slope that the rules give, between the two.

    Example:
        >>> print(Kink("x", (), 0.0, 1.0, 0.0))
        x: a kink, from slope 0 to 1; taken was 0
    """

    source: str
    index: tuple[int, ...]
    left: float
    right: float
    taken: float

    def __str__(self) -> str:
        place = f"[{','.join(map(str, self.index))}]" if self.index else ""
        return (
            f"{self.source}{place}: a kink, from slope {self.left:.4g} to {self.right:.4g}; taken was {self.taken:.4g}"
        )


@dataclass(frozen=True)
class GradientCheck:
    """The report of a check.

    Args:
        checked: How many elements were compared.
        largest_error: The largest relative error among those that agree.
        disagreements: Where the derivatives differ.
        kinks: Where the function has a kink.
        culprits: The ops whose own rule is wrong, in words.

    Example:
        >>> print(GradientCheck(3, 1e-11, (), (), ()))
        3 derivatives agree (largest relative error 1e-11)
    """

    checked: int
    largest_error: float
    disagreements: tuple[Disagreement, ...]
    kinks: tuple[Kink, ...]
    culprits: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether every derivative agrees, or is a subgradient at a kink."""
        return not self.disagreements

    def __str__(self) -> str:
        lines = []
        if self.disagreements:
            wrong = {(row.source, row.index) for row in self.disagreements}
            lines.append(f"{len(wrong)} of {self.checked} derivatives disagree:")
            lines += [f"  {row}" for row in sorted(self.disagreements, key=lambda d: -d.error)[:10]]
        else:
            lines.append(f"{self.checked} derivatives agree (largest relative error {self.largest_error:.2g})")
        lines += [f"  {kink}" for kink in self.kinks[:10]]
        lines += [f"  the rule that is wrong: {culprit}" for culprit in self.culprits]
        return "\n".join(lines)


def check_gradients(
    output: Node, at: Mapping[Any, npt.ArrayLike] | None = None, *, tolerance: float = _TOLERANCE, seed: int = 0
) -> GradientCheck:
    """Compare the derivatives that the rules give with those that the values show, in reverse and forward mode.

    An output of many numbers is checked through a random weighted sum of them. All is computed in float64.

    Args:
        output: A float node of any shape.
        at: A value for every input, by node or by name; parameters have their own unless one is given.
        tolerance: The largest relative error allowed; central differences are good for about 1e-9.
        seed: Chooses the weights of an output of many numbers.

    Returns:
        The report.

    Raises:
        GradientCheckError: If they disagree; the message is the report, which is also its ``report``.
        BindingError: If a value is missing.
        ArgumentError: If there is nothing to differentiate by.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(3,))
        >>> print(check_gradients(bl.sin(x) * x, {"x": [0.5, 1.0, 2.0]}).agrees)
        True
    """
    loss = _single_number(output, seed)
    function = DoubleFunction([loss], at or {})
    sources = [leaf for leaf in function.leaves if isinstance(leaf, (Input, Parameter)) and is_floating(leaf.dtype)]
    if not sources:
        raise ArgumentError(f"{output!r} depends on no float input or parameter, so there is no gradient to check")
    rows: list[Disagreement] = []
    kinks: list[Kink] = []
    checked, largest = 0, 0.0
    automatic = _automatic(function, sources)
    for source in sources:
        for mode, gradient in automatic[source].items():
            found = _compare(function, source, mode, gradient, tolerance)
            rows += found[0]
            kinks += found[1] if mode == "reverse" else []
            largest = max(largest, found[2])
        checked += source.size
    culprits = _find_culprits(function, tolerance) if rows else ()
    report = GradientCheck(checked, largest, tuple(rows), tuple(kinks), culprits)
    if rows:
        error = GradientCheckError(
            f"the gradient of {output!r} is wrong: {report}",
            why="the rule of an op and its values tell different derivatives",
            instead="correct the local derivative, pullback or pushforward on the card of the op named",
        )
        error.report = report
        raise error
    return report


def _single_number(output: Node, seed: int) -> Node:
    if output.shape == ():
        return output
    weights = np.random.default_rng(seed).uniform(0.5, 1.5, size=output.shape)
    return total(output * constant(weights, dtype=output.dtype))


def _automatic(function: DoubleFunction, sources: Sequence[Node]) -> dict[Node, dict[str, Array]]:
    """Compute each source's gradient in reverse mode, and in forward mode along every axis."""
    (loss,) = function.outputs
    doubles = [function.leaves[source] for source in sources]
    walk = backpropagate([loss], [constant(1.0, dtype="float64")], doubles)
    wanted = tuple(node for node in doubles if node in walk.gradients)
    values = OPERATORS["interpret"](tuple(walk.gradients[node] for node in wanted), function.values)
    reverse = dict(zip(wanted, values, strict=True))
    result: dict[Node, dict[str, Array]] = {}
    for source, double in zip(sources, doubles, strict=True):
        tangent = Input(double.spec, "tangent", None, ("<check>", 0))
        moving = push_forward([loss], {double: tangent}).get(loss)
        forward = np.zeros(source.shape)
        for index in range(source.size if moving is not None else 0):
            direction = np.zeros(source.shape)
            direction.reshape(-1)[index] = 1.0
            (slope,) = OPERATORS["interpret"]((moving,), {**function.values, tangent: direction})
            forward.reshape(-1)[index] = slope
        result[source] = {"reverse": np.asarray(reverse.get(double, np.zeros(source.shape))), "forward": forward}
    return result


def _compare(
    function: DoubleFunction, source: Node, mode: str, gradient: Array, tolerance: float
) -> tuple[list[Disagreement], list[Kink], float]:
    at = function.value_of(source)
    name = source.name or repr(source)

    def value(moved: Array) -> float:
        return float(function({source: moved})[0])

    numerical = differences(value, at)
    rows, kinks, largest = [], [], 0.0
    for index in np.ndindex(at.shape):
        row = Disagreement(name, index, mode, float(gradient[index]), float(numerical[index]))
        if row.error <= tolerance:
            largest = max(largest, row.error)
            continue
        kink = _kink_at(value, at, index, name, row.automatic, tolerance)
        if kink:
            kinks.append(kink)
        else:
            rows.append(row)
    return rows, kinks, largest


def _kink_at(
    value: Any,
    at: Array,
    index: tuple[int, ...],
    name: str,
    taken: float,
    tolerance: float,
) -> Kink | None:
    """Tell a kink by slopes from both sides that differ however small the step, and a right slope by lying between."""
    sides = []
    for direction in (-1.0, 1.0):
        h = direction * best_step("forward", float(at[index]))
        moved = at.copy()
        moved[index] += h
        sides.append((value(moved) - value(at)) / h)
    left, right = (slope + 0.0 for slope in sides)
    margin = 1e3 * tolerance * max(1.0, abs(left), abs(right))
    between = min(left, right) - margin <= taken <= max(left, right) + margin
    return Kink(name, index, left, right, taken) if abs(left - right) > margin and between else None


def _find_culprits(function: DoubleFunction, tolerance: float) -> tuple[str, ...]:
    """Try every op alone, at the values it has in the graph, and name those whose own pullback disagrees."""
    nodes = [node for node in topological_order(function.outputs) if isinstance(node, Application)]
    every = tuple(topological_order(function.outputs))
    values = dict(zip(every, OPERATORS["interpret"](every, function.values), strict=True))
    found: dict[str, None] = {}
    for node in nodes:
        leaves = [Input(a.spec, f"x{i}", None, node.line) for i, a in enumerate(node.arguments)]
        alone = node.op(*leaves, **node.attributes)
        weighted = total(reshape(alone, (alone.size,))) if is_floating(alone.dtype) else None
        at = {leaf: values[a] for leaf, a in zip(leaves, node.arguments, strict=True)}
        for position, leaf in enumerate(leaves):
            if weighted is None or not is_floating(leaf.dtype):
                continue
            if not _rule_agrees(alone, weighted, position, at, tolerance):
                label = f"{node.op.name}, argument {position + 1}"
                found[f"{label} ({node.name or 'at ' + _place(node)})"] = None
    return tuple(found)


def _place(node: Application) -> str:
    return f"{node.line[0]}:{node.line[1]}"


def _rule_agrees(node: Application, loss: Node, position: int, at: dict[Input, Array], tolerance: float) -> bool:
    leaf = node.arguments[position]
    try:
        back = contribution(Edge(node, position), constant(np.ones(node.shape), dtype="float64"))
    except BacklitError:
        return False
    function = DoubleFunction([loss], at)
    numerical = differences(lambda moved: float(function({leaf: moved})[0]), function.value_of(leaf))
    automatic = OPERATORS["interpret"]((back,), at)[0] if back is not None else np.zeros(leaf.shape)
    return bool(np.allclose(automatic, numerical, rtol=1e2 * tolerance, atol=1e2 * tolerance))
