"""Forward and backward of the digit net with every value and every gradient kept, beside the same without.

This module imports the contests and the tasks; it imports no library that takes part.
"""

import importlib
from functools import partial

from benchmarks.contest import Contender, Contest, Settings
from benchmarks.tasks import TrainingTask, digits_task
from benchmarks.workloads.agreement import REFEREE

__all__ = ["PLAIN", "contests"]

BATCH = 32
STEPS = 20
PLAIN = "backlit, not traced"
_BACKLIT, _PYTORCH = (f"benchmarks.peers.nets.with_{name}" for name in ("backlit", "pytorch"))
CONTENDERS = (
    Contender("backlit", "backlit", _BACKLIT, "trace", {"engine": "reference"}),
    Contender(PLAIN, "backlit", _BACKLIT, "differentiate", {"engine": "reference"}),
    Contender("backlit, native", "backlit", _BACKLIT, "trace", {"engine": "native"}),
    Contender("backlit, native, not traced", "backlit", _BACKLIT, "differentiate", {"engine": "native"}),
    Contender("PyTorch, retain_grad", "torch", _PYTORCH, "differentiate", {"retained": True}),
    Contender("PyTorch, not traced", "torch", _PYTORCH, "differentiate"),
)


def _expected(task: TrainingTask) -> list[float]:
    losses: list[float] = importlib.import_module(REFEREE).losses_without_steps(task)
    return losses


def contests(settings: Settings) -> list[Contest]:
    """Return the one contest."""
    steps = 3 if settings.quick else STEPS
    task = partial(digits_task, "SGD", BATCH, steps)
    row = f"digit net, batch {BATCH}"
    return [Contest("tracing", row, "pass", CONTENDERS, task, steps, expected=_expected, tolerance=1e-4)]
