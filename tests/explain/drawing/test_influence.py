"""Influence diagrams: every number once, every edge with its weight, and nothing that is on no path."""

import math
from collections import defaultdict

import numpy as np
import pytest

import backlit as bl
from backlit.explain.drawing.influence import influence_diagram
from backlit.explain.paths import InfluencePath, Paths

PRODUCTS = (("a", math.inf), ("b", 8.0))


@pytest.fixture
def branches():
    x, w, v = bl.input("x"), bl.parameter(2.0, name="w"), bl.parameter(-1.0, name="v")
    h = bl.tanh((x * w).named("z")).named("h")
    g = bl.sigmoid((x * v).named("u")).named("g")
    return bl.trace((h * g * h).named("L"), {"x": 0.7})


def edges(diagram):
    names = {mark.id: mark.label for mark in diagram.root.marks}
    return [(names[edge.source], names[edge.target], float(edge.text)) for edge in diagram.root.edges]


def test_every_number_stands_once_and_every_edge_has_its_local_derivative(branches):
    diagram = influence_diagram(branches.paths("x"))
    names = [mark.label for mark in diagram.root.marks]
    assert sorted(names) == sorted(set(names)) == sorted({"x", "z", "h", "u", "g", "L", "%1"})
    told = {(source, target): text for source, target, text in edges(diagram)}
    assert told["x", "z"] == 2.0
    assert told["z", "h"] == pytest.approx(1 - math.tanh(1.4) ** 2, abs=1e-4)
    assert diagram.crossings == 0


def test_weights_multiply_along_paths_and_add_up_to_the_gradient(branches):
    """Walk the picture as a student does: what it shows must give the derivative, to the digits it shows."""
    diagram = influence_diagram(branches.paths("x"))
    onward = defaultdict(list)
    for source, target, weight in edges(diagram):
        onward[source].append((target, weight))

    def slope(name):
        return 1.0 if name == "L" else sum(weight * slope(after) for after, weight in onward[name])

    assert slope("x") == pytest.approx(branches.paths("x").gradient, rel=1e-3)
    gradients = {mark.label: mark.gradient for mark in diagram.root.marks}
    assert float(gradients["x"]) == pytest.approx(branches.paths("x").gradient, rel=1e-3)
    assert gradients["L"] == "1"


def test_a_value_used_twice_has_two_edges():
    q = bl.parameter(3.0, name="q")
    diagram = influence_diagram(bl.trace((q * q).named("L")).paths("q"))
    assert edges(diagram) == [("q", "L", 3.0), ("q", "L", 3.0)]
    assert [edge.strength for edge in diagram.root.edges] == [1.0, 1.0]


def test_an_edge_is_as_wide_as_what_flows_along_it():
    strong, weak = (
        InfluencePath(("x", "a", "y"), (2.0, 4.0), 8.0, (0, 0)),
        InfluencePath(("x", "y"), (-2.0,), -2.0, (1,)),
    )
    diagram = influence_diagram(Paths("x", "y", (strong, weak), 6.0, 2))
    ends = [(source, target) for source, target, _ in edges(diagram)]
    widths = [edge.strength for edge in diagram.root.edges]
    assert dict(zip(ends, widths, strict=True)) == {("x", "a"): 1.0, ("a", "y"): 1.0, ("x", "y"): 0.25}


@pytest.mark.parametrize("product", [math.inf, math.nan])
def test_what_is_not_finite_has_no_width(product):
    diagram = influence_diagram(Paths("x", "y", (InfluencePath(("x", "y"), (product,), product, (0,)),), None, 1))
    assert [edge.strength for edge in diagram.root.edges] == [None]


def test_paths_from_any_element_of_an_array_begin_at_each_that_is_listed():
    x = bl.input("x", shape=(4,))
    run = bl.trace(bl.sum(x * x).named("L"), {"x": np.array([1.0, -3.0, 2.0, 0.5])})
    told = run.paths("x", strongest=4)
    begins = {mark.label for mark in influence_diagram(told).root.marks if mark.layer == 0}
    assert begins == {path.names[0] for path in told} == {"x[1]", "x[2]"}


def test_where_no_path_passes_anything_only_the_ends_stand():
    diagram = influence_diagram(Paths("x", "y", (), 0.0, None))
    assert ([mark.label for mark in diagram.root.marks], edges(diagram)) == (["x", "y"], [])


def test_where_one_flow_is_not_finite_no_edge_has_a_width():
    one, other = (InfluencePath(("x", name, "y"), (2.0, p / 2), p, (0, i)) for i, (name, p) in enumerate(PRODUCTS))
    diagram = influence_diagram(Paths("x", "y", (one, other), None, 2))
    assert {edge.strength for edge in diagram.root.edges} == {None}
