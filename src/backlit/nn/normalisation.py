"""Normalisation: features brought to mean 0 and variance 1, then scaled and shifted by what is learned."""

from backlit.errors import ShapeError
from backlit.graph.leaves import Parameter, input
from backlit.graph.node import Node
from backlit.graph.ops import cast, mean, sqrt, square
from backlit.graph.scope import call_scope
from backlit.graph.training import TrainingMode, current_training
from backlit.nn.checks import check_count, check_number
from backlit.nn.initial import initial_parameter
from backlit.nn.initialisers import Ones, Zeros
from backlit.nn.module import Module

__all__ = ["BatchNorm", "LayerNorm"]


class _Normalisation(Module):
    """What both have in common: a scale and a shift for each feature."""

    def __init__(self, features: int, epsilon: float) -> None:
        name = type(self).__name__
        self.features = check_count(features, f"{name}(features=...)")
        self.epsilon = check_number(epsilon, f"{name}(epsilon=...)", 0.0, open_low=True)
        self.scale = initial_parameter(Ones(), (self.features,), "scale")
        self.shift = initial_parameter(Zeros(), (self.features,), "shift")

    def _check_features(self, x: Node) -> None:
        if x.rank == 0 or x.shape[-1] != self.features:
            raise ShapeError(
                f"the layer {self._label()} takes {self.takes()}; received {x!r}",
                why="it holds a scale and a shift for each entry of the last axis",
                instead=f"build it as {type(self).__name__}({x.shape[-1] if x.rank else 1})",
            )

    def takes(self) -> str:
        """Say how many features go in."""
        return f"{self.features:,} feature{'s' * (self.features != 1)}"

    def example_input(self) -> Node:
        """Return a row of as many features as go in."""
        return input("x", shape=(1, self.features))


class LayerNorm(_Normalisation):
    """Normalise each example over its features: y = (x - μ) / √(σ² + ε) · scale + shift.

    μ and σ² are the mean and the variance (divided by n) along the last axis. Ba, Kiros and Hinton, "Layer
    normalization" (2016).

    Args:
        features: The length of the last axis.
        epsilon: What is added to the variance, above 0.

    Raises:
        ArgumentError: If the number of features is not at least 1, or epsilon not above 0.

    Example:
        >>> LayerNorm(2).predict([[1.0, 3.0]]).round(3).tolist()
        [[-1.0, 1.0]]
    """

    def __init__(self, features: int, *, epsilon: float = 1e-5) -> None:
        super().__init__(features, epsilon)

    def forward(self, x: Node) -> Node:
        """Build the normalised features.

        Args:
            x: Floats of shape (..., features).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If the last axis has another length.
            DTypeError: If the values are not floats.
        """
        self._check_features(x)
        with call_scope("layer_norm"):
            deviation = x - mean(x, axis=-1, keepdims=True)
            variance = mean(square(deviation), axis=-1, keepdims=True)
            return deviation / sqrt(variance + self.epsilon) * self.scale + self.shift


class BatchNorm(_Normalisation):
    """Normalise each feature over the batch: y = (x - μ) / √(σ² + ε) · scale + shift.

    While training, μ and σ² (divided by n) are those of the batch, over all axes but the last; and the running ones
    move: r ← momentum · r + (1 - momentum) · batch, with the variance divided by n - 1. Outside ``training`` the
    running ones are used. Ioffe and Szegedy, "Batch normalization" (2015).

    Args:
        features: The length of the last axis.
        momentum: How much of the running mean and variance stays at each step, from 0 to 1.
        epsilon: What is added to the variance, above 0.

    Raises:
        ArgumentError: If a setting is outside what is allowed.

    Example:
        >>> import backlit as bl
        >>> norm = BatchNorm(1)
        >>> with bl.training() as mode:
        ...     y = norm(bl.constant([[1.0], [3.0]]))
        >>> y.evaluate().round(3).tolist(), [parameter.name for parameter in mode.updates]
        ([[-1.0], [1.0]], ['running_mean', 'running_variance'])
    """

    def __init__(self, features: int, *, momentum: float = 0.9, epsilon: float = 1e-5) -> None:
        super().__init__(features, epsilon)
        self.momentum = check_number(momentum, "BatchNorm(momentum=...)", 0.0, 1.0)
        self.running_mean = initial_parameter(Zeros(), (self.features,), "running_mean", trainable=False)
        self.running_variance = initial_parameter(Ones(), (self.features,), "running_variance", trainable=False)

    def forward(self, x: Node) -> Node:
        """Build the normalised features; while training, hand over how the running mean and variance move.

        Args:
            x: Floats of shape (rows, ..., features).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If the last axis has another length, or while training there is but one value of each feature.
            DTypeError: If the values are not floats.
        """
        self._check_features(x)
        mode = current_training()
        with call_scope("batch_norm"):
            if mode is None:
                return (x - self.running_mean) / sqrt(self.running_variance + self.epsilon) * self.scale + self.shift
            axes = tuple(range(x.rank - 1))
            count = x.size // self.features
            if count < 2:
                raise ShapeError(
                    f"{self._label()} cannot learn from {x!r}",
                    why="with a single value of each feature there is no variance to divide by",
                    instead="train with batches of at least 2 rows, and drop a last batch of 1",
                )
            centre = mean(x, axis=axes)
            deviation = x - centre
            variance = mean(square(deviation), axis=axes)
            self._move(mode, self.running_mean, centre)
            self._move(mode, self.running_variance, variance * (count / (count - 1)))
            return deviation / sqrt(variance + self.epsilon) * self.scale + self.shift

    def _move(self, mode: TrainingMode, running: Parameter, batch: Node) -> None:
        """Move on from where an earlier call in the same step has left it."""
        before = mode.updates.get(running, running)
        mode.updates[running] = self.momentum * before + (1.0 - self.momentum) * cast(batch, running.dtype)
