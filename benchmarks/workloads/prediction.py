"""Predicting one row with the digit net: the latency of a call from Python, from an array to an array.

This module imports the contests and the task; it imports no library that takes part.
"""

import importlib
from functools import partial

from benchmarks.contenders import PREDICTING
from benchmarks.contest import Contest, Settings
from benchmarks.nets import Array
from benchmarks.tasks import PredictionTask, prediction_task
from benchmarks.workloads.agreement import REFEREE

__all__ = ["contests"]


def _expected(task: PredictionTask) -> Array:
    probabilities: Array = importlib.import_module(REFEREE).probabilities(task)
    return probabilities


def contests(settings: Settings) -> list[Contest]:
    """Return the one contest."""
    calls = 3 if settings.quick else 300
    task = partial(prediction_task, calls)
    return [Contest("prediction", "one row", "call", PREDICTING, task, calls, expected=_expected, tolerance=1e-5)]
