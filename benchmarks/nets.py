"""Nets as data: layers with their initial weights, for everyone to build in his own way.

Nobody writes into the arrays that stand here.

This module imports NumPy and the data sets of backlit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.data import air_traffic, digits

__all__ = [
    "Activation",
    "Array",
    "Dropout",
    "Layer",
    "LayerNorm",
    "Linear",
    "Net",
    "Residual",
    "autoencoder",
    "batches_of_digits",
    "dense",
    "parameters",
    "residual",
    "rows_of_traffic",
    "three_neurons",
    "without_dropout",
]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Linear:
    """y = x W + b, with W of shape (inputs, outputs)."""

    weight: Array
    bias: Array


@dataclass(frozen=True)
class Activation:
    """A function of each element: ``relu``, ``sigmoid`` or ``gelu`` (the exact one)."""

    name: str


@dataclass(frozen=True)
class LayerNorm:
    """y = (x - μ) / √(σ² + 1e-5) · scale + shift, over the features of each row."""

    scale: Array
    shift: Array


@dataclass(frozen=True)
class Dropout:
    """Leave out each feature with probability ``rate``, and enlarge the others."""

    rate: float


@dataclass(frozen=True)
class Residual:
    """y = x + f(x), where f is a net."""

    inner: "Net"


Layer = Linear | Activation | LayerNorm | Dropout | Residual
Net = tuple[Layer, ...]


def parameters(net: Net) -> Iterator[Array]:
    """Go through the initial weights, in the order of the layers: weight and bias, scale and shift."""
    for layer in net:
        if isinstance(layer, Linear):
            yield from (layer.weight, layer.bias)
        elif isinstance(layer, LayerNorm):
            yield from (layer.scale, layer.shift)
        elif isinstance(layer, Residual):
            yield from parameters(layer.inner)


def without_dropout(net: Net) -> Net:
    """Return the net without its dropout: what is left is the same for everyone."""
    return tuple(
        replace(layer, inner=without_dropout(layer.inner)) if isinstance(layer, Residual) else layer
        for layer in net
        if not isinstance(layer, Dropout)
    )


def linear(inputs: int, outputs: int, generator: np.random.Generator) -> Linear:
    """Draw the weights as He et al. (2015) did; the biases are zero."""
    weight = generator.standard_normal((inputs, outputs)) * np.sqrt(2.0 / inputs)
    return Linear(weight.astype(np.float32), np.zeros(outputs, dtype=np.float32))


def dense(sizes: Sequence[int], activation: str = "relu", seed: int = 1) -> Net:
    """Make linear layers of these sizes, with an activation between each two: (784, 300, 10) has two layers."""
    generator = np.random.default_rng(seed)
    layers: list[Layer] = []
    for inputs, outputs in pairwise(sizes):
        layers += [linear(inputs, outputs, generator), Activation(activation)]
    return tuple(layers[:-1])


def autoencoder(outer: int, inner: int) -> Net:
    """Make a net that has to say again what it hears, through few features; both its layers end in a sigmoid."""
    return (*dense((outer, inner, outer), "sigmoid"), Activation("sigmoid"))


def residual(inputs: int, width: int, blocks: int, outputs: int) -> Net:
    """Make a net of residual blocks: layer norm, a wider layer with GELU and dropout, and back to the width."""
    generator = np.random.default_rng(1)

    def norm() -> LayerNorm:
        return LayerNorm(np.ones(width, dtype=np.float32), np.zeros(width, dtype=np.float32))

    layers: list[Layer] = [linear(inputs, width, generator)]
    for _ in range(blocks):
        wide, narrow = linear(width, 2 * width, generator), linear(2 * width, width, generator)
        layers.append(Residual((norm(), wide, Activation("gelu"), Dropout(0.1), narrow)))
    return (*layers, norm(), linear(width, outputs, generator))


def three_neurons() -> Net:
    """Make the net of the lectures with the weights of the lectures: two neurons with ReLU, and one."""
    first = Linear(np.array([[0.4, -0.6]], dtype=np.float32), np.array([-5.9, 5.2], dtype=np.float32))
    second = Linear(np.array([[-1.0], [-1.0]], dtype=np.float32), np.array([5.1], dtype=np.float32))
    return (first, Activation("relu"), second)


def batches_of_digits(steps: int, batch: int) -> tuple[Array, Array]:
    """Arrange the digits that ship, in an order that mixes the classes; they begin anew when all were there.

    Real data matter: many pixels are zero, the loss falls, and no number runs away.

    Args:
        steps: How many batches.
        batch: How many digits in each.

    Returns:
        Pictures, float32 of shape (steps, batch, 784), and labels, int64 of shape (steps, batch).
    """
    data = digits()[0]
    rows = np.resize(np.random.default_rng(2).permutation(len(data)), batch * steps)
    inputs = np.ascontiguousarray(np.asarray(data.inputs)[rows]).reshape(steps, batch, -1)
    return inputs, np.asarray(data.targets)[rows].reshape(steps, batch)


def rows_of_traffic(steps: int, batch: int) -> tuple[Array, Array]:
    """Arrange the air traffic of a day: hours and thousands of flights, both float32 of shape (steps, batch, 1)."""
    data = air_traffic()
    rows = np.resize(np.random.default_rng(2).permutation(len(data)), batch * steps)
    inputs, targets = (np.asarray(part)[rows].reshape(steps, batch, 1) for part in (data.inputs, data.targets))
    return inputs, targets
