"""Epochs: a program run step after step by native code, with other inputs and outputs each time.

Where a step finds its arrays stands in its context. The arrays of an epoch hold what belongs to all steps, one after
another, so that from one step to the next an address moves on by a fixed number of bytes.
"""

import time
from collections.abc import Iterable, Mapping

import numpy as np

from backlit.engines.native.arrays import address_of
from backlit.engines.native.workers import POOL
from backlit.graph.node import Array

__all__ = ["EpochRunner"]

_BREATH = 0.02
"""Seconds after which Python is asked whether the user has interrupted."""


class EpochRunner:
    """What runs the epochs of a program.

    Args:
        context: The program's context.
        step: The address of its step.
        threads: For how many threads it was compiled.
        strides: By how many bytes the entries of the context move on from step to step, where they do.
    """

    def __init__(self, context: Array, step: int, threads: int, strides: Mapping[int, int]) -> None:
        self._context, self._step = context, step
        begin = address_of(context)
        self._moving = [(entry, context[entry]) for entry in strides]
        self._moves = np.array([(begin + context.itemsize * entry, size) for entry, size in strides.items()], "int64")
        self._table = (begin, threads, address_of(self._moves), len(self._moves))
        self._pace = 0.0  # seconds that a step takes, as far as is known

    def run(self, places: Iterable[int], steps: int) -> tuple[int, int]:
        """Run so many steps.

        Args:
            places: The addresses with which the entries that move on begin, in the order of the strides; all are put
                back at the end.
            steps: How many there are.

        Returns:
            What the last step returned, 0 unless it failed; and how many steps were done.
        """
        context, moving = self._context, self._moving
        done, status = 0, 0
        try:
            for (entry, _), address in zip(moving, places, strict=True):
                context[entry] = address
            while done < steps and not status:
                began = time.perf_counter()
                count = max(1, int(_BREATH / self._pace)) if self._pace else 1
                status, moved = POOL.repeat(self._step, *self._table, min(count, steps - done))
                done += moved
                self._pace = (time.perf_counter() - began) / (moved + 1)
        finally:
            for entry, home in moving:
                context[entry] = home
        return status, done
