"""How much memory this process occupies, as Linux tells.

This module imports the standard library only.
"""

import sys
from pathlib import Path

__all__ = ["NOT_HERE", "occupied", "peak_from_here", "say_growth"]

NOT_HERE = 3
"""The exit status of a program that cannot do its task here; its last line says why."""

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


def _bytes(key: str) -> int:
    for line in _STATUS.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    raise KeyError(key)


def occupied() -> int:
    """Return how many bytes of memory the process occupies now."""
    return _bytes("VmRSS")


def peak_from_here() -> int:
    """Forget the peak so far, and return what is occupied now; leave the process where that cannot be done."""
    try:
        _RESET.write_text("5", encoding="utf-8")
        return occupied()
    except OSError:
        print("the peak of the memory is known on Linux only")
        sys.exit(NOT_HERE)


def say_growth(start: int, measure: str) -> None:
    """Print the peak: its growth since ``start``, or, where ``measure`` is ``process``, all of it."""
    peak = _bytes("VmHWM")
    print(peak if measure == "process" else peak - start)
