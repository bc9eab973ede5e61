"""Predicting one row with the digit net: the latency of a call from Python, from an array to an array.

This module imports the contests and the task; it imports no library that takes part.
"""

from functools import partial

from benchmarks.contest import Contender, Contest, Settings
from benchmarks.nets import Array, PredictionTask, prediction_task
from benchmarks.peers.numpy_by_hand import probabilities

__all__ = ["contests"]

CONTENDERS = (
    Contender("backlit reference", "backlit", "benchmarks.peers.backlit_reference", "predict"),
    Contender("backlit, model.predict", "backlit", "benchmarks.peers.backlit_reference", "predict_by_model"),
    Contender("NumPy by hand", "numpy", "benchmarks.peers.numpy_by_hand", "predict"),
    Contender("scikit-learn", "scikit-learn", "benchmarks.peers.scikit_learn", "predict"),
    Contender("PyTorch", "torch", "benchmarks.peers.pytorch", "predict"),
    Contender("JAX, jit", "jax", "benchmarks.peers.xla", "predict"),
)


def _expected(task: PredictionTask) -> Array:
    return probabilities(
        tuple((weight.astype("float64"), bias.astype("float64")) for weight, bias in task.weights),
        task.row.astype("float64"),
    )


def contests(settings: Settings) -> list[Contest]:
    """Return the one contest."""
    calls = 3 if settings.quick else 300
    task = partial(prediction_task, calls)
    return [Contest("prediction", "one row", "call", CONTENDERS, task, calls, expected=_expected, tolerance=1e-5)]
