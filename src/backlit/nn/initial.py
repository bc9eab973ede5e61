"""Making the parameters of a layer: the one place where an initialiser meets a shape.

A description read from a file says how large a model is before anything of it exists; ``allowance`` bounds what such a
description may ask for. This module knows no module.
"""

from __future__ import annotations  # np.random is costly to import, and annotations must not do it

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar

import numpy as np

from backlit.errors import ArgumentError, ShapeError
from backlit.graph.leaves import Parameter, parameter
from backlit.nn.initialisers import Initialiser
from backlit.nn.seeding import host_generator

__all__ = ["allowance", "initial_parameter"]

_REST: ContextVar[list[int] | None] = ContextVar("allowance", default=None)


@contextlib.contextmanager
def allowance(elements: int | None) -> Iterator[None]:
    """Bound how many elements the parameters made inside may have together.

    Args:
        elements: The most elements; None for any number.

    Yields:
        Nothing.

    Example:
        >>> from backlit.nn.initialisers import Zeros
        >>> with allowance(10):
        ...     initial_parameter(Zeros(), (3, 3), "weight").shape
        (3, 3)
    """
    token = _REST.set(None if elements is None else [elements])
    try:
        yield
    finally:
        _REST.reset(token)


def initial_parameter(
    initialiser: Initialiser, shape: tuple[int, ...], name: str, rng: object = None, *, trainable: bool = True
) -> Parameter:
    """Make a parameter and give it its initial value.

    Args:
        initialiser: A function ``(shape, rng) -> array``.
        shape: The length of each axis.
        name: What to call it until a model gives it its place.
        rng: What ``host_generator`` takes.
        trainable: Whether optimisers may change it.

    Returns:
        The parameter, of the float type of ``precision``.

    Raises:
        ArgumentError: If the initialiser cannot be called, its values are not finite, or an ``allowance`` is used up.
        ShapeError: If it gives another shape.

    Example:
        >>> from backlit.nn.initialisers import Ones
        >>> initial_parameter(Ones(), (2,), "scale").value.tolist()
        [1.0, 1.0]
    """
    if not callable(initialiser) or isinstance(initialiser, type):
        raise ArgumentError(
            f"an initialiser is a function (shape, rng) -> array; received {initialiser!r}",
            instead="write bl.nn.HeNormal(), with the parentheses",
        )
    _spend(shape, name)
    with np.errstate(over="ignore"):  # what overflows is said below, in words
        value = np.asarray(initialiser(shape, host_generator(rng)))
    if value.shape != shape:
        raise ShapeError(f"{initialiser!r} gave a value of shape {list(value.shape)} for {name!r} of {list(shape)}")
    if value.dtype.kind != "f" or not np.isfinite(value).all():
        raise ArgumentError(
            f"{initialiser!r} gave {name!r} values that are not finite floats", why="nothing can be learned from them"
        )
    return parameter(value, name, trainable=trainable)


def _spend(shape: tuple[int, ...], name: str) -> None:
    rest = _REST.get()
    if rest is None:
        return
    rest[0] -= math.prod(shape)
    if rest[0] < 0:
        raise ArgumentError(
            f"the parameter {name!r} of shape {list(shape)} is {-rest[0]:,} elements more than there may be",
            why="a description may not ask for more than its file holds",
        )
