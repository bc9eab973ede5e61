"""What an op is tested on: arrays drawn from the samples of its card, of every data type it accepts.

The engines are found here and nowhere else in the suite: a new engine inherits every test that asks ``ENGINES``.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import backlit as bl
from backlit.errors import GraphError
from backlit.graph import OPS, Op, Sample, Spec
from backlit.graph.spec import is_floating, kind_of

ENGINES = tuple(bl.engines.engine_names())

DTYPES = ("float64", "float32", "int64", "int32", "uint8", "bool")
"""The data types tried on every op: both floats, and of the other kinds those in use, signed and unsigned."""

ACCEPTS: dict[str, str] = {
    **dict.fromkeys(["add", "subtract", "multiply", "negative", "abs", "sign", "floor", "ceil", "round"], "fi"),
    **dict.fromkeys(["maximum", "minimum", "clip", "matmul", "sum", "cumulative_sum"], "fi"),
    **dict.fromkeys(["divide", "pow", "sqrt", "relu", "logaddexp", "isnan", "isfinite"], "f"),
    **dict.fromkeys(["exp", "expm1", "log", "log1p", "sigmoid", "erf"], "f"),
    **dict.fromkeys(["sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"], "f"),
    **dict.fromkeys(["logical_and", "logical_or", "logical_xor", "logical_not"], "b"),
    **dict.fromkeys(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"], "fib"),
    **dict.fromkeys(["where", "cast", "stop_gradient", "max", "min", "argmax", "argmin"], "fib"),
    **dict.fromkeys(["reshape", "permute_dims", "broadcast_to", "flip"], "fib"),
    **dict.fromkeys(["slice", "pad", "concat", "take", "scatter_add"], "fib"),
    **dict.fromkeys(["one_hot", "random_bits"], ""),
}
"""The kinds (float, integer, bool) that the arguments drawn for each op may have; none where nothing is drawn.

It is written here a second time so that a card that refuses a data type by mistake is noticed. ``scatter_add`` of
booleans is not promised, only not refused.
"""


@dataclass(frozen=True)
class Case:
    """One op, one sample of its card, one data type."""

    op: Op
    number: int
    dtype: str

    @property
    def sample(self) -> Sample:
        return self.op.samples[self.number]

    @property
    def drawn(self) -> tuple[int, ...]:
        """The positions of the arguments that are drawn; the others stand on the card."""
        return tuple(i for i, a in enumerate(self.sample.arguments) if isinstance(a, tuple))

    @property
    def seed(self) -> int:
        return zlib.crc32(f"{self.op.name} {self.number} {self.dtype}".encode())

    def specs(self) -> tuple[Spec, ...]:
        return tuple(
            Spec(a, self.dtype) if isinstance(a, tuple) else Spec(a.shape, a.dtype.name) for a in self.sample.arguments
        )

    def accepted(self) -> bool:
        """Whether the card takes arguments of this data type."""
        try:
            self.op.infer(*self.specs(), **self.sample.attributes)
        except GraphError:
            return False
        return True

    def nodes(self) -> list[bl.Node]:
        """An input for each drawn argument, a constant for each other."""
        return [
            bl.input(f"x{i}", shape=a, dtype=self.dtype) if isinstance(a, tuple) else bl.constant(a)
            for i, a in enumerate(self.sample.arguments)
        ]

    def arrays(self, seed: int = 0) -> list[np.ndarray]:
        """Values for every argument, away from the kinks of the op."""
        rng = np.random.default_rng([self.seed, seed])
        for _ in range(200):
            arrays = [
                draw(rng, a, self.dtype, self.op, i) if isinstance(a, tuple) else a
                for i, a in enumerate(self.sample.arguments)
            ]
            if not is_floating(self.dtype) or distance_to_kink(self, arrays) > 0.05:
                return arrays
        raise AssertionError(f"no arguments away from the kink of {self.op}")

    def __str__(self) -> str:
        return f"{self.op.name}-{self.number}-{self.dtype}"


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, op: Op, position: int) -> np.ndarray:
    """Draw an array from the domain of an argument."""
    domain = op.domain_of(position)
    if dtype == "bool":
        return rng.integers(2, size=shape).astype(bool)
    if is_floating(dtype):
        return np.asarray(rng.uniform(domain.low, domain.high, shape)).astype(dtype)
    low = max(int(np.ceil(domain.low)), 0 if dtype.startswith("uint") else -100)
    return np.asarray(rng.integers(low, int(domain.high) + 1, size=shape)).astype(dtype)


def distance_to_kink(case: Case, arrays: list[Any]) -> float:
    """How far the arguments are from the nearest kink: the smallest value of the card's kink function."""
    if case.op.kink is None:
        return np.inf
    nodes = case.nodes()
    values = {n: a for n, a in zip(nodes, arrays, strict=True) if isinstance(n, bl.graph.Input)}
    kink = case.op.kink(*nodes, **case.sample.attributes).evaluate(values)
    return float(np.min(np.abs(kink), initial=np.inf))


def cases(dtypes: tuple[str, ...] = DTYPES) -> Iterator[Case]:
    """Every op, sample and data type that goes together."""
    for name in sorted(OPS):
        op = OPS[name]
        for number, sample in enumerate(op.samples):
            case = Case(op, number, dtypes[0])
            if not case.drawn:
                yield case  # nothing to draw: the data types stand on the card
                continue
            for dtype in dtypes:
                if kind_of(dtype)[0] in ACCEPTS.get(name, "fib") and sample.attributes.get("dtype") != dtype:
                    yield Case(op, number, dtype)


def run(case: Case, arrays: list[np.ndarray], engine: str = "reference") -> Any:
    """Build the op on inputs (given arrays included, so that an engine cannot fold them) and run it."""
    inputs = [bl.input(f"x{i}", shape=a.shape, dtype=a.dtype.name) for i, a in enumerate(arrays)]
    return bl.compile(inputs, case.op(*inputs, **case.sample.attributes), engine=engine)(*arrays)
