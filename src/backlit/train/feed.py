"""Feeds: what ``fit`` and ``evaluate`` are given, brought to one form: epochs of batches in the model's data types.

A feed can start an epoch at any batch, so that a run that was interrupted goes on where it stopped.

This module imports NumPy, `backlit.data` and the errors; it knows nothing of the loop.
"""

from __future__ import annotations  # annotations must not load numpy.typing

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from backlit.data.dataset import Dataset
from backlit.data.stream import Stream
from backlit.data.validation import check_batch_size, check_count
from backlit.errors import ArgumentError, DataError
from backlit.graph.node import Array

__all__ = ["DatasetFeed", "Feed", "StreamFeed", "as_feed", "fitted"]

Batch = tuple[Array, ...]


class Feed(Protocol):
    """Where batches come from, epoch by epoch.

    Attributes:
        name: What the data is called in messages.
        rows: How many rows an epoch has; None where nobody knows.
        batches: How many batches an epoch has; None where nobody knows.
        batch_size: How many rows a batch has; None where the batches come ready made.
        shuffle: Whether the rows are put in another order each epoch.
        reuses: Whether the arrays of a batch may be filled again by whoever made them.
    """

    name: str
    rows: int | None
    batches: int | None
    batch_size: int | None
    shuffle: bool
    reuses: bool

    def epoch(self, number: int, start: int = 0) -> Iterable[Batch]:
        """Return the batches of an epoch.

        Args:
            number: The number of the epoch, from 0.
            start: The number of the first batch.

        Returns:
            Tuples of inputs, targets and perhaps weights.
        """
        ...


class DatasetFeed:
    """A data set, cut into batches.

    Args:
        data: The data set.
        batch_size: The rows of a batch.
        shuffle: Whether to put the rows in another order each epoch.
        seed: What the orders follow from.

    Raises:
        ArgumentError: If the batch is larger than the data, or a setting is no number.

    Example:
        >>> feed = DatasetFeed(Dataset(np.zeros((10, 2)), np.zeros(10)), 4, shuffle=False, seed=0)
        >>> feed.batches, [len(inputs) for inputs, targets in feed.epoch(0)]
        (3, [4, 4, 2])
    """

    reuses = False

    def __init__(self, data: Dataset, batch_size: int, *, shuffle: bool, seed: int) -> None:
        self.data = data
        self.name = data.name
        self.rows: int | None = len(data)
        self.batch_size: int | None = check_batch_size(batch_size, len(data), data.name)
        self.batches: int | None = -(-len(data) // self.batch_size)
        self.shuffle = shuffle
        self.seed = check_count(seed, "seed", 0)

    def epoch(self, number: int, start: int = 0) -> Iterable[Batch]:
        """Return the batches of an epoch, in an order that follows from the seed and its number."""
        size = self.batch_size or 1
        return self.data.batches(size, shuffle=self.shuffle, seed=self.seed, epoch=number, start=start)


class StreamFeed:
    """Batches that come ready made.

    Args:
        stream: Where they come from.

    Example:
        >>> feed = StreamFeed(Stream([(np.zeros((4, 2)), np.zeros(4))]))
        >>> feed.rows, [len(inputs) for inputs, targets in feed.epoch(0)]
        (None, [4])
    """

    rows: int | None = None
    batch_size: int | None = None
    shuffle = False
    reuses = True

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.name = stream.name
        length = getattr(stream.source, "__len__", None)
        self.batches: int | None = None if length is None else int(length())

    def epoch(self, number: int, start: int = 0) -> Iterable[Batch]:
        """Return the batches of an epoch."""
        return self.stream.batches(epoch=number, start=start)


def as_feed(
    data: object, batch_size: int, *, shuffle: bool, seed: int, name: str = "data", at_most: bool = False
) -> Feed:
    """Return a feed of whatever a user trains on.

    Args:
        data: A ``Dataset``; a tuple of arrays (inputs, targets) or (inputs, targets, weights); a ``Stream``; or any
            iterable of batches that can be gone through again.
        batch_size: The rows of a batch; batches that come ready made keep theirs.
        shuffle: Whether to put the rows of a data set in another order each epoch.
        seed: What the orders follow from.
        name: What arrays are called in messages.
        at_most: Whether a batch larger than the data means all of it, as where nothing is learned from the batches.

    Returns:
        The feed.

    Raises:
        DataError: If there is no data, no target, or a value that is not finite.
        ArgumentError: If the data is of another kind, or the batch is larger than the data.

    Example:
        >>> as_feed((np.zeros((10, 2)), np.zeros(10)), 4, shuffle=True, seed=0).rows
        10
    """
    if not isinstance(shuffle, (bool, np.bool_)):
        raise ArgumentError(f"shuffle is {shuffle!r}", instead="write shuffle=True or shuffle=False")
    if isinstance(data, tuple):
        if not 2 <= len(data) <= 3:
            raise DataError(
                f"the {name} is a tuple of {len(data)} parts",
                why="training needs inputs and targets, and may have weights",
                instead="pass (inputs, targets), or (inputs, targets, weights)",
            )
        data = Dataset(data[0], data[1], weights=data[2] if len(data) == 3 else None, name=name)
    if isinstance(data, Dataset):
        if len(data[0]) < 2:
            raise DataError(
                f"{data.name} has no targets",
                why="the loss compares what the model says with what it should say",
                instead="give the targets too; to reproduce the inputs, give them once more: Dataset(inputs, inputs)",
            )
        size = min(check_count(batch_size, "batch_size", 1), len(data)) if at_most else batch_size
        return DatasetFeed(data, size, shuffle=bool(shuffle), seed=seed)
    if isinstance(data, Stream):
        return StreamFeed(data)
    return StreamFeed(Stream(_batches_of(data, name), name=name))


def _batches_of(data: object, name: str) -> Iterable[Any] | Callable[..., Iterable[Any]]:
    """Return what gives batches, checked that it can give them once an epoch."""
    if isinstance(data, np.ndarray):
        raise DataError(
            f"the {name} is one array of shape {data.shape}",
            why="training needs inputs and targets",
            instead="pass a tuple (inputs, targets)",
        )
    if isinstance(data, dict) or not (isinstance(data, Iterable) or callable(data)):
        raise ArgumentError(
            f"the {name} is of type {type(data).__name__}",
            instead="pass a bl.data.Dataset, a tuple (inputs, targets), or an iterable of such batches",
        )
    if isinstance(data, Iterator):
        raise DataError(
            f"the {name} is a {type(data).__name__}, which can be gone through once",
            why="training goes through the data once an epoch",
            instead="pass a list, a loader, or bl.data.Stream(function) with the function that makes it",
        )
    if isinstance(data, list) and not data:
        raise DataError(f"the {name} is an empty list", why="there is nothing to learn from zero examples")
    return data


_ROLES = ("inputs", "targets", "weights")
_INT64 = np.dtype(np.int64)


def fitted(batch: Batch, dtype: np.dtype[np.floating], *, copy: bool = False) -> Batch:
    """Return a batch in the data types of a model: what can be measured as its floats, what is counted as int64.

    Floats, and the uint8 of pictures among the inputs, become floats of the model; labels and other integers become
    int64; weights and booleans become floats.

    Args:
        batch: Inputs, targets and perhaps weights.
        dtype: The float type of the model.
        copy: Whether to copy even what fits, because its maker may fill it again.

    Returns:
        The parts; those that fit are not copied.

    Raises:
        DataError: If there are no targets, or a value is too large for the float type.

    Example:
        >>> inputs, labels = fitted((np.zeros((2, 3), np.uint8), np.zeros(2, np.int32)), np.dtype("float32"))
        >>> inputs.dtype.name, labels.dtype.name
        ('float32', 'int64')
    """
    if len(batch) < 2:
        raise DataError(
            "a batch has no targets",
            why="the loss compares what the model says with what it should say",
            instead="let each batch be (inputs, targets)",
        )
    if (
        not copy
        and len(batch) == 2
        and batch[0].dtype is dtype
        and (batch[1].dtype is dtype or batch[1].dtype is _INT64)
    ):
        return batch  # the usual case, at every step
    parts = []
    for index, part in enumerate(batch):
        kind = part.dtype.kind
        counts = kind in "iu" and index < 2 and not (index == 0 and part.dtype == np.uint8)
        wanted = _INT64 if counts else dtype
        if part.dtype == wanted:
            parts.append(part.copy() if copy else part)
        else:
            parts.append(_converted(part, wanted, _ROLES[index]))
    return tuple(parts)


def _converted(part: Array, wanted: np.dtype[np.generic], role: str) -> Array:
    try:
        with np.errstate(over="raise"):
            return part.astype(wanted)
    except FloatingPointError:
        raise DataError(
            f"the {role} reach up to {np.abs(part).max():g}, which {wanted} cannot hold",
            why="the model computes in this float type",
            instead='scale the data down, or build the model inside bl.precision("float64")',
        ) from None
