"""Batches: the rows of a data set, a few at a time, in an order that can be found again.

The order of an epoch, and the random numbers of each of its batches, follow from the seed, the number of the epoch and
the number of the batch, and from nothing else. So training that was interrupted goes on at any batch as if it had never
stopped.

The orders come from the raw 64-bit words of Philox (Salmon, Moraes, Dror and Shaw, 2011), a counter-based generator
whose stream NumPy promises to keep; the convenience methods of `np.random.Generator` carry no such promise.

This module imports NumPy, `backlit.errors` and the modules beside it; it knows nothing of training.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.rows import Column, Selection
from backlit.data.transforms import Transform, apply_transforms, batch_generator
from backlit.data.validation import check_batch_size, check_count
from backlit.errors import ArgumentError

__all__ = ["Batches", "shuffled_order"]


def shuffled_order(count: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """Return the numbers from 0 to count − 1 in an order that depends on the seed and the epoch alone.

    The order sorts `count` random 64-bit words by size, so that every order is as likely as any other.

    Args:
        count: How many rows there are.
        seed: The seed of the run, at least 0.
        epoch: The number of the epoch, at least 0.

    Returns:
        An array of shape (count,) in which each number occurs once.

    Example:
        >>> shuffled_order(5, seed=0, epoch=0)
        array([0, 2, 1, 4, 3])
    """
    words = np.random.Philox(key=[seed, epoch]).random_raw(count)
    return np.argsort(words, kind="stable")


@dataclass(frozen=True, eq=False, repr=False)
class Batches:
    """One epoch of a data set, cut into batches: sized, and iterable as often as wanted.

    Each batch is a tuple of contiguous arrays: the inputs, then the targets where there are any, then the weights where
    there are any. Nothing is copied but the batch that is being read. `Dataset.batches` makes these; there is no need
    to do so by hand.

    Args:
        columns: The inputs, and the targets and weights where there are any.
        selected: The numbers of the rows to use; `None` for all of them.
        count: How many rows there are to use.
        batch_size: The number of rows in a batch; the last one holds what is left over.
        shuffle: Whether the rows are put in a random order.
        seed: What the order, and the random numbers of the transforms, follow from.
        epoch: The number of this epoch: each has an order of its own.
        drop_last: Whether to leave out a last batch that is not full.
        start: The number of the first batch to read; 0 unless an epoch is being resumed.
        transforms: What is applied to the inputs of each batch.
        name: What the data set is called in messages.

    Raises:
        ArgumentError: Where a setting is no whole number, or outside what is possible.

    Example:
        >>> column = Column("inputs", np.arange(5.0))
        >>> batches = Batches((column,), None, 5, batch_size=2)
        >>> len(batches)
        3
        >>> [batch[0].tolist() for batch in batches]
        [[0.0, 1.0], [2.0, 3.0], [4.0]]
    """

    columns: tuple[Column, ...]
    selected: NDArray[np.intp] | None
    count: int
    batch_size: int
    shuffle: bool = False
    seed: int = 0
    epoch: int = 0
    drop_last: bool = False
    start: int = 0
    transforms: tuple[Transform, ...] = ()
    name: str = "data"

    def __post_init__(self) -> None:
        """Check the settings, and keep them as plain integers."""
        object.__setattr__(self, "batch_size", check_batch_size(self.batch_size, self.count, self.name))
        for setting in ("seed", "epoch", "start"):
            object.__setattr__(self, setting, check_count(getattr(self, setting), setting, 0))
        for setting in ("shuffle", "drop_last"):
            if not isinstance(getattr(self, setting), (bool, np.bool_)):
                raise ArgumentError(
                    f"{setting} is {getattr(self, setting)!r}",
                    why=f"{setting} is either on or off",
                    instead=f"write {setting}=True or {setting}=False",
                )
        if self.start > self.in_epoch:
            raise ArgumentError(
                f"the first batch asked for is {self.start}, and the epoch has {self.in_epoch} batches",
                why="an epoch is resumed at a batch that it has, or at its end",
                instead=f"write start={self.in_epoch} or less",
            )

    @property
    def in_epoch(self) -> int:
        """Return how many batches the whole epoch has, those before `start` included.

        Example:
            >>> Batches((Column("inputs", np.arange(5.0)),), None, 5, batch_size=2, start=1).in_epoch
            3
        """
        full, left_over = divmod(self.count, self.batch_size)
        return full + (left_over > 0 and not self.drop_last)

    @property
    def order(self) -> NDArray[np.intp]:
        """Return the numbers of the rows in the order in which this epoch reads them, from its first batch on.

        Example:
            >>> Batches((Column("inputs", np.arange(5.0)),), None, 5, batch_size=2, shuffle=True).order
            array([0, 2, 1, 4, 3])
        """
        places = shuffled_order(self.count, self.seed, self.epoch) if self.shuffle else np.arange(self.count)
        return places if self.selected is None else self.selected[places]

    def __repr__(self) -> str:
        shuffled = ", shuffled" if self.shuffle else ""
        return f"<{len(self)} batches of {self.batch_size} of {self.count:,} rows of {self.name!r}{shuffled}>"

    def __len__(self) -> int:
        return self.in_epoch - self.start

    def __iter__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        order = self.order if self.shuffle else self.selected
        for index in range(self.start, self.in_epoch):
            first = index * self.batch_size
            rows = slice(first, min(first + self.batch_size, self.count))
            selection: Selection = rows if order is None else order[rows]
            inputs, *others = (column.read(selection) for column in self.columns)
            if self.transforms:
                generator = batch_generator(self.seed, self.epoch, index)
                inputs = apply_transforms(inputs, self.transforms, generator)
            yield (inputs, *others)
