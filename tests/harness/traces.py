"""Traces of random graphs, and a count of what is computed when they are asked."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import backlit as bl
from backlit.explain import Trace
from backlit.graph.node import OPERATORS
from harness.graphs import RandomGraph


def loss_of(graph: RandomGraph) -> bl.Node:
    """One number made of all outputs of a random graph."""
    with bl.precision("float64"):
        loss = bl.sum(graph.outputs[0])
        for output in graph.outputs[1:]:
            loss = loss + 0.5 * bl.sum(output)
        return loss.named("L") if isinstance(loss, bl.graph.Application) else loss


def traced(graph: RandomGraph, **settings: Any) -> Trace:
    """Trace a random graph at its own values."""
    return bl.trace(loss_of(graph), graph.values, **settings)


def elements(node: bl.Node, rng: np.random.Generator, most: int = 4) -> list[tuple[int, ...]]:
    """A few elements of a node, or all of them where there are no more."""
    every = list(np.ndindex(*node.shape))
    chosen = rng.permutation(len(every))[:most]
    return [every[i] for i in chosen]


def weighted(y: bl.Node) -> bl.Node:
    """A loss in which every element of a value counts, each by another weight."""
    weights = np.linspace(-1.0, 2.0, y.size).reshape(y.shape)
    return (bl.sum(bl.constant(weights) * y) if y.shape else 3.0 * y).named("L")


@dataclass
class Count:
    """How often the referee was asked, how many operations it did, and how many values it was handed for them."""

    calls: int = 0
    operations: int = 0
    handed: int = 0


@contextlib.contextmanager
def counted() -> Iterator[Count]:
    """Count what the referee does for a trace."""
    count, original = Count(), OPERATORS["interpret"]

    def interpret(outputs: tuple[bl.Node, ...], values: Any) -> Any:
        order = bl.graph.topological_order(outputs, values)
        count.calls += 1
        count.handed += len(values)
        count.operations += sum(isinstance(node, bl.graph.Application) and node not in values for node in order)
        return original(outputs, values)

    OPERATORS["interpret"] = interpret
    try:
        yield count
    finally:
        OPERATORS["interpret"] = original
