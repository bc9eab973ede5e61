"""Threads that share whatever can be shared, however small, so that tests see how they share it."""

import contextlib

import pytest

from backlit.engines.native import partition, workers

__all__ = ["eagerness"]


@contextlib.contextmanager
def eagerness(threads=3):
    """Let starting, waiting and crossing cost nothing, and keep no code of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "_START", 0.0)
        patch.setattr(partition, "_BARRIER", 0.0)
        patch.setattr(partition, "_CROSSING", 1e12)
        patch.setenv("BACKLIT_CACHE", "off")
        workers.set_threads(threads)
        try:
            yield
        finally:
            workers.set_threads(None)
