"""A whole process, from its start to 97 % of the test digits of MNIST named.

This module imports the contests; it imports no library that takes part.
"""

from benchmarks.contest import Contender, Contest, Settings
from benchmarks.peers.processes.whole import MnistTask

__all__ = ["contests"]

_MODULE = "benchmarks.peers.processes.whole"
ROUNDS = 5


def contests(settings: Settings) -> list[Contest]:
    """Return the one contest: backlit that compiles, backlit that has compiled before, and PyTorch."""
    contenders = (
        Contender("backlit", "backlit", _MODULE, "train_with_backlit", {"kept": False}),
        Contender("backlit, compiled before", "backlit", _MODULE, "train_with_backlit", {"kept": True}),
        Contender("PyTorch", "torch", _MODULE, "train_with_pytorch"),
    )
    task = MnistTask(0.0, 320, settings.clock) if settings.quick else MnistTask(clock=settings.clock)
    return [
        Contest(
            "whole",
            "MNIST to 97 %",
            "process",
            contenders,
            lambda: task,
            own_measure=True,
            rehearsed=False,
            rounds=ROUNDS,
        )
    ]
