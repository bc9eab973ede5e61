"""Section 4 of the lectures' rows: derivatives and backpropagation (D1 to D29, words and pictures apart)."""

import itertools
import math

import numpy as np
import pytest

import backlit as bl
from backlit.autodiff import Edge, backpropagate, stored_values
from backlit.graph import extract


@pytest.fixture(autouse=True)
def _float64() -> object:
    with bl.precision("float64"):
        yield


def value(node: bl.Node, **at: object) -> np.ndarray:
    return node.evaluate(at)


def test_D1_all_six_numbers_each_as_local_times_upstream() -> None:
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    f1, f2 = x1 * θ1, x2 * θ2
    f3 = f1 + f2
    f4 = f3 + θ3
    walk = backpropagate([f4], [bl.constant(1.0)], [θ1, θ2, θ3, x1, x2])
    at = {"x1": 3.0, "x2": -2.0}
    expected = {θ3: 1.0, θ2: -2.0, θ1: 3.0, x1: 4.0, x2: 5.0}
    assert {node: float(value(walk.gradients[node], **at)) for node in expected} == expected
    assert float(value(walk.gradients[f4], **at)) == 1.0, "the incoming gradient of the last node is 1"
    assert float(value(walk.contributions[Edge(f1, 1)], **at)) == 3.0, "x1, the local derivative, times 1 from above"


def test_D2_what_if_a_parameter_changes() -> None:
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = bl.parameter(4.0), bl.parameter(5.0), bl.parameter(1.0)
    f = (x1 * θ1 + x2 * θ2) + θ3
    run = bl.compile([x1, x2], [f, *bl.grad(f, [θ1, θ2])])
    before, d1, d2 = run(3.0, -2.0)
    θ1.value = 6.0
    assert run(3.0, -2.0)[0] == 9.0 == before + 2 * d1, "the linear prediction is exact: there is no non-linearity"
    θ1.value, θ2.value = 4.0, 8.0
    assert run(3.0, -2.0)[0] == -3.0 == before + 3 * d2


def test_D3_gradients_of_inputs_come_when_asked_for() -> None:
    x, θ = bl.input("x"), bl.parameter(4.0, name="θ")
    f = x * θ
    assert θ in backpropagate([f], [bl.constant(1.0)], [θ]).gradients
    assert x not in backpropagate([f], [bl.constant(1.0)], [θ]).gradients, "not asked for, not computed"
    assert float(value(bl.grad(f, x), x=3.0)) == 4.0


def test_D5_a_node_may_itself_be_a_graph() -> None:
    x = bl.input("x")
    with bl.scope("node"):
        inner = bl.exp(bl.sin(x))
    outer = inner * inner
    node = extract(bl.Graph([x], [outer]), "node")
    upstream = bl.grad(outer, inner)
    alone = bl.grad(node.outputs[0], node.inputs[0])
    product = float(value(upstream, x=0.7)) * float(value(alone, x=0.7))
    assert product == pytest.approx(float(value(bl.grad(outer, x), x=0.7)), rel=1e-14)


def test_D4_a_single_node_gives_its_parameters_first_and_then_passes_on() -> None:
    x, θ = bl.input("x"), bl.parameter(2.0)
    f = bl.tanh(θ * x)
    upstream = bl.input("upstream")
    dθ, dx = bl.vjp(f, [θ, x], upstream)
    slope = 1 - math.tanh(2.0 * 0.3) ** 2
    assert float(value(dθ, x=0.3, upstream=5.0)) == pytest.approx(0.3 * slope * 5.0)
    assert float(value(dx, x=0.3, upstream=5.0)) == pytest.approx(2.0 * slope * 5.0)


def three_neurons(x: bl.Node) -> tuple[bl.Node, dict[str, bl.Parameter]]:
    given = {"w11": 0.4, "b11": -5.9, "w12": -0.6, "b12": 5.2, "w21": -1.0, "w22": -1.0, "b21": 5.1}
    p = {name: bl.parameter(number, name=name) for name, number in given.items()}
    y = p["b21"] + p["w21"] * bl.relu(p["b11"] + p["w11"] * x) + p["w22"] * bl.relu(p["b12"] + p["w12"] * x)
    return y, p


@pytest.mark.parametrize("hour", [2.0, 11.0, 20.0])
def test_D6_the_partial_derivatives_of_the_three_neuron_net_are_the_chains_of_the_slides(hour: float) -> None:
    x = bl.input("x")
    y, p = three_neurons(x)
    program = bl.compile([x], list(bl.grad(y, p).values()))
    slopes = dict(zip(p, map(float, program(hour)), strict=True))
    for j in ("1", "2"):
        z = p[f"b1{j}"].value + p[f"w1{j}"].value * hour
        step = float(z > 0)
        assert slopes[f"w2{j}"] == pytest.approx(max(z, 0.0))
        assert slopes[f"w1{j}"] == pytest.approx(p[f"w2{j}"].value * step * hour)
        assert slopes[f"b1{j}"] == pytest.approx(p[f"w2{j}"].value * step)
    assert slopes["b21"] == 1.0


def test_D7_a_vector_step_is_a_sum_over_paths() -> None:
    x = bl.input("x", shape=(3,))
    w1, w2, w3 = (bl.parameter(np.random.default_rng(i).normal(size=s)) for i, s in enumerate([(3, 3), (3, 2), (2, 1)]))
    a1 = bl.sigmoid(x @ w1)
    a2 = bl.sigmoid(a1 @ w2)
    z3 = (a2 @ w3)[0]
    at = np.array([0.2, -0.4, 0.9])
    total = bl.grad(z3, a1).evaluate({"x": at})
    s1 = 1 / (1 + np.exp(-at @ w1.value))
    s2 = 1 / (1 + np.exp(-s1 @ w2.value))
    paths = np.stack([w2.value[:, j] * s2[j] * (1 - s2[j]) * w3.value[j, 0] for j in range(2)])
    np.testing.assert_allclose(total, paths.sum(axis=0), rtol=1e-12)


def width_one_net(layers: int) -> tuple[bl.Node, list[bl.Parameter]]:
    a: bl.Node = bl.input("x")
    weights = [bl.parameter(0.5 + 0.01 * i) for i in range(layers)]
    for w in weights:
        a = bl.sigmoid(w * a)
    return a, weights


@pytest.mark.parametrize(("layers", "naive", "reuse"), [(5, 30, 14), (50, 2550, 149)])
def test_D8_D9_going_backwards_reuses_what_going_forwards_repeats(layers: int, naive: int, reuse: int) -> None:
    output, weights = width_one_net(layers)
    walk = backpropagate([output], [bl.input("upstream")], weights)
    assert len(walk.contributions) == reuse == 3 * layers - 1, "one multiplication an edge"
    factors = [len(path_to(output, weight)) for weight in weights]
    assert sum(factors) == naive == layers * (layers + 1), "each derivative alone, edge by edge from the top"


def path_to(output: bl.Node, source: bl.Node) -> list[Edge]:
    """List the edges on the only path from an output down to a source."""
    walk = backpropagate([output], [bl.input("upstream")], [source])
    return list(walk.contributions)


def test_D8_the_derivatives_of_the_width_one_net_are_right() -> None:
    output, weights = width_one_net(5)
    assert bl.check_gradients(output, {"x": 0.8}).agrees
    assert len(bl.grad(output, weights)) == 5


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: bl.nn.Linear(3, 2, rng=0), (4, 3)),
        (lambda: bl.nn.Neuron(3, bl.nn.Sigmoid(), rng=0), (4, 3)),
        (lambda: bl.nn.Sequential(bl.nn.Linear(3, 2, rng=0), bl.nn.Tanh()), (4, 3)),
        (lambda: bl.nn.Residual(bl.nn.Linear(3, 3, rng=0)), (4, 3)),
        (lambda: bl.nn.LayerNorm(3), (4, 3)),
        (bl.nn.PReLU, (4, 3)),
        (bl.nn.GELU, (4, 3)),
        (bl.nn.Softmax, (4, 3)),
        (lambda: bl.nn.ThreeNeuron(rng=0), (4,)),
    ],
)
def test_D10_every_layer_takes_the_gradient_of_its_output_to_its_input_and_its_parameters(
    layer: object, shape: tuple[int, ...]
) -> None:
    """The shared test of the interface: z_out = f(z_in, θ); given ∂J/∂z_out, return ∂J/∂z_in and ∂J/∂θ."""
    module, rng = layer(), np.random.default_rng(1)
    z_in = bl.input("z_in", shape=shape)
    z_out = module(z_in)
    upstream, at = rng.normal(size=z_out.shape), rng.normal(size=shape)
    sources = {"z_in": z_in, **module.parameters()}
    for name, gradient in bl.vjp(z_out, sources, upstream).items():
        expected = bl.numerical_gradient(bl.sum(z_out * bl.constant(upstream)), sources[name], {"z_in": at})
        assert gradient.shape == sources[name].shape
        np.testing.assert_allclose(value(gradient, z_in=at), expected, rtol=1e-6, atol=1e-8, err_msg=name)


def test_D11_the_simple_example() -> None:
    x, y, z = bl.input("x"), bl.input("y"), bl.input("z")
    q = (x + y).named("q")
    f = (q * z).named("f")
    walk = backpropagate([f], [bl.constant(1.0)], [x, y, z])
    numbers = {"x": -2.0, "y": 5.0, "z": -4.0}
    assert (float(value(q, **numbers)), float(value(f, **numbers))) == (3.0, -12.0)
    assert float(value(walk.gradients[z], **numbers)) == 3.0
    assert [float(value(walk.gradients[n], **numbers)) for n in (q, x, y)] == [-4.0, -4.0, -4.0]


def test_D12_the_jacobian_of_a_linear_layer_is_its_weight_matrix() -> None:
    weight = bl.parameter(np.arange(6.0).reshape(2, 3))
    h = bl.input("h", shape=(3,))
    np.testing.assert_array_equal(value(bl.jacobian(weight @ h, h), h=[1.0, 2.0, 3.0]), weight.value)
    row = bl.jacobian((weight @ h)[1], weight)
    np.testing.assert_array_equal(value(row, h=[1.0, 2.0, 3.0]), [[0, 0, 0], [1, 2, 3]])


def test_D13_what_the_backward_pass_needs_is_stored_and_listed() -> None:
    x, w = bl.input("x", shape=(4, 3)), bl.parameter(np.ones((3, 2)), name="w")
    z = (x @ w).named("z")
    loss = bl.sum(bl.relu(z) * bl.tanh(z).named("a"))
    kept = {row.node.name: row for row in stored_values([loss], [bl.grad(loss, w)])}
    assert {"x", "z", "a"} <= set(kept)
    assert "w" not in kept, "the input is not asked for, so the weights are not needed on the way back"
    assert kept["z"].bytes == 4 * 2 * 8
    assert "read by" in str(kept["z"])


def regression() -> tuple[bl.Parameter, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return bl.parameter(rng.normal(size=3), name="w"), rng.normal(size=(7, 3)), rng.normal(size=7)


def test_D14_manual_differentiation_of_linear_regression() -> None:
    w, x, y = regression()
    loss = bl.sum((bl.constant(y) - bl.constant(x) @ w) ** 2.0)
    δ = y - x @ w.value
    np.testing.assert_allclose(bl.grad(loss, w).evaluate(), -2 * (δ @ x), rtol=1e-12)
    old = w.value.copy()
    bl.compile(outputs=loss, updates={w: w - 0.01 * bl.grad(loss, w)})()
    np.testing.assert_allclose(w.value, old + 2 * 0.01 * (δ @ x), rtol=1e-12)


def test_D15_manual_differentiation_with_a_sigmoid() -> None:
    w, x, y = regression()
    loss = bl.sum((bl.constant(y) - bl.sigmoid(bl.constant(x) @ w)) ** 2.0)
    σ = 1 / (1 + np.exp(-x @ w.value))
    old, δ = w.value.copy(), y - σ
    bl.compile(outputs=loss, updates={w: w - 0.1 * bl.grad(loss, w)})()
    np.testing.assert_allclose(w.value, old + 2 * 0.1 * ((δ * σ * (1 - σ)) @ x), rtol=1e-12)


def test_D17_numerical_differentiation_forward_and_central() -> None:
    x = bl.input("x")
    loss = bl.sin(x) * x
    exact = math.sin(1.2) + 1.2 * math.cos(1.2)
    assert float(bl.numerical_gradient(loss, x, {"x": 1.2})) == pytest.approx(exact, rel=1e-9)
    assert float(bl.numerical_gradient(loss, x, {"x": 1.2}, method="forward")) == pytest.approx(exact, rel=1e-6)
    slopes = [float(bl.numerical_gradient(loss, x, {"x": 1.2}, method="forward", step=h)) for h in (1e-1, 1e-2, 1e-3)]
    errors = [abs(slope - exact) for slope in slopes]
    assert errors[0] > errors[1] > errors[2], "the derivative is the limit as h goes to 0"


def test_D18_reverse_and_forward_mode_agree() -> None:
    x = bl.input("x", shape=(3,))
    y = bl.sum(bl.exp(bl.sin(x)) * x[0])
    at, direction = [0.1, 0.7, -0.4], np.array([1.0, -2.0, 0.5])
    forward = value(bl.jvp(y, x, direction), x=at)
    np.testing.assert_allclose(forward, value(bl.grad(y, x), x=at) @ direction, rtol=1e-12)


def test_D20_the_distributed_chain_rule_adds_over_paths() -> None:
    x = bl.input("x")
    g1, g2 = bl.sin(x), x * x
    y = bl.exp(g1) * g2
    walk = backpropagate([y], [bl.constant(1.0)], [x])
    parts = [back for edge, back in walk.contributions.items() if edge.argument is x]
    total = sum(float(value(part, x=0.6)) for part in parts)
    assert total == pytest.approx(float(value(walk.gradients[x], x=0.6)), rel=1e-14)
    assert total == pytest.approx(math.exp(math.sin(0.6)) * (math.cos(0.6) * 0.36 + 1.2))


def test_D21_D28_the_loops_of_the_slides_equal_the_engine() -> None:
    """Forward and backward pass in plain Python loops, scalar activations, softmax as the vector activation on top."""
    rng = np.random.default_rng(3)
    sizes = [4, 5, 3]
    weights = [rng.normal(size=(a, b)) for a, b in itertools.pairwise(sizes)]
    x, target = rng.normal(size=4), 1
    ys, zs = [list(x)], []
    for k, w in enumerate(weights):
        z = [sum(ys[-1][i] * w[i, j] for i in range(w.shape[0])) for j in range(w.shape[1])]
        zs.append(z)
        if k == len(weights) - 1:
            powers = [math.exp(number) for number in z]
            ys.append([power / sum(powers) for power in powers])
        else:
            ys.append([1 / (1 + math.exp(-number)) for number in z])
    dy = [-1 / ys[-1][j] if j == target else 0.0 for j in range(3)]
    gradients = []
    for k in reversed(range(len(weights))):
        y = ys[k + 1]
        if k == len(weights) - 1:
            dz = [sum(dy[j] * y[i] * ((i == j) - y[j]) for j in range(len(y))) for i in range(len(y))]
        else:
            dz = [dy[j] * y[j] * (1 - y[j]) for j in range(len(y))]
        gradients.insert(0, [[ys[k][i] * dz[j] for j in range(len(dz))] for i in range(len(ys[k]))])
        dy = [sum(weights[k][i, j] * dz[j] for j in range(len(dz))) for i in range(len(ys[k]))]

    w1, w2 = (bl.parameter(w) for w in weights)
    loss = -bl.log(bl.softmax(bl.sigmoid(bl.constant(x) @ w1) @ w2)[target])
    for ours, theirs in zip(bl.grad(loss, [w1, w2]), gradients, strict=True):
        np.testing.assert_allclose(ours.evaluate(), theirs, rtol=1e-12)


def test_D22_the_derivative_of_softmax() -> None:
    z = bl.input("z", shape=(4,))
    at = np.array([0.3, -1.2, 2.0, 0.7])
    y = value(bl.softmax(z), z=at)
    jacobian = value(bl.jacobian(bl.softmax(z), z), z=at)
    np.testing.assert_allclose(jacobian, np.diag(y) - np.outer(y, y), atol=1e-15)
    np.testing.assert_allclose(jacobian, jacobian.T, atol=1e-15)
    np.testing.assert_allclose(jacobian.sum(axis=1), 0.0, atol=1e-15)


def test_D23_the_vector_formulation() -> None:
    """Our gradients have the shape of the variable; the derivative of the slides is their transpose."""
    W, b = bl.parameter(np.arange(6.0).reshape(2, 3)), bl.parameter(np.ones(2))
    y = bl.input("y", shape=(3,))
    z = W @ y + b
    upstream = np.array([2.0, -1.0])
    dW, db, dy = (gradient.evaluate({"y": [1.0, 0.5, -2.0]}) for gradient in bl.vjp(z, [W, b, y], upstream))
    np.testing.assert_allclose(dy, upstream @ W.value)
    np.testing.assert_allclose(db, upstream)
    derivative = np.outer([1.0, 0.5, -2.0], upstream)
    assert derivative.shape == W.shape[::-1], "the derivative has the transposed shape of the variable"
    np.testing.assert_allclose(dW, derivative.T)


def test_D24_the_derivative_with_respect_to_the_input() -> None:
    x = bl.input("x", shape=(2,))
    slope = bl.grad(bl.sum(bl.parameter([[1.0, 2.0], [3.0, 4.0]]) @ x), x)
    np.testing.assert_array_equal(slope.evaluate({"x": [0.0, 0.0]}), [4.0, 6.0])


def test_D25_the_order_of_the_chain_rule_shows_in_the_shapes() -> None:
    """Poll 4: the derivative of F(G(H(x))) is ∇F · ∇G · ∇H, outer first; another order does not even have a product."""
    rng = np.random.default_rng(1)
    x = bl.input("x", shape=(2,))
    h = bl.tanh(bl.parameter(rng.normal(size=(3, 2))) @ x)
    g = bl.exp(bl.parameter(rng.normal(size=(4, 3))) @ h)
    f = bl.sin(bl.parameter(rng.normal(size=(5, 4))) @ g)
    at = [0.3, -0.2]
    run = bl.compile([x], [bl.jacobian(f, g), bl.jacobian(g, h), bl.jacobian(h, x), bl.jacobian(f, x)])
    df, dg, dh, whole = run(at)
    np.testing.assert_allclose(df @ dg @ dh, whole, rtol=1e-12)
    with pytest.raises(ValueError, match="mismatch"):
        dh @ dg


def test_D26_multiplicative_networks() -> None:
    y = bl.input("y", shape=(3,))
    o = y[0] * y[2]
    np.testing.assert_array_equal(value(bl.grad(o, y), y=[2.0, 9.0, 5.0]), [5.0, 0.0, 2.0])
    rng = np.random.default_rng(0)

    def p(*shape: int) -> bl.Parameter:
        return bl.parameter(rng.normal(size=shape))

    x, h, c = p(2, 3), p(2, 4), p(2, 4)
    hidden, memory = bl.nn.lstm_cell(x, h, c, p(3, 16), p(4, 16), p(16))
    assert bl.check_gradients(bl.sum(hidden * memory)).agrees
    assert bl.check_gradients(bl.nn.gru_cell(x, h, p(3, 12), p(4, 12), p(12))).agrees
    assert bl.check_gradients(bl.nn.attention(p(5, 4), p(6, 4), p(6, 3))).agrees


def test_D27_subgradients_are_chosen_and_hold_their_inequality() -> None:
    x = bl.input("x")
    points = np.linspace(-2, 2, 41)
    for slope in (0.0, 0.25, 1.0):
        with bl.subgradients(relu=slope):
            v = float(bl.grad(bl.relu(x), x).evaluate({"x": 0.0}))
        assert v == slope
        assert np.all(np.maximum(points, 0) >= v * points)
    z = bl.input("z", shape=(3,))
    assert bl.grad(bl.max(z), z).evaluate({"z": [1.0, 2.0, 3.0]}).tolist() == [0.0, 0.0, 1.0], "poll 3"


def test_D29_the_extended_chain_rule() -> None:
    """D(x, z1, y1, z2, y2): the derivative with respect to each follows from the local ones."""
    x = bl.input("x")
    z1 = (2.0 * x).named("z1")
    y1 = bl.sigmoid(z1).named("y1")
    z2 = (y1 * x).named("z2")
    y2 = bl.tanh(z2).named("y2")
    d = y2 * y2 + y1 * z1 + x
    walk = backpropagate([d], [bl.constant(1.0)], [x])
    run = bl.compile([x], [walk.gradients[n] for n in (y2, z2, y1, z1, x)])
    a = 0.4
    v1 = 2 * a
    s1 = 1 / (1 + math.exp(-v1))
    v2 = s1 * a
    t2 = math.tanh(v2)
    dy2 = 2 * t2
    dz2 = dy2 * (1 - t2**2)
    dy1 = dz2 * a + v1
    dz1 = dy1 * s1 * (1 - s1) + s1
    dx = dz1 * 2 + dz2 * s1 + 1
    np.testing.assert_allclose([float(v) for v in run(a)], [dy2, dz2, dy1, dz1, dx], rtol=1e-14)
