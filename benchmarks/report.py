"""The report: one table a contest, the bars beneath and all of them in the end, and the same as JSON.

The tables are Markdown, which can be read as it stands and put into a page as it is.

This module imports the contests and the bars.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.bars import Bar, Verdict, judge
from benchmarks.contest import Entry, Result, Settings
from benchmarks.summary import ratios, summarise

__all__ = ["as_data", "format_bars", "format_machine", "format_quantity", "format_result", "format_verdicts"]

FORMAT = 2
"""The version of the JSON; it changes whenever a reader of the old would misread the new."""


_BUSY = 1.25
"""How many threads, those of others included, a core can have before a time says more about waiting than about work."""

_UNITS = {
    "time": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "memory": ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B")),
}


def format_quantity(value: float, quantity: str = "time") -> str:
    """Write seconds or bytes with three digits and a unit that suits them."""
    units = _UNITS[quantity]
    factor, unit = next((pair for pair in units if value >= pair[0]), units[-1])
    return f"{_three_digits(value / factor)} {unit}"


def _three_digits(number: float) -> str:
    if number >= 100.0:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10.0 else f"{number:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table whose columns stand beneath each other; all but the first are set to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "| " + " | ".join([f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def format_result(result: Result) -> str:
    """Write what came of a contest as a table, the skipped contenders beneath.

    Args:
        result: What was measured.

    Returns:
        Lines of text.
    """
    skipped = [f"skipped: {name} ({reason})" for name, reason in result.skipped.items()]
    skipped += [f"FAILED: {name} ({trace.splitlines()[-1]})" for name, trace in result.failed.items()]
    if not result.entries:
        return "\n".join([f"{result.contest.row}: nobody takes part", *skipped])
    subject, rows, quantity = result.entries[0], [], result.contest.quantity
    for entry in result.entries:
        found = summarise(entry.measured)
        spread = f"{format_quantity(found.lower, quantity)} – {format_quantity(found.upper, quantity)}"
        times, quartiles = "1", ""
        if entry is not subject:
            ratio = ratios(entry.measured, subject.measured)
            times, quartiles = f"{ratio.median:.2f}", f"{ratio.lower:.2f} – {ratio.upper:.2f}"
        rows.append((entry.name, format_quantity(found.median, quantity), spread, times, quartiles))
    head = (result.contest.row, f"median per {result.contest.unit}", "quartiles", f"÷ {subject.name}", "quartiles")
    return "\n".join([_table(head, rows), *(["", *skipped] if skipped else [])])


def _measured(verdict: Verdict) -> tuple[str, str]:
    """Write what was measured beside a bar, and pass or miss."""
    found = verdict.measured
    numbers = [found.median, found.lower, found.upper]
    if verdict.against is None:
        texts = [format_quantity(number, verdict.bar.quantity) for number in numbers]
    else:
        texts = [f"{number:.2f}" for number in numbers]
    against = "" if verdict.against is None else f" times {verdict.bar.adverb} {verdict.against}"
    return f"{texts[0]} ({texts[1]} – {texts[2]}){against}", "pass" if verdict.passed else "MISS"


def format_verdicts(verdicts: Sequence[Verdict]) -> str:
    """Write the bars of a contest beside what was measured, each with pass or miss."""
    lines = []
    for verdict in verdicts:
        text, word = _measured(verdict)
        lines.append(f"bar: {verdict.bar.contender} {verdict.bar.words}: {text}: {word}")
    return "\n".join(lines)


def format_bars(verdicts: Sequence[Verdict], missing: Sequence[Bar]) -> str:
    """Write all bars as one table.

    Args:
        verdicts: What was measured beside them.
        missing: Those whose contest was held without the contender or all of the peers.

    Returns:
        Lines of text.
    """
    rows = []
    for verdict in verdicts:
        bar = verdict.bar
        rows.append((f"{bar.workload}, {bar.row}", f"{bar.contender} {bar.words}", *_measured(verdict)))
    rows += [(f"{bar.workload}, {bar.row}", f"{bar.contender} {bar.words}", "", "not measured") for bar in missing]
    return _table(("contest", "bar", "measured", ""), rows)


def format_machine(machine: dict[str, Any]) -> str:
    """Write the facts about the machine in a few lines, and a warning where others are at work on it."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    load = "" if machine["load"] is None else f"; load of the last minute {machine['load'][0]:.1f}"
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['cores_used']} used; {machine['system']}{load}",
        f"Python {machine['python']}; {versions}; BLAS of NumPy: {machine['blas']}",
        f"threads of every library: {machine['threads']}; {machine['date']}",
    ]
    if (
        machine["load"] is not None
        and machine["threads"] > 1
        and machine["load"][0] + machine["threads"] > _BUSY * machine["cores"]
    ):
        lines.append(
            "BUSY: threads that wait for one another on a busy machine take many times as long; use --threads 1"
        )
    return "\n".join(lines)


def as_data(machine: dict[str, Any], settings: Settings, results: Sequence[Result]) -> dict[str, Any]:
    """Return the whole report, ready for JSON: facts, settings, and every single time.

    Args:
        machine: The facts about the machine.
        settings: How thoroughly it was measured.
        results: What was measured.

    Returns:
        A dictionary of lists, text and numbers.
    """
    return {
        "format": FORMAT,
        "machine": machine,
        "settings": asdict(settings),
        "contests": [_contest_data(result) for result in results],
    }


def _contest_data(result: Result) -> dict[str, Any]:
    return {
        "workload": result.contest.workload,
        "row": result.contest.row,
        "unit": result.contest.unit,
        "quantity": result.contest.quantity,
        "count": result.contest.count,
        "tolerance": result.contest.tolerance,
        "contenders": [_entry_data(entry, result.entries[0]) for entry in result.entries],
        "skipped": result.skipped,
        "failed": result.failed,
        "bars": [_verdict_data(verdict) for verdict in judge(result)],
    }


def _entry_data(entry: Entry, subject: Entry) -> dict[str, Any]:
    return {
        **asdict(entry),
        "summary": asdict(summarise(entry.measured)),
        "ratio_to_first": asdict(ratios(entry.measured, subject.measured)),
    }


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    return {
        **asdict(verdict.bar),
        "words": verdict.bar.words,
        "measured": asdict(verdict.measured),
        "against": verdict.against,
        "passed": verdict.passed,
    }
