"""Sheets laid out: no crossing where none need be, shared bends, and ports on which both sides agree."""

import random

import pytest
from hypothesis import given, settings

from backlit.explain.drawing.crossings import Effort
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


def chance(count: int, boxes: int) -> tuple[list[str], dict[str, list[str]], dict[str, Wires]]:
    """A sheet of boxes, and what is computed in them: every step reads a near one before it and any other one."""
    draw = random.Random(count)
    home = {f"n{i}": f"b{i * boxes // count}" for i in range(count)}
    flows = [Flow(f"n{j}", f"n{i}", j, p) for i in range(1, count) for p, j in enumerate((i - 1, draw.randrange(i)))]
    lineages = {"root": ("root",), **{f"b{k}": ("root", f"b{k}") for k in range(boxes)}}
    marks = {box: [mark for mark in home if home[mark] == box] for box in lineages}
    return list(lineages), marks | {"root": list(lineages)[1:]}, wire(flows, home, lineages)


@pytest.mark.parametrize("looks", [0, 30_000])
def test_a_large_graph_costs_no_more_than_it_may(looks):
    sheets, marks, wires = chance(300, 15)
    effort = Effort(looks)
    laid = lay_all(sheets, marks, wires, effort)
    bends = sum(len(bends) for each in laid.values() for bends in each.bends)
    once = 8 * (bends + sum(len(each.lines) for each in wires.values()) + 300)
    assert effort.looks >= -3 * once, "beyond it goes only the least that is done for every sheet"
    assert laid == lay_all(sheets, marks, wires, Effort(looks)), "the same graph is always laid out the same"


def test_more_effort_leaves_fewer_crossings_on_the_sheet_that_is_seen_first():
    sheets, marks, wires = chance(300, 15)
    quick, long = (lay_all(sheets, marks, wires, Effort(looks))["root"].crossings for looks in (0, 100_000))
    assert long < quick
