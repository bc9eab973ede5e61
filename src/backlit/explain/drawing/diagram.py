"""Diagram: a picture of a graph as data, before anybody draws it.

A diagram is a tree of sheets. The root sheet shows the whole graph; every box on a sheet (a scope, or a part of what is
too long to be looked at) has a sheet of its own. On a sheet stand marks: leaves, operations and boxes; and on its two
sides ports, through which values come in from the sheet around it and go out. An edge joins marks and ports of one
sheet only. So opening a box shows its sheet in its place and changes nothing outside but sizes.

Every mark has its layer (a column, counted from the left) and its order in that layer (counted from the top, bends of
passing edges included); coordinates follow from these, from the sizes of the marks and from which boxes are open: see
``placing.py``. There are texts and numbers here and no graph, so that a renderer, or a web page, needs nothing else.
"""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from backlit.errors import ArgumentError, UnknownNameError, nearest

__all__ = ["Diagram", "Edge", "Mark", "MarkKind", "Port", "Sheet"]

MarkKind = Literal["input", "parameter", "constant", "operation", "box", "update", "output", "number"]
"""What a mark stands for: a leaf, an operation, a box with a sheet of its own; where a value goes in the end: into a
parameter as its new value, or out of the graph, where it was computed in a box; or, in an influence diagram, a number.
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing on a sheet that edges lead to and from.

    Args:
        id: Unique in the diagram. A box has the id of its sheet.
        kind: What it stands for.
        label: How the node is called (``%3`` where it has no name); for a box the path of its scope.
        name: How it is called on its sheet, without the path of the box it stands in; empty where it has no name.
        symbol: What is written inside: the sign of an operation, the name of a leaf or box.
        op: The name of the op; empty for leaves and boxes.
        text: The node as a printed graph shows it; for a box, what stands in it.
        formula: The value of an operation as a formula of its arguments; empty for any other mark.
        shape: The length of each axis of the value; empty for a single number, and for a box.
        dtype: The data type of the value; empty for a box.
        trainable: Whether training changes it, or, for a box, a parameter that stands in it.
        output: Whether its value is one of the graph's outputs.
        value: The value, written short; empty where none is known.
        new_value: The value it gets from an update, likewise.
        gradient: The gradient, written short; empty where none is known.
        node: The number of the node in order of execution, from 0; -1 for a box. For an update or an output, the number
            of the node whose value it takes.
        inside: The numbers of the constants that are written into the symbol, such as the 2 of ``× 2``.
        count: How many operations a box holds, with those of the boxes in it; 1 for an operation, 0 for a leaf.
        layer: Its column on the sheet, from 0 at the left.
        order: Its place in that column, from 0 at the top; bends of passing edges are counted too.
    """

    id: str
    kind: MarkKind
    label: str
    name: str
    symbol: str
    op: str = ""
    text: str = ""
    formula: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    trainable: bool = False
    output: bool = False
    value: str = ""
    new_value: str = ""
    gradient: str = ""
    node: int = -1
    inside: tuple[int, ...] = ()
    count: int = 0
    layer: int = 0
    order: int = 0

    @property
    def told(self) -> str:
        """The value as it is written beside the mark, with the new one behind it where there is one."""
        return f"{self.value} → {self.new_value}".lstrip() if self.new_value else self.value


@dataclass(frozen=True, slots=True)
class Port:
    """A place on the side of a sheet through which a value, or a bundle of many, passes.

    Ports that come in stand left of layer 0, ports that go out right of the last layer. On the sheet around it they are
    where edges meet the border of the box.

    Args:
        id: Unique in the diagram.
        side: ``"in"`` at the left or ``"out"`` at the right.
        label: How the value is called; of a bundle, how many there are.
        nodes: The numbers of the nodes whose values pass, in order of execution.
        name: How it is called on this sheet, without the path of its box; empty for a bundle or where it has no name.
        shape: The shape of the value; empty for a bundle.
        value: The value, written short; empty for a bundle, or where none is known.
        gradient: The gradient, likewise.
        order: Its place on that side, from 0 at the top.
    """

    id: str
    side: Literal["in", "out"]
    label: str
    nodes: tuple[int, ...]
    name: str = ""
    shape: tuple[int, ...] = ()
    value: str = ""
    gradient: str = ""
    order: int = 0

    @property
    def told(self) -> str:
        """The value as it is written beside the port."""
        return self.value


@dataclass(frozen=True, slots=True)
class Edge:
    """A line on a sheet along which a value flows, from left to right.

    Args:
        source: The id of a mark, or of a port of this sheet that comes in.
        target: The id of a mark, or of a port of this sheet that goes out.
        source_port: Where the source is a box, the id of the port of its sheet that the line leaves from; else empty.
        target_port: Where the target is a box, the id of the port of its sheet that the line arrives at; else empty.
        position: Where the target is an operation, the place among its arguments, from 0; else -1.
        nodes: The numbers of the nodes whose values flow.
        bends: For each layer between source and target, from left to right, the place in that layer at which the edge
            passes.
        text: A number for the edge, such as its local derivative; empty where there is none.
        strength: How much it matters, from 0 to 1, to be drawn as the width of the line; None where that is unknown.
    """

    source: str
    target: str
    source_port: str = ""
    target_port: str = ""
    position: int = -1
    nodes: tuple[int, ...] = ()
    bends: tuple[int, ...] = ()
    text: str = ""
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is seen when a box is opened; the root sheet is what is seen first.

    Args:
        id: The id of its box; ``"root"`` for the root sheet.
        parent: The id of the sheet on which its box stands; empty for the root sheet.
        marks: Leaves, operations and boxes, by layer and then by order.
        ports: Where values come in and go out, by side and then by order.
        edges: The lines between them.
        layers: The number of columns.
        crossings: How many pairs of edges cross.
    """

    id: str
    parent: str
    marks: tuple[Mark, ...]
    ports: tuple[Port, ...]
    edges: tuple[Edge, ...]
    layers: int
    crossings: int


@dataclass(frozen=True)
class Diagram:
    """A picture of a graph as data; made by ``diagram_of``.

    Args:
        name: What is drawn; may be empty.
        sheets: The root sheet first, every other one after the sheet its box stands on.

    Example:
        >>> import backlit as bl
        >>> from backlit.explain.drawing.assembling import diagram_of
        >>> x, w = bl.input("x"), bl.parameter(2.0, name="w")
        >>> diagram = diagram_of(bl.Graph(outputs=[(x * w).named("y")]))
        >>> [(mark.label, mark.symbol, mark.layer, mark.order) for mark in diagram.root.marks]
        [('x', 'x', 0, 0), ('w', 'w', 0, 1), ('y', '×', 1, 0)]
        >>> diagram.crossings, sorted(diagram.as_json())
        (0, ['name', 'sheets'])
    """

    name: str
    sheets: tuple[Sheet, ...]

    @property
    def root(self) -> Sheet:
        """The sheet of the whole graph."""
        return self.sheets[0]

    @property
    def crossings(self) -> int:
        """How many pairs of edges cross, on all sheets together."""
        return sum(sheet.crossings for sheet in self.sheets)

    @cached_property
    def _by_id(self) -> dict[str, Sheet]:
        return {sheet.id: sheet for sheet in self.sheets}

    @cached_property
    def boxes(self) -> dict[str, Mark]:
        """Every box by its id, each before the boxes in it."""
        return {mark.id: mark for sheet in self.sheets for mark in sheet.marks if mark.kind == "box"}

    def sheet(self, box: str) -> Sheet:
        """Return the sheet of a box.

        Args:
            box: The id of a box, or ``"root"``.

        Returns:
            The sheet.

        Raises:
            UnknownNameError: If there is no such box.

        Example:
            >>> Diagram("", (Sheet("root", "", (), (), (), 0, 0),)).sheet("root").layers
            0
        """
        if box not in self._by_id:
            raise UnknownNameError(
                f"the diagram has no box with the id {box!r}{nearest(str(box), self._by_id)}",
                instead="ask diagram.boxes for the ids, or find_boxes for those of a name",
            )
        return self._by_id[box]

    def visible(self, open: Collection[str]) -> Iterator[Sheet]:
        """Yield the sheets that are seen when some boxes are open: an open box in a closed one is not.

        Args:
            open: The ids of the boxes that are open.

        Yields:
            The root sheet, and each visible sheet after the one its box stands on.

        Example:
            >>> diagram = Diagram("", (Sheet("root", "", (), (), (), 0, 0), Sheet("b1", "root", (), (), (), 0, 0)))
            >>> [sheet.id for sheet in diagram.visible(["b1"])], [sheet.id for sheet in diagram.visible([])]
            (['root', 'b1'], ['root'])
        """
        chosen, seen = set(open), {""}
        for sheet in self.sheets:
            if sheet.parent in seen and (not sheet.parent or sheet.id in chosen):
                seen.add(sheet.id)
                yield sheet

    def opening(self, which: Literal["fit", "all"] | Collection[str] = "fit", most: int = 40) -> frozenset[str]:
        """Choose which boxes are open.

        Args:
            which: Their ids; ``"all"``; or ``"fit"``: as many as can be looked at at once. Boxes of the same depth are
                opened together, outer ones first.
            most: The most leaves, operations and closed boxes that are seen at once, in half as many columns.

        Returns:
            The ids of the open boxes.

        Raises:
            UnknownNameError: If there is no such box.
            ArgumentError: If a single id is given in place of a list.

        Example:
            >>> import backlit as bl
            >>> from backlit.explain.drawing.assembling import diagram_of
            >>> diagram = diagram_of(bl.Graph(outputs=[bl.softmax(bl.input("x", shape=(3,)))]))
            >>> [sorted(diagram.opening(which)) for which in ("fit", "all", ())], sorted(diagram.opening(most=5))
            ([['b1'], ['b1'], []], [])
        """
        if which == "all":
            return frozenset(self.boxes)
        if isinstance(which, str) and which != "fit":
            raise ArgumentError(
                f"the open boxes are a list of ids; received {which!r}",
                instead=f'write [{which!r}], "all" or "fit"',
            )
        if which != "fit":
            return frozenset(self.sheet(box).id for box in which)
        opened: list[str] = []
        seen, columns = len(self.root.marks), self.root.layers
        outer = [self.root.id]
        while level := [sheet for sheet in self.sheets if sheet.parent in outer]:
            seen += sum(len(sheet.marks) - 1 for sheet in level)
            columns += sum(sheet.layers - 1 for sheet in level)
            if seen > most or columns > most / 2:
                break
            outer = [sheet.id for sheet in level]
            opened += outer
        return frozenset(opened)

    def find_boxes(self, label: str) -> list[str]:
        """List the boxes of a name.

        Args:
            label: The name of a scope, such as ``"layer1"``; of a call such as ``"softmax#2"``, with its number.

        Returns:
            Their ids, outer before inner.

        Raises:
            UnknownNameError: If there is none.

        Example:
            >>> import backlit as bl
            >>> from backlit.explain.drawing.assembling import diagram_of
            >>> diagram_of(bl.Graph(outputs=[bl.softmax(bl.input("x", shape=(3,)))])).find_boxes("softmax")
            ['b1']
        """
        found = [box.id for box in self.boxes.values() if box.label == label]
        if not found:
            labels = [box.label for box in self.boxes.values()]
            raise UnknownNameError(f"the diagram has no box called {label!r}{nearest(label, labels)}")
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the diagram as dictionaries, lists, texts and numbers, ready to be written as JSON.

        Returns:
            ``{"name": ..., "sheets": [{"id": ..., "marks": [...], "ports": [...], "edges": [...], ...}, ...]}`` with
            the fields of ``Sheet``, ``Mark``, ``Port`` and ``Edge``.

        Example:
            >>> Diagram("f", (Sheet("root", "", (), (), (), 0, 0),)).as_json()["name"]
            'f'
        """
        return {"name": self.name, "sheets": [_plain(asdict(sheet)) for sheet in self.sheets]}


def _plain(value: Any) -> Any:
    """Turn tuples into lists; a sheet is four levels deep, so recursion is safe."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (tuple, list)) else value
