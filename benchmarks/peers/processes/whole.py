"""A program from its start to its end: how long it runs, or how much memory it occupies.

This module imports the standard library and the contests; the libraries are imported in the other process.
"""

import os
import resource
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.contest import Prepared, UnavailableError
from benchmarks.peers.backlit_engine import require
from benchmarks.peers.processes.fresh import last_number, with_empty_cache, with_kept_cache

__all__ = [
    "MemoryTask",
    "MnistTask",
    "occupy_with_backlit",
    "occupy_with_pytorch",
    "train_with_backlit",
    "train_with_pytorch",
]


@dataclass(frozen=True)
class MnistTask:
    """Training on MNIST.

    Args:
        goal: The share of the test digits at which training ends.
        rows: How many rows it trains on.
        clock: Which clock tells the time.
        engine: Which engine of backlit trains.
    """

    goal: float = 0.97
    rows: int = 60_000
    clock: str = "wall"
    engine: str = "native"

    def arguments(self, seed: int, goal: float) -> tuple[str, ...]:
        """Return the task as arguments of a command."""
        return (str(seed), str(goal), str(self.rows), self.engine)


@dataclass(frozen=True)
class MemoryTask:
    """Some steps of training.

    Args:
        optimizer: The optimiser.
        batch: The size of a batch.
        measure: ``growth``, of the peak from before the net is built, or ``process``, the peak of all.
        engine: Which engine of backlit trains.
    """

    optimizer: str
    batch: int
    measure: str
    engine: str = "native"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The task as arguments of a command."""
        return (self.optimizer, str(self.batch), self.measure, self.engine)


def _time_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _training(task: MnistTask, module: str, kept: bool | None = None) -> Prepared:
    """Prepare a program that prints the share in the end; every turn takes another seed, which all have in turn."""
    if not (Path(os.environ.get("BACKLIT_DATA", "")) / "mnist").is_dir():
        raise UnavailableError("MNIST is not here: let BACKLIT_DATA name the folder in which its folder mnist lies")
    clock = time.perf_counter if task.clock == "wall" else _time_of_children
    seeds = count()
    run = with_kept_cache("-m", module, *task.arguments(0, 0.0)) if kept else with_empty_cache

    def turn() -> float:
        start = clock()
        share = run("-m", module, *task.arguments(next(seeds), task.goal))
        seconds = clock() - start
        if share < task.goal:
            raise RuntimeError(f"{module} ended at {share}, below {task.goal}")
        return seconds

    return Prepared(turn)


def train_with_backlit(task: MnistTask, *, kept: bool) -> Prepared:
    """Prepare the script of backlit.

    Args:
        task: The training.
        kept: Whether backlit has compiled the step before.

    Returns:
        What returns the seconds.
    """
    require(task.engine)
    return _training(task, "benchmarks.programs.mnist_with_backlit", kept)


def train_with_pytorch(task: MnistTask) -> Prepared:
    """Prepare the plain script of PyTorch."""
    return _training(task, "benchmarks.programs.mnist_with_pytorch")


def occupy_with_backlit(task: MemoryTask, *, kept: bool) -> Prepared:
    """Prepare the steps of backlit.

    Args:
        task: The steps.
        kept: Whether backlit has compiled them before.

    Returns:
        What returns the bytes.
    """
    require(task.engine)
    command = ("-m", "benchmarks.programs.memory_with_backlit", *task.arguments)
    run = with_kept_cache(*command) if kept else with_empty_cache
    return Prepared(lambda: run(*command))


def occupy_with_pytorch(task: MemoryTask) -> Prepared:
    """Prepare the steps of PyTorch."""
    return Prepared(lambda: last_number("-m", "benchmarks.programs.memory_with_pytorch", *task.arguments))
