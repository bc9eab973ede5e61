"""The parser of printed graphs: text in, graph out, nothing executed.

Definitions may stand in any order. What is read is checked as if it had been written in Python: every op infers its
spec again, and a spec that differs from the printed one is an error with its line.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.errors import CycleError, GraphError, ParseError, nearest
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant, Input, Parameter, parameter
from backlit.graph.node import Node
from backlit.graph.op import find_op
from backlit.graph.scope import Scope, call_scope, enter_scope
from backlit.graph.spec import Spec, check_dtype

__all__ = ["parse_graph"]

_NAME = r'(?:%\d+|"(?:[^"\\]|\\.)*"|[^\s"(),:=#<%\[\]]+)'
_SPEC = r"[a-z0-9]+\[[0-9,]*\]"
# Patterns are left as text: Python compiles each when it is first used, and keeps it.
_HEADER = rf"graph\((?P<inputs>(?:{_NAME}: {_SPEC}(?:, )?)*)\)"
_INPUT = rf"(?P<name>{_NAME}): (?P<spec>{_SPEC})"
_DEFINITION = rf"(?P<name>{_NAME}): (?P<spec>{_SPEC}) = (?P<op>\w+)\((?P<body>.*)\)(?: in (?P<scope>\S(?:.*\S)?))?"
_UPDATE = rf"update (?P<name>{_NAME}) <- (?P<value>{_NAME})"
_ATTRIBUTE = r"(\w+)="
_SCOPE_PART = r'(?P<name>"(?:[^"\\]|\\.)*"|[^\s".#]+)(?P<call>#\d+)?(?:\.|$)'


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the text, for messages."""

    number: int
    text: str

    def fail(self, what: str, at: str = "", instead: str = "") -> ParseError:
        column = max(self.text.find(at), 0) if at else len(self.text) - len(self.text.lstrip())
        return ParseError(f"line {self.number}: {what}\n    {self.text}\n    {' ' * column}^", instead=instead)


@dataclass(frozen=True, slots=True)
class _Definition:
    """A node as it stands in the text, not yet built."""

    line: _Line
    name: str
    spec: Spec
    op: str
    arguments: tuple[str, ...]
    attributes: dict[str, Any]
    value: str
    scope: str


def _unquote(name: str) -> str:
    return str(json.loads(name)) if name.startswith('"') else name


def _spec(text: str, line: _Line) -> Spec:
    dtype, _, lengths = text[:-1].partition("[")
    try:
        return Spec(tuple(int(n) for n in lengths.split(",") if n), check_dtype(dtype))
    except GraphError as error:
        raise line.fail(error.what, dtype, error.instead) from None


def _split_body(body: str, line: _Line) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Split ``x, w, axes=[0]`` into names and attributes; a value is read by the JSON decoder and nothing else."""
    arguments: list[str] = []
    attributes: dict[str, Any] = {}
    rest = body
    while rest:
        attribute = re.match(_ATTRIBUTE, rest)
        if attribute:
            try:
                value, end = json.JSONDecoder().raw_decode(rest, attribute.end())
            except json.JSONDecodeError:
                raise line.fail(f"{attribute[1]} has no readable value", attribute[0]) from None
            attributes[attribute[1]] = tuple(value) if isinstance(value, list) else value
        else:
            name = re.match(_NAME, rest)
            if not name or attributes:
                raise line.fail("a name was expected here", rest)
            arguments.append(_unquote(name[0]))
            end = name.end()
        rest = rest[end:]
        if rest and not rest.startswith(", "):
            raise line.fail("a comma was expected here", rest)
        rest = rest[2:]
    return tuple(arguments), attributes


def _definition(line: _Line) -> _Definition:
    match = re.fullmatch(_DEFINITION, line.text.strip())
    if not match:
        raise line.fail("this is no definition", instead="write name: float32[3] = op(argument, attribute=value)")
    op, body = match["op"], match["body"]
    spec, name, scope = _spec(match["spec"], line), _unquote(match["name"]), match["scope"] or ""
    if op in ("parameter", "constant"):
        value, _, frozen = body.partition(", trainable=")
        if frozen not in ("", "false"):
            raise line.fail("trainable=false was expected here", "trainable")
        return _Definition(line, name, spec, op, (), {"trainable": not frozen}, value, scope)
    arguments, attributes = _split_body(body, line)
    return _Definition(line, name, spec, op, arguments, attributes, "", scope)


class _Builder:
    """Builds the nodes of a text, each after its arguments."""

    def __init__(self, definitions: dict[str, _Definition], values: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.values = values
        self.nodes: dict[str, Node] = {}
        self.scopes: dict[str, Scope | None] = {"": None}
        # Calls are numbered as they were made, which need not be the order in which the text comes to them.
        calls = [each for each in definitions.values() if "#" in each.scope]
        for definition in sorted(calls, key=lambda each: [int(n) for n in re.findall(r"#(\d+)", each.scope)]):
            self._scope(definition)

    def find(self, name: str, line: _Line) -> Node:
        """Return the node of a name, building what it depends on first, without recursion."""
        stack = [(name, line)]
        entered: dict[str, None] = {}
        while stack:
            label, asked = stack[-1]
            if label in self.nodes:
                stack.pop()
                continue
            if label not in self.definitions:
                raise asked.fail(f"{label!r} is not defined{nearest(label, {*self.definitions, *self.nodes})}", label)
            definition = self.definitions[label]
            waiting = [argument for argument in definition.arguments if argument not in self.nodes]
            if not waiting:
                self.nodes[label] = self._build(definition)
                entered.pop(label, None)
                stack.pop()
                continue
            entered[label] = None
            for argument in waiting:
                if argument in entered:
                    path = list(entered)
                    cycle = [*reversed(path[path.index(argument) :]), path[-1]]
                    raise CycleError(
                        "the graph has a cycle: " + " → ".join(cycle), why="a value cannot be computed from itself"
                    )
            stack.append((waiting[0], definition.line))
        return self.nodes[name]

    def _build(self, definition: _Definition) -> Node:
        if definition.op == "constant":
            return self._constant(definition)
        if definition.op == "parameter":
            return self._parameter(definition)
        try:
            op = find_op(definition.op)
            with enter_scope(self._scope(definition)):
                node = op(*(self.nodes[name] for name in definition.arguments), **definition.attributes)
        except (GraphError, TypeError) as error:
            what = error.what if isinstance(error, GraphError) else str(error)
            raise definition.line.fail(what, definition.op) from None
        self._check_spec(definition, node.spec)
        return node if definition.name.startswith("%") else node.named(definition.name)

    def _check_spec(self, definition: _Definition, found: Spec) -> None:
        if found != definition.spec:
            raise definition.line.fail(f"this is {found}, not {definition.spec}", str(definition.spec))

    def _value(self, definition: _Definition) -> npt.NDArray[Any]:
        if definition.value == "...":
            if definition.name not in self.values:
                raise definition.line.fail(
                    f"the value of {definition.name!r} is too long to stand in the text",
                    "...",
                    instead="pass it beside the text: parse_graph(text, values=graph.values)",
                )
            value = np.asarray(self.values[definition.name])
        else:
            try:
                value = np.array(json.loads(definition.value), dtype=definition.spec.dtype)
            except (ValueError, TypeError, OverflowError):
                raise definition.line.fail("this value cannot be read", definition.value) from None
        if value.size == 0 and definition.spec.size == 0:
            value = value.reshape(definition.spec.shape)
        self._check_spec(definition, Spec(value.shape, value.dtype.name))
        return value

    def _constant(self, definition: _Definition) -> Constant:
        name = None if definition.name.startswith("%") else definition.name
        return Constant(self._value(definition).copy(), name)

    def _parameter(self, definition: _Definition) -> Parameter:
        given = self.values.get(definition.name)
        if isinstance(given, Parameter):
            self._check_spec(definition, given.spec)
            return given
        name = None if definition.name.startswith("%") else definition.name
        value = self._value(definition)
        return parameter(value, name, value.dtype, trainable=definition.attributes["trainable"])

    def _scope(self, definition: _Definition) -> Scope | None:
        text, position, outer = definition.scope, 0, ""
        while position < len(text):
            part = re.compile(_SCOPE_PART).match(text, position)
            if not part:
                raise definition.line.fail("this is no scope", text)
            path = text[: part.end()].rstrip(".")
            if path not in self.scopes:
                name, parent = _unquote(part["name"]), self.scopes[outer]
                with enter_scope(parent):
                    if part["call"]:
                        with call_scope(name) as box:
                            self.scopes[path] = box
                    else:
                        self.scopes[path] = Scope(name, parent)
            outer, position = path, part.end()
        return self.scopes[outer]


def _inputs(line: _Line) -> dict[str, Node]:
    header = re.fullmatch(_HEADER, line.text.strip())
    if not header:
        raise line.fail("a graph begins with its inputs", instead="write graph(x: float32[3], y: int64[])")
    nodes: dict[str, Node] = {}
    for match in re.finditer(_INPUT, header["inputs"]):
        name = _unquote(match["name"])
        if name in nodes:
            raise line.fail(f"the input {name!r} stands twice", match["name"])
        nodes[name] = Input(_spec(match["spec"], line), name, None, ("<text>", line.number))
    return nodes


def parse_graph(text: str, values: Mapping[str, Any] | None = None) -> Graph:
    """Read a printed graph.

    Args:
        text: What ``str(graph)`` gives.
        values: By label, an array for each value that the text leaves out as ``...``; or a parameter, which then is
            the very parameter of the graph that is built. ``graph.values`` has them all.

    Returns:
        A graph that prints the same.

    Raises:
        ParseError: If the text cannot be read; the message shows the line and the place.
        CycleError: If a node depends on itself.

    Example:
        >>> graph = parse_graph('''
        ... graph(x: float32[])
        ...   w: float32[] = parameter(2.0)
        ...   y: float32[] = multiply(x, w)
        ...   return y
        ... ''')
        >>> float(graph["y"].evaluate({"x": 3.0}))
        6.0
    """
    lines = [_Line(i, raw.rstrip()) for i, raw in enumerate(text.splitlines(), start=1) if raw.strip()]
    if not lines:
        raise ParseError("the text is empty", instead="write graph(x: float32[]) and one line for each node")
    inputs = _inputs(lines[0])
    definitions: dict[str, _Definition] = {}
    results: list[_Line] = []
    for line in lines[1:]:
        if line.text.strip().startswith(("return ", "update ")):
            results.append(line)
            continue
        definition = _definition(line)
        if definition.name in definitions or definition.name in inputs:
            raise line.fail(f"{definition.name!r} is defined twice", definition.name)
        definitions[definition.name] = definition
    builder = _Builder(definitions, values or {})
    builder.nodes.update(inputs)
    outputs: list[Node] = []
    updates: dict[Parameter, Node] = {}
    for line in results:
        stripped = line.text.strip()
        if stripped.startswith("return "):
            names, _ = _split_body(stripped.removeprefix("return "), line)
            outputs += [builder.find(name, line) for name in names]
            continue
        match = re.fullmatch(_UPDATE, stripped)
        if not match:
            raise line.fail("this is no update", instead="write update parameter <- value")
        target = builder.find(_unquote(match["name"]), line)
        if not isinstance(target, Parameter):
            raise line.fail(f"{match['name']} is no parameter and cannot be updated", match["name"])
        updates[target] = builder.find(_unquote(match["value"]), line)
    listed = [node for node in inputs.values() if isinstance(node, Input)]
    return Graph(listed, outputs, updates)
