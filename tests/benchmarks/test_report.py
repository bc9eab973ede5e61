"""Tables, times and sizes as text."""

import pytest
from benchmarks.bars import Bar, judge
from benchmarks.contest import Contest, Entry, Result
from benchmarks.report import format_bars, format_machine, format_quantity, format_result, format_verdicts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.34, "12.3 s"), (1.0, "1.00 s"), (0.5, "500 ms"), (0.0123, "12.3 ms"), (5.28e-4, "528 µs"), (4e-7, "400 ns")],
)
def test_a_time_has_three_digits(seconds, text):
    assert format_quantity(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(3 << 30, "3.00 GiB"), (1 << 20, "1.00 MiB"), (100 << 10, "100 KiB"), (12, "12.0 B"), (0, "0.00 B")],
)
def test_a_size_has_three_digits(size, text):
    assert format_quantity(size, "memory") == text


@pytest.fixture
def result():
    entries = (Entry("backlit", "backlit", "1", [1e-3, 2e-3, 4e-3]), Entry("peer", "numpy", "2", [2e-3, 4e-3, 4e-3]))
    return Result(Contest("w", "batch 1", "step", [], lambda: None), entries, {"other": "no"})


def test_a_result_is_a_table_with_ratios_to_the_first(result):
    assert format_result(result).splitlines() == [
        "| batch 1 | median per step |         quartiles | ÷ backlit |   quartiles |",
        "|---------|----------------:|------------------:|----------:|------------:|",
        "| backlit |         2.00 ms | 1.50 ms – 3.00 ms |         1 |             |",
        "| peer    |         4.00 ms | 3.00 ms – 4.00 ms |      2.00 | 1.50 – 2.00 |",
        "",
        "skipped: other (no)",
    ]


def test_a_contest_in_which_nobody_takes_part_says_so():
    result = Result(Contest("w", "batch 1", "step", [], lambda: None), (), {"backlit": "no"})
    assert format_result(result).splitlines() == ["batch 1: nobody takes part", "skipped: backlit (no)"]


def test_bars_stand_beneath_and_all_of_them_in_the_end(result):
    bars = [Bar("w", "batch 1", "backlit", 2.5, ("peer",)), Bar("w", "batch 1", "peer", 0.005, at_most=True)]
    verdicts = judge(result, bars)
    assert format_verdicts(verdicts).splitlines() == [
        "bar: backlit at least 2.5 times as fast as peer: 2.00 (1.50 – 2.00) times as fast as peer: MISS",
        "bar: peer at most 0.005 s: 4.00 ms (3.00 ms – 4.00 ms): pass",
    ]
    lines = format_bars(verdicts[1:], bars[:1]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert cells == [
        ["w, batch 1", "peer at most 0.005 s", "4.00 ms (3.00 ms – 4.00 ms)", "pass"],
        ["w, batch 1", "backlit at least 2.5 times as fast as peer", "", "not measured"],
    ]


@pytest.mark.parametrize(
    ("load", "threads", "busy"), [(0.4, 2, False), (1.0, 2, True), (3.0, 1, False), (None, 2, False)]
)
def test_a_busy_machine_is_told(load, threads, busy):
    machine = dict.fromkeys(["cpu", "cores_used", "system", "python", "blas", "date"], "-")
    machine |= {"versions": {}, "cores": 2, "threads": threads, "load": None if load is None else [load]}
    assert ("BUSY" in format_machine(machine)) is busy
