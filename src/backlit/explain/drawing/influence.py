"""Influence: the paths between numbers as a diagram, each number once, each edge with its weight.

Along a path the weights multiply; where paths meet they add up.
"""

from collections.abc import Sequence
from graphlib import TopologicalSorter

import numpy as np

from backlit.explain.drawing.diagram import Diagram, Edge, Mark, Sheet
from backlit.explain.drawing.laying import lay_all
from backlit.explain.drawing.wiring import Line, Wires
from backlit.explain.numerals import SHORT, format_number
from backlit.explain.paths import InfluencePath, Paths

__all__ = ["influence_diagram"]

Step = tuple[str, str, int]
"""From a number to the next one, and the place among its arguments."""


def influence_diagram(told: Paths) -> Diagram:
    """Lay out paths as an influence diagram.

    An edge is as wide as what flows along it is strong: the products of the paths it is on, added up.

    Args:
        told: The paths.

    Returns:
        The diagram: of one sheet, whose marks are numbers and whose edges have the local derivative as their text.

    Example:
        >>> import backlit as bl
        >>> a = bl.parameter(0.5, name="a")
        >>> diagram = influence_diagram(bl.trace((a * bl.exp(a).named("b")).named("c")).paths("a"))
        >>> [mark.label for mark in diagram.root.marks], [edge.text for edge in diagram.root.edges]
        (['a', 'b', 'c'], ['1.649', '1.649', '0.5'])
    """
    weights: dict[Step, float] = {}
    flows: dict[Step, float] = {}
    before: dict[str, list[str]] = {told.source: [], told.target: []} if not told.paths else {}
    for path in told.paths:
        before.setdefault(path.names[0], [])
        for step, factor in zip(_steps(path), path.factors, strict=True):
            weights[step] = factor
            flows[step] = flows.get(step, 0.0) + path.product
            before.setdefault(step[1], []).append(step[0])
    ids = {name: f"n{number}" for number, name in enumerate(TopologicalSorter(before).static_order())}
    steps = sorted(weights)
    wires = Wires([Line(ids[source], ids[target], "", "", position) for source, target, position in steps])
    laid = lay_all(["root"], {"root": list(ids.values())}, {"root": wires})["root"]
    strengths = _strengths([flows[step] for step in steps])
    edges = [
        Edge(line.source, line.target, bends=bends, text=format_number(weights[step], SHORT), strength=strength)
        for step, line, bends, strength in zip(steps, wires.lines, laid.bends, strengths, strict=True)
    ]
    marks = [_mark(id, name, told, laid.marks[id]) for name, id in ids.items()]
    marks.sort(key=lambda mark: (mark.layer, mark.order))
    name = f"paths from {told.source} to {told.target}"
    return Diagram(name, (Sheet("root", "", tuple(marks), (), tuple(edges), laid.layers, laid.crossings),))


def _steps(path: InfluencePath) -> list[Step]:
    return list(zip(path.names, path.names[1:], path.positions, strict=False))


def _mark(id: str, name: str, told: Paths, place: tuple[int, int]) -> Mark:
    gradients = {told.target: "1"}
    if told.gradient is not None:
        gradients[told.source] = format_number(told.gradient, SHORT)
    layer, order = place
    return Mark(id, "number", name, name, name, gradient=gradients.get(name, ""), layer=layer, order=order)


def _strengths(flows: Sequence[float]) -> list[float | None]:
    """Return how much flows along each edge, as part of the most; unknown for all where it is for one."""
    largest = max((abs(flow) for flow in flows), default=0.0)
    if not largest or not np.isfinite(flows).all():
        return [None] * len(flows)
    return [abs(flow) / largest for flow in flows]
