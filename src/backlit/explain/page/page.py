"""The page: one HTML file that opens from disk, in which a traced graph is looked at, stepped through and edited.

The file holds the diagram, the program, and the scripts that draw the one and run the other: nothing is fetched, and a
policy in its head forbids it. Scripts and style are named there by their fingerprints, so that no text of the user, in
whatever name it hides, can ever run.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from backlit.errors import ArgumentError
from backlit.explain.drawing.diagram import Diagram
from backlit.explain.page.assets import asset, interpreter_for, javascript_ops

__all__ = ["page_of"]

_SCRIPTS = ("model.js", "placing.js", "drawing.js", "panel.js", "page.js")


_LEAVES = {"input", "parameter", "constant"}
_POLICY = "default-src 'none'; img-src data:; style-src '{style}'; script-src '{script}'"
"""Nothing is fetched, no script or style is run but these two; pictures are those that the page paints itself."""

_REMARK = re.compile(r"^/\*.*?\*/\n+", re.DOTALL | re.MULTILINE)


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
    # What a file or a function is about stands before it, for readers of the package; a page has no room for it.
    script = "\n".join(_REMARK.sub("", asset(name)) for name in _SCRIPTS)
    script = _REMARK.sub("", interpreter_for(ops, script)) + script
    fields = {
        "policy": _POLICY.format(style=_fingerprint(style), script=_fingerprint(script)),
        "title": html.escape(title or diagram.name or "backlit"),
        "note": html.escape(f" · {note}" if note else ""),
        "style": style,
        "script": script,
        "diagram": _embedded(_lean(diagram.as_json()["sheets"])),
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


_DRAWN = {
    "sheet": ("id", "parent", "marks", "ports", "edges", "layers"),
    "marks": ("id", "kind", "symbol", "output", "node", "layer", "order"),
    "ports": ("id", "side", "nodes", "order"),
    "edges": ("source", "target", "source_port", "target_port", "position", "bends"),
}
"""What the page needs of a diagram; shapes, names and numbers it has from the program."""


def _lean(value: Any, kind: str = "sheet") -> Any:
    """Keep what the page needs, and leave out what is empty or usual: it has the same defaults."""
    if isinstance(value, list):
        return [_lean(each, kind) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _lean(value[key], key) for key in _DRAWN[kind] if value[key] != -1}
    if value.get("kind") in ("box", "update"):
        kept["label"] = value["label"]
    if value.get("kind") == "operation":
        del kept["kind"]
    # A layer, an order or a position is 0 where it is not given; a node may well have the number 0.
    return {key: each for key, each in kept.items() if each or (key == "node" and each == 0)}
