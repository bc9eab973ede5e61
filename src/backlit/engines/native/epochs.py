"""Epochs: a program run step after step by native code, with other inputs and outputs each time.

Where a step finds its arrays stands in its context. The arrays of an epoch hold what belongs to all steps, one after
another, so that from one step to the next an address moves on by a fixed number of bytes.
"""

import time
from collections.abc import Mapping

import numpy as np

from backlit.engines.native.arrays import address_of
from backlit.engines.native.places import FAULT
from backlit.engines.native.workers import POOL
from backlit.graph.node import Array

__all__ = ["run_epoch"]

_BREATH = 0.02
"""Seconds after which Python is asked whether the user has interrupted."""


def run_epoch(context: Array, step: int, threads: int, moving: Mapping[int, Array]) -> tuple[int, int]:
    """Run a program once for each slice of some arrays.

    Args:
        context: The program's context; it is the same afterwards, but for the entry of a fault.
        step: The address of the program's step.
        threads: For how many threads it was compiled.
        moving: For each entry of the context that changes from step to step: what it points to, one slice a step along
            the first axis, and no gaps between; at least one entry, and all with equally many slices, at least one.

    Returns:
        What the last step returned, 0 unless it failed; and how many steps were done.
    """
    before = context.copy()
    strides = np.zeros(len(context), dtype=np.int64)
    for entry, array in moving.items():
        context[entry] = address_of(array)
        strides[entry] = array.nbytes // len(array)
    steps = len(next(iter(moving.values())))
    done, chunk, status = 0, 1, 0
    try:
        while done < steps and not status:
            began = time.perf_counter()
            status, moved = POOL.repeat(step, address_of(context), threads, strides, min(chunk, steps - done))
            done += moved
            chunk = chunk * 2 if time.perf_counter() - began < _BREATH / 2 else max(1, chunk // 2)
    finally:
        before[FAULT] = context[FAULT]
        context[:] = before
    return status, done
