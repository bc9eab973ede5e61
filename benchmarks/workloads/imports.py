"""The first import in a fresh process: what everyone waits for, every time.

This module imports the contests; it imports no library that takes part.
"""

from benchmarks.contest import Contender, Contest, Settings

__all__ = ["contests"]

_MODULE = "benchmarks.peers.processes.importing"


def _contender(name: str, package: str, module: str) -> Contender:
    return Contender(name, package, _MODULE, "import_package", {"module": module})


def contests(settings: Settings) -> list[Contest]:
    """Return the one contest; a rehearsal writes the compiled files of Python, which everyone has from then on."""
    contenders = [
        _contender("backlit", "backlit", "backlit"),
        _contender("NumPy", "numpy", "numpy"),
        _contender("scikit-learn", "scikit-learn", "sklearn.neural_network"),
        _contender("PyTorch", "torch", "torch"),
        _contender("JAX", "jax", "jax"),
    ]
    if settings.quick:
        contenders = contenders[:2]
    return [Contest("imports", "first import", "process", contenders, lambda: settings.clock, own_measure=True)]
