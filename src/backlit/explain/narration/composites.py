"""Composites, told as one: softmax, a loss, an activation made of several ops.

What a composite such as ``softmax`` does inside is graph like any other. A lecture tells it as one step, with one local
derivative. This table has the formula of that step in words, and once more in numbers: where the two do not agree with
what is computed, because of a setting such as class weights, the composite is told op by op.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backlit.explain.naming import Element
from backlit.explain.recording import Recording
from backlit.graph.node import Application, Array, Node
from backlit.graph.scope import Scope

__all__ = ["COMPOSITES", "Composite", "Names", "Seen", "can_be_felt", "composite_of"]


class Names(NamedTuple):
    """What the numbers are called that a local derivative is written with.

    Args:
        x: The number that goes in.
        out: The number that comes out.
        at: The element that comes out where the number went in.
        same: Whether these two are one.
        target: What a loss compares with.

    Example:
        >>> Names("z[0]", "y[1]", "y[0]", False, "target").at
        'y[0]'
    """

    x: str
    out: str
    at: str
    same: bool
    target: str


class Seen(NamedTuple):
    """The numbers that a local derivative is computed from.

    Args:
        x: What goes in.
        element: Which element of it.
        out: What comes out.
        place: Which element of it.
        others: What else goes in.

    Example:
        >>> Seen(np.array([1.0, 2.0]), (1,), np.array(3.0), (), ()).number
        2.0
    """

    x: Array
    element: Element
    out: Array
    place: Element
    others: tuple[Array, ...]

    @property
    def number(self) -> float:
        """The number that goes in."""
        return float(self.x[self.element])

    @property
    def same(self) -> bool:
        """Whether what goes in and what comes out are the same place of arrays of one shape."""
        return self.x.shape == self.out.shape and self.element == self.place


@dataclass(frozen=True)
class Composite:
    """How the narrator writes a composite.

    Args:
        value: The value as a formula of ``{x}``, what goes in, and ``{target}``, what a loss compares with.
        local: The local derivative as a formula.
        slope: The local derivative as a number, and how large the terms are that it is the sum of; NaN where the
            numbers do not tell.
        rule: The rule.
        kinks: Where the composite has no single slope; empty for a smooth one, whatever the ops inside are.

    Example:
        >>> COMPOSITES["softmax"].local(Names("z[0]", "y[0]", "y[0]", True, ""))
        'y[0] · (1 - y[0])'
    """

    value: str
    local: Callable[[Names], str]
    slope: Callable[[Seen], tuple[float, float]]
    rule: str
    kinks: str = ""


def _written(local: str) -> Callable[[Names], str]:
    """Return the writer of a local derivative that is one formula everywhere."""
    return lambda names: local.format(**names._asdict())


def _elementwise(slope: Callable[[float], float]) -> Callable[[Seen], tuple[float, float]]:
    return lambda seen: (slope(seen.number), 1.0)


def _sigmoid(x: float) -> float:
    return float(0.5 * (1.0 + np.tanh(0.5 * x)))


def _softmax(seen: Seen) -> tuple[float, float]:
    if seen.out.shape != seen.x.shape:
        return np.inf, 1.0
    here, there = float(seen.out[seen.element]), float(seen.out[seen.place])
    return there * (seen.same - here), 1.0


def _log_softmax(seen: Seen) -> tuple[float, float]:
    if seen.out.shape != seen.x.shape:
        return np.inf, 1.0
    return seen.same - float(np.exp(seen.out[seen.element])), 1.0


def _cross_entropy(seen: Seen) -> tuple[float, float]:
    """Softmax minus target, of class numbers or of shares, over the number of examples."""
    examples = seen.x.size // seen.x.shape[-1]
    *rows, score = seen.element
    row = seen.x[tuple(rows)].astype(np.float64)
    chance = float(np.exp(seen.number - row.max()) / np.exp(row - row.max()).sum())
    for target in seen.others:
        if target.dtype.kind in "iu" and target.shape == seen.x.shape[:-1]:
            return (chance - (target[tuple(rows)] == score)) / examples, 1.0 / examples
        if target.dtype.kind == "f" and target.shape == seen.x.shape:
            return (chance - float(target[seen.element])) / examples, 1.0 / examples
    return np.inf, 1.0


def _compared(seen: Seen) -> float:
    """Return what a loss compares a number with."""
    return next((float(other[seen.element]) for other in seen.others if other.shape == seen.x.shape), np.inf)


def _binary_cross_entropy(seen: Seen) -> tuple[float, float]:
    return (_sigmoid(seen.number) - _compared(seen)) / seen.x.size, 1.0 / seen.x.size


def _squared_error(seen: Seen) -> tuple[float, float]:
    target = _compared(seen)
    return 2.0 * (seen.number - target) / seen.x.size, max(abs(seen.number), abs(target)) / seen.x.size


COMPOSITES: dict[str, Composite] = {
    "softmax": Composite(
        "softmax({x})",
        lambda names: f"{names.out} · (1 - {names.out})" if names.same else f"-{names.out} · {names.at}",
        _softmax,
        "of softmax: y_j · (δ_ij - y_i), where δ_ij is 1 for i = j and 0 else",
    ),
    "log_softmax": Composite(
        "ln softmax({x})",
        lambda names: f"1 - exp({names.out})" if names.same else f"-exp({names.at})",
        _log_softmax,
        "of the logarithm of softmax: δ_ij - y_i",
    ),
    "logsumexp": Composite(
        "ln Σ exp({x})",
        _written("exp({x} - {out})"),
        lambda seen: (float(np.exp(seen.number - seen.out[seen.place])), 1.0),
        "of the logarithm of a sum of exponentials: each one's share",
    ),
    "cross_entropy": Composite(
        "cross-entropy of softmax({x})",
        _written("(softmax - target) / examples"),
        _cross_entropy,
        "of softmax with cross-entropy: y - d",
    ),
    "binary_cross_entropy": Composite(
        "cross-entropy of σ({x})",
        _written("(σ({x}) - {target}) / examples"),
        _binary_cross_entropy,
        "of the sigmoid with cross-entropy: y - d",
    ),
    "squared_error": Composite(
        "mean of ({x} - {target})²",
        _written("2 · ({x} - {target}) / elements"),
        _squared_error,
        "of a square: twice what is squared",
    ),
    "mean": Composite(
        "mean of {x}",
        _written("1 / elements"),
        lambda seen: (seen.out.size / seen.x.size, 0.0),
        "a mean passes an equal share on to each",
    ),
    "softplus": Composite("ln(1 + exp({x}))", _written("σ({x})"), _elementwise(_sigmoid), "of softplus: the sigmoid"),
    "silu": Composite(
        "{x} · σ({x})",
        _written("σ({x}) + {x} · σ({x}) · (1 - σ({x}))"),
        _elementwise(lambda x: _sigmoid(x) * (1.0 + x * (1.0 - _sigmoid(x)))),
        "of a product: both its factors",
    ),
    "leaky_relu": Composite(
        "max({x}, slope · {x})",
        _written("1 if {x} > 0, else slope"),
        _elementwise(lambda x: 1.0 if x > 0 else np.nan),
        "open where it is positive, a little where not",
        kinks="x = 0: any slope from that of the left to 1",
    ),
    "softsign": Composite(
        "{x} / (1 + |{x}|)",
        _written("1 / (1 + |{x}|)²"),
        _elementwise(lambda x: (1.0 + abs(x)) ** -2),
        "of softsign: 1 over the square",
    ),
}
"""The composites that are told as one, by the name of their scope."""


def composite_of(node: Node, outside: Node | None = None, opened: frozenset[Scope] = frozenset()) -> Scope | None:
    """Return the outermost composite of the table in which a node stands, and another one does not.

    Args:
        node: The node.
        outside: The other node.
        opened: Composites that do not count.

    Returns:
        The scope of its call, or None.

    Example:
        >>> import backlit as bl
        >>> composite_of(bl.softmax(bl.input("x", shape=(2,)))).name
        'softmax'
    """
    around = set(outside.scope.lineage) if outside is not None and outside.scope else set()
    for scope in node.scope.lineage if node.scope else ():
        if scope.call and scope.name in COMPOSITES and scope not in around and scope not in opened:
            return scope
    return None


def can_be_felt(run: Recording, node: Application, *, inside: bool = False) -> bool:
    """Say whether a kink of a node can be felt by the loss.

    Softmax takes the largest of its numbers only to keep clear of overflow, and holds it fixed; softsign is smooth
    although it is made of a kinked op.

    Args:
        run: The run.
        node: A node that has kinks.
        inside: Whether composites are looked into.

    Returns:
        Whether a gradient comes back to it, unless its function is flat anyway, and no smooth composite is around it.

    Example:
        >>> import backlit as bl
        >>> run = bl.trace(bl.sum(bl.nn.softsign(bl.parameter([0.0, 1.0], name="z"))))
        >>> [can_be_felt(run, node) for node in run.forward if node.kind == "abs"]
        [False]
    """
    if node not in run.walk.gradients and not node.op.flat:
        return False
    scope = None if inside else composite_of(node)
    return scope is None or bool(COMPOSITES[scope.name].kinks)
