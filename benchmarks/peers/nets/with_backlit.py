"""backlit: a net of modules, and forward, backward and update as one program.

This module imports backlit.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy.typing as npt

import backlit as bl
from benchmarks.contest import Prepared
from benchmarks.nets import Activation, Array, Dropout, Layer, LayerNorm, Linear, Net, parameters
from benchmarks.peers.backlit_engine import require
from benchmarks.tasks import WEIGHT_DECAY, PredictionTask, TrainingTask

__all__ = [
    "differentiate",
    "graph_of_step",
    "losses",
    "losses_without_steps",
    "model_of",
    "predict",
    "predict_by_model",
    "probabilities",
    "trace",
    "train_by_epoch",
    "train_by_step",
]

_ACTIVATIONS: dict[str, Callable[[], bl.nn.Module]] = {
    "relu": bl.nn.ReLU,
    "sigmoid": bl.nn.Sigmoid,
    "gelu": bl.nn.GELU,
}


def _module(layer: Layer) -> bl.nn.Module:
    if isinstance(layer, Linear):
        return bl.nn.Linear(*layer.weight.shape)
    if isinstance(layer, Activation):
        return _ACTIVATIONS[layer.name]()
    if isinstance(layer, LayerNorm):
        return bl.nn.LayerNorm(len(layer.scale))
    if isinstance(layer, Dropout):
        return bl.nn.Dropout(layer.rate, rng=0)
    return bl.nn.Residual(_sequence(layer.inner))


def _sequence(net: Net) -> bl.nn.Sequential:
    return bl.nn.Sequential(*map(_module, net))


def model_of(net: Net) -> bl.nn.Sequential:
    """Build the net, with its initial weights, in the float type of ``bl.precision``."""
    model = _sequence(net)
    for parameter, array in zip(model.parameters().values(), parameters(net), strict=True):
        parameter.value = array
    return model


def _optimizer(task: TrainingTask) -> bl.optim.Optimizer:
    rate: Any = task.rate
    if task.decay_steps is not None:
        rate = bl.optim.CosineDecay(task.rate, steps=task.decay_steps)
    if task.optimizer == "AdamW":
        return bl.optim.AdamW(rate, weight_decay=WEIGHT_DECAY)
    return bl.optim.Adam(rate) if task.optimizer == "Adam" else bl.optim.SGD(rate)


def graph_of_step(task: TrainingTask) -> dict[str, Any]:
    """Build forward, backward and update, in the float type of ``bl.precision``.

    Args:
        task: What is trained.

    Returns:
        What ``bl.compile`` takes: a program of a batch that answers with the loss.
    """
    model = model_of(task.net)
    x = bl.input("x", shape=task.inputs.shape[1:])
    labelled = task.loss == "cross-entropy"
    target = bl.input("target", shape=task.targets.shape[1:], dtype="int64" if labelled else None)
    with bl.training() as mode:
        loss = (bl.losses.cross_entropy if labelled else bl.losses.squared_error)(model(x), target)
    updates = _optimizer(task).updates(loss, model.parameters()) | mode.updates
    return {"inputs": [x, target], "outputs": loss, "updates": updates}


def _training(task: TrainingTask, engine: str, run: Callable[[bl.engines.Program], npt.ArrayLike]) -> Prepared:
    require(engine)
    graph = graph_of_step(task)
    step = bl.compile(**graph, engine=engine)
    initial = {parameter: parameter.value.copy() for parameter in graph["updates"]}

    def reset() -> None:
        for parameter, value in initial.items():
            parameter.value = value

    epoch = partial(run, step)
    return Prepared(epoch, epoch, reset)


def train_by_step(task: TrainingTask, engine: str) -> Prepared:
    """Prepare the training steps, each called from Python."""

    def run(step: bl.engines.Program) -> list[float]:
        return [float(step(x, target)) for x, target in zip(task.inputs, task.targets, strict=True)]

    return _training(task, engine, run)


def train_by_epoch(task: TrainingTask, engine: str) -> Prepared:
    """Prepare the training steps, all of them in one call."""
    return _training(task, engine, lambda step: step.epoch(task.inputs, task.targets))


def losses(task: TrainingTask, steps: int) -> list[float]:
    """Compute the losses of the first steps by the referee in float64: what every contender must come close to."""
    with bl.precision("float64"):
        step = bl.compile(**graph_of_step(task), engine="reference")
    batches = zip(task.inputs[:steps], task.targets[:steps], strict=True)
    wide = ((x.astype("float64"), target) for x, target in batches)
    return [float(step(x, target if task.loss == "cross-entropy" else target.astype("float64"))) for x, target in wide]


def _loss_graph(task: TrainingTask) -> tuple[list[Any], bl.Node, dict[str, Any]]:
    model = model_of(task.net)
    x = bl.input("x", shape=task.inputs.shape[1:])
    target = bl.input("target", shape=task.targets.shape[1:], dtype="int64")
    return [x, target], bl.losses.cross_entropy(model(x), target), model.parameters()


def differentiate(task: TrainingTask, engine: str) -> Prepared:
    """Prepare forward and backward passes: the loss and the gradients of all parameters."""
    require(engine)
    inputs, loss, weights = _loss_graph(task)
    program = bl.compile(inputs, [loss, *bl.grad(loss, weights).values()], engine=engine)

    def run() -> list[float]:
        return [float(program(x, target)[0]) for x, target in zip(task.inputs, task.targets, strict=True)]

    return Prepared(run, run)


def trace(task: TrainingTask, engine: str) -> Prepared:
    """Prepare the same passes with every value and every gradient kept."""
    require(engine)
    (x, target), loss, _ = _loss_graph(task)
    tracer = bl.explain.Tracer(loss, engine=engine)

    def run() -> list[float]:
        batches = zip(task.inputs, task.targets, strict=True)
        return [tracer({x: rows, target: labels}).value(loss).item() for rows, labels in batches]

    return Prepared(run, run)


def losses_without_steps(task: TrainingTask) -> list[float]:
    """Compute the losses of all batches, with the initial weights, by the referee in float64."""
    with bl.precision("float64"):
        inputs, loss, _ = _loss_graph(task)
        program = bl.compile(inputs, loss, engine="reference")
    return [float(program(x.astype("float64"), y)) for x, y in zip(task.inputs, task.targets, strict=True)]


def probabilities(task: PredictionTask) -> Array:
    """Compute the probabilities by the referee in float64."""
    with bl.precision("float64"):
        x = bl.constant(task.row.astype("float64"))
        found: Array = bl.softmax(model_of(task.net)(x)).evaluate()
    return found


def _predicting(task: PredictionTask, call: Callable[[Array], Array]) -> Prepared:
    def turn() -> None:
        for _ in range(task.calls):
            call(task.row)

    return Prepared(turn, lambda: call(task.row))


def predict(task: PredictionTask, engine: str) -> Prepared:
    """Prepare the prediction of one row by a program."""
    require(engine)
    x = bl.input("x", shape=task.row.shape)
    program = bl.compile(inputs=[x], outputs=bl.softmax(model_of(task.net)(x)), engine=engine)
    return _predicting(task, program)


def predict_by_model(task: PredictionTask, engine: str) -> Prepared:
    """Prepare the prediction of one row by the model, which looks for its program at every call."""
    require(engine)
    model = bl.nn.Sequential(model_of(task.net), bl.nn.Softmax())
    return _predicting(task, partial(model.predict, engine=engine))
