"""The command: ``python -m benchmarks [names...]``, from the root of the checkout.

This module imports the standard library only, until the number of threads is settled.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from benchmarks.threads import available_cores, limit_cores, run_again

WORKLOADS = (
    "training",
    "nets",
    "tiny",
    "prediction",
    "tracing",
    "arrays",
    "products",
    "compilation",
    "whole",
    "memory",
    "graphs",
    "imports",
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the arguments of the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure backlit beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"workloads: {', '.join(WORKLOADS)} (default: all)")
    parser.add_argument("--rows", default="", metavar="TEXT", help="only the contests whose title contains this text")
    parser.add_argument("--who", default="", metavar="TEXTS", help="only contenders with one of these texts, as a,b,c")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each contender (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=available_cores(), help="threads of every library")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu needs --threads 1")
    parser.add_argument("--json", metavar="PATH", help="write the report, with every single time, to this file")
    parser.add_argument("--quick", action="store_true", help="small tasks: tries the harness, measures nothing")
    parser.add_argument("--list", action="store_true", help="list the contests and stop")
    settings = parser.parse_args(arguments)
    unknown = [name for name in settings.names if name not in WORKLOADS]
    if unknown:
        parser.error(f"there is no workload {unknown[0]!r}; choose among {', '.join(WORKLOADS)}")
    if settings.rounds < 1 or settings.threads < 1:
        parser.error("rounds and threads are at least 1")
    if settings.clock == "cpu" and settings.threads > 1:
        parser.error("the time of the processor adds up over threads: --clock cpu needs --threads 1")
    settings.names = settings.names or list(WORKLOADS)
    return settings


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    settings = parse(arguments)
    status = run_again(settings.threads, arguments)
    if status is not None:
        return status
    limit_cores(settings.threads)
    # Not before: it loads NumPy, which reads the number of threads when it is loaded.
    return int(importlib.import_module("benchmarks.session").run(settings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
