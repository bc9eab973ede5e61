"""Importing a package in a fresh process, which itself measures how long that takes.

This module imports the contests; the packages are imported in the other process.
"""

import subprocess
import sys

from benchmarks.contest import CLOCKS, Prepared

__all__ = ["import_backlit", "import_jax", "import_numpy", "import_scikit_learn", "import_torch"]

PROGRAM = "from time import {clock} as clock; start = clock(); import {module}; print(clock() - start)"


def _fresh(module: str, clock: str) -> Prepared:
    program = PROGRAM.format(module=module, clock=CLOCKS[clock].__name__)

    def turn() -> float:
        command = [sys.executable, "-c", program]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return Prepared(turn)


def import_backlit(clock: str) -> Prepared:
    """Prepare ``import backlit``."""
    return _fresh("backlit", clock)


def import_numpy(clock: str) -> Prepared:
    """Prepare ``import numpy``, which all others import too."""
    return _fresh("numpy", clock)


def import_scikit_learn(clock: str) -> Prepared:
    """Prepare the import of the net of scikit-learn."""
    return _fresh("sklearn.neural_network", clock)


def import_torch(clock: str) -> Prepared:
    """Prepare ``import torch``."""
    return _fresh("torch", clock)


def import_jax(clock: str) -> Prepared:
    """Prepare ``import jax``."""
    return _fresh("jax", clock)
