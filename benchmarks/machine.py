"""The machine and the versions: without them a time says nothing.

This module imports NumPy, to ask which library multiplies its matrices.
"""

import datetime as dt
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.threads import VARIABLES, available_cores

__all__ = ["PACKAGES", "describe_machine"]

PACKAGES = ("backlit", "numpy", "llvmlite", "scikit-learn", "torch", "jax", "jaxlib", "micrograd")


def cpu_model() -> str:
    """Return the name of the processor, as far as the system tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def installed_version(package: str) -> str | None:
    """Return the version of a distribution, or None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe_machine(threads: int) -> dict[str, Any]:
    """Gather what a reader must know to judge the times.

    Args:
        threads: How many threads every library may use.

    Returns:
        The facts, ready for JSON.
    """
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "cores_used": available_cores(),
        "system": platform.platform(),
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": {package: installed_version(package) for package in PACKAGES},
        "blas": f"{blas['name']} {blas['version']}",
        "threads": threads,
        "environment": {name: os.environ.get(name) for name in VARIABLES},
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
