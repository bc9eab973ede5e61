"""Random graphs to be drawn, and what must be true of every diagram and placement, checked in the simplest way."""

import contextlib
from collections import Counter, deque
from itertools import combinations, pairwise

from hypothesis import strategies as st

import backlit as bl
from backlit.explain.drawing.diagram import Diagram, Sheet
from backlit.explain.drawing.measuring import VALUE, text_width
from backlit.explain.drawing.placement import Placement
from backlit.explain.drawing.symbols import symbol_of

ROUNDING = 1e-6
"""The most by which coordinates of a few thousands may differ after a hundred additions."""

SCOPES = ((), ("a",), ("b",), ("a", "inner"), ("a", "inner", "innermost"), ("b", "call"))


@st.composite
def acyclic(draw, most: int = 14) -> list[tuple[int, ...]]:
    """For each vertex the earlier ones it reads; some twice."""
    count = draw(st.integers(1, most))
    return [
        tuple(draw(st.lists(st.integers(0, i - 1), max_size=3))) if i else ()  # an empty list is an input
        for i in range(count)
    ]


@st.composite
def branching(draw, most: int = 12) -> list[tuple[int, int]]:
    """The edges of a series-parallel graph between its first vertex and another, each split or doubled by chance."""
    edges, count = [(0, 1)], 2
    for _ in range(draw(st.integers(0, most))):
        place = draw(st.integers(0, len(edges) - 1))
        source, target = edges[place]
        if draw(st.booleans()):
            edges[place : place + 1] = [(source, count), (count, target)]
            count += 1
        else:
            edges.insert(place, (source, target))
    return edges


@st.composite
def trees(draw, most: int = 14) -> list[tuple[int, int]]:
    """The edges of a tree that runs together to its first vertex."""
    return [(i, draw(st.integers(0, i - 1))) for i in range(1, draw(st.integers(1, most)))]


def graph_of(reads: list[tuple[int, ...]], scopes: list[tuple[str, ...]] | None = None) -> bl.Graph:
    """A graph of vectors in which each node joins those it reads; whoever is read by nobody is an output."""
    nodes: list[bl.Node] = []
    for i, read in enumerate(reads):
        with contextlib.ExitStack() as boxes:
            for name in scopes[i] if scopes else ():
                boxes.enter_context(bl.scope(name))
            arguments = [nodes[j] for j in read]
            if not arguments:
                nodes.append(bl.input(f"x{i}", shape=(1,)) if i % 3 else bl.parameter([1.0], name=f"w{i}"))
            elif len(arguments) == 1:
                nodes.append(bl.sin(arguments[0]).named(f"f{i}") if i % 2 else bl.sin(arguments[0]))
            else:
                nodes.append(bl.concat(arguments, axis=0))
    read = {j for each in reads for j in each}
    return bl.Graph(outputs=[node for i, node in enumerate(nodes) if i not in read])


@st.composite
def drawn_graphs(draw, most: int = 14) -> bl.Graph:
    """A graph whose nodes stand in random scopes, so that a scope may wait for itself by way of another."""
    reads = draw(acyclic(most))
    scopes = draw(st.lists(st.sampled_from(SCOPES), min_size=len(reads), max_size=len(reads)))
    return graph_of(reads, scopes)


def brute_crossings(sheet: Sheet, diagram: Diagram) -> int:
    """Count crossings of a sheet pair by pair."""
    place = {mark.id: (mark.layer, float(mark.order)) for mark in sheet.marks}
    for port in sheet.ports:
        place[port.id] = (-1 if port.side == "in" else sheet.layers, float(port.order))

    def end(mark: str, port: str) -> float:
        if not port:
            return place[mark][1]
        door = next(each for each in diagram.sheet(mark).ports if each.id == port)
        beside = [each for each in diagram.sheet(mark).ports if each.side == door.side]
        return place[mark][1] + (door.order + 0.5) / len(beside) - 0.5

    pieces: dict[int, set[tuple[float, float]]] = {}
    for edge in sheet.edges:
        heights = [end(edge.source, edge.source_port), *edge.bends, end(edge.target, edge.target_port)]
        for i, piece in enumerate(pairwise(heights)):
            pieces.setdefault(place[edge.source][0] + i, set()).add(piece)
    return sum(
        (one[0] - other[0]) * (one[1] - other[1]) < -1e-9
        for gap in pieces.values()
        for one, other in combinations(gap, 2)
    )


def check_diagram(diagram: Diagram, graph: bl.Graph) -> None:
    """Columns, orders and bends are sound; what is drawn is the graph, no more and no less."""
    ids = [each.id for sheet in diagram.sheets for each in (*sheet.marks, *sheet.ports)]
    assert len(ids) == len(set(ids))
    for sheet in diagram.sheets:
        _check_sheet(sheet, diagram)
    assert _readings(diagram) == _expected(graph)


def _check_sheet(sheet: Sheet, diagram: Diagram) -> None:
    layer = {mark.id: mark.layer for mark in sheet.marks}
    layer |= {port.id: -1 if port.side == "in" else sheet.layers for port in sheet.ports}
    held: dict[int, list[int]] = {}
    for mark in sheet.marks:
        held.setdefault(mark.layer, []).append(mark.order)
    bends: dict[tuple[int, int], set[tuple[str, str]]] = {}
    for edge in sheet.edges:
        assert layer[edge.source] < layer[edge.target], "every edge goes to the right"
        assert len(edge.bends) == layer[edge.target] - layer[edge.source] - 1
        for column, order in enumerate(edge.bends, start=layer[edge.source] + 1):
            bends.setdefault((column, order), set()).add((edge.source, edge.source_port))
        for end, port in ((edge.source, edge.source_port), (edge.target, edge.target_port)):
            is_box = end in diagram.boxes
            assert bool(port) == is_box
            assert not port or port in {each.id for each in diagram.sheet(end).ports}
    assert all(len(sources) == 1 for sources in bends.values()), "only edges of one value share a bend"
    for column, order in bends:
        held.setdefault(column, []).append(order)
    assert sorted(held) == list(range(sheet.layers))
    assert all(sorted(orders) == list(range(len(orders))) for orders in held.values())
    for side in ("in", "out"):
        orders = [port.order for port in sheet.ports if port.side == side]
        assert orders == list(range(len(orders)))
    assert sheet.crossings == brute_crossings(sheet, diagram)


def _expected(graph: bl.Graph) -> Counter:
    number = {node: i for i, node in enumerate(dict.fromkeys((*graph.nodes, *graph.inputs)))}
    found: Counter = Counter()
    for node in graph.operations:
        inside = symbol_of(node)[1]
        found.update((number[a], number[node], p) for p, a in enumerate(node.arguments) if p not in inside)
    return found


def _readings(diagram: Diagram) -> Counter:
    """Follow every line from the mark of a node, through ports, to the operations that read it."""
    marks = {mark.id: mark for sheet in diagram.sheets for mark in sheet.marks}
    onward: dict[tuple[str, str], list] = {}
    for sheet in diagram.sheets:
        for edge in sheet.edges:
            onward.setdefault((edge.source, edge.source_port), []).append(edge)
    parent = {port.id: sheet.id for sheet in diagram.sheets for port in sheet.ports}
    found: Counter = Counter()
    for mark in marks.values():
        if mark.kind in ("box", "update", "output"):
            continue
        waiting = deque([(mark.id, "")])
        reached = {(mark.id, "")}
        while waiting:
            here = waiting.popleft()
            for edge in onward.get(here, []):
                if mark.node not in edge.nodes:
                    continue
                if edge.target in parent:  # out of a box: it goes on where the port is on the sheet around it
                    further = (parent[edge.target], edge.target)
                elif edge.target_port:
                    further = (edge.target_port, "")
                else:
                    target = marks[edge.target]
                    if target.kind == "operation":
                        found[mark.node, target.node, edge.position] += 1
                    continue
                if further not in reached:
                    reached.add(further)
                    waiting.append(further)
    return found


def check_placement(placement: Placement, diagram: Diagram) -> None:
    """No two marks overlap, boxes hold their marks, edges go to the right and meet no mark on their way."""
    rooms = {spot.mark.id: _room(spot) for spot in placement.spots}
    frames = {frame.mark.id: _frame_room(frame) for frame in placement.frames}
    everything = rooms | frames
    for sheet in diagram.visible(frames):
        inside = [everything[mark.id] for mark in sheet.marks]
        for one, other in combinations(inside, 2):
            beside = max(one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3])
            assert beside > -ROUNDING, "two marks overlap"
        around = frames.get(sheet.id, (0.0, 0.0, placement.width, placement.height))
        for room in inside:
            assert all(around[i] - room[i] < ROUNDING and room[i + 2] - around[i + 2] < ROUNDING for i in (0, 1))
    shapes = {
        spot.mark.id: (
            spot.x - spot.extent.width / 2,
            spot.y - spot.extent.height / 2,
            spot.x + spot.extent.width / 2,
            spot.y + spot.extent.height / 2,
        )
        for spot in placement.spots
    }
    for wire in placement.wires:
        xs = [x for start, stop, _ in wire.runs for x in (start, stop)]
        assert all(there - here > -ROUNDING for here, there in pairwise(xs)), "every edge goes to the right"
        for start, stop, y in wire.runs:
            for mark, (left, top, right, bottom) in shapes.items():
                if mark not in (wire.edge.source, wire.edge.target):
                    through = min(right - start, stop - left, y - top, bottom - y)
                    assert through < ROUNDING, "an edge runs through a mark"


def check_weights(placement: Placement) -> int:
    """The numbers of edges cover no other, no head of an edge and no outline of a mark; return how many there are."""
    texts = []
    covered = []
    for wire in placement.wires:
        assert bool(wire.middle) == bool(wire.edge.text)
        if wire.middle:
            (x, y), half = wire.middle, text_width(wire.edge.text, VALUE) / 2
            texts.append((x - half, y - VALUE / 2, x + half, y + VALUE / 2))
        _, stop, y = wire.runs[-1]
        covered.append((stop - 10.0, y - 5.0, stop, y + 5.0))
    for spot in placement.spots:
        width, height = spot.extent.width, spot.extent.height
        covered.append((spot.x - width / 2, spot.y - height / 2, spot.x + width / 2, spot.y + height / 2))
    pairs = [*combinations(texts, 2), *((text, other) for text in texts for other in covered)]
    for one, other in pairs:
        beside = max(one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3])
        assert beside > -ROUNDING, "the number of an edge covers something"
    return len(texts)


def _room(spot) -> tuple[float, float, float, float]:
    extent = spot.extent
    return spot.x - extent.left, spot.y - extent.above, spot.x + extent.right, spot.y + extent.below


def _frame_room(frame) -> tuple[float, float, float, float]:
    return frame.x, frame.y, frame.x + frame.width, frame.y + frame.height
