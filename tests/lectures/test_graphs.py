"""Section 1 of the lectures' rows: graphs, nodes, forward pass (G1 to G16)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import CycleError
from backlit.graph import extract


@pytest.fixture
def lecture() -> dict[str, bl.Node]:
    """Build the graph f = ((x1·θ1) + (x2·θ2)) + θ3 with θ = (4, 5, 1)."""
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    f1, f2 = (x1 * θ1).named("f1"), (x2 * θ2).named("f2")
    f3 = (f1 + f2).named("f3")
    f4 = (f3 + θ3).named("f4")
    return {"x1": x1, "x2": x2, "θ1": θ1, "θ2": θ2, "θ3": θ3, "f1": f1, "f2": f2, "f3": f3, "f4": f4}


AT = {"x1": 3.0, "x2": -2.0}


def test_G1_the_edges_give_the_order_of_the_forward_pass(lecture: dict[str, bl.Node]) -> None:
    graph = bl.Graph(outputs=[lecture["f4"]])
    assert [node.name for node in graph.operations] == ["f1", "f2", "f3", "f4"]


def test_G2_a_trainable_node_holds_parameters_that_can_be_listed_counted_and_updated(
    lecture: dict[str, bl.Node],
) -> None:
    graph = bl.Graph(outputs=[lecture["f4"]])
    assert [p.name for p in graph.parameters] == ["θ1", "θ2", "θ3"]
    assert all(p.trainable for p in graph.parameters)
    assert sum(p.size for p in graph.parameters) == 3
    θ1 = lecture["θ1"]
    bl.compile(outputs=[], updates={θ1: θ1 + 2.0})()
    assert float(θ1.value) == 6.0


def test_G3_a_node_without_parameters_is_not_trainable_and_never_changes(lecture: dict[str, bl.Node]) -> None:
    assert not any(lecture[name].trainable for name in ("x1", "f1", "f3"))
    count = bl.parameter(0.0, name="count", trainable=False)
    assert not count.trainable


def test_G4_one_output_may_feed_several_nodes() -> None:
    a = bl.input("a")
    b = a + a
    c = b + b
    assert float(bl.grad(c, a).evaluate({"a": 1.0})) == 4.0


def test_G5_a_directed_cycle_is_refused_by_name_and_a_diamond_is_accepted() -> None:
    with pytest.raises(CycleError, match="a → b → a"):
        bl.parse_graph("graph(x: float32[])\n a: float32[] = add(x, b)\n b: float32[] = exp(a)\n return b")
    x = bl.input("x")
    left, right = bl.sin(x), bl.cos(x)
    assert float(bl.grad(left * right, x).evaluate({"x": 0.0})) == 1.0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=30))
def test_G6_any_order_puts_a_node_after_its_arguments(picks: list[tuple[int, int]]) -> None:
    nodes: list[bl.Node] = [bl.input("x")]
    for one, two in picks:
        nodes.append(nodes[one % len(nodes)] + nodes[two % len(nodes)])
    order = bl.Graph(outputs=[nodes[-1]]).nodes
    position = {node: place for place, node in enumerate(order)}
    assert all(position[argument] < position[node] for node in order for argument in node.arguments)
    assert order == bl.Graph(outputs=[nodes[-1]]).nodes, "and it is always the same"


def test_G7_the_forward_example(lecture: dict[str, bl.Node]) -> None:
    graph = bl.Graph(outputs=[lecture["f4"]])
    values = bl.compile([lecture["x1"], lecture["x2"]], [graph[n] for n in ("f1", "f2", "f3", "f4")])(3.0, -2.0)
    assert [float(v) for v in values] == [12.0, -10.0, 2.0, 3.0]


def test_G8_a_group_opened_or_closed_has_the_same_values_and_gradients_at_its_border() -> None:
    x = bl.input("x", shape=(2,))
    w = bl.parameter([0.5, -1.5], name="w")
    with bl.scope("neuron"):
        a = bl.sigmoid(bl.sum(x * w))
    graph = bl.Graph([x], [a * 3.0])
    closed = extract(graph, "neuron")
    at = np.array([1.0, 2.0])
    np.testing.assert_array_equal(closed.outputs[0].evaluate({"x": at}), a.evaluate({"x": at}))
    inside = bl.grad(closed.outputs[0], closed.inputs[0])
    np.testing.assert_array_equal(inside.evaluate({"x": at}), bl.grad(a, x).evaluate({"x": at}))


def test_G9_several_outputs_and_the_gradient_of_their_weighted_sum() -> None:
    x = bl.input("x")
    outputs = [x * x, bl.exp(x)]
    slopes = [float(bl.grad(output, x).evaluate({"x": 1.5})) for output in outputs]
    both = bl.vjp(outputs, x, [2.0, -3.0])
    assert float(both.evaluate({"x": 1.5})) == pytest.approx(2.0 * slopes[0] - 3.0 * slopes[1])


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (bl.sin, np.cos),
        (bl.cos, lambda x: -np.sin(x)),
        (bl.log, lambda x: 1 / x),
        (bl.exp, np.exp),
        (lambda x: x**3, lambda x: 3 * x**2),
        (lambda x: bl.sin(bl.log(bl.exp(x) ** 3)), lambda x: 3 * np.cos(3 * x)),
    ],
)
def test_G10_simple_functions_compose_into_complicated_ones(function: object, slope: object) -> None:
    with bl.precision("float64"):
        x = bl.input("x")
        y = function(x)
    assert bl.check_gradients(y, {"x": 0.7}).agrees
    assert float(bl.grad(y, x).evaluate({"x": 0.7})) == pytest.approx(slope(0.7), rel=1e-12)


def test_G11_the_example_graph() -> None:
    with bl.precision("float64"):
        x1, x2 = bl.input("x1"), bl.input("x2")
        d1, d2 = bl.grad(x1 * x2 + bl.sin(x1), [x1, x2])
    at = {"x1": 0.4, "x2": -1.3}
    assert float(bl.compile([x1, x2], d1)(*at.values())) == pytest.approx(-1.3 + np.cos(0.4), rel=1e-15)
    assert float(bl.compile([x1, x2], d2)(*at.values())) == 0.4


def test_G12_the_machine_learning_example() -> None:
    with bl.precision("float64"):
        w, x = bl.input("w", shape=(2,)), bl.input("x", shape=(2,))
        loss = -bl.log(1.0 / (1.0 + bl.exp(-(w @ x))))
        slope = bl.grad(loss, w)
    weights, inputs = np.array([0.5, -1.0]), np.array([2.0, 1.5])
    σ = 1 / (1 + np.exp(-weights @ inputs))
    np.testing.assert_allclose(slope.evaluate({"w": weights, "x": inputs}), -(1 - σ) * inputs, rtol=1e-12)


def test_G13_five_layers_composed_have_parameters_named_by_layer() -> None:
    model = bl.nn.Sequential(*(bl.nn.Linear(2, 2) for _ in range(5)))
    names = list(model.parameters())
    assert names == [f"{layer}.{kind}" for layer in range(5) for kind in ("weight", "bias")]


def test_G14_a_model_describes_its_four_components() -> None:
    model = bl.nn.Sequential(bl.nn.Linear(4, 3), bl.nn.ReLU(), bl.nn.Linear(3, 2))
    text = str(model.describe(loss=bl.losses.cross_entropy, optimizer=bl.optim.SGD(0.1)))
    for part in ("input", "functional form", "loss", "optimiser"):
        assert part in text.lower()


def test_G15_the_first_layer_of_a_digit_net_can_be_looked_at_as_images() -> None:
    train, _ = bl.data.digits()
    model = bl.nn.Sequential(bl.nn.Linear(784, 12))
    images = model.parameters()["0.weight"].value.T.reshape(12, *train.image_shape)
    assert images.shape == (12, 28, 28)


def test_G16_a_histogram_is_a_first_node_that_is_not_trained() -> None:
    train, _ = bl.data.digits()
    counted = train.map(bl.data.Histogram(bins=8))
    (batch, _), *_ = counted.batches(16)
    assert batch.shape[0] == 16
    assert batch.shape[-1] == 8
