"""What each op computes, written a second time: with Python's own numbers, loops and the math module.

Nothing here may use NumPy's arithmetic, which is what the reference engine is made of; arrays only hold and index.
A float is computed in float64; an integer exactly, and wrapped to its width at the end.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def fill(shape: tuple[int, ...], dtype: Any, value: Callable[[tuple[int, ...]], Any]) -> Array:
    """Make an array by saying what stands at each place."""
    result = np.zeros(shape, dtype=dtype)
    for place in itertools.product(*map(range, shape)):
        number = value(place)
        if np.dtype(dtype).kind in "iu":
            width = 8 * np.dtype(dtype).itemsize
            number = int(number) % 2**width
            if np.dtype(dtype).kind == "i" and number >= 2 ** (width - 1):
                number -= 2**width
        result[place] = number
    return result


def stretched(array: Array, place: tuple[int, ...]) -> Any:
    """The element of an array that stands at a place of the shape to which it broadcasts."""
    own = place[len(place) - array.ndim :]
    return array[tuple(0 if n == 1 else i for i, n in zip(own, array.shape, strict=True))].item()


def common(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape to which shapes broadcast."""
    columns = itertools.zip_longest(*(reversed(s) for s in shapes), fillvalue=1)
    return tuple(next((n for n in column if n != 1), 1) for column in columns)[::-1]


def by_element(function: Callable[..., Any], dtype: Any = None) -> Callable[..., Array]:
    """Apply a function of numbers at every place; with the data type of the last argument where none is named."""

    def oracle(*arrays: Array) -> Array:
        shape = common([a.shape for a in arrays])
        target = arrays[-1].dtype if dtype is None else dtype
        target = "float64" if np.dtype(target).kind == "f" else target
        return fill(shape, target, lambda place: function(*(stretched(a, place) for a in arrays)))

    return oracle


def exact(dtype: Any) -> Any:
    """Where floats are computed: in float64."""
    return "float64" if np.dtype(dtype).kind == "f" else dtype


def sign(x: float) -> float:
    return math.nan if math.isnan(x) else (x > 0) - (x < 0)


def larger(x: float, y: float) -> float:
    return math.nan if math.isnan(x) or math.isnan(y) else max(x, y)


def smaller(x: float, y: float) -> float:
    return math.nan if math.isnan(x) or math.isnan(y) else min(x, y)


def over_axes(combine: Callable[[list[Any]], Any], dtype: Any = None) -> Callable[..., Array]:
    """Combine all elements along axes into one."""

    def oracle(x: Array, *, axes: tuple[int, ...]) -> Array:
        kept = [a for a in range(x.ndim) if a not in axes]

        def value(place: tuple[int, ...]) -> Any:
            ranges = [range(x.shape[a]) if a in axes else (place[kept.index(a)],) for a in range(x.ndim)]
            return combine([x[i].item() for i in itertools.product(*ranges)])

        return fill(tuple(x.shape[a] for a in kept), exact(dtype or x.dtype), value)

    return oracle


def add_up(values: list[Any]) -> Any:
    return math.fsum(values) if any(isinstance(v, float) for v in values) else sum(values)


def fold(function: Callable[[Any, Any], Any]) -> Callable[[list[Any]], Any]:
    def combine(values: list[Any]) -> Any:
        result = values[0]
        for value in values[1:]:
            result = function(result, value)
        return result

    return combine


def matmul(x: Array, y: Array) -> Array:
    batch = common([x.shape[:-2], y.shape[:-2]])

    def value(place: tuple[int, ...]) -> Any:
        *outer, i, j = place
        rows = [stretched_matrix(x, outer, i, k) for k in range(x.shape[-1])]
        columns = [stretched_matrix(y, outer, k, j) for k in range(y.shape[-2])]
        return add_up([a * b for a, b in zip(rows, columns, strict=True)])

    return fill((*batch, x.shape[-2], y.shape[-1]), exact(x.dtype), value)


def stretched_matrix(array: Array, outer: list[int], i: int, k: int) -> Any:
    own = outer[len(outer) - (array.ndim - 2) :]
    place = (*(0 if n == 1 else o for o, n in zip(own, array.shape, strict=False)), i, k)
    return array[place].item()


def cumulative_sum(x: Array, *, axis: int) -> Array:
    def value(place: tuple[int, ...]) -> Any:
        return add_up([x[(*place[:axis], j, *place[axis + 1 :])].item() for j in range(place[axis] + 1)])

    return fill(x.shape, exact(x.dtype), value)


def place_of(best: Callable[[Any, Any], bool]) -> Callable[..., Array]:
    def oracle(x: Array, *, axis: int) -> Array:
        def value(place: tuple[int, ...]) -> int:
            row = [x[(*place[:axis], j, *place[axis:])].item() for j in range(x.shape[axis])]
            winner = 0
            for j, number in enumerate(row):
                if not math.isnan(row[winner]) and (best(number, row[winner]) or math.isnan(number)):
                    winner = j
            return winner

        return fill((*x.shape[:axis], *x.shape[axis + 1 :]), "int64", value)

    return oracle


def reshape(x: Array, *, shape: tuple[int, ...]) -> Array:
    flat = [x[place].item() for place in itertools.product(*map(range, x.shape))]
    weights = [math.prod(shape[a + 1 :]) for a in range(len(shape))]
    return fill(shape, x.dtype, lambda place: flat[sum(i * w for i, w in zip(place, weights, strict=True))])


def permute_dims(x: Array, *, axes: tuple[int, ...]) -> Array:
    shape = tuple(x.shape[a] for a in axes)
    return fill(shape, x.dtype, lambda place: x[tuple(place[axes.index(a)] for a in range(x.ndim))].item())


def flip(x: Array, *, axes: tuple[int, ...]) -> Array:
    def value(place: tuple[int, ...]) -> Any:
        return x[tuple(x.shape[a] - 1 - i if a in axes else i for a, i in enumerate(place))].item()

    return fill(x.shape, x.dtype, value)


def slice_(x: Array, *, starts: tuple[int, ...], stops: tuple[int, ...], steps: tuple[int, ...]) -> Array:
    places = [list(range(*bounds)) for bounds in zip(starts, stops, steps, strict=True)]

    def value(place: tuple[int, ...]) -> Any:
        return x[tuple(p[i] for p, i in zip(places, place, strict=True))].item()

    return fill(tuple(map(len, places)), x.dtype, value)


def pad(x: Array, *, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Array:
    shape = tuple(a + n + max(n - 1, 0) * g + b for n, a, b, g in zip(x.shape, low, high, interior, strict=True))
    result = np.zeros(shape, dtype=x.dtype)
    for place in itertools.product(*map(range, x.shape)):
        result[tuple(a + i * (g + 1) for i, a, g in zip(place, low, interior, strict=True))] = x[place]
    return result


def concat(*values: Array, axis: int) -> Array:
    def value(place: tuple[int, ...]) -> Any:
        at = place[axis]
        for array in values:
            if at < array.shape[axis]:
                return array[(*place[:axis], at, *place[axis + 1 :])].item()
            at -= array.shape[axis]
        raise AssertionError(place)

    shape = list(values[0].shape)
    shape[axis] = sum(array.shape[axis] for array in values)
    return fill(tuple(shape), values[0].dtype, value)


def take(x: Array, indices: Array, *, axis: int) -> Array:
    def value(place: tuple[int, ...]) -> Any:
        index = indices[place[axis : axis + indices.ndim]].item()
        return x[(*place[:axis], index, *place[axis + indices.ndim :])].item()

    return fill((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype, value)


def scatter_add(x: Array, indices: Array, *, axis: int, size: int) -> Array:
    def value(place: tuple[int, ...]) -> Any:
        parts = [
            x[(*place[:axis], *at, *place[axis + 1 :])].item()
            for at in itertools.product(*map(range, indices.shape))
            if indices[at] == place[axis]
        ]
        return any(parts) if x.dtype == bool else add_up(parts)

    return fill((*x.shape[:axis], size, *x.shape[axis + indices.ndim :]), exact(x.dtype), value)


def one_hot(labels: Array, *, classes: int, dtype: str) -> Array:
    return fill((*labels.shape, classes), dtype, lambda place: int(labels[place[:-1]] == place[-1]))


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32 with 10 rounds, as in the paper of Salmon, Moraes, Dror and Shaw (2011), in Python's integers."""
    c, k, word = list(counter), list(key), 2**32
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [second // word ^ c[1] ^ k[0], second % word, first // word ^ c[3] ^ k[1], first % word]
        k = [(k[0] + 0x9E3779B9) % word, (k[1] + 0xBB67AE85) % word]
    return c


def random_bits(state: Array, *, shape: tuple[int, ...], stream: int, bits: int) -> Array:
    low, high, step = (int(word) for word in state)
    words = [philox([i // 4, stream, step, 0], [low, high])[i % 4] >> (32 - bits) for i in range(math.prod(shape))]
    return reshape(np.array(words, dtype="uint32"), shape=shape)


def cast(x: Array, *, dtype: str) -> Array:
    python = {"b": bool, "i": int, "u": int, "f": float}[np.dtype(dtype).kind]
    return fill(x.shape, dtype, lambda place: python(x[place].item()))


def broadcast_to(x: Array, *, shape: tuple[int, ...]) -> Array:
    return fill(shape, x.dtype, lambda place: stretched(x, place))


ORACLES: dict[str, Callable[..., Array]] = {
    "abs": by_element(lambda x: -x if x < 0 else x),
    "acos": by_element(math.acos),
    "add": by_element(lambda x, y: x + y),
    "argmax": place_of(lambda a, b: a > b),
    "argmin": place_of(lambda a, b: a < b),
    "asin": by_element(math.asin),
    "atan": by_element(math.atan),
    "broadcast_to": broadcast_to,
    "cast": cast,
    "ceil": by_element(math.ceil),
    "clip": by_element(lambda x, low, high: smaller(larger(x, low), high)),
    "concat": concat,
    "cos": by_element(math.cos),
    "cosh": by_element(math.cosh),
    "cumulative_sum": cumulative_sum,
    "divide": by_element(lambda x, y: x / y),
    "equal": by_element(lambda x, y: x == y, bool),
    "erf": by_element(math.erf),
    "exp": by_element(math.exp),
    "expm1": by_element(math.expm1),
    "flip": flip,
    "floor": by_element(math.floor),
    "greater": by_element(lambda x, y: x > y, bool),
    "greater_equal": by_element(lambda x, y: x >= y, bool),
    "isfinite": by_element(math.isfinite, bool),
    "isnan": by_element(math.isnan, bool),
    "less": by_element(lambda x, y: x < y, bool),
    "less_equal": by_element(lambda x, y: x <= y, bool),
    "log": by_element(math.log),
    "log1p": by_element(math.log1p),
    "logaddexp": by_element(lambda x, y: larger(x, y) + math.log1p(math.exp(-abs(x - y)))),
    "logical_and": by_element(lambda x, y: x and y),
    "logical_not": by_element(lambda x: not x),
    "logical_or": by_element(lambda x, y: x or y),
    "logical_xor": by_element(lambda x, y: x != y),
    "matmul": matmul,
    "max": over_axes(fold(larger)),
    "maximum": by_element(larger),
    "min": over_axes(fold(smaller)),
    "minimum": by_element(smaller),
    "multiply": by_element(lambda x, y: x * y),
    "negative": by_element(lambda x: -x),
    "not_equal": by_element(lambda x, y: x != y, bool),
    "one_hot": one_hot,
    "pad": pad,
    "permute_dims": permute_dims,
    "pow": by_element(math.pow),
    "random_bits": random_bits,
    "relu": by_element(lambda x: larger(x, 0.0)),
    "reshape": reshape,
    "round": by_element(round),
    "scatter_add": scatter_add,
    "sigmoid": by_element(lambda x: 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))),
    "sign": by_element(sign),
    "sin": by_element(math.sin),
    "sinh": by_element(math.sinh),
    "slice": slice_,
    "sqrt": by_element(math.sqrt),
    "stop_gradient": by_element(lambda x: x),
    "subtract": by_element(lambda x, y: x - y),
    "sum": over_axes(add_up),
    "take": take,
    "tan": by_element(math.tan),
    "tanh": by_element(math.tanh),
    "where": by_element(lambda condition, x, y: x if condition else y),
}
"""What each op computes, by its name."""
