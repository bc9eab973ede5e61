"""The profile: how long each kernel takes, and how near that comes to the least time that this machine needs.

A program is profiled by a second version of it, which reads a counter around every kernel on every thread. A kernel
that several threads share has taken as long as the slowest of them; the time for which threads wait at a barrier is
told apart. Every time is the median of many rounds. Parameters are put back afterwards: looking changes nothing.
"""

import contextlib
import dataclasses
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.engines.native.cost import CostReport
from backlit.engines.native.printing import paragraph, seconds_text, table_text
from backlit.graph.leaves import Parameter
from backlit.graph.node import Array

__all__ = ["KernelProfile", "ProfileReport", "profile_report", "restored"]


@dataclass(frozen=True)
class KernelProfile:
    """How long one kernel takes.

    Args:
        number: Its place in the order.
        name: Its scopes, and what it computes.
        seconds: The median time of the slowest thread.
        waiting: The median time for which a thread waits before it, at a barrier; the mean over threads.
        share: The part of the whole step.
        bound: The least seconds that this machine needs for it.
        reached: The bound divided by the time: 1 is as good as can be.
    """

    number: int
    name: str
    seconds: float
    waiting: float
    share: float
    bound: float
    reached: float


@dataclass(frozen=True)
class ProfileReport:
    """How long a program takes, kernel by kernel.

    Args:
        kernels: The kernels in order.
        seconds: The median time of a whole step, from the first thread's beginning to the last one's end.
        bound: The least seconds that this machine needs.
        rounds: How often it was run.
        threads: How many threads ran it.
    """

    kernels: tuple[KernelProfile, ...]
    seconds: float
    bound: float
    rounds: int
    threads: int

    @property
    def reached(self) -> float:
        """The bound divided by the time of the whole step."""
        return self.bound / self.seconds if self.seconds else 0.0

    @property
    def waiting(self) -> float:
        """The time for which a thread waits at barriers, all together."""
        return sum(kernel.waiting for kernel in self.kernels)

    @property
    def slowest(self) -> KernelProfile | None:
        """The kernel that takes the longest, if there is one."""
        return max(self.kernels, key=lambda kernel: kernel.seconds, default=None)

    def as_dict(self) -> dict[str, Any]:
        """Return the report, with its totals, as dictionaries, lists, texts and numbers, as JSON can hold them.

        Returns:
            The report.

        Example:
            >>> ProfileReport((), 2e-6, 1e-6, 50, 1).as_dict()["reached"]
            0.5
        """
        return {**dataclasses.asdict(self), "reached": self.reached, "waiting": self.waiting}

    def __str__(self) -> str:
        rows = [_row(str(k.number), k.name, k.seconds, k.waiting, k.share, k.bound, k.reached) for k in self.kernels]
        rows.append(_row("", "whole step", self.seconds, self.waiting, 1.0, self.bound, self.reached))
        header = ("", "kernel", "time", "share", "waits", "at least", "reached")
        lines = table_text(header, rows, left=(1,))
        several = f"{self.threads} threads" if self.threads > 1 else "1 thread"
        return "\n".join([*lines, *paragraph(f"medians of {self.rounds} rounds on {several}")])


def _row(
    number: str, name: str, seconds: float, waiting: float, share: float, bound: float, reached: float
) -> tuple[str, ...]:
    waits = seconds_text(waiting) if waiting else ""
    return number, name, seconds_text(seconds), f"{share:.0%}", waits, seconds_text(bound), f"{reached:.0%}"


@contextlib.contextmanager
def restored(parameters: Iterable[Parameter]) -> Iterator[None]:
    """Put parameters back to what they were, bit by bit, however the block ends.

    Args:
        parameters: The parameters.

    Yields:
        Nothing.

    Example:
        >>> import backlit as bl
        >>> θ = bl.parameter([1.0, 2.0])
        >>> with restored([θ]):
        ...     θ.value += 1.0
        >>> θ.value.tolist()
        [1.0, 2.0]
    """
    saved = [(parameter.value, parameter.value.copy()) for parameter in parameters]
    try:
        yield
    finally:
        for array, values in saved:
            array[...] = values


def profile_report(
    cost: CostReport, readings: Array, rate: float, overhead: float = 0.0, barriers: Collection[int] = ()
) -> ProfileReport:
    """Make a profile of the readings of a counter.

    Args:
        cost: What the program costs.
        readings: For each round and thread the count at the beginning, and before and after each kernel.
        rate: Ticks in a second.
        overhead: The ticks that a reading takes.
        barriers: The numbers of the kernels before which threads wait.

    Returns:
        The profile.

    Example:
        >>> from backlit.engines.native.cost import KernelCost
        >>> cost = CostReport((KernelCost(0, "layer1", 100, 400, 1, 1e-6, "memory"),), 1, 1e11, 64, 64, 400)
        >>> print(profile_report(cost, np.array([[[0, 0, 2000]]] * 3), rate=1e9))
           kernel         time  share  waits  at least  reached
        0  layer1      2.00 µs   100%          1.00 µs      50%
           whole step  2.00 µs   100%          1.00 µs      50%
        medians of 3 rounds on 1 thread
    """
    counts = readings.astype(np.int64)
    gaps = np.maximum(np.diff(counts, axis=2) - overhead, 0) / rate
    waits = np.median(gaps[:, :, 0::2].mean(axis=1), axis=0)
    times = np.median(gaps[:, :, 1::2].max(axis=1), axis=0)
    ends, begins = counts[:, :, -1].max(axis=1), counts[:, :, 0].min(axis=1)
    whole = float(np.median(np.maximum(ends - begins - overhead * (counts.shape[2] - 1), 0))) / rate
    kernels = tuple(
        KernelProfile(
            number=one.number,
            name=one.name,
            seconds=float(time),
            waiting=float(wait) if one.number in barriers else 0.0,
            share=float(time) / whole if whole else 0.0,
            bound=one.bound,
            reached=one.bound / float(time) if time else 0.0,
        )
        for one, time, wait in zip(cost.kernels, times, waits, strict=True)
    )
    return ProfileReport(kernels, whole, cost.bound, counts.shape[0], counts.shape[1])
