"""Compile a graph with an engine of backlit and run it once; print the seconds that this took.

The graph is built before. Loading the engine itself, LLVM and its own modules, counts unless ``--loaded`` is given.
"""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

import backlit as bl
from benchmarks.contest import CLOCKS
from benchmarks.peers.nets.with_backlit import graph_of_step
from benchmarks.peers.tapes.with_backlit import graph_of
from benchmarks.tapes import web
from benchmarks.tasks import digits_task


def digit_net(batch: int) -> tuple[dict[str, Any], Sequence[Any]]:
    """Build the step of Adam; return what ``compile`` takes, and a batch."""
    task = digits_task("Adam", batch, 1)
    return graph_of_step(task), (task.inputs[0], task.targets[0])


def nodes(size: int, width: int) -> tuple[dict[str, Any], Sequence[Any]]:
    """Build a web of operations, on single numbers or on vectors."""
    shape = () if width == 1 else (width,)
    return {"outputs": graph_of(web(size), shape)[1]}, ()


def main(arguments: Sequence[str]) -> int:
    """Compile what is asked for."""
    subject, size, width, clock_name, engine, *loaded = arguments
    clock = CLOCKS[clock_name]
    graph, batch = digit_net(int(size)) if subject == "digit net" else nodes(int(size), int(width))
    if loaded:
        for module in ("llvmlite.binding", "backlit.engines.native.program"):
            importlib.import_module(module)
    start = clock()
    result = bl.compile(**graph, engine=engine)(*batch)
    seconds = clock() - start
    if not np.isfinite(result).all():
        raise ValueError(f"the first step gave {result}")
    print(seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
