"""The report: one table a contest, the bars beneath, and the same as JSON.

The tables are Markdown, which can be read as it stands and put into a page as it is.

This module imports the contests and the bars.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.bars import Verdict, judge
from benchmarks.contest import Entry, Result, Settings
from benchmarks.summary import ratios, summarise

__all__ = ["as_data", "format_machine", "format_result", "format_seconds", "format_verdicts"]

FORMAT = 1
"""The version of the JSON; it changes whenever a reader of the old would misread the new."""


def format_seconds(seconds: float) -> str:
    """Write a time with three digits and a unit that suits it."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= factor:
            return f"{_three_digits(seconds / factor)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


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
    subject, rows = result.entries[0], []
    for entry in result.entries:
        time = summarise(entry.seconds)
        spread = f"{format_seconds(time.lower)} – {format_seconds(time.upper)}"
        times, quartiles = "1", ""
        if entry is not subject:
            ratio = ratios(entry.seconds, subject.seconds)
            times, quartiles = f"{ratio.median:.2f}", f"{ratio.lower:.2f} – {ratio.upper:.2f}"
        rows.append((entry.name, format_seconds(time.median), spread, times, quartiles))
    head = (result.contest.row, f"median per {result.contest.unit}", "quartiles", f"÷ {subject.name}", "quartiles")
    skipped = [f"skipped: {name} ({reason})" for name, reason in result.skipped.items()]
    return "\n".join([_table(head, rows), *(["", *skipped] if skipped else [])])


def format_verdicts(verdicts: Sequence[Verdict]) -> str:
    """Write the bars beside what was measured, each with pass or miss."""
    lines = []
    for verdict in verdicts:
        measured = verdict.measured
        if verdict.against is None:
            numbers = [format_seconds(number) for number in (measured.median, measured.lower, measured.upper)]
        else:
            numbers = [f"{number:.2f}" for number in (measured.median, measured.lower, measured.upper)]
        to = f" times the time of {verdict.against}" if verdict.against else ""
        word = "pass" if verdict.passed else "MISS"
        lines.append(
            f"bar: {verdict.bar.contender} {verdict.bar.words}: {numbers[0]} ({numbers[1]} – {numbers[2]}){to}: {word}"
        )
    return "\n".join(lines)


def format_machine(machine: dict[str, Any]) -> str:
    """Write the facts about the machine in a few lines."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    load = "" if machine["load"] is None else f"; load of the last minute {machine['load'][0]:.1f}"
    return "\n".join(
        [
            f"{machine['cpu']}, {machine['cores']} cores, {machine['cores_used']} used; {machine['system']}{load}",
            f"Python {machine['python']}; {versions}; BLAS of NumPy: {machine['blas']}",
            f"threads of every library: {machine['threads']}; {machine['date']}",
        ]
    )


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
    subject = result.entries[0]
    return {
        "workload": result.contest.workload,
        "row": result.contest.row,
        "unit": result.contest.unit,
        "count": result.contest.count,
        "tolerance": result.contest.tolerance,
        "contenders": [_entry_data(entry, subject) for entry in result.entries],
        "skipped": result.skipped,
        "bars": [_verdict_data(verdict) for verdict in judge(result)],
    }


def _entry_data(entry: Entry, subject: Entry) -> dict[str, Any]:
    return {
        **asdict(entry),
        "summary": asdict(summarise(entry.seconds)),
        "ratio_to_first": asdict(ratios(entry.seconds, subject.seconds)),
    }


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    return {
        **asdict(verdict.bar),
        "words": verdict.bar.words,
        "measured": asdict(verdict.measured),
        "against": verdict.against,
        "passed": verdict.passed,
    }
