"""Lines and ports: a value crosses a border once, and many values cross as a bundle."""

import pytest

from backlit.explain.drawing.wiring import MOST_LINES, Flow, wire

LINEAGES = {
    "root": ("root",),
    "b1": ("root", "b1"),
    "b2": ("root", "b2"),
    "b3": ("root", "b2", "b3"),
}
HOME = {"x": "root", "f": "b1", "g": "b1", "h": "b3", "k": "b3", "m": "b2"}


def lines(wires, sheet):
    return [
        (line.source, line.source_port, line.target, line.target_port, line.position) for line in wires[sheet].lines
    ]


def test_a_value_goes_into_a_box_once_and_parts_inside():
    wires = wire([Flow("x", "f", 0, 0), Flow("x", "f", 0, 1), Flow("x", "g", 0, 0)], HOME, LINEAGES)
    assert lines(wires, "root") == [("x", "", "b1", "p1", -1)]
    assert lines(wires, "b1") == [("p1", "", "f", "", 0), ("p1", "", "f", "", 1), ("p1", "", "g", "", 0)]
    assert wires["b1"].gates["p1"].side == "in"


def test_a_value_goes_out_of_a_box_once_and_through_every_border_on_its_way():
    wires = wire([Flow("f", "h", 1, 0), Flow("f", "m", 1, 2), Flow("f", "k", 1, 0)], HOME, LINEAGES)
    assert lines(wires, "b1") == [("f", "", "p1", "", -1)]
    assert lines(wires, "root") == [("b1", "p1", "b2", "p2", -1)]
    assert lines(wires, "b2") == [("p2", "", "b3", "p3", -1), ("p2", "", "m", "", 2)]
    assert lines(wires, "b3") == [("p3", "", "h", "", 0), ("p3", "", "k", "", 0)]
    assert [wires[sheet].gates[port].side for sheet, port in (("b1", "p1"), ("b2", "p2"), ("b3", "p3"))] == [
        "out",
        "in",
        "in",
    ]


def test_what_stays_in_a_box_crosses_no_border():
    wires = wire([Flow("h", "k", 1, 0)], HOME, LINEAGES)
    assert lines(wires, "b3") == [("h", "", "k", "", 0)]
    assert not any(wires[sheet].lines or wires[sheet].gates for sheet in ("root", "b1", "b2"))


@pytest.mark.parametrize("count", [MOST_LINES, MOST_LINES + 1])
def test_many_values_between_two_boxes_are_a_bundle(count):
    home = {**{f"f{i}": "b1" for i in range(count)}, "h": "b2"}
    wires = wire([Flow(f"f{i}", "h", i, i) for i in range(count)], home, LINEAGES)
    is_bundle = count > MOST_LINES
    assert len(wires["root"].lines) == (1 if is_bundle else count)
    assert len(wires["b1"].gates) == len(wires["b2"].gates) == (1 if is_bundle else count)
    assert len(wires["b1"].lines) == len(wires["b2"].lines) == count, "inside, every value has its own line"
    if is_bundle:
        assert list(wires["root"].lines[0].nodes) == list(range(count))


def test_between_boxes_of_consecutive_steps_two_values_are_a_bundle():
    home = {"f": "b1", "g": "b1", "h": "b2"}
    flows = [Flow("f", "h", 0, 0), Flow("g", "h", 1, 1)]
    assert len(wire(flows, home, LINEAGES)["root"].lines) == 2
    assert len(wire(flows, home, LINEAGES, ["b1"])["root"].lines) == 1


def test_a_bundle_parts_again_where_few_of_it_are_needed():
    count = MOST_LINES + 2
    home = {**{f"f{i}": "b1" for i in range(count)}, **{f"h{i}": "b3" if i < 2 else "b2" for i in range(count)}}
    wires = wire([Flow(f"f{i}", f"h{i}", i, 0) for i in range(count)], home, LINEAGES)
    assert len(wires["b2"].gates) == 1
    assert sorted(len(gate.nodes) for gate in wires["b3"].gates.values()) == [1, 1]


def test_texts_stand_where_a_value_is_read_and_strengths_all_along():
    flows = [Flow("f", "h", 1, 0, "0.5", 0.2), Flow("f", "k", 1, 0, "3", 0.9), Flow("f", "m", 1, 0, "7")]
    wires = wire(flows, HOME, LINEAGES)
    (out,), (across,) = wires["b1"].lines, wires["root"].lines
    assert (out.text, out.strength) == (across.text, across.strength) == ("", 0.9)
    assert [(line.text, line.strength) for line in wires["b3"].lines] == [("0.5", 0.2), ("3", 0.9)]
    assert [(line.text, line.strength) for line in wires["b2"].lines] == [("", 0.9), ("7", None)]
