"""Building and differentiating large graphs of single numbers: what every operation of Python costs.

PyTorch computes while it builds, so that its time holds the computation too; JAX, like backlit, only builds.

This module imports the contests and the tapes; it imports no library that takes part.
"""

from collections.abc import Callable
from functools import partial

from benchmarks.contest import Contender, Contest, Settings
from benchmarks.tapes import Tape, chain, gradient, web

__all__ = ["contests"]

BACKLIT = "benchmarks.peers.tapes.with_backlit"
PYTORCH = Contender("PyTorch", "torch", "benchmarks.peers.tapes.with_pytorch", "build_and_differentiate")
JAX = Contender("JAX, traced", "jax", "benchmarks.peers.tapes.with_jax", "build_and_differentiate")


def _contest(row: str, tape: Callable[[], Tape], stage: str, *peers: Contender) -> Contest:
    contenders = (Contender("backlit", "backlit", BACKLIT, stage), *peers)
    return Contest("graphs", row, "graph", contenders, tape, expected=gradient, tolerance=1e-4, rehearsed=False)


def contests(settings: Settings) -> list[Contest]:
    """Return contests on a web of 10,000 operations and on a chain of 100,000."""
    small, large = (100, 1_000) if settings.quick else (10_000, 100_000)
    tape, line = partial(web, small), partial(chain, large)
    return [
        _contest(f"{small:,} nodes: build", tape, "build"),
        _contest(f"{small:,} nodes: build and differentiate", tape, "build_and_differentiate", PYTORCH, JAX),
        _contest(f"{small:,} nodes: build, differentiate and compile", tape, "build_and_compile"),
        _contest(f"chain of {large:,}: build and differentiate", line, "build_and_differentiate", PYTORCH),
    ]
