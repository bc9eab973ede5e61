"""Furnishing: the marks of a graph, each on its sheet.

Operations stand where ``nesting.py`` puts them. A leaf stands where it is read: a parameter on the innermost sheet
around all that read it; a constant once on every sheet that reads it, unless it is a plain number that is written into
its operation; the inputs of a graph that has few on the root sheet, where a reader looks for them. The new value of a
parameter has a mark of its own behind the node that computes it. Many leaves on one sheet share a box.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backlit.explain.drawing.diagram import Mark
from backlit.explain.drawing.nesting import MOST_MARKS, ROOT, Nest, Nesting, nest
from backlit.explain.drawing.symbols import symbol_of
from backlit.explain.narration.phrases import fill, phrase_of
from backlit.explain.numerals import short_value
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant, Input
from backlit.graph.node import Application, Node
from backlit.graph.scope import Scope
from backlit.graph.text import format_name, format_node, scope_labels

__all__ = ["Furnished", "Reading", "furnish", "scope_names"]

_MOST_INPUTS = 16
"""The most inputs of a graph that all stand on the root sheet."""

_MOST_LEAVES = 20
"""The most leaves on one sheet; more share boxes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """That an operation reads a value: an edge of the graph, between the marks that stand for its ends.

    Args:
        source: The id of the mark of what is read.
        target: The id of the mark of what reads.
        node: The number of the node that is read.
        consumer: The node that reads; for an update, the parameter; for an output, the node itself.
        position: The place among its arguments; -1 for an update or output.
    """

    source: str
    target: str
    node: int
    consumer: Node
    position: int


@dataclass(frozen=True)
class Furnished:
    """The marks of a graph, as yet without a place on their sheets; made by ``furnish``.

    Args:
        nodes: The nodes by number: in order of execution, then inputs that nothing reads.
        labels: How each of them is called.
        lineages: For each sheet the sheets from the root to it, itself included; outer ones before inner ones.
        marks: The marks of each sheet, in order of execution.
        readings: The edges of the graph.
        grouped: The boxes that are there only because there was too much to be shown.
        paths: For each sheet the path of the box it shows.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(3,))
        >>> furnished = furnish(bl.Graph(outputs=[bl.softmax(x * 2.0)]))
        >>> [mark.symbol for mark in furnished.marks["root"]]
        ['x', '× 2', 'softmax', 'output']
    """

    nodes: tuple[Node, ...]
    labels: tuple[str, ...]
    lineages: dict[str, tuple[str, ...]]
    marks: dict[str, list[Mark]]
    readings: list[Reading]
    grouped: frozenset[str]
    paths: dict[str, str]

    def name(self, number: int, sheet: str) -> str:
        """Return how a node is called on a sheet: without the path of its box; empty for a node without a name."""
        return _name(self.labels[number], self.paths[sheet])

    @property
    def home(self) -> dict[str, str]:
        """The sheet of every mark."""
        return {mark.id: sheet for sheet, marks in self.marks.items() for mark in marks}


def scope_names(scopes: Sequence[Scope]) -> dict[Scope, str]:
    """Name scopes as the printed graph does, without a number where there is only one call of that name.

    Args:
        scopes: The scopes of a graph, outer before inner.

    Returns:
        The text of each.

    Example:
        >>> list(scope_names([Scope("softmax", None, 7), Scope("mean", None, 8), Scope("mean", None, 9)]).values())
        ['softmax', 'mean#1', 'mean#2']
    """
    labels = scope_labels(list(scopes))
    alone = {label for label in labels.values() if f"{label.removesuffix('#1')}#2" not in labels.values()}
    names: dict[Scope, str] = {}
    for box, label in labels.items():
        outer = box.parent
        own = label[len(labels[outer]) + 1 :] if outer else label
        if label in alone and box.call:
            own = own.removesuffix("#1")
        names[box] = f"{names[outer]}.{own}" if outer else own
    return names


def furnish(graph: Graph, labels: Mapping[Node, str] | None = None) -> Furnished:
    """Give every node of a graph a mark on a sheet.

    Args:
        graph: The graph.
        labels: How the nodes are called; by default as the graph calls them.

    Returns:
        The marks and what they read.

    Example:
        >>> import backlit as bl
        >>> θ = bl.parameter(1.0, name="θ")
        >>> furnished = furnish(bl.Graph(updates={θ: θ - 0.5}))
        >>> [mark.symbol for mark in furnished.marks["root"]]
        ['θ', '− 0.5', 'θ ←']
    """
    return _Furnisher(graph, graph.labels if labels is None else labels).furnish()


_Ranked = tuple[float, Mark]
"""A mark with its rank in the order of execution."""


class _Furnisher:
    """A graph, numbered, and the sheets that are being filled with its marks."""

    def __init__(self, graph: Graph, labels: Mapping[Node, str]) -> None:
        self.labels = labels
        self.graph = graph
        self.nodes = tuple(dict.fromkeys((*graph.nodes, *graph.inputs)))
        self.outputs = set(graph.outputs)
        self.number = {node: i for i, node in enumerate(self.nodes)}
        self.operations = {i: node for i, node in enumerate(self.nodes) if isinstance(node, Application)}
        self.updates = {len(self.nodes) + i: pair for i, pair in enumerate(graph.updates.items())}
        self.inside = {i: symbol_of(node)[1] for i, node in self.operations.items()}
        self.nesting = self._nest()
        self.sheets: dict[str, list[_Ranked]] = {sheet: [] for sheet in self.nesting.nests}
        self.grouped: list[str] = []
        self.paths = {ROOT: ""}

    def _nest(self) -> Nesting:
        arguments = {
            i: [self.number[a] for a in node.arguments if isinstance(a, Application)]
            for i, node in self.operations.items()
        }
        scopes = {i: node.scope for i, node in self.operations.items()}
        for i, (_, value) in self.updates.items():
            is_computed = isinstance(value, Application)
            arguments[i] = [self.number[value]] if is_computed else []
            scopes[i] = value.scope if is_computed else None
        return nest(arguments, scopes)

    def furnish(self) -> Furnished:
        """Put down boxes and operations, then leaves beside those that read them."""
        self._boxes()
        self._operations()
        readings = [*self._leaves(), *self._outputs()]
        for sheet in list(self.sheets):
            self._share_boxes(sheet)
        self._mark_trainable()
        return Furnished(
            self.nodes,
            tuple(self.labels[node] for node in self.nodes),
            {sheet: self.nesting.lineage(sheet) for sheet in self.nesting.nests},
            {sheet: [mark for _, mark in sorted(marks, key=_rank)] for sheet, marks in self.sheets.items()},
            readings,
            frozenset(self.grouped),
            self.paths,
        )

    def _boxes(self) -> None:
        names = scope_names(self.graph.scopes())
        for box in list(self.nesting.nests.values())[1:]:
            operations = [i for i in box.operations if i in self.operations]
            count = f"{len(operations)} operation{'s' * (len(operations) != 1)}"
            part = f"part {box.part[0]} of {box.part[1]}"
            if box.scope is None:
                self.grouped.append(box.id)
                self.paths[box.id] = self.paths[box.parent]
                label = name = part
                if operations:
                    count += f", {self.labels[self.nodes[operations[0]]]} to {self.labels[self.nodes[operations[-1]]]}"
            else:
                self.paths[box.id] = box.scope.path
                label = names[box.scope] + (f" ({part})" if box.part[1] else "")
                outer = self.nesting.nests[box.parent].scope
                name = label.removeprefix(f"{names[outer]}.") if outer else label
            mark = Mark(box.id, "box", label, name, name, text=f"{label}: {count}")
            self.sheets[box.parent].append((box.operations[-1], replace(mark, count=len(operations))))

    def _operations(self) -> None:
        boxes = scope_labels(self.graph.scopes())
        for i, sheet in self.nesting.home.items():
            if i in self.updates:
                mark = self._update(i, sheet)
            else:
                node = self.operations[i]
                mark = replace(
                    self._mark(i, sheet, format_node(node, self.labels, boxes)),
                    kind="operation",
                    op=node.op.name,
                    symbol=symbol_of(node)[0],
                    formula=self._formula(node),
                    count=1,
                    inside=tuple(self.number[node.arguments[position]] for position in self.inside[i]),
                )
            self.sheets[sheet].append((i, mark))

    def _update(self, i: int, sheet: str) -> Mark:
        parameter, value = self.updates[i]
        label = self.labels[parameter]
        name = _name(label, self.paths[sheet])
        text = f"update {format_name(label)} <- {format_name(self.labels[value])}"
        mark = Mark(f"n{i}", "update", label, name, f"{name or label} ←", text=text)
        return replace(mark, trainable=parameter.trainable, node=self.number[value])

    def _formula(self, node: Application) -> str:
        """Write the value of an operation as a formula of the labels of its arguments."""
        names = [
            short_value(argument.value)
            if isinstance(argument, Constant) and not argument.name
            else self.labels[argument]
            for argument in node.arguments
        ]
        return fill(phrase_of(node).value, names, self.labels[node])

    def _outputs(self) -> list[Reading]:
        """Lead outputs that are computed in boxes out to the root sheet."""
        readings = []
        first = len(self.nodes) + len(self.updates)
        for i, node in enumerate(dict.fromkeys(self.graph.outputs), start=first):
            number = self.number[node]
            if self.nesting.home.get(number, ROOT) != ROOT:
                label = self.labels[node]
                mark = Mark(f"n{i}", "output", label, node.name or "", node.name or "output")
                mark = replace(
                    mark, text=f"output {format_name(label)}", node=number, shape=node.shape, dtype=node.dtype
                )
                self.sheets[ROOT].append((i, mark))
                readings.append(Reading(f"n{number}", mark.id, number, node, -1))
        return readings

    def _mark(self, i: int, sheet: str, text: str) -> Mark:
        """Make the mark of a node as far as it is the same for leaves and operations."""
        node = self.nodes[i]
        label = self.labels[node]
        name = _name(label, self.paths[sheet])
        return Mark(
            f"n{i}",
            "input",
            label,
            name,
            name or label,
            text=text,
            shape=node.shape,
            dtype=node.dtype,
            trainable=node.trainable,
            output=node in self.outputs,
            node=i,
        )

    def _leaf(self, i: int, sheet: str) -> Mark:
        node = self.nodes[i]
        if isinstance(node, Input):
            return self._mark(i, sheet, f"{format_name(self.labels[node])}: {node.spec} = input")
        mark = self._mark(i, sheet, format_node(node, self.labels, {}))
        if isinstance(node, Constant):
            return replace(mark, kind="constant", symbol=mark.name or short_value(node.value))
        return replace(mark, kind="parameter")

    def _leaves(self) -> list[Reading]:
        """Put every leaf on the sheets where it stands, and list who reads what."""
        readers = self._readers()
        readings = []
        for i, node in enumerate(self.nodes):
            found = readers.get(i, [])
            copies: dict[str, str] = {}
            if i not in self.operations:
                for sheet in self._standing(node, [self.nesting.home[reader] for reader, _ in found]):
                    mark = self._leaf(i, sheet)
                    mark = replace(mark, id=f"{mark.id}.{sheet}") if copies else mark
                    here = [reader for reader, _ in found if self.nesting.home[reader] == sheet]
                    is_copied = isinstance(node, Constant) and here
                    self.sheets[sheet].append((min(here) - 0.5 if is_copied else i, mark))
                    copies[sheet] = mark.id
            for reader, position in found:
                source = copies.get(self.nesting.home[reader]) or next(iter(copies.values()), f"n{i}")
                consumer = self.nodes[reader] if reader < len(self.nodes) else self.updates[reader][0]
                readings.append(Reading(source, f"n{reader}", i, consumer, position))
        return sorted(readings, key=lambda reading: (int(reading.target[1:]), reading.position))

    def _readers(self) -> dict[int, list[tuple[int, int]]]:
        """For each node who reads it, and at which place; numbers that are written into a symbol are not read."""
        readers: dict[int, list[tuple[int, int]]] = {}
        for i, node in self.operations.items():
            for position, argument in enumerate(node.arguments):
                if position not in self.inside[i]:
                    readers.setdefault(self.number[argument], []).append((i, position))
        for i, (_, value) in self.updates.items():
            readers.setdefault(self.number[value], []).append((i, -1))
        return readers

    def _standing(self, node: Node, readers: list[str]) -> list[str]:
        """Return the sheets on which a leaf stands, from those of its readers."""
        if isinstance(node, Constant):
            return list(dict.fromkeys(readers)) or [ROOT] * (node in self.outputs)
        if isinstance(node, Input) and len(self.graph.inputs) <= _MOST_INPUTS:
            return [ROOT]
        return [self.nesting.common(readers)]

    def _mark_trainable(self) -> None:
        """Mark the boxes in which a trainable parameter stands, inner boxes before outer ones."""
        inside: set[str] = set()
        for sheet in reversed(self.nesting.nests):
            marks = [
                (rank, replace(mark, trainable=True) if mark.id in inside else mark)
                for rank, mark in self.sheets[sheet]
            ]
            self.sheets[sheet] = marks
            if any(mark.trainable and mark.kind in {"parameter", "box"} for _, mark in marks):
                inside.add(sheet)

    def _share_boxes(self, sheet: str) -> None:
        """Move the leaves of a sheet into boxes, those of the commonest kind first, until few are left."""
        leaves: dict[str, list[_Ranked]] = {"input": [], "parameter": [], "constant": []}
        for ranked in self.sheets[sheet]:
            if ranked[1].kind in leaves:
                leaves[ranked[1].kind].append(ranked)
        for kind in sorted(leaves, key=lambda kind: -len(leaves[kind])):
            if sum(map(len, leaves.values())) > _MOST_LEAVES:
                shared = leaves.pop(kind)
                kept = [ranked for ranked in self.sheets[sheet] if ranked[1].kind != kind]
                self.sheets[sheet] = [*kept, self._share(sheet, f"{kind}s", f"{kind}s", sorted(shared, key=_rank))]

    def _share(self, parent: str, kind: str, label: str, leaves: list[_Ranked], first: int = 1) -> _Ranked:
        """Put leaves into a box, and many of them into boxes in that box; they are numbered from the first."""
        box = f"b{len(self.nesting.nests)}"
        self.nesting.nests[box] = Nest(box, parent, None, (0, 0), ())
        self.sheets[box] = leaves
        self.paths[box] = self.paths[parent]
        self.grouped.append(box)
        if len(leaves) > MOST_MARKS:
            self.sheets[box] = []
            size = math.ceil(len(leaves) / min(MOST_MARKS, math.ceil(len(leaves) / MOST_MARKS)))
            for start in range(0, len(leaves), size):
                part = leaves[start : start + size]
                name = f"{kind} {first + start}–{first + start + len(part) - 1}"
                self.sheets[box].append(self._share(box, kind, name, part, first + start))
        return leaves[0][0], Mark(box, "box", label, label, label, text=f"{label}: {len(leaves)} {kind}")


def _rank(ranked: _Ranked) -> float:
    return ranked[0]


def _name(label: str, path: str) -> str:
    """Shorten a label by the path of the box it stands in; a node without a name keeps none."""
    return "" if label.startswith("%") else label.removeprefix(f"{path}.") if path else label
