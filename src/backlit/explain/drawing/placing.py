"""Placing: coordinates for every mark, from its layer and order and from which boxes are open.

Each visible sheet is placed by itself, inner ones before those around them, in six steps that anybody can follow with
a pencil, and that a web page follows in the same way:

1. Every mark has an extent around the middle of its shape: the room of its texts (``measuring.py``), or, for an open
   box, the size of its sheet. A bend of a passing edge is a point.
2. Columns stand beside each other, each as wide as its widest mark, with a gap between them.
3. In each column marks and bends stand one below the other in their order, no nearer than their extents.
4. Every edge is a spring between the heights at which it meets its ends, stiffer where it bends. Column after column,
   to the right and back, everything moves to where its springs pull it; those that would come too near to each other
   move together, to the mean of where they want to be. The tension falls with every move, towards the least there is.
5. The bends of every edge, and the ports it leads from or to, are drawn to one height, or to as few as the room between
   their neighbours allows.
6. The sheet gets a border.

Edges run level across columns and change their height only in the gaps, where no mark stands: none is ever crossed.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from backlit.explain.drawing.diagram import Diagram, Edge, Mark, Port, Sheet
from backlit.explain.drawing.lettering import Slope, letter
from backlit.explain.drawing.measuring import Extent, measure, text_width
from backlit.explain.drawing.placement import Frame, Placement, Spot, Wire
from backlit.explain.drawing.springs import Strand, Thing, draw_taut, relax, settle

__all__ = ["PIXELS", "Ruler", "place"]


@dataclass(frozen=True, slots=True)
class Ruler:
    """The lengths of a drawing.

    Args:
        measure: The extent of a mark, from the mark, for a closed box the ports at its right, and how many edges lead
            to it or, for a box, how many ports are at its left.
        width_of: The width of a text: the name of an open box, or the number of an edge; 0 where that is not written.
        gap: The room between two columns.
        climb: How much wider a gap is for each unit of height that an edge changes in it.
        row: The room between two marks of a column, and on either side of a bend.
        border: The room inside a box around its sheet.
        title: The room inside a box for its name.
        fan: The room between two edges that arrive at the same circle.
        wide: Where half a column is wider than this, because an open box stands in it, leaves stand at its right.
    """

    measure: Callable[[Mark, tuple[Port, ...], int], Extent]
    width_of: Callable[[str], float]
    gap: float
    climb: float
    row: float
    border: float
    title: float
    fan: float
    wide: float


PIXELS = Ruler(measure, text_width, gap=34.0, climb=0.12, row=12.0, border=14.0, title=24.0, fan=10.0, wide=100.0)
"""The lengths of a drawing on a screen, in the unit of SVG."""

_BOLD = 1.12
"""By how much a bold text is wider."""

_WIDEST_CLIMB = 60.0
"""The most by which a gap grows."""

_WRITTEN = 2.0
"""By how much edges that arrive stand farther apart where something is written on them."""


def place(
    diagram: Diagram,
    open: Collection[str] = (),
    ruler: Ruler = PIXELS,
) -> Placement:
    """Give everything a place that is seen when some boxes are open.

    Args:
        diagram: The diagram.
        open: The ids of the open boxes; one in a closed box is not seen.
        ruler: The lengths.

    Returns:
        The places.

    Example:
        >>> import backlit as bl
        >>> from backlit.explain.drawing.assembling import diagram_of
        >>> x, y = bl.input("x"), bl.input("y")
        >>> placement = place(diagram_of(bl.Graph(outputs=[x + y])))
        >>> [(spot.mark.symbol, round(spot.x), round(spot.y)) for spot in placement.spots]
        [('x', 28, 28), ('y', 28, 68), ('+', 96, 48)]
    """
    sheets = list(diagram.visible(open))
    placed: dict[str, _Placed] = {}
    for sheet in reversed(sheets):
        placed[sheet.id] = _Placed(sheet, diagram, placed, ruler)
    result = Placement(placed[sheets[0].id].width, placed[sheets[0].id].height)
    corners = {sheets[0].id: (0.0, 0.0)}
    for sheet in sheets:
        placed[sheet.id].move(corners[sheet.id], placed, result, corners)
    return result


class _Placed:
    """One sheet, placed with its upper left corner at (0, 0)."""

    def __init__(self, sheet: Sheet, diagram: Diagram, inner: Mapping[str, "_Placed"], ruler: Ruler) -> None:
        self.sheet = sheet
        self.ruler = ruler
        name = diagram.boxes[sheet.id].symbol if sheet.parent else ""
        self.least = ruler.width_of(name) * _BOLD + 2 * ruler.border
        self.inner = inner
        self.arriving = Counter(edge.target for edge in sheet.edges)
        self.between = Counter((edge.source, edge.target) for edge in sheet.edges)
        self.extents, self.doors = self._measure(diagram)
        self.things = self._collect()
        self.paths = self._join()
        width = max((thing.column for thing in self.things.values()), default=-1) + 1
        self.columns: list[list[Thing]] = [[] for _ in range(width)]
        for thing in self.things.values():
            self.columns[thing.column].append(thing)
        for column in self.columns:
            column.sort(key=lambda thing: thing.order)
        relax(self.columns, ruler.row)
        draw_taut(list(self.strands.values()), self.columns, ruler.row)
        self._frame()

    def _measure(self, diagram: Diagram) -> tuple[dict[str, Extent], dict[str, dict[str, float]]]:
        """Step 1: the extent of every mark, and how far below its middle the ports of every box are."""
        extents: dict[str, Extent] = {}
        doors: dict[str, dict[str, float]] = {}
        for mark in self.sheet.marks:
            doors[mark.id] = {}
            if mark.id in self.inner:
                box = self.inner[mark.id]
                extents[mark.id] = Extent(box.width, box.height, *[box.width / 2] * 2, *[box.height / 2] * 2)
                doors[mark.id] = {port: y - box.height / 2 for port, y in box.ports.items()}
                continue
            if mark.kind != "box":
                extents[mark.id] = self.ruler.measure(mark, (), self.arriving[mark.id])
                continue
            sides = {
                side: [port for port in diagram.sheet(mark.id).ports if port.side == side] for side in ("in", "out")
            }
            extents[mark.id] = extent = self.ruler.measure(mark, tuple(sides["out"]), len(sides["in"]))
            for ports in sides.values():
                for i, port in enumerate(ports):
                    doors[mark.id][port.id] = extent.height * ((i + 0.5) / len(ports) - 0.5)
        return extents, doors

    def _collect(self) -> dict[object, Thing]:
        """List what stands on the sheet: marks, ports and bends."""
        first = 1 if any(port.side == "in" for port in self.sheet.ports) else 0
        last = first + self.sheet.layers
        things: dict[object, Thing] = {}
        for mark in self.sheet.marks:
            extent = self.extents[mark.id]
            sizes = extent.above, extent.below, extent.left, extent.right
            things[mark.id] = Thing(mark.layer + first, mark.order, *sizes)
        for port in self.sheet.ports:
            things[port.id] = Thing(0 if port.side == "in" else last, port.order)
        for edge in self.sheet.edges:
            start = things[edge.source].column + 1
            for column, order in enumerate(edge.bends, start=start):
                things.setdefault((column, order), Thing(column, order))
        return things

    def _join(self) -> list[list[Thing]]:
        """Hang the springs: list for each edge what it meets on its way."""
        paths = []
        hung = set()
        self.strands: dict[tuple[str, str], Strand] = {}
        for edge in self.sheet.edges:
            start = self.things[edge.source].column + 1
            bends = [(column, order) for column, order in enumerate(edge.bends, start=start)]
            keys = [edge.source, *bends, edge.target]
            ports = [edge.source_port, *[""] * len(bends), edge.target_port]
            for i in range(len(keys) - 1):
                spring = (keys[i], ports[i], keys[i + 1], ports[i + 1])
                if spring in hung:
                    continue
                hung.add(spring)
                weight = (1.0, 2.0, 8.0)[(keys[i] in bends) + (keys[i + 1] in bends)]
                drop = self._door(keys[i], ports[i]) - self._door(keys[i + 1], ports[i + 1])
                self.things[keys[i]].join(self.things[keys[i + 1]], drop, weight)
            path = [self.things[key] for key in keys]
            path[-1].is_target = True
            paths.append(path)
            self._strand(edge, path)
        return paths

    def _strand(self, edge: Edge, path: list[Thing]) -> None:
        """Note what step 5 may move of an edge: its bends and ports, of the longest one where several share them."""
        movable = path[1:-1]
        start: tuple[Thing, float] | None = (path[0], self._door(edge.source, edge.source_port))
        stop: tuple[Thing, float] | None = (path[-1], self._door(edge.target, edge.target_port))
        if edge.source not in self.extents:
            movable, start = [path[0], *movable], None
        if edge.target not in self.extents:
            movable, stop = [*movable, path[-1]], None
        key = edge.source, edge.source_port
        if movable and (key not in self.strands or len(movable) > len(self.strands[key].movable)):
            self.strands[key] = Strand(movable, start, stop)

    def _door(self, key: object, port: str) -> float:
        return self.doors[str(key)][port] if port else 0.0

    def _frame(self) -> None:
        """Steps 2 and 6: the columns side by side, and the border."""
        inside = bool(self.sheet.parent)
        lowest = min((thing.y - thing.above for thing in self.things.values()), default=0.0)
        highest = max((thing.y + thing.below for thing in self.things.values()), default=0.0)
        top = self.ruler.border + (self.ruler.title if inside else 0.0)
        for thing in self.things.values():
            thing.y += top - lowest
        self.height = top + highest - lowest + self.ruler.border
        self.fan = self._fan()
        self.middles: dict[int, tuple[float, float]] = {}
        x = 0.0 if self.columns and any(port.side == "in" for port in self.sheet.ports) else self.ruler.border
        self.spans: list[tuple[float, float]] = []
        for i, column in enumerate(self.columns):
            left, right = max(thing.left for thing in column), max(thing.right for thing in column)
            for thing in column:
                thing.x = x + left if thing.is_target or left < self.ruler.wide else x + left + right - thing.right
            self.spans.append((x, x + left + right))
            x += left + right
            x += self._gap(i, x)
        ends = any(port.side == "out" for port in self.sheet.ports)
        width = (self.spans[-1][1] if self.spans else 0.0) + (0.0 if ends else self.ruler.border)
        self.width = max(width, self.least)
        if ends:
            for thing in self.columns[-1]:
                thing.x = self.width
            self.spans[-1] = (self.width, self.width)
        self.ports = {port.id: self.things[port.id].y for port in self.sheet.ports}

    def _gap(self, i: int, left: float) -> float:
        """The room behind a column that ends at x: more where an edge climbs far, and for the numbers of edges."""
        climb = 0.0
        slopes: dict[int, Slope] = {}
        for number, (edge, path) in enumerate(zip(self.sheet.edges, self.paths, strict=True)):
            for here, there in pairwise(path):
                if here.column == i:
                    climb = max(climb, abs(there.y - here.y))
            if path[-2].column == i and (width := self.ruler.width_of(edge.text)):
                heights = self._heights(number)
                is_twin = 1 < self.arriving[edge.target] == self.between[edge.source, edge.target]
                slopes[number] = Slope(heights[-2], heights[-1], width, is_twin)
        gap = self.ruler.gap + min(_WIDEST_CLIMB, self.ruler.climb * climb)
        gap, middles = letter(list(slopes.values()), gap)
        self.middles |= {number: (left + x, y) for number, (x, y) in zip(slopes, middles, strict=True)}
        return gap

    def _heights(self, number: int) -> list[float]:
        """The heights at which an edge leaves, crosses columns, and arrives."""
        edge = self.sheet.edges[number]
        heights = [thing.y for thing in self.paths[number]]
        heights[0] += self._door(edge.source, edge.source_port)
        heights[-1] += self._door(edge.target, edge.target_port) + self.fan[number]
        return heights

    def move(
        self,
        corner: tuple[float, float],
        placed: Mapping[str, "_Placed"],
        result: Placement,
        corners: dict[str, tuple[float, float]],
    ) -> None:
        """Write down where everything is when the upper left corner of the sheet is at a point."""
        left, top = corner
        for mark in self.sheet.marks:
            thing = self.things[mark.id]
            x, y = left + thing.x, top + thing.y
            if mark.id in placed:
                box = placed[mark.id]
                corners[mark.id] = x - box.width / 2, y - box.height / 2
                result.frames.append(Frame(mark, *corners[mark.id], box.width, box.height))
            else:
                result.spots.append(Spot(mark, x, y, self.extents[mark.id], self.doors[mark.id]))
        for number, (edge, path) in enumerate(zip(self.sheet.edges, self.paths, strict=True)):
            runs = []
            for i, (thing, y) in enumerate(zip(path, self._heights(number), strict=True)):
                start, stop = self.spans[thing.column]
                if i == 0:
                    start = thing.x + self._half(edge.source)
                if i == len(path) - 1:
                    stop = thing.x - self._half(edge.target) + self._inset(edge.target, self.fan[number])
                runs.append((left + start, left + stop, top + y))
            middle = self.middles.get(number)
            result.wires.append(Wire(edge, tuple(runs), middle and (left + middle[0], top + middle[1])))

    def _fan(self) -> list[float]:
        """How far above or below the middle of an operation each edge arrives: at its own height where it can."""
        operations = {mark.id for mark in self.sheet.marks if mark.kind in {"operation", "number"}}
        arriving: dict[str, list[tuple[float, int, int]]] = {}
        for number, (edge, path) in enumerate(zip(self.sheet.edges, self.paths, strict=True)):
            if edge.target in operations:
                door = self._door(edge.source, edge.source_port) if len(path) == 2 else 0.0
                height = path[-2].y + door - path[-1].y
                arriving.setdefault(edge.target, []).append((round(height, 3), edge.position, number))
        fan = [0.0] * len(self.paths)
        for target, edges in arriving.items():
            room = max(0.0, self.extents[target].height / 2 - 7)
            wanted = self.ruler.fan * (_WRITTEN if any(self.sheet.edges[number].text for _, _, number in edges) else 1)
            gap = min(wanted, 2 * room / max(1, len(edges) - 1))
            heights = settle([height for height, _, _ in sorted(edges)], [1.0] * len(edges), [gap] * (len(edges) - 1))
            last = len(edges) - 1
            for i, (height, (_, _, number)) in enumerate(zip(heights, sorted(edges), strict=True)):
                fan[number] = min(max(height, i * gap - room), room - (last - i) * gap)
        return fan

    def _half(self, end: str) -> float:
        return self.extents[end].width / 2 if end in self.extents else 0.0

    def _inset(self, end: str, height: float) -> float:
        """How far behind the left side of a round shape its border is, at a height above or below its middle."""
        if not height:
            return 0.0
        extent = self.extents[end]
        beyond = abs(height) - (extent.height / 2 - extent.corner)
        return extent.corner - math.sqrt(max(0.0, extent.corner**2 - beyond**2)) if beyond > 0 else 0.0
