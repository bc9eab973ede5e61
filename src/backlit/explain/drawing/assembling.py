"""Drawing: from a graph to its diagram.

The scopes become boxes (``nesting.py``), the edges are led from sheet to sheet (``wiring.py``), and each sheet is laid
out in columns (``layering.py``) with few crossings (``crossings.py``), inner sheets before the ones around them. What
is known of values, gradients and edges is written short beside them (``symbols.py``).
"""

from collections.abc import Mapping
from dataclasses import replace

from backlit.explain.drawing.diagram import Diagram, Edge, Mark, Port, Sheet
from backlit.explain.drawing.furnishing import Furnished, furnish
from backlit.explain.drawing.laying import Laid, lay_all
from backlit.explain.drawing.wiring import Flow, Gate, Wires, wire
from backlit.explain.numerals import short_change, short_gradient, short_value
from backlit.graph.graph import Graph
from backlit.graph.node import Array, Node

__all__ = ["diagram_of"]


def diagram_of(
    graph: Graph,
    *,
    values: Mapping[Node, Array] | None = None,
    gradients: Mapping[Node, Array] | None = None,
    new_values: Mapping[Node, Array] | None = None,
    edge_texts: Mapping[tuple[Node, int], str] | None = None,
    strengths: Mapping[tuple[Node, int], float] | None = None,
    labels: Mapping[Node, str] | None = None,
    name: str = "",
) -> Diagram:
    """Lay out a graph as a diagram.

    Args:
        graph: The graph.
        values: The values that are known, by node.
        gradients: The gradients that are known, by node.
        new_values: What parameters become by an update, by parameter.
        edge_texts: A number for an edge, such as its local derivative, by the node that reads and the position among
            its arguments.
        strengths: How much an edge matters, from 0 to 1, likewise. They are drawn only where every edge has one: beside
            edges of which it is unknown, any width would mislead.
        labels: How the nodes are called; by default as the graph calls them.
        name: What is drawn.

    Returns:
        The diagram: data, without the graph.

    Example:
        >>> import backlit as bl
        >>> x, y, z = (bl.input(name) for name in "xyz")
        >>> diagram = diagram_of(bl.Graph(outputs=[((x + y).named("q") * z).named("f")]), name="f = (x + y) z")
        >>> [[mark.symbol for mark in diagram.root.marks if mark.layer == layer] for layer in range(3)]
        [['x', 'y'], ['+', 'z'], ['×']]
        >>> diagram.crossings
        0
    """
    furnished = furnish(graph, labels)
    texts, strong = edge_texts or {}, strengths or {}
    if any((each.consumer, each.position) not in strong for each in furnished.readings if each.position >= 0):
        strong = {}
    flows = []
    for reading in furnished.readings:
        edge = (reading.consumer, reading.position)
        known = texts.get(edge, ""), strong.get(edge)
        flows.append(Flow(reading.source, reading.target, reading.node, reading.position, *known))
    wires = wire(flows, furnished.home, furnished.lineages, furnished.grouped)
    written = _Written(furnished, values or {}, gradients or {}, new_values or {})
    ids = {sheet: [mark.id for mark in marks] for sheet, marks in furnished.marks.items()}
    laid = lay_all(list(furnished.lineages), ids, wires)
    return Diagram(name, tuple(written.sheet(sheet, wires[sheet], laid[sheet]) for sheet in furnished.lineages))


class _Written:
    """What is written beside the marks: the values and gradients of all nodes by number."""

    def __init__(
        self,
        furnished: Furnished,
        values: Mapping[Node, Array],
        gradients: Mapping[Node, Array],
        new_values: Mapping[Node, Array],
    ) -> None:
        self.furnished = furnished
        self.values = [short_value(values[node]) if node in values else "" for node in furnished.nodes]
        self.gradients = [short_gradient(gradients[node]) if node in gradients else "" for node in furnished.nodes]
        self.new_values = [""] * len(furnished.nodes)
        for i, node in enumerate(furnished.nodes):
            if node in new_values:
                self.values[i], self.new_values[i] = short_change(values.get(node), new_values[node])

    def sheet(self, sheet: str, wires: Wires, places: Laid) -> Sheet:
        """Write down where everything on a sheet stands."""
        lineage = self.furnished.lineages[sheet]
        marks = [self._mark(mark, places) for mark in self.furnished.marks[sheet]]
        ports = [self._port(gate, sheet, places) for gate in wires.gates.values()]
        edges = [
            Edge(
                line.source,
                line.target,
                line.source_port,
                line.target_port,
                line.position,
                tuple(sorted(line.nodes)),
                bends,
                line.text,
                line.strength,
            )
            for line, bends in zip(wires.lines, places.bends, strict=True)
        ]
        return Sheet(
            sheet,
            lineage[-2] if len(lineage) > 1 else "",
            tuple(sorted(marks, key=lambda mark: (mark.layer, mark.order))),
            tuple(sorted(ports, key=lambda port: (port.side, port.order))),
            tuple(edges),
            places.layers,
            places.crossings,
        )

    def _mark(self, mark: Mark, places: Laid) -> Mark:
        layer, order = places.marks[mark.id]
        mark = replace(mark, layer=layer, order=order)
        told = mark.kind in {"update", "output"} or (mark.kind == "constant" and not mark.name)
        if mark.node < 0 or told:  # the value stands beside what is read, or is the symbol
            return mark
        i = mark.node
        return replace(mark, value=self.values[i], new_value=self.new_values[i], gradient=self.gradients[i])

    def _port(self, gate: Gate, sheet: str, places: Laid) -> Port:
        nodes = tuple(sorted(gate.nodes))
        if len(nodes) > 1:
            return Port(gate.id, gate.side, f"{len(nodes)} values", nodes, order=places.ports[gate.id])
        (number,) = nodes
        shape = self.furnished.nodes[number].shape
        known = self.furnished.name(number, sheet), shape, self.values[number], self.gradients[number]
        return Port(gate.id, gate.side, self.furnished.labels[number], nodes, *known, places.ports[gate.id])
