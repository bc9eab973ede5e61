"""The first import in a fresh process: what everyone waits for, every time.

This module imports the contests; it imports no library that takes part.
"""

from benchmarks.contest import Contender, Contest, Settings

__all__ = ["contests"]

MODULE = "benchmarks.peers.imported"


def contests(settings: Settings) -> list[Contest]:
    """Return the one contest; a rehearsal writes the compiled files of Python, which everyone has from then on."""
    contenders = [
        Contender("backlit", "backlit", MODULE, "import_backlit"),
        Contender("NumPy", "numpy", MODULE, "import_numpy"),
        Contender("scikit-learn", "scikit-learn", MODULE, "import_scikit_learn"),
        Contender("PyTorch", "torch", MODULE, "import_torch"),
        Contender("JAX", "jax", MODULE, "import_jax"),
    ]
    if settings.quick:
        contenders = contenders[:2]
    return [Contest("imports", "first import", "process", contenders, lambda: settings.clock, own_clock=True)]
