"""Who takes part: the ways in which each library does what is asked of all.

A new library is one more adapter (``peers/``) and a line here.

This module imports the contests; it imports no library that takes part.
"""

from benchmarks.contest import Contender

__all__ = ["ARRAYS", "EPOCH", "PREDICTING", "PROGRAM", "TRAINING", "training"]

_NETS = "benchmarks.peers.nets."
_ARRAYS = "benchmarks.peers.arrays."
PROGRAM = "backlit"
"""What the subject of most contests is called: a program of the native engine."""
EPOCH = "backlit, epoch"
"""The same, given all the steps of an epoch at once."""

TRAINING = (
    Contender(PROGRAM, "backlit", f"{_NETS}with_backlit", "train_by_step", {"engine": "native"}),
    Contender(EPOCH, "backlit", f"{_NETS}with_backlit", "train_by_epoch", {"engine": "native"}),
    Contender("backlit reference", "backlit", f"{_NETS}with_backlit", "train_by_step", {"engine": "reference"}),
    Contender("NumPy by hand", "numpy", f"{_NETS}with_numpy", "train"),
    Contender("scikit-learn", "scikit-learn", f"{_NETS}with_scikit_learn", "train"),
    Contender("PyTorch", "torch", f"{_NETS}with_pytorch", "train"),
    Contender("PyTorch, fused", "torch", f"{_NETS}with_pytorch", "train", {"fused": True}),
    Contender("PyTorch, compiled", "torch", f"{_NETS}with_pytorch", "train", {"fused": True, "compiled": True}),
    Contender("JAX, jit per step", "jax", f"{_NETS}with_jax", "train_by_step"),
    Contender("JAX, lax.scan epoch", "jax", f"{_NETS}with_jax", "train_by_epoch"),
    Contender("micrograd", "micrograd", f"{_NETS}with_micrograd", "train"),
)

PREDICTING = (
    Contender(PROGRAM, "backlit", f"{_NETS}with_backlit", "predict", {"engine": "native"}),
    Contender("backlit, model.predict", "backlit", f"{_NETS}with_backlit", "predict_by_model", {"engine": "native"}),
    Contender("backlit reference", "backlit", f"{_NETS}with_backlit", "predict", {"engine": "reference"}),
    Contender("NumPy by hand", "numpy", f"{_NETS}with_numpy", "predict"),
    Contender("scikit-learn", "scikit-learn", f"{_NETS}with_scikit_learn", "predict"),
    Contender("PyTorch", "torch", f"{_NETS}with_pytorch", "predict"),
    Contender("JAX, jit", "jax", f"{_NETS}with_jax", "predict"),
)

ARRAYS = (
    Contender(PROGRAM, "backlit", f"{_ARRAYS}with_backlit", "compute", {"engine": "native"}),
    Contender("NumPy", "numpy", f"{_ARRAYS}with_numpy", "compute"),
    Contender("JAX, jit", "jax", f"{_ARRAYS}with_jax", "compute"),
    Contender("PyTorch", "torch", f"{_ARRAYS}with_pytorch", "compute"),
    Contender("PyTorch, compiled", "torch", f"{_ARRAYS}with_pytorch", "compute", {"compiled": True}),
)


def training(*names: str) -> tuple[Contender, ...]:
    """Choose among those who train.

    Args:
        *names: Those who take part besides backlit's program, PyTorch and JAX.

    Returns:
        The contenders.
    """
    always = (PROGRAM, "PyTorch", "JAX")
    return tuple(one for one in TRAINING if one.name in names or one.name.partition(",")[0] in always)
