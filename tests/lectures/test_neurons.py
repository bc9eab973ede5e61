"""Section 2 of the lectures' rows: neurons, layers, notation, counting (N1 to N15)."""

import itertools
import math

import numpy as np
import pytest

import backlit as bl
from backlit.errors import TrainingError


@pytest.fixture(autouse=True)
def _float64() -> object:
    with bl.precision("float64"):
        yield


TRAFFIC = {"w11": 0.4, "b11": -5.9, "w12": -0.6, "b12": 5.2, "w21": -1.0, "w22": -1.0, "b21": 5.1}


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def randomised(model: bl.nn.Module, seed: int = 0) -> bl.nn.Module:
    """Give every parameter, biases too, a random value."""
    rng = np.random.default_rng(seed)
    for parameter in model.parameters().values():
        parameter.value = rng.normal(size=parameter.shape)
    return model


def test_N1_a_neuron_with_a_sigmoid_and_its_gradients() -> None:
    neuron = bl.nn.Neuron(2, bl.nn.Sigmoid())
    neuron.weight.value, neuron.bias.value = [4.0, 5.0], 1.0
    x = bl.input("x", shape=(2,))
    y = neuron(x)
    at = {"x": [3.0, -2.0]}
    assert float(y.evaluate(at)) == pytest.approx(0.952574, abs=1e-6)
    assert float(y.evaluate(at)) == pytest.approx(1 / (1 + math.exp(-3.0)), rel=1e-12)
    dw, db, dx = (gradient.evaluate(at) for gradient in bl.grad(y, [neuron.weight, neuron.bias, x]))
    np.testing.assert_allclose([*dw, db], [0.135530, -0.090353, 0.045177], atol=1e-6)
    np.testing.assert_allclose(dx, [0.180707, 0.225883], atol=1e-6)


def test_N2_one_class_three_settings() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    expected = {
        "perceptron": (bl.nn.HardThreshold(), lambda z: (z >= 0).astype(float)),
        "logistic regression": (bl.nn.Sigmoid(), sigmoid),
        "linear regression": (bl.nn.Identity(), lambda z: z),
    }
    for method, (activation, g) in expected.items():
        neuron = bl.nn.Neuron(3, activation, rng=1)
        neuron.bias.value = 0.3
        assert neuron.method == method
        np.testing.assert_allclose(neuron.predict(x), g(x @ neuron.weight.value + 0.3), rtol=1e-12)


def test_N2_a_perceptron_refuses_to_be_trained_by_gradients_and_says_why() -> None:
    trainer = bl.Trainer(
        bl.nn.Neuron(2, bl.nn.HardThreshold(), rng=0), loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.1)
    )
    with pytest.raises(TrainingError, match="every gradient is 0"):
        trainer.fit((np.ones((4, 2)), np.ones(4)), batch_size=4)


def test_N3_the_three_neuron_network_is_its_formula() -> None:
    model = randomised(bl.nn.ThreeNeuron())
    w1, b1, w2, b2 = (parameter.value for parameter in model.parameters().values())
    x = np.random.default_rng(1).normal(scale=3.0, size=1000)
    expected = b2[0] + sum(w2[j, 0] * np.maximum(0.0, b1[j] + w1[0, j] * x) for j in range(2))
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-9, atol=1e-12)


def test_N4_the_traffic_example() -> None:
    model = bl.nn.ThreeNeuron.with_weights(**TRAFFIC)
    np.testing.assert_allclose(model.predict([0.0, 5.0, 20.0, 24.0]), [-0.1, 2.9, 3.0, 1.4], rtol=1e-9)
    notes = bl.nn.notation(model)
    kinks = sorted(-notes.b[1, j] / notes.w[1, j, 1] for j in (1, 2))
    np.testing.assert_allclose(kinks, [26 / 3, 14.75], rtol=1e-9)
    assert kinks[0] == pytest.approx(8.6667, abs=5e-5)
    np.testing.assert_allclose(model.predict(np.linspace(kinks[0], kinks[1], 50)), 5.1, rtol=1e-9)
    x = bl.input("x")
    slope = bl.compile([x], bl.grad(model(x), x))
    left, middle, right = (float(slope(hour)) for hour in (kinks[0] - 1e-6, 11.0, kinks[1] + 1e-6))
    assert (left, middle, right) == pytest.approx((0.6, 0.0, -0.4), rel=1e-9), "the slope changes at the kinks only"


def noon_is_zero(hours: np.ndarray, rng: object = None) -> np.ndarray:
    """Bring the hours of a day to a range of -1 to 1."""
    return hours / 12.0 - 1.0


def with_kinks_at(first: float, second: float, slopes: tuple[float, float], **last: float) -> bl.nn.ThreeNeuron:
    """Build the three neurons on hours counted from -1 to 1; kinks are given in hours."""
    kinks = [noon_is_zero(hour) for hour in (first, second)]
    biases = {f"b1{j}": -slope * kink for j, (slope, kink) in enumerate(zip(slopes, kinks, strict=True), start=1)}
    return bl.nn.ThreeNeuron.with_weights(w11=slopes[0], w12=slopes[1], **biases, **last)


ADAM = bl.optim.Adam(bl.optim.CosineDecay(0.05, steps=800))


def error_after_training(
    model: bl.nn.Module, data: bl.data.Dataset, optimizer: bl.optim.Optimizer = ADAM, epochs: int = 800
) -> float:
    trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=optimizer)
    trainer.fit(data, epochs=epochs, batch_size=48)
    return trainer.evaluate(data)["loss"]


def test_N5_quadratic_features_against_three_neurons() -> None:
    day = bl.data.air_traffic().map(noon_is_zero)
    hours, flights = (np.asarray(column, dtype=float) for column in (day.inputs, day.targets))

    quadratic = bl.nn.Linear(2, 1, rng=0)
    assert bl.nn.layers_counted(quadratic) == 1
    assert quadratic.parameter_count == 3, "w1, w2, b"
    downhill = bl.optim.SGD(0.3, momentum=0.9)
    found = error_after_training(quadratic, day.map(bl.data.QuadraticFeatures()), downhill, epochs=200)
    columns = np.hstack([hours, hours**2, np.ones_like(hours)])
    best = np.mean((columns @ np.linalg.lstsq(columns, flights, rcond=None)[0] - flights) ** 2)
    assert found == pytest.approx(best, rel=1e-6)
    assert found == pytest.approx(1.5544, abs=1e-4)

    # The two hidden neurons as the slides have them, one for the morning and one for the evening.
    bump = with_kinks_at(14.75, 26 / 3, (0.4 * 12, -0.6 * 12), w21=-1.0, w22=-1.0, b21=5.1)
    assert error_after_training(bump, day) == pytest.approx(1.1163, abs=2e-3)
    # Both of them for the morning, where the rise is steep: a deeper valley, whose bottom is at 0.8527.
    rise = with_kinks_at(5.0, 7.0, (40.0, 40.0), w21=1.0, w22=-1.0, b21=0.2)
    assert 0.8526 < error_after_training(rise, day) < 0.95


def three_layers() -> bl.nn.Sequential:
    model = bl.nn.Sequential(
        bl.nn.Linear(3, 3), bl.nn.Sigmoid(), bl.nn.Linear(3, 2), bl.nn.Sigmoid(), bl.nn.Linear(2, 1)
    )
    randomised(model)
    return model


def test_N6_the_three_layer_network_in_the_notation_of_the_lecture() -> None:
    model = three_layers()
    notes = bl.nn.notation(model)
    w, b = notes.w, notes.b
    assert (len(w), len(b), notes.parameter_count, model.parameter_count) == (17, 6, 23, 23)
    assert w[2, 1, 3] == model.parameters()["2.weight"].value[2, 0], "layer 2, output 1, input 3"

    x = {1: 0.4, 2: -1.1, 3: 2.0}
    a1 = {i: sigmoid(b[1, i] + sum(w[1, i, k] * x[k] for k in (1, 2, 3))) for i in (1, 2, 3)}
    a2 = {i: sigmoid(b[2, i] + sum(w[2, i, k] * a1[k] for k in (1, 2, 3))) for i in (1, 2)}
    expected = b[3, 1] + sum(w[3, 1, k] * a2[k] for k in (1, 2))
    assert float(model.predict([list(x.values())])[0, 0]) == pytest.approx(expected, rel=1e-12)


def test_N6_a_parameter_is_written_by_its_indices_too() -> None:
    model = three_layers()
    bl.nn.notation(model).w[2, 1, 3] = 7.0
    assert model.parameters()["2.weight"].value[2, 0] == 7.0


def test_N7_an_affine_map_and_its_activation_are_one_layer_or_two() -> None:
    model = three_layers()
    x = np.random.default_rng(3).normal(size=(4, 3))
    node = bl.input("x", shape=(4, 3))
    one_layer_each = bl.nn.notation(model).forward(node)
    values = bl.compile([node], list(one_layer_each.values()))(x)
    a = x
    two_layers_each = [a := module.predict(a) for _, module in model.stages()]
    names = ["z1", "a1", "z2", "a2", "z3"]
    seen = dict(zip(one_layer_each, values, strict=True))
    for name, value in zip(names, two_layers_each, strict=True):
        np.testing.assert_array_equal(seen[name], value)


def test_N8_the_deep_network_of_width_one_keeps_every_z_and_every_a() -> None:
    parts = [[bl.nn.Linear(1, 1, bias=False), bl.nn.Sigmoid()] for _ in range(5)]
    model = randomised(bl.nn.Sequential(*itertools.chain.from_iterable(parts)))
    assert model.parameter_count == 5
    x = bl.input("x", shape=(1, 1))
    nodes = bl.nn.notation(model).forward(x)
    assert list(nodes) == ["a0", *(f"{letter}{k}" for k in range(1, 6) for letter in "za")]
    values = dict(zip(nodes, bl.compile([x], list(nodes.values()))([[0.8]]), strict=True))
    a = 0.8
    for k in range(1, 6):
        z = bl.nn.notation(model).w[k, 1, 1] * a
        a = sigmoid(z)
        assert float(values[f"z{k}"][0, 0]) == pytest.approx(z, rel=1e-12)
        assert float(values[f"a{k}"][0, 0]) == pytest.approx(a, rel=1e-12)
    assert float(model.predict([[0.8]])[0, 0]) == pytest.approx(a, rel=1e-12)


def test_N9_a_threshold_unit_fires_when_its_weighted_sum_reaches_the_threshold() -> None:
    unit = bl.nn.Neuron(2, bl.nn.HardThreshold())
    unit.weight.value, unit.bias.value = [1.0, 1.0], -1.5
    assert unit.predict([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).tolist() == [0.0, 0.0, 0.0, 1.0]
    assert unit.predict([[0.5, 1.0]]).tolist() == [1.0], "at the threshold it fires"


def test_N10_four_pixels_three_classes() -> None:
    layer = bl.nn.Linear(4, 3)
    layer.weight.value = np.array([[0.2, -0.5, 0.1, 2.0], [1.5, 1.3, 2.1, 0.0], [0.0, 0.25, 0.2, -0.3]]).T
    layer.bias.value = [1.1, 3.2, -1.2]
    x = [[56.0, 231.0, 24.0, 2.0]]
    np.testing.assert_allclose(layer.predict(x)[0], [-96.8, 437.9, 60.75], rtol=1e-9)
    layer.bias.value = [1.1, 3.2, 0.0]
    assert float(layer.predict(x)[0, 2]) == pytest.approx(61.95, rel=1e-9), "the slide's number leaves out the bias"


def test_N11_a_two_layer_network_has_a_second_matrix_of_weights() -> None:
    model = bl.nn.Sequential(
        bl.nn.Linear(4, 3, bias=False), bl.nn.Sigmoid(), bl.nn.Linear(3, 2, bias=False), bl.nn.Sigmoid()
    )
    assert bl.nn.layers_counted(model) == 2, "the input does not count"
    W1, W2 = (parameter.value.T for parameter in model.parameters().values())
    x = np.random.default_rng(2).normal(size=4)
    np.testing.assert_allclose(model.predict(x[None])[0], sigmoid(W2 @ sigmoid(W1 @ x)), rtol=1e-12)


def two_layers_through(points: np.ndarray, heights: np.ndarray) -> bl.nn.Sequential:
    """Build the two-layer network that goes straight from point to point: a hidden neuron for each change of slope."""
    slopes = np.diff(heights) / np.diff(points)
    width = len(slopes)
    model = bl.nn.Sequential(bl.nn.Linear(1, width), bl.nn.ReLU(), bl.nn.Linear(width, 1))
    values = [np.ones((1, width)), -points[:-1], np.diff(slopes, prepend=0.0)[:, None], heights[:1]]
    for parameter, value in zip(model.parameters().values(), values, strict=True):
        parameter.value = value
    return model


def test_N12_the_error_falls_as_the_hidden_layer_grows() -> None:
    x = np.linspace(0.0, 1.0, 2001)
    errors = []
    for width in (4, 8, 16, 32, 64):
        points = np.linspace(0.0, 1.0, width + 1)
        model = two_layers_through(points, np.sin(2 * np.pi * points))
        assert bl.nn.layers_counted(model) == 2
        errors.append(float(np.abs(model.predict(x[:, None])[:, 0] - np.sin(2 * np.pi * x)).max()))
        assert errors[-1] <= (2 * np.pi / width) ** 2 / 8 + 1e-9, "h²/8 times the largest second derivative"
    assert all(later < 0.35 * earlier for earlier, later in itertools.pairwise(errors))


def test_N13_the_input_layer_has_no_weights() -> None:
    x = bl.input("x", shape=(1, 3))
    assert bl.Graph(outputs=[x]).parameters == ()
    notes = bl.nn.notation(three_layers())
    assert str(notes).startswith("layer 0: a0 = x, 3 inputs, no parameters\n")
    assert [layer.number for layer in notes.layers] == [1, 2, 3], "input, two hidden, output"
    assert not any(key[0] == 0 for key in (*notes.w, *notes.b))


def test_N14_the_bias_is_a_weight_of_an_input_that_is_always_one() -> None:
    plain = randomised(bl.nn.Linear(3, 2))
    wide = bl.nn.extended(plain)
    np.testing.assert_array_equal(wide.weight.value, np.vstack([plain.bias.value, plain.weight.value]))
    data = np.random.default_rng(5).normal(size=(7, 3))
    np.testing.assert_allclose(wide.predict(data), plain.predict(data), rtol=1e-12)
    x = bl.constant(data)
    dW, db = bl.grad(bl.sum(bl.tanh(plain(x)) ** 2.0), [plain.weight, plain.bias])
    together = bl.grad(bl.sum(bl.tanh(wide(x)) ** 2.0), wide.weight)
    np.testing.assert_allclose(together.evaluate(), np.vstack([db.evaluate(), dW.evaluate()]), rtol=1e-9)


def test_N14_unit_i_of_one_layer_to_unit_j_of_the_next() -> None:
    """D writes w_ij^(k), from i to j, which is how the matrix is kept; A and B write the output first."""
    model = three_layers()
    weights = [model.parameters()[f"{place}.weight"].value for place in (0, 2, 4)]
    w = bl.nn.notation(model).w
    for k, j, i in w:
        assert w[k, j, i] == weights[k - 1][i - 1, j - 1]


def test_N15_the_affine_part_is_kept_apart_from_the_activation() -> None:
    model = three_layers()
    notes = bl.nn.notation(model)
    nodes = notes.forward(bl.input("x", shape=(1, 3)))
    values = dict(zip(nodes, bl.compile([nodes["a0"]], list(nodes.values()))([[0.1, 0.2, 0.3]]), strict=True))
    for k in (1, 2):
        np.testing.assert_allclose(values[f"a{k}"], sigmoid(values[f"z{k}"]), rtol=1e-12)
        assert f"z{k} = W{k} a{k - 1} + b{k}, a{k} = Sigmoid(z{k})" in str(notes)
    assert nodes["a3"] is nodes["z3"], "no activation: they are the same"
