"""The scope in which a graph is built for training.

What behaves differently in training (dropout drops, batch normalisation looks at its batch) asks here. What it must
carry from one step to the next (a random counter, a running mean) it hands over here as an update, so that the
program of a training step contains it: nothing changes behind the graph's back.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

from backlit.graph.leaves import Parameter
from backlit.graph.node import Node

__all__ = ["TrainingMode", "current_training", "training"]


@dataclass
class TrainingMode:
    """What is collected while a graph is built for training.

    Args:
        updates: The new value of each piece of state that the forward pass carries along.
        draws: How many random numbers were drawn from each generator, by its state. Each graph counts anew, so that
            what a graph draws does not depend on what was built before it.

    Example:
        >>> TrainingMode().updates
        {}
    """

    updates: dict[Parameter, Node] = field(default_factory=dict)
    draws: Counter[Parameter] = field(default_factory=Counter)


_CURRENT: ContextVar[TrainingMode | None] = ContextVar("training", default=None)


def current_training() -> TrainingMode | None:
    """Return what collects the updates of training, or None outside of it.

    Returns:
        The innermost open ``training`` scope's mode.

    Example:
        >>> current_training() is None
        True
    """
    return _CURRENT.get()


@contextlib.contextmanager
def training() -> Iterator[TrainingMode]:
    """Build everything inside for training.

    Yields:
        The mode, whose ``updates`` go into ``compile`` beside those of the optimiser.

    Example:
        >>> with training() as mode:
        ...     current_training() is mode
        True
    """
    mode = TrainingMode()
    token = _CURRENT.set(mode)
    try:
        yield mode
    finally:
        _CURRENT.reset(token)
