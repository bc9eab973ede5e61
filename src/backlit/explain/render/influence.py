"""Influence diagrams as SVG: the paths between two numbers, with a weight at every edge."""

from backlit.explain.drawing.influence import influence_diagram
from backlit.explain.paths import Paths
from backlit.explain.render.svg import to_svg
from backlit.explain.showing import renders

__all__ = ["paths_svg"]


@renders("svg", Paths)
def paths_svg(told: Paths) -> str:
    """Draw paths as an influence diagram: every number once, every edge with its local derivative.

    Args:
        told: The paths.

    Returns:
        An SVG picture.

    Example:
        >>> import backlit as bl
        >>> a = bl.parameter(0.5, name="a")
        >>> paths_svg(bl.trace((a * bl.exp(a)).named("c")).paths("a")).startswith("<svg")
        True
    """
    return to_svg(influence_diagram(told))
