"""backlit: a graph of single numbers, built, differentiated and made a program of.

This module imports backlit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import backlit as bl
from benchmarks.contest import Prepared
from benchmarks.nets import Array
from benchmarks.tapes import Tape

__all__ = ["build", "build_and_compile", "build_and_differentiate", "graph_of"]

_FUNCTIONS: dict[str, Callable[..., bl.Node]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "sin": bl.sin,
    "tanh": bl.tanh,
}


def graph_of(tape: Tape, shape: tuple[int, ...] = ()) -> tuple[list[bl.Parameter], bl.Node]:
    """Build the graph of a tape.

    Args:
        tape: The operations.
        shape: That of every node.

    Returns:
        The sources, and the result.
    """
    sources = [bl.parameter(np.full(shape, value), name=f"θ{number}") for number, value in enumerate(tape.sources)]
    nodes: list[Any] = list(sources)
    for name, *arguments in tape.operations:
        nodes.append(_FUNCTIONS[name](*(nodes[argument] for argument in arguments)))
    return sources, nodes[-1]


def build(tape: Tape) -> Prepared:
    """Prepare the building of a graph."""
    return Prepared(lambda: graph_of(tape))


def build_and_differentiate(tape: Tape) -> Prepared:
    """Prepare the building and the differentiation of a graph."""

    def turn() -> list[bl.Node]:
        sources, result = graph_of(tape)
        return bl.grad(result, sources)

    def answer() -> list[Array]:
        gradients: list[Array] = bl.compile(outputs=turn(), engine="reference")()
        return gradients

    return Prepared(turn, answer)


def build_and_compile(tape: Tape) -> Prepared:
    """Prepare everything up to a program that computes the value and the gradient."""

    def turn() -> Any:
        sources, result = graph_of(tape)
        return bl.compile(outputs=[result, *bl.grad(result, sources)], engine="reference")

    return Prepared(turn, lambda: turn()()[1:])
