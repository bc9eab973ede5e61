"""The extended notation: the bias as one more weight, of an input that is always 1."""

from collections.abc import Mapping

import numpy as np

from backlit.errors import ArgumentError
from backlit.graph.leaves import constant, input, parameter
from backlit.graph.node import Node
from backlit.graph.ops import broadcast_to, concat, matmul
from backlit.nn.linear import Linear
from backlit.nn.module import Module

__all__ = ["ExtendedLinear", "extended"]


class ExtendedLinear(Module):
    """Multiply (1, x) with a weight whose first row is the bias: y = (1, x) W̃; made by ``extended``.

    Args:
        inputs: The number of features that go in, without the 1.
        outputs: The number of features that come out.

    Raises:
        ArgumentError: If a number of features is not at least 1.

    Example:
        >>> ExtendedLinear(3, 2).weight.shape
        (4, 2)
    """

    is_affine = True

    def __init__(self, inputs: int, outputs: int) -> None:
        plain = Linear(inputs, outputs, bias=False)
        self.inputs, self.outputs = plain.inputs, plain.outputs
        self.weight = parameter(np.concatenate([np.zeros((1, outputs)), plain.weight.value]), "weight")

    def forward(self, x: Node) -> Node:
        """Build (1, x) W̃.

        Args:
            x: Floats of shape (..., inputs).

        Returns:
            A node of shape (..., outputs).
        """
        one = broadcast_to(constant(1.0, dtype=x.dtype), (*x.shape[:-1], 1))
        return matmul(concat([one, x], axis=-1), self.weight).named("z")

    def example_input(self) -> Node:
        """Return a row of as many features as go in."""
        return input("x", shape=(1, self.inputs))

    def formula(self, argument: str, path: str = "") -> str:
        """Write (1, x) W̃ under the name of the parameter."""
        return f"(1, {argument}) · {path}.weight" if path else f"(1, {argument}) · weight"

    def split(self) -> Mapping[str, Node]:
        """Return the rows of the weight as what they are in the other notation.

        Returns:
            The nodes ``weight`` and ``bias``.

        Example:
            >>> {name: node.shape for name, node in ExtendedLinear(3, 2).split().items()}
            {'weight': (3, 2), 'bias': (2,)}
        """
        return {"weight": self.weight[1:], "bias": self.weight[0]}


def extended(linear: Linear) -> ExtendedLinear:
    """Write a layer with its bias as one more weight: W̃ has the bias as its row 0, and the rows of W below.

    Args:
        linear: The layer; it stays as it is.

    Returns:
        A layer of the same function with a parameter of its own, of shape (inputs + 1, outputs).

    Raises:
        ArgumentError: If it is given something else.

    Example:
        >>> import backlit as bl
        >>> layer = bl.nn.Linear(1, 1)
        >>> layer.weight.value, layer.bias.value = [[2.0]], [3.0]
        >>> extended(layer).weight.value.tolist(), extended(layer).predict([[10.0]]).tolist()
        ([[3.0], [2.0]], [[23.0]])
    """
    if not isinstance(linear, Linear):
        raise ArgumentError(f"extended takes a Linear layer; received {linear!r}")
    result = ExtendedLinear(linear.inputs, linear.outputs)
    bias = np.zeros(linear.outputs) if linear.bias is None else linear.bias.value
    both = np.concatenate([bias[None], linear.weight.value]).astype(linear.weight.dtype)
    result.weight = parameter(both, "weight", dtype=linear.weight.dtype)
    return result
