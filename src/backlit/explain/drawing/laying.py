"""Laying out: the columns and orders of one sheet, from its marks and lines.

Each mark gets a column, each column an order. An edge that passes over columns bends in each of them; edges that carry
the same value share their bends, so that it is led as one line to where it is needed and parts there. Ports stand in
columns of their own at the two sides. The order of a box's ports is that of its own sheet, which is laid out before;
where edges cross on the sheet around it, another order is tried, and kept if fewer edges cross on both together.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations

from backlit.explain.drawing.crossings import Effort, Segment, count_crossings, minimise_crossings
from backlit.explain.drawing.layering import Link, assign_layers
from backlit.explain.drawing.wiring import Line, Wires

__all__ = ["Laid", "lay_all", "lay_out"]

_LOOKS = 1_600_000
"""What the search for orders without crossings may cost on all sheets together: a few seconds."""


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


def lay_all(
    sheets: Sequence[str],
    marks: Mapping[str, Sequence[str]],
    wires: Mapping[str, Wires],
    effort: Effort | None = None,
) -> dict[str, Laid]:
    """Lay out all sheets of a diagram.

    Args:
        sheets: Their ids, outer ones before inner ones.
        marks: The ids of the marks of each, in order of execution.
        wires: The lines and ports of each.
        effort: What the search for orders without crossings may cost on all sheets together; it is used up. By
            default as much as a reader waits for.

    Returns:
        The places.

    Example:
        >>> laid = lay_all(["root"], {"root": ["x", "f"]}, {"root": Wires([Line("x", "f", "", "", 0)])})
        >>> laid["root"].layers
        2
    """
    return _Layout(sheets, marks, wires, effort or Effort(_LOOKS)).lay()


class _Layout:
    """The sheets of a diagram, and what may still be spent on the search for orders without crossings.

    Who looks at the diagram sees the root sheet first. So half of the effort is set aside for it, and the others share
    what is left by the number of their lines; what one does not need is there for the next ones.
    """

    def __init__(
        self,
        sheets: Sequence[str],
        marks: Mapping[str, Sequence[str]],
        wires: Mapping[str, Wires],
        effort: Effort,
    ) -> None:
        self.sheets = sheets
        self.wires = wires
        self.plans = {sheet: _Plan(marks[sheet], wires[sheet]) for sheet in sheets}
        self.laid: dict[str, Laid] = {}
        self.effort = effort

    def lay(self) -> dict[str, Laid]:
        """Lay out inner sheets before outer ones; then let sheets and the boxes on them agree on ports."""
        kept = self.effort.lend(self.effort.looks // 2)
        waiting = sum(len(self.wires[sheet].lines) for sheet in self.sheets[1:])
        for sheet in reversed(self.sheets[1:]):
            lines = len(self.wires[sheet].lines)
            part = self.effort.lend(self.effort.looks * lines // max(1, waiting))
            waiting -= lines
            self.laid[sheet] = self.plans[sheet].lay(self.laid, effort=part)
            self.effort.take_back(part)
        self.effort.take_back(kept)
        for sheet in self.sheets[:1]:
            part = self.effort.lend(self.effort.looks // 2)
            self.laid[sheet] = self.plans[sheet].lay(self.laid, effort=part)
            self.effort.take_back(part)
        for sheet in self.sheets:
            boxes = [mark for mark in self.plans[sheet].marks if mark in self.laid and len(self.laid[mark].ports) > 1]
            for some in (boxes, *([box] for box in boxes)):
                if self.laid[sheet].crossings and some and self.effort.looks > 0:
                    part = self.effort.lend(self.effort.looks // 2)
                    self._agree(sheet, some, part)
                    self.effort.take_back(part)
            for box in boxes:
                if self.laid[box].crossings:
                    self._swap_leaves(sheet, box)
        return self.laid

    def _agree(self, sheet: str, boxes: Sequence[str], effort: Effort) -> None:
        """Order the ports of boxes as the sheet around them wants, if fewer edges cross on all of them together."""
        plans, laid = self.plans, self.laid
        own = laid[sheet].order_of_ports if laid[sheet].ports else None
        part = effort.lend(effort.looks // 2)  # the other half is for what follows from the wish
        wish = plans[sheet].lay(laid, ports=own, free=boxes, effort=part)
        effort.take_back(part)
        changed = dict(laid)
        for box in boxes:
            wanted = _wanted(box, self.wires[sheet].lines, wish, laid)
            ports = sorted(laid[box].ports, key=lambda port: (wanted.get(port, 0.0), laid[box].ports[port]))
            if ports != laid[box].order_of_ports:
                changed[box] = plans[box].lay(laid, ports=ports, effort=effort)
        if changed == laid:
            return
        changed[sheet] = plans[sheet].lay(changed, ports=own, like=wish, effort=effort)
        self._take(changed, (sheet, *boxes))

    def _take(self, changed: dict[str, Laid], sheets: Collection[str]) -> bool:
        """Take over a change if fewer edges cross on some sheets together; say whether that is so."""
        is_better = sum(changed[each].crossings - self.laid[each].crossings for each in sheets) < 0
        if is_better:
            self.laid.update(changed)
        return is_better

    def _swap_leaves(self, sheet: str, box: str) -> None:
        """Swap neighbouring ports, with what they lead to, where that is free: nothing else is joined to it.

        To the sheet around the box the order of such leaves is all the same, and so it cannot wish for one.
        """
        lines = self.wires[sheet].lines
        degree = Counter(end for line in lines for end in (line.source, line.target))
        ends = {line.target_port: line.source for line in lines if line.target == box}
        ends |= {line.source_port: line.target for line in lines if line.source == box}
        own = self.laid[sheet].order_of_ports if self.laid[sheet].ports else None
        for side in ("in", "out"):
            loose = [port for port, gate in self.wires[box].gates.items() if gate.side == side]
            loose = [port for port in loose if degree[ends[port]] == 1]
            for one, other in permutations(loose, 2):
                ports = self.laid[box].ports
                if ports[other] - ports[one] != 1 or self.effort.looks <= 0:
                    continue
                order = self.laid[box].order_of_ports
                i, j = order.index(one), order.index(other)
                order[i], order[j] = order[j], order[i]
                swapped = self.plans[box].lay(self.laid, ports=order, like=self.laid[box], effort=self.effort)
                if swapped.crossings < self.laid[box].crossings:
                    changed = {**self.laid, box: swapped}
                    like = self.laid[sheet]
                    changed[sheet] = self.plans[sheet].lay(changed, ports=own, like=like, effort=self.effort)
                    self._take(changed, (sheet, box))


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
) -> Laid:
    """Lay out one sheet.

    Args:
        marks: The ids of its marks, in order of execution.
        wires: Its lines and ports.
        inner: The sheets of its boxes, laid out.
        ports: Its ports from the top, where their order is given.
        free: The boxes on it whose ports may be in any order.

    Returns:
        The places.

    Example:
        >>> lines = [Line("x", "f", "", "", 0), Line("w", "f", "", "", 1)]
        >>> lay_out(["x", "w", "f"], Wires(lines), {}).marks
        {'x': (0, 0), 'w': (0, 1), 'f': (1, 0)}
    """
    return _Plan(marks, wires).lay(inner, ports=ports, free=free)


class _Plan:
    """The column of everything on a sheet, which is the same whatever the orders are."""

    def __init__(self, marks: Sequence[str], wires: Wires) -> None:
        self.marks = marks
        self.wires = wires
        self.vertex = {end: i for i, end in enumerate((*marks, *wires.gates))}
        self.sides = {side: sum(gate.side == side for gate in wires.gates.values()) for side in ("in", "out")}
        self.column = self._assign(marks, wires)

    def lay(
        self,
        inner: Mapping[str, Laid],
        *,
        ports: Sequence[str] | None = None,
        free: Collection[str] = (),
        like: Laid | None = None,
        effort: Effort | None = None,
    ) -> Laid:
        """Order the columns: as ``lay_out`` does, or bettering the order of a sheet that was laid out before."""
        sheet = _Columns(self, inner, frozenset(free))
        first = 1 if self.sides["in"] else 0
        fixed: list[int] = []
        if like is not None:
            sheet.follow(like)
        if ports is not None:
            rank = {self.vertex[port]: i for i, port in enumerate(ports)}
            fixed = [0] * first + [len(sheet.columns) - 1] * (self.sides["out"] > 0)
            for column in fixed:
                sheet.columns[column].sort(key=rank.__getitem__)
        columns = minimise_crossings(sheet.columns, sheet.segments, fixed, effort)
        order = {vertex: i for column in columns for i, vertex in enumerate(column)}
        return Laid(
            {mark: (self.column[mark] - first, order[self.vertex[mark]]) for mark in self.marks},
            {port: order[self.vertex[port]] for port in self.wires.gates},
            self.sides,
            tuple(tuple(order[bend] for bend in bends) for bends in sheet.bends),
            len(columns) - first - (1 if self.sides["out"] else 0),
            count_crossings(columns, sheet.segments),
        )

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


class _Columns:
    """The columns of a sheet in the order of execution, with a bend wherever an edge passes."""

    def __init__(self, plan: _Plan, inner: Mapping[str, Laid], free: frozenset[str]) -> None:
        self.free = free
        self.inner = inner
        self.vertex = plan.vertex
        self.column = plan.column
        self.key = self._keys(plan.marks, plan.wires)
        self.segments: list[Segment] = []
        self.bends: list[list[int]] = []
        self._held: dict[int, list[tuple[float, int]]] = {}
        for end, vertex in self.vertex.items():
            self._held.setdefault(self.column[end], []).append((self.key[end], vertex))
        self._cut(plan.wires.lines)
        width = max(self._held, default=-1) + 1
        self.columns = [[vertex for _, vertex in sorted(self._held.get(i, []))] for i in range(width)]

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
