"""Coordinates: nothing overlaps, boxes hold what is in them, edges go to the right and meet nothing on their way."""

import math
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backlit as bl
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.drawing.influence import influence_diagram
from backlit.explain.drawing.placing import PIXELS, place
from harness.diagrams import check_placement, check_weights, drawn_graphs

many = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])


@many
@given(drawn_graphs(), st.data())
def test_a_placement_is_sound_whichever_boxes_are_open(graph, data):
    numbers = {node: data.draw(st.floats(-1e9, 1e9)) for node in graph.nodes[:4]}
    diagram = diagram_of(graph, values=numbers, gradients=numbers)
    boxes = sorted(diagram.boxes)
    opened = data.draw(st.sets(st.sampled_from(boxes))) if boxes else set()
    placement = place(diagram, opened)
    check_placement(placement, diagram)
    seen = [sheet.id for sheet in diagram.visible(opened)]
    assert [frame.mark.id for frame in placement.frames] == seen[1:]
    marks = {mark.id for sheet in diagram.visible(opened) for mark in sheet.marks} - set(seen)
    assert {spot.mark.id for spot in placement.spots} == marks


@many
@given(drawn_graphs())
def test_the_same_diagram_is_placed_the_same(graph):
    one, other = diagram_of(graph), diagram_of(graph)
    assert one == other
    assert place(one, one.boxes) == place(other, other.boxes)


def chain() -> bl.Graph:
    x = bl.input("x")
    with bl.scope("layer"):
        y = bl.tanh(bl.sin(x) * bl.parameter(2.0, name="w"))
    return bl.Graph(outputs=[bl.cos(y)])


def test_opening_a_box_changes_the_order_of_nothing_outside():
    diagram = diagram_of(chain())
    closed, opened = place(diagram), place(diagram, ["b1"])
    outside = {spot.mark.id for spot in closed.spots} - {"b1"}
    order = [
        [spot.mark.id for spot in sorted(p.spots, key=lambda s: (s.x, s.y)) if spot.mark.id in outside]
        for p in (closed, opened)
    ]
    assert order[0] == order[1]
    assert opened.width > closed.width


def test_a_chain_is_level():
    placement = place(diagram_of(bl.Graph(outputs=[bl.sin(bl.cos(bl.tanh(bl.input("x"))))])))
    assert len({spot.y for spot in placement.spots}) == 1
    assert {y for wire in placement.wires for _, _, y in wire.runs} == {placement.spots[0].y}


def test_a_long_edge_is_level():
    x, w = bl.input("x"), bl.parameter(1.0, name="w")
    y = x
    for _ in range(6):
        y = bl.sin(y * w)
    placement = place(diagram_of(bl.Graph(outputs=[y - x])))
    longest = max(placement.wires, key=lambda wire: len(wire.runs))
    assert len(longest.runs) > 10
    assert len({round(y, 6) for _, _, y in longest.runs[1:-1]}) == 1


def test_a_sum_stands_between_its_arguments():
    x, y = bl.input("x"), bl.input("y")
    spots = {spot.mark.symbol: spot for spot in place(diagram_of(bl.Graph(outputs=[x + y]))).spots}
    assert spots["+"].y == pytest.approx((spots["x"].y + spots["y"].y) / 2, abs=0.1)


def test_an_edge_arrives_at_the_border_of_a_round_shape():
    x, y = bl.input("x"), bl.input("y")
    placement = place(diagram_of(bl.Graph(outputs=[x + y])))
    (plus,) = (spot for spot in placement.spots if spot.mark.symbol == "+")
    ends = [wire.runs[-1] for wire in placement.wires]
    assert ends[0][2] < plus.y < ends[1][2], "apart from each other, in the order of the arguments"
    for _, stop, height in ends:
        assert math.hypot(stop - plus.x, height - plus.y) == pytest.approx(plus.extent.width / 2)


@pytest.mark.parametrize("count", [2, 3, 12])
def test_edges_that_arrive_at_the_same_operation_stand_apart(count):
    inputs = [bl.input(f"x{i}", shape=(1,)) for i in range(count)]
    placement = place(diagram_of(bl.Graph(outputs=[bl.concat(inputs)])))
    heights = sorted(wire.runs[-1][2] for wire in placement.wires)
    (joined,) = (spot for spot in placement.spots if spot.mark.kind == "operation")
    assert all(lower - upper >= 9.0 for upper, lower in pairwise(heights))
    assert heights[-1] - heights[0] < joined.extent.height


def test_the_edges_of_a_closed_box_meet_it_at_its_ports():
    diagram = diagram_of(chain())
    placement = place(diagram)
    (box,) = (spot for spot in placement.spots if spot.mark.kind == "box")
    for wire in placement.wires:
        if wire.edge.target == box.mark.id:
            assert wire.runs[-1][2] == box.y + box.ports[wire.edge.target_port]
        if wire.edge.source == box.mark.id:
            assert wire.runs[0][2] == box.y + box.ports[wire.edge.source_port]
    assert all(abs(door) < box.extent.height / 2 for door in box.ports.values())


def test_a_value_goes_on_at_the_height_at_which_it_crosses_a_border():
    placement = place(diagram_of(chain()), ["b1"])
    by_port = {}
    for wire in placement.wires:
        for port, run, x in (
            (wire.edge.source_port, wire.runs[0], wire.runs[0][0]),
            (wire.edge.target_port, wire.runs[-1], wire.runs[-1][1]),
            (wire.edge.source, wire.runs[0], wire.runs[0][0]),
            (wire.edge.target, wire.runs[-1], wire.runs[-1][1]),
        ):
            if port.startswith("p"):
                by_port.setdefault(port, set()).add((round(x, 6), round(run[2], 6)))
    assert len(by_port) == 2
    assert all(len(points) == 1 for points in by_port.values())


def test_a_leaf_in_the_column_of_an_open_box_stands_beside_its_reader():
    x = bl.input("x")
    with bl.scope("layer"):
        y = x
        for _ in range(6):
            y = bl.sin(y)
    placement = place(diagram_of(bl.Graph(outputs=[y + bl.parameter(1.0, name="bias")])), ["b1"])
    spots = {spot.mark.symbol: spot for spot in placement.spots}
    (frame,) = placement.frames
    assert spots["bias"].x + spots["bias"].extent.right == pytest.approx(frame.x + frame.width)


def test_a_box_is_as_wide_as_its_name():
    with bl.scope("a box with a very long name that is wider than what stands in it"):
        y = bl.sin(bl.sin(bl.input("x")))
    diagram = diagram_of(bl.Graph(outputs=[y]))
    (frame,) = place(diagram, ["b1"]).frames
    assert frame.width > PIXELS.width_of(frame.mark.symbol)
    check_placement(place(diagram, ["b1"]), diagram)


def test_a_gap_has_room_for_the_texts_of_its_edges():
    x = bl.input("x")
    y = bl.sin(x)
    texts = [
        place(diagram_of(bl.Graph(outputs=[y]), edge_texts={(y, 0): text})) for text in ("", "1", "-123456789.123")
    ]
    assert texts[0].width == texts[1].width < texts[2].width


@many
@given(drawn_graphs(), st.data())
def test_the_numbers_of_edges_cover_nothing(graph, data):
    texts = {
        (node, position): data.draw(st.sampled_from(["1", "-0.3775", "-1.235e-07", "0.3775412345"]))
        for node in graph.operations
        for position, _ in enumerate(node.arguments)
    }
    diagram = diagram_of(graph, edge_texts=texts)
    written = check_weights(place(diagram, diagram.boxes))
    assert written == sum(bool(edge.text) for sheet in diagram.sheets for edge in sheet.edges) == len(texts)


@pytest.mark.parametrize("count", [2, 3, 6])
def test_the_numbers_of_edges_between_the_same_marks_cover_nothing(count):
    x = bl.input("x", shape=(1,))
    joined = bl.concat([x] * count)
    placement = place(
        diagram_of(bl.Graph(outputs=[joined]), edge_texts={(joined, i): "-0.377541" for i in range(count)})
    )
    assert check_weights(placement) == count


def test_the_numbers_of_the_two_edges_of_a_square_stand_one_above_the_other():
    x = bl.input("x")
    y = x * x
    placement = place(diagram_of(bl.Graph(outputs=[y]), edge_texts={(y, 0): "-0.377541", (y, 1): "-0.377541"}))
    (one, upper), (other, lower) = (wire.middle for wire in placement.wires)
    assert lower - upper >= 12.0
    assert one == pytest.approx(other)


def test_the_numbers_of_an_influence_diagram_cover_nothing():
    x = bl.input("x", shape=(4,))
    a = bl.parameter([[0.6, -0.4, 0.7, 0.3], [0.5, -0.6, 0.2, 0.9], [-0.1, 0.8, -0.3, 0.4]], name="a")
    run = bl.trace(bl.sum(bl.tanh(a @ x) * bl.tanh(a @ x)).named("L"), {"x": [1.0, -2.0, 0.5, 3.0]})
    assert check_weights(place(influence_diagram(run.paths("x", strongest=24)))) > 12


def test_nothing_takes_no_room():
    placement = place(diagram_of(bl.Graph()))
    assert (placement.spots, placement.wires, placement.frames) == ([], [], [])
    assert placement.height == 2 * PIXELS.border
