"""What data must satisfy to be learned from, one check a function.

Each check returns nothing, or raises an error that names the values received and says what to write instead. Arrays in
memory are checked once, when the data set is made; what lies on disk is checked batch by batch, as it is read.

This module imports NumPy and `backlit.errors` alone.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import ArgumentError, DataError

__all__ = [
    "check_batch_size",
    "check_classes",
    "check_count",
    "check_finite",
    "check_image_shape",
    "check_kind",
    "check_labels",
    "check_lengths",
    "check_weights",
]

_BLOCK = 1 << 20  # numbers looked at in one go, so that checking a large array needs little memory


def check_kind(dtype: np.dtype[Any], label: str) -> None:
    """Check that a dtype holds booleans, integers or real floating-point numbers.

    Args:
        dtype: The dtype received.
        label: What has it: ``"inputs"``, ``"targets"`` or ``"weights"``.

    Raises:
        DataError: Where it holds text, objects, complex numbers, dates or records.

    Example:
        >>> check_kind(np.dtype("float32"), "inputs")
    """
    if dtype.kind in "biuf":
        return
    advice = {
        "O": ("an array of objects holds anything, often rows of different lengths", "make every row equally long"),
        "U": ("a net computes with numbers, not with text", 'number the classes, or convert with .astype("float32")'),
        "S": ("a net computes with numbers, not with text", 'number the classes, or convert with .astype("float32")'),
        "c": ("losses compare real numbers", "pass the real and imaginary parts as two columns"),
    }
    why, instead = advice.get(dtype.kind, ("a net computes with real numbers", 'convert with .astype("float32")'))
    raise DataError(f"the {label} are of dtype {dtype}", why=why, instead=instead)


def check_finite(array: NDArray[Any], label: str, numbers: NDArray[np.intp] | None = None) -> None:
    """Check that no value is NaN or infinite.

    Args:
        array: The values, of shape (rows, ...).
        label: What they are.
        numbers: For each row its number in the data set; `None` where the rows are counted from 0.

    Raises:
        DataError: With the place of the first such value, and how many there are.

    Example:
        >>> check_finite(np.array([[1.0, np.nan]]), "inputs")
        Traceback (most recent call last):
        backlit.errors.DataError: the inputs hold nan in row 0, column 1 (1 such value in all)
          why: one value that is not finite turns every weight it meets into NaN
          instead: drop the row or fill the gap, for example with np.nan_to_num
    """
    if array.dtype.kind != "f" or array.size == 0:
        return
    width = max(1, array.size // len(array))
    step = max(1, _BLOCK // width)
    bad = 0
    first: tuple[int, ...] | None = None
    for start in range(0, len(array), step):
        block = array[start : start + step]
        finite = np.isfinite(block)
        if finite.all():
            continue
        bad += int(block.size - np.count_nonzero(finite))
        if first is None:
            place = np.unravel_index(int(np.argmin(finite)), block.shape)
            first = (start + int(place[0]), *(int(part) for part in place[1:]))
    if first is None:
        return
    row = first[0] if numbers is None else int(numbers[first[0]])
    place_text = {0: "", 1: f", column {first[-1]}"}.get(len(first) - 1, f", at {first[1:]}")
    raise DataError(
        f"the {label} hold {array[first]} in row {row}{place_text} ({bad} such value{'s' if bad > 1 else ''} in all)",
        why="one value that is not finite turns every weight it meets into NaN",
        instead="drop the row or fill the gap, for example with np.nan_to_num",
    )


def check_lengths(lengths: dict[str, int]) -> None:
    """Check that inputs, targets and weights have as many rows.

    Args:
        lengths: The number of rows of each.

    Raises:
        DataError: With each length, where they differ.

    Example:
        >>> check_lengths({"inputs": 100, "targets": 100})
    """
    if len(set(lengths.values())) > 1:
        raise DataError(
            "the data set has " + ", ".join(f"{length} rows of {label}" for label, length in lengths.items()),
            why="row i of each belongs to example i",
            instead="check that no row was dropped from one and kept in another",
        )


def check_labels(
    labels: NDArray[Any],
    classes: Sequence[str],
    numbers: NDArray[np.intp] | None = None,
) -> None:
    """Check that labels are integers, each the number of a class.

    Args:
        labels: The labels, usually of shape (rows,).
        classes: The names of the classes.
        numbers: For each row its number in the data set; `None` where the rows are counted from 0.

    Raises:
        DataError: Where the labels are not integers, or one of them is no class.

    Example:
        >>> check_labels(np.array([0, 2, 1]), ["cat", "dog", "ship"])
        >>> check_labels(np.array([0, 3, 1]), ["cat", "dog", "ship"])
        Traceback (most recent call last):
        backlit.errors.DataError: the label in row 1 is 3, and there are 3 classes, 0 to 2
          why: a label is the number of a class, counted from 0
          instead: subtract 1 from labels that are counted from 1, or name more classes
    """
    if labels.dtype.kind not in "iu":
        raise DataError(
            f"the targets are of dtype {labels.dtype}, and the classes are {_shortened(classes)}",
            why="where there are classes, a target is the number of one of them",
            instead='convert with targets.astype("int64"), or leave out classes= for targets that are quantities',
        )
    wrong = (labels < 0) | (labels >= len(classes))
    if wrong.any():
        place = np.unravel_index(int(np.argmax(wrong)), labels.shape)
        row = int(place[0]) if numbers is None else int(numbers[place[0]])
        raise DataError(
            f"the label in row {row} is {labels[place]}, and there are {len(classes)} classes, 0 to {len(classes) - 1}",
            why="a label is the number of a class, counted from 0",
            instead="subtract 1 from labels that are counted from 1, or name more classes",
        )


def _shortened(classes: Sequence[str]) -> str:
    """Return the first few of many names."""
    shown = ", ".join(classes[:4])
    return shown if len(classes) <= 4 else f"{shown}, ... ({len(classes)} in all)"


def check_weights(weights: NDArray[Any], numbers: NDArray[np.intp] | None = None) -> None:
    """Check that the weights of examples are one finite number a row, none of them negative.

    Args:
        weights: The weights, of shape (rows,).
        numbers: For each row its number in the data set; `None` where the rows are counted from 0.

    Raises:
        DataError: Where a weight is negative, NaN or infinite, or the weights are not one a row.

    Example:
        >>> check_weights(np.array([1.0, -2.0]))
        Traceback (most recent call last):
        backlit.errors.DataError: the weight of row 1 is -2.0
          why: training would move away from that example
          instead: use weights of 0 and above; 0 leaves the example out
    """
    if weights.ndim != 1:
        raise DataError(
            f"the weights have shape {weights.shape}",
            why="each example has one weight",
            instead=f"pass an array of shape ({len(weights)},)",
        )
    check_finite(weights, "weights", numbers)
    if weights.dtype.kind != "b" and (weights < 0).any():
        place = int(np.argmax(weights < 0))
        raise DataError(
            f"the weight of row {place if numbers is None else int(numbers[place])} is {weights[place]}",
            why="training would move away from that example",
            instead="use weights of 0 and above; 0 leaves the example out",
        )
    if numbers is None and not weights.any():
        raise DataError(
            "every weight is 0",
            why="there is nothing to learn from examples that are all left out",
            instead="give a positive weight to the examples that count",
        )


def check_count(value: object, name: str, least: int) -> int:
    """Return a setting that counts something, checked to be a whole number and not too small.

    Args:
        value: What was received.
        name: The name of the setting.
        least: The smallest value allowed.

    Returns:
        The value as an `int`.

    Raises:
        ArgumentError: Where it is no whole number, or smaller than `least`, or too large for 64 bits.

    Example:
        >>> check_count(np.int64(3), "epoch", 0)
        3
    """
    if isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{name} is {value!r}", why=f"{name} counts something", instead=f"write {name}={least + 1}")
    try:
        count = operator.index(value)  # type: ignore[arg-type]  # the question is whether it can be an index
    except TypeError:
        raise ArgumentError(
            f"{name} is {value!r}, of type {type(value).__name__}",
            why=f"{name} must be a whole number",
            instead=f"write a whole number, such as {name}={least + 1}",
        ) from None
    if not least <= count < 1 << 63:
        raise ArgumentError(
            f"{name} is {count}",
            why=f"{name} must be at least {least}" if count < least else f"{name} must fit in 64 bits",
            instead=f"write for example {name}={least + 1}",
        )
    return count


def check_batch_size(batch_size: object, rows: int, name: str) -> int:
    """Return a batch size, checked to be a whole number of rows that the data set has.

    Args:
        batch_size: What was received.
        rows: How many rows there are.
        name: The name of the data set.

    Returns:
        The batch size as an `int`.

    Raises:
        ArgumentError: Where it is no whole number, below 1, or larger than the data.

    Example:
        >>> check_batch_size(64, 50, "data")
        Traceback (most recent call last):
        backlit.errors.ArgumentError: the batch size is 64, and data has 50 rows
          why: not one batch could be filled
          instead: write batch_size=50 for all of the data at once, or a smaller number
    """
    size = check_count(batch_size, "batch_size", 1)
    if size > rows:
        raise ArgumentError(
            f"the batch size is {size}, and {name} has {rows} row{'s' if rows > 1 else ''}",
            why="not one batch could be filled",
            instead=f"write batch_size={rows} for all of the data at once, or a smaller number",
        )
    return size


def check_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the names of classes, checked to be at least one, each a text, no two alike.

    Args:
        classes: What was received.

    Returns:
        The names as a tuple.

    Raises:
        ArgumentError: Where they are not.

    Example:
        >>> check_classes(["cat", "dog"])
        ('cat', 'dog')
    """
    names = () if isinstance(classes, str) else tuple(classes)
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ArgumentError(
            f"classes is {classes!r}",
            why="the classes are at least one name, each a text, no two alike",
            instead='write for example classes=("cat", "dog")',
        )
    return names


def check_image_shape(image_shape: Sequence[int], row_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a picture, checked against the number of values in one row of the inputs.

    Args:
        image_shape: What was received: (height, width) or (height, width, channels).
        row_shape: The shape of one row.

    Returns:
        The shape as a tuple.

    Raises:
        ArgumentError: Where it is no shape of a picture, or has another number of values.

    Example:
        >>> check_image_shape([28, 28], (784,))
        (28, 28)
    """
    shape = tuple(image_shape) if isinstance(image_shape, Sequence) else ()
    if len(shape) not in (2, 3) or not all(isinstance(side, (int, np.integer)) and side > 0 for side in shape):
        raise ArgumentError(
            f"image_shape is {image_shape!r}",
            why="a picture has a height and a width, and channels where it is in colour",
            instead="write image_shape=(height, width) or image_shape=(height, width, channels)",
        )
    values = int(np.prod(row_shape))
    if int(np.prod(shape)) != values:
        raise ArgumentError(
            f"image_shape is {image_shape!r}, {int(np.prod(shape))} values, and one row of the inputs has {values}",
            why="every value of a row is a pixel of its picture",
            instead="write the height and the width of the pictures as they were before they were flattened",
        )
    return tuple(int(side) for side in shape)
