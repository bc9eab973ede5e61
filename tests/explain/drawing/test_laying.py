"""Sheets laid out: no crossing where none need be, shared bends, and ports on which both sides agree."""

import pytest
from hypothesis import given, settings

from backlit.explain.drawing.layering import Link, longest_paths
from backlit.explain.drawing.laying import lay_all, lay_out
from backlit.explain.drawing.wiring import Flow, Line, Wires, wire
from harness.diagrams import branching, trees


def sheet(edges) -> tuple[list[str], Wires]:
    """The marks and lines of a graph without boxes, in an order of execution."""
    count = max((max(edge) for edge in edges), default=0) + 1
    depth = longest_paths(count, [Link(*edge) for edge in edges])
    marks = [str(i) for i in sorted(range(count), key=depth.__getitem__)]
    return marks, Wires([Line(str(s), str(t), "", "", i) for i, (s, t) in enumerate(edges)])


@settings(deadline=None)
@given(branching(25))
def test_rows_and_branches_have_no_crossings(edges):
    assert lay_out(*sheet(edges), {}).crossings == 0


@settings(deadline=None)
@given(trees(25))
def test_trees_have_no_crossings(edges):
    assert lay_out(*sheet(edges), {}).crossings == 0
    assert lay_out(*sheet([(target, source) for source, target in edges]), {}).crossings == 0


def test_arguments_stand_in_their_order():
    marks = ["z", "y", "x", "f"]
    lines = [Line(name, "f", "", "", position) for position, name in enumerate("xyz")]
    laid = lay_out(marks, Wires(lines), {})
    assert [laid.marks[name] for name in "xyz"] == [(0, 0), (0, 1), (0, 2)]


def test_edges_of_one_value_share_their_bends():
    lines = [Line(str(i), str(i + 1), "", "", 0) for i in range(4)]
    lines += [Line("0", "3", "", "", 1), Line("0", "4", "", "", 1)]
    laid = lay_out(list("01234"), Wires(lines), {})
    assert laid.bends[4] == laid.bends[5][:2]
    assert len(laid.bends[5]) == 3


def two_boxes(twist: bool):
    """Two boxes between which three values pass; inside, the order of the ports is given by short trees."""
    home = {**{f"f{i}": "b1" for i in range(3)}, **{f"g{i}": "b2" for i in range(3)}, "x": "root"}
    home |= {"r": "b1", "s": "b2"}
    flows = [Flow("x", "r", 0, 0)]
    flows += [Flow("r", f"f{i}", 1, 0) for i in range(3)]
    flows += [Flow(f"f{i}", f"g{2 - i if twist else i}", 2 + i, 0) for i in range(3)]
    flows += [Flow(f"g{i}", "s", 5 + i, i) for i in range(3)]
    lineages = {"root": ("root",), "b1": ("root", "b1"), "b2": ("root", "b2")}
    marks = {"root": ["x", "b1", "b2"], "b1": ["r", "f0", "f1", "f2"], "b2": ["g0", "g1", "g2", "s"]}
    return list(lineages), marks, wire(flows, home, lineages)


@pytest.mark.parametrize("twist", [False, True])
def test_boxes_agree_on_the_order_of_the_values_between_them(twist):
    laid = lay_all(*two_boxes(twist))
    assert sum(each.crossings for each in laid.values()) == 0


def test_a_given_order_of_the_ports_is_kept():
    _, marks, wires = two_boxes(False)
    ports = sorted(wires["b2"].gates, reverse=True)
    laid = lay_out(marks["b2"], wires["b2"], {}, ports=ports)
    assert laid.order_of_ports == ports
    assert laid.crossings == 0
    assert [laid.marks[f"g{i}"][1] for i in range(3)] == [2, 1, 0]


def test_the_ports_of_a_free_box_cause_no_crossing():
    sheets, marks, wires = two_boxes(False)
    laid = {}
    for each in reversed(sheets[1:]):
        laid[each] = lay_out(marks[each], wires[each], {})
    turned = dict(laid)
    turned["b2"] = lay_out(marks["b2"], wires["b2"], {}, ports=laid["b2"].order_of_ports[::-1])
    assert lay_out(marks["root"], wires["root"], turned).crossings == 3
    assert lay_out(marks["root"], wires["root"], turned, free=["b2"]).crossings == 0


def test_an_empty_sheet_has_no_layers():
    laid = lay_out([], Wires(), {})
    assert (laid.layers, laid.crossings, laid.marks) == (0, 0, {})
