"""Schedules: the learning rate as a function of the step, in graph.

A schedule maps the number of updates made so far (0 before the first) to a learning rate. Both are nodes, so that the
rate is computed inside the program of the training step and a resumed run goes on where it stood. A learning rate may
be a number, a schedule from here, or any function from node to node.

This module imports the graph and the checks beside it; nothing that runs.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from backlit.errors import ArgumentError
from backlit.graph.leaves import constant
from backlit.graph.node import Node
from backlit.graph.ops import cast, cos, exp, floor, maximum, minimum, pow
from backlit.graph.spec import is_floating
from backlit.optim.settings import check_count, check_number

__all__ = [
    "Constant",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRate",
    "Schedule",
    "StepDecay",
    "Warmup",
    "check_learning_rate",
    "rate_at",
]

LearningRate: TypeAlias = float | Callable[[Node], Node]
"""A number, or a function from the step to the rate, such as a ``Schedule``."""


def check_learning_rate(value: LearningRate) -> LearningRate:
    """Return a learning rate, checked: a number of at least 0, or something to call with the step.

    Args:
        value: What was received.

    Returns:
        The number as a Python float, or the function.

    Raises:
        ArgumentError: If it is neither.

    Example:
        >>> check_learning_rate(1)
        1.0
    """
    if callable(value):
        return value
    return check_number(
        value,
        "learning rate",
        why="it says how far each step goes against the gradient: a finite number of at least 0, or a schedule",
        instead="write for example 0.001, CosineDecay(0.001, steps=1000) or lambda step: 0.1 / (step + 1.0)",
    )


def rate_at(learning_rate: LearningRate, step: Node) -> Node | float:
    """Return the learning rate at a step.

    Args:
        learning_rate: A number, or a function from the step to the rate.
        step: The number of updates made so far, floats.

    Returns:
        The number itself, or a node of the step's data type.

    Raises:
        ArgumentError: If a function gives neither a number nor a node of floats of the step's shape.

    Example:
        >>> import backlit as bl
        >>> rate_at(0.1, bl.constant(3.0))
        0.1
        >>> round(float(rate_at(lambda step: 0.1 / (step + 1.0), bl.constant(3.0)).evaluate()), 6)
        0.025
    """
    if not callable(learning_rate):
        return learning_rate
    rate: object = learning_rate(step)
    if isinstance(rate, Node):
        if is_floating(rate.dtype) and rate.shape in ((), step.shape):
            return rate if rate.dtype == step.dtype else cast(rate, step.dtype)
    elif isinstance(rate, (int, float)) and not isinstance(rate, bool):
        return check_number(rate, "learning rate")
    raise ArgumentError(
        f"the schedule {getattr(learning_rate, '__name__', learning_rate)!r} returned {rate!r}",
        why="a schedule takes the step, a node of floats, and returns the learning rate, a node of the same shape",
        instead="build it from the step: lambda step: 0.1 / (step + 1.0)",
    )


class Schedule(ABC):
    """A learning rate that changes from step to step: a function from node to node.

    Subclasses are frozen dataclasses with one method, ``__call__``.

    Example:
        >>> import backlit as bl
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Harmonic(Schedule):
        ...     initial: float
        ...     def __call__(self, step):
        ...         return self.initial / (step + 1.0)
        >>> Harmonic(1.0).table(4).round(3).tolist()
        [1.0, 0.5, 0.333, 0.25]
    """

    @abstractmethod
    def __call__(self, step: Node) -> Node:
        """Return the learning rate at a step.

        Args:
            step: The number of updates made so far, floats of any shape; 0 at the first update.

        Returns:
            A node of floats that broadcasts with the step.
        """

    @final
    def table(self, steps: int) -> NDArray[np.float64]:
        """Compute the learning rate of each of the first steps, to be looked at or plotted.

        Args:
            steps: How many.

        Returns:
            float64 array of shape (steps,): the rates at the steps 0, 1, ..., steps - 1.

        Raises:
            ArgumentError: If the number of steps is no whole number of at least 1.
        """
        count = check_count(steps, "number of steps of a table")
        rate = rate_at(self, constant(np.arange(count, dtype=np.float64), dtype="float64"))
        values = rate.evaluate() if isinstance(rate, Node) else rate
        return np.array(np.broadcast_to(values, (count,)), dtype=np.float64)


@final
@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate at every step: α_t = α. Writing the bare number does the same.

    Args:
        rate: The learning rate, at least 0.

    Raises:
        ArgumentError: If the rate is no finite number of at least 0.

    Example:
        >>> Constant(0.1).table(3).tolist()
        [0.1, 0.1, 0.1]
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self.rate, "learning rate")

    def __call__(self, step: Node) -> Node:
        """Return the learning rate at a step."""
        return constant(float(self.rate), dtype=step.dtype)


@final
@dataclass(frozen=True)
class StepDecay(Schedule):
    """A staircase: the rate is multiplied by a factor every so many steps, α_t = α₀ · factor^⌊t / every⌋.

    Args:
        initial: The first learning rate, at least 0.
        factor: What it is multiplied by, above 0.
        every: After how many steps.

    Raises:
        ArgumentError: If a setting is outside its range.

    Example:
        >>> StepDecay(0.8, factor=0.5, every=2).table(6).tolist()
        [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
    """

    initial: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        check_number(self.initial, "initial learning rate")
        check_number(self.factor, "factor of a step decay", above=0.0)
        check_count(self.every, "length of a stair")

    def __call__(self, step: Node) -> Node:
        """Return the learning rate at a step."""
        # A power, not an exponential of a logarithm: halving stays exact.
        return float(self.initial) * pow(float(self.factor), floor(step / float(self.every)))


@final
@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """A smooth decay by a factor every so many steps: α_t = α₀ · factor^(t / every).

    Args:
        initial: The first learning rate, at least 0.
        factor: What it is multiplied by, above 0.
        every: Over how many steps.

    Raises:
        ArgumentError: If a setting is outside its range.

    Example:
        >>> ExponentialDecay(1.0, factor=0.25, every=2).table(4).round(6).tolist()
        [1.0, 0.5, 0.25, 0.125]
    """

    initial: float
    factor: float
    every: int = 1

    def __post_init__(self) -> None:
        check_number(self.initial, "initial learning rate")
        check_number(self.factor, "factor of an exponential decay", above=0.0)
        check_count(self.every, "number of steps of a decay")

    def __call__(self, step: Node) -> Node:
        """Return the learning rate at a step."""
        # The logarithm is taken here, in double precision: a float32 factor raised to 100,000 keeps only two digits.
        return float(self.initial) * exp(step * (math.log(self.factor) / self.every))


@final
@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """A rate that falls like 1/t: α_t = α₀ / (1 + decay · t).

    Its steps add up to infinity while their squares do not, which is what stochastic gradient descent needs in order
    to converge (Robbins and Monro, 1951).

    Args:
        initial: The first learning rate, at least 0.
        decay: How fast it falls, at least 0; after 1 / decay steps it is half.

    Raises:
        ArgumentError: If a setting is outside its range.

    Example:
        >>> InverseTimeDecay(1.0, decay=0.5).table(3).round(4).tolist()
        [1.0, 0.6667, 0.5]
    """

    initial: float
    decay: float

    def __post_init__(self) -> None:
        check_number(self.initial, "initial learning rate")
        check_number(self.decay, "decay of a learning rate")

    def __call__(self, step: Node) -> Node:
        """Return the learning rate at a step."""
        return float(self.initial) / (1.0 + float(self.decay) * step)


@final
@dataclass(frozen=True)
class CosineDecay(Schedule):
    """Half a cosine from the initial to the final rate, which then stays (Loshchilov and Hutter, 2017).

    α_t = α_final + (α₀ - α_final) · (1 + cos(π · min(t, steps) / steps)) / 2

    Args:
        initial: The first learning rate, at least 0.
        steps: After how many steps the final rate is reached.
        final: The last learning rate, at least 0.

    Raises:
        ArgumentError: If a setting is outside its range.

    Example:
        >>> CosineDecay(1.0, steps=2).table(4).round(6).tolist()
        [1.0, 0.5, 0.0, 0.0]
    """

    initial: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        check_number(self.initial, "initial learning rate")
        check_count(self.steps, "number of steps of a decay")
        check_number(self.final, "final learning rate")

    def __call__(self, step: Node) -> Node:
        """Return the learning rate at a step."""
        angle = minimum(step, float(self.steps)) * (math.pi / self.steps)
        return float(self.final) + (0.5 * (self.initial - self.final)) * (1.0 + cos(angle))


@final
@dataclass(frozen=True)
class Warmup(Schedule):
    """A straight rise to the first rate of another schedule, which then takes over (Goyal et al., 2017).

    α_t = then(0) · (t + 1) / steps up to t = steps - 1, where the rise is complete; after that then(t + 1 - steps).

    Args:
        steps: Over how many steps the rate rises.
        then: The learning rate afterwards: a number, a schedule or a function from node to node.

    Raises:
        ArgumentError: If a setting is outside its range.

    Example:
        >>> Warmup(4, then=InverseTimeDecay(1.0, decay=1.0)).table(6).round(4).tolist()
        [0.25, 0.5, 0.75, 1.0, 0.5, 0.3333]
    """

    steps: int
    then: LearningRate

    def __post_init__(self) -> None:
        check_count(self.steps, "length of a warm-up")
        check_learning_rate(self.then)

    def __call__(self, step: Node) -> Node:
        """Return the learning rate at a step."""
        later = maximum(step + float(1 - self.steps), 0.0)
        return rate_at(self.then, later) * minimum((step + 1.0) / float(self.steps), 1.0)
