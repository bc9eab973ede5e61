"""A diagram as a picture made of characters: the root sheet with its boxes closed, where it is small enough.

It has the columns and orders of the diagram, and heights by the same springs as every other drawing, in rows instead of
pixels. Between two columns the lines that lead to the same mark are gathered on an upright bar before it; bars that
would touch stand behind each other. Where a line meets a bar that is not its own, it passes under it. Where that cannot
be done so that a reader sees which value goes where, there is no picture: the outline says it all.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from backlit.explain.drawing.diagram import Diagram, Mark, Port
from backlit.explain.drawing.measuring import Extent
from backlit.explain.drawing.placement import Placement, Spot
from backlit.explain.drawing.placing import Ruler, place

__all__ = ["cell_width", "picture"]

_MOST_ROWS = 40
_CORNERS = {
    (True, True, False, False): "│",
    (False, False, True, True): "─",
    (False, True, True, False): "┐",
    (True, False, True, False): "┘",
    (False, True, False, True): "┌",
    (True, False, False, True): "└",
    (True, True, True, False): "┤",
    (True, True, False, True): "├",
    (False, True, True, True): "┬",
    (True, False, True, True): "┴",
    (True, True, True, True): "┼",
}
"""Up, down, left, right."""


def cell_width(text: str) -> int:
    r"""Count the columns of a terminal that a text takes.

    Args:
        text: One line.

    Returns:
        The number: two for a wide character, none for a combining one.

    Example:
        >>> cell_width("θ1"), cell_width("漢字"), cell_width("e\u0301")
        (2, 4, 1)
    """
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(bool(unicodedata.combining(character)) for character in text)


def picture(diagram: Diagram, width: int = 80) -> list[str] | None:
    r"""Draw the root sheet of a diagram with characters.

    Args:
        diagram: The diagram.
        width: How many columns there are.

    Returns:
        The lines; None where the drawing would be too large, or could be misread.

    Example:
        >>> import backlit as bl
        >>> from backlit.explain.drawing.assembling import diagram_of
        >>> x, w = bl.input("x"), bl.parameter(2.0, name="w")
        >>> print("\n".join(picture(diagram_of(bl.Graph(outputs=[bl.sigmoid(x * w).named("y")])))))
        x ───┬─(×) ──(σ) y
        [w] ─┘
    """
    if not diagram.root.marks or len(diagram.root.marks) > width:
        return None
    placement = place(diagram, (), _ROWS)
    columns = _columns(diagram, placement)
    gaps = [_Gap() for _ in columns]
    _gather(diagram, placement, gaps)
    for gap in gaps:
        if not gap.assign():
            return None
    grid = _Grid()
    x = 0
    for column, gap in zip(columns, gaps, strict=True):
        texts = {spot.mark.id: _texts(spot.mark, diagram) for spot in column}
        inside = max((cell_width(text) for lines in texts.values() for text in lines), default=0)
        for spot in column:
            if spot.mark.kind == "box":
                outgoing = [port.id for port in diagram.sheet(spot.mark.id).ports if port.side == "out"]
                grid.box(spot, outgoing, texts[spot.mark.id][1:], x, inside)
            else:
                grid.mark(spot, texts[spot.mark.id], x, inside, _is_read(spot.mark, diagram))
        for row in gap.passing:
            grid.level(row, x, x + inside)
        x += inside
        gap.draw(grid, x)
        x += gap.width
    lines = grid.lines()
    fits = len(lines) <= _MOST_ROWS and all(cell_width(line) <= width for line in lines)
    return lines if fits else None


def _row(y: float) -> int:
    return math.floor(y + 1e-6)


def _measure(mark: Mark, outgoing: tuple[Port, ...], incoming: int) -> Extent:
    """Measure a mark in rows; its width is not asked for."""
    ports = max(1, len(outgoing), incoming) if mark.kind == "box" else 1  # a mark has one row, whatever leads to it
    beyond = (ports - 1) / 2 + (mark.kind == "box")
    carried = [mark, *(outgoing if len(outgoing) == 1 else ())]
    told = any(each.told or each.gradient for each in carried)
    return Extent(0.0, float(ports), 0.0, 0.0, beyond, beyond + told)


_ROWS = Ruler(_measure, lambda text: 0.0, gap=1.0, climb=0.0, row=1.0, border=0.0, title=0.0, fan=0.0, wide=math.inf)


def _columns(diagram: Diagram, placement: Placement) -> list[list[Spot]]:
    columns: list[list[Spot]] = [[] for _ in range(diagram.root.layers)]
    for spot in placement.spots:
        columns[spot.mark.layer].append(spot)
    return columns


def _is_read(mark: Mark, diagram: Diagram) -> bool:
    return any(edge.source == mark.id for edge in diagram.root.edges)


def _gather(diagram: Diagram, placement: Placement, gaps: Sequence["_Gap"]) -> None:
    """Find the rows between which values flow in every gap, and those in which they pass a column."""
    spots = {spot.mark.id: spot for spot in placement.spots}
    for wire in placement.wires:
        first = spots[wire.edge.source].mark.layer
        target = spots[wire.edge.target]
        rows = [_row(y) for _, _, y in wire.runs]
        rows[-1] = _row(target.y + target.ports.get(wire.edge.target_port, 0.0))
        for i, (here, there) in enumerate(pairwise(rows)):
            gaps[first + i].flows.setdefault(there, {})[here] = None
            if i:
                gaps[first + i].passing[here] = None


def _texts(mark: Mark, diagram: Diagram) -> list[str]:
    """Write a mark, and below it its value and gradient."""
    left, right = {
        "parameter": ("[", "]") if mark.trainable else ("{", "}"),
        "operation": ("(", ")"),
        "box": ("│ ", " │"),
        "output": (" ", ""),
    }.get(mark.kind, ("", ""))
    text = f"{left}{mark.symbol}{right}" + " " * (mark.kind != "box")
    if mark.kind == "operation" and mark.name:
        text += f"{mark.name} "
    carried: Mark | Port = mark
    if mark.kind == "box":
        outgoing = [port for port in diagram.sheet(mark.id).ports if port.side == "out"]
        carried = outgoing[0] if len(outgoing) == 1 else mark
    below = " ∇ ".join(part for part in (carried.told, carried.gradient) if part)
    return [text, below] if below else [text]


@dataclass(slots=True)
class _Gap:
    """What flows between a column and the next: to each row, from which rows; and the bars on which it is gathered."""

    flows: dict[int, dict[int, None]] = field(default_factory=dict)
    passing: dict[int, None] = field(default_factory=dict)
    tracks: dict[int, int] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """How many columns of characters it takes."""
        if not self.tracks:
            return 2 if self.flows else 0
        return 2 * (max(self.tracks.values()) + 1) + 1

    def _bar(self, row: int) -> tuple[int, int]:
        rows = [row, *self.flows[row]]
        return min(rows), max(rows)

    def assign(self) -> bool:
        """Give every bar a track, counted from the left; say whether that could be done without ambiguity.

        Whoever follows the lines shall find the edges and no others. So the lines that are gathered on a bar end there,
        and where a bar leads on to a row, no other line may pass in that row any more.
        """
        bars = [row for row in sorted(self.flows) if list(self.flows[row]) != [row]]
        readers: dict[int, set[int]] = {}
        for row, sources in self.flows.items():
            for source in sources:
                readers.setdefault(source, set()).add(row)
        after: dict[int, set[int]] = {row: set() for row in bars}
        for row in bars:
            ending = self.flows[row] if len(self.flows[row]) > 1 else {}
            for source in {*ending, row}:
                after[row] |= readers.get(source, set()) - {row}
        while bars:
            free = [row for row in bars if after[row] <= set(self.tracks)]
            if not free:
                return False
            for row in free:
                track = max((self.tracks[other] + 1 for other in after[row]), default=0)
                while any(self.tracks[other] == track and self._touch(row, other) for other in self.tracks):
                    track += 1
                self.tracks[row] = track
            bars = [row for row in bars if row not in self.tracks]
        return True

    def _touch(self, row: int, other: int) -> bool:
        """Whether two bars would run into each other; those of one value may."""
        if len(self.flows[row]) == 1 and self.flows[row] == self.flows[other]:
            return False
        (low, high), (least, most) = self._bar(row), self._bar(other)
        return least <= high and low <= most

    def draw(self, grid: "_Grid", x: int) -> None:
        """Draw level lines, and then bars over them."""
        ends: dict[int, int] = {}
        for row, sources in self.flows.items():
            stop = x + 1 + 2 * self.tracks[row] if row in self.tracks else x + self.width
            for source in sources:
                ends[source] = max(ends.get(source, 0), stop)
        for source, stop in ends.items():
            grid.level(source, x, stop)
        joints: dict[tuple[int, int], tuple[bool, bool, bool, bool]] = {}
        for row, track in self.tracks.items():
            grid.level(row, x + 2 + 2 * track, x + self.width)
            low, high = self._bar(row)
            place = x + 1 + 2 * track
            for y in range(low, high + 1):
                joins = y in self.flows[row]
                onward = y == row or (joins and ends[y] > place)
                before = joints.get((y, place), (False, False, False, False))
                now = (y > low, y < high, joins, onward)
                joints[y, place] = tuple(one or other for one, other in zip(before, now, strict=True))  # type: ignore[assignment]
        for (y, place), joint in joints.items():
            grid.put(y, place, _CORNERS[joint])


class _Grid:
    """Characters by row and column."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], str] = {}

    def put(self, row: int, x: int, text: str) -> None:
        """Write a text; a wide character takes two cells, a combining one joins the cell before it."""
        for character in text:
            if unicodedata.combining(character) and (row, x - 1) in self.cells:
                self.cells[row, x - 1] += character
                continue
            self.cells[row, x] = character
            x += 1
            if unicodedata.east_asian_width(character) in "WF":
                self.cells[row, x] = ""
                x += 1

    def level(self, row: int, start: int, stop: int) -> None:
        """Draw a level line up to before a column."""
        for x in range(start, stop):
            self.cells[row, x] = "─"

    def mark(self, spot: Spot, texts: Sequence[str], x: int, width: int, is_read: bool) -> None:
        """Write a mark, its value below it, and a line from its end to that of its column."""
        row = _row(spot.y)
        self.put(row, x, texts[0])
        if is_read:
            self.level(row, x + cell_width(texts[0]), x + width)
        for text in texts[1:]:
            self.put(row + 1, x, text)

    def box(self, spot: Spot, outgoing: Sequence[str], texts: Sequence[str], x: int, width: int) -> None:
        """Draw a closed box, with a row for each port, its value below it, and lines to the end of its column."""
        inner = cell_width(spot.mark.symbol) + 2
        top = _row(spot.y - spot.extent.above)
        bottom = _row(spot.y + (spot.extent.height + 1) / 2)
        self.put(top, x, f"┌{'─' * inner}┐")
        for row in range(top + 1, bottom):
            self.put(row, x, f"│{' ' * inner}│")
        self.put(bottom, x, f"└{'─' * inner}┘")
        self.put(_row(spot.y), x + 2, spot.mark.symbol)
        for port in outgoing:
            self.level(_row(spot.y + spot.ports[port]), x + inner + 2, x + width)
        for text in texts:
            self.put(bottom + 1, x, text)

    def lines(self) -> list[str]:
        """Return the rows from the first to the last."""
        rows: Mapping[int, dict[int, str]] = {}
        rows = {row: {} for row in range(min(r for r, _ in self.cells), max(r for r, _ in self.cells) + 1)}
        for (row, x), character in self.cells.items():
            rows[row][x] = character
        return [
            "".join(cells.get(x, " ") for x in range(max(cells, default=-1) + 1)).rstrip() for cells in rows.values()
        ]
