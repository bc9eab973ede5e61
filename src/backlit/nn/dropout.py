"""Dropout: features left out at random while training."""

from backlit.errors import DTypeError
from backlit.graph.node import Node
from backlit.graph.ops import bernoulli, where
from backlit.graph.scope import call_scope
from backlit.graph.spec import is_floating
from backlit.graph.training import current_training
from backlit.nn.checks import check_number
from backlit.nn.module import Module
from backlit.nn.seeding import graph_generator

__all__ = ["Dropout"]


class Dropout(Module):
    """Leave out each feature with some probability while training, and enlarge the others: y = m x / (1 - p).

    The mask m is 1 with probability 1 - p, so that the expected value is x. Outside ``training`` it changes nothing.
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout" (2014).

    Args:
        rate: The probability p, from 0 to before 1.
        rng: A seed, a NumPy generator or a ``bl.Generator``; by default that of the ``seed`` scope.

    Raises:
        ArgumentError: If the rate is not from 0 to before 1.

    Example:
        >>> import backlit as bl
        >>> x = bl.constant([1.0] * 8)
        >>> with bl.training():
        ...     dropped = Dropout(0.5, rng=0)(x)
        >>> sorted(set(dropped.evaluate().tolist()))
        [0.0, 2.0]
    """

    def __init__(self, rate: float, *, rng: object = None) -> None:
        self.rate = check_number(rate, "Dropout(rate=...)", 0.0, 1.0 - 2.0**-24)
        self.random_state = graph_generator(rng)

    def forward(self, x: Node) -> Node:
        """Build the mask and what it leaves, or nothing outside training.

        Args:
            x: Floats of any shape.

        Returns:
            A node of the same shape; x itself outside ``training``.

        Raises:
            DTypeError: If the values are not floats.
        """
        if not is_floating(x.dtype):
            raise DTypeError(f"{self._label()} takes floats; received {x!r}", instead='write bl.cast(x, "float32")')
        if current_training() is None or self.rate == 0.0:
            return x
        with call_scope("dropout"):
            kept = bernoulli(1.0 - self.rate, x.shape, rng=self.random_state)
            return where(kept, x / (1.0 - self.rate), 0.0)
