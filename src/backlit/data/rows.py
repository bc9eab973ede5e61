"""Rows: anything that data can be read from, a few rows at a time.

An array in memory, a memory map of a file, and a folder of images look the same from here: each has a shape, a dtype
and a length, and gives the rows asked for as an array. A `Column` is one such source together with the checks that its
rows still need.

This module imports NumPy, `backlit.errors` and the checks beside it; it knows nothing of data sets or batches.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from backlit.data.validation import check_kind
from backlit.errors import ArgumentError, DataError, IndexRangeError

__all__ = ["Column", "Rows", "Selection", "as_rows", "lies_on_disk", "row_numbers"]

Selection: TypeAlias = "slice | NDArray[np.intp]"


@runtime_checkable
class Rows(Protocol):
    """What data can be read from: an array, a memory map, or any object that answers to these four.

    The first axis runs over the rows. `NDArray` satisfies it; so does what `from_folder` reads images with.

    Example:
        >>> isinstance(np.zeros((3, 2)), Rows)
        True
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the number of rows, then the shape of one row."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of the numbers."""

    def __len__(self) -> int: ...

    def __getitem__(self, selection: Any, /) -> Any: ...


def lies_on_disk(rows: Rows) -> bool:
    """Return whether rows are read from a file when they are asked for, instead of lying in memory.

    Args:
        rows: The rows.

    Returns:
        True for memory maps (and views of them) and for rows that are not an array at all.

    Example:
        >>> lies_on_disk(np.zeros(3))
        False
    """
    base: object = rows
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return not isinstance(rows, np.ndarray)


def as_rows(value: object, label: str) -> Rows:
    """Return a user's value as rows of numbers, without copying what is an array already.

    Args:
        value: An array, a memory map, rows of another kind, or a (nested) list of numbers.
        label: What the value is called in messages: ``"inputs"``, ``"targets"`` or ``"weights"``.

    Returns:
        The rows, of at least one axis and of a boolean, integer or floating dtype.

    Raises:
        DataError: Where the value holds no rows, holds anything but real numbers, or is a ragged list.

    Example:
        >>> as_rows([[1.0, 2.0], [3.0, 4.0]], "inputs").shape
        (2, 2)
    """
    rows: Rows
    if isinstance(value, np.ndarray) or (isinstance(value, Rows) and not hasattr(value, "__array__")):
        rows = value
    elif isinstance(value, (list, tuple, range)) or hasattr(value, "__array__"):
        rows = _converted(value, label)
    else:
        raise DataError(
            f"the {label} are of type {type(value).__name__}",
            why="a data set is made of arrays",
            instead="pass a NumPy array; for an iterable of batches write bl.data.Stream(...)",
        )
    check_kind(rows.dtype, label)
    if len(rows.shape) == 0:
        raise DataError(
            f"the {label} are a single number",
            why="the first axis of the data runs over the examples",
            instead="pass an array of shape (examples, ...)",
        )
    if rows.shape[0] == 0:
        raise DataError(
            f"the {label} are empty: their shape is {rows.shape}",
            why="there is nothing to learn from zero examples",
            instead="check the path or the filter that the data came through",
        )
    return rows


def _converted(value: Any, label: str) -> NDArray[Any]:
    """Return a list, or another library's array, as a NumPy array."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(
            f"the {label} do not form an array: {error}",
            why="every example must have the same shape",
            instead="pad or cut the rows to one length",
        ) from error


@dataclass(frozen=True, eq=False)
class Column:
    """One part of a data set (its inputs, its targets or its weights), and how a batch of it is read.

    Args:
        label: What it is called in messages.
        rows: Where it is read from.
        check: What each batch has to pass when it is read, given the batch and the numbers of its rows; `None` where
            all the rows were checked when the data set was made.

    Example:
        >>> Column("inputs", np.arange(6.0).reshape(3, 2)).read(slice(0, 2))
        array([[0., 1.],
               [2., 3.]])
    """

    label: str
    rows: Rows
    check: Callable[[NDArray[Any], NDArray[np.intp]], None] | None = None

    def read(self, selection: Selection) -> NDArray[Any]:
        """Return the selected rows as a contiguous array that cannot be written to.

        Read-only, because a slice of an array in memory is not copied: who wrote to the batch would change the data.

        Args:
            selection: A slice, or an array with the numbers of the rows.

        Returns:
            An array of shape (rows selected, ...).

        Raises:
            DataError: Where the rows had not been checked before and do not pass.

        Example:
            >>> Column("inputs", np.zeros((3, 2))).read(slice(0, 2)).flags.writeable
            False
        """
        batch = np.ascontiguousarray(self.rows[selection]).view()
        if lies_on_disk(batch):
            batch = np.array(batch, subok=False)  # read it once, here, and not again at every use
        if not batch.dtype.isnative:
            batch = batch.astype(batch.dtype.newbyteorder("="))
        if self.check is not None:
            # Only the numbers of these rows: those of all would take more memory than many a batch.
            chosen = np.arange(*selection.indices(len(self.rows))) if isinstance(selection, slice) else selection
            self.check(batch, chosen)
        batch.flags.writeable = False
        return batch


def row_numbers(index: NDArray[Any], count: int, name: str) -> NDArray[np.intp]:
    """Return an index as row numbers from 0: integers (negative ones from the end), or a condition for each row.

    Args:
        index: Integers of shape (rows chosen,), or booleans of shape (count,).
        count: How many rows there are.
        name: What has them, for messages.

    Returns:
        The numbers of the rows chosen, none below 0.

    Raises:
        ArgumentError: Where the index is neither.
        IndexRangeError: Where there is no such row.

    Example:
        >>> row_numbers(np.array([0, -1]), 5, "data")
        array([0, 4])
    """
    if index.dtype.kind == "b" and index.shape == (count,):
        return np.flatnonzero(index)
    if index.ndim != 1 or (index.dtype.kind not in "iu" and index.size):
        raise ArgumentError(
            f"{name} was indexed with an array of shape {index.shape} and dtype {index.dtype}",
            why="rows are chosen by number, or by one condition a row",
            instead=f"write a slice, a list of integers, or a boolean array of shape ({count},)",
        )
    numbers = index.astype(np.intp)
    outside = (numbers < -count) | (numbers >= count)
    if outside.any():
        raise IndexRangeError(
            f"row {int(numbers[outside][0])} was asked for, and {name} has {count} rows",
            why=f"rows are numbered from 0 to {count - 1}",
            instead="choose rows with range(len(data)) in mind",
        )
    return np.where(numbers < 0, numbers + count, numbers)
