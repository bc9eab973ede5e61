"""The page: one HTML file that opens from disk, in which a traced graph is looked at, stepped through and edited.

The file holds the diagram, the program, and the scripts that draw the one and run the other: nothing is fetched, and a
policy in its head forbids it. Scripts and style are named there by their fingerprints, so that no text of the user, in
whatever name it hides, can ever run.
"""

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from backlit.errors import ArgumentError
from backlit.explain.drawing.diagram import Diagram, Mark, Sheet
from backlit.explain.drawing.symbols import COMMUTATIVE
from backlit.explain.page.assets import asset, interpreter_for, javascript_ops

__all__ = ["page_of"]

_SCRIPTS = ("model.js", "placing.js", "drawing.js", "panel.js", "page.js")


_LEAVES = {"input", "parameter", "constant"}
_POLICY = "default-src 'none'; img-src data:; style-src '{style}'; script-src '{script}'"
"""Nothing is fetched, no script or style is run but these two; pictures are those that the page paints itself."""

_INDENT = re.compile(r"^(?:  )+", re.MULTILINE)
_REMARK = re.compile(r"^/\*.*?\*/\n+|(?<=\S) // [^\n]*", re.DOTALL | re.MULTILINE)


def page_of(diagram: Diagram, program: Mapping[str, Any], *, title: str = "", note: str = "") -> str:
    """Write a page.

    Args:
        diagram: What is drawn.
        program: What is computed, as ``program_of`` wrote it for the same graph.
        title: The heading; by default the name of the diagram.
        note: A remark for the foot of the page, such as how numbers were stored.

    Returns:
        The text of an HTML file.

    Raises:
        ArgumentError: If the page cannot compute an op of the program.

    Example:
        >>> import backlit as bl
        >>> from backlit.explain.drawing.assembling import diagram_of
        >>> from backlit.explain.page import program_of
        >>> run = bl.trace((bl.parameter(3.0, name="w") * 2.0).named("y"))
        >>> text = page_of(diagram_of(run.graph), program_of(run.graph, run.loss, run.walk, run.known))
        >>> "http" in text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
        False
    """
    ops = {node["op"] for node in program["nodes"]} - _LEAVES
    _check_ops(ops)
    style = asset("page.css")
    # Remarks are for readers of the package: a page has no room for them, nor for more than a tab where lines begin.
    script = "\n".join(_REMARK.sub("", asset(name)) for name in _SCRIPTS)
    script = _INDENT.sub(
        lambda spaces: "\t" * (len(spaces[0]) // 2), _REMARK.sub("", interpreter_for(ops, script)) + script
    )
    fields = {
        "policy": _POLICY.format(style=_fingerprint(style), script=_fingerprint(script)),
        "title": html.escape(title or diagram.name or "backlit"),
        "legend": _legend(diagram, program, note),
        "style": style,
        "script": script,
        "diagram": _embedded([_sheet(sheet) for sheet in diagram.sheets]),
        "program": _embedded(program),
    }
    # One pass, so that what looks like a field inside the text of another is left alone.
    return re.sub(rf"\{{({'|'.join(fields)})\}}", lambda match: fields[match[1]], asset("page.html"))


def _check_ops(ops: Collection[str]) -> None:
    unknown = sorted(set(ops) - set(javascript_ops()))
    if unknown:
        raise ArgumentError(
            f"the page cannot compute the op {unknown[0]}",
            why="it computes in the browser, by the lines of its own interpreter",
            instead="draw the trace as .svg, or write the line of the op in explain/page/interpreter.js",
        )


def _fingerprint(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _embedded(data: Any) -> str:
    """Write JSON that may stand in a script element: no tag or comment can begin in it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _sheet(sheet: Sheet) -> list[Any]:
    """Keep of a sheet what the page needs, without the names of the fields: they stand at the top of page.js.

    Shapes, names and numbers are left to the program.
    """
    joining = {edge.target for edge in sheet.edges if edge.position > 0}
    marks = [_mark(mark, mark.id in joining) for mark in sheet.marks]
    ports = [_cut(port.id, port.side, port.nodes, port.order) for port in sheet.ports]
    edges = [
        _cut(edge.source, edge.target, max(edge.position, 0), edge.source_port, edge.target_port, edge.bends)
        for edge in sheet.edges
    ]
    return [sheet.id, sheet.parent, sheet.layers, marks, edges, ports]


def _mark(mark: Mark, joins: bool) -> list[Any]:
    is_box, is_operation = mark.kind == "box", mark.kind == "operation"
    label = mark.label if mark.kind in {"box", "update"} else ""
    trainable, ordered = is_box and mark.trainable, is_operation and joins and mark.op not in COMMUTATIVE
    kind = "" if is_operation else mark.kind
    flags = int(mark.output), int(trainable), int(ordered)
    return _cut(mark.id, mark.symbol, mark.node, mark.layer, mark.order, kind, label, *flags)


def _cut(*fields: Any) -> list[Any]:
    """List fields, up to the last that is not empty."""
    last = max(place for place, value in enumerate(fields) if value)
    return list(fields[: last + 1])


def _legend(diagram: Diagram, program: Mapping[str, Any], note: str) -> str:
    """Explain the signs that occur on the page, as HTML."""
    nodes = [program["nodes"][i] for i in program["forward"]]
    arrays = {node["op"] for node in nodes if math.prod(node.get("shape", ())) > 1}
    signs = ['<span class="value">values</span>', '<span class="gradient">gradients</span>']
    signs += ['<span class="new">new values</span>'] if program["updates"] else []
    lines = ["lines: blue with a value, green with a gradient, grey with neither yet"]
    if arrays:
        grey = ["parameters grey"] if "parameter" in arrays else []
        blue = ["values blue"] if arrays - {"parameter"} else []
        lines.append(f"maps: {', '.join(blue + grey)}, negative orange; gradients green, negative purple")
    if any(node.get("trainable") for node in nodes):
        holds = any(mark.kind == "box" and mark.trainable for sheet in diagram.sheets for mark in sheet.marks)
        lines.append("double frame: trainable" + (", or a closed box with something trainable in it" if holds else ""))
    lines += ["point at a node for its arithmetic; click keeps it", note]
    return "\n".join([f"  {' '.join(signs)}", *(f"  <span>{html.escape(line)}</span>" for line in lines if line)])
