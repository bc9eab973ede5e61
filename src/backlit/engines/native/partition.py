"""The partition: which part of each kernel a thread does, and where threads must wait for one another."""

from dataclasses import dataclass

from backlit.engines.native.kernels import Kernel
from backlit.engines.native.ordering import Ordered
from backlit.graph.node import Node

__all__ = ["Division", "divide"]


@dataclass(frozen=True)
class Division:
    """How one kernel is divided.

    Args:
        axis: The axis of what it runs over that is cut into one part a thread; None where it is not cut.
        each: Whether every thread does the whole of it, into an arena of its own.
        partial: Whether every thread sums a part of a product, into an arena of its own.
    """

    axis: int | None = None
    each: bool = False
    partial: bool = False


def divide(ordered: Ordered, kept: set[Node], threads: int) -> tuple[int, dict[Kernel, Division], set[int]]:
    """Divide the kernels among threads."""
    return 1, {kernel: Division() for kernel in ordered.kernels}, set()
