"""Which engine of backlit runs a task: a contender whose engine is not there is skipped.

This module imports backlit and the contests.
"""

import backlit as bl
from benchmarks.contest import UnavailableError

__all__ = ["require"]


def require(engine: str) -> None:
    """Skip the contender if backlit has no such engine here.

    Args:
        engine: Its name.

    Raises:
        UnavailableError: If it is not there.
    """
    known = bl.engines.engine_names()
    if engine not in known:
        raise UnavailableError(f"backlit has no engine {engine!r} here, only {', '.join(known)}")
