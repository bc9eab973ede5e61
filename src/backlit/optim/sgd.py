"""SGD: gradient descent, with momentum of two kinds.

This module imports the graph and the base of optimisers; nothing that runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from backlit.errors import ArgumentError
from backlit.graph.leaves import Parameter
from backlit.graph.node import Node
from backlit.optim.clock import Clock
from backlit.optim.optimizer import Optimizer, Rule

__all__ = ["SGD"]


@final
@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Gradient descent, stochastic where the loss is that of a batch (Robbins and Monro, 1951).

    θ ← θ - α g

    With momentum μ (Polyak, 1964), a velocity v remembers where the way has led so far:

    v ← μ v + g,  θ ← θ - α v

    With Nesterov's momentum (Nesterov, 1983; written for neural nets by Sutskever et al., 2013), the gradient is taken
    at the point to which the velocity leads; the parameters hold that point:

    v ← μ v + g,  θ ← θ - α (g + μ v)

    The velocity is not scaled by α; a schedule that changes α therefore acts on the whole step at once.

    Args:
        learning_rate: α: a number of at least 0, a schedule, or a function from the step to it.
        momentum: μ, from 0 up to, but not including, 1; often 0.9.
        nesterov: Whether the momentum is Nesterov's.
        weight_decay: λ: λθ is added to each gradient (an L2 penalty ½λ‖θ‖²).
        clip_norm: The largest norm that all gradients together may have (Pascanu et al., 2013).
        clip_value: The largest absolute value that an element of a gradient may have.

    Raises:
        ArgumentError: If a hyper-parameter is outside its range, or ``nesterov`` is asked for without momentum.

    Example:
        >>> import backlit as bl
        >>> θ, x = bl.parameter(3.0, name="θ"), bl.constant(-2.0)
        >>> loss = θ * x + θ * θ * x * x
        >>> step = bl.compile(outputs=loss, updates=SGD(0.1).updates(loss, [θ]))
        >>> [round(float(step()), 4), round(float(θ.value), 4)], [round(float(step()), 4), round(float(θ.value), 4)]
        ([30.0, 0.8], [0.96, 0.36])
    """

    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(
            "momentum",
            below=1.0,
            why="it is the share of the velocity that is kept at each step, at least 0 and below 1: "
            "with 1 nothing would ever slow down",
            instead="write for example momentum=0.9",
        )
        if not isinstance(self.nesterov, bool):
            raise ArgumentError(f"nesterov is True or False; received {self.nesterov!r}")
        if self.nesterov and not self.momentum:
            raise ArgumentError(
                "nesterov=True was given without momentum",
                why="Nesterov's method looks ahead along the velocity, and without momentum there is none",
                instead="write SGD(learning_rate, momentum=0.9, nesterov=True)",
            )

    @property
    def slots(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("momentum",) if self.momentum else ()

    def rule(self, clock: Clock) -> Rule:
        """Return the update of one parameter.

        Args:
            clock: The learning rate of this step.

        Returns:
            The rule.
        """

        def descend(θ: Node, gradient: Node, memory: Mapping[str, Parameter]) -> tuple[Node, dict[str, Node]]:
            if not self.momentum:
                return θ - clock.rate * gradient, {}
            velocity = self.momentum * memory["momentum"] + gradient
            direction = gradient + self.momentum * velocity if self.nesterov else velocity
            return θ - clock.rate * direction, {"momentum": velocity}

        return descend
