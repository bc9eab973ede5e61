"""Pictures that show nothing: examples for a class "none of the above".

This module imports NumPy and the checks beside it alone.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.transforms import batch_generator
from backlit.data.validation import check_count, check_image_shape

__all__ = ["none_of_the_above"]


def none_of_the_above(count: int, image_shape: Sequence[int] = (28, 28), *, seed: int = 0) -> NDArray[np.float32]:
    """Return grey pictures that are no digit: noise, clouds and scribbled lines, in turn.

    They teach a classifier of digits an eleventh answer, "none of the above". *Noise* draws every pixel by itself;
    *clouds* are noise blurred; *scribbles* are three to eight straight strokes as thick as a pen's, without a plan.

    Args:
        count: How many pictures.
        image_shape: The height and the width of a picture.
        seed: What the pictures follow from.

    Returns:
        An array of shape (count, height · width) and dtype float32, with values from 0 to 1.

    Raises:
        ArgumentError: Where a setting is outside what is possible.

    Example:
        >>> pictures = none_of_the_above(6, seed=1)
        >>> pictures.shape, pictures.dtype
        ((6, 784), dtype('float32'))
        >>> bool((pictures >= 0).all() and (pictures <= 1).all())
        True
    """
    count = check_count(count, "count", 1)
    shape = tuple(image_shape)
    height, width = check_image_shape(shape[:2], (int(np.prod(shape)),))
    rng = batch_generator(check_count(seed, "seed", 0), 0, 0)
    makers = (_noise, _clouds, _scribble)
    pictures = [makers[number % len(makers)](height, width, rng) for number in range(count)]
    return np.stack(pictures).reshape(count, -1).astype(np.float32)


def _noise(height: int, width: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return pixels drawn one by one, a random share of them black."""
    values = rng.random((height, width))
    return np.asarray(values * (rng.random((height, width)) < rng.uniform(0.1, 1.0)))


def _clouds(height: int, width: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return noise after a few passes of averaging each pixel with its neighbours, stretched to fill 0 to 1."""
    values = rng.random((height, width))
    for _ in range(int(rng.integers(2, 8))):
        for axis in (0, 1):
            values = (np.roll(values, 1, axis) + values + np.roll(values, -1, axis)) / 3
    low, high = values.min(), values.max()
    return np.asarray((values - low) / max(high - low, 1e-12))


def _scribble(height: int, width: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return straight strokes from place to place, each bright within a pen's width of its line."""
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.zeros((height, width))
    for _ in range(int(rng.integers(3, 9))):
        start, end = rng.random((2, 2)) * (height, width)
        along = end - start
        length = max(float(along @ along), 1e-12)
        # How far along the stroke the pixel's nearest point lies, from 0 at its start to 1 at its end.
        share = np.clip(((rows - start[0]) * along[0] + (columns - start[1]) * along[1]) / length, 0, 1)
        distance = np.hypot(rows - start[0] - share * along[0], columns - start[1] - share * along[1])
        picture = np.maximum(picture, np.clip(rng.uniform(1.0, 2.5) - distance, 0, 1))
    return picture
