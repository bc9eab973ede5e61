"""Activations with something of their own: a slope that is learned, a slope that is drawn anew at every step."""

from backlit.errors import ArgumentError, ShapeError
from backlit.graph.leaves import input
from backlit.graph.node import Node
from backlit.graph.ops import uniform
from backlit.graph.training import current_training
from backlit.nn.activations import leaky_relu
from backlit.nn.checks import check_count, check_number
from backlit.nn.initial import initial_parameter
from backlit.nn.initialisers import Constant
from backlit.nn.module import Module
from backlit.nn.seeding import graph_generator

__all__ = ["PReLU", "RandomisedLeakyReLU"]


class PReLU(Module):
    """Rectify with a slope below 0 that is learned: x where x > 0, else a·x, with ∂y/∂a = x where x < 0.

    He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015).

    Args:
        features: The length of the last axis for a slope each; None for one slope shared by all.
        slope: The initial slope.

    Raises:
        ArgumentError: If the slope is not finite, or the number of features not at least 1.

    Example:
        >>> activation = PReLU()
        >>> activation.predict([[-1.0, 2.0]]).tolist(), list(activation.parameters())
        ([[-0.25, 2.0]], ['weight'])
    """

    def __init__(self, features: int | None = None, *, slope: float = 0.25) -> None:
        self.features = None if features is None else check_count(features, "PReLU(features=...)")
        self.slope = check_number(slope, "PReLU(slope=...)")
        shape = () if self.features is None else (self.features,)
        self.weight = initial_parameter(Constant(self.slope), shape, "weight")

    def forward(self, x: Node) -> Node:
        """Build ``leaky_relu`` with the slope that is learned.

        Args:
            x: Floats of any shape, or of shape (..., features).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If the last axis has another length.
        """
        if self.features is not None and (x.rank == 0 or x.shape[-1] != self.features):
            raise ShapeError(
                f"the layer {self._label()} takes {self.features} features; received {x!r}",
                why="it holds a slope for each entry of the last axis",
                instead="build it as PReLU() for one slope for all",
            )
        return leaky_relu(x, self.weight).named("a")

    def example_input(self) -> Node | None:
        """Return a row of features, where there is a slope for each."""
        return None if self.features is None else input("x", shape=(1, self.features))


class RandomisedLeakyReLU(Module):
    """Rectify with a slope below 0 that is drawn for each element while training, evenly from ``low`` to ``high``.

    Outside ``training`` the slope is the mean, (low + high) / 2. Xu, Wang, Chen and Li, "Empirical evaluation of
    rectified activations in convolutional network" (2015), who draw 1/slope from 3 to 8.

    Args:
        low: The smallest slope.
        high: The largest slope.
        rng: A seed, a NumPy generator or a ``bl.Generator``; by default that of the ``seed`` scope.

    Raises:
        ArgumentError: If a bound is not finite, or they are in the wrong order.

    Example:
        >>> RandomisedLeakyReLU(0.25, 0.75).predict([[-1.0, 2.0]]).tolist()
        [[-0.5, 2.0]]
    """

    def __init__(self, low: float = 1.0 / 8.0, high: float = 1.0 / 3.0, *, rng: object = None) -> None:
        self.low = check_number(low, "RandomisedLeakyReLU(low=...)")
        self.high = check_number(high, "RandomisedLeakyReLU(high=...)")
        if self.low > self.high:
            raise ArgumentError(f"RandomisedLeakyReLU draws from low to high; received low={low!r}, high={high!r}")
        self.random_state = graph_generator(rng)

    def forward(self, x: Node) -> Node:
        """Build ``leaky_relu`` with random slopes, or with their mean outside training.

        Args:
            x: Floats of any shape.

        Returns:
            A node of the same shape.
        """
        if current_training() is None:
            return leaky_relu(x, (self.low + self.high) / 2.0).named("a")
        return leaky_relu(
            x, uniform(x.shape, low=self.low, high=self.high, rng=self.random_state, dtype=x.dtype)
        ).named("a")
