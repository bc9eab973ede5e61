"""Importing a package in a fresh process, which itself measures how long that takes.

This module imports the standard library only.
"""

import subprocess
import sys

from benchmarks.contest import Prepared

__all__ = ["import_backlit", "import_jax", "import_numpy", "import_scikit_learn", "import_torch"]

PROGRAM = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def _fresh(module: str) -> Prepared:
    def turn() -> float:
        command = [sys.executable, "-c", PROGRAM.format(module)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return Prepared(turn)


def import_backlit(_: None) -> Prepared:
    """Prepare ``import backlit``."""
    return _fresh("backlit")


def import_numpy(_: None) -> Prepared:
    """Prepare ``import numpy``, which all others import too."""
    return _fresh("numpy")


def import_scikit_learn(_: None) -> Prepared:
    """Prepare the import of the net of scikit-learn."""
    return _fresh("sklearn.neural_network")


def import_torch(_: None) -> Prepared:
    """Prepare ``import torch``."""
    return _fresh("torch")


def import_jax(_: None) -> Prepared:
    """Prepare ``import jax``."""
    return _fresh("jax")
