"""Drawing: a graph laid out as a diagram: data that any renderer can write, without the graph."""

from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.drawing.diagram import Diagram

__all__ = ["Diagram", "diagram_of"]
