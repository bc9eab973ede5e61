"""Seeds: where the initial values of a model come from.

A layer draws its initial weights when it is built, on the host, from a NumPy generator; what is random at every run of
a program (dropout) draws from a ``Generator`` in the graph. Both start from the ``rng=`` that a module is given, or
from the ``seed`` scope it is built in, or else from fresh entropy. This module knows no module.
"""

from __future__ import annotations  # np.random is costly to import, and annotations must not do it

import warnings
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.errors import ArgumentError, BacklitWarning
from backlit.graph.ops import Generator

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Seeded", "graph_generator", "host_generator", "seed"]

_CURRENT: ContextVar[np.random.Generator | None] = ContextVar("seed", default=None)


def host_generator(rng: object = None) -> np.random.Generator:
    """Return the NumPy generator from which initial values are drawn.

    Args:
        rng: None for that of the ``seed`` scope, or a fresh one outside of any; an integer seed; or a NumPy generator,
            which is returned as it is.

    Returns:
        The generator.

    Raises:
        ArgumentError: If it is none of these.

    Example:
        >>> host_generator(0).integers(100) == host_generator(0).integers(100)
        np.True_
    """
    if rng is None:
        current = _CURRENT.get()
        return np.random.default_rng() if current is None else current
    if isinstance(rng, np.random.Generator):
        return rng
    return np.random.default_rng(_check_seed(rng))


def graph_generator(rng: object = None) -> Generator:
    """Return the generator from which a graph draws at every run.

    Args:
        rng: A ``bl.Generator``, which is returned as it is; or what ``host_generator`` takes, which gives the seed.

    Returns:
        The generator.

    Raises:
        ArgumentError: If it is none of these.

    Example:
        >>> graph_generator(7)
        Generator(7)
    """
    if isinstance(rng, Generator):
        return rng
    if rng is not None and not isinstance(rng, np.random.Generator):
        return Generator(_check_seed(rng))
    return Generator(int(host_generator(rng).integers(2**63)))


def _check_seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**64:
        raise ArgumentError(
            f"a seed is an integer from 0 to before 2**64; received {seed!r}",
            instead="write rng=0, or rng=numpy.random.default_rng(0)",
        )
    return int(seed)


class Seeded:
    """A scope in which everything that is built draws from one seed; made by ``seed``.

    Args:
        seed: Any integer from 0 to before 2⁶⁴.

    Example:
        >>> with Seeded(0):
        ...     first = host_generator().random()
        >>> with Seeded(0):
        ...     first == host_generator().random()
        True
    """

    def __init__(self, seed: int) -> None:
        self._seed = _check_seed(seed)
        self._tokens: list[Token[Any]] = []
        self._entered = False

    def __enter__(self) -> None:
        self._entered = True
        self._tokens.append(_CURRENT.set(np.random.default_rng(self._seed)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _CURRENT.reset(self._tokens.pop())

    def __del__(self) -> None:
        if not getattr(self, "_entered", True):
            warnings.warn(
                f"bl.seed({self._seed}) was called and not entered, so it seeded nothing; write `with bl.seed("
                f"{self._seed}):` around what is to be built",
                BacklitWarning,
                stacklevel=2,
            )


def seed(seed: int) -> Seeded:
    """Let everything that is built inside draw its initial values from one seed, in order.

    It is a scope and not a switch, so that no code elsewhere changes what a model starts from. A module that is given
    ``rng=`` of its own does not draw from it.

    Args:
        seed: Any integer from 0 to before 2⁶⁴; equal seeds give equal models.

    Returns:
        A context manager.

    Raises:
        ArgumentError: If the seed is not such an integer.

    Example:
        >>> import backlit as bl
        >>> with bl.seed(0):
        ...     one = bl.nn.Linear(3, 2)
        >>> with bl.seed(0):
        ...     two = bl.nn.Linear(3, 2)
        >>> bool((one.weight.value == two.weight.value).all())
        True
    """
    return Seeded(seed)
