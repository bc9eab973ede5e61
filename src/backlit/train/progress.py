"""Progress: what a person sees while training runs.

On a terminal a live display: the epoch, a bar, steps a second, loss and metrics so far, the time left; each finished
epoch stays above it as a line. Elsewhere a line an epoch. It is redrawn a few times a second, not at every step.

This module imports the standard library; rich when the first display is shown.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backlit.errors import ArgumentError

__all__ = ["LineProgress", "LiveProgress", "Progress", "Snapshot", "make_progress"]

_INTERVAL = 0.2
"""Seconds between two drawings."""


@dataclass(frozen=True)
class Snapshot:
    """Where training stands, as it is drawn.

    Args:
        epoch: The number of the epoch, from 1.
        epochs: The number of the last epoch.
        batch: How many batches of the epoch are done.
        batches: How many it has; None where nobody knows.
        means: Loss and metrics over the epoch so far, by name.
        before: How many epochs were done before this run.

    Example:
        >>> Snapshot(1, 5, 25, 125, {"loss": 0.5}).done
        0.04
    """

    epoch: int
    epochs: int
    batch: int
    batches: int | None
    means: Mapping[str, float]
    before: int = 0

    @property
    def done(self) -> float | None:
        """The share of the whole run that is done, from 0 to 1; None where nobody knows."""
        if not self.batches:
            return None
        return (self.epoch - 1 - self.before + self.batch / self.batches) / (self.epochs - self.before)


class Progress:
    """Shows nothing; the other displays derive from it.

    Example:
        >>> with Progress() as progress:
        ...     progress.step(lambda: Snapshot(1, 1, 1, 1, {}))
    """

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *problem: object) -> None:
        pass

    def step(self, snapshot: Callable[[], Snapshot]) -> None:
        """Note that a step was done.

        Args:
            snapshot: Tells where training stands; called only if something is to be drawn.
        """

    def epoch(self, row: Mapping[str, float], epochs: int) -> None:
        """Show a finished epoch.

        Args:
            row: What was recorded.
            epochs: The number of the last epoch.
        """


class LineProgress(Progress):
    """A line for each finished epoch.

    Args:
        write: What takes the text.

    Example:
        >>> LineProgress(print).epoch({"epoch": 1, "loss": 0.25, "seconds": 1.5}, 10)
        epoch  1/10  loss 0.2500  1.5 s
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def epoch(self, row: Mapping[str, float], epochs: int) -> None:
        """Write the line."""
        self._write(_line(row, epochs))


class LiveProgress(Progress):
    """Two lines that are drawn again and again, below the lines of the finished epochs.

    Args:
        console: The rich console to draw on.
        clock: What tells the time, in seconds.

    Example:
        >>> import io
        >>> from rich.console import Console
        >>> console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
        >>> with LiveProgress(console) as progress:
        ...     progress.step(lambda: Snapshot(1, 2, 50, 100, {"loss": 0.5}))
        >>> "epoch 1/2" in console.file.getvalue(), "loss 0.5000" in console.file.getvalue()
        (True, True)
    """

    def __init__(self, console: Any, clock: Callable[[], float] = time.perf_counter) -> None:
        from rich.live import Live

        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._console = console
        self._clock = clock
        self._next = 0.0
        self._steps = 0
        self._window: tuple[float, int] = (0.0, 0)
        self._rate = 0.0
        self._start: tuple[float, float] | None = None

    def __enter__(self) -> LiveProgress:
        self._live.__enter__()
        self._window = (self._clock(), 0)
        return self

    def __exit__(self, *problem: Any) -> None:
        self._live.__exit__(*problem)

    def step(self, snapshot: Callable[[], Snapshot]) -> None:
        """Draw, if it is time to."""
        self._steps += 1
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        state = snapshot()
        began, before = self._window
        if now - began >= 2 * _INTERVAL:
            self._rate = (self._steps - before) / (now - began)
            self._window = (now, self._steps)
        if state.done is not None and self._start is None:
            self._start = (now, state.done)
        self._live.update(self._drawing(state, now), refresh=True)

    def epoch(self, row: Mapping[str, float], epochs: int) -> None:
        """Let the line of a finished epoch stay."""
        self._console.print(_line(row, epochs), highlight=False, soft_wrap=True)

    def _drawing(self, state: Snapshot, now: float) -> Any:
        """Return two lines: how far it is, and how well it goes; a narrow terminal wraps the second one."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        cells: list[Any] = [f"epoch {state.epoch}/{state.epochs}"]
        if state.batches:
            cells += [ProgressBar(state.batches, state.batch, width=20), f"{state.batch}/{state.batches}"]
        else:
            cells.append(f"batch {state.batch}")
        if self._rate:
            cells.append(f"{self._rate:,.0f} steps/s" if self._rate >= 9.5 else f"{self._rate:.1f} steps/s")
        if (left := self._left(state, now)) is not None:
            cells.append(f"{_time(left)} left")
        grid = Table.grid(padding=(0, 2))
        for _ in cells:
            grid.add_column(no_wrap=True)
        grid.add_row(*cells)
        return Group(grid, Text("  ".join(f"{name} {_short(mean)}" for name, mean in state.means.items())))

    def _left(self, state: Snapshot, now: float) -> float | None:
        """Estimate the time left from the share that was done since the display began."""
        if state.done is None or self._start is None:
            return None
        began, done = self._start
        gained = state.done - done
        return (now - began) * (1 - state.done) / gained if gained > 0 and now > began else None


def make_progress(wanted: bool | None) -> Progress:
    """Return the display that fits where the output goes.

    Args:
        wanted: True for one in any case, False for none, None for one on a terminal.

    Returns:
        A live display on a terminal; elsewhere lines if asked for, or else nothing.

    Raises:
        ArgumentError: If it is something else.

    Example:
        >>> type(make_progress(False)).__name__
        'Progress'
    """
    if wanted is not None and not isinstance(wanted, bool):
        raise ArgumentError(f"progress is {wanted!r}", instead="write progress=True, False or None")
    output = sys.stdout
    is_terminal = bool(output is not None and output.isatty())
    if wanted is False or output is None or (wanted is None and not is_terminal):
        return Progress()
    if is_terminal:
        from rich.console import Console

        console = Console()
        if console.is_terminal and not console.is_dumb_terminal:
            return LiveProgress(console)

    def write(line: str) -> None:
        output.write(line + "\n")
        output.flush()

    return LineProgress(write)


def _line(row: Mapping[str, float], epochs: int) -> str:
    """Return a finished epoch as a line."""
    number = int(row.get("epoch", 0))
    cells = [f"epoch {number:>{len(str(epochs))}}/{epochs}"]
    cells += [f"{name} {_short(value)}" for name, value in row.items() if name not in {"epoch", "seconds"}]
    if "seconds" in row:
        cells.append(f"{row['seconds']:.1f} s")
    return "  ".join(cells)


def _short(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3g}"


def _time(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
