"""Compiling in a fresh process, which itself measures how long it takes until the first step is done.

This module imports the contests; the libraries are imported in the other process.
"""

from dataclasses import dataclass

from benchmarks.contest import Prepared
from benchmarks.peers.backlit_engine import require
from benchmarks.peers.processes.fresh import last_number, with_empty_cache, with_kept_cache

__all__ = ["CompilationTask", "compile_with_backlit", "compile_with_jax"]


@dataclass(frozen=True)
class CompilationTask:
    """What is compiled.

    Args:
        subject: ``digit net``, or ``nodes``.
        size: The size of a batch, or how many nodes.
        width: How many numbers each node has.
        cached: Whether backlit has compiled it before.
        clock: Which clock tells the time.
        engine: Which engine of backlit compiles.
    """

    subject: str
    size: int
    width: int = 1
    cached: bool = False
    clock: str = "wall"
    engine: str = "native"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The task as arguments of a command."""
        return (self.subject, str(self.size), str(self.width), self.clock, self.engine)


def compile_with_backlit(task: CompilationTask, *, loaded: bool = False) -> Prepared:
    """Prepare the compilation by the native engine.

    Args:
        task: What is compiled.
        loaded: Whether the engine is loaded before the clock starts.

    Returns:
        What returns the seconds.
    """
    command = ("-m", "benchmarks.programs.compile_with_backlit", *task.arguments, *(["--loaded"] if loaded else []))
    require(task.engine)
    run = with_kept_cache(*command) if task.cached else with_empty_cache
    return Prepared(lambda: run(*command))


def compile_with_jax(task: CompilationTask) -> Prepared:
    """Prepare the compilation by XLA, which keeps nothing unless it is told to."""
    return Prepared(lambda: last_number("-m", "benchmarks.programs.compile_with_jax", *task.arguments))
