"""backlit on its reference engine: the net from operations, and the whole step as one program.

This module imports backlit.
"""

from collections.abc import Callable, Sequence
from typing import Any

import backlit as bl
from benchmarks.contest import Prepared
from benchmarks.nets import Array, PredictionTask, TrainingTask
from benchmarks.tapes import Tape

__all__ = ["build", "build_and_compile", "build_and_differentiate", "predict", "train"]

Layers = Sequence[tuple[bl.Parameter, bl.Parameter]]


def _parameters(weights: Sequence[tuple[Array, Array]]) -> list[tuple[bl.Parameter, bl.Parameter]]:
    return [
        (bl.parameter(weight, name=f"{number}.weight"), bl.parameter(bias, name=f"{number}.bias"))
        for number, (weight, bias) in enumerate(weights)
    ]


def _logits(layers: Layers, x: bl.Node) -> bl.Node:
    for weight, bias in layers[:-1]:
        x = bl.relu(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


def train(task: TrainingTask) -> Prepared:
    """Prepare the training steps."""
    _, batch, pixels = task.inputs.shape
    layers = _parameters(task.weights)
    parameters = [parameter for layer in layers for parameter in layer]
    x = bl.input("x", shape=(batch, pixels))
    labels = bl.input("labels", shape=(batch,), dtype="int64")
    logarithms = bl.log_softmax(_logits(layers, x))
    loss = -bl.mean(bl.take_along_axis(logarithms, bl.expand_dims(labels, 1), axis=1))
    if task.optimizer == "SGD":
        gradients = bl.grad(loss, parameters)
        updates = {θ: θ - task.rate * gradient for θ, gradient in zip(parameters, gradients, strict=True)}
    else:
        updates = bl.optim.Adam(task.rate).updates(loss, parameters)
    step = bl.compile(inputs=[x, labels], outputs=loss, updates=updates, engine="reference")

    def epoch() -> list[float]:
        return [float(step(x, labels)) for x, labels in zip(task.inputs, task.labels, strict=True)]

    return Prepared(epoch, epoch)


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row."""
    x = bl.input("x", shape=task.row.shape)
    program = bl.compile(inputs=[x], outputs=bl.softmax(_logits(_parameters(task.weights), x)), engine="reference")

    def turn() -> None:
        for _ in range(task.calls):
            program(task.row)

    return Prepared(turn, lambda: program(task.row))


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
