"""Progress: what is shown where, and how seldom it is drawn."""

import io
import sys

import pytest
from rich.console import Console

from backlit.errors import ArgumentError
from backlit.train.progress import LineProgress, LiveProgress, Progress, Snapshot, make_progress


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def console():
    return Console(file=io.StringIO(), force_terminal=True, width=140, color_system=None)


def snapshot(batch, batches=100):
    return Snapshot(1, 2, batch, batches, {"loss": 0.5, "accuracy": 0.875})


def test_it_shows_everything(console):
    clock = Clock()
    with LiveProgress(console, clock) as progress:
        for batch in range(1, 51):
            clock.now += 0.25
            progress.step(lambda batch=batch: snapshot(batch))
    shown = console.file.getvalue()
    for part in ("epoch 1/2", "50/100", "4.0 steps/s", "loss 0.5000", "accuracy 0.8750", "0:38 left"):
        assert part in shown, shown


def test_nothing_is_cut_off_on_a_usual_terminal():
    console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    clock = Clock()
    means = {"loss": 0.5, "accuracy": 0.875, "top 5 accuracy": 0.99, "mean absolute error": 12.5, "penalty": 1e-5}
    with LiveProgress(console, clock) as progress:
        for batch in range(1, 11):
            clock.now += 0.25
            progress.step(lambda batch=batch: Snapshot(10, 100, 1000 + batch, 1875, means, 9))
    shown = console.file.getvalue()
    assert "…" not in shown
    for part in ("epoch 10/100", "1010/1875", "left", "penalty 1e-05"):
        assert part in shown, shown


def test_it_is_drawn_a_few_times_a_second(console):
    clock, drawn = Clock(), []
    with LiveProgress(console, clock) as progress:
        for batch in range(1000):
            clock.now += 0.001
            progress.step(lambda batch=batch: drawn.append(batch) or snapshot(batch))
    assert 2 <= len(drawn) <= 7


def test_a_finished_epoch_stays(console):
    with LiveProgress(console, Clock()) as progress:
        progress.epoch({"epoch": 1, "loss": 0.25, "validation loss": 123456.0, "seconds": 3.04}, 10)
    assert "epoch  1/10  loss 0.2500  validation loss 1.23e+05  3.0 s" in console.file.getvalue()


def test_without_a_known_end_there_is_no_time_left(console):
    clock = Clock()
    with LiveProgress(console, clock) as progress:
        for batch in range(20):
            clock.now += 0.1
            progress.step(lambda batch=batch: snapshot(batch, None))
    assert "batch 1" in console.file.getvalue()
    assert "left" not in console.file.getvalue()


def test_the_share_that_is_done():
    assert Snapshot(3, 4, 5, 10, {}, before=2).done == 0.25
    assert Snapshot(3, 4, 5, None, {}).done is None


def test_the_display_fits_the_output(monkeypatch, capsys):
    assert type(make_progress(None)) is Progress
    assert type(make_progress(False)) is Progress
    lines = make_progress(True)
    assert type(lines) is LineProgress
    lines.epoch({"epoch": 1, "loss": 0.5}, 3)
    assert capsys.readouterr().out == "epoch 1/3  loss 0.5000\n"
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert type(make_progress(None)) is LiveProgress
    assert type(make_progress(True)) is LiveProgress
    assert type(make_progress(False)) is Progress
    monkeypatch.setenv("TERM", "dumb")
    assert type(make_progress(True)) is LineProgress
    monkeypatch.setattr(sys, "stdout", None)
    assert type(make_progress(True)) is Progress
    with pytest.raises(ArgumentError):
        make_progress("yes")
