"""Random programs of every op, data type and rank, with updates: whatever a graph may be, tame or not.

Where `graphs` keeps values tame so that derivatives can be compared, these programs are hostile: empty arrays, axes of
length one, integers that overflow, and on request NaN, infinities and negative zero. They are drawn from a
`random.Random`, which Hypothesis can shrink.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

import backlit as bl
from backlit.errors import GraphError
from backlit.graph import OPS
from backlit.graph.spec import is_integer, kind_of

SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
DTYPES = (*["float32"] * 6, *["float64"] * 6, *["bool"] * 2, *SIGNED, *UNSIGNED)
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, -2.5, np.nan, np.inf, -np.inf, 300.7, -129.5, 2.0**31, -(2.0**63))
LARGEST = 4000
"""No node has more elements."""

UNARY = ("abs", "negative", "relu", "sign", "floor", "ceil", "round", "sqrt", "exp", "tanh", "sigmoid", "sin", "cos")
STEEP = ("erf", "log", "log1p", "expm1", "atan")
BINARY = ("add", "subtract", "multiply", "maximum", "minimum", "equal", "not_equal", "less", "greater_equal")


@dataclass
class RandomProgram:
    """A program under construction, and then drawn."""

    random: Random
    special: bool
    nodes: list[bl.Node] = field(default_factory=list)
    values: dict[bl.Node, np.ndarray] = field(default_factory=dict)
    parameters: list[bl.Parameter] = field(default_factory=list)
    outputs: list[bl.Node] = field(default_factory=list)
    updates: dict[bl.Parameter, bl.Node] = field(default_factory=dict)

    @property
    def inputs(self) -> list[Any]:
        return list(self.values)

    def pick(self, kinds: str = "fib", fits: Callable[[bl.Node], bool] = lambda node: True) -> bl.Node:
        """One of the nodes of some kinds; the later ones more often, so that chains grow long."""
        found = [node for node in self.nodes if kind_of(node.dtype)[0] in kinds and fits(node)]
        if not found:
            raise GraphError("nothing fits")
        return found[max(self.random.randrange(len(found)), self.random.randrange(len(found)))]

    def array(self, shape: tuple[int, ...], dtype: str, below: int | None = None) -> np.ndarray:
        rng = np.random.default_rng(self.random.getrandbits(32))
        if below is not None:
            return np.asarray(rng.integers(0, below, shape)).astype(dtype)
        if dtype == "bool":
            return np.asarray(rng.integers(0, 2, shape)).astype(bool)
        if is_integer(dtype):
            info = np.iinfo(dtype)
            values = np.asarray(rng.integers(max(info.min, -5), 6, shape)).astype(dtype)
            ends = rng.choice(np.array([info.min, info.max], dtype), shape) if self.special else values
            return np.asarray(np.where(rng.random(shape) < 0.1, ends, values))
        values = np.asarray(rng.uniform(-2.0, 2.0, shape))
        wild = rng.random(shape) < (0.4 if self.special else 0.0)
        return np.asarray(np.where(wild, rng.choice(SPECIAL, shape), values)).astype(dtype)

    def leaf(self, value: np.ndarray, *, may_change: bool = True) -> bl.Node:
        """An input, a parameter or a constant."""
        name, choice = f"x{len(self.nodes)}", self.random.choice([0, 1, 2, 3] if may_change else [0, 1, 3])
        if choice < 2:
            node: bl.Node = bl.input(name, value.shape, value.dtype.name)
            self.values[node] = value
        elif choice == 2:
            node = bl.parameter(value, name, dtype=value.dtype.name, trainable=False)
            self.parameters.append(node)
        else:
            node = bl.constant(value, dtype=value.dtype.name)
        self.nodes.append(node)
        return node

    def shape(self) -> tuple[int, ...]:
        """Any shape of up to five axes, often one that broadcasts with what is there."""
        r = self.random
        if self.nodes and r.random() < 0.6:
            shape = [1 if r.random() < 0.3 else length for length in self.pick().shape]
            return tuple(shape[1:] if r.random() < 0.3 else shape)
        lengths = r.choice([(0, 1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 3), (2, 3, 17), (1, 9, 33)])
        shape = [r.choice(lengths) for _ in range(r.choice([0, 1, 1, 2, 2, 2, 3, 3, 4, 5]))]
        while np.prod(shape) > LARGEST:
            shape[shape.index(max(shape))] = 2
        return tuple(shape)

    def indices(self, below: int, shape: tuple[int, ...] | None = None) -> bl.Node:
        """Integers in a range, given or computed."""
        r = self.random
        if shape is None:
            shape = tuple(r.randrange(1, 5) for _ in range(r.randrange(3)))
        dtype = r.choice(["int64", "int32", "int8", "uint8", "uint64"])
        node = self.leaf(self.array(shape, dtype, below), may_change=False)
        if r.random() < 0.3:
            node = bl.minimum(bl.maximum(node, bl.constant(0, dtype=dtype)), bl.constant(below - 1, dtype=dtype))
        return node


def _subset(p: RandomProgram, count: int) -> tuple[int, ...]:
    return tuple(axis for axis in range(count) if p.random.random() < 0.5)


def _binary(p: RandomProgram) -> bl.Node:
    x = p.pick("fi")
    y = p.pick(kind_of(x.dtype)[0], lambda node: node.dtype == x.dtype or p.random.random() < 0.3)
    names = (*BINARY, "divide", "pow", "logaddexp") if kind_of(x.dtype) == "float" else BINARY
    return OPS[p.random.choice(names)](x, y)


def _cast(p: RandomProgram) -> bl.Node:
    x = p.pick()
    # What a float below 0 or above 2^32 becomes as uint32 depends in NumPy on its place in the array.
    allowed = [dtype for dtype in DTYPES if dtype != "uint32" or kind_of(x.dtype) != "float"]
    return bl.cast(x, p.random.choice(allowed))


def _reshape(p: RandomProgram) -> bl.Node:
    x, r = p.pick(), p.random
    if r.random() < 0.5 or not x.size:
        shape = [length for length in x.shape if length != 1 or r.random() < 0.5]
        for _ in range(r.randrange(3)):
            shape.insert(r.randrange(len(shape) + 1), 1)
        return bl.reshape(x, tuple(shape[:6]))
    rows = r.choice([number for number in range(1, x.size + 1) if x.size % number == 0])
    return bl.reshape(x, r.choice([(-1,), (rows, x.size // rows), (rows, 1, x.size // rows)]))


def _slice(p: RandomProgram) -> bl.Node:
    x, r = p.pick(), p.random
    starts = [r.randrange(length + 1) if r.random() < 0.4 else 0 for length in x.shape]
    stops = [r.randrange(a, n + 1) if r.random() < 0.4 else n for a, n in zip(starts, x.shape, strict=True)]
    steps = [r.choice([1, 1, 1, 2, 3]) for _ in x.shape]
    return OPS["slice"](x, starts=tuple(starts), stops=tuple(stops), steps=tuple(steps))


def _broadcast(p: RandomProgram) -> bl.Node:
    x, r = p.pick(fits=lambda node: node.rank < 5 and node.size < 500), p.random
    shape = [r.randrange(1, 4) if length == 1 else length for length in x.shape]
    return bl.broadcast_to(x, (*([r.randrange(1, 3)] if r.random() < 0.5 else []), *shape))


def _pad(p: RandomProgram) -> bl.Node:
    x = p.pick(fits=lambda node: node.size < 500)
    low, high, interior = (tuple(p.random.choice([0, 0, 1, 2]) for _ in x.shape) for _ in range(3))
    return OPS["pad"](x, low=low, high=high, interior=interior)


def _concat(p: RandomProgram) -> bl.Node:
    x = p.pick(fits=lambda node: node.rank > 0)
    axis, kind = p.random.randrange(x.rank), kind_of(x.dtype)[0]

    def rest(node: bl.Node) -> tuple[int, ...]:
        return (*node.shape[:axis], *node.shape[axis + 1 :])

    others = [p.pick(kind, lambda node: node.rank == x.rank and rest(node) == rest(x)) for _ in range(2)]
    return OPS["concat"](x, *others[: p.random.randrange(1, 3)], axis=axis)


def _take(p: RandomProgram) -> bl.Node:
    x = p.pick(fits=lambda node: node.rank > 0)
    axis = p.random.randrange(x.rank)
    return OPS["take"](x, p.indices(x.shape[axis] or 1), axis=axis) if x.shape[axis] else x


def _scatter(p: RandomProgram) -> bl.Node:
    x, r = p.pick("fi", lambda node: node.rank > 0), p.random
    count = r.randrange(1, min(x.rank, 2) + 1)
    axis, size = r.randrange(x.rank - count + 1), r.randrange(1, 5)
    return OPS["scatter_add"](x, p.indices(size, x.shape[axis : axis + count]), axis=axis, size=size)


def _one_hot(p: RandomProgram) -> bl.Node:
    classes = p.random.randrange(1, 12)
    return OPS["one_hot"](p.indices(classes), classes=classes, dtype=p.random.choice(DTYPES))


def _matmul(p: RandomProgram) -> bl.Node:
    x = p.pick("fi", lambda node: node.rank >= 2)
    if p.random.random() < 0.3:
        return x @ bl.matrix_transpose(x)
    return x @ p.pick(kind_of(x.dtype)[0], lambda node: node.rank >= 2 and node.shape[-2] == x.shape[-1])


def _normalised(p: RandomProgram) -> bl.Node:
    x = p.pick("f", lambda node: node.rank > 0 and node.size > 0)
    if p.random.random() < 0.5:
        return bl.softmax(x, axis=p.random.randrange(x.rank))
    return (x - bl.mean(x, axis=-1, keepdims=True)) / bl.sqrt(bl.var(x, axis=-1, keepdims=True) + 1.0)


def _of_axes(p: RandomProgram) -> bl.Node:
    x, r = p.pick(), p.random
    name = r.choice(["sum", "sum", "max", "min", "argmax", "argmin", "cumulative_sum"])
    if name in {"argmax", "argmin", "cumulative_sum"}:
        return OPS[name](x, axis=r.randrange(x.rank or 1))
    return OPS[name](x, axes=_subset(p, x.rank))


def _of_booleans(p: RandomProgram) -> bl.Node:
    name = p.random.choice(["logical_and", "logical_or", "logical_xor", "less", "equal", "logical_not", "where"])
    if name == "logical_not":
        return ~p.pick("b")
    if name == "where":
        x = p.pick()
        return bl.where(p.pick("b"), x, p.pick(kind_of(x.dtype)[0]))
    return OPS[name](p.pick("b"), p.pick("b"))


def _clip(p: RandomProgram) -> bl.Node:
    x = p.pick("fi")
    return OPS["clip"](*(p.pick(kind_of(x.dtype)[0], lambda node: node.dtype == x.dtype) for _ in range(3)))


FAMILIES: tuple[Callable[[RandomProgram], bl.Node], ...] = (
    *[_binary] * 5,
    *[lambda p: OPS[p.random.choice(UNARY + STEEP)](p.pick("f"))] * 4,
    lambda p: OPS[p.random.choice(["abs", "negative", "sign", "floor"])](p.pick("i")),
    lambda p: OPS[p.random.choice(["isnan", "isfinite"])](p.pick("f")),
    lambda p: bl.stop_gradient(p.pick()),
    *[lambda p: bl.permute_dims(x := p.pick(), p.random.sample(range(x.rank), x.rank))] * 2,
    *[lambda p: OPS["flip"](x := p.pick(), axes=_subset(p, x.rank))] * 2,
    *[_cast, _reshape, _slice, _broadcast, _of_axes, _of_booleans, _matmul] * 2,
    *[_pad, _concat, _take, _scatter, _one_hot, _normalised, _clip],
)  # fmt: skip


def _update_for(p: RandomProgram, parameter: bl.Parameter) -> bl.Node:
    """A new value: anything of its spec, another parameter and itself included, or a mixture or a view of such."""
    new, other = (p.pick(fits=lambda node: node.spec == parameter.spec) for _ in "ab")
    kind = p.random.choice(["add", "maximum", "multiply", "other", "flip"])
    if kind == "flip":
        return bl.flip(new)
    return new if kind == "other" or parameter.dtype == "bool" else OPS[kind](new, other)


def random_program(random: Random, *, special: bool = False, most: int = 12) -> RandomProgram:
    """Draw a program of up to ``most`` calls, a few outputs among them, and new values for some parameters."""
    p = RandomProgram(random, special)
    for _ in range(random.randrange(1, 4)):
        p.leaf(p.array(p.shape(), random.choice(DTYPES)))
    for _ in range(random.randrange(1, most + 1)):
        if random.random() < 0.2:
            p.leaf(p.array(p.shape(), random.choice(DTYPES)))
        try:
            node = random.choice(FAMILIES)(p)
        except (GraphError, ValueError):
            continue
        if node.size <= LARGEST:
            p.nodes.append(node)
    p.outputs = [p.nodes[-1], *(random.choice(p.nodes) for _ in range(random.randrange(3)))]
    p.updates = {parameter: _update_for(p, parameter) for parameter in p.parameters if random.random() < 0.7}
    return p
