"""The training step of other nets, at batches of 32: deep, wide, shallow, and with everything in it.

This module imports the contests and the tasks; it imports no library that takes part.
"""

from collections.abc import Callable
from functools import partial

from benchmarks.contenders import training
from benchmarks.contest import Contest, Settings
from benchmarks.nets import autoencoder, dense, residual
from benchmarks.tasks import TrainingTask, digits_task, noise_task
from benchmarks.workloads.agreement import train_alike

__all__ = ["RESIDUAL", "ROWS", "contests"]

BATCH = 32
RESIDUAL = "residual, AdamW"
Make = Callable[[str, int], TrainingTask]


def _deep(optimizer: str, steps: int) -> TrainingTask:
    return noise_task(dense((64,) * 21), optimizer, BATCH, steps)


def _wide(optimizer: str, steps: int) -> TrainingTask:
    return noise_task(dense((1024, 1024, 1024)), optimizer, BATCH, steps)


def _logistic(optimizer: str, steps: int) -> TrainingTask:
    return digits_task(optimizer, BATCH, steps, dense((784, 10)))


def _autoencoder(optimizer: str, steps: int) -> TrainingTask:
    return digits_task(optimizer, BATCH, steps, autoencoder(784, 64), loss="squared error")


def _residual(optimizer: str, steps: int) -> TrainingTask:
    return digits_task(optimizer, BATCH, steps, residual(784, 128, 3, 10), decay_steps=10_000)


ROWS: dict[str, tuple[Make, int]] = {
    "20 layers of 64": (_deep, 20),
    "1024-1024-1024": (_wide, 10),
    "logistic regression 784-10": (_logistic, 100),
    "autoencoder 784-64-784": (_autoencoder, 40),
}
"""What makes the task, and how many steps a turn has."""


def contests(settings: Settings) -> list[Contest]:
    """Return two contests for each net, with SGD and with Adam, and one for the residual net with all its trimmings."""
    found = []
    for name, (make, steps) in ROWS.items():
        count = 3 if settings.quick else steps
        for optimizer in ("SGD", "Adam"):
            task = partial(make, optimizer, count)
            found.append(train_alike("nets", f"{name}, {optimizer}", training("scikit-learn"), task, count))
    count = 3 if settings.quick else 20
    task = partial(_residual, "AdamW", count)
    found.append(train_alike("nets", RESIDUAL, training("scikit-learn"), task, count, random=True))
    return found
