"""backlit on its reference engine: the net from operations, and the whole step as one program.

This module imports backlit.
"""

from collections.abc import Callable, Sequence
from typing import Any

import backlit as bl
from benchmarks.contest import Prepared
from benchmarks.nets import Array, PredictionTask, TrainingTask
from benchmarks.tapes import Tape

__all__ = ["build", "build_and_compile", "build_and_differentiate", "predict", "predict_by_model", "train"]


def _model(weights: Sequence[tuple[Array, Array]]) -> bl.nn.Sequential:
    modules: list[bl.nn.Module] = []
    for weight, bias in weights:
        linear = bl.nn.Linear(*weight.shape)
        linear.weight.value = weight
        if linear.bias is not None:
            linear.bias.value = bias
        modules += [linear, bl.nn.ReLU()]
    return bl.nn.Sequential(*modules[:-1])


def train(task: TrainingTask) -> Prepared:
    """Prepare the training steps; plain gradient descent is written out, as the first page of the guide does."""
    _, batch, pixels = task.inputs.shape
    model = _model(task.weights)
    x = bl.input("x", shape=(batch, pixels))
    labels = bl.input("labels", shape=(batch,), dtype="int64")
    loss = bl.losses.cross_entropy(model(x), labels)
    parameters = model.parameters()
    if task.optimizer == "SGD":
        gradients = bl.grad(loss, parameters)
        updates = {θ: θ - task.rate * gradients[name] for name, θ in parameters.items()}
    else:
        updates = bl.optim.Adam(task.rate).updates(loss, parameters)
    step = bl.compile(inputs=[x, labels], outputs=loss, updates=updates, engine="reference")

    initial = {parameter: parameter.value.copy() for parameter in updates}

    def epoch() -> list[float]:
        return [float(step(x, labels)) for x, labels in zip(task.inputs, task.labels, strict=True)]

    def reset() -> None:
        for parameter, value in initial.items():
            parameter.value = value

    return Prepared(epoch, epoch, reset)


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row by a program."""
    x = bl.input("x", shape=task.row.shape)
    program = bl.compile(inputs=[x], outputs=bl.softmax(_model(task.weights)(x)), engine="reference")

    def turn() -> None:
        for _ in range(task.calls):
            program(task.row)

    return Prepared(turn, lambda: program(task.row))


def predict_by_model(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row by the model, which looks for its program at every call."""
    model = bl.nn.Sequential(_model(task.weights), bl.nn.Softmax())

    def turn() -> None:
        for _ in range(task.calls):
            model.predict(task.row, engine="reference")

    return Prepared(turn, lambda: model.predict(task.row, engine="reference"))


_FUNCTIONS: dict[str, Callable[..., bl.Node]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "sin": bl.sin,
    "tanh": bl.tanh,
}


def _graph(tape: Tape) -> tuple[list[bl.Parameter], bl.Node]:
    sources = [bl.parameter(value, name=f"θ{number}") for number, value in enumerate(tape.sources)]
    nodes: list[Any] = list(sources)
    for name, *arguments in tape.operations:
        nodes.append(_FUNCTIONS[name](*(nodes[argument] for argument in arguments)))
    return sources, nodes[-1]


def build(tape: Tape) -> Prepared:
    """Prepare the building of a graph."""
    return Prepared(lambda: _graph(tape))


def build_and_differentiate(tape: Tape) -> Prepared:
    """Prepare the building and the differentiation of a graph."""

    def turn() -> list[bl.Node]:
        sources, result = _graph(tape)
        return bl.grad(result, sources)

    def answer() -> list[Array]:
        gradients: list[Array] = bl.compile(outputs=turn(), engine="reference")()
        return gradients

    return Prepared(turn, answer)


def build_and_compile(tape: Tape) -> Prepared:
    """Prepare everything up to a program that computes the value and the gradient."""

    def turn() -> Any:
        sources, result = _graph(tape)
        return bl.compile(outputs=[result, *bl.grad(result, sources)], engine="reference")

    return Prepared(turn, lambda: turn()()[1:])
