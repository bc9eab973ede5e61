"""NumPy's own files, read where they lie: data larger than the machine's memory can be trained on.

This module imports NumPy, `backlit.errors` and the modules beside it; it unpickles nothing.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import math
import os
import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from backlit.data.dataset import Dataset
from backlit.errors import DataError, FileError

__all__ = ["from_npy"]


def from_npy(
    inputs: str | os.PathLike[str],
    targets: str | os.PathLike[str] | None = None,
    *,
    weights: str | os.PathLike[str] | None = None,
    classes: Sequence[str] | None = None,
    image_shape: Sequence[int] | None = None,
    name: str | None = None,
) -> Dataset:
    """Return a data set whose arrays lie in `.npy` files and stay there: a batch is read when it is asked for.

    Args:
        inputs: The path of the inputs, an array of shape (rows, ...), as `np.save` writes it.
        targets: The path of the targets; `None` where there are none.
        weights: The path of the weights; `None` where all rows count alike.
        classes: The names of the classes, where the targets are their numbers.
        image_shape: The shape in which one row of the inputs is a picture.
        name: What the data set is called in messages; the name of the first file where it is `None`.

    Returns:
        A data set of memory maps, opened for reading. Its rows are checked as they are read.

    Raises:
        FileError: Where a file is missing, is no `.npy` file, is cut short, goes on after its end, or holds Python
            objects.
        DataError: Where the arrays cannot be learned from, for example because they are of different lengths.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(Path(folder) / "inputs.npy", np.zeros((1000, 8), np.float32))
        ...     np.save(Path(folder) / "targets.npy", np.arange(1000.0))
        ...     print(from_npy(Path(folder) / "inputs.npy", Path(folder) / "targets.npy"))
        Dataset 'inputs': 1,000 rows, inputs (8,) float32, targets float64
    """
    return Dataset(
        _memory_map(inputs),
        None if targets is None else _memory_map(targets),
        weights=None if weights is None else _memory_map(weights),
        classes=classes,
        image_shape=image_shape,
        name=Path(inputs).stem if name is None else name,
    )


def _memory_map(file: str | os.PathLike[str]) -> np.memmap[Any, Any]:
    """Return the array in a `.npy` file as a memory map, after making sure that it fills the file exactly."""
    path = Path(file)
    try:
        with path.open("rb") as stream:
            shape, fortran_order, dtype = _read_header(stream, path)
            offset, size = stream.tell(), os.fstat(stream.fileno()).st_size
    except FileNotFoundError as error:
        raise FileError(f"there is no file {path}", instead="check the path") from error
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path} cannot be read: {error.strerror or error}", instead="check the file") from error
    if dtype.hasobject:
        raise FileError(
            f"{path} holds Python objects",
            why="they are pickled, and reading a pickle can run any program; it is never read",
            instead='save an array of numbers: np.save(path, array.astype("float32"))',
        )
    if 0 in shape or dtype.itemsize == 0:
        raise DataError(
            f"{path} holds an array of shape {shape} and dtype {dtype}",
            why="there is nothing to learn from zero examples",
            instead="check how the file was written",
        )
    # Python's integers do not overflow, whatever sizes the header makes up.
    end = offset + math.prod(shape) * dtype.itemsize
    if end != size:
        raise FileError(
            f"{path} has {size:,} bytes, and its header promises shape {shape} of {dtype}, {end:,} in all",
            why="the file goes on after its end" if end < size else "the file is cut short",
            instead="write it again with np.save",
        )
    return np.memmap(path, dtype, mode="r", offset=offset, shape=shape, order="F" if fortran_order else "C")


def _read_header(stream: BinaryIO, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, the order and the dtype that a `.npy` file starts with."""
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY":
        raise FileError(
            f"{path} starts with the bytes {start!r}",
            why="a .npy file starts with b'\\x93NUMPY'; an .npz archive is packed, and cannot be read in place",
            instead="write one array to the file with np.save",
        )
    readers = {b"\1\0": np.lib.format.read_array_header_1_0, b"\2\0": np.lib.format.read_array_header_2_0}
    if start[6:] not in readers:
        raise FileError(
            f"{path} is of version {tuple(start[6:])} of the .npy format",
            why="versions (1, 0) and (2, 0) hold arrays of numbers",
            instead="write one array to the file with np.save",
        )
    try:
        shape, fortran_order, dtype = readers[start[6:]](stream)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError) as error:
        raise FileError(
            f"{path} is no sound .npy file: {error}",
            why="its header is damaged, or the file is cut short",
            instead="write it again with np.save",
        ) from error
    if any(side < 0 for side in shape):
        raise FileError(
            f"{path} promises an array of shape {shape}",
            why="its header is damaged",
            instead="write it again with np.save",
        )
    return shape, fortran_order, dtype
