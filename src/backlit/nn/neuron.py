"""The neuron of the lectures, and the network of three of them.

A neuron with a hard threshold is the perceptron, with a sigmoid logistic regression, with nothing linear regression:
one class, three settings.
"""

import math

import numpy as np

from backlit.errors import ArgumentError, ShapeError, TrainingError, nearest
from backlit.graph.leaves import input
from backlit.graph.node import Node
from backlit.graph.ops import expand_dims, matmul, squeeze
from backlit.graph.training import current_training
from backlit.nn.activation_modules import HardThreshold, Identity, ReLU, Sigmoid
from backlit.nn.checks import check_count
from backlit.nn.containers import Sequential
from backlit.nn.initial import initial_parameter
from backlit.nn.initialisers import Normal, Zeros
from backlit.nn.linear import Linear
from backlit.nn.module import Module

__all__ = ["Neuron", "ThreeNeuron"]


class Neuron(Module):
    """Weigh the inputs, add a bias, apply an activation: y = g(Σ_i w_i x_i + b).

    With ``HardThreshold`` it is the perceptron (Rosenblatt, 1958), with ``Sigmoid`` logistic regression, with nothing
    linear regression.

    Args:
        inputs: The number of inputs.
        activation: The module g; by default the identity.
        rng: A seed or a NumPy generator for the initial weights, N(0, 1/inputs); by default that of the ``seed`` scope.

    Raises:
        ArgumentError: If the number of inputs is not at least 1, or the activation is no module.

    Example:
        >>> import backlit as bl
        >>> neuron = Neuron(2, bl.nn.Sigmoid())
        >>> neuron.weight.value, neuron.bias.value = [4.0, 5.0], 1.0
        >>> round(float(neuron.predict([[3.0, -2.0]])[0]), 6), neuron.method
        (0.952574, 'logistic regression')
    """

    def __init__(self, inputs: int, activation: Module = Identity(), *, rng: object = None) -> None:  # noqa: B008 - it has no state
        self.inputs = check_count(inputs, "Neuron(inputs=...)")
        if not isinstance(activation, Module):
            raise ArgumentError(
                f"Neuron(activation=...) is a module; received {activation!r}",
                instead="write bl.nn.Sigmoid(), bl.nn.HardThreshold(), or leave it out",
            )
        self.activation = activation
        spread = Normal(std=1.0 / math.sqrt(self.inputs))
        self.weight = initial_parameter(spread, (self.inputs,), "weight", rng)
        self.bias = initial_parameter(Zeros(), (), "bias")

    @property
    def method(self) -> str:
        """What the neuron is called in statistics; empty for an activation without such a name."""
        names = {HardThreshold: "perceptron", Sigmoid: "logistic regression", Identity: "linear regression"}
        return names.get(type(self.activation), "")

    def forward(self, x: Node) -> Node:
        """Build g(x · w + b).

        Args:
            x: Floats of shape (..., inputs).

        Returns:
            A node of shape (...).

        Raises:
            ShapeError: If the last axis has another length.
            TrainingError: If a perceptron is to be trained by gradients.
        """
        if x.rank == 0 or x.shape[-1] != self.inputs:
            raise ShapeError(
                f"{self._label()} takes {self.takes()}; received {x!r}",
                why="each input is multiplied with a weight of its own, so the last axis must have length "
                f"{self.inputs}",
            )
        if current_training() is not None and self.method == "perceptron":
            raise TrainingError(
                f"{self._label()} is a perceptron, and gradients cannot train it",
                why="the derivative of its threshold is 0 wherever it exists, so every gradient is 0",
                instead="train it with bl.nn.Sigmoid(), which is a threshold made smooth, and put the threshold in "
                "afterwards; or apply the perceptron rule w ← w + (y - ŷ) x by hand",
            )
        return self.activation((matmul(x, self.weight) + self.bias).named("z"))

    def formula(self, argument: str, path: str = "") -> str:
        """Write g(w · x + b) under the names of the parameters."""
        place = f"{path}." if path else ""
        return self.activation.formula(f"{argument} · {place}weight + {place}bias", f"{place}activation")

    def takes(self) -> str:
        """Say how many inputs there are."""
        return f"{self.inputs:,} feature{'s' * (self.inputs != 1)}"

    def example_input(self) -> Node:
        """Return a row of as many features as go in."""
        return input("x", shape=(1, self.inputs))


class ThreeNeuron(Sequential):
    """The network of three neurons: ŷ = b₂₁ + Σ_j w₂ⱼ · ReLU(b₁ⱼ + w₁ⱼ x), for j = 1, 2.

    Two hidden neurons make two kinks, so that it can follow a bump such as the air traffic of a day. It is a
    ``Sequential`` of ``Linear(1, 2)``, ``ReLU`` and ``Linear(2, 1)``, applied to each number of its input.

    Args:
        rng: A seed or a NumPy generator for the initial weights; by default that of the ``seed`` scope.

    Example:
        >>> model = ThreeNeuron.with_weights(w11=0.4, b11=-5.9, w12=-0.6, b12=5.2, w21=-1.0, w22=-1.0, b21=5.1)
        >>> [f"{value:.1f}" for value in model.predict([0.0, 5.0, 20.0, 24.0])]
        ['-0.1', '2.9', '3.0', '1.4']
        >>> model.parameter_count
        7
    """

    def __init__(self, *, rng: object = None) -> None:
        super().__init__(Linear(1, 2, rng=rng), ReLU(), Linear(2, 1, rng=rng))

    @classmethod
    def with_weights(cls, **weights: float) -> "ThreeNeuron":
        """Build the network with given weights, by the names of the lecture.

        Args:
            **weights: ``w11``, ``b11``, ``w12``, ``b12`` of the hidden neurons, ``w21``, ``w22``, ``b21`` of the last.

        Returns:
            The network.

        Raises:
            ArgumentError: If a weight is missing or unknown.

        Example:
            >>> model = ThreeNeuron.with_weights(w11=1, b11=0, w12=-1, b12=0, w21=1, w22=1, b21=0)
            >>> model.predict([-3.0, 2.0]).tolist()
            [3.0, 2.0]
        """
        names = ("w11", "b11", "w12", "b12", "w21", "w22", "b21")
        for name in weights:
            if name not in names:
                raise ArgumentError(f"a ThreeNeuron has no weight {name!r}{nearest(name, names)}")
        missing = [name for name in names if name not in weights]
        if missing:
            raise ArgumentError(f"a ThreeNeuron has 7 weights; {', '.join(missing)} missing")
        model = cls(rng=0)
        values = {
            "0.weight": [[weights["w11"], weights["w12"]]],
            "0.bias": [weights["b11"], weights["b12"]],
            "2.weight": [[weights["w21"]], [weights["w22"]]],
            "2.bias": [weights["b21"]],
        }
        for path, parameter in model.parameters().items():
            parameter.value = np.asarray(values[path], dtype=np.float64)
        return model

    def forward(self, x: Node) -> Node:
        """Build the network on each number.

        Args:
            x: Floats of any shape.

        Returns:
            A node of the same shape.
        """
        return squeeze(super().forward(expand_dims(x, -1)), -1)

    def example_input(self) -> Node:
        """Return a single number."""
        return input("x")
