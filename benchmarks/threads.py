"""How many threads every library may use: said by the environment, before any of them is loaded.

The libraries read these variables once, when they load, so that the command starts itself again under an environment
that has them. What does not read them (XLA) counts the cores that the process may use, and so that is limited too.

This module imports the standard library only.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

__all__ = ["VARIABLES", "available_cores", "environment", "limit_cores", "run_again"]

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BACKLIT_THREADS")


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def environment(threads: int, given: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which every library uses that many threads."""
    return {**given, **dict.fromkeys(VARIABLES, str(threads))}


def run_again(threads: int, arguments: Sequence[str]) -> int | None:
    """Run this command in a process whose environment says how many threads; None where it does already.

    Args:
        threads: How many threads every library may use.
        arguments: The arguments of the command.

    Returns:
        The exit status of that process.
    """
    wanted = environment(threads, os.environ)
    if wanted == dict(os.environ):
        return None
    return subprocess.run([sys.executable, "-m", "benchmarks", *arguments], env=wanted, check=False).returncode


def limit_cores(threads: int) -> None:
    """Let this process run on no more cores than it may have threads, where the system can say so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
