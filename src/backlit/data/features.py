"""Features: inputs rewritten before the net sees them, with nothing to learn in the rewriting.

Each class is a transform for `Dataset.map`, and can be called on an array by itself.

This module imports NumPy and `backlit.errors` alone.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import ArgumentError, DataError

__all__ = ["Histogram", "QuadraticFeatures"]


@dataclass(frozen=True)
class Histogram:
    """Replace each row by its histogram: the share of its values that fall into each of some equally wide bins.

    A value x falls into bin ⌊(x − low) / (high − low) · bins⌋; `high` itself falls into the last bin, and values
    outside the range into none. A histogram forgets where a value stood, and keeps how often it occurred.

    Args:
        bins: How many bins there are, at least 1.
        low: Where the first bin starts.
        high: Where the last bin ends, above `low`.

    Raises:
        ArgumentError: Where a setting is outside what is possible.

    Example:
        >>> Histogram(bins=4)(np.array([[0.0, 0.1, 0.6, 1.0]]))
        array([[0.5 , 0.  , 0.25, 0.25]])
    """

    bins: int = 16
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        """Check the settings."""
        if isinstance(self.bins, bool) or not isinstance(self.bins, (int, np.integer)) or self.bins < 1:
            raise ArgumentError(
                f"Histogram is to have {self.bins!r} bins",
                why="a histogram has a whole number of bins, at least 1",
                instead="write for example Histogram(bins=16)",
            )
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ArgumentError(
                f"Histogram is to count from low={self.low!r} to high={self.high!r}",
                why="the range must be finite and start below its end",
                instead="write for example Histogram(bins=16, low=0, high=255)",
            )

    def __call__(self, inputs: NDArray[Any], rng: np.random.Generator | None = None) -> NDArray[Any]:
        """Return the histogram of each row.

        Args:
            inputs: An array of shape (rows, ...); all the values of a row are counted together.
            rng: Not used; a transform is given one.

        Returns:
            An array of shape (rows, bins); of the dtype of the inputs where that is floating, else float32.

        Raises:
            DataError: Where a row holds no values.

        Example:
            >>> Histogram(bins=2, low=0, high=255)(np.array([[0, 200, 255, 250]], np.uint8))
            array([[0.25, 0.75]], dtype=float32)
        """
        rows = inputs.reshape(len(inputs), -1)
        if rows.shape[1] == 0:
            raise DataError(
                f"Histogram was given rows of shape {inputs.shape[1:]}",
                why="a row without values has no histogram",
                instead="check the shape of the inputs",
            )
        values = rows.astype(np.float64)
        with np.errstate(invalid="ignore"):  # NaN falls into no bin
            inside = (values >= self.low) & (values <= self.high)
            places = np.where(inside, (values - self.low) / (self.high - self.low) * self.bins, 0.0)
        bins = np.minimum(places.astype(np.intp), self.bins - 1)
        bins += np.arange(len(rows))[:, None] * self.bins
        counts = np.bincount(bins[inside], minlength=len(rows) * self.bins).reshape(len(rows), self.bins)
        dtype = inputs.dtype if inputs.dtype.kind == "f" else np.dtype(np.float32)
        return (counts / rows.shape[1]).astype(dtype)


@dataclass(frozen=True)
class QuadraticFeatures:
    """Put the squares of the inputs beside them: x becomes (x, x²).

    A linear model of these features, w₁x + w₂x² + b, bends: the classical way to fit a bump without a hidden layer.

    Example:
        >>> QuadraticFeatures()(np.array([[3.0], [-2.0]]))
        array([[ 3.,  9.],
               [-2.,  4.]])
    """

    def __call__(self, inputs: NDArray[Any], rng: np.random.Generator | None = None) -> NDArray[Any]:
        """Return the inputs and their squares.

        Args:
            inputs: An array of shape (rows, features) and of a floating dtype.
            rng: Not used; a transform is given one.

        Returns:
            An array of shape (rows, 2 · features): first the inputs, then the squares.

        Raises:
            DataError: Where the inputs are not rows of features, or hold whole numbers.

        Example:
            >>> QuadraticFeatures()(np.array([[1.0, 2.0]]))
            array([[1., 2., 1., 4.]])
        """
        if inputs.ndim != 2 or inputs.dtype.kind != "f":
            raise DataError(
                f"QuadraticFeatures was given an array of shape {inputs.shape} and dtype {inputs.dtype}",
                why="it squares the columns of a table, and the squares of small integer types overflow",
                instead='bring the inputs to shape (rows, features), with .astype("float32")',
            )
        return np.concatenate([inputs, inputs * inputs], axis=1)
