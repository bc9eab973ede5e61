"""The training step of the digit net, 784-300-100-10 in float32: small batches show the overhead, large ones the sums.

This module imports the contests and the tasks; it imports no library that takes part.
"""

from functools import partial

from benchmarks.contenders import training
from benchmarks.contest import Contest, Settings
from benchmarks.tasks import digits_task
from benchmarks.workloads.agreement import train_alike

__all__ = ["contests"]

STEPS = {1: 100, 32: 40, 128: 20, 512: 7}
"""How many steps a turn has at each size of batch."""


def contests(settings: Settings) -> list[Contest]:
    """Return a contest for each size of batch and each optimiser."""
    contenders = training("backlit reference", "NumPy by hand", "scikit-learn")
    found = []
    for batch, steps in STEPS.items():
        count = 3 if settings.quick else steps
        for optimizer in ("SGD", "Adam"):
            task = partial(digits_task, optimizer, batch, count)
            found.append(train_alike("training", f"batch {batch}, {optimizer}", contenders, task, count))
    return found
