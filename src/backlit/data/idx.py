"""The IDX format of the MNIST files: a header of four bytes, the sizes of the axes, then the bytes of the values.

    byte 0, 1   0, 0
    byte 2      the type of the values: 8, unsigned bytes (the only type read here)
    byte 3      the number of axes
    4 bytes     for each axis its size, most significant byte first
    the rest    the values, the last axis running fastest

A file is taken only if every byte of it is accounted for. The header is believed about nothing that its length does not
bear out, so that a hostile one cannot ask for more memory than the file itself takes.

This module imports NumPy and `backlit.errors` alone.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import math

import numpy as np
from numpy.typing import NDArray

from backlit.errors import FileError

__all__ = ["parse_idx"]

_UNSIGNED_BYTE = 8


def parse_idx(content: bytes, name: str, *, axes: int) -> NDArray[np.uint8]:
    """Return the array that the bytes of an IDX file hold.

    Args:
        content: The whole file, decompressed.
        name: What the file is called in messages.
        axes: How many axes the array must have: 3 for images, 1 for labels.

    Returns:
        An array of unsigned bytes that shares the memory of `content` and cannot be written to.

    Raises:
        FileError: Where the file is no such IDX file, is cut short or goes on after its end.

    Example:
        >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), "labels", axes=1)
        array([7, 8, 9], dtype=uint8)
    """
    header = 4 + 4 * axes
    if len(content) < header:
        raise FileError(
            f"{name} has {len(content)} bytes, and the header of an IDX file with {axes} axes has {header}",
            why="the file is cut short",
            instead="fetch the file again",
        )
    magic = tuple(content[:4])
    if magic != (0, 0, _UNSIGNED_BYTE, axes):
        raise FileError(
            f"{name} starts with the bytes {magic}, and an IDX file of unsigned bytes with {axes} axes with "
            f"{(0, 0, _UNSIGNED_BYTE, axes)}",
            why="this is another kind of file, or images and labels were exchanged",
            instead="check the name of the file, or fetch it again",
        )
    shape = tuple(int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(axes))
    if 0 in shape:  # beside a 0 every other size would go unquestioned
        raise FileError(
            f"{name} promises an array of shape {shape}",
            why="such an array holds nothing",
            instead="fetch the file again",
        )
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise FileError(
            f"{name} has {len(content)} bytes, and its header promises shape {shape}, {expected} bytes in all",
            why="the file is cut short" if len(content) < expected else "the file goes on after its end",
            instead="fetch the file again",
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
