"""Wiring: the edges of a graph led from sheet to sheet.

An edge between marks of the same sheet is a line on it. Where an end stands in a box, the line meets the border of the
box at a port, and goes on from there on the sheet of the box, if need be through further borders. A value goes into a
box, or out of it, through one port, however many operations there read it. Where many values pass between the same two
marks of a sheet, they pass as one bundle.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

__all__ = ["MOST_LINES", "Flow", "Gate", "Line", "Wires", "wire"]

MOST_LINES = 4
"""The most values that pass between two marks as lines of their own."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A value on its way.

    Args:
        source: The id of the mark it comes from, or of a port of the sheet.
        target: The id of the mark that takes it, or of a port of the sheet.
        node: The number of the node whose value it is.
        position: The place among the arguments of the target; -1 where the target is a port.
        text: A number for the edge; empty where there is none.
        strength: How much it matters, from 0 to 1; None where that is unknown.
    """

    source: str
    target: str
    node: int
    position: int = -1
    text: str = ""
    strength: float | None = None


@dataclass(slots=True)
class Line:
    """A line on a sheet, as yet without a place.

    Args:
        source: The id of a mark, or of a port of the sheet.
        target: The id of a mark, or of a port of the sheet.
        source_port: The port of a box that it leaves from; empty where the source is no box.
        target_port: The port of a box that it arrives at; empty where the target is no box.
        position: The place among the arguments of an operation; else -1.
        nodes: The numbers of the nodes whose values flow along it.
        text: A number for the edge; empty where there is none.
        strength: How much it matters; None where that is unknown.
    """

    source: str
    target: str
    source_port: str
    target_port: str
    position: int
    nodes: dict[int, None] = field(default_factory=dict)
    text: str = ""
    strength: float | None = None


@dataclass(slots=True)
class Gate:
    """A port, as yet without a place.

    Args:
        id: Its id.
        side: ``"in"`` or ``"out"``.
        nodes: The numbers of the nodes whose values pass.
    """

    id: str
    side: Literal["in", "out"]
    nodes: dict[int, None] = field(default_factory=dict)


@dataclass(slots=True)
class Wires:
    """What is drawn on one sheet beside the marks.

    Args:
        lines: The lines.
        gates: The ports by id.
    """

    lines: list[Line] = field(default_factory=list)
    gates: dict[str, Gate] = field(default_factory=dict)


def wire(
    flows: Iterable[Flow],
    home: Mapping[str, str],
    lineages: Mapping[str, tuple[str, ...]],
    bundled: Collection[str] = (),
) -> dict[str, Wires]:
    """Lead every flow from its source to its target, sheet by sheet.

    Args:
        flows: The flows between marks.
        home: The sheet of every mark.
        lineages: The sheets from the root to each sheet, itself included; outer sheets before inner ones.
        bundled: Boxes between which even two values pass as a bundle.

    Returns:
        For each sheet its lines and ports.

    Example:
        >>> wires = wire([Flow("x", "f", 0, 0)], {"x": "root", "f": "b1"}, {"root": ("root",), "b1": ("root", "b1")})
        >>> [(line.source, line.target, line.target_port) for line in wires["root"].lines]
        [('x', 'b1', 'p1')]
        >>> [(line.source, line.target) for line in wires["b1"].lines], wires["b1"].gates["p1"].side
        ([('p1', 'f')], 'in')
    """
    harness = _Harness(home, lineages, frozenset(bundled))
    for flow in flows:
        harness.hand_on("root", flow)
    for sheet in lineages:
        harness.lay(sheet)
    return harness.wires


class _Harness:
    """The flows that wait for the sheets still to be wired, and the wires of those that are."""

    def __init__(
        self, home: Mapping[str, str], lineages: Mapping[str, tuple[str, ...]], bundled: frozenset[str]
    ) -> None:
        self.home = home
        self.lineages = lineages
        self.bundled = bundled
        self.wires = {sheet: Wires() for sheet in lineages}
        self.waiting: dict[str, dict[tuple[str, str, int, int], Flow]] = {sheet: {} for sheet in lineages}
        self.keys: dict[tuple[str, str, object], str] = {}

    def lay(self, sheet: str) -> None:
        """Draw the flows of one sheet, and hand on what they become in its boxes."""
        pairs: dict[tuple[str, str], list[Flow]] = {}
        for flow in self.waiting.pop(sheet).values():
            source, target = self._mark(sheet, flow.source), self._mark(sheet, flow.target)
            if source == target:
                self.hand_on(source, flow)
            else:
                pairs.setdefault((source, target), []).append(flow)
        lines: dict[tuple[str, str, str, str, int], Line] = {}
        for (source, target), flows in pairs.items():
            most = 1 if source in self.bundled or target in self.bundled else MOST_LINES
            bundle = len({flow.node for flow in flows}) > most
            for flow in flows:
                leaving = self._leave(source, flow, target if bundle else None)
                arriving = self._arrive(target, flow, source if bundle else None)
                key = (source, target, leaving, arriving, flow.position if target == flow.target else -1)
                line = lines.setdefault(key, Line(*key))
                line.nodes[flow.node] = None
                line.strength = _stronger(line.strength, flow.strength)
                if target == flow.target:
                    line.text = flow.text
        self.wires[sheet].lines += lines.values()

    def _mark(self, sheet: str, end: str) -> str:
        """Return what stands on a sheet for an end of a flow: itself, or the box around it."""
        if end in self.wires[sheet].gates:
            return end
        line = self.lineages[self.home[end]]
        depth = len(self.lineages[sheet])
        return line[depth] if len(line) > depth else end

    def _leave(self, box: str, flow: Flow, bundle: str | None) -> str:
        """Let a flow out of a box; return the port."""
        if box == flow.source:
            return ""
        port = self._port(box, "out", flow.node if bundle is None else bundle, flow.node)
        self.hand_on(box, Flow(flow.source, port, flow.node, strength=flow.strength))
        return port

    def _arrive(self, box: str, flow: Flow, bundle: str | None) -> str:
        """Let a flow into a box; return the port."""
        if box == flow.target:
            return ""
        port = self._port(box, "in", flow.node if bundle is None else bundle, flow.node)
        self.hand_on(box, replace(flow, source=port))
        return port

    def _port(self, box: str, side: Literal["in", "out"], key: object, node: int) -> str:
        port = self.keys.setdefault((box, side, key), f"p{len(self.keys) + 1}")
        self.wires[box].gates.setdefault(port, Gate(port, side)).nodes[node] = None
        return port

    def hand_on(self, sheet: str, flow: Flow) -> None:
        """Let a flow wait for its sheet; what several flows share on the way is one, as strong as the strongest."""
        key = (flow.source, flow.target, flow.node, flow.position)
        other = self.waiting[sheet].get(key)
        if other is not None:
            flow = replace(flow, strength=_stronger(other.strength, flow.strength))
        self.waiting[sheet][key] = flow


def _stronger(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)
