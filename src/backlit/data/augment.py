"""Augmentation: other pictures of the same thing, drawn anew each time a batch is read.

A digit that is shifted, turned or slanted a little is still that digit. A net that sees such variants learns the digit
instead of its place (Simard, Steinkraus and Platt, 2003). Each class here is a transform for `Dataset.map`.

This module imports NumPy and `backlit.errors` alone.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import ArgumentError, DataError

__all__ = ["RandomAffine", "RandomShift"]

# Pixels moved in one go: 32 digits. Work arrays of this size stay in the processor's cache.
_BLOCK = 25_088


def _as_pictures(inputs: NDArray[Any], image_shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """Return a batch of rows as pictures of shape (rows, height, width, channels)."""
    if inputs.size != len(inputs) * math.prod(image_shape):
        raise DataError(
            f"{name} was made for pictures of shape {image_shape} and was given rows of shape {inputs.shape[1:]}",
            why=f"such a picture has {math.prod(image_shape)} values",
            instead="pass the image_shape of the data set: data.map(... image_shape=data.image_shape)",
        )
    height, width = image_shape[:2]
    return inputs.reshape(len(inputs), height, width, -1)


def _checked_shape(image_shape: tuple[int, ...] | None, name: str) -> tuple[int, ...]:
    """Return an image shape, checked to be a height, a width and perhaps channels."""
    shape = tuple(image_shape) if isinstance(image_shape, (tuple, list)) else ()
    if len(shape) not in (2, 3) or not all(isinstance(side, (int, np.integer)) and side > 0 for side in shape):
        raise ArgumentError(
            f"the image_shape of {name} is {image_shape!r}",
            why="a picture has a height and a width, and channels where it is in colour",
            instead="write image_shape=data.image_shape",
        )
    return shape


@dataclass(frozen=True)
class RandomShift:
    """Shift each picture by a whole number of pixels, up or down and left or right; what comes in from outside is 0.

    Args:
        pixels: The farthest that a picture is shifted, at least 0; every shift up to it is as likely as any other.
        image_shape: The shape of one picture: (height, width) or (height, width, channels).

    Raises:
        ArgumentError: Where a setting is outside what is possible.

    Example:
        >>> shift = RandomShift(pixels=1, image_shape=(3, 3))
        >>> picture = np.array([[0, 0, 0, 0, 7, 0, 0, 0, 0]])
        >>> shift(picture, np.random.default_rng(0)).reshape(3, 3)
        array([[0, 7, 0],
               [0, 0, 0],
               [0, 0, 0]])
    """

    pixels: int
    image_shape: tuple[int, ...]

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "image_shape", _checked_shape(self.image_shape, "RandomShift"))
        if not isinstance(self.pixels, (int, np.integer)) or not 0 <= self.pixels < min(self.image_shape[:2]):
            raise ArgumentError(
                f"RandomShift is to shift by {self.pixels!r} pixels, and a picture is {self.image_shape}",
                why="a picture shifted out of its frame is black",
                instead="write for example pixels=2",
            )

    def __call__(self, inputs: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the batch with each picture shifted.

        Args:
            inputs: Pictures, of shape (rows, ...) with as many values in a row as a picture has.
            rng: What the shifts are drawn from.

        Returns:
            An array of the same shape and dtype.

        Raises:
            DataError: Where the rows are no such pictures.

        Example:
            >>> RandomShift(0, (2, 2))(np.ones((1, 4)), np.random.default_rng(0))
            array([[1., 1., 1., 1.]])
        """
        pictures = _as_pictures(inputs, self.image_shape, "RandomShift")
        count, height, width, channels = pictures.shape
        margin = self.pixels
        padded = np.zeros((count, height + 2 * margin, width + 2 * margin, channels), inputs.dtype)
        padded[:, margin : margin + height, margin : margin + width] = pictures
        windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
        down, right = rng.integers(0, 2 * margin + 1, size=(2, count))
        shifted = windows[np.arange(count), down, right]  # (count, channels, height, width)
        return np.ascontiguousarray(np.moveaxis(shifted, 1, -1)).reshape(inputs.shape)


@dataclass(frozen=True)
class RandomAffine:
    """Turn, scale, slant and shift each picture at random, about its centre; what comes in from outside is 0.

    Each output pixel p takes the value that the picture has at A(p − c) + c + t, interpolated between the four pixels
    around that place. The angle, the scale, the slant and the shift t are drawn evenly from their ranges, for each
    picture anew.

    Args:
        image_shape: The shape of one picture: (height, width) or (height, width, channels).
        rotation: The largest angle in degrees, to either side.
        scale: The largest change of size: 0.1 draws sizes between 0.9 and 1.1 of the original.
        shear: The largest slant: 0.2 moves a pixel sideways by up to 0.2 times its height above the centre.
        shift: The largest shift in pixels, in each direction; not only whole ones.

    Raises:
        ArgumentError: Where a setting is outside what is possible.

    Example:
        >>> wobble = RandomAffine(image_shape=(28, 28), rotation=10, scale=0.1, shift=1.5)
        >>> wobble(np.ones((32, 784), np.float32), np.random.default_rng(0)).shape
        (32, 784)
    """

    image_shape: tuple[int, ...]
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "image_shape", _checked_shape(self.image_shape, "RandomAffine"))
        side = float(min(self.image_shape[:2]))
        allowed = {"rotation": (180.0, 10), "scale": (0.9, 0.1), "shear": (2.0, 0.2), "shift": (side, 2)}
        for setting, (limit, usual) in allowed.items():
            value = getattr(self, setting)
            if not isinstance(value, (int, float, np.number)) or not 0 <= float(value) <= limit:
                raise ArgumentError(
                    f"the {setting} of RandomAffine is {value!r}",
                    why=f"it says how far a picture may change, and lies between 0 and {limit:g}",
                    instead=f"write for example {setting}={usual}",
                )

    def __call__(self, inputs: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the batch with each picture transformed.

        Args:
            inputs: Pictures of a floating dtype, of shape (rows, ...) with as many values in a row as a picture has.
            rng: What the transforms are drawn from.

        Returns:
            An array of the same shape; float64 stays float64, every other floating dtype becomes float32.

        Raises:
            DataError: Where the rows are no such pictures, or hold whole numbers.

        Example:
            >>> RandomAffine((2, 2))(np.ones((1, 4)), np.random.default_rng(0))
            array([[1., 1., 1., 1.]])
        """
        if inputs.dtype.kind != "f":
            raise DataError(
                f"RandomAffine was given pictures of dtype {inputs.dtype}",
                why="what lies between two pixels is not a whole number",
                instead='convert first: images.astype("float32") / 255',
            )
        dtype = np.dtype(np.float64 if inputs.dtype == np.float64 else np.float32)
        pictures = _as_pictures(inputs, self.image_shape, "RandomAffine").astype(dtype, copy=False)
        count, height, width, _ = pictures.shape
        matrices = self._matrices(count, dtype, rng)
        grid = _centred_grid(height, width, dtype.char)
        step = max(1, _BLOCK // (height * width))
        blocks = [
            _resampled(pictures[start : start + step], matrices[:, start : start + step], grid)
            for start in range(0, count, step)
        ]
        return np.concatenate(blocks).reshape(inputs.shape)

    def _matrices(self, count: int, dtype: np.dtype[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return for each picture the two rows (down, right) of the map from output to input places: (2, count, 3)."""
        height, width = self.image_shape[:2]
        draws = 2 * rng.random((5, count)) - 1
        angle = draws[0] * math.radians(self.rotation)
        size = 1 + draws[1] * self.scale
        slant = draws[2] * self.shear
        cosine, sine = np.cos(angle) / size, np.sin(angle) / size
        matrices = np.empty((2, count, 3), dtype)
        matrices[0, :, 0] = cosine
        matrices[0, :, 1] = sine
        matrices[1, :, 0] = slant * cosine - sine
        matrices[1, :, 1] = slant * sine + cosine
        matrices[0, :, 2] = draws[3] * self.shift + (height - 1) / 2
        matrices[1, :, 2] = draws[4] * self.shift + (width - 1) / 2
        return matrices


@lru_cache(maxsize=8)
def _centred_grid(height: int, width: int, dtype: str) -> NDArray[Any]:
    """Return the places (down, right, 1) of all pixels, seen from the centre of the picture: (3, height · width)."""
    rows, columns = np.mgrid[0:height, 0:width]
    places = [rows.ravel() - (height - 1) / 2, columns.ravel() - (width - 1) / 2, np.ones(height * width)]
    grid = np.stack(places).astype(dtype)  # the third coordinate, 1, carries the shift
    grid.flags.writeable = False  # it is shared by all that ask for it
    return grid


def _resampled(pictures: NDArray[Any], matrices: NDArray[Any], grid: NDArray[Any]) -> NDArray[Any]:
    """Return each picture read, between its pixels, at the places that its matrix sends the grid to.

    A frame of zeros, one pixel before and two after, takes in every place outside: places are clipped to the frame, and
    there the four pixels around a place exist and are 0. So no place needs a test of its own.
    """
    count, height, width, channels = pictures.shape
    side = max(height, width) + 3  # a square frame, so that both coordinates are clipped at once
    framed = np.zeros((count, side, side, channels), pictures.dtype)
    framed[:, 1 : height + 1, 1 : width + 1] = pictures
    places = (matrices.reshape(2 * count, 3) @ grid).reshape(2, count, height * width)
    places += 1
    np.clip(places, 0, side - 2, out=places)
    whole = np.floor(places)
    places -= whole
    whole[0] *= side
    whole[0] += whole[1]
    corner = whole[0].astype(np.intp)
    corner += (np.arange(count) * (side * side))[:, None]
    # mode="clip" spares the test of each index; all of them are inside.
    flat: NDArray[Any] = framed.reshape(-1) if channels == 1 else framed.reshape(-1, channels)
    down, right = places if channels == 1 else places[..., None]
    upper = _between(flat, corner, right)
    lower = _between(flat[side:], corner, right)
    lower -= upper
    lower *= down
    upper += lower
    return upper


def _between(flat: NDArray[Any], corner: NDArray[np.intp], right: NDArray[Any]) -> NDArray[Any]:
    """Return the values between each pixel and its right neighbour."""
    first = flat.take(corner, axis=0, mode="clip")
    second = flat[1:].take(corner, axis=0, mode="clip")
    second -= first
    second *= right
    first += second
    return first
