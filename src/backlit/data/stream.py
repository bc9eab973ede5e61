"""Streams: batches that come from anything which can be gone through again.

Where a `Dataset` knows its rows, a `Stream` knows only its batches: those of another library's loader, of a simulation,
of a queue. It checks each batch as it comes.

This module imports NumPy, `backlit.errors` and the modules beside it; it knows nothing of training.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.rows import as_rows
from backlit.data.validation import check_classes, check_count, check_finite, check_labels, check_lengths, check_weights
from backlit.errors import ArgumentError, DataError

__all__ = ["Stream", "StreamBatches"]

_LABELS = ("inputs", "targets", "weights")


class Stream:
    """Batches from an iterable: each one `inputs`, `(inputs,)`, `(inputs, targets)` or `(inputs, targets, weights)`.

    Training goes through the data once an epoch, so the source must be one that can be gone through again: a list, a
    loader, or a function that returns a fresh iterator. A generator gives one epoch, and an error that says so at the
    second.

    Args:
        source: The iterable, or a function that returns one. The function is called once an epoch; it is given the
            number of the epoch if it takes an argument.
        classes: The names of the classes; targets must then be integers, each the number of a class.
        name: What the stream is called in messages.

    Raises:
        ArgumentError: Where the source is neither an iterable nor such a function.

    Example:
        >>> def doubles(epoch):
        ...     for start in range(2):
        ...         x = np.arange(3.0) + start + 10 * epoch
        ...         yield x, 2 * x
        >>> for inputs, targets in Stream(doubles).batches(epoch=1):
        ...     print(inputs, targets)
        [10. 11. 12.] [20. 22. 24.]
        [11. 12. 13.] [22. 24. 26.]
    """

    __slots__ = ("_opened", "classes", "name", "source")

    def __init__(
        self,
        source: Iterable[Any] | Callable[..., Iterable[Any]],
        *,
        classes: Sequence[str] | None = None,
        name: str = "stream",
    ) -> None:
        if isinstance(source, (np.ndarray, str, bytes, dict)) or not (isinstance(source, Iterable) or callable(source)):
            raise ArgumentError(
                f"the source of {name} is of type {type(source).__name__}",
                why="a stream is made of batches",
                instead="pass a list of batches, a loader, or a function that returns an iterator of batches; "
                "for arrays write bl.data.Dataset(inputs, targets)",
            )
        self.source = source
        self.classes = None if classes is None else check_classes(classes)
        self.name = name
        self._opened = False

    def __repr__(self) -> str:
        return f"Stream {self.name!r} of batches from {type(self.source).__name__}"

    def batches(self, *, epoch: int = 0, start: int = 0) -> StreamBatches:
        """Return one epoch of the stream.

        Args:
            epoch: The number of the epoch, for a source that is a function of it.
            start: The number of the first batch to give; those before it are read and passed over.

        Returns:
            An iterable of tuples of contiguous arrays.

        Raises:
            ArgumentError: Where a setting is no whole number, or below 0.

        Example:
            >>> stream = Stream([(np.zeros((2, 3)), np.zeros(2)), (np.ones((2, 3)), np.ones(2))])
            >>> [targets.tolist() for inputs, targets in stream.batches(start=1)]
            [[1.0, 1.0]]
        """
        return StreamBatches(self, check_count(epoch, "epoch", 0), check_count(start, "start", 0))

    def open(self, epoch: int) -> Iterator[Any]:
        """Return a fresh iterator over the source, unchecked.

        Args:
            epoch: The number of the epoch.

        Returns:
            The iterator.

        Raises:
            DataError: Where the source is a generator that was gone through already.
            ArgumentError: Where the source is a function that needs more than one argument, or returns no iterable.

        Example:
            >>> next(Stream([5, 6]).open(0))
            5
        """
        if isinstance(self.source, Iterable):
            iterator = iter(self.source)
            if iterator is self.source and self._opened:
                raise DataError(
                    f"{self.name} comes from a {type(self.source).__name__}, gone through in an earlier epoch",
                    why="an iterator can be gone through once, and training does so once an epoch",
                    instead="pass the function that makes it, Stream(read) and not Stream(read()), or a list",
                )
            self._opened = True
            return iterator
        try:
            parameters = inspect.signature(self.source)
        except ValueError:  # some functions written in C do not say what they take
            return iter(self.source())
        for arguments in ((epoch,), ()):
            try:
                parameters.bind(*arguments)
            except TypeError:
                continue
            result = self.source(*arguments)
            if isinstance(result, Iterable):
                return iter(result)
            raise ArgumentError(
                f"the source of {self.name} returned an object of type {type(result).__name__}",
                why="the function must return an iterable of batches",
                instead="write yield in the function, or let it return a list of batches",
            )
        raise ArgumentError(
            f"the source of {self.name} is a function with the parameters {parameters}",
            why="it is called once an epoch, with the number of the epoch or with nothing",
            instead="write Stream(lambda epoch: read(..., seed=epoch))",
        )


@dataclass(eq=False)
class StreamBatches:
    """One epoch of a stream; `Stream.batches` makes these.

    Args:
        stream: Where the batches come from.
        epoch: The number of the epoch.
        start: The number of the first batch to give.

    Raises:
        DataError: While it is gone through, where a batch is no batch, is not finite, or differs in shape from the
            first.

    Example:
        >>> len(list(StreamBatches(Stream([np.zeros((2, 3))]), epoch=0, start=0)))
        1
    """

    stream: Stream
    epoch: int
    start: int
    _layout: list[tuple[tuple[int, ...], np.dtype[Any]]] | None = field(default=None, init=False, repr=False)

    def __iter__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        count = 0
        for batch in itertools.islice(self.stream.open(self.epoch), self.start, None):
            yield self._checked(batch, self.start + count)
            count += 1
        if count == 0 and self.start == 0:
            raise DataError(
                f"{self.stream.name} gave no batch in epoch {self.epoch}",
                why="there is nothing to learn from zero examples",
                instead="pass the function that makes the batches, and not an iterator that was gone through already",
            )

    def _checked(self, batch: Any, number: int) -> tuple[NDArray[Any], ...]:
        """Return a batch as a tuple of arrays, or say what is wrong with it and which one it is."""
        parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        try:
            if not 1 <= len(parts) <= len(_LABELS) or isinstance(batch, dict):
                raise DataError(
                    f"it is a {type(batch).__name__} of {len(parts)} parts",
                    why="a batch is its inputs, then its targets, then its weights",
                    instead="yield (inputs, targets)",
                )
            arrays = tuple(self._array(part, label) for part, label in zip(parts, _LABELS, strict=False))
            check_lengths({label: len(array) for array, label in zip(arrays, _LABELS, strict=False)})
            layout = [(array.shape[1:], array.dtype) for array in arrays]
            if self._layout is not None and layout != self._layout:
                raise DataError(
                    f"its rows are {_described(layout)}, and those of the first batch {_described(self._layout)}",
                    why="one net is trained on rows of one shape and dtype",
                    instead="bring every batch to the same row shape and dtype; only the number of rows may differ",
                )
            self._layout = layout
        except DataError as error:
            raise DataError(
                f"batch {number} of {self.stream.name} in epoch {self.epoch}: {error.what}",
                why=error.why,
                instead=error.instead,
            ) from error
        return arrays

    def _array(self, part: Any, label: str) -> NDArray[Any]:
        """Return one part of a batch as a checked, contiguous array."""
        array = np.ascontiguousarray(as_rows(part, label))
        if label == "weights":
            check_weights(array)
        elif label == "targets" and self.stream.classes is not None:
            check_labels(array, self.stream.classes)
        else:
            check_finite(array, label)
        return array


def _described(layout: list[tuple[tuple[int, ...], np.dtype[Any]]]) -> str:
    """Return the row shapes and dtypes of a batch as text."""
    return ", ".join(f"{label} {shape} {dtype}" for label, (shape, dtype) in zip(_LABELS, layout, strict=False))
