"""History: what training recorded, a table with one row an epoch, and why it ended.

This module imports NumPy and the errors; it knows nothing of the loop.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import csv
import math
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import numpy as np

from backlit.errors import ArgumentError, FileError, UnknownNameError, nearest
from backlit.graph.node import Array

__all__ = ["History", "larger_is_better"]

_WORSE_WHEN_LARGER = ("loss", "error", "divergence", "distance", "penalty", "perplexity")
_BETTER_WHEN_LARGER = ("accuracy", "precision", "recall", "score", "share")


def larger_is_better(name: str) -> bool:
    """Say whether a column is to rise or to fall, as its name tells: an accuracy rises, a loss and an error fall.

    Args:
        name: The name of a column.

    Returns:
        True if more is better.

    Raises:
        ArgumentError: If the name does not tell.

    Example:
        >>> larger_is_better("validation accuracy"), larger_is_better("validation loss")
        (True, False)
    """
    words = name.lower()
    if any(word in words for word in _WORSE_WHEN_LARGER):
        return False
    if any(word in words for word in _BETTER_WHEN_LARGER):
        return True
    raise ArgumentError(
        f"the name {name!r} does not tell whether more of it is better",
        why="names with loss or error in them are to fall, names with accuracy or score are to rise",
        instead='give the metric such a name, as in bl.metrics.Metric("my score", ...)',
    )


class History:
    """What training recorded: one row an epoch, and the loss of each step.

    ``stopped`` says in words why training ended; it is empty while training goes on.

    Args:
        rows: What is known already, when a run is resumed.
        step_losses: Likewise.
        start: The number of steps that were done before the first of these.

    Example:
        >>> history = History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
        >>> history["loss"]
        [0.5, 0.25]
        >>> print(history)
        epoch    loss
            1  0.5000
            2  0.2500
    """

    def __init__(
        self, rows: Iterable[Mapping[str, float]] = (), step_losses: Iterable[float] = (), *, start: int = 0
    ) -> None:
        self._rows: list[Mapping[str, float]] = []
        self._columns: dict[str, list[float]] = {}
        self._step_losses = array("d", step_losses)
        self.start = start
        self.stopped = ""
        for row in rows:
            self.add(row)

    @property
    def rows(self) -> tuple[Mapping[str, float], ...]:
        """What was recorded of each epoch, by the names of the columns; none can be changed."""
        return tuple(self._rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the order in which they were first seen."""
        return tuple(self._columns)

    @property
    def step_losses(self) -> Array:
        """The loss of each step's batch, of shape (steps,), float64; a copy."""
        return np.array(self._step_losses)

    def add(self, row: Mapping[str, float]) -> None:
        """Add the row of an epoch.

        Args:
            row: A number for each column.

        Example:
            >>> history = History()
            >>> history.add({"epoch": 1, "loss": 0.5})
            >>> len(history)
            1
        """
        for name in row:
            self._columns.setdefault(name, [math.nan] * len(self._rows))
        for name, column in self._columns.items():
            column.append(row.get(name, math.nan))
        self._rows.append(MappingProxyType(dict(row)))

    def add_step(self, loss: float) -> None:
        """Add the loss of one step.

        Args:
            loss: The loss on its batch.

        Example:
            >>> history = History()
            >>> history.add_step(0.5)
            >>> history.step_losses.tolist()
            [0.5]
        """
        self._step_losses.append(loss)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Mapping[str, float]]:
        return iter(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        """Return a column: a number for each epoch, NaN where it was not recorded.

        Args:
            column: Its name.

        Returns:
            The numbers.

        Raises:
            UnknownNameError: If there is no such column.
        """
        if column not in self._columns:
            raise UnknownNameError(
                f"the history has no column {column!r}{nearest(str(column), self.columns)}",
                instead=f"its columns are {', '.join(self.columns) or 'none yet'}",
            )
        return list(self._columns[column])

    def best(self, column: str) -> Mapping[str, float]:
        """Return the row of the epoch at which a column was best: the lowest loss or error, the highest accuracy.

        Args:
            column: The name of the column.

        Returns:
            The row; the first of several equal ones.

        Raises:
            UnknownNameError: If there is no such column.
            ArgumentError: If its name does not tell whether more is better.

        Example:
            >>> History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.7}]).best("loss")["epoch"]
            1
        """
        sign = -1.0 if larger_is_better(column) else 1.0
        values = [math.inf if math.isnan(value) else sign * value for value in self[column]]
        return self._rows[values.index(min(values))]

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a file of comma-separated values, the names of the columns first.

        Args:
            path: The file; one that exists is replaced.

        Raises:
            FileError: If it cannot be written.

        Example:
            >>> import tempfile, pathlib
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder) / "history.csv"
            ...     History([{"epoch": 1, "loss": 0.5}]).to_csv(path)
            ...     path.read_text().split()
            ['epoch,loss', '1,0.5']
        """
        try:
            with open(path, "w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, self.columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(self._rows)
        except OSError as error:
            raise FileError(
                f"the history could not be written to {os.fspath(path)}: {error.strerror or error}",
                instead="choose a folder that exists and may be written to",
            ) from error

    def __str__(self) -> str:
        """Return the table, aligned, and below it why training ended."""
        if not self._rows:
            return self.stopped or "nothing recorded yet"
        names = self.columns
        cells = [[_cell(row[name]) if name in row else "" for name in names] for row in self._rows]
        widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in [names, *cells]
        ]
        return "\n".join([*lines, *([f"stopped: {self.stopped}"] if self.stopped else [])])

    def __repr__(self) -> str:
        count = f"{len(self._rows)} epoch{'' if len(self._rows) == 1 else 's'}"
        return f"<history of {count}: {', '.join(self.columns) or 'nothing recorded yet'}>"


def _cell(value: float) -> str:
    """Return a number as the table shows it: whole numbers whole, others with four digits that matter."""
    if isinstance(value, int):
        return str(value)
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:.4f}"
    return f"{value:.3e}" if math.isfinite(value) else str(value)
