"""Measuring: the means of loss and metrics over many batches.

This module imports NumPy and the feeds and programs beside it; it knows nothing of the loop.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backlit.graph.node import Array
from backlit.train.feed import Feed, fitted
from backlit.train.programs import Programs

__all__ = ["add_up", "means", "measure"]


def measure(programs: Programs, feed: Feed) -> dict[str, float]:
    """Return loss and metrics over all rows of a feed.

    Args:
        programs: What runs.
        feed: The data.

    Returns:
        The mean over the rows, by column.

    Example:
        >>> import backlit as bl
        >>> from backlit.train.feed import as_feed
        >>> programs = Programs(bl.nn.Linear(1, 1, rng=0), bl.losses.squared_error, bl.optim.SGD(0.1))
        >>> sorted(measure(programs, as_feed(([[1.0]], [[2.0]]), 1, shuffle=False, seed=0)))
        ['loss']
    """
    sums, rows, mass = [0.0] * len(programs.columns), 0, 0.0
    for raw in feed.epoch(0):
        batch = fitted(raw, programs.dtype)
        values = programs.evaluation(batch)(*batch)
        mass += add_up(sums, values, batch)
        rows += len(batch[0])
    return programs.finished(means(sums, rows, mass))


def add_up(sums: list[float], values: Sequence[Any], batch: tuple[Array, ...]) -> float:
    """Add what was measured on a batch to the sums of the epoch.

    The loss of a batch is the mean Σ w l / Σ w and counts Σ w, so that the mean of the epoch is over all its rows, in
    whatever batches they came; metrics know no weights, and count the rows.

    Args:
        sums: What was added up before.
        values: Loss and metrics of the batch.
        batch: Inputs, targets and perhaps weights.

    Returns:
        How much the loss counts: Σ w, or the number of rows.

    Example:
        >>> sums = [1.0]
        >>> add_up(sums, [0.5], (np.zeros((4, 2)), np.zeros(4))), sums
        (4.0, [3.0])
    """
    rows = len(batch[0])
    mass = float(batch[2].sum(dtype=np.float64)) if len(batch) > 2 else float(rows)
    sums[0] += float(values[0]) * mass
    for index in range(1, len(sums)):
        sums[index] += float(values[index]) * rows
    return mass


def means(sums: Sequence[float], rows: int, mass: float) -> list[float]:
    """Return the means of an epoch.

    Args:
        sums: What ``add_up`` added up.
        rows: How many rows there were.
        mass: How much the loss counted.

    Returns:
        One for each sum; NaN where nothing was counted.

    Example:
        >>> means([3.0, 2.0], 4, 6.0)
        [0.5, 0.5]
    """
    loss = sums[0] / mass if mass else math.nan
    return [loss, *(total / rows if rows else math.nan for total in sums[1:])]
