"""Tables in text files: comma-separated values with a header.

Whatever cannot be read as a number is an error that names the line and the column; nothing is guessed or filled in.

This module imports NumPy, `backlit.errors` and the modules beside it.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import csv
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.dataset import Dataset
from backlit.data.validation import check_classes
from backlit.errors import ArgumentError, DataError, FileError, nearest

__all__ = ["from_csv"]


def from_csv(
    path: str | os.PathLike[str],
    *,
    target: str | None = None,
    columns: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    delimiter: str = ",",
    name: str | None = None,
) -> Dataset:
    r"""Return the data set in a table of comma-separated values whose first line names the columns.

    A target column of text becomes classes, in alphabetical order; one of numbers becomes quantities, unless `classes`
    says that its texts are the names of classes.

    Args:
        path: The file, in UTF-8.
        target: The name of the column to be predicted; `None` where there is none.
        columns: The names of the columns to predict it from; all others where it is `None`.
        classes: The names of the classes in the target column, in the order in which they are to be numbered.
        delimiter: The character between two values.
        name: What the data set is called in messages; the name of the file where it is `None`.

    Returns:
        A data set: inputs of shape (rows, columns), float32; targets int64 of shape (rows,) where there are classes,
        else float32 of shape (rows, 1).

    Raises:
        FileError: Where the file is missing, is no text, or is no table.
        DataError: Where a value is missing or is no number, with its line and column.
        ArgumentError: Where there is no column of a name asked for.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "pets.csv"
        ...     _ = path.write_text("weight,height,kind\n4.1,25,cat\n30,60,dog\n")
        ...     print(from_csv(path, target="kind"))
        Dataset 'pets': 2 rows, inputs (2,) float32, targets int64, 2 classes: cat, dog
    """
    file = Path(path)
    lines = _read_lines(file, delimiter)
    header = _checked_header(next(lines, (1, []))[1], file)
    places = _input_places(header, columns, target, file)
    target_place = None if target is None else _place(target, header, file)
    inputs: list[list[float]] = []
    texts: list[tuple[int, str]] = []
    for line, row in lines:
        _check_width(row, header, line, file)
        inputs.append([_number(row[place], line, header[place], file) for place in places])
        texts.append((line, "" if target_place is None else row[target_place].strip()))
    if not inputs:
        raise DataError(
            f"{file} has a header and no rows",
            why="there is nothing to learn from zero examples",
            instead="check the file",
        )
    targets, names = (None, None) if target is None else _targets(texts, target, classes, file)
    table = np.array(inputs, np.float64).astype(np.float32)
    return Dataset(table, targets, classes=names, name=file.stem if name is None else name)


def _read_lines(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give the lines of a table that are not empty, each with its number, counted from 1."""
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n"':
        raise ArgumentError(
            f"the delimiter is {delimiter!r}",
            why="one character stands between two values",
            instead='write for example delimiter=";" or delimiter="\\t"',
        )
    try:
        # utf-8-sig passes over the mark that some spreadsheets put first.
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            for row in reader:
                if row:
                    yield reader.line_num, row
    except FileNotFoundError as error:
        raise FileError(f"there is no file {path}", instead="check the path") from error
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path} is not text in UTF-8: {error.reason} at byte {error.start}",
            why="a table is a text file",
            instead="save it as CSV with the encoding UTF-8",
        ) from error
    except csv.Error as error:
        raise FileError(f"{path} is no sound table: {error}", instead="check the quotes in it") from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}", instead="check the file") from error


def _checked_header(row: list[str], path: Path) -> list[str]:
    """Return the names of the columns, checked to be names, no two alike."""
    header = [label.strip() for label in row]
    if not header:
        raise FileError(f"{path} is empty", why="the first line names the columns", instead="check the file")
    if all(_is_number(label) for label in header):
        raise FileError(
            f"the first line of {path} holds numbers alone: {', '.join(header[:5])}",
            why="the first line names the columns",
            instead="put a line with the names above it",
        )
    twice = sorted({label for label in header if header.count(label) > 1})
    if twice:
        raise FileError(
            f"{path} has more than one column named {twice[0]!r}",
            why="columns are chosen by name",
            instead="give each column a name of its own",
        )
    return header


def _place(label: str, header: list[str], path: Path) -> int:
    """Return where a column stands."""
    if label not in header:
        raise ArgumentError(
            f"{path} has no column {label!r}{nearest(str(label), header)}",
            why=f"its columns are {', '.join(header)}",
            instead="write one of these names",
        )
    return header.index(label)


def _input_places(header: list[str], columns: Sequence[str] | None, target: str | None, path: Path) -> list[int]:
    """Return where the columns of the inputs stand."""
    chosen = [label for label in header if label != target] if columns is None else list(columns)
    if not chosen:
        raise ArgumentError(
            f"no column of {path} is left to learn from; it has {', '.join(header)}",
            why="the inputs need at least one column",
            instead="name the columns: from_csv(path, target=..., columns=[...])",
        )
    return [_place(label, header, path) for label in chosen]


def _check_width(row: list[str], header: list[str], line: int, path: Path) -> None:
    """Check that a line has one value for each column."""
    if len(row) != len(header):
        raise FileError(
            f"line {line} of {path} has {len(row)} values, and the header names {len(header)} columns",
            why="every line has one value for each column",
            instead="quote values that contain the delimiter, or complete the line",
        )


def _is_number(text: str) -> bool:
    """Return whether a text is a number, infinite ones included."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # Python reads 1_000 as a number; in a table it is more likely a name


def _number(text: str, line: int, label: str, path: Path) -> float:
    """Return a value as a number that float32 can hold."""
    if not text.strip():
        raise DataError(
            f"line {line} of {path} has no value in column {label!r}",
            why="a net cannot compute with a gap",
            instead="fill the gap or delete the line",
        )
    number = float(text) if _is_number(text) else math.nan
    if not abs(number) <= float(np.finfo(np.float32).max):
        raise DataError(
            f"line {line} of {path} has {text.strip()[:40]!r} in column {label!r}",
            why="the inputs, and targets without classes, are finite numbers of at most 3.4e38",
            instead=f"correct the value, leave the column out with columns=[...], or make {label!r} the target",
        )
    return number


def _targets(
    texts: list[tuple[int, str]], label: str, classes: Sequence[str] | None, path: Path
) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    """Return the targets, and the names of their classes where the column holds text."""
    for line, text in texts:
        if not text:
            raise DataError(
                f"line {line} of {path} has no value in the target column {label!r}",
                why="there is nothing to learn from an example without its answer",
                instead="fill the gap or delete the line",
            )
    if classes is None and any(_is_number(text) for _, text in texts):
        numbers = [[_number(text, line, label, path)] for line, text in texts]
        return np.array(numbers, np.float64).astype(np.float32), None
    names = check_classes(sorted({text for _, text in texts}) if classes is None else classes)
    places = {name: place for place, name in enumerate(names)}
    for line, text in texts:
        if text not in places:
            raise DataError(
                f"line {line} of {path} has {text[:40]!r} in the target column {label!r}{nearest(text, names)}",
                why=f"the classes are {', '.join(names[:12])}",
                instead="correct the value, or name it among classes=",
            )
    return np.array([places[text] for _, text in texts], np.int64), names
