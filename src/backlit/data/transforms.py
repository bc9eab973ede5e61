"""Transforms: what is done to the inputs of a batch when it is read.

A transform is any function of a batch and a random generator. Each batch has a generator of its own, which follows from
the seed, the number of the epoch and the number of the batch: so every epoch sees other pictures, and a resumed run
sees the same ones.

This module imports NumPy, `backlit.errors` and the checks beside it.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backlit.data.validation import check_finite
from backlit.errors import ArgumentError, DataError

__all__ = ["Transform", "apply_transforms", "batch_generator", "check_transform", "transform_name"]

Transform: TypeAlias = "Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]"


def transform_name(transform: Transform) -> str:
    """Return what a transform is called in messages: a function's name, or how an object prints itself.

    Args:
        transform: The transform.

    Returns:
        The name.

    Example:
        >>> transform_name(batch_generator)
        'batch_generator'
    """
    name = getattr(transform, "__name__", None)
    return name if isinstance(name, str) else repr(transform)


def check_transform(transform: Transform) -> Transform:
    """Return a transform, checked that it can be called.

    Args:
        transform: What was received.

    Returns:
        The transform.

    Raises:
        ArgumentError: Where it cannot be called.

    Example:
        >>> check_transform(batch_generator) is batch_generator
        True
    """
    if not callable(transform):
        raise ArgumentError(
            f"the transform is {transform!r}",
            why="a transform is a function of a batch of inputs and a random generator",
            instead="write for example data.map(lambda inputs, rng: inputs * 2)",
        )
    return transform


def batch_generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Return the random generator that belongs to one batch.

    Args:
        seed: The seed of the run, at least 0.
        epoch: The number of the epoch, at least 0.
        index: The number of the batch in its epoch, at least 0.

    Returns:
        A generator whose stream no other batch shares.

    Example:
        >>> batch_generator(0, 0, 3).random() == batch_generator(0, 0, 3).random()
        True
    """
    # The counter starts far from 0, where the words that shuffle the epoch come from.
    return np.random.Generator(np.random.Philox(key=[seed, epoch], counter=[0, 0, index, 1]))


def apply_transforms(
    inputs: NDArray[Any], transforms: tuple[Transform, ...], generator: np.random.Generator
) -> NDArray[Any]:
    """Return a batch of inputs after its transforms, each checked to give one finite row for each row.

    Args:
        inputs: The batch, of shape (rows, ...).
        transforms: What to apply, in order.
        generator: The random numbers of this batch, which the transforms draw from in turn.

    Returns:
        The transformed batch, contiguous, of shape (rows, ...).

    Raises:
        DataError: Where a transform returns no array, another number of rows, or NaN or infinity.

    Example:
        >>> apply_transforms(np.ones((2, 1)), (lambda inputs, rng: inputs + 1,), batch_generator(0, 0, 0))
        array([[2.],
               [2.]])
    """
    for transform in transforms:
        name = transform_name(transform)
        result: object = transform(inputs, generator)
        usable = isinstance(result, np.ndarray) and result.dtype.kind in "biuf" and result.shape[:1] == inputs.shape[:1]
        if not isinstance(result, np.ndarray) or not usable:
            received = f"an object of type {type(result).__name__}"
            if isinstance(result, np.ndarray):
                received = f"an array of shape {result.shape} and dtype {result.dtype}"
            raise DataError(
                f"the transform {name} was given {inputs.shape[0]} rows and returned {received}",
                why="a transform gives one row of numbers for each row it gets",
                instead="return an array with the same first axis",
            )
        inputs = np.ascontiguousarray(result)
        check_finite(inputs, f"inputs after the transform {name}")
    return inputs
