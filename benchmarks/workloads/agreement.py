"""Contests of training, in which all must agree in the losses of the first steps.

Later ones differ between any two libraries. Adam divides by the size of a gradient, so that a gradient of 1e-9 decides,
by its sign alone, about a whole step; and nobody adds up in the same order.

This module imports the contests and the tasks; backlit, the referee, is imported when a contest is held.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.contest import Contender, Contest
from benchmarks.nets import without_dropout
from benchmarks.tasks import TrainingTask

__all__ = ["REFEREE", "train_alike"]

COMPARED = 8
TOLERANCE = 1e-3
REFEREE = "benchmarks.peers.nets.with_backlit"


def _losses(task: TrainingTask) -> list[float]:
    losses: list[float] = importlib.import_module(REFEREE).losses(task, COMPARED)
    return losses


def _agreed(task: Callable[[], TrainingTask]) -> TrainingTask:
    made = task()
    return replace(made, net=without_dropout(made.net), inputs=made.inputs[:COMPARED], targets=made.targets[:COMPARED])


def train_alike(
    workload: str,
    row: str,
    contenders: Sequence[Contender],
    task: Callable[[], TrainingTask],
    count: int,
    *,
    random: bool = False,
) -> Contest:
    """Make a contest of training.

    Args:
        workload: The workload it belongs to.
        row: What distinguishes it.
        contenders: Who takes part.
        task: Makes the task.
        count: Its number of steps.
        random: Whether the net has dropout, which must be left out for all to agree.

    Returns:
        The contest.
    """
    return Contest(
        workload,
        row,
        "step",
        contenders,
        task,
        count=count,
        expected=_losses,
        tolerance=TOLERANCE,
        compared=COMPARED,
        agreed=partial(_agreed, task) if random else None,
    )
