"""Memory: where each stored value lies, and when its place may be used again.

Inputs, parameters, constant arrays and outputs lie where the user or Python has them. Everything else lies in one
arena, each value at an offset that is free from its first write to its last read. When several threads run, a place
may only be used again behind a barrier, because a slower thread may still be reading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backlit.engines.native.evaluating import bytes_of
from backlit.engines.native.places import FIRST_SLOT, Place
from backlit.engines.native.values import LLVM_TYPES
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Node

__all__ = ["Arena", "Lifetime", "array_bytes", "leaf_slots", "whole_lines"]

_LINE = 64
"""Every array begins at a multiple of a cache line, and at most vectors are loaded whole."""


@dataclass(frozen=True)
class Lifetime:
    """How long a value is needed.

    Args:
        node: The node.
        born: The number of the kernel that writes it.
        dies: The number of the last kernel that reads it.
        size: Bytes.
    """

    node: Node
    born: int
    dies: int
    size: int


def array_bytes(node: Node, rank: int = 0) -> int:
    """Return how many bytes an array takes, without its leading axes, rounded up to whole cache lines."""
    count = bytes_of(LLVM_TYPES[node.dtype])
    for extent in node.shape[rank:]:
        count *= extent
    return max(_LINE, whole_lines(count))


def whole_lines(size: int) -> int:
    """Round a number of bytes up to whole cache lines."""
    return -(-size // _LINE) * _LINE


@dataclass
class Arena:
    """A block of memory in which values are given places.

    Args:
        size: Its size in bytes, as far as it is used.
    """

    size: int = 0
    _free: list[tuple[int, int]] = field(default_factory=list)

    def take(self, size: int) -> int:
        """Take a place: the smallest free one that is large enough, or new room at the end."""
        fitting = [(length, start) for start, length in self._free if length >= size]
        if fitting:
            length, start = min(fitting)
            self._free.remove((start, length))
            if length > size:
                self._free.append((start + size, length - size))
            return start
        start = self.size
        self.size += size
        return start

    def give(self, start: int, size: int) -> None:
        """Give a place back, and join it to free neighbours."""
        self._free.append((start, size))
        self._free.sort()
        joined: list[tuple[int, int]] = []
        for begin, length in self._free:
            if joined and sum(joined[-1]) == begin:
                joined[-1] = (joined[-1][0], joined[-1][1] + length)
            else:
                joined.append((begin, length))
        self._free = joined


def leaf_slots(
    inputs: Sequence[Input], parameters: Sequence[Parameter], constants: Sequence[Constant]
) -> Mapping[Node, Place]:
    """Give every leaf an entry of the context."""
    leaves: list[Node] = list(dict.fromkeys([*inputs, *parameters, *constants]))
    return {node: Place("slot", FIRST_SLOT + number) for number, node in enumerate(leaves)}
