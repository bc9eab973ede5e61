"""Products of matrices on one thread, for as long as a small net is trained.

The nets of the command line are small. Sharing each of their products out among threads gains little on an idle
machine, loses tenfold on a busy one, where threads wait for each other, and sums in an order that depends on the number
of cores: with one thread, equal seeds give equal nets.

This module imports NumPy alone. It knows the OpenBLAS that NumPy's own wheels bring; elsewhere it does nothing.
"""

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

__all__ = ["one_thread"]

_PREFIX = "scipy_openblas"
_SUFFIXES = ("64_", "")


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let NumPy multiply matrices on one thread inside, and as before afterwards.

    Yields:
        Nothing.

    Example:
        >>> with one_thread():
        ...     float((np.ones((300, 300)) @ np.ones((300, 300))).sum())
        27000000.0
    """
    calls = _thread_calls()
    before = [get() for get, _ in calls]
    for _, put in calls:
        put(1)
    try:
        yield
    finally:
        for (_, put), count in zip(calls, before, strict=True):
            put(count)


def _thread_calls() -> list[tuple[Callable[[], int], Callable[[int], object]]]:
    """Return how to ask for the number of threads, and how to set it, of each OpenBLAS that came with NumPy."""
    package = Path(np.__file__).parent
    calls = []
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):
        for path in folder.glob("*openblas*"):
            with contextlib.suppress(OSError):
                library = ctypes.CDLL(str(path))  # loaded by NumPy already, so that this is the same one
                for suffix in _SUFFIXES:
                    get = getattr(library, f"{_PREFIX}_get_num_threads{suffix}", None)
                    put = getattr(library, f"{_PREFIX}_set_num_threads{suffix}", None)
                    if get is not None and put is not None:
                        calls.append((get, put))
    return calls
