"""Arrays of a program's own: memory for what it keeps, and room for what it hands out.

All of it is asked for before a step begins, so that where there is none nothing has changed.
"""

import ctypes
import sys

import numpy as np

from backlit.errors import ExecutionError
from backlit.graph.node import Array

__all__ = ["OutputPool", "address_of", "aligned_bytes", "room_for"]

_ALIGNMENT = 128

_POOLED = 3
"""How many outputs of one program are kept to be written again."""


def _references(arrays: list[Array]) -> list[int]:
    return [sys.getrefcount(array) for array in arrays]


_UNHELD = _references([np.empty(0)])[0]
"""How many references Python counts to an array that only a list holds."""


_BEHIND_THE_HEADER = object.__basicsize__


def address_of(array: Array) -> int:
    """Return where the elements of an array begin: what ``array.ctypes.data`` says, in a seventh of the time.

    In NumPy's C interface the pointer to the data is the first field of an array, behind the header of every object.

    Args:
        array: The array.

    Returns:
        The address.

    Example:
        >>> array = np.arange(6)[2:]
        >>> address_of(array) == array.ctypes.data
        True
    """
    return ctypes.c_size_t.from_address(id(array) + _BEHIND_THE_HEADER).value


def aligned_bytes(size: int) -> Array:
    """Return zeroed memory that begins at a cache line.

    Args:
        size: How many bytes.

    Returns:
        An array of bytes.

    Raises:
        ExecutionError: Where there is no room.

    Example:
        >>> aligned_bytes(100).ctypes.data % 64
        0
    """
    try:
        block = np.zeros(size + _ALIGNMENT, dtype=np.uint8)
    except (MemoryError, ValueError):
        raise ExecutionError(
            f"the program needs {size / 2**20:,.0f} MiB for what it keeps between its steps, and there is no room",
            why="every value that a later operation needs is kept until then",
            instead="make the batch smaller",
        ) from None
    start = -block.ctypes.data % _ALIGNMENT
    return block[start : start + size]


def room_for(shape: tuple[int, ...], dtype: str) -> Array:
    """Return an array to be written.

    Args:
        shape: Its shape.
        dtype: Its data type.

    Returns:
        The array; what it holds is anything.

    Raises:
        ExecutionError: Where there is no room.

    Example:
        >>> room_for((2, 3), "float32").nbytes
        24
    """
    try:
        return np.empty(shape, dtype=dtype)
    except (MemoryError, ValueError):
        raise ExecutionError(
            f"there is no room for an output of shape {list(shape)} and data type {dtype}",
            why="the outputs of a program are arrays of their own; nothing has been computed yet",
            instead="ask for fewer outputs or a smaller batch, or run an epoch in several parts",
        ) from None


class OutputPool:
    """Room for an output, step after step: an earlier one that nobody holds any more, or a new one.

    Fresh memory costs a page fault every 4 KiB; an array that is written again costs nothing.

    Args:
        shape: The shape of the output.
        dtype: Its data type.

    Example:
        >>> pool = OutputPool((100,), "float32")
        >>> address = pool.prepare()
        >>> pool.hand().ctypes.data == address == pool.prepare()
        True
    """

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self._shape, self._dtype = shape, dtype
        self._pool: list[Array] = []
        self._room: list[Array] = []

    def prepare(self) -> int:
        """Choose the array for the next step, and return its address."""
        self._room.clear()
        counts = _references(self._pool)
        held = _UNHELD not in counts
        array = room_for(self._shape, self._dtype) if held else self._pool.pop(counts.index(_UNHELD))
        if len(self._pool) < _POOLED:
            self._pool.append(array)
        self._room.append(array)
        return address_of(array)

    def hand(self) -> Array:
        """Return the array of the step that has been done."""
        return self._room.pop()
