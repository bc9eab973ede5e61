"""A picture of a digit, brought into the form in which the digits of MNIST are.

Those were made so: black ink on white paper, turned into bright ink on dark ground, scaled to fit a box of 20 × 20
pixels with its aspect kept, and placed in a field of 28 × 28 with its centre of mass in the middle (LeCun, Bottou,
Bengio and Haffner, 1998). A net that learned from them reads other pictures well only if they are made alike.

This module imports NumPy and `backlit.errors` alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backlit.errors import DataError

__all__ = ["PreparedPicture", "prepare_ink", "resized"]

_MARGIN = 1 / 7  # of the field on each side of the box: 4 pixels of 28
_FAINTEST = 0.1  # the smallest difference to the paper that can be ink; grain and shadows stay below it


@dataclass(frozen=True)
class PreparedPicture:
    """A picture as a net takes it.

    Args:
        pixels: The picture, from 0 (ground) to 1 (ink).
        steps: What was done to it, in words.

    Example:
        >>> PreparedPicture(np.zeros((2, 2), np.float32), ("inverted",)).steps
        ('inverted',)
    """

    pixels: NDArray[np.float32]
    steps: tuple[str, ...]


def prepare_ink(grey: NDArray[np.float32], shape: tuple[int, int]) -> PreparedPicture:
    """Bring a grey picture into the form of MNIST: bright on dark, scaled to its box, centred by its mass.

    The ink is found as what differs from the paper, whichever of the two is brighter. The paper is the median of the
    outermost pixels; what divides ink from paper is found by going back and forth between the means of both (Ridler and
    Calvard, 1978). A picture that is in this form already is left as it is.

    Args:
        grey: The picture, of shape (height, width), from 0 (black) to 1 (white).
        shape: The height and width of the field.

    Returns:
        The prepared picture, of this shape.

    Raises:
        DataError: Where there is no ink: all pixels are alike.

    Example:
        >>> page = np.ones((100, 80), np.float32)
        >>> page[30:70, 50:54] = 0  # a stroke of black
        >>> prepared = prepare_ink(page, (28, 28))
        >>> prepared.steps
        ('dark on light: inverted', 'cropped to 4 × 40', 'scaled to 2 × 20', 'centred by mass')
        >>> prepared.pixels[14].nonzero()[0].tolist()
        [13, 14]
    """
    paper = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    difference = grey - np.float32(paper)
    is_dark = np.maximum(-difference - _FAINTEST, 0).sum() > np.maximum(difference - _FAINTEST, 0).sum()
    ink = np.maximum(-difference if is_dark else difference, 0)
    if ink.max(initial=0.0) < _FAINTEST:
        raise DataError(
            "the picture is blank",
            why="all its pixels are nearly alike, so there is nothing to read",
            instead="give a picture with a digit on a plain ground",
        )
    if not is_dark and _is_prepared(grey, shape):
        return PreparedPicture(grey, ("as it is: bright on dark, in its box and centred already",))
    steps = ["dark on light: inverted"] if is_dark else ["bright on dark"]
    ink = _cleaned(ink)
    rows, columns = _extent(ink.max(axis=1)), _extent(ink.max(axis=0))
    ink = ink[rows, columns]
    steps.append(f"cropped to {ink.shape[1]} × {ink.shape[0]}")
    box = [side - 2 * round(side * _MARGIN) for side in shape]
    scale = min(box[0] / ink.shape[0], box[1] / ink.shape[1])
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    ink = resized(ink, (height, width))
    steps.append(f"scaled to {width} × {height}")
    ink /= ink.max()  # a thin stroke of a large picture has become faint
    steps.append("centred by mass")
    return PreparedPicture(_centred(ink, shape), tuple(steps))


def resized(picture: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a picture in another size: where it shrinks, every new pixel is a weighted mean of those it covers.

    Args:
        picture: The picture, of shape (height, width).
        shape: The new height and width.

    Returns:
        The picture, of this shape.

    Example:
        >>> resized(np.array([[0, 1, 0, 1]], np.float32), (1, 2)).tolist()
        [[0.4285714328289032, 0.5714285969734192]]
    """
    down, across = (_weights(old, new) for old, new in zip(picture.shape, shape, strict=True))
    return np.asarray(down @ picture @ across.T, np.float32)


def _weights(old: int, new: int) -> NDArray[np.float32]:
    """Return how much each old pixel counts for each new one: a triangle two pixels wide."""
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distances = np.abs(np.arange(old) - centres[:, None]) / max(scale, 1.0)
    weights = np.maximum(1 - distances, 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _cleaned(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ink with its contrast stretched, so that the grain of the paper becomes 0 and the strokes become 1."""
    divide = float(ink.max()) / 2
    for _ in range(50):
        above = ink > divide
        if above.all():
            break
        divide, before = float(ink[above].mean() + ink[~above].mean()) / 2, divide
        if abs(divide - before) < 1e-4:
            break
    return np.asarray(np.clip(ink / np.float32(divide) - np.float32(0.5), 0, 1), np.float32)


def _extent(profile: NDArray[np.float32]) -> slice:
    """Return from the first to the last place with ink."""
    places = np.flatnonzero(profile)
    return slice(int(places[0]), int(places[-1]) + 1)


def _centre_of_mass(ink: NDArray[np.float32]) -> tuple[float, float]:
    total = float(ink.sum(dtype=np.float64))
    down = float((ink.sum(axis=1, dtype=np.float64) * np.arange(ink.shape[0])).sum()) / total
    right = float((ink.sum(axis=0, dtype=np.float64) * np.arange(ink.shape[1])).sum()) / total
    return down, right


def _centred(ink: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return an empty field with the ink in it, its centre of mass as near to the middle as whole pixels allow."""
    field = np.zeros(shape, np.float32)
    starts = []
    for centre, side, whole in zip(_centre_of_mass(ink), ink.shape, shape, strict=True):
        start = round((whole - 1) / 2 - centre)
        starts.append(min(max(start, 0), whole - side))
    top, left = starts
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return field


def _is_prepared(grey: NDArray[np.float32], shape: tuple[int, int]) -> bool:
    """Return whether a picture that is bright on dark is in the form of MNIST already."""
    if grey.shape != shape:
        return False
    rows, columns = _extent(grey.max(axis=1)), _extent(grey.max(axis=0))
    longest = max((rows.stop - rows.start) / shape[0], (columns.stop - columns.start) / shape[1])
    box = 1 - 2 * _MARGIN
    offsets = [abs(centre - (side - 1) / 2) for centre, side in zip(_centre_of_mass(grey), shape, strict=True)]
    return abs(longest - box) < 1.5 / min(shape) and max(offsets) < 1.01
