"""A placement holds everything that is drawn: nothing reaches beyond its borders, and nobody can change it."""

import dataclasses

import pytest
from hypothesis import given, settings

import backlit as bl
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.drawing.placing import place
from harness.diagrams import ROUNDING, drawn_graphs


@settings(deadline=None, max_examples=50)
@given(drawn_graphs())
def test_every_edge_and_its_number_is_inside_the_borders(graph):
    texts = {(node, i): "-0.1235" for node in graph.operations for i, _ in enumerate(node.arguments)}
    diagram = diagram_of(graph, edge_texts=texts)
    placement = place(diagram, diagram.boxes)
    points = [(x, y) for wire in placement.wires for start, stop, y in wire.runs for x in (start, stop)]
    points += [wire.middle for wire in placement.wires if wire.middle]
    for x, y in points:
        assert -ROUNDING <= x <= placement.width + ROUNDING
        assert -ROUNDING <= y <= placement.height + ROUNDING


def test_what_stands_somewhere_cannot_be_moved():
    with bl.scope("box"):
        y = bl.sin(bl.cos(bl.input("x")))
    placement = place(diagram_of(bl.Graph(outputs=[y])), ["b1"])
    for thing in (placement.spots[0], placement.frames[0], placement.wires[0]):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, dataclasses.fields(thing)[0].name, None)
