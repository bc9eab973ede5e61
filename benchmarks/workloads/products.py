"""Products of matrices, one call each: square ones, and those of a training step of the digit net.

This module imports the contests and the tasks; it imports no library that takes part.
"""

from functools import partial
from itertools import pairwise

from benchmarks.arrays import PRODUCT_KINDS, products
from benchmarks.contest import Contest, Settings
from benchmarks.tasks import DIGIT_SIZES
from benchmarks.workloads.arrays import contest_of_arrays

__all__ = ["BATCHES", "SQUARE", "contests"]

SQUARE = {256: 40, 1024: 2, 2048: 1}
BATCHES = {32: 20, 128: 8, 512: 2}
"""The sizes, and how often the products are computed in a turn."""

_FORWARD, _WEIGHTS, _INPUTS = PRODUCT_KINDS
Shape = tuple[str, int, int, int]


def training_shapes(batch: int) -> tuple[Shape, ...]:
    """List the eight products of a training step: three forward, three of weights, two of inputs."""
    layers = list(pairwise(DIGIT_SIZES))
    forward = [(_FORWARD, batch, outputs, inputs) for inputs, outputs in layers]
    weights = [(_WEIGHTS, inputs, outputs, batch) for inputs, outputs in layers]
    backward = [(_INPUTS, batch, inputs, outputs) for inputs, outputs in layers[1:]]
    return (*forward, *weights, *backward)


def contests(settings: Settings) -> list[Contest]:
    """Return a contest for each size of square matrices, and for each size of batch."""
    found = []
    for size, repeats in SQUARE.items():
        side, count = (size // 16, 1) if settings.quick else (size, repeats)
        task = partial(products, ((_FORWARD, side, side, side),), count)
        found.append(contest_of_arrays("products", f"{size} × {size}", task, count))
    for batch, repeats in BATCHES.items():
        count = 1 if settings.quick else repeats
        task = partial(products, training_shapes(batch), count)
        found.append(contest_of_arrays("products", f"784-300-100-10, batch {batch}", task, count))
    return found
