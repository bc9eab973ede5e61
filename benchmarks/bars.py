"""The bars: what backlit promises of its speed, as data, printed beside what was measured.

This module imports the contests.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.contest import Result
from benchmarks.summary import Summary, ratios, summarise

__all__ = ["BARS", "Bar", "Verdict", "judge"]


@dataclass(frozen=True)
class Bar:
    """A limit for one contender in one contest.

    Args:
        workload: The workload.
        row: The contest.
        contender: The one who promises.
        limit: What must not be exceeded: a ratio of times, or seconds where ``peers`` is empty. "3.5 times as fast as"
            is a ratio of at most 1 / 3.5.
        peers: Those to whom it is compared; the fastest of them, by its median, counts.
    """

    workload: str
    row: str
    contender: str
    limit: float
    peers: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The promise in words."""
        if not self.peers:
            return f"at most {self.limit:g} s"
        other = self.peers[0] if len(self.peers) == 1 else "the best peer"
        if self.limit < 1.0:
            return f"at least {1.0 / self.limit:g} times as fast as {other}"
        return f"at most {self.limit:g} times as long as {other}"


@dataclass(frozen=True)
class Verdict:
    """What was measured beside a bar: seconds, or the ratio to a peer; ``against`` names that peer."""

    bar: Bar
    measured: Summary
    against: str | None

    @property
    def passed(self) -> bool:
        """Whether the median keeps the bar."""
        return self.measured.median <= self.bar.limit


BARS = (
    Bar("training", "batch 32, SGD", "backlit reference", 1.5, ("NumPy by hand",)),
    Bar("training", "batch 32, Adam", "backlit reference", 1.5, ("NumPy by hand",)),
    Bar("graphs", "10,000 nodes: build and differentiate", "backlit", 1.0),
    Bar("imports", "first import", "backlit", 0.2),
)


def judge(result: Result, bars: Iterable[Bar] = BARS) -> list[Verdict]:
    """Hold the bars of a contest against its result.

    Args:
        result: What was measured.
        bars: The bars; those of other contests are passed over, as are those whose contender or peers took no part.

    Returns:
        A verdict for each bar that applies.
    """
    verdicts = []
    for bar in bars:
        entry = result.entry(bar.contender)
        if (bar.workload, bar.row) != (result.contest.workload, result.contest.row) or entry is None:
            continue
        if not bar.peers:
            verdicts.append(Verdict(bar, summarise(entry.seconds), None))
            continue
        rivals = [rival for rival in result.entries if rival.name in bar.peers]
        if rivals:
            best = min(rivals, key=lambda rival: summarise(rival.seconds).median)
            verdicts.append(Verdict(bar, ratios(entry.seconds, best.seconds), best.name))
    return verdicts
