"""Embedding: a table of vectors, looked up by number."""

from backlit.errors import DTypeError
from backlit.graph.leaves import input
from backlit.graph.node import Node
from backlit.graph.ops import take
from backlit.graph.spec import is_integer
from backlit.nn.checks import check_count
from backlit.nn.initial import initial_parameter
from backlit.nn.initialisers import Initialiser, Normal
from backlit.nn.module import Module

__all__ = ["Embedding"]


class Embedding(Module):
    """Look up a trainable vector for each number: y = W[i], row i of the table.

    It equals a ``Linear`` without bias on one-hot rows, without the multiplications (Bengio, Ducharme, Vincent and
    Jauvin, "A neural probabilistic language model", 2003).

    Args:
        count: How many things there are; they are numbered from 0 to before it.
        outputs: The length of each vector.
        weight_initialiser: The initial table, of shape (count, outputs); by default N(0, 1).
        rng: A seed or a NumPy generator; by default that of the ``seed`` scope.

    Raises:
        ArgumentError: If a number is not at least 1.

    Example:
        >>> Embedding(10, 4, rng=0).predict([3, 3, 7]).shape
        (3, 4)
    """

    def __init__(
        self,
        count: int,
        outputs: int,
        *,
        weight_initialiser: Initialiser = Normal(),  # noqa: B008 - immutable
        rng: object = None,
    ) -> None:
        self.count = check_count(count, "Embedding(count=...)")
        self.outputs = check_count(outputs, "Embedding(outputs=...)")
        self.weight_initialiser = weight_initialiser
        self.weight = initial_parameter(weight_initialiser, (self.count, self.outputs), "weight", rng)

    def forward(self, x: Node) -> Node:
        """Build the look-up.

        Args:
            x: Integers of any shape, from 0 to before ``count``; when the graph runs, any other is an error.

        Returns:
            A node of shape (*x.shape, outputs).

        Raises:
            DTypeError: If the values are not integers.
        """
        if not is_integer(x.dtype):
            raise DTypeError(
                f"the layer {self._label()} takes {self.takes()}; received {x!r}",
                why="it looks up rows of a table by their number",
                instead='give the input dtype="int64", or the array .astype("int64")',
            )
        return take(self.weight, x)

    def formula(self, argument: str, path: str = "") -> str:
        """Write the look-up under the name of the table."""
        return f"{path}.weight[{argument}]" if path else f"weight[{argument}]"

    def takes(self) -> str:
        """Say which numbers there are."""
        return f"integers from 0 to {self.count - 1:,}"

    def example_input(self) -> Node:
        """Return a row of one integer."""
        return input("x", shape=(1,), dtype="int64")
