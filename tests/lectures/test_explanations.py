"""Rows D1 to D29 seen through: every number of theirs stands in what a trace tells."""

import math
from itertools import pairwise

import numpy as np
import pytest

import backlit as bl
from backlit.explain import Trace
from backlit.nn.cells import lstm_cell


@pytest.fixture(autouse=True)
def _float64() -> object:
    with bl.precision("float64"):
        yield


@pytest.fixture
def lecture_a() -> Trace:
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    f1, f2 = (x1 * θ1).named("f1"), (x2 * θ2).named("f2")
    f3 = (f1 + f2).named("f3")
    return bl.trace((f3 + θ3).named("f4"), {"x1": 3.0, "x2": -2.0})


def lines(told: object) -> list[str]:
    return [line.strip() for line in str(told).splitlines()]


def test_G7_all_values_by_name_in_order_of_execution(lecture_a: Trace) -> None:
    operations = [record for record in lecture_a.nodes if record.edges_in]
    assert [(record.name, float(record.value)) for record in operations] == [
        ("f1", 12.0),
        ("f2", -10.0),
        ("f3", 2.0),
        ("f4", 3.0),
    ]


@pytest.mark.parametrize(
    ("name", "local", "upstream", "gradient"),
    [("θ3", 1, 1, 1), ("θ2", -2, 1, -2), ("θ1", 3, 1, 3), ("x1", 4, 1, 4), ("x2", 5, 1, 5)],
)
def test_D1_each_number_as_local_times_upstream(
    lecture_a: Trace, name: str, local: float, upstream: float, gradient: float
) -> None:
    (part,) = lecture_a.explain(name).contributions
    assert (part.local, part.upstream, part.product) == (local, upstream, gradient)
    factor = f"{upstream}" if upstream >= 0 else f"({upstream})"
    assert f"{local} · {factor} = {gradient}" in lines(lecture_a.explain(name))


def test_D1_the_incoming_gradient_of_the_last_node_is_1(lecture_a: Trace) -> None:
    assert lecture_a.explain("f4").gradient == 1.0
    assert "the way back begins here: a number changes with itself one to one" in lines(lecture_a.explain("f4"))


def test_D2_nudges_beside_the_linear_prediction(lecture_a: Trace) -> None:
    first, second = lecture_a.nudge("θ1", 2.0), lecture_a.nudge("θ2", 3.0)
    assert (first.before, first.after, first.predicted) == (3.0, 9.0, 9.0)
    assert (second.after - second.before, second.predicted - second.before) == (-6.0, -6.0)
    assert "exactly: here the loss is a straight line" in lines(first)


def test_D4_a_record_has_inputs_output_local_incoming_and_outgoing(lecture_a: Trace) -> None:
    record = lecture_a["f2"]
    assert [edge.argument.name for edge in record.edges_in] == ["x2", "θ2"]
    assert float(record.value) == -10.0
    assert [float(edge.local) for edge in record.edges_in] == [5.0, -2.0]
    assert float(record.grad) == 1.0
    assert [float(edge.contribution) for edge in record.edges_in] == [5.0, -2.0]
    assert [edge.consumer.name for edge in record.edges_out] == ["f3"]


def test_D5_a_node_that_is_a_graph_is_told_as_one_step_or_op_by_op() -> None:
    z = bl.parameter([0.5, -1.0], name="z")
    run = bl.trace(bl.softmax(z)[0].named("L"))
    whole, inside = run.explain("z[0]"), run.explain("z[0]", inside=True)
    assert whole.gradient == pytest.approx(inside.gradient, rel=1e-12)
    assert sum(part.product for part in whole.contributions) == pytest.approx(whole.gradient, rel=1e-12)
    assert "softmax(z)" in str(whole)
    assert "softmax(z)" not in str(inside)


def test_D6_the_chain_of_a_three_neuron_net_is_the_product_of_its_factors() -> None:
    model = bl.nn.ThreeNeuron.with_weights(w11=0.4, b11=-5.9, w12=-0.6, b12=5.2, w21=-1, w22=-1, b21=5.1)
    x = bl.input("x", shape=(1, 1))
    run = bl.trace(bl.sum(model(x)).named("ŷ"), {"x": [[20.0]]})
    paths = run.paths("w[1,1,1]")
    assert [path.product for path in paths] == [pytest.approx(-20.0)], "w21 · ReLU'(z) · x = -1 · 1 · 20"
    assert math.prod(paths[0].factors) == pytest.approx(paths.gradient)
    assert run.explain("w[2,1,1]").gradient == pytest.approx(0.4 * 20.0 - 5.9), "ReLU of the first neuron"
    assert run.explain("b[2,1]").gradient == 1.0
    assert run.explain("w[1,2,1]").gradient == 0.0, "the second neuron is closed at 20"


def test_D7_the_sum_over_paths_of_a_three_layer_net_is_shown() -> None:
    rng = np.random.default_rng(3)
    model = bl.nn.Sequential(
        *(bl.nn.Linear(3, 3, rng=1), bl.nn.Sigmoid(), bl.nn.Linear(3, 2, rng=2), bl.nn.Sigmoid()),
        bl.nn.Linear(2, 1, rng=3),
    )
    x = bl.input("x", shape=(1, 3))
    run = bl.trace(bl.sum(model(x)).named("J"), {"x": rng.normal(size=(1, 3))})
    paths = run.paths("b[1,2]")
    assert len(paths) == 2, "through each neuron of the second layer"
    assert paths.listed == pytest.approx(paths.gradient, rel=1e-12)
    assert run.explain("b[1,2]").gradient == pytest.approx(paths.gradient, rel=1e-12)
    assert run.explain("b[3,1]").gradient == 1.0


def test_D8_a_net_of_width_one_has_one_path_through_all_its_layers() -> None:
    x = bl.input("x")
    a = x
    for layer in range(1, 6):
        z = (bl.parameter(0.5 + layer / 10, name=f"w{layer}") * a).named(f"z{layer}")
        a = bl.tanh(z).named(f"a{layer}")
    run = bl.trace(a, {"x": 0.7})
    (path,) = run.paths("w1")
    assert path.names == ("w1", "z1", "a1", "z2", "a2", "z3", "a3", "z4", "a4", "z5", "a5")
    told = run.explain("w1")
    assert [link.name for link in told.chain] == ["a5", "z5", "a4", "z4", "a3", "z3", "a2", "z2", "a1", "z1"]
    assert path.product == pytest.approx(told.gradient, rel=1e-12)


def test_D11_local_and_upstream_are_labelled() -> None:
    x, y, z = (bl.input(name) for name in "xyz")
    q = (x + y).named("q")
    run = bl.trace((q * z).named("f"), {"x": -2.0, "y": 5.0, "z": -4.0})
    assert (float(run["q"].value), float(run["f"].value)) == (3.0, -12.0)
    assert [run.explain(name).gradient for name in "zqxy"] == [3.0, -4.0, -4.0, -4.0]
    told = lines(run.explain("x"))
    assert "local     ∂q/∂x = 1    a sum passes its gradient on to each summand" in told
    assert "upstream  ∂f/∂q = -4" in told
    assert "1 · (-4) = -4" in told


def test_D12_the_local_derivative_of_a_layer_is_its_matrix() -> None:
    W = bl.parameter([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], name="W")
    h = bl.input("h", shape=(3, 1))
    run = bl.trace(bl.sum(W @ h).named("s"), {"h": [[1.0], [2.0], [3.0]]})
    (edge,) = run["h"].edges_out
    np.testing.assert_array_equal(edge.jacobian.reshape(2, 3), W.value)
    assert run.explain("W[1,2]").contributions[0].local_formula == "h[2,0]", "∂h_i/∂w_i = h of the layer before"


@pytest.mark.parametrize(("activation", "factor"), [(lambda z: z, lambda y: 1.0), (bl.sigmoid, lambda y: y * (1 - y))])
def test_D14_D15_what_was_derived_by_hand_agrees_with_all_other_ways(activation: object, factor: object) -> None:
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(4, 3)), rng.normal(size=4)
    w = bl.parameter(rng.normal(size=3), name="w")
    predicted = activation(bl.constant(X) @ w)
    loss = bl.sum((bl.constant(y) - predicted) ** 2.0).named("L")

    def by_hand(values: dict[str, np.ndarray]) -> np.ndarray:
        guess = X @ values["w"]
        guess = guess if activation is not bl.sigmoid else 1 / (1 + np.exp(-guess))
        return -2 * ((y - guess) * factor(guess)) @ X

    compared = bl.compare_derivatives(loss, manual={"w": by_hand})
    assert compared.agrees
    assert [row.method for row in compared.rows if row.values] == [
        *("by hand", "symbolic", "numerical", "forward mode", "reverse mode")
    ]


def test_D16_the_derivative_as_a_formula_in_text_and_latex() -> None:
    θ, x = bl.parameter(3.0, name="θ"), bl.input("x")
    compared = bl.compare_derivatives(bl.square(1.0 - bl.sigmoid(θ * x)).named("L"), {"x": 0.5})
    assert "= -2 · x · σ(x · θ) · (1 - σ(x · θ))²" in lines(compared)
    formula = r"-2 x \sigma\left(x \theta\right) \left(1 - \sigma\left(x \theta\right)\right)^{2}"
    assert rf"\frac{{\partial L}}{{\partial \theta}} &= {formula}" in lines(compared.latex())
    σ = 1 / (1 + math.exp(-1.5))
    assert float(compared["symbolic"].values["θ"]) == pytest.approx(-2 * 0.5 * σ * (1 - σ) ** 2, rel=1e-12)
    assert compared.agrees


def test_D17_the_error_against_the_step_has_its_minimum_where_the_lecture_says() -> None:
    x = bl.input("x")
    compared = bl.compare_derivatives(bl.exp(bl.sin(x)), {"x": 1.3})
    forward, central = compared.step_errors.best
    assert 1e-10 < forward < 1e-6
    assert 1e-7 < central < 1e-3


def test_D19_edge_weights_multiply_along_a_path_and_add_over_paths() -> None:
    x = bl.parameter(0.5, name="x")
    g1, g2 = bl.sin(x).named("g1"), bl.exp(x).named("g2")
    run = bl.trace((g1 * g2).named("y"))
    paths = run.paths("x", "y")
    assert {path.names for path in paths} == {("x", "g1", "y"), ("x", "g2", "y")}
    assert sum(path.product for path in paths) == pytest.approx(run["x"].grad, rel=1e-12)
    told = run.explain("x")
    assert sum(part.product for part in told.contributions) == pytest.approx(told.gradient, rel=1e-12)


def test_D20_a_distributed_chain_rule_adds_a_term_for_every_way() -> None:
    x = bl.parameter(0.3, name="x")
    ways = [function(x).named(f"g{i}") for i, function in enumerate((bl.sin, bl.exp, bl.tanh, bl.square), start=1)]
    run = bl.trace((ways[0] * ways[1] + ways[2] * ways[3]).named("y"))
    told = run.explain("x")
    assert sorted(part.consumer for part in told.contributions) == ["g1", "g2", "g3", "g4", "g4"], (
        "a square uses x twice"
    )
    slope = math.cos(0.3) * math.exp(0.3) + math.sin(0.3) * math.exp(0.3)
    slope += (1 - math.tanh(0.3) ** 2) * 0.09 + math.tanh(0.3) * 0.6
    assert told.gradient == pytest.approx(slope, rel=1e-12)
    assert sum(part.product for part in told.contributions) == pytest.approx(slope, rel=1e-12)
    assert run.paths("x").gradient == pytest.approx(slope, rel=1e-12)


def test_D22_softmax_element_by_element() -> None:
    z = bl.parameter([1.0, 2.0, 3.0], name="z")
    y = bl.softmax(z).named("y")
    run = bl.trace((bl.constant([0.2, -1.0, 0.5]) * y)[0] + y[2])
    p = np.exp(z.value) / np.exp(z.value).sum()
    for i in range(3):
        told = run.explain(f"z[{i}]")
        locals_ = {part.consumer: part.local for part in told.contributions}
        jacobian = [p[j] * ((i == j) - p[i]) for j in range(3)]
        assert [locals_[f"y[{j}]"] for j in range(3)] == pytest.approx(jacobian, rel=1e-9)
        assert told.contributions[0].rule.startswith("of softmax: y_j · (δ_ij - y_i)")


def test_D23_shapes_of_values_and_gradients_are_told() -> None:
    W, y = bl.parameter(np.ones((3, 4)), name="W"), bl.input("y", shape=(2, 3))
    run = bl.trace(bl.sum(y @ W).named("Div"), {"y": np.ones((2, 3))})
    told = run.explain("W")
    assert told.value.shape == told.gradient.shape == (3, 4)
    assert told.contributions[0].local_formula == "yᵀ", "∇_W Div = yᵀ · ∇_z"
    assert run.explain("y").contributions[0].local_formula == "Wᵀ"


def test_D3_D24_the_gradient_of_the_input_of_a_net() -> None:
    model = bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.Tanh(), bl.nn.Linear(3, 1))
    x = bl.input("x", shape=(1, 2))
    run = bl.trace(bl.sum(model(x)).named("y"), {"x": [[0.4, -0.7]]})
    w1, b1, w2 = model[0].weight.value, model[0].bias.value, model[2].weight.value
    by_hand = w1 @ ((1 - np.tanh(np.array([0.4, -0.7]) @ w1 + b1) ** 2) * w2[:, 0])
    for i in (0, 1):
        assert run.explain(f"x[0,{i}]").gradient == pytest.approx(by_hand[i], rel=1e-12)


def test_D29_every_value_on_the_way_from_the_local_derivatives() -> None:
    x = bl.input("x")
    z1 = (2.0 * x).named("z1")
    y1 = bl.sigmoid(z1).named("y1")
    z2 = (y1 * x).named("z2")
    y2 = bl.tanh(z2).named("y2")
    run = bl.trace((y2 * y2 + y1 * z1 + x).named("D"), {"x": 0.4})
    v1, s1 = 0.8, 1 / (1 + math.exp(-0.8))
    v2 = math.tanh(s1 * 0.4)
    dy2 = 2 * v2
    dz2 = dy2 * (1 - v2**2)
    dy1 = v1 + dz2 * 0.4
    dz1 = s1 + dy1 * s1 * (1 - s1)
    for name, slope in {"y2": dy2, "z2": dz2, "y1": dy1, "z1": dz1, "x": 2 * dz1 + dz2 * s1 + 1}.items():
        told = run.explain(name)
        assert told.gradient == pytest.approx(slope, rel=1e-12)
        assert sum(part.product for part in told.contributions) == pytest.approx(slope, rel=1e-12)


def test_D26_a_product_of_values_passes_to_each_the_other() -> None:
    a, b = bl.parameter([2.0, 3.0], name="a"), bl.parameter([5.0, 7.0], name="b")
    run = bl.trace(bl.sum((a * b).named("o")).named("Div"))
    part = run.explain("a[1]").contributions[0]
    assert (part.consumer, part.local_formula, part.local) == ("o[1]", "b[1]", 7.0)


def test_D26_an_lstm_cell_is_told_down_to_its_gates() -> None:
    rng = np.random.default_rng(0)
    x, h, c = bl.input("x", shape=(1, 2)), bl.input("h", shape=(1, 3)), bl.input("c", shape=(1, 3))
    shapes = {"W": (2, 12), "U": (3, 12), "b": (12,)}
    weights = [bl.parameter(rng.normal(size=shape), name=name) for name, shape in shapes.items()]
    hidden, memory = lstm_cell(x, h, c, *weights)
    loss = (bl.sum(hidden) + bl.sum(memory)).named("L")
    at = {"x": [[0.5, -1.0]], "h": [[0.1, 0.2, 0.3]], "c": [[1.0, -1.0, 0.5]]}
    run = bl.trace(loss, at)
    for name in ("x[0,1]", "h[0,2]", "c[0,0]"):
        told = run.explain(name)
        total = sum(part.product for part in told.contributions) + told.omitted_sum
        assert total == pytest.approx(told.gradient, rel=1e-12)


@pytest.mark.parametrize(("preset", "slope"), [("backlit", 0.0), ("lectures", 1.0)])
def test_D27_a_kink_is_told_with_the_slope_that_was_taken(preset: str, slope: float) -> None:
    z = bl.parameter(0.0, name="z")
    with bl.subgradients(preset):
        run = bl.trace(bl.relu(z).named("a"))
        told = run.explain("z")
        assert told.gradient == slope
        assert told.notes == (
            f"z stands on a kink of relu (z = 0: any slope from 0 to 1); the slope taken here is {slope:g}",
        )
    assert [kink.name for kink in run.kinks] == ["a"]


def test_T2_the_update_is_told_with_its_numbers() -> None:
    θ, x = bl.parameter(3.0, name="θ"), bl.input("x")
    loss = (θ * x + θ * θ * x * x).named("L")
    run = bl.trace(loss, {"x": -2.0}, updates=bl.optim.SGD(0.1).updates(loss, {"θ": θ}))
    told = run.explain("θ")
    assert (float(run["L"].value), told.gradient) == (30.0, 22.0)
    assert told.update[-1].numbers == "3 - 0.1 · 22"
    assert told.update[-1].value == pytest.approx(0.8)
    assert float(θ.value) == 3.0, "a trace changes nothing"


def test_T14_the_three_phases_one_node_at_a_time() -> None:
    w = bl.parameter(2.0, name="w")
    loss = (bl.square(w * bl.input("x")) * 0.5).named("L")
    run = bl.trace(loss, {"x": 3.0}, updates=bl.optim.SGD(0.1).updates(loss, {"w": w}))
    phases = [step.phase for step in run.steps]
    assert phases == ["forward"] * 3 + ["backward"] * 3 + ["update"]
    assert all(a.number + 1 == b.number for a, b in pairwise(run.steps))
    assert [step.name for step in run.steps][:3] == [step.name for step in run.steps][5:2:-1]


def test_T9_the_softmax_example_with_cross_entropy() -> None:
    scores = bl.parameter([3.2, 5.1, -1.7], name="scores")
    loss = bl.losses.cross_entropy(bl.expand_dims(scores, 0), bl.constant([0])).named("loss")
    run = bl.trace(loss)
    assert float(run["loss"].value) == pytest.approx(2.0404, abs=5e-5)
    gradients = [run.explain(f"scores[{i}]").gradient for i in range(3)]
    assert gradients == pytest.approx([-0.870017, 0.869050, 0.000968], abs=1e-6)


def test_N1_the_neuron_with_its_numbers() -> None:
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ = [bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)]]
    z = (x1 * θ[0] + x2 * θ[1] + θ[2]).named("z")
    run = bl.trace(bl.sigmoid(z).named("f"), {"x1": 3.0, "x2": -2.0})
    wanted = {"θ1": 0.135530, "θ2": -0.090353, "θ3": 0.045177, "x1": 0.180707, "x2": 0.225883}
    assert {name: run.explain(name).gradient for name in wanted} == pytest.approx(wanted, abs=1e-6)
    told = lines(run.explain("z"))
    assert "f = σ(z) = σ(3) = 0.952574" in lines(run.explain("f"))
    assert "local     ∂f/∂z = f · (1 - f) = 0.0451767    of the sigmoid: σ · (1 - σ)" in told
