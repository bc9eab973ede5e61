"""What a backward pass needs of the forward pass, and why.

Backpropagation runs from the outputs to the inputs, so the values of the forward pass on which a local derivative
depends must be kept until the way back reaches them. That is where the memory of training goes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backlit.graph.graph import topological_order
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node

__all__ = ["StoredValue", "stored_values"]


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value of the forward pass that the backward pass reads.

    Args:
        node: The node of the forward pass.
        readers: The nodes of the backward pass that read its value.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(32, 784))
        >>> StoredValue(x, ()).bytes
        100352
    """

    node: Node
    readers: tuple[Application, ...]

    @property
    def bytes(self) -> int:
        """How much memory the value takes."""
        return math.prod(self.node.shape) * np.dtype(self.node.dtype).itemsize

    def __str__(self) -> str:
        name = self.node.name or self.node.kind
        why = ", ".join(dict.fromkeys(reader.kind for reader in self.readers))
        return f"{name}: {self.node.spec}, {self.bytes} bytes, read by {why}"


def stored_values(outputs: Sequence[Node], gradients: Sequence[Node]) -> list[StoredValue]:
    """List the values that must be kept from the forward pass for the backward pass.

    Args:
        outputs: What the forward pass computes.
        gradients: What the backward pass computes, as ``grad`` returned it.

    Returns:
        Each value of the forward pass, constants apart, that the backward pass reads, in order of execution.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x"), bl.parameter(2.0, name="w")
        >>> y = bl.tanh((x * w).named("z")).named("y")
        >>> for value in stored_values([y], [bl.grad(y, w)]):
        ...     print(value)
        x: float32[], 4 bytes, read by multiply
        y: float32[], 4 bytes, read by multiply
    """
    forward = topological_order(outputs)
    within = set(forward)
    readers: dict[Node, list[Application]] = {}
    for node in topological_order(gradients):
        if isinstance(node, Application) and node not in within:
            for argument in dict.fromkeys(node.arguments):
                readers.setdefault(argument, []).append(node)
    kept = [node for node in forward if node in readers and not isinstance(node, Constant)]
    return [StoredValue(node, tuple(readers[node])) for node in kept]
