"""Large arrays: an elementwise formula, softmax and layer norm, which the memory decides, and what fits between.

This module imports the contests and the tasks; backlit, the referee, is imported when a contest is held.
"""

import importlib
from collections.abc import Callable
from functools import partial

from benchmarks.arrays import ArrayTask, layer_norm, softmax, tanh
from benchmarks.contenders import ARRAYS
from benchmarks.contest import Contest, Settings
from benchmarks.nets import Array

__all__ = ["ROWS", "contest_of_arrays", "contests"]

TOLERANCE = 3e-4
"""The gradients of layer norm are sums of 4,096 terms, and whoever adds them one after another in float32 may be off by
n ε / 2 of the terms' sizes, which is 2.4e-4 (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section
4.2); PyTorch's compiled sums are off by 1.2e-4."""
ROWS = ("tanh(x) a + b", "softmax", "softmax and back", "layer norm", "layer norm and back")


def _expected(task: ArrayTask) -> Array:
    results: Array = importlib.import_module("benchmarks.peers.arrays.with_backlit").expected(task)
    return results


def contest_of_arrays(workload: str, row: str, task: Callable[[], ArrayTask], count: int) -> Contest:
    """Make a contest in which all compute the same arrays.

    Args:
        workload: The workload it belongs to.
        row: What distinguishes it.
        task: Makes the task.
        count: How often it is done in a turn.

    Returns:
        The contest.
    """
    return Contest(workload, row, "call", ARRAYS, task, count, expected=_expected, tolerance=TOLERANCE)


def contests(settings: Settings) -> list[Contest]:
    """Return a contest for each formula, without and with its gradients."""
    size, rows, wide, narrow = (1_000, 16, 100, 64) if settings.quick else (100_000, 4096, 1000, 512)
    few, many = (2, 2) if settings.quick else (3, 100)
    tasks = (
        (partial(tanh, size, many), many),
        (partial(softmax, rows, wide, few, back=False), few),
        (partial(softmax, rows, wide, few, back=True), few),
        (partial(layer_norm, rows, narrow, few, back=False), few),
        (partial(layer_norm, rows, narrow, few, back=True), few),
    )
    return [contest_of_arrays("arrays", row, *task) for row, task in zip(ROWS, tasks, strict=True)]
