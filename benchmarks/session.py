"""A session: hold the contests that were asked for, print each when it is done, and keep the report.

This module imports everything else; the command imports it when the number of threads is settled.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.bars import judge, unjudged
from benchmarks.contest import Contest, DisagreementError, Result, Settings, hold
from benchmarks.machine import describe_machine
from benchmarks.report import as_data, format_bars, format_machine, format_result, format_verdicts

__all__ = ["contests_of", "run"]


def contests_of(names: Sequence[str], text: str, settings: Settings) -> list[Contest]:
    """Gather the contests of workloads.

    Args:
        names: The workloads: files in ``workloads/``.
        text: Only contests whose title, ``workload, row``, contains this text.
        settings: How thoroughly to measure.

    Returns:
        The contests, in order.
    """
    found: list[Contest] = []
    for name in names:
        found += importlib.import_module(f"benchmarks.workloads.{name}").contests(settings)
    return [contest for contest in found if text in f"{contest.workload}, {contest.row}"]


def among(contest: Contest, texts: Sequence[str]) -> Contest:
    """Leave in a contest those whose name contains one of these texts."""
    return replace(contest, contenders=[one for one in contest.contenders if any(text in one.name for text in texts)])


def run(asked: argparse.Namespace) -> int:
    """Measure what was asked for.

    Args:
        asked: The arguments of the command.

    Returns:
        The exit status: 1 where contenders disagree or break down, or nothing was chosen. A missed bar is a finding,
        not a failure.
    """
    settings = Settings(rounds=asked.rounds, quick=asked.quick, clock=asked.clock)
    if asked.quick:
        settings = replace(settings, pause=0.0, least=0.0)
    contests = [among(contest, asked.who.split(",")) for contest in contests_of(asked.names, asked.rows, settings)]
    if not contests:
        print(f"no contest has {asked.rows!r} in its title", file=sys.stderr)
        return 1
    if asked.list:
        print("\n".join(f"{contest.workload}, {contest.row}" for contest in contests))
        return 0
    machine = describe_machine(asked.threads)
    print(format_machine(machine), f"{settings.rounds} rounds, {settings.clock} time", sep="; ", flush=True)
    results: list[Result] = []
    for contest in contests:
        if not results or results[-1].contest.workload != contest.workload:
            print(f"\n### {contest.workload}")
        try:
            result = hold(contest, settings)
        except DisagreementError as disagreement:
            print(disagreement, file=sys.stderr)
            return 1
        results.append(result)
        print(*result.failed.values(), sep="\n", end="", file=sys.stderr)
        beneath = format_verdicts(judge(result))
        print("", format_result(result), *(["", beneath] if beneath else []), sep="\n", flush=True)
        if asked.json:
            report = json.dumps(as_data(machine, settings, results), indent=1, ensure_ascii=False)
            Path(asked.json).write_text(report + "\n", encoding="utf-8")
    verdicts, missing = [verdict for result in results for verdict in judge(result)], unjudged(results)
    if verdicts or missing:
        print("\n### bars\n", format_bars(verdicts, missing), sep="\n")
    return int(any(result.failed for result in results))
