"""Tapes: large computations on single numbers, written down as data, for everyone to build in his own way.

This module imports the standard library only.
"""

import math
import random
from dataclasses import dataclass

__all__ = ["Tape", "chain", "gradient", "web"]

Operation = tuple[str, int] | tuple[str, int, int]
"""A name (add, subtract, multiply, sin, tanh) and the places of its arguments; the sources have the first places."""


@dataclass(frozen=True)
class Tape:
    """The values of the sources, and operations on sources and earlier results; the last one is the result."""

    sources: tuple[float, ...]
    operations: tuple[Operation, ...]


def web(size: int) -> Tape:
    """Make a web: every operation takes what any two earlier ones gave, and all loose ends are added up.

    Args:
        size: The number of operations.

    Returns:
        The tape. It is shallow, so that neither values nor derivatives run away.
    """
    generator = random.Random(3)
    sources = tuple(generator.uniform(-1.0, 1.0) for _ in range(16))
    operations: list[Operation] = []
    loose = set(range(len(sources)))
    # To add up n loose ends takes n - 1 operations more. One that takes no loose end brings the size two nearer.
    while (missing := size - (len(operations) + len(loose) - 1)) > 0:
        name = ("add", "tanh", "multiply", "sin", "subtract")[len(operations) % 5]
        place = len(sources) + len(operations)
        first, second = generator.randrange(place), generator.randrange(place)
        if missing == 1:
            name, first = "sin", min(loose)
        if name in {"sin", "tanh"}:
            operations.append((name, first))
            loose -= {first}
        else:
            operations.append((name, first, second))
            loose -= {first, second}
        loose.add(place)
    ends = sorted(loose)
    total = ends[0]
    for end in ends[1:]:
        operations.append(("add", total, end))
        total = len(sources) + len(operations) - 1
    return Tape(sources, tuple(operations))


def chain(size: int) -> Tape:
    """Make a chain: every operation takes what the last one gave.

    Args:
        size: The number of operations.

    Returns:
        The tape: sin(sin(… sin(1))), whose value and derivative shrink slowly enough for float32.
    """
    return Tape((1.0,), tuple(("sin", place) for place in range(size)))


def gradient(tape: Tape) -> list[float]:
    """Differentiate a tape in Python's own numbers: forward along it, then backward.

    Args:
        tape: The tape.

    Returns:
        The derivative of the result with respect to each source.
    """
    values = list(tape.sources)
    for name, *arguments in tape.operations:
        x, y = values[arguments[0]], values[arguments[-1]]
        if name == "multiply":
            values.append(x * y)
        elif name in {"add", "subtract"}:
            values.append(x + y if name == "add" else x - y)
        else:
            values.append(math.sin(x) if name == "sin" else math.tanh(x))
    upstream = [0.0] * len(values)
    upstream[-1] = 1.0
    for place in reversed(range(len(tape.sources), len(values))):
        name, *arguments = tape.operations[place - len(tape.sources)]
        x, y, back = values[arguments[0]], values[arguments[-1]], upstream[place]
        if name == "sin":
            upstream[arguments[0]] += back * math.cos(x)
        elif name == "tanh":
            upstream[arguments[0]] += back * (1.0 - values[place] ** 2)
        else:
            local = {"add": (1.0, 1.0), "subtract": (1.0, -1.0), "multiply": (y, x)}[name]
            upstream[arguments[0]] += back * local[0]
            upstream[arguments[1]] += back * local[1]
    return upstream[: len(tape.sources)]
