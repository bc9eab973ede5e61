"""The card of randomness, and the distributions made of it.

Random numbers are a pure function of a seed and a counter, defined bit by bit, so that every engine draws the same
ones: Philox4x32 with 10 rounds (Salmon, Moraes, Dror and Shaw, 2011). A ``Generator`` owns the state, three 32-bit
words: the seed in two, and the number of steps taken. Each draw in a graph has its own stream; each step of a program
moves the counter on, by an update like any other, so that nothing changes behind the graph's back.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from backlit.errors import ArgumentError, DTypeError, ShapeError
from backlit.graph.leaves import Parameter, parameter
from backlit.graph.node import Node, Operand
from backlit.graph.op import Op, Refusal, Sample, as_nodes
from backlit.graph.ops.arithmetic import sqrt
from backlit.graph.ops.comparison import less
from backlit.graph.ops.exponential import log
from backlit.graph.ops.logic import cast
from backlit.graph.ops.piecewise import minimum
from backlit.graph.ops.trigonometric import cos
from backlit.graph.scope import call_scope
from backlit.graph.shapes import check_shape
from backlit.graph.spec import Spec, check_dtype, default_float, is_floating
from backlit.graph.training import current_training

__all__ = ["Generator", "bernoulli", "normal", "random_bits", "uniform"]


def _infer_bits(state: Spec, *, shape: Sequence[int], stream: int, bits: int) -> Spec:
    if state != Spec((3,), "uint32"):
        raise DTypeError(f"the state of a generator is uint32[3], not {state}", instead="pass rng=bl.Generator(seed)")
    if not 1 <= bits <= 32 or not 0 <= stream < 2**32:
        raise ShapeError(f"a draw has 1 to 32 bits and a stream from 0 to 2**32 - 1; received {bits} and {stream}")
    return Spec(check_shape(shape), "uint32")


_STATE = np.array([1, 2, 3], dtype=np.uint32)
_RANDOM_BITS = Op(
    name="random_bits",
    formula=r"\operatorname{Philox}(x)",
    words="random bits from the state {x}",
    infer=_infer_bits,
    flat=True,
    samples=(
        Sample(_STATE, shape=(7,), stream=0, bits=32),
        Sample(_STATE, shape=(2, 3), stream=5, bits=24),
        Sample(_STATE, shape=(), stream=1, bits=1),
        Sample(_STATE, shape=(0, 2), stream=1, bits=8),
    ),
    refusals=(
        Refusal((Spec((2,), "float32"),), {"shape": (1,), "stream": 0, "bits": 8}, DTypeError, "state of a generator"),
    ),
)


class Generator:
    """A source of random numbers for graphs: a seed, and a counter that each step of a program moves on.

    Args:
        seed: Any integer from 0 to before 2⁶⁴; equal seeds draw equal numbers. By default a fresh one.

    Raises:
        ArgumentError: If the seed is not such an integer.

    Example:
        >>> rng = Generator(7)
        >>> x = uniform((2,), rng=rng)
        >>> x.evaluate().tolist() == x.evaluate().tolist()
        True
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is None:
            seed = int(np.random.default_rng().integers(2**63))
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**64:
            raise ArgumentError(f"a seed is an integer from 0 to before 2**64; received {seed!r}")
        self.seed = int(seed)
        self.state: Parameter = parameter(
            np.array([self.seed & 0xFFFFFFFF, self.seed >> 32, 0], dtype=np.uint32), "random_state", trainable=False
        )
        self._draws: Counter[Parameter] = Counter()

    def updates(self) -> dict[Parameter, Node]:
        """Return the update that moves the counter on, for ``compile``.

        Inside ``training`` every draw hands it over by itself.

        Returns:
            The new value of the state.

        Example:
            >>> rng = Generator(7)
            >>> list(rng.updates()) == [rng.state]
            True
        """
        return {self.state: self.state + np.array([0, 0, 1], dtype=np.uint32)}

    def _draw(self, shape: tuple[int, ...], bits: int) -> Node:
        mode = current_training()
        counter = self._draws if mode is None else mode.draws
        stream = counter[self.state]
        counter[self.state] += 1
        if mode is not None:
            mode.updates.update(self.updates())
        return random_bits(self.state, shape, stream=stream, bits=bits)

    def __repr__(self) -> str:
        return f"Generator({self.seed})"


def random_bits(state: Operand, shape: Sequence[int], *, stream: int = 0, bits: int = 32) -> Node:
    """Draw random bits: element i is word i mod 4 of Philox4x32-10 at the counter (i div 4, stream, step, 0).

    The key is the first two words of the state, the step its third (Salmon, Moraes, Dror and Shaw, "Parallel random
    numbers: as easy as 1, 2, 3", 2011).

    Args:
        state: The state of a generator, uint32 of shape (3,).
        shape: The shape of the draw.
        stream: Which of the independent draws of one step.
        bits: How many of the 32 bits to keep, the highest ones, as an integer below 2^bits.

    Returns:
        A node of uint32 of that shape.

    Raises:
        DTypeError: If the state is not that of a generator.
        ShapeError: If the number of bits or the stream is out of range.

    Example:
        >>> random_bits(Generator(0).state, (2,)).evaluate().tolist()
        [1713891541, 3781805453]
    """
    return _RANDOM_BITS(*as_nodes((state,)), shape=check_shape(shape), stream=stream, bits=bits)


def _check(rng: Generator, dtype: object) -> str:
    if not isinstance(rng, Generator):
        raise ArgumentError(
            f"rng is a bl.Generator; received {rng!r}",
            why="numbers drawn inside a graph are drawn anew at every run, on every engine the same",
            instead="write rng=bl.Generator(seed)",
        )
    name = default_float() if dtype is None else check_dtype(dtype)
    if not is_floating(name):
        raise DTypeError(f"random numbers of this kind are floats, not {name}")
    return name


def uniform(
    shape: int | Sequence[int] = (), *, low: float = 0.0, high: float = 1.0, rng: Generator, dtype: object = None
) -> Node:
    """Draw numbers spread evenly from ``low`` to before ``high``.

    Args:
        shape: The shape of the draw.
        low: The smallest number.
        high: The number they stay below.
        rng: The generator.
        dtype: The float type; by default that of ``precision``.

    Returns:
        A node of that shape: 24 random bits for float32, 53 for float64.

    Raises:
        ArgumentError: If ``rng`` is not a generator, or ``low`` is not below ``high``.

    Example:
        >>> draw = uniform((1000,), rng=Generator(0)).evaluate()
        >>> bool(0.45 < draw.mean() < 0.55)
        True
    """
    name, lengths = _check(rng, dtype), check_shape(shape)
    below = float(np.nextafter(np.dtype(name).type(high), np.dtype(name).type(low)))
    if not low <= below < high:
        raise ArgumentError(f"numbers are drawn from low to before high; received low={low!r} and high={high!r}")
    with call_scope("uniform"):
        unit = _unit(rng, lengths, name)
        # Rounding may carry the sum up to ``high`` itself.
        return unit if (low, high) == (0.0, 1.0) else minimum(low + (high - low) * unit, below)


def _unit(rng: Generator, shape: tuple[int, ...], dtype: str) -> Node:
    if dtype == "float32":
        return cast(rng._draw(shape, 24), dtype) * 2.0**-24
    high, low = cast(rng._draw(shape, 27), dtype), cast(rng._draw(shape, 26), dtype)
    return (high * 2.0**26 + low) * 2.0**-53


def normal(
    shape: int | Sequence[int] = (), *, mean: float = 0.0, std: float = 1.0, rng: Generator, dtype: object = None
) -> Node:
    """Draw numbers from the normal distribution: mean + std · √(-2 ln u) cos(2πv) (Box and Muller, 1958).

    Args:
        shape: The shape of the draw.
        mean: The mean.
        std: The standard deviation.
        rng: The generator.
        dtype: The float type; by default that of ``precision``.

    Returns:
        A node of that shape.

    Raises:
        ArgumentError: If ``rng`` is not a generator, or the standard deviation is negative.

    Example:
        >>> draw = normal((10000,), rng=Generator(0)).evaluate()
        >>> bool(abs(draw.std() - 1) < 0.05)
        True
    """
    name, lengths = _check(rng, dtype), check_shape(shape)
    if not 0.0 <= std < math.inf:
        raise ArgumentError(f"a standard deviation is a finite number of at least 0; received {std!r}")
    with call_scope("normal"):
        radius = sqrt(-2.0 * log(1.0 - _unit(rng, lengths, name)))
        unit = radius * cos(2.0 * math.pi * _unit(rng, lengths, name))
        return unit if (mean, std) == (0.0, 1.0) else mean + std * unit


def bernoulli(probability: float, shape: int | Sequence[int] = (), *, rng: Generator) -> Node:
    """Draw booleans that are true with a given probability.

    Args:
        probability: From 0 to 1.
        shape: The shape of the draw.
        rng: The generator.

    Returns:
        A node of booleans of that shape.

    Raises:
        ArgumentError: If the probability is not from 0 to 1.

    Example:
        >>> bool(bernoulli(1.0, rng=Generator(0)).evaluate())
        True
    """
    if not isinstance(probability, (int, float)) or not 0.0 <= probability <= 1.0:
        raise ArgumentError(f"a probability is a number from 0 to 1; received {probability!r}")
    _check(rng, None)
    with call_scope("bernoulli"):
        return less(_unit(rng, check_shape(shape), "float32"), probability)
