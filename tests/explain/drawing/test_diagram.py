"""A diagram is data: it can be asked, opened and written as JSON."""

import dataclasses
import json

import pytest
from hypothesis import given, settings

import backlit as bl
from backlit.errors import ArgumentError, UnknownNameError
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.drawing.diagram import Diagram, Edge, Mark, Port, Sheet
from harness.diagrams import drawn_graphs


def nested(blocks: int = 2, layers: int = 2) -> Diagram:
    y = bl.input("x")
    for i in range(blocks):
        with bl.scope(f"block{i}"):
            for j in range(layers):
                with bl.scope(f"layer{j}"):
                    y = bl.sin(bl.cos(y))
    return diagram_of(bl.Graph(outputs=[y]))


@settings(deadline=None)
@given(drawn_graphs())
def test_json_gives_back_the_diagram(graph):
    diagram = diagram_of(graph, name="a net")
    read = json.loads(json.dumps(diagram.as_json(), allow_nan=False))

    def tuples(fields):
        return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}

    sheets = []
    for sheet in read["sheets"]:
        sheet["marks"] = [Mark(**tuples(mark)) for mark in sheet["marks"]]
        sheet["ports"] = [Port(**tuples(port)) for port in sheet["ports"]]
        sheet["edges"] = [Edge(**tuples(edge)) for edge in sheet["edges"]]
        sheets.append(Sheet(**tuples(sheet)))
    assert Diagram(read["name"], tuple(sheets)) == diagram


def test_a_diagram_cannot_be_changed():
    diagram = nested()
    for thing in (diagram, diagram.root, diagram.root.marks[0], diagram.root.edges[0], diagram.sheets[1].ports[0]):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, dataclasses.fields(thing)[0].name, "other")


def test_outer_sheets_come_before_inner_ones():
    diagram = nested()
    seen = [""]
    for sheet in diagram.sheets:
        assert sheet.parent in seen
        seen.append(sheet.id)
    assert set(diagram.boxes) == set(seen) - {"", "root"}
    assert diagram.sheet("b1").parent == "root"
    assert diagram.crossings == 0


def test_a_sheet_in_a_closed_box_is_not_seen():
    diagram = nested()
    outer, inner = diagram.find_boxes("block0")[0], diagram.find_boxes("block0.layer1")[0]
    assert [sheet.id for sheet in diagram.visible([inner])] == ["root"]
    assert [sheet.id for sheet in diagram.visible([inner, outer])] == ["root", outer, inner]


def test_boxes_are_found_by_name():
    diagram = nested()
    assert len(diagram.find_boxes("block1")) == 1
    with pytest.raises(UnknownNameError, match=r"no box called 'block3' \(did you mean 'block"):
        diagram.find_boxes("block3")


def test_an_unknown_box_is_refused():
    diagram = nested()
    for ask in (diagram.sheet, lambda box: diagram.opening([box])):
        with pytest.raises(UnknownNameError) as caught:
            ask("block0")
        assert str(caught.value) == (
            "the diagram has no box with the id 'block0'\n"
            "  instead: ask diagram.boxes for the ids, or find_boxes for those of a name"
        )


def test_a_single_id_is_refused_with_what_to_write():
    with pytest.raises(ArgumentError) as caught:
        nested().opening("b1")
    assert str(caught.value) == (
        "the open boxes are a list of ids; received 'b1'\n  instead: write ['b1'], \"all\" or \"fit\""
    )


def test_boxes_open_level_by_level_as_long_as_all_can_be_looked_at():
    small, large = nested(), nested(blocks=5, layers=5)
    assert small.opening() == small.opening("all") == frozenset(small.boxes)
    level = {box for box in large.boxes if large.sheet(box).parent == "root"}
    assert large.opening() == frozenset(), "the layers of five blocks stand in too many columns"
    assert large.opening(most=70) == level
    assert large.opening(()) == frozenset()
    assert large.opening(["b2"]) == {"b2"}


def test_what_is_seen_at_once_can_be_looked_at():
    for blocks in range(1, 12):
        diagram = nested(blocks, 12 - blocks)
        seen = list(diagram.visible(diagram.opening()))
        assert sum(len(sheet.marks) for sheet in seen) - len(seen) + 1 <= 41
