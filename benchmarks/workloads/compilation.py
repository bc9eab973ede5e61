"""How long a compiled program takes to come: from the finished graph to the end of the first step.

This module imports the contests; it imports no library that takes part.
"""

from dataclasses import replace

from benchmarks.contest import Contender, Contest, Settings
from benchmarks.peers.processes.compiling import CompilationTask

__all__ = ["contests"]

_MODULE = "benchmarks.peers.processes.compiling"
BACKLIT = Contender("backlit", "backlit", _MODULE, "compile_with_backlit")
LOADED = Contender("backlit, engine loaded", "backlit", _MODULE, "compile_with_backlit", {"loaded": True})
JAX = Contender("JAX, jit", "jax", _MODULE, "compile_with_jax")
ROUNDS = 7


def _contest(row: str, task: CompilationTask, *contenders: Contender) -> Contest:
    return Contest(
        "compilation", row, "process", contenders, lambda: task, own_measure=True, rehearsed=False, rounds=ROUNDS
    )


def contests(settings: Settings) -> list[Contest]:
    """Return contests on the digit net, compiled for the first time and again, and on two large graphs."""
    net = CompilationTask("digit net", 4 if settings.quick else 32, clock=settings.clock)
    nodes = CompilationTask("nodes", 30 if settings.quick else 1000, clock=settings.clock)
    return [
        _contest("digit net, Adam, cold", net, BACKLIT, LOADED, JAX),
        _contest("digit net, Adam, cached", replace(net, cached=True), BACKLIT, LOADED),
        _contest("1,000 nodes, cold", nodes, BACKLIT, LOADED),
        _contest("1,000 nodes of 64 numbers, cold", replace(nodes, width=64), BACKLIT, LOADED),
    ]
