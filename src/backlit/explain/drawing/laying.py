"""Laying out: the columns and orders of one sheet, from its marks and lines.

Each mark gets a column, each column an order. An edge that passes over columns bends in each of them; edges that carry
the same value share their bends, so that it is led as one line to where it is needed and parts there. Ports stand in
columns of their own at the two sides. The order of a box's ports is that of its own sheet, which is laid out before;
where edges cross on the sheet around it, another order is tried, and kept if fewer edges cross on both together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backlit.explain.drawing.crossings import Segment, count_crossings, minimise_crossings
from backlit.explain.drawing.layering import Link, assign_layers
from backlit.explain.drawing.wiring import Line, Wires

__all__ = ["Laid", "lay_all", "lay_out"]


_MOST_LINES = 2000
"""With more lines than this on all sheets together, each sheet is searched for a shorter time."""


@dataclass(frozen=True)
class Laid:
    """Where everything on a sheet stands.

    Args:
        marks: The layer and the order of each mark.
        ports: The order of each port on its side.
        sides: How many ports each side has.
        bends: For each line its places in the layers it passes.
        layers: The number of layers.
        crossings: How many pairs of lines cross.
    """

    marks: dict[str, tuple[int, int]]
    ports: dict[str, int]
    sides: dict[str, int]
    bends: tuple[tuple[int, ...], ...]
    layers: int
    crossings: int

    @property
    def order_of_ports(self) -> list[str]:
        """The ports of both sides, from the top."""
        return sorted(self.ports, key=self.ports.__getitem__)

    def order(self, end: str) -> int:
        """Return the order of a mark or port in its column."""
        return self.marks[end][1] if end in self.marks else self.ports[end]

    def rank(self, port: str, side: str) -> float:
        """Return where on its side a port is, from -0.5 (top) to 0.5."""
        return (self.ports[port] + 0.5) / self.sides[side] - 0.5


def lay_all(sheets: Sequence[str], marks: Mapping[str, Sequence[str]], wires: Mapping[str, Wires]) -> dict[str, Laid]:
    """Lay out all sheets of a diagram.

    Args:
        sheets: Their ids, outer ones before inner ones.
        marks: The ids of the marks of each, in order of execution.
        wires: The lines and ports of each.

    Returns:
        The places.

    Example:
        >>> laid = lay_all(["root"], {"root": ["x", "f"]}, {"root": Wires([Line("x", "f", "", "", 0)])})
        >>> laid["root"].layers
        2
    """
    effort = min(1.0, _MOST_LINES / max(1, sum(len(wires[sheet].lines) for sheet in sheets)))
    laid: dict[str, Laid] = {}
    for sheet in reversed(sheets):
        laid[sheet] = lay_out(marks[sheet], wires[sheet], laid, effort=effort)
    for sheet in sheets:
        boxes = [mark for mark in marks[sheet] if mark in laid and len(laid[mark].ports) > 1]
        alone = boxes if effort == 1.0 or sheet == sheets[0] else []  # who looks at all sees the root sheet first
        for some in (boxes, *([box] for box in alone)):
            if laid[sheet].crossings and some:
                _agree(sheet, some, marks, wires, laid, effort)
    return laid


def _agree(
    sheet: str,
    boxes: Sequence[str],
    marks: Mapping[str, Sequence[str]],
    wires: Mapping[str, Wires],
    laid: dict[str, Laid],
    effort: float,
) -> None:
    """Order the ports of some boxes as the sheet around them wants, if fewer edges cross on all of them together."""
    own = laid[sheet].order_of_ports if sheet in laid and laid[sheet].ports else None
    wish = lay_out(marks[sheet], wires[sheet], laid, ports=own, free=boxes, effort=effort)
    changed = dict(laid)
    for box in boxes:
        wanted = _wanted(box, wires[sheet].lines, wish, laid)
        ports = sorted(laid[box].ports, key=lambda port: (wanted.get(port, 0.0), laid[box].ports[port]))
        if ports != laid[box].order_of_ports:
            changed[box] = lay_out(marks[box], wires[box], laid, ports=ports, effort=effort)
    if changed == laid:
        return
    changed[sheet] = lay_out(marks[sheet], wires[sheet], changed, ports=own, like=wish, effort=effort)
    if sum(changed[each].crossings - laid[each].crossings for each in (sheet, *boxes)) < 0:
        laid.update(changed)


def _wanted(box: str, lines: Sequence[Line], wish: Laid, laid: Mapping[str, Laid]) -> dict[str, float]:
    """At which height, in places of the next column, the edges of each port of a box come or go."""
    heights: dict[str, list[float]] = {}
    for line, bends in zip(lines, wish.bends, strict=True):
        if line.target == box:
            rank = laid[line.source].rank(line.source_port, "out") if line.source_port else 0.0
            heights.setdefault(line.target_port, []).append(bends[-1] if bends else wish.order(line.source) + rank)
        if line.source == box:
            rank = laid[line.target].rank(line.target_port, "in") if line.target_port else 0.0
            heights.setdefault(line.source_port, []).append(bends[0] if bends else wish.order(line.target) + rank)
    return {port: sum(found) / len(found) for port, found in heights.items()}


def lay_out(
    marks: Sequence[str],
    wires: Wires,
    inner: Mapping[str, Laid],
    *,
    ports: Sequence[str] | None = None,
    free: Collection[str] = (),
    like: Laid | None = None,
    effort: float = 1.0,
) -> Laid:
    """Lay out one sheet.

    Args:
        marks: The ids of its marks, in order of execution.
        wires: Its lines and ports.
        inner: The sheets of its boxes, laid out.
        ports: Its ports from the top, where their order is given.
        free: The boxes on it whose ports may be in any order.
        like: The same sheet, laid out before, whose order is bettered; by default the order of execution.
        effort: How long to search for an order without crossings, from 0 to 1.

    Returns:
        The places.

    Example:
        >>> lines = [Line("x", "f", "", "", 0), Line("w", "f", "", "", 1)]
        >>> lay_out(["x", "w", "f"], Wires(lines), {}).marks
        {'x': (0, 0), 'w': (0, 1), 'f': (1, 0)}
    """
    sheet = _Columns(marks, wires, inner, frozenset(free))
    first = 1 if sheet.sides["in"] else 0
    fixed: list[int] = []
    if ports is not None:
        rank = {sheet.vertex[port]: i for i, port in enumerate(ports)}
        fixed = [0] * first + [len(sheet.columns) - 1] * (sheet.sides["out"] > 0)
        for column in fixed:
            sheet.columns[column].sort(key=rank.__getitem__)
    if like is not None:
        sheet.follow(like)
    columns = minimise_crossings(sheet.columns, sheet.segments, fixed, effort)
    order = {vertex: i for column in columns for i, vertex in enumerate(column)}
    return Laid(
        {mark: (sheet.column[mark] - first, order[sheet.vertex[mark]]) for mark in marks},
        {port: order[sheet.vertex[port]] for port in wires.gates},
        sheet.sides,
        tuple(tuple(order[bend] for bend in bends) for bends in sheet.bends),
        len(columns) - first - (1 if sheet.sides["out"] else 0),
        count_crossings(columns, sheet.segments),
    )


class _Columns:
    """The columns of a sheet in the order of execution, with a bend wherever an edge passes."""

    def __init__(
        self, marks: Sequence[str], wires: Wires, inner: Mapping[str, Laid], free: frozenset[str] = frozenset()
    ) -> None:
        self.free = free
        self.marks = frozenset(marks)
        self.inner = inner
        self.vertex = {end: i for i, end in enumerate((*marks, *wires.gates))}
        self.sides = {side: sum(gate.side == side for gate in wires.gates.values()) for side in ("in", "out")}
        self.column = self._assign(marks, wires)
        self.key = self._keys(marks, wires)
        self.segments: list[Segment] = []
        self.bends: list[list[int]] = []
        self._held: dict[int, list[tuple[float, int]]] = {}
        for end, vertex in self.vertex.items():
            self._held.setdefault(self.column[end], []).append((self.key[end], vertex))
        self._cut(wires.lines)
        width = max(self._held, default=-1) + 1
        self.columns = [[vertex for _, vertex in sorted(self._held.get(i, []))] for i in range(width)]

    def _assign(self, marks: Sequence[str], wires: Wires) -> dict[str, int]:
        """Give everything a column: the ports that come in the first, those that go out the last."""
        count = len(marks)
        vertex = {mark: i for i, mark in enumerate(marks)}
        vertex |= {gate.id: count if gate.side == "in" else count + 1 for gate in wires.gates.values()}
        weights: dict[tuple[int, int], int] = {(count, count + 1): 0}
        for line in wires.lines:
            ends = vertex[line.source], vertex[line.target]
            weights[ends] = weights.get(ends, 0) + 1
        for i in range(count):
            weights.setdefault((count, i), 0)
            weights.setdefault((i, count + 1), 0)
        layers = assign_layers(count + 2, [Link(*ends, weight) for ends, weight in weights.items()])
        used = sorted(set(layers[:count]))
        first = 1 if self.sides["in"] else 0
        place = {layer: first + i for i, layer in enumerate(used)}
        last = first + len(used)
        column = {mark: place[layers[i]] for mark, i in vertex.items() if i < count}
        return column | {gate.id: 0 if gate.side == "in" else last for gate in wires.gates.values()}

    def _keys(self, marks: Sequence[str], wires: Wires) -> dict[str, float]:
        """Rank everything as one computes by hand: before an operation its arguments, from the first to the last.

        A tree drawn in this order has no crossing, and its arguments stand in their order.
        """
        given = {mark: i for i, mark in enumerate(marks)}
        into: dict[str, list[tuple[float, str]]] = {}
        last: dict[str, int] = {}
        for line in wires.lines:
            place = self._rank(line, "in") if line.target_port else float(line.position)
            into.setdefault(line.target, []).append((place, line.source))
            last.setdefault(line.target, given.get(line.source, -1))
        sources = {line.source for line in wires.lines}
        ends = [end for end in self.vertex if end not in sources]
        stack = sorted(ends, key=lambda end: given.get(end, last.get(end, -1)), reverse=True)
        key: dict[str, float] = {}
        entered: set[str] = set()
        while stack:
            end = stack[-1]
            if end not in entered:
                entered.add(end)
                arguments = sorted(into.get(end, ()), key=lambda argument: argument[0], reverse=True)
                stack += [source for _, source in arguments if source not in entered]
                continue
            stack.pop()
            key.setdefault(end, float(len(key)))
        return key

    def follow(self, laid: Laid) -> None:
        """Take over the orders of a sheet that was laid out before."""
        order = {self.vertex[end]: laid.order(end) for end in self.vertex}
        for bends, orders in zip(self.bends, laid.bends, strict=True):
            order.update(zip(bends, orders, strict=True))
        for column in self.columns:
            column.sort(key=order.__getitem__)

    def _rank(self, line: Line, side: str) -> float:
        """Where on the side of its box a line meets it; 0 where it is no box."""
        box, port = (line.source, line.source_port) if side == "out" else (line.target, line.target_port)
        return self.inner[box].rank(port, side) if port and box not in self.free else 0.0

    def _cut(self, lines: Sequence[Line]) -> None:
        """Cut lines into segments between neighbouring columns."""
        bend_of: dict[tuple[str, str, int], int] = {}
        segments: dict[Segment, None] = {}
        for line in lines:
            leaves, arrives = self._rank(line, "out"), self._rank(line, "in")
            start, stop = self.column[line.source], self.column[line.target]
            path = [self.vertex[line.source]]
            for column in range(start + 1, stop):
                place = (line.source, line.source_port, column)
                if place not in bend_of:
                    bend_of[place] = len(self.vertex) + len(bend_of)
                    self._held.setdefault(column, []).append((self.key[line.source] + leaves / 2, bend_of[place]))
                path.append(bend_of[place])
            self.bends.append(path[1:])
            path.append(self.vertex[line.target])
            for i, (source, target) in enumerate(pairwise(path)):
                ends = leaves if i == 0 else 0.0, arrives if i == len(path) - 2 else 0.0
                segments[Segment(source, target, *ends)] = None
        self.segments = list(segments)
