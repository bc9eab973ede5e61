"""Contest: several contenders do the same task, in turns, after all have shown that they compute the same.

A turn is timed after one that is not: the first finds the caches and the threads of the machine as the contender
before has left them. A task that is soon done is done again, so that no turn is shorter than a clock can tell. Between
turns the machine rests, because idle threads of some libraries spin for a while.

This module imports NumPy; the contenders' libraries are imported when they prepare.
"""

import gc
import importlib
import importlib.metadata
import importlib.util
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "CLOCKS",
    "Contender",
    "Contest",
    "DisagreementError",
    "Entry",
    "Prepared",
    "Result",
    "Settings",
    "UnavailableError",
    "hold",
]

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
INSTALL = 'pip install -e ".[bench]"'


class DisagreementError(Exception):
    """A contender computes something else, so that its time says nothing."""


class UnavailableError(Exception):
    """A contender cannot do a task here; it is skipped, and the message says why."""


@dataclass(frozen=True)
class Settings:
    """How thoroughly to measure.

    Args:
        rounds: How often each contender has its turn.
        quick: Whether to do a small part of every task, which tests the harness and measures nothing.
        pause: Seconds of rest before a turn.
        least: Seconds that a turn lasts at least: the task is done again until they are over.
        clock: ``wall``, or ``cpu``: the time that the processor spends on this process. On a machine that does other
            work too, the second says more, as long as there is one thread only.
    """

    rounds: int = 15
    quick: bool = False
    pause: float = 0.03
    least: float = 0.02
    clock: str = "wall"


@dataclass(frozen=True)
class Prepared:
    """A task that is ready to be done.

    Args:
        turn: Does the task once. What it returns is ignored, or, in a contest of ``own_measure``, is what was measured.
        answer: Computes the numbers in which all contenders must agree; called once, before any turn. None where there
            is nothing to agree in.
        reset: Goes back to the start, untimed, before every turn; None where a turn changes nothing.
    """

    turn: Callable[[], Any]
    answer: Callable[[], npt.ArrayLike] | None = None
    reset: Callable[[], None] | None = None


@dataclass(frozen=True)
class Contender:
    """One library, or one way to use it.

    Args:
        name: What the report calls it.
        package: The distribution that must be installed.
        module: The adapter; it is imported only if that is the case.
        function: The function of the adapter that prepares the task: ``(task, **options) -> Prepared``.
        options: In which of its ways the library does it.
    """

    name: str
    package: str
    module: str
    function: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str | None:
        """The version that is installed, or None."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return None

    def prepare(self, task: Any) -> Prepared:
        """Make the task ready to be done.

        Args:
            task: The task.

        Returns:
            What can be done.

        Raises:
            UnavailableError: If it cannot be done here.
        """
        prepare = getattr(importlib.import_module(self.module), self.function)
        return prepare(task, **self.options)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Contest:
    """A task and who does it.

    Args:
        workload: The workload it belongs to.
        row: What distinguishes it from the others of that workload.
        unit: What one number stands for, such as ``step``.
        contenders: Who takes part; the first is the subject, to which all others are compared.
        task: Makes what ``prepare`` of the adapters takes.
        count: How many units a turn consists of.
        expected: Computes the numbers that every answer must be close to; None where there are none.
        tolerance: By how much an answer may differ, relative to the larger of 1 and the expected number.
        compared: How many numbers of the answer are compared, from the first on; None for all.
        own_measure: Whether a turn returns what it measured itself.
        rehearsed: Whether a turn that is not timed goes before each that is.
        agreed: Makes the task in which all must agree, where that is not the one that is timed: two libraries draw
            different random numbers.
        rounds: How many turns are enough, where one takes long; None for as many as are asked for.
        quantity: What is measured: ``time`` in seconds, or ``memory`` in bytes.
    """

    workload: str
    row: str
    unit: str
    contenders: Sequence[Contender]
    task: Callable[[], Any]
    count: int = 1
    expected: Callable[[Any], npt.ArrayLike] | None = None
    tolerance: float = 0.0
    compared: int | None = None
    own_measure: bool = False
    rehearsed: bool = True
    agreed: Callable[[], Any] | None = None
    rounds: int | None = None
    quantity: str = "time"


@dataclass
class Entry:
    """What came of one contender: seconds or bytes per unit, by round, and how far its answer was from the expected."""

    name: str
    package: str
    version: str
    measured: list[float] = field(default_factory=list)
    error: float | None = None


@dataclass(frozen=True)
class Result:
    """What came of a contest.

    Args:
        contest: The contest.
        entries: What came of each contender.
        skipped: Why the others took no part.
        failed: The traceback of those who broke down before their first turn, which is a bug of theirs or of ours.
    """

    contest: Contest
    entries: tuple[Entry, ...]
    skipped: dict[str, str]
    failed: dict[str, str] = field(default_factory=dict)

    def entry(self, name: str) -> Entry | None:
        """Return what came of a contender, or None if it took no part."""
        return next((entry for entry in self.entries if entry.name == name), None)


def distance(answer: npt.ArrayLike, expected: npt.ArrayLike) -> float:
    """Return the largest difference, relative to the larger of 1 and the expected number; infinite if none can be."""
    got, wanted = np.asarray(answer, dtype=float), np.asarray(expected, dtype=float)
    if got.shape != wanted.shape or not np.isfinite(got).all():
        return float("inf")
    return float(np.max(np.abs(got - wanted) / np.maximum(1.0, np.abs(wanted)), initial=0.0))


def check(contest: Contest, name: str, prepared: Prepared, expected: npt.ArrayLike | None) -> float | None:
    """Compare a contender's answer with the expected one.

    Args:
        contest: The contest.
        name: The contender.
        prepared: Its task.
        expected: The numbers to agree in, or None.

    Returns:
        How far the answer is away, or None where there is nothing to compare.

    Raises:
        DisagreementError: If it is further away than the contest tolerates.
    """
    if expected is None or prepared.answer is None:
        return None
    answer, wanted = (np.asarray(numbers)[: contest.compared] for numbers in (prepared.answer(), expected))
    error = distance(answer, wanted)
    if error > contest.tolerance:
        raise DisagreementError(
            f"{contest.workload}, {contest.row}: {name} computes\n{answer}\nand not\n{wanted}\n"
            f"(off by {error:.2g}, tolerated {contest.tolerance:.2g}); its time would say nothing"
        )
    return error


def hold(contest: Contest, settings: Settings) -> Result:
    """Let every contender that is installed prepare, agree, and have its turns: A B C A B C …

    Args:
        contest: The contest.
        settings: How thoroughly to measure.

    Returns:
        What was measured.

    Raises:
        DisagreementError: If the contenders do not compute the same.
    """
    task = contest.task()
    agreed = task if contest.agreed is None else contest.agreed()
    expected = None if contest.expected is None else contest.expected(agreed)
    entries: list[tuple[Entry, Prepared]] = []
    skipped, failed = {}, {}
    for contender in contest.contenders:
        version = contender.version
        if version is None:
            skipped[contender.name] = f"{contender.package} is not installed: {INSTALL}"
            continue
        entry = Entry(contender.name, contender.package, version)
        try:
            prepared = contender.prepare(task)
            checked = prepared if contest.agreed is None else contender.prepare(agreed)
            entry.error = check(contest, contender.name, checked, expected)
        except UnavailableError as reason:
            skipped[contender.name] = str(reason)
            continue
        except DisagreementError:
            raise
        except Exception:
            failed[contender.name] = traceback.format_exc()
            continue
        entries.append((entry, prepared))
    for _ in range(min(settings.rounds, contest.rounds or settings.rounds)):
        for entry, prepared in entries:
            entry.measured.append(take_turn(contest, prepared, settings) / contest.count)
    return Result(contest, tuple(entry for entry, _ in entries), skipped, failed)


def take_turn(contest: Contest, prepared: Prepared, settings: Settings) -> float:
    """Let one contender have its turn, and return what was measured."""
    clock = CLOCKS[settings.clock]
    gc.collect()
    time.sleep(settings.pause)
    if prepared.reset is not None:
        prepared.reset()
    if contest.rehearsed:
        prepared.turn()
    start, turns, elapsed = clock(), 0, 0.0
    while turns == 0 or elapsed < settings.least:
        own = prepared.turn()
        elapsed = clock() - start
        turns += 1
        if contest.own_measure:
            return float(own)
    return elapsed / turns
