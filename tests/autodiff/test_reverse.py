"""Backpropagation, edge by edge."""

import numpy as np
import pytest

import backlit as bl
from backlit.autodiff import Edge, backpropagate
from backlit.autodiff.reverse import contribution, sum_to_shape, zeros_like


def one():
    return bl.constant(1.0)


def test_the_first_lectures_gradients():
    x1, x2 = bl.input("x1"), bl.input("x2")
    a, b, c = (bl.parameter(v, n) for v, n in [(4.0, "θ1"), (5.0, "θ2"), (1.0, "θ3")])
    f = (x1 * a + x2 * b) + c
    walk = backpropagate([f], [one()], [a, b, c, x1, x2])
    values = {x1: 3.0, x2: -2.0}
    assert [float(walk.gradients[n].evaluate(values)) for n in (a, b, c, x1, x2)] == [3.0, -2.0, 1.0, 4.0, 5.0]


def test_what_arrives_along_two_edges_is_added():
    """b = a + a, c = b + b: the case that a naive recursion gets wrong."""
    a = bl.input("a")
    b = a + a
    c = b + b
    walk = backpropagate([c], [one()], [a])
    assert float(walk.gradients[a].evaluate({a: 1.0})) == 4.0
    assert [float(walk.contributions[Edge(b, i)].evaluate({a: 1.0})) for i in (0, 1)] == [2.0, 2.0]


def test_every_edge_on_a_path_has_its_contribution_and_no_other():
    x, y = bl.input("x"), bl.input("y")
    z = bl.exp(x) * y
    walk = backpropagate([z], [one()], [x])
    assert {(edge.consumer.kind, edge.position) for edge in walk.contributions} == {("multiply", 0), ("exp", 0)}
    assert y not in walk.gradients
    assert [node.kind for node in walk.upstream] == ["input", "exp", "multiply"]


def test_an_edge_knows_its_argument():
    x = bl.input("x")
    y = 2.0 * x
    assert Edge(y, 1).argument is x
    assert Edge(y, 1) == Edge(y, 1)


def test_a_contribution_is_local_derivative_times_upstream():
    x = bl.input("x", dtype="float64")
    back = contribution(Edge(bl.sin(x), 0), bl.constant(10.0, dtype="float64"))
    assert float(back.evaluate({x: 0.5})) == pytest.approx(10.0 * np.cos(0.5))


def test_no_gradient_flows_into_integers_or_out_of_flat_ops():
    i, x = bl.input("i", (2,), "int64"), bl.input("x", (3,))
    picked = bl.take(x, i)
    assert contribution(Edge(picked, 1), bl.input("g", (2,))) is None
    assert contribution(Edge(bl.floor(x), 0), bl.input("g", (3,))) is None


def test_several_outputs_with_a_gradient_from_above_for_each():
    x = bl.input("x", dtype="float64")
    outputs = [x * x, bl.exp(x)]
    seeds = [bl.constant(v, dtype="float64") for v in (3.0, 10.0)]
    walk = backpropagate(outputs, seeds, [x])
    assert float(walk.gradients[x].evaluate({x: 2.0})) == pytest.approx(12.0 + 10.0 * np.exp(2.0))


def test_an_output_asked_for_twice_counts_twice():
    x = bl.input("x")
    y = 3.0 * x
    assert float(backpropagate([y, y], [one(), one()], [x]).gradients[x].evaluate({x: 1.0})) == 6.0


def test_an_output_above_another_gets_both_gradients():
    x = bl.input("x")
    y = 3.0 * x
    z = 5.0 * y
    walk = backpropagate([y, z], [one(), one()], [x])
    assert float(walk.gradients[y].evaluate({x: 1.0})) == 6.0
    assert float(walk.gradients[x].evaluate({x: 1.0})) == 18.0


def test_the_way_is_blocked_at_flat_ops():
    x = bl.input("x")
    y = bl.floor(x)
    walk = backpropagate([2.0 * y], [one()], [x])
    assert walk.blocked == (Edge(y, 0),)
    assert walk.blocking([x]) == [y]
    assert x not in walk.gradients


def test_what_is_not_on_a_path_is_not_walked():
    x, y = bl.input("x"), bl.input("y")
    walk = backpropagate([bl.exp(y)], [one()], [x])
    assert (walk.gradients, walk.contributions, walk.upstream) == ({}, {}, ())


@pytest.mark.parametrize(
    ("given", "shape"), [((4, 2, 3), (2, 1)), ((2, 3), ()), ((3,), (1,)), ((2, 3), (2, 3)), ((2, 3), (1, 1))]
)
def test_summing_undoes_broadcasting(given, shape):
    array = np.arange(float(np.prod(given))).reshape(given)
    node = bl.input("g", shape=given, dtype="float64")
    got = sum_to_shape(node, shape).evaluate({node: array})
    x = np.random.default_rng(0).normal(size=shape)
    assert np.shape(got) == shape
    assert np.sum(got * x) == pytest.approx(np.sum(array * np.broadcast_to(x, given)))


def test_an_axis_of_length_one_that_was_not_stretched_stays():
    node = bl.input("g", shape=(1, 3))
    assert sum_to_shape(node, (1, 3)) is node


def test_zeros_have_shape_and_data_type():
    node = zeros_like(bl.input("x", shape=(2,), dtype="float64"))
    assert str(node.spec) == "float64[2]"


def test_the_gradient_keeps_the_data_type_of_its_node():
    x, y = bl.input("x", (2,), "float32"), bl.input("y", (2,), "float64")
    walk = backpropagate([bl.sum(x * y)], [bl.constant(1.0, dtype="float64")], [x, y])
    assert (walk.gradients[x].dtype, walk.gradients[y].dtype) == ("float32", "float64")


def test_gradients_stand_in_a_mirrored_box():
    x = bl.input("x")
    with bl.scope("layer1"):
        y = bl.exp(x)
    walk = backpropagate([bl.sin(y)], [one()], [x])
    assert walk.gradients[x].scope.path == "backward.layer1"
    assert walk.gradients[y].scope.path == "backward"
    again = bl.grad(walk.gradients[x], x)
    assert again.scope.lineage[0].name == "backward"
