"""Importing a package in a fresh process, which itself measures how long that takes.

This module imports the contests; the packages are imported in the other process.
"""

from benchmarks.contest import CLOCKS, Prepared
from benchmarks.peers.processes.fresh import last_number

__all__ = ["import_package"]

PROGRAM = "from time import {clock} as clock; start = clock(); import {module}; print(clock() - start)"


def import_package(clock: str, module: str) -> Prepared:
    """Prepare the import of a module."""
    program = PROGRAM.format(module=module, clock=CLOCKS[clock].__name__)
    return Prepared(lambda: last_number("-c", program))
