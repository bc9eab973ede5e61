"""The peak of the memory during training steps of the digit net, each library in a process of its own.

This module imports the contests; it imports no library that takes part.
"""

from functools import partial

from benchmarks.contest import Contender, Contest, Settings
from benchmarks.peers.processes.whole import MemoryTask

__all__ = ["contests"]

_MODULE = "benchmarks.peers.processes.whole"
BATCH = 512
ROUNDS = 3
CONTENDERS = (
    Contender("backlit", "backlit", _MODULE, "occupy_with_backlit", {"kept": False}),
    Contender("backlit, compiled before", "backlit", _MODULE, "occupy_with_backlit", {"kept": True}),
    Contender("PyTorch", "torch", _MODULE, "occupy_with_pytorch"),
)


def contests(settings: Settings) -> list[Contest]:
    """Return contests on the growth from before the net is built, and on the peak of the whole process."""
    batch = 8 if settings.quick else BATCH
    return [
        Contest(
            "memory",
            f"batch {BATCH}, {optimizer}: {words}",
            "process",
            CONTENDERS,
            partial(MemoryTask, optimizer, batch, measure),
            own_measure=True,
            rehearsed=False,
            rounds=ROUNDS,
            quantity="memory",
        )
        for optimizer in ("SGD", "Adam")
        for measure, words in (("growth", "growth of the peak"), ("process", "peak of the process"))
    ]
