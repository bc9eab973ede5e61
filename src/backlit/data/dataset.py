"""A data set: inputs, and the targets and weights that belong to them.

A `Dataset` refers to arrays, and copies none of them; so it may be a memory map larger than the machine's memory. A
part of a data set (a slice, a choice of rows, a split, a transformed one) is a data set again and shares its arrays.

This module imports NumPy, `backlit.errors` and the modules beside it; it knows nothing of training.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import copy
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from backlit.data.batches import Batches, shuffled_order
from backlit.data.rows import Column, Rows, as_rows, lies_on_disk, row_numbers
from backlit.data.transforms import Transform, apply_transforms, batch_generator, check_transform, transform_name
from backlit.data.validation import (
    check_classes,
    check_count,
    check_finite,
    check_image_shape,
    check_labels,
    check_lengths,
    check_weights,
)
from backlit.errors import ArgumentError, DataError

__all__ = ["Dataset"]


class Dataset:
    """Inputs with the targets and weights that belong to them, to be read batch by batch.

    Arrays in memory are checked once, here; memory maps and images are checked batch by batch, as they are read.

    Args:
        inputs: What the net sees, of shape (rows, ...): an array, a memory map, or rows of another kind. Its dtype is
            kept.
        targets: What the net should say, of shape (rows, ...); `None` where there is nothing to say.
        weights: How much each row counts, of shape (rows,), none below 0; `None` where all count alike.
        classes: The names of the classes. Targets must then be integers, each the number of a class.
        image_shape: The shape in which one row of the inputs is a picture: (height, width) or (height, width,
            channels).
        name: What the data set is called in messages.
        transform: What is applied to the inputs of each batch, as `map` does it.

    Raises:
        DataError: Where the data is empty, ragged, not numbers, not finite, of different lengths, or labels are no
            classes.
        ArgumentError: Where the class names or the image shape do not fit.

    Example:
        >>> data = Dataset(np.zeros((6, 2), np.float32), np.array([0, 1, 0, 1, 0, 1]), classes=("cat", "dog"))
        >>> data
        Dataset 'data': 6 rows, inputs (2,) float32, targets int64, 2 classes: cat, dog
        >>> for inputs, targets in data.batches(4):
        ...     print(inputs.shape, targets)
        (4, 2) [0 1 0 1]
        (2, 2) [0 1]
    """

    __slots__ = ("_columns", "_selected", "_transforms", "classes", "image_shape", "name")

    def __init__(
        self,
        inputs: object,
        targets: object = None,
        *,
        weights: object = None,
        classes: Sequence[str] | None = None,
        image_shape: Sequence[int] | None = None,
        name: str = "data",
        transform: Transform | None = None,
    ) -> None:
        self.name = name
        self.classes = None if classes is None else check_classes(classes)
        if targets is None and (classes is not None or weights is not None):
            raise ArgumentError(
                f"{'classes' if classes is not None else 'weights'} were given, and no targets",
                why="classes are what targets name, and weights say how much each target counts",
                instead="pass the targets as the second argument (the inputs once more, to reproduce them)",
            )
        rows = {"inputs": as_rows(inputs, "inputs")}
        if targets is not None:
            rows["targets"] = as_rows(targets, "targets")
        if weights is not None:
            rows["weights"] = as_rows(weights, "weights")
        check_lengths({label: len(part) for label, part in rows.items()})
        self._columns = tuple(_checked_column(label, part, self.classes) for label, part in rows.items())
        self._selected: NDArray[np.intp] | None = None
        self.image_shape = None if image_shape is None else check_image_shape(image_shape, rows["inputs"].shape[1:])
        self._transforms: tuple[Transform, ...] = () if transform is None else (check_transform(transform),)

    def __len__(self) -> int:
        return len(self._columns[0].rows) if self._selected is None else len(self._selected)

    def __repr__(self) -> str:
        parts = [f"{len(self):,} row{'s' if len(self) > 1 else ''}"]
        for column in self._columns:
            shape = f" {column.rows.shape[1:]}" if len(column.rows.shape) > 1 else ""
            parts.append(f"{column.label}{shape} {column.rows.dtype}")
        if self.classes is not None:
            names = ", ".join(self.classes) if len(self.classes) <= 12 else ", ".join(self.classes[:10]) + ", ..."
            parts.append(f"{len(self.classes)} classes: {names}")
        if self._transforms:
            parts.append("transformed by " + ", ".join(transform_name(each) for each in self._transforms))
        return f"Dataset {self.name!r}: " + ", ".join(parts)

    # ------------------------------------------------------------------------------------------------ the parts of it

    @property
    def inputs(self) -> Any:
        """Return the inputs of all rows, untransformed: the array itself, or a copy where some of its rows were chosen.

        Example:
            >>> Dataset(np.array([[1.0], [2.0]])).inputs
            array([[1.],
                   [2.]])
        """
        return self._rows_of("inputs")

    @property
    def targets(self) -> Any:
        """Return the targets of all rows, or `None` where there are none.

        Example:
            >>> Dataset(np.zeros((2, 1)), np.array([3.0, 4.0])).targets
            array([3., 4.])
        """
        return self._rows_of("targets")

    @property
    def weights(self) -> Any:
        """Return the weights of all rows, or `None` where there are none.

        Example:
            >>> Dataset(np.zeros((2, 1)), np.zeros(2), weights=np.array([1.0, 0.5])).weights
            array([1. , 0.5])
        """
        return self._rows_of("weights")

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """Return what is applied to the inputs of each batch, in order.

        Example:
            >>> Dataset(np.zeros((2, 1))).transforms
            ()
        """
        return self._transforms

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one row of the inputs, as it comes out of the transforms.

        Example:
            >>> Dataset(np.zeros((5, 784))).input_shape
            (784,)
        """
        return self._first_inputs().shape[1:]

    @property
    def input_dtype(self) -> np.dtype[Any]:
        """Return the dtype of the inputs, as they come out of the transforms.

        Example:
            >>> Dataset(np.zeros((5, 784))).input_dtype
            dtype('float64')
        """
        return self._first_inputs().dtype

    # ------------------------------------------------------------------------------------------------ choosing rows

    @overload
    def __getitem__(self, index: int) -> tuple[Any, ...]: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> Dataset: ...

    def __getitem__(self, index: int | slice | Sequence[int] | NDArray[Any]) -> tuple[Any, ...] | Dataset:
        """Return one row as a tuple for an integer, or a data set of some of the rows for anything else."""
        if isinstance(index, slice):
            selected = np.arange(*index.indices(len(self)), dtype=np.intp)
            if self._selected is None and all(isinstance(column.rows, np.ndarray) for column in self._columns):
                columns = tuple(Column(each.label, each.rows[index], each.check) for each in self._columns)
                return self._part(selected, columns)
            return self._part(selected)
        if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
            row = int(row_numbers(np.array([index]), len(self), self.name)[0])
            return tuple(column.read(self._numbers(np.array([row])))[0] for column in self._columns)
        return self._part(row_numbers(np.asarray(index), len(self), self.name))

    def split(self, fraction: float, *, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Return two data sets that share the rows out at random: one to learn from, and one to test on.

        Args:
            fraction: The share of the rows that the first one gets, between 0 and 1.
            seed: What the choice follows from.

        Returns:
            Two data sets; within each, the rows keep their order. No array is copied.

        Raises:
            ArgumentError: Where the fraction leaves one of the two without rows.

        Example:
            >>> first, second = Dataset(np.zeros((10, 1))).split(0.8)
            >>> len(first), len(second)
            (8, 2)
        """
        size = round(len(self) * fraction) if isinstance(fraction, (int, float)) and 0 < fraction < 1 else 0
        if not 0 < size < len(self):
            raise ArgumentError(
                f"the fraction is {fraction!r}, and {self.name} has {len(self)} rows",
                why="both parts need at least one row",
                instead="write a number between 0 and 1, such as split(0.8)",
            )
        order = shuffled_order(len(self), check_count(seed, "seed", 0), 0)
        return self._part(np.sort(order[:size])), self._part(np.sort(order[size:]))

    # ------------------------------------------------------------------------------------------------ reading batches

    def map(self, transform: Transform) -> Dataset:
        """Return this data set with a transform that is applied to the inputs of each batch when it is read.

        The random numbers that the transform is given follow from the seed, the epoch and the number of the batch, so
        that every epoch sees other pictures, and a resumed run sees the same ones.

        Args:
            transform: A function of a batch of inputs (read-only) and a `np.random.Generator` that returns the batch
                transformed.

        Returns:
            A data set that shares the arrays of this one.

        Raises:
            ArgumentError: Where the transform cannot be called.

        Example:
            >>> brighter = Dataset(np.ones((2, 1))).map(lambda inputs, rng: inputs * 2)
            >>> next(iter(brighter.batches(2)))[0]
            array([[2.],
                   [2.]])
        """
        part = copy.copy(self)
        part._transforms = (*self._transforms, check_transform(transform))
        return part

    def batches(
        self,
        batch_size: int,
        *,
        shuffle: bool = False,
        seed: int = 0,
        epoch: int = 0,
        drop_last: bool = False,
        start: int = 0,
    ) -> Batches:
        """Return one epoch of this data set in batches.

        A batch is `(inputs,)`, `(inputs, targets)` or `(inputs, targets, weights)`, after what the data set holds.

        Args:
            batch_size: The number of rows in a batch; the last one holds what is left over.
            shuffle: Whether the rows are put in a random order, another one for each epoch.
            seed: What the orders, and the random numbers of the transforms, follow from.
            epoch: The number of this epoch.
            drop_last: Whether to leave out a last batch that is not full.
            start: The number of the first batch to read, to resume an epoch.

        Returns:
            Batches, sized, and iterable as often as wanted.

        Raises:
            ArgumentError: Where a setting is outside what is possible, such as a batch larger than the data.

        Example:
            >>> data = Dataset(np.arange(6.0))
            >>> [batch.tolist() for (batch,) in data.batches(4, shuffle=True, seed=0)]
            [[0.0, 2.0, 1.0, 5.0], [4.0, 3.0]]
            >>> [batch.tolist() for (batch,) in data.batches(4, shuffle=True, seed=0, start=1)]
            [[4.0, 3.0]]
        """
        return Batches(
            self._columns,
            self._selected,
            len(self),
            batch_size,
            shuffle=shuffle,
            seed=seed,
            epoch=epoch,
            drop_last=drop_last,
            start=start,
            transforms=self._transforms,
            name=self.name,
        )

    # ------------------------------------------------------------------------------------------------ inside

    def _part(self, selected: NDArray[np.intp], columns: tuple[Column, ...] | None = None) -> Dataset:
        """Return the data set of some rows: those of `columns` where they were cut out already, else those selected."""
        if len(selected) == 0:
            raise DataError(
                f"the rows chosen from {self.name} are none of its {len(self)}",
                why="there is nothing to learn from zero examples",
                instead="check the slice or the condition that chooses the rows",
            )
        part = copy.copy(self)
        if columns is not None:
            part._columns = columns
        else:
            part._selected = self._numbers(selected)
        return part

    def _numbers(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the numbers that some of this data set's rows have in its columns."""
        return rows if self._selected is None else self._selected[rows]

    def _rows_of(self, label: str) -> Any:
        """Return all rows of a column, or `None` where there is no such column."""
        for column in self._columns:
            if column.label == label:
                return column.rows if self._selected is None else column.rows[self._selected]
        return None

    def _first_inputs(self) -> NDArray[Any]:
        """Return the first row as a batch of one, transformed."""
        inputs = self._columns[0].read(self._numbers(np.array([0])))
        return apply_transforms(inputs, self._transforms, batch_generator(0, 0, 0)) if self._transforms else inputs


def _checked_column(label: str, rows: Rows, classes: tuple[str, ...] | None) -> Column:
    """Return rows that are in memory checked, and rows on disk with the check that each batch has to pass."""
    check: Callable[[NDArray[Any], NDArray[np.intp] | None], None]
    if label == "weights":
        check = check_weights
    elif label == "targets" and classes is not None:

        def check(batch: NDArray[Any], numbers: NDArray[np.intp] | None = None) -> None:
            check_labels(batch, classes, numbers)
    else:

        def check(batch: NDArray[Any], numbers: NDArray[np.intp] | None = None) -> None:
            check_finite(batch, label, numbers)

    if lies_on_disk(rows):
        return Column(label, rows, check)
    check(np.asarray(rows), None)
    return Column(label, rows)
