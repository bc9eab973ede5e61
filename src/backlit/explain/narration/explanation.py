"""Explanation: what there is to say about one number of a run, as data.

The narrator makes it, renderers write it; it holds texts and numbers only, so that it can be kept, compared and sent.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backlit.explain.showing import Shown, render
from backlit.graph.node import Array

__all__ = ["ChainLink", "Contribution", "Explanation", "Origin", "Summary", "Term", "UpdateLine"]


@dataclass(frozen=True)
class Summary:
    """An array in few numbers.

    Args:
        shape: Its shape.
        norm: The square root of the sum of the squares of its elements.
        mean: Their mean.
        low: The smallest.
        high: The largest.

    Example:
        >>> Summary.of(np.array([3.0, 4.0])).norm
        5.0
    """

    shape: tuple[int, ...]
    norm: float
    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, array: Array) -> "Summary":
        """Summarise an array.

        Args:
            array: Any array of numbers.

        Returns:
            The summary; of an empty array all numbers are 0.
        """
        if not array.size:
            return cls(array.shape, 0.0, 0.0, 0.0, 0.0)
        numbers = array.astype(np.float64)
        low, high = float(numbers.min()), float(numbers.max())
        # By its largest element, so that no square overflows; what is not finite has no norm but itself.
        scale = max(abs(low), abs(high))
        with np.errstate(all="ignore"):
            parts = numbers / scale if 0.0 < scale < np.inf else numbers
            norm, mean = float(np.sqrt(np.sum(parts * parts))), float(parts.mean())
        factor = scale if 0.0 < scale < np.inf else 1.0
        return cls(array.shape, norm * factor, mean * factor, low, high)


Number = float | Summary
"""A single number, or an array in few numbers."""

Places = tuple[tuple[str, tuple[str, ...]], ...]
"""For each box the nodes in it that have no name that tells where they stand."""


@dataclass(frozen=True)
class Term:
    """One summand of a value.

    Args:
        formula: How it is computed, with names.
        numbers: The same with numbers.
        value: What it comes to.

    Example:
        >>> Term("x[0] · w[0]", "2 · 3", 6.0).value
        6.0
    """

    formula: str
    numbers: str
    value: float


@dataclass(frozen=True)
class Origin:
    """How a value arose.

    Args:
        formula: The value as a formula, with names.
        numbers: The same with numbers; empty where it is made of many.
        terms: The summands of a sum, the largest first.
        omitted: How many summands are not listed.
        omitted_sum: What these come to.

    Example:
        >>> Origin("x · w", "3 · 4", (), 0, 0.0).formula
        'x · w'
    """

    formula: str
    numbers: str
    terms: tuple[Term, ...]
    omitted: int
    omitted_sum: float


@dataclass(frozen=True)
class Contribution:
    """What comes back along one edge: local derivative · upstream gradient.

    Args:
        consumer: The node through which the value acts, or the element of it.
        formula: The consumer's value as a formula.
        local_formula: The local derivative as a formula.
        local: The local derivative.
        upstream: The gradient of the loss with respect to the consumer.
        product: Local derivative · upstream gradient; for a whole array, what comes back in all.
        rule: By which rule the local derivative is what it is.
        argument: Where the consumer takes the value more than once: for its how manieth argument, from 1; else 0.

    Example:
        >>> Contribution("f", "x · w", "x", 3.0, 1.0, 3.0, "of a product: the other factor").product
        3.0
    """

    consumer: str
    formula: str
    local_formula: str
    local: Number | None
    upstream: Number
    product: Number
    rule: str
    argument: int = 0


@dataclass(frozen=True)
class ChainLink:
    """The gradient of a node further up: Σ local derivative · upstream gradient.

    Args:
        name: The node.
        factors: For each of its edges the local derivative and the upstream gradient; empty for the loss itself.
        gradient: Their sum of products.
        formula: The node's consumers as formulas.
        rule: The rule of its first edge.

    Example:
        >>> ChainLink("f3", ((1.0, 1.0),), 1.0, "f4 = f3 + θ3", "a sum passes its gradient on").gradient
        1.0
    """

    name: str
    factors: tuple[tuple[float, float], ...]
    gradient: float
    formula: str
    rule: str


@dataclass(frozen=True)
class UpdateLine:
    """One line of an update rule.

    Args:
        name: What is computed.
        formula: How, with names.
        numbers: The same with numbers; empty for whole arrays.
        value: What it comes to.

    Example:
        >>> UpdateLine("θ", "θ - 0.1 · ∂L/∂θ", "3 - 0.1 · 22", 0.8).value
        0.8
    """

    name: str
    formula: str
    numbers: str
    value: Number


@dataclass(frozen=True)
class Explanation(Shown):
    """What there is to say about one number of a run, or about an array.

    Args:
        name: What is explained.
        kind: What it is, in words.
        loss: What the gradient is of.
        loss_value: Its value.
        value: The value of what is explained.
        gradient: Its gradient; None for what has none.
        origin: How the value arose; None for leaves.
        contributions: What comes back along each edge, the largest first.
        omitted: How many contributions are not listed.
        omitted_sum: What these come to.
        chain: The gradients further up, from the loss back, where all are single numbers.
        update: How a step of training changes it.
        notes: Kinks, singular points, and why nothing can learn here.
        places: For each box the nodes in it that are spoken of and have no name that tells.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(4.0, name="w")
        >>> told = bl.trace((x * w).named("f"), {"x": 3.0}).explain("w")
        >>> told.gradient, told.contributions[0].local_formula
        (3.0, 'x')
    """

    name: str
    kind: str
    loss: str
    loss_value: float
    value: Number
    gradient: Number | None
    origin: Origin | None = None
    contributions: tuple[Contribution, ...] = ()
    omitted: int = 0
    omitted_sum: float = 0.0
    chain: tuple[ChainLink, ...] = ()
    update: tuple[UpdateLine, ...] = ()
    notes: tuple[str, ...] = ()
    places: Places = ()

    def latex(self) -> str:
        """Return the chain rule as LaTeX."""
        return render("latex", self)

    def as_json(self) -> dict[str, Any]:
        """Return it as lists, dictionaries, texts and numbers."""
        return asdict(self)
