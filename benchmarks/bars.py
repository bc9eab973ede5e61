"""The bars: what backlit promises of its speed, as data, printed beside what was measured.

This module imports the contests.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.contenders import EPOCH
from benchmarks.contest import Result
from benchmarks.summary import Summary, ratios, summarise
from benchmarks.workloads.nets import RESIDUAL
from benchmarks.workloads.nets import ROWS as NETS
from benchmarks.workloads.tracing import PLAIN

__all__ = ["BARS", "Bar", "Verdict", "judge", "unjudged"]


@dataclass(frozen=True)
class Bar:
    """A limit for one contender in one contest.

    Args:
        workload: The workload.
        row: The contest.
        contender: The one who promises.
        limit: What is promised: how many times as fast as the peers at least, or, where ``at_most``, how many times as
            much as they take, or the seconds where there are no peers.
        peers: Those to whom it is compared; the best of them, by its median, counts.
        at_most: Whether less is better.
        quantity: What is measured: ``time`` or ``memory``.
    """

    workload: str
    row: str
    contender: str
    limit: float
    peers: tuple[str, ...] = ()
    at_most: bool = False
    quantity: str = "time"

    @property
    def adverb(self) -> str:
        """What follows the number of times."""
        if self.quantity == "memory":
            return "as much as"
        return "as long as" if self.at_most else "as fast as"

    @property
    def words(self) -> str:
        """The promise in words."""
        bound = f"at {'most' if self.at_most else 'least'} {self.limit:g}"
        if not self.peers:
            return f"{bound} s"
        return f"{bound} times {self.adverb} {self.peers[0] if len(self.peers) == 1 else 'the best peer'}"


@dataclass(frozen=True)
class Verdict:
    """What was measured beside a bar: seconds, or the ratio to a peer; ``against`` names that peer."""

    bar: Bar
    measured: Summary
    against: str | None

    @property
    def passed(self) -> bool:
        """Whether the median keeps the bar."""
        median, limit = self.measured.median, self.bar.limit
        return median <= limit if self.bar.at_most else median >= limit


LOADED = "backlit, engine loaded"
"""Compiling alone: a process loads the engine once, however many programs it compiles."""

PYTORCH = ("PyTorch", "PyTorch, fused", "PyTorch, compiled")
TRAINERS = (*PYTORCH, "JAX, jit per step", "JAX, lax.scan epoch", "scikit-learn")


def _faster(workload: str, row: str, factor: float, *peers: str, by: str = "backlit") -> Bar:
    return Bar(workload, row, by, factor, peers)


def _within(workload: str, row: str, seconds: float, by: str = "backlit") -> Bar:
    return Bar(workload, row, by, seconds, at_most=True)


def _digit_net() -> Iterable[Bar]:
    factors = {1: (3.5, 4.5), 32: (3.2, 3.3), 128: (1.8, 1.8), 512: (1.5, 1.5)}
    for batch, pair in factors.items():
        for optimizer, factor in zip(("SGD", "Adam"), pair, strict=True):
            yield _faster("training", f"batch {batch}, {optimizer}", factor, *TRAINERS, by=EPOCH)


def _other_nets() -> Iterable[Bar]:
    for name in NETS:
        for optimizer in ("SGD", "Adam"):
            yield _faster("nets", f"{name}, {optimizer}", 1.5, *TRAINERS, by=EPOCH)
    yield _faster("nets", RESIDUAL, 1.5, *TRAINERS, by=EPOCH)
    for row in ("MLP 3-16-16-1, one example", "three neurons, one example", "three neurons, the whole day"):
        yield _faster("tiny", row, 1000.0, "micrograd", by=EPOCH)
        yield _faster("tiny", row, 20.0, *PYTORCH, by=EPOCH)


def _predictions_and_arrays() -> Iterable[Bar]:
    for contender in ("backlit", "backlit, model.predict"):
        yield _faster("prediction", "one row", 10.0, "PyTorch", "scikit-learn", by=contender)
    for row in ("tanh(x) a + b", "softmax", "softmax and back", "layer norm", "layer norm and back"):
        yield _faster("arrays", row, 1.5, "NumPy", "JAX, jit")
    for size in (256, 1024, 2048):
        yield _faster("products", f"{size} × {size}", 0.9, "NumPy")
    for batch in (32, 128, 512):
        yield _faster("products", f"784-300-100-10, batch {batch}", 1.2, "NumPy")


def _processes() -> Iterable[Bar]:
    yield _within("compilation", "digit net, Adam, cold", 0.6, by=LOADED)
    yield _within("compilation", "digit net, Adam, cached", 0.03, by=LOADED)
    yield _within("compilation", "1,000 nodes, cold", 3.0, by=LOADED)
    yield _within("compilation", "1,000 nodes of 64 numbers, cold", 3.0, by=LOADED)
    yield Bar("tracing", "digit net, batch 32", "backlit", 1.5, (PLAIN,), at_most=True)
    yield _faster("whole", "MNIST to 97 %", 3.0, "PyTorch")
    for optimizer in ("SGD", "Adam"):
        row = f"batch 512, {optimizer}: growth of the peak"
        yield Bar("memory", row, "backlit", 1.0, ("PyTorch",), at_most=True, quantity="memory")
    yield _within("graphs", "10,000 nodes: build and differentiate", 1.0)
    yield _within("imports", "first import", 0.2)


BARS = (
    *_digit_net(),
    *(
        Bar("training", f"batch 32, {optimizer}", "backlit reference", 1.5, ("NumPy by hand",), at_most=True)
        for optimizer in ("SGD", "Adam")
    ),
    *_other_nets(),
    *_predictions_and_arrays(),
    *_processes(),
)


def _of(result: Result, bars: Iterable[Bar]) -> list[Bar]:
    contest = result.contest
    return [bar for bar in bars if (bar.workload, bar.row) == (contest.workload, contest.row)]


def judge(result: Result, bars: Iterable[Bar] = BARS) -> list[Verdict]:
    """Hold the bars of a contest against its result.

    Args:
        result: What was measured.
        bars: The bars; those of other contests are passed over, as are those whose contender or peers took no part.

    Returns:
        A verdict for each bar that applies.
    """
    verdicts = []
    for bar in _of(result, bars):
        entry = result.entry(bar.contender)
        rivals = [rival for rival in result.entries if rival.name in bar.peers]
        if entry is None or (bar.peers and not rivals):
            continue
        if not bar.peers:
            verdicts.append(Verdict(bar, summarise(entry.measured), None))
            continue
        best = min(rivals, key=lambda rival: summarise(rival.measured).median)
        pair = (entry.measured, best.measured)
        verdicts.append(Verdict(bar, ratios(*(pair if bar.at_most else pair[::-1])), best.name))
    return verdicts


def unjudged(results: Sequence[Result], bars: Iterable[Bar] = BARS) -> list[Bar]:
    """List the bars of the contests that were held about which their results say nothing.

    Args:
        results: What was measured.
        bars: The bars.

    Returns:
        Those whose contender, or all of whose peers, took no part.
    """
    bars = list(bars)
    return [
        bar
        for result in results
        for bar in _of(result, bars)
        if bar not in {verdict.bar for verdict in judge(result, bars)}
    ]
