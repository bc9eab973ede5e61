"""Initialisers: what a weight is before anything has been learned.

Each is a frozen record of its settings and a function ``(shape, rng) -> array``. Numbers are drawn in float64 and then
rounded to the float type of ``precision``, so that a float32 model starts at the rounded values of the float64 one. The
fan of a weight of shape (inputs, outputs) is the number of its inputs and of its outputs; further axes in front belong
to a receptive field, whose size counts into both. This module knows no module.
"""

from __future__ import annotations  # np.random is costly to import, and annotations must not do it

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backlit.errors import ArgumentError, ShapeError
from backlit.graph.node import Array
from backlit.graph.spec import default_float
from backlit.nn.checks import check_number

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initialiser",
    "LeCunNormal",
    "LeCunUniform",
    "Normal",
    "Ones",
    "Orthogonal",
    "Uniform",
    "Zeros",
    "fans",
]

Initialiser = Callable[[tuple[int, ...], "np.random.Generator"], Array]
"""``(shape, rng) -> the initial value``: a record of this module, or any function of that form."""


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return how many inputs one output of a weight sees, and how many outputs one input feeds.

    Args:
        shape: The shape of a weight, (..., inputs, outputs).

    Returns:
        The fan in and the fan out.

    Raises:
        ShapeError: If the shape has fewer than two axes, or no elements.

    Example:
        >>> fans((784, 300)), fans((3, 3, 16, 32))
        ((784, 300), (144, 288))
    """
    if len(shape) < 2 or 0 in shape:
        raise ShapeError(
            f"a parameter of shape {list(shape)} has no fan",
            why="the spread of these initial values follows from the number of inputs and outputs of a weight",
            instead="for a bias write Zeros(), or Normal(std=...)",
        )
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


def _normal(shape: tuple[int, ...], rng: np.random.Generator, mean: float, std: float) -> Array:
    return (mean + std * rng.standard_normal(shape)).astype(default_float())


def _uniform(shape: tuple[int, ...], rng: np.random.Generator, low: float, high: float) -> Array:
    return (low + (high - low) * rng.random(shape)).astype(default_float())


@dataclass(frozen=True)
class HeNormal:
    """Draw from N(0, 2 / ((1 + a²) · fan in)), which keeps the spread of values through layers of rectifiers.

    He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015), equation 15.

    Args:
        slope: The slope a of the rectifier below 0; 0 for ReLU.

    Raises:
        ArgumentError: If the slope is not a finite number.
        ShapeError: When called, if the shape has fewer than two axes.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> round(float(HeNormal()((200, 300), rng).std()), 2)
        0.1
    """

    slope: float = 0.0

    def __post_init__(self) -> None:
        check_number(self.slope, "HeNormal(slope=...)")

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        return _normal(shape, rng, 0.0, math.sqrt(2.0 / ((1.0 + self.slope**2) * fans(shape)[0])))


@dataclass(frozen=True)
class HeUniform:
    """Draw evenly from ±√(6 / ((1 + a²) · fan in)): the variance of ``HeNormal``.

    He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015).

    Args:
        slope: The slope a of the rectifier below 0; 0 for ReLU.

    Raises:
        ArgumentError: If the slope is not a finite number.
        ShapeError: When called, if the shape has fewer than two axes.

    Example:
        >>> bool(abs(HeUniform()((6, 4), np.random.default_rng(0))).max() <= 1.0)
        True
    """

    slope: float = 0.0

    def __post_init__(self) -> None:
        check_number(self.slope, "HeUniform(slope=...)")

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        limit = math.sqrt(6.0 / ((1.0 + self.slope**2) * fans(shape)[0]))
        return _uniform(shape, rng, -limit, limit)


@dataclass(frozen=True)
class GlorotNormal:
    """Draw from N(0, 2 / (fan in + fan out)), made for tanh and other odd functions.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).

    Example:
        >>> round(float(GlorotNormal()((100, 100), np.random.default_rng(0)).std()), 2)
        0.1
    """

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        return _normal(shape, rng, 0.0, math.sqrt(2.0 / sum(fans(shape))))


@dataclass(frozen=True)
class GlorotUniform:
    """Draw evenly from ±√(6 / (fan in + fan out)).

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), equation 16.

    Example:
        >>> bool(abs(GlorotUniform()((3, 3), np.random.default_rng(0))).max() <= 1.0)
        True
    """

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        limit = math.sqrt(6.0 / sum(fans(shape)))
        return _uniform(shape, rng, -limit, limit)


@dataclass(frozen=True)
class LeCunNormal:
    """Draw from N(0, 1 / fan in), which ``SELU`` asks for.

    LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998), section 4.6.

    Example:
        >>> round(float(LeCunNormal()((100, 300), np.random.default_rng(0)).std()), 2)
        0.1
    """

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        return _normal(shape, rng, 0.0, math.sqrt(1.0 / fans(shape)[0]))


@dataclass(frozen=True)
class LeCunUniform:
    """Draw evenly from ±√(3 / fan in).

    LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998), section 4.6.

    Example:
        >>> bool(abs(LeCunUniform()((3, 5), np.random.default_rng(0))).max() <= 1.0)
        True
    """

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        limit = math.sqrt(3.0 / fans(shape)[0])
        return _uniform(shape, rng, -limit, limit)


@dataclass(frozen=True)
class Orthogonal:
    """Draw a matrix with orthonormal rows or columns, times a gain: the Q of a random matrix, its signs made uniform.

    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks"
    (2014); the signs after Mezzadri, "How to generate random matrices from the classical compact groups" (2007).

    Args:
        gain: What the orthonormal matrix is multiplied by.

    Raises:
        ArgumentError: If the gain is not a finite number.
        ShapeError: When called, if the shape has fewer than two axes.

    Example:
        >>> w = Orthogonal()((5, 3), np.random.default_rng(0))
        >>> bool(np.allclose(w.T @ w, np.eye(3), atol=1e-6))
        True
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.gain, "Orthogonal(gain=...)")

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        fans(shape)  # says what is wrong with a vector
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.sign(np.diag(r))
        return (self.gain * (q if rows >= columns else q.T)).reshape(shape).astype(default_float())


@dataclass(frozen=True)
class Normal:
    """Draw from N(mean, std²).

    Args:
        mean: The mean.
        std: The standard deviation, at least 0.

    Raises:
        ArgumentError: If a setting is not finite, or the standard deviation below 0.

    Example:
        >>> Normal(std=0.0)((2,), np.random.default_rng(0)).tolist()
        [0.0, 0.0]
    """

    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.mean, "Normal(mean=...)")
        check_number(self.std, "Normal(std=...)", 0.0)

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        return _normal(shape, rng, self.mean, self.std)


@dataclass(frozen=True)
class Uniform:
    """Draw evenly from ``low`` to ``high``.

    Args:
        low: The smallest value.
        high: The value they stay below, at least as large.

    Raises:
        ArgumentError: If a bound is not finite, or they are in the wrong order.

    Example:
        >>> w = Uniform(2.0, 3.0)((100,), np.random.default_rng(0))
        >>> bool(2.0 <= w.min() < w.max() <= 3.0)
        True
    """

    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.low, "Uniform(low=...)")
        check_number(self.high, "Uniform(high=...)")
        if self.low > self.high:
            raise ArgumentError(f"Uniform draws from low to high; received low={self.low!r}, high={self.high!r}")

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        return _uniform(shape, rng, self.low, self.high)


@dataclass(frozen=True)
class Constant:
    """Give every element the same value.

    Args:
        value: That value.

    Raises:
        ArgumentError: If it is not a finite number.

    Example:
        >>> Constant(0.25)((2,), np.random.default_rng(0)).tolist()
        [0.25, 0.25]
    """

    value: float

    def __post_init__(self) -> None:
        check_number(self.value, "Constant(value=...)")

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        return np.full(shape, self.value, dtype=default_float())


@dataclass(frozen=True)
class Zeros:
    """Give every element the value 0: right for biases; weights of equal values would stay equal for ever.

    Example:
        >>> Zeros()((2,), np.random.default_rng(0)).tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        return np.zeros(shape, dtype=default_float())


@dataclass(frozen=True)
class Ones:
    """Give every element the value 1.

    Example:
        >>> Ones()((2,), np.random.default_rng(0)).tolist()
        [1.0, 1.0]
    """

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return the initial value of a parameter of a shape."""
        return np.ones(shape, dtype=default_float())
