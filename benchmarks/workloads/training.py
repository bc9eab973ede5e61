"""The training step of a small net, 784-300-100-10 in float32: small batches show the overhead, large ones the sums.

This module imports the contests and the task; it imports no library that takes part.
"""

from functools import partial

from benchmarks.contest import Contender, Contest, Settings
from benchmarks.nets import training_task
from benchmarks.peers.numpy_by_hand import losses

__all__ = ["contests"]

COMMON = (
    Contender("backlit reference", "backlit", "benchmarks.peers.backlit_reference", "train"),
    Contender("NumPy by hand", "numpy", "benchmarks.peers.numpy_by_hand", "train"),
    Contender("scikit-learn", "scikit-learn", "benchmarks.peers.scikit_learn", "train"),
    Contender("PyTorch", "torch", "benchmarks.peers.pytorch", "train"),
    Contender("JAX, jit per step", "jax", "benchmarks.peers.xla", "train_by_step"),
    Contender("JAX, lax.scan epoch", "jax", "benchmarks.peers.xla", "train_by_epoch"),
)
FUSED = Contender("PyTorch, fused", "torch", "benchmarks.peers.pytorch", "train_fused")

STEPS = {1: 100, 32: 40, 128: 20, 512: 7}
"""How many steps a turn has at each size of batch: all turns take about equally long."""

COMPARED = 8
"""How many losses must agree: later ones differ between any two libraries. Adam divides by the size of a gradient, so
that a gradient of 1e-9 decides, by its sign alone, about a whole step; and nobody adds up in the same order."""

TOLERANCE = 1e-3


def _contest(optimizer: str, batch: int, steps: int) -> Contest:
    task = partial(training_task, optimizer, batch, steps)
    contenders = (*COMMON[:4], FUSED, *COMMON[4:]) if optimizer == "Adam" else COMMON
    return Contest(
        "training",
        f"batch {batch}, {optimizer}",
        "step",
        contenders,
        task,
        count=steps,
        expected=losses,
        tolerance=TOLERANCE,
        compared=COMPARED,
    )


def contests(settings: Settings) -> list[Contest]:
    """Return a contest for each size of batch and each optimiser."""
    return [
        _contest(optimizer, batch, 3 if settings.quick else steps)
        for batch, steps in STEPS.items()
        for optimizer in ("SGD", "Adam")
    ]
