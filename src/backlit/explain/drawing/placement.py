"""Placement: where everything is that is seen of a diagram, ready to be drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backlit.explain.drawing.diagram import Edge, Mark
from backlit.explain.drawing.measuring import Extent

__all__ = ["Frame", "Placement", "Run", "Spot", "Wire"]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a mark stands.

    Args:
        mark: The mark.
        x: The middle of its shape.
        y: The same, downward.
        extent: Its size.
        ports: For a box, how far below its middle each of its ports is.
    """

    mark: Mark
    x: float
    y: float
    extent: Extent
    ports: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """The border of an open box.

    Args:
        mark: The box.
        x: Its left side.
        y: Its upper side.
        width: Its width.
        height: Its height.
    """

    mark: Mark
    x: float
    y: float
    width: float
    height: float


Run = tuple[float, float, float]
"""A level piece of an edge: from x, to x, at the height y."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The way of an edge: level pieces, joined by slopes in the gaps between columns.

    Args:
        edge: The edge.
        runs: The level pieces from left to right.
        middle: The middle of its number; None where it has none.
    """

    edge: Edge
    runs: tuple[Run, ...]
    middle: tuple[float, float] | None = None


@dataclass(slots=True)
class Placement:
    """Where everything is that is seen.

    Args:
        width: The width of the drawing.
        height: Its height.
        spots: The marks that are seen, without the open boxes.
        frames: The open boxes, outer before inner.
        wires: The edges.
    """

    width: float
    height: float
    spots: list[Spot] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
