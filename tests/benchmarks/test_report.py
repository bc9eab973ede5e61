"""Tables and times as text."""

import pytest
from benchmarks.bars import Bar, judge
from benchmarks.contest import Contest, Entry, Result
from benchmarks.report import format_result, format_seconds, format_verdicts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.34, "12.3 s"), (1.0, "1.00 s"), (0.5, "500 ms"), (0.0123, "12.3 ms"), (5.28e-4, "528 µs"), (4e-7, "400 ns")],
)
def test_a_time_has_three_digits(seconds, text):
    assert format_seconds(seconds) == text


def test_a_result_is_a_table_with_ratios_to_the_first():
    entries = (Entry("backlit", "backlit", "1", [1e-3, 2e-3, 4e-3]), Entry("peer", "numpy", "2", [2e-3, 4e-3, 4e-3]))
    result = Result(Contest("w", "batch 1", "step", [], lambda: None), entries, {"other": "no"})
    assert format_result(result).splitlines() == [
        "| batch 1 | median per step |         quartiles | ÷ backlit |   quartiles |",
        "|---------|----------------:|------------------:|----------:|------------:|",
        "| backlit |         2.00 ms | 1.50 ms – 3.00 ms |         1 |             |",
        "| peer    |         4.00 ms | 3.00 ms – 4.00 ms |      2.00 | 1.50 – 2.00 |",
        "",
        "skipped: other (no)",
    ]
    bars = [Bar("w", "batch 1", "backlit", 0.6, ("peer",)), Bar("w", "batch 1", "peer", 1e-3)]
    assert format_verdicts(judge(result, bars)).splitlines() == [
        "bar: backlit at least 1.66667 times as fast as peer: 0.50 (0.50 – 0.75) times the time of peer: pass",
        "bar: peer at most 0.001 s: 4.00 ms (3.00 ms – 4.00 ms): MISS",
    ]
