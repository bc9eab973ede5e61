"""Boxes: open or closed, the values and gradients at the border are the same (rows G8 and D5)."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import UnknownNameError
from backlit.graph.box import extract, find_box


def net() -> tuple[bl.Graph, bl.Node]:
    x = bl.input("x", shape=(2,))
    weight, bias = bl.parameter([0.3, -0.7], name="w"), bl.parameter(0.1, name="b")
    with bl.scope("layer1"), bl.scope("neuron"):
        a = bl.sigmoid(bl.sum(x * weight) + bias).named("a")
    return bl.Graph([x], [bl.exp(a) * x[0]]), a


def test_a_box_knows_what_crosses_its_border() -> None:
    graph, a = net()
    box = find_box(graph, "layer1.neuron")
    assert [node.name for node in box.inputs] == ["x"]
    assert [node.name for node in box.parameters] == ["w", "b"]
    assert box.outputs == (a,)
    assert box.trainable
    assert len(box.operations) == 4


def test_value_and_gradient_at_the_border_do_not_depend_on_whether_the_box_is_open() -> None:
    graph, a = net()
    alone = extract(graph, "layer1.neuron")
    (x,) = alone.inputs
    at = np.array([1.5, -2.0])
    np.testing.assert_array_equal(alone.outputs[0].evaluate({x: at}), a.evaluate({"x": at}))
    inside = bl.grad(alone.outputs[0], x).evaluate({x: at})
    np.testing.assert_array_equal(inside, bl.grad(a, graph.inputs[0]).evaluate({"x": at}))


def test_an_unknown_scope_suggests_the_nearest() -> None:
    graph, _ = net()
    with pytest.raises(UnknownNameError, match=r"did you mean 'layer1.neuron'"):
        find_box(graph, "layer1.neuran")


def test_a_composite_called_once_needs_no_number_and_one_called_twice_does() -> None:
    scores = bl.input("scores", shape=(3,))
    once, other = bl.softmax(scores), bl.softmax(2.0 * scores)
    assert find_box(bl.Graph(outputs=[once]), "softmax").outputs == (once,)
    both = bl.Graph(outputs=[once * other])
    assert find_box(both, "softmax#2").outputs == (other,)
    with pytest.raises(UnknownNameError, match="there are 2 scopes 'softmax'") as caught:
        find_box(both, "softmax")
    assert caught.value.instead == "choose among softmax#1, softmax#2"
