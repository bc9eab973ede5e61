"""Hypothesis strategies that draw random well-typed graphs: all families of ops, broadcasting, scopes, parameters.

Values are kept tame, so that derivatives can be compared to many digits: each node carries a bound on its size, and
what grows too large is folded back by a sine. A graph drawn with ``smooth=True`` has no kinks and no jumps.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

import backlit as bl

Draw = Callable[[st.SearchStrategy[Any]], Any]

SHAPES = ((), (1,), (3,), (2, 3), (1, 3), (2, 1), (3, 2), (2, 2, 3))
LARGEST = 40.0
"""Above this bound a node is folded back."""


@dataclass
class RandomGraph:
    """A graph under construction, and then drawn: its leaves with their values, and nodes to look at."""

    values: dict[bl.Node, np.ndarray] = field(default_factory=dict)
    parameters: list[bl.Parameter] = field(default_factory=list)
    floats: list[tuple[bl.Node, float]] = field(default_factory=list)
    integers: list[bl.Node] = field(default_factory=list)
    booleans: list[bl.Node] = field(default_factory=list)
    outputs: list[bl.Node] = field(default_factory=list)

    @property
    def inputs(self) -> list[Any]:
        return list(self.values)

    @property
    def sources(self) -> list[bl.Node]:
        """What can be differentiated with respect to: inputs and parameters of floats."""
        return [n for n in (*self.values, *self.parameters) if n.dtype == "float64"]

    @property
    def arrays(self) -> list[np.ndarray]:
        return list(self.values.values())

    def point(self) -> dict[bl.Node, np.ndarray]:
        """The value of every leaf that can change."""
        return {**self.values, **{p: p.value.copy() for p in self.parameters}}

    def __repr__(self) -> str:
        return str(bl.Graph(self.inputs, self.outputs))


def _leaves(draw: Draw, graph: RandomGraph) -> None:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    for i in range(draw(st.integers(1, 3))):
        shape = draw(st.sampled_from(SHAPES))
        node = bl.input(f"x{i}", shape=shape, dtype="float64")
        graph.values[node] = np.asarray(rng.uniform(-2.0, 2.0, shape))
        graph.floats.append((node, 2.0))
    for i in range(draw(st.integers(0, 2))):
        shape = draw(st.sampled_from(SHAPES))
        parameter = bl.parameter(rng.uniform(-2.0, 2.0, shape), f"p{i}", dtype="float64")
        graph.parameters.append(parameter)
        graph.floats.append((parameter, 2.0))
    labels = bl.input("labels", shape=(4,), dtype="int64")
    graph.values[labels] = rng.integers(0, 2, 4)
    graph.integers.append(labels)
    mask = bl.input("mask", shape=(3,), dtype="bool")
    graph.values[mask] = rng.integers(0, 2, 3).astype(bool)
    graph.booleans.append(mask)


def _broadcasting(x: bl.Node, y: bl.Node) -> bl.Node:
    """A second operand that broadcasts with the first: itself, or what it is on average."""
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return bl.mean(y)
    return y


UNARY: dict[str, tuple[Callable[[bl.Node], bl.Node], float]] = {
    "sin": (bl.sin, 1.0),
    "cos": (bl.cos, 1.0),
    "tanh": (bl.tanh, 1.0),
    "atan": (bl.atan, 1.6),
    "erf": (bl.erf, 1.0),
    "sigmoid": (bl.sigmoid, 1.0),
    "exp": (lambda x: bl.exp(bl.sin(x)), 2.8),
    "expm1": (lambda x: bl.expm1(bl.tanh(x)), 1.8),
    "log": (lambda x: bl.log(2.0 + bl.sin(x)), 1.1),
    "log1p": (lambda x: bl.log1p(x * x), 8.0),
    "sqrt": (lambda x: bl.sqrt(1.0 + x * x), LARGEST + 1),
    "sinh": (lambda x: bl.sinh(bl.cos(x)), 1.2),
    "cosh": (lambda x: bl.cosh(bl.sin(x)), 1.6),
    "tan": (lambda x: bl.tan(bl.sin(x)), 1.6),
    "asin": (lambda x: bl.asin(0.9 * bl.sin(x)), 1.2),
    "acos": (lambda x: bl.acos(0.9 * bl.cos(x)), 2.8),
    "square": (lambda x: bl.square(bl.sin(x)), 1.0),
    "softmax": (lambda x: bl.softmax(x) if x.rank else bl.sigmoid(x), 1.0),
    "reciprocal": (lambda x: 1.0 / (1.5 + bl.cos(x)), 2.0),
}

BENT: dict[str, Callable[[bl.Node], bl.Node]] = {
    "relu": bl.relu,
    "abs": bl.abs,
    "clip": lambda x: bl.clip(x, -0.5, 1.0),
    "stop": lambda x: x * bl.stop_gradient(bl.sin(x)),
    "sign": lambda x: x * bl.sign(x),
    "floor": lambda x: x - bl.floor(x),
    "max": lambda x: bl.max(x, axis=-1, keepdims=True) if x.rank else x,
    "min": bl.min,
}

BINARY: dict[str, tuple[Callable[[bl.Node, bl.Node], bl.Node], Callable[[float, float], float]]] = {
    "add": (lambda x, y: x + y, lambda a, b: a + b),
    "subtract": (lambda x, y: x - y, lambda a, b: a + b),
    "multiply": (lambda x, y: x * y, lambda a, b: a * b),
    "divide": (lambda x, y: x / (1.5 + bl.sin(y)), lambda a, b: 2 * a),
    "pow": (lambda x, y: (1.5 + bl.sin(x)) ** bl.tanh(y), lambda a, b: 2.5),
    "logaddexp": (bl.logaddexp, lambda a, b: max(a, b) + 1),
}


def _unary(draw: Draw, graph: RandomGraph, *, smooth: bool) -> tuple[bl.Node, float]:
    x, bound = draw(st.sampled_from(graph.floats))
    if not smooth and draw(st.booleans()):
        return BENT[draw(st.sampled_from(sorted(BENT)))](x), bound + 1
    function, limit = UNARY[draw(st.sampled_from(sorted(UNARY)))]
    return function(x), limit


def _binary(draw: Draw, graph: RandomGraph, *, smooth: bool) -> tuple[bl.Node, float]:
    (x, a), (y, b) = draw(st.sampled_from(graph.floats)), draw(st.sampled_from(graph.floats))
    y = _broadcasting(x, y)
    if not smooth and draw(st.booleans()):
        function = draw(st.sampled_from([bl.maximum, bl.minimum, lambda x, y: bl.where(x > y, x, 0.5 * y)]))
        return function(x, y), max(a, b)
    function, limit = BINARY[draw(st.sampled_from(sorted(BINARY)))]
    return function(x, y), limit(a, b)


def _shape(draw: Draw, graph: RandomGraph, *, smooth: bool) -> tuple[bl.Node, float]:
    x, bound = draw(st.sampled_from(graph.floats))
    kind = draw(st.sampled_from(["flatten", "transpose", "flip", "expand", "squeeze", "stretch", "pad", "slice"]))
    if kind == "flatten":
        return bl.reshape(x, (-1,)), bound
    if kind == "transpose":
        return bl.permute_dims(x, draw(st.permutations(range(x.rank)))), bound
    if kind == "flip":
        return bl.flip(x), bound
    if kind == "squeeze" or (kind == "expand" and x.rank > 3):
        return bl.squeeze(x), bound
    if kind == "expand":
        return bl.expand_dims(x, draw(st.integers(0, x.rank))), bound
    if kind == "stretch" and x.rank < 3 and x.size < 30:
        return bl.broadcast_to(x, (2, *x.shape)), bound
    if kind == "pad" and x.size < 30:
        return bl.pad(x, [draw(st.sampled_from([(0, 0), (0, 1), (1, 0)])) for _ in x.shape], value=0.5), bound + 1
    steps = [draw(st.sampled_from([slice(None), slice(None, None, -1), slice(None, None, 2), 0])) for _ in x.shape]
    return x[tuple(steps)], bound


def _reduce(draw: Draw, graph: RandomGraph, *, smooth: bool) -> tuple[bl.Node, float]:
    x, bound = draw(st.sampled_from(graph.floats))
    axis = draw(st.sampled_from([None, *range(-x.rank, x.rank)]))
    keepdims = draw(st.booleans())
    kind = draw(st.sampled_from(["sum", "mean", "var", "logsumexp", "prod", "cumulative"]))
    if kind == "cumulative" and x.rank:
        return bl.cumulative_sum(x, axis=0 if axis is None else axis), bound * x.size
    if kind == "prod":
        return bl.prod(1.2 * bl.sin(x), axis=axis, keepdims=keepdims), 1.2**x.size
    function = {"mean": bl.mean, "var": bl.var, "logsumexp": bl.logsumexp}.get(kind, bl.sum)
    limit = {"mean": bound, "var": bound**2, "logsumexp": bound + 4}.get(kind, bound * x.size)
    return function(x, axis=axis, keepdims=keepdims), limit


def _select(draw: Draw, graph: RandomGraph, *, smooth: bool) -> tuple[bl.Node, float]:
    x, bound = draw(st.sampled_from(graph.floats))
    kind = draw(st.sampled_from(["take", "scatter", "stack", "concat", "one_hot"]))
    labels = graph.integers[0]
    if kind == "one_hot":
        return bl.one_hot(labels, 2, dtype="float64") * bl.mean(x), bound
    if kind == "take" and x.rank and x.shape[0] >= 2 and x.size < 30:
        return bl.take(x, labels), bound
    if kind == "scatter" and x.rank and x.shape[0] == 4:
        return bl.scatter_add(x, labels, size=3), 4 * bound
    if kind == "concat" and x.rank and x.size < 30:
        return bl.concat([x, bl.sin(x)], axis=-1), bound + 1
    return (bl.stack([x, bl.flip(x)]) if x.rank < 3 and x.size < 30 else bl.sin(x)), bound


def _contract(draw: Draw, graph: RandomGraph, *, smooth: bool) -> tuple[bl.Node, float]:
    (x, a), (y, b) = draw(st.sampled_from(graph.floats)), draw(st.sampled_from(graph.floats))
    for left, right in ((x, y), (y, x)):
        if left.rank >= 2 and right.rank in (1, 2) and left.shape[-1] == right.shape[0] and right.size < 30:
            return left @ right, a * b * left.shape[-1]
    if x.rank >= 2 and x.size < 30:
        return x @ bl.matrix_transpose(x), a * a * x.shape[-1]
    x, y = bl.flatten(x), bl.flatten(y)
    if x.size * y.size < 30:
        return bl.outer(x, y), a * b
    return (bl.vecdot(x, y) if x.size == y.size else bl.sum(x) * bl.mean(y)), a * b * x.size


def _discrete(draw: Draw, graph: RandomGraph, *, smooth: bool) -> tuple[bl.Node, float]:
    """Integers and booleans beside the floats, and back into them."""
    x, bound = draw(st.sampled_from(graph.floats))
    kind = draw(st.sampled_from(["argmax", "count", "mask", "logic", "labels"]))
    if kind == "argmax" and not smooth:
        return bl.cast(bl.argmax(x), "float64") * 0.1 + bl.sin(x), 5.0
    if kind == "count":
        return bl.cast(bl.sum(graph.integers[-1]), "float64") * 0.1 * bl.sin(x), 4.0
    if kind == "labels":
        graph.integers.append(bl.minimum(graph.integers[-1] * 3 + 1, 4) - 1)
    if kind == "logic":
        graph.booleans.append(~graph.booleans[-1] | graph.booleans[0])
    mask = graph.booleans[-1]
    try:
        return bl.where(mask, x, 0.5 * bl.sin(x)), bound
    except bl.errors.ShapeError:
        return bl.where(bl.any(mask), x, bl.sin(x)), bound


FAMILIES = (_unary, _binary, _shape, _reduce, _select, _contract, _discrete, _unary, _binary)


@st.composite
def graphs(draw: Draw, *, smooth: bool = False, most: int = 30) -> RandomGraph:
    """Draw a graph of up to ``most`` calls, with a few of its nodes as outputs, the last one among them."""
    graph = RandomGraph()
    _leaves(draw, graph)
    for _ in range(draw(st.integers(1, most))):
        box = draw(st.sampled_from([None, None, "layer1", "layer2"]))
        with bl.scope(box) if box else contextlib.nullcontext():
            node, bound = draw(st.sampled_from(FAMILIES))(draw, graph, smooth=smooth)
            if bound > LARGEST:
                node, bound = bl.sin(node), 1.0
        graph.floats.append((node, bound))
    last = graph.floats[-1][0]
    others = draw(st.lists(st.sampled_from([node for node, _ in graph.floats[:-1]]), max_size=2, unique=True))
    graph.outputs = [last, *others]
    return graph
