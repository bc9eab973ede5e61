"""A diagram as text: readable at 80 columns, without colours, by ear as well as by eye.

First, where the graph is small, a picture made of characters. Then an outline in the order of execution: what stands in
a scope is indented below the scope's name, every operation is a formula of the names of its arguments, and shapes,
values and gradients stand in columns of their own.
"""

import heapq
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from backlit.errors import ArgumentError
from backlit.explain.drawing.diagram import Diagram, Mark, Sheet
from backlit.explain.drawing.measuring import shape_text
from backlit.explain.render.characters import cell_width, picture

__all__ = ["to_text"]

_NARROWEST = 40
_MOST_LINES = 100
"""About how many lines an outline has before boxes stay closed."""

_HEADS = ("shape", "value", "gradient")


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the outline: how deep, what, and its shape, value and gradient."""

    depth: int
    text: str
    cells: tuple[str, str, str] = ("", "", "")


def to_text(
    diagram: Diagram,
    *,
    width: int = 80,
    open: Literal["fit", "all"] | Collection[str] = "fit",
) -> str:
    """Write a diagram as text.

    Args:
        diagram: The diagram.
        width: How many columns there are.
        open: The ids of the boxes whose content is listed; ``"all"``; or ``"fit"``: so many, from outside in, that the
            outline has about a hundred lines.

    Returns:
        The text.

    Raises:
        ArgumentError: If the width is less than 40 columns, or ``open`` is something else.
        UnknownNameError: If there is no such box.

    Example:
        >>> import backlit as bl
        >>> from backlit.explain.drawing.assembling import diagram_of
        >>> x, w = bl.input("x"), bl.parameter(2.0, name="w")
        >>> print(to_text(diagram_of(bl.Graph(outputs=[(x * w).named("y")]))))
        x ───┬─(×) y
        [w] ─┘
        <BLANKLINE>
        x: input
        w: trainable parameter
        y = x · w (output)
    """
    if width < _NARROWEST:
        raise ArgumentError(f"an outline needs at least {_NARROWEST} columns; received width={width!r}")
    rows = list(_rows(diagram, diagram.opening(open, most=_MOST_LINES)))
    drawn = picture(diagram, width) or []
    title = [diagram.name, ""] if diagram.name else []
    if not rows:
        return "\n".join([*title, "(nothing is computed)"])
    return "\n".join([*title, *drawn, *([""] if drawn else []), *_table(rows, width)])


def _rows(diagram: Diagram, opened: Collection[str]) -> Iterator[_Row]:
    """List what stands on the sheets in an order of execution, a box before what is in it."""
    last: dict[str, int] = {}
    for sheet in reversed(diagram.sheets):
        numbers = [last[mark.id] if mark.kind == "box" else mark.node for mark in sheet.marks]
        last[sheet.id] = max(numbers, default=0)
    stack = [iter(_in_order(diagram.root, last))]
    while stack:
        mark = next(stack[-1], None)
        if mark is None:
            stack.pop()
        elif mark.kind != "output" and (mark.kind != "constant" or mark.name):
            yield _row(mark, len(stack) - 1, mark.id in opened)
            if mark.id in opened:
                stack.append(iter(_in_order(diagram.sheet(mark.id), last)))


def _in_order(sheet: Sheet, last: Mapping[str, int]) -> list[Mark]:
    """Sort the marks of a sheet so that each comes after all it reads from, and else by the order of execution."""
    marks = {mark.id: mark for mark in sheet.marks}
    missing = dict.fromkeys(marks, 0)
    readers: dict[str, list[str]] = {mark: [] for mark in marks}
    for edge in sheet.edges:
        if edge.source in marks and edge.target in marks:
            missing[edge.target] += 1
            readers[edge.source].append(edge.target)
    ready = [(last.get(mark, marks[mark].node), mark) for mark, count in missing.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _, mark = heapq.heappop(ready)
        order.append(marks[mark])
        for reader in readers[mark]:
            missing[reader] -= 1
            if not missing[reader]:
                heapq.heappush(ready, (last.get(reader, marks[reader].node), reader))
    return order


def _row(mark: Mark, depth: int, is_open: bool) -> _Row:
    if mark.kind == "box":
        trainable = ", trainable" * mark.trainable
        text = mark.name + mark.text.removeprefix(mark.label)
        return _Row(depth, f"{text}{trainable}{':' if is_open else ' …'}")
    if mark.kind == "update":
        return _Row(depth, mark.symbol)
    if mark.kind == "operation":
        text = f"{mark.label} = {mark.formula}"
    elif mark.kind == "parameter":
        text = f"{mark.label}: {'trainable ' * mark.trainable}parameter"
    else:
        text = f"{mark.label}: {mark.kind}"
    return _Row(depth, text + " (output)" * mark.output, (shape_text(mark.shape), mark.told, mark.gradient))


def _table(rows: list[_Row], width: int) -> Iterator[str]:
    """Write rows with their cells in columns; a text too long for its column goes on below, a cell is cut."""
    kept = [i for i in range(3) if any(row.cells[i] for row in rows)]
    heads = [_HEADS[i] for i in kept]
    wide = [max(len(_HEADS[i]), *(cell_width(row.cells[i]) for row in rows)) for i in kept]
    needed = max((2 * row.depth + cell_width(row.text) for row in rows), default=0)
    least = min(needed, max(_NARROWEST // 2, width * 2 // 5))
    while kept and least + sum(each + 2 for each in wide) > width:
        wide[wide.index(max(wide))] -= 1
    texts = [_wrapped("  " * row.depth + row.text, width - sum(each + 2 for each in wide), row.depth) for row in rows]
    left = max((cell_width(line) for lines in texts for line in lines), default=0)
    if heads:
        yield _line("", heads, left, wide)
    for row, lines in zip(rows, texts, strict=True):
        yield _line(lines[0], [row.cells[i] for i in kept], left, wide)
        yield from lines[1:]


def _line(text: str, cells: list[str], left: int, wide: list[int]) -> str:
    line = text + " " * (left - cell_width(text))
    for cell, room in zip(cells, wide, strict=True):
        shown = _cut(cell, room)
        line += "  " + shown + " " * (room - cell_width(shown))
    return line.rstrip()


def _cut(text: str, room: int) -> str:
    """Cut a text to a number of columns, with a sign where something is missing."""
    if cell_width(text) <= room:
        return text
    while cell_width(text) > room - 1:
        text = text[:-1]
    return text + "…"


def _wrapped(text: str, room: int, depth: int) -> list[str]:
    """Break a text between words, and within them where it must be; what goes on is indented."""
    room = max(room, 12)
    indent = "  " * min(depth + 2, room // 4)
    lines, rest = [], text
    while cell_width(rest) > room:
        fitting = rest
        while cell_width(fitting) > room:
            fitting = fitting[:-1]
        start = len(fitting) - len(fitting.lstrip())
        space = fitting.rfind(" ", start + 1)
        cut = space if space > len(indent) else len(fitting)
        lines.append(rest[:cut].rstrip())
        rest = indent + rest[cut:].lstrip()
    return [*lines, rest]
