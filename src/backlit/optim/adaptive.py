"""Adagrad and RMSprop: steps scaled by the squares of past gradients.

This module imports the graph and the base of optimisers; nothing that runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from backlit.graph.leaves import Parameter
from backlit.graph.node import Node
from backlit.graph.ops import sqrt, square
from backlit.optim.clock import Clock
from backlit.optim.optimizer import Optimizer, Rule
from backlit.optim.schedules import LearningRate

__all__ = ["Adagrad", "RMSprop"]

_WHY_EPSILON = "it keeps a division by zero away where all gradients so far were 0: a finite number above 0"


@final
@dataclass(frozen=True, repr=False)
class Adagrad(Optimizer):
    """Adaptive gradients (Duchi, Hazan and Singer, 2011): the more an element has moved, the smaller its steps.

    s ← s + g²,  θ ← θ - α g / (√s + ε)

    Args:
        learning_rate: α: a number of at least 0, a schedule, or a function from the step to it.
        epsilon: ε, outside the root as published, above 0.
        weight_decay: λ: λθ is added to each gradient (an L2 penalty ½λ‖θ‖²), before the scaling.
        clip_norm: The largest norm that all gradients together may have (Pascanu et al., 2013).
        clip_value: The largest absolute value that an element of a gradient may have.

    Raises:
        ArgumentError: If a hyper-parameter is outside its range.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter([3.0, -0.5], name="w")
        >>> Adagrad(0.25).updates(bl.sum(w * w), [w])[w].evaluate().round(6).tolist()
        [2.75, -0.25]
    """

    learning_rate: LearningRate = 0.01
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("epsilon", above=0.0, why=_WHY_EPSILON, instead="write for example epsilon=1e-8")

    @property
    def slots(self) -> tuple[str, ...]:
        """The sum of the squares of all gradients so far."""
        return ("sum_of_squares",)

    def rule(self, clock: Clock) -> Rule:
        """Return the update of one parameter.

        Args:
            clock: The learning rate of this step.

        Returns:
            The rule.
        """

        def descend(θ: Node, gradient: Node, memory: Mapping[str, Parameter]) -> tuple[Node, dict[str, Node]]:
            squares = memory["sum_of_squares"] + square(gradient)
            return θ - clock.rate * (gradient / (sqrt(squares) + self.epsilon)), {"sum_of_squares": squares}

        return descend


@final
@dataclass(frozen=True, repr=False)
class RMSprop(Optimizer):
    """Divide by the root of a running mean of squares (Tieleman and Hinton, 2012, lecture 6.5).

    s ← ρ s + (1 - ρ) g²,  θ ← θ - α g / (√s + ε)

    Unlike ``Adagrad`` it forgets, so that its steps do not fade away; unlike ``Adam`` it does not correct the bias
    towards the zero from which s starts, so that its first steps are longer, by 1 / √(1 - ρ) at most.

    Args:
        learning_rate: α: a number of at least 0, a schedule, or a function from the step to it.
        decay: ρ, how much of the mean square is kept at each step, from 0 up to, but not including, 1.
        epsilon: ε, outside the root, above 0; the lecture has none.
        weight_decay: λ: λθ is added to each gradient (an L2 penalty ½λ‖θ‖²), before the scaling.
        clip_norm: The largest norm that all gradients together may have (Pascanu et al., 2013).
        clip_value: The largest absolute value that an element of a gradient may have.

    Raises:
        ArgumentError: If a hyper-parameter is outside its range.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter([3.0, -0.5], name="w")
        >>> RMSprop(0.25, decay=0.75).updates(bl.sum(w * w), [w])[w].evaluate().round(6).tolist()
        [2.5, 0.0]
    """

    learning_rate: LearningRate = 0.001
    decay: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(
            "decay",
            below=1.0,
            why="it is the share of the mean square that is kept at each step, at least 0 and below 1",
            instead="write for example decay=0.9",
        )
        self._check("epsilon", above=0.0, why=_WHY_EPSILON, instead="write for example epsilon=1e-8")

    @property
    def slots(self) -> tuple[str, ...]:
        """The running mean of the squares of the gradients."""
        return ("mean_square",)

    def rule(self, clock: Clock) -> Rule:
        """Return the update of one parameter.

        Args:
            clock: The learning rate of this step.

        Returns:
            The rule.
        """

        def descend(θ: Node, gradient: Node, memory: Mapping[str, Parameter]) -> tuple[Node, dict[str, Node]]:
            mean = self.decay * memory["mean_square"] + (1.0 - self.decay) * square(gradient)
            return θ - clock.rate * (gradient / (sqrt(mean) + self.epsilon)), {"mean_square": mean}

        return descend
