"""Adam and AdamW: steps scaled by running means of the gradient and of its square.

This module imports the graph and the base of optimisers; nothing that runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, final

from backlit.graph.leaves import Parameter
from backlit.graph.node import Node
from backlit.graph.ops import sqrt, square
from backlit.optim.clock import Clock
from backlit.optim.optimizer import Optimizer, Rule
from backlit.optim.schedules import LearningRate

__all__ = ["Adam", "AdamW"]

_WHY_DECAY = "it is the share of a running mean that is kept at each step, at least 0 and below 1"
_WHY_EPSILON = "it keeps a division by zero away where all gradients so far were 0: a finite number above 0"


@dataclass(frozen=True, repr=False)
class _Moments(Optimizer):
    """What Adam and AdamW share: all but where the weight decay goes."""

    counts_steps: ClassVar[bool] = True

    learning_rate: LearningRate = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("beta1", below=1.0, why=_WHY_DECAY, instead="write for example beta1=0.9")
        self._check("beta2", below=1.0, why=_WHY_DECAY, instead="write for example beta2=0.999")
        self._check("epsilon", above=0.0, why=_WHY_EPSILON, instead="write for example epsilon=1e-8")

    @property
    def slots(self) -> tuple[str, ...]:
        """The running means of the gradient and of its square."""
        return ("first_moment", "second_moment")

    def rule(self, clock: Clock) -> Rule:
        """Return the update of one parameter: θ ← θ - α m̂ / (√v̂ + ε), less α λ θ where the decay is decoupled.

        Single numbers are gathered first, so that each parameter takes five passes rather than seven. With
        c₁ = 1 - β₁ᵗ and c₂ = 1 - β₂ᵗ, so that m̂ = m / c₁ and v̂ = v / c₂:

            α m̂ / (√v̂ + ε) = (α √c₂ / c₁) · m / (√v + ε √c₂)

        Args:
            clock: The learning rate and the bias corrections of this step.

        Returns:
            The rule.
        """
        root = sqrt(clock.correction(self.beta2))
        pace = clock.rate * root / clock.correction(self.beta1)
        floor = self.epsilon * root
        pull = clock.rate * self.weight_decay if self.decouples_decay and self.weight_decay else None

        def descend(θ: Node, gradient: Node, memory: Mapping[str, Parameter]) -> tuple[Node, dict[str, Node]]:
            first = self.beta1 * memory["first_moment"] + (1.0 - self.beta1) * gradient
            second = self.beta2 * memory["second_moment"] + (1.0 - self.beta2) * square(gradient)
            way = pace * (first / (sqrt(second) + floor))
            if pull is not None:
                # Added to the step, not multiplied into θ: 1 - αλ has few digits left in float32.
                way = way + pull * θ
            return θ - way, {"first_moment": first, "second_moment": second}

        return descend


@final
@dataclass(frozen=True, repr=False)
class Adam(_Moments):
    """Adaptive moments (Kingma and Ba, 2015): each element's step is scaled by the size of its recent gradients.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²

    m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ),  θ ← θ - α m̂ / (√v̂ + ε)

    The division takes the bias towards the zeros from which m and v start away.

    Args:
        learning_rate: α: a number of at least 0, a schedule, or a function from the step to it.
        beta1: β₁, how much of the mean gradient is kept at each step, from 0 up to, but not including, 1.
        beta2: β₂, the same for the mean square.
        epsilon: ε, outside the root as published, above 0.
        weight_decay: λ: λθ is added to each gradient (an L2 penalty ½λ‖θ‖²). It then passes through the scaling, so
            that elements with large gradients are pulled less; ``AdamW`` pulls all alike.
        clip_norm: The largest norm that all gradients together may have (Pascanu et al., 2013).
        clip_value: The largest absolute value that an element of a gradient may have.

    Raises:
        ArgumentError: If a hyper-parameter is outside its range.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter([3.0, -0.25], name="w")
        >>> updates = Adam(0.5).updates(bl.sum(w * w), [w])
        >>> updates[w].evaluate().round(3).tolist()
        [2.5, 0.25]
        >>> [parameter.name for parameter in updates]
        ['w', 'w.first_moment', 'w.second_moment', 'step']
    """


@final
@dataclass(frozen=True, repr=False)
class AdamW(_Moments):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    With m̂ and v̂ as in ``Adam``, of the gradient of the loss alone:

    θ ← θ - α (m̂ / (√v̂ + ε) + λ θ)

    The pull towards zero does not pass through the scaling, so that it acts on all elements alike. As in the common
    libraries it is multiplied by the learning rate; the paper multiplies it by the schedule's multiplier only, so its λ
    is αλ here.

    Args:
        learning_rate: α: a number of at least 0, a schedule, or a function from the step to it.
        beta1: β₁, how much of the mean gradient is kept at each step, from 0 up to, but not including, 1.
        beta2: β₂, the same for the mean square.
        epsilon: ε, outside the root as published, above 0.
        weight_decay: λ, at least 0.
        clip_norm: The largest norm that all gradients together may have (Pascanu et al., 2013).
        clip_value: The largest absolute value that an element of a gradient may have.

    Raises:
        ArgumentError: If a hyper-parameter is outside its range.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter([10.0], name="w")
        >>> AdamW(0.125, weight_decay=0.5).updates(bl.sum(w), [w])[w].evaluate().round(3).tolist()
        [9.25]
    """

    decouples_decay: ClassVar[bool] = True

    weight_decay: float = field(default=0.01, kw_only=True)
