"""Running Python in a process of its own, from the root of the checkout, and reading the number that it prints last.

This module imports the standard library and the contests.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

from benchmarks.contest import UnavailableError
from benchmarks.programs.memory import NOT_HERE

__all__ = ["CACHE", "last_number", "with_empty_cache", "with_kept_cache"]

CACHE = "BACKLIT_CACHE"
"""What names the folder in which backlit keeps compiled programs."""

_ROOT = Path(__file__).resolve().parents[3]


def last_number(*arguments: str, cache: str | None = None) -> float:
    """Run Python and wait for it.

    Args:
        *arguments: Those of the command, such as ``-m`` and a module.
        cache: The folder in which backlit keeps compiled programs; None for that of this process.

    Returns:
        The number on the last line of what it printed.

    Raises:
        UnavailableError: If the program says that it cannot do its task here.
        RuntimeError: If it fails in another way.
    """
    # An installed package has its bytecode beside it; a development machine may be told to write none.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if cache is not None:
        environment[CACHE] = cache
    process = subprocess.run(
        [sys.executable, *arguments], cwd=_ROOT, env=environment, check=False, capture_output=True, text=True
    )
    if process.returncode == NOT_HERE:
        raise UnavailableError(process.stdout.splitlines()[-1])
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{process.stderr}")
    return float(process.stdout.splitlines()[-1])


def with_empty_cache(*arguments: str) -> float:
    """Do the same as if backlit had never compiled anything."""
    with tempfile.TemporaryDirectory(prefix="backlit-benchmark-") as cache:
        return last_number(*arguments, cache=cache)


def with_kept_cache(*arguments: str) -> Callable[..., float]:
    """Run Python once, and return what does the same with everything that backlit has compiled then."""
    folder = tempfile.mkdtemp(prefix="backlit-benchmark-")
    last_number(*arguments, cache=folder)

    def run(*others: str) -> float:
        return last_number(*others, cache=folder)

    weakref.finalize(run, shutil.rmtree, folder, ignore_errors=True)
    return run
