"""Linear: the affine layer, from which everything else is made."""

import math

from backlit.errors import DTypeError, ShapeError
from backlit.graph.leaves import Parameter, input
from backlit.graph.node import Node
from backlit.graph.ops import add, matmul
from backlit.graph.spec import is_floating
from backlit.nn.checks import check_count, check_flag
from backlit.nn.initial import initial_parameter
from backlit.nn.initialisers import HeNormal, Initialiser, Zeros
from backlit.nn.module import Module

__all__ = ["Linear"]


class Linear(Module):
    """Multiply with a weight and add a bias: y = x W + b, that is y_j = Σ_i x_i w_ij + b_j.

    Args:
        inputs: The number of features that go in.
        outputs: The number of features that come out.
        bias: Whether there is a bias.
        weight_initialiser: The initial weight, of shape (inputs, outputs); by default ``HeNormal``.
        bias_initialiser: The initial bias, of shape (outputs,); by default zeros.
        rng: A seed or a NumPy generator; by default that of the ``seed`` scope.

    Raises:
        ArgumentError: If a number of features is not at least 1.

    Example:
        >>> import backlit as bl
        >>> layer = Linear(3, 2, rng=0)
        >>> layer(bl.input("x", shape=(32, 3)))
        <add 'z': float32[32,2]>
        >>> layer
        Linear(3, 2): 8 parameters
    """

    is_affine = True

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        weight_initialiser: Initialiser = HeNormal(),  # noqa: B008 - immutable
        bias_initialiser: Initialiser = Zeros(),  # noqa: B008 - immutable
        rng: object = None,
    ) -> None:
        self.inputs = check_count(inputs, "Linear(inputs=...)")
        self.outputs = check_count(outputs, "Linear(outputs=...)")
        self.weight_initialiser = weight_initialiser
        self.bias_initialiser = bias_initialiser
        self.weight = initial_parameter(weight_initialiser, (self.inputs, self.outputs), "weight", rng)
        self.bias: Parameter | None = None
        if check_flag(bias, "Linear(bias=...)"):
            self.bias = initial_parameter(bias_initialiser, (self.outputs,), "bias", rng)

    def forward(self, x: Node) -> Node:
        """Build x W + b, which is called z.

        Args:
            x: Floats of shape (..., inputs).

        Returns:
            A node of shape (..., outputs).

        Raises:
            ShapeError: If the last axis does not hold as many features as the layer takes.
            DTypeError: If the values are not floats.
        """
        if x.rank == 0 or x.shape[-1] != self.inputs:
            raise ShapeError(
                f"the layer {self._label()} takes {self.takes()}; received {x!r}",
                why="each row of its input is multiplied with a weight of "
                f"{self.inputs} rows, so the last axis must have length {self.inputs}",
                instead=self._advice(x),
            )
        if not is_floating(x.dtype):
            raise DTypeError(
                f"the layer {self._label()} takes floats; received {x!r}",
                why="a change of kind (bool, integer, float) is never made silently",
                instead='write bl.cast(x, "float32"), or array.astype("float32") before; for pixels divide by 255 too',
            )
        product = matmul(x, self.weight)
        return (product if self.bias is None else add(product, self.bias)).named("z")

    def _advice(self, x: Node) -> str:
        if x.rank > 1 and math.prod(x.shape[1:]) == self.inputs:
            return "put bl.nn.Flatten() in front of it, which makes one row of each example"
        if self.inputs == 1:
            return "give the values an axis of features: bl.expand_dims(x, -1), or array[..., None]"
        return f"build it as Linear({x.shape[-1] if x.rank else 1}, {self.outputs}), or check what comes before it"

    def formula(self, argument: str, path: str = "") -> str:
        """Write x W + b under the names of the parameters."""
        place = f"{path}." if path else ""
        return f"{argument} · {place}weight" + (f" + {place}bias" if self.bias is not None else "")

    def takes(self) -> str:
        """Say how many features go in."""
        return f"{self.inputs:,} feature{'s' * (self.inputs != 1)}"

    def example_input(self) -> Node:
        """Return a row of as many features as go in."""
        return input("x", shape=(1, self.inputs))
