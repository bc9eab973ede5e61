"""A diagram as SVG: one self-contained drawing, for a browser, a notebook, a slide or a printer.

Shapes say what a mark is, so that nothing is lost without colours: a circle computes, a frame of two lines can be
trained, a frame of one line is given from outside, a bare number never changes, a heavy frame is a box that could be
opened. How wide an edge is tells how strong it is where that is known of every edge, and else only whether one value
passes or several. A value stands in blue and upright above the line that carries it, its gradient in green and slanted
below, as in the lectures; weights of edges are black. The blue (#0b5cad) and the green (#0a7a55) are as dark as text
must be to be read on white, stay apart for readers who confuse red and green, and place and slant tell them apart in
grey. Where a reader prefers a dark page the drawing is dark, with lighter tones of both.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Literal
from xml.sax.saxutils import escape

from backlit.errors import ArgumentError
from backlit.explain.drawing.diagram import Diagram, Mark, MarkKind, Port
from backlit.explain.drawing.measuring import SMALL, Extent, names_width, shape_text, text_width
from backlit.explain.drawing.placement import Frame, Placement, Spot, Wire
from backlit.explain.drawing.placing import place
from backlit.explain.drawing.symbols import COMMUTATIVE

__all__ = ["STYLE", "to_svg"]

STYLE = """\
.bl-page{fill:#fff}
.bl-drawing text{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;font-size:13px;fill:#1b1f24}
.bl-drawing text.bl-sign{font-size:17px}
.bl-drawing text.bl-value{font-size:12px;fill:#0b5cad}
.bl-drawing text.bl-gradient{font-size:12px;font-style:italic;fill:#0a7a55}
.bl-drawing text.bl-small{font-size:10.5px;fill:#5c6670}
.bl-drawing text.bl-weight{font-size:12px;stroke:#fff;stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
.bl-drawing text.bl-order{font-size:9px;stroke:#fff;stroke-width:3px;paint-order:stroke;stroke-linejoin:round}
.bl-drawing text.bl-title{font-weight:bold}
.bl-wire{fill:none;stroke:#57606a}
.bl-head{fill:#57606a}
.bl-shape{fill:#fff;stroke:#1b1f24;stroke-width:1.4}
.bl-input .bl-shape{fill:#eef3f9;stroke-width:1.2}
.bl-trainable .bl-shape{fill:#ffefc7}
.bl-inner{fill:none;stroke:#1b1f24;stroke-width:1}
.bl-box .bl-shape{stroke-width:2.4}
.bl-state .bl-shape{stroke-dasharray:4 3}
.bl-frame{fill:#1b1f24;fill-opacity:.035;stroke:#8b949e;stroke-width:1.2}
@media (prefers-color-scheme:dark){
.bl-page{fill:#14181d}
.bl-drawing text{fill:#e6edf3}
.bl-drawing text.bl-value{fill:#79b8ff}
.bl-drawing text.bl-gradient{fill:#56d4a5}
.bl-drawing text.bl-small{fill:#9aa7b4}
.bl-drawing text.bl-weight,.bl-drawing text.bl-order{stroke:#14181d}
.bl-wire{stroke:#9aa7b4}
.bl-head{fill:#9aa7b4}
.bl-shape{fill:#1d232a;stroke:#e6edf3}
.bl-input .bl-shape{fill:#222c38}
.bl-trainable .bl-shape{fill:#44360f}
.bl-inner{stroke:#e6edf3}
.bl-frame{fill:#e6edf3;fill-opacity:.045;stroke:#6e7883}
}"""
"""The rules by which a drawing is coloured; every class begins with ``bl-``, so that a page may hold other drawings."""

_HEAD = 4.0
"""How far before the shape a line ends, so that its head is sharp."""

_LEGEND = 470.0
"""The width at which the explanation of the signs is broken, at the least."""

_KINDS: tuple[tuple[str, MarkKind, bool | None], ...] = (
    ("input", "input", False),
    ("trainable parameter", "parameter", True),
    ("parameter that is not trained", "parameter", False),
    ("operation", "operation", False),
    ("box, closed", "box", False),
    ("box with trainable parameters, closed", "box", True),
    ("new value of a parameter", "update", None),
    ("number", "number", None),
)

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MINUS = re.compile(r"(?<!\w)-(?=[\d.]|inf)|(?<=\de)-(?=\d)")


def to_svg(
    diagram: Diagram,
    *,
    open: Literal["fit", "all"] | Collection[str] = "fit",
    width: float | None = None,
    legend: bool = True,
) -> str:
    """Draw a diagram as SVG.

    Args:
        diagram: The diagram.
        open: The ids of the boxes that are open; ``"all"``; or ``"fit"``: so many, from outside in, that about forty
            marks are seen.
        width: The width at which it is shown; by default as wide as it is.
        legend: Whether the signs are explained below the drawing.

    Returns:
        The text of an SVG file.

    Raises:
        ArgumentError: If ``open`` is something else, or the width is not positive.
        UnknownNameError: If there is no such box.

    Example:
        >>> import backlit as bl
        >>> from backlit.explain.drawing.assembling import diagram_of
        >>> x, y = bl.input("x"), bl.input("y")
        >>> to_svg(diagram_of(bl.Graph(outputs=[x + y]), name="a sum"))[:54]
        '<svg xmlns="http://www.w3.org/2000/svg" class="bl-draw'
    """
    if width is not None and not 0 < width < float("inf"):
        raise ArgumentError(f"the width of a drawing is a positive number; received {width!r}")
    placement = place(diagram, diagram.opening(open))
    ends = {spot.mark.id for spot in placement.spots}
    key, key_width, key_height = _legend(diagram, placement) if legend else ("", 0.0, 0.0)
    wide, high = max(placement.width, key_width), placement.height + key_height
    shown = wide if width is None else width
    size = f'width="{_n(shown)}" height="{_n(high * shown / wide)}" viewBox="0 0 {_n(wide)} {_n(high)}"'
    name = _attribute(diagram.name or "computation graph")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bl-drawing" role="img" aria-label="{name}" {size}>',
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="bl-page" width="{_n(wide)}" height="{_n(high)}"/>',
        *(_frame(frame) for frame in placement.frames),
        *(_wire(wire, ends) for wire in placement.wires),
        *(_spot(spot, diagram) for spot in placement.spots),
        *_weights(placement),
        f'<g transform="translate(0 {_n(placement.height)})">\n{key}\n</g>' if key else "",
        "</svg>",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _n(number: float) -> str:
    """Write a coordinate."""
    return f"{number:.1f}".removesuffix(".0")


def _safe(text: str) -> str:
    """Make any text the content of an element: characters that XML does not allow are replaced."""
    return escape(_FORBIDDEN.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return _safe(text).replace('"', "&quot;")


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "middle") -> str:
    kind = f' class="{style}"' if style else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{kind} x="{_n(x)}" y="{_n(y)}"{place}>{_safe(_MINUS.sub("−", text))}</text>'


def _rectangle(x: float, y: float, width: float, height: float, style: str, radius: float) -> str:
    size = f'width="{_n(width)}" height="{_n(height)}" rx="{_n(radius)}"'
    return f'<rect class="{style}" x="{_n(x)}" y="{_n(y)}" {size}/>'


def _frame(frame: Frame) -> str:
    mark = frame.mark
    parts = [
        f'<g class="bl-open" data-id="{mark.id}">',
        _tooltip(mark),
        _rectangle(frame.x, frame.y, frame.width, frame.height, "bl-frame", 8),
        _text(frame.x + 12, frame.y + 19, mark.symbol, "bl-title", "start"),
        "</g>",
    ]
    return "".join(parts)


def _wire(wire: Wire, ends: Collection[str]) -> str:
    """Draw an edge: level in the columns, curved in the gaps, with a head where it arrives at a mark."""
    arrives = wire.edge.target in ends
    (x, _, y), *_ = wire.runs
    path = [f"M{_n(x)} {_n(y)}"]
    for i, (start, stop, height) in enumerate(wire.runs):
        if i:
            middle = _n((x + start) / 2)
            path.append(f"C{middle} {_n(y)} {middle} {_n(height)} {_n(start)} {_n(height)}")
        x, y = stop, height
        path.append(f"H{_n(stop - _HEAD if arrives and i == len(wire.runs) - 1 else stop)}")
    thick = _width(wire.edge.strength, len(wire.edge.nodes))
    half = 3 + thick / 2
    line = f'<path class="bl-wire" stroke-width="{_n(thick)}" d="{"".join(path)}"/>'
    if not arrives:
        return line
    head = f"M{_n(x)} {_n(y)}l-{_n(2 * half)} -{_n(half)}v{_n(2 * half)}z"
    return f'{line}<path class="bl-head" d="{head}"/>'


def _width(strength: float | None, count: int) -> float:
    """The width of an edge along which so many values flow."""
    if strength is None:
        return 2.4 if count > 1 else 1.4
    return 0.8 + 3.2 * min(1.0, max(0.0, strength))


def _weights(placement: Placement) -> Iterable[str]:
    """Write the numbers of edges, and the order of arguments where it is not that from the top."""
    for wire in placement.wires:
        if wire.middle:
            x, y = wire.middle
            yield _text(x, y + 4, wire.edge.text, "bl-weight")
    for wire in _numbered(placement):
        _, stop, y = wire.runs[-1]
        yield _text(stop - 14, y + 3.2, str(wire.edge.position + 1), "bl-order")


def _numbered(placement: Placement) -> list[Wire]:
    """List the edges whose place among the arguments is written down: it matters, and is not that from the top."""
    arriving: dict[str, list[Wire]] = {}
    for wire in placement.wires:
        if wire.edge.position >= 0:
            arriving.setdefault(wire.edge.target, []).append(wire)
    ops = {spot.mark.id: spot.mark.op for spot in placement.spots}
    numbered = []
    for target, wires in arriving.items():
        from_top = sorted(wires, key=lambda wire: wire.runs[-1][2])
        positions = [wire.edge.position for wire in from_top]
        if ops[target] not in COMMUTATIVE and positions != sorted(positions):
            numbered += from_top
    return numbered


def _spot(spot: Spot, diagram: Diagram) -> str:
    """Draw a mark: its shape, what is written in and around it, and its value and gradient on the line behind it."""
    mark, extent = spot.mark, spot.extent
    left, top = spot.x - extent.width / 2, spot.y - extent.height / 2
    parts = [f'<g class="bl-mark {_styles(mark)}" data-id="{mark.id}">', _tooltip(mark)]
    parts += _shape(mark, left, top, extent)
    round_ = mark.kind == "operation" and extent.width == extent.height
    outgoing = tuple(port for port in diagram.sheet(mark.id).ports if port.side == "out") if mark.kind == "box" else ()
    middle = spot.x - names_width(outgoing) / 2
    parts.append(_text(middle, spot.y + (6 if round_ else 4.5), mark.symbol, "bl-sign" if round_ else ""))
    if mark.kind == "operation" and mark.name:
        parts.append(_text(spot.x, top - 5, mark.name))
    if mark.shape and mark.kind != "output":
        parts.append(_text(spot.x, top + extent.height + 11, shape_text(mark.shape), "bl-small"))
    if mark.kind == "box":
        for port in outgoing:
            right, y = spot.x + extent.width / 2, spot.y + spot.ports[port.id]
            parts += _carried(right, y, port)
            if port.name and len(outgoing) > 1:
                parts.append(_text(right - 6, y + 3.5, port.name, "bl-small", "end"))
    else:
        parts += _carried(spot.x + extent.width / 2, spot.y, mark)
    return "".join([*parts, "</g>"])


def _styles(mark: Mark) -> str:
    if mark.trainable:
        return f"bl-{mark.kind} bl-trainable"
    return f"bl-{mark.kind} bl-state" if mark.kind in {"parameter", "update"} else f"bl-{mark.kind}"


def _shape(mark: Mark, left: float, top: float, extent: Extent) -> list[str]:
    if mark.kind in {"constant", "output"}:
        return []
    width, height, corner = extent.width, extent.height, extent.corner
    shape = [_rectangle(left, top, width, height, "bl-shape", corner)]
    if mark.trainable:
        shape.append(_rectangle(left + 3, top + 3, width - 6, height - 6, "bl-inner", max(1, corner - 3)))
    return shape


def _carried(x: float, y: float, carried: Mark | Port) -> list[str]:
    """Write the value above the line that leaves a mark and the gradient below it."""
    texts = []
    if carried.told:
        texts.append(_text(x + 5, y - 4, carried.told, "bl-value", "start"))
    if carried.gradient:
        texts.append(_text(x + 5, y + 13, carried.gradient, "bl-gradient", "start"))
    return texts


def _tooltip(mark: Mark) -> str:
    lines = [mark.text or mark.label]
    if mark.told:
        lines.append(f"value {mark.told}")
    if mark.gradient:
        lines.append(f"gradient {mark.gradient}")
    return f"<title>{_safe(chr(10).join(lines))}</title>"


def _legend(diagram: Diagram, placement: Placement) -> tuple[str, float, float]:
    """Explain the signs that occur; return the drawing, its width and its height."""
    marks = [spot.mark for spot in placement.spots]
    entries: list[tuple[str, float, str]] = []
    for words, kind, trainable in _KINDS:
        found = [mark for mark in marks if mark.kind == kind and trainable in (None, mark.trainable)]
        if found:
            sample = replace(found[0], symbol="")
            style = _styles(sample)
            corner = {"operation": 8, "number": 8, "box": 6}.get(kind, 3)
            extent = Extent(16 if kind == "operation" else 22, 16, 0, 0, 0, 0, corner)
            shape = "".join(_shape(sample, 0, -8, extent))
            shape += _text(11, 4, "←", "bl-small") if kind == "update" else ""
            entries.append((f'<g class="{style}">{shape}</g>', extent.width, words))
    carried: list[Mark | Port] = [*marks]
    carried += (port for mark in marks if mark.kind == "box" for port in diagram.sheet(mark.id).ports)
    if any(each.told for each in carried):
        entries.append((_text(0, 4.5, "1.5", "bl-value", "start"), 18.0, "value"))
    if any(mark.new_value for mark in marks):
        entries.append((_text(0, 4.5, "→ 1.4", "bl-value", "start"), 32.0, "new value"))
    if any(each.gradient for each in carried):
        entries.append((_text(0, 4.5, "0.2", "bl-gradient", "start"), 18.0, "gradient"))
    entries += _edge_entries(placement.wires, _numbered(placement))
    room = max(placement.width, _LEGEND)
    x, y, widest, lines = 14.0, 10.0, 0.0, []
    for sign, wide, words in entries:
        needed = wide + 6 + text_width(words, SMALL) + 18
        if x + needed > room and x > 14.0:
            x, y = 14.0, y + 22
        lines.append(
            f'<g transform="translate({_n(x)} {_n(y)})">{sign}{_text(wide + 6, 4, words, "bl-small", "start")}</g>'
        )
        x += needed
        widest = max(widest, x)
    return "\n".join(lines), widest if lines else 0.0, y + 16 if lines else 0.0


def _edge_entries(wires: Sequence[Wire], numbered: Sequence[Wire]) -> Iterable[tuple[str, float, str]]:
    """Explain what is seen of edges: numbers, widths, bundles and the order of arguments."""
    if any(wire.edge.text for wire in wires):
        yield _text(0, 4.5, "3", "bl-weight", "start"), 8.0, "weight of an edge"
    if any(wire.edge.strength is not None for wire in wires):
        yield _sample(_width(0.1, 1), 4) + _sample(_width(1.0, 1), -4), 22.0, "the wider, the stronger"
    elif any(len(wire.edge.nodes) > 1 for wire in wires):
        yield _sample(_width(None, 2), 0), 22.0, "several values"
    if numbered:
        yield _text(0, 3.5, "1", "bl-order", "start"), 6.0, "place among the arguments"


def _sample(width: float, y: float) -> str:
    return f'<path class="bl-wire" stroke-width="{_n(width)}" d="M0 {_n(y)}H22"/>'
