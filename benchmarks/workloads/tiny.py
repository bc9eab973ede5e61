"""Nets so small that nothing but the overhead is left.

This module imports the contests and the tasks; it imports no library that takes part.
"""

from functools import partial

from benchmarks.contenders import training
from benchmarks.contest import Contest, Settings
from benchmarks.nets import dense, three_neurons
from benchmarks.tasks import TrainingTask, noise_task, traffic_task
from benchmarks.workloads.agreement import train_alike

__all__ = ["contests"]

DAY = 48
"""How many half-hours a day has: the whole data set of the three-neuron net."""


def _small(steps: int) -> TrainingTask:
    return noise_task(dense((3, 16, 16, 1)), "SGD", 1, steps)


def contests(settings: Settings) -> list[Contest]:
    """Return a contest on single examples, and two on the net of the lectures: single half-hours, and the whole day."""
    steps, ones, days = (3, 3, 3) if settings.quick else (200, 1000, 100)
    contenders = training("micrograd")
    return [
        train_alike("tiny", "MLP 3-16-16-1, one example", contenders, partial(_small, steps), steps),
        train_alike(
            "tiny", "three neurons, one example", contenders, lambda: traffic_task(three_neurons(), 1, ones), ones
        ),
        train_alike(
            "tiny", "three neurons, the whole day", contenders, lambda: traffic_task(three_neurons(), DAY, days), days
        ),
    ]
