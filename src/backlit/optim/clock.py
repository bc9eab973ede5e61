"""Clock: what all parameters of one data type share at one step.

The learning rate and the bias corrections are single numbers. They are built once for all parameters of a data type,
not once for each parameter.

This module imports the graph and the schedules beside it; nothing that runs.
"""

import math

from backlit.errors import GraphError
from backlit.graph.leaves import constant
from backlit.graph.node import Node
from backlit.graph.ops import expm1
from backlit.optim.schedules import LearningRate, rate_at

__all__ = ["Clock"]


class Clock:
    """The learning rate and the bias corrections at one step, in one data type.

    Args:
        learning_rate: A number, or a function from the step to the rate.
        step: The number of updates made so far, of the data type wanted; None where nothing counts them, which is
            possible only if the learning rate is a number.

    Attributes:
        rate: The learning rate at this step: a number, or a node of shape ().

    Example:
        >>> import backlit as bl
        >>> clock = Clock(lambda step: 1.0 / (step + 1.0), bl.constant(3.0))
        >>> float(clock.rate.evaluate()), round(float(clock.correction(0.5).evaluate()), 6)
        (0.25, 0.9375)
    """

    def __init__(self, learning_rate: LearningRate, step: Node | None = None) -> None:
        self._step = step
        if step is not None:
            self.rate: Node | float = rate_at(learning_rate, step)
        elif not callable(learning_rate):
            self.rate = learning_rate
        else:
            raise _uncounted("a learning rate that changes")

    def correction(self, decay: float) -> Node:
        """Return 1 - decay^t, the sum of the weights of a running mean after t updates, this one included.

        Such a mean starts at zero; dividing by the sum of its weights takes the bias towards zero away (Kingma and
        Ba, 2015). It is computed as -expm1(t · ln decay): in float32, 1 - 0.999^t would keep four digits at t = 1.

        Args:
            decay: By what the mean forgets at each step, from 0 up to, but not including, 1.

        Returns:
            A node of shape ().

        Raises:
            GraphError: If nothing counts the steps.
        """
        if self._step is None:
            raise _uncounted("a bias correction")
        if decay == 0.0:
            return constant(1.0, dtype=self._step.dtype)
        return -expm1((self._step + 1.0) * math.log(decay))


def _uncounted(what: str) -> GraphError:
    return GraphError(
        f"{what} needs the number of the step, which nothing counts",
        instead="set counts_steps = True in the class of the optimiser",
    )
