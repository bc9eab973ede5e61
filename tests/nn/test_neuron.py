"""The neuron in its three settings, and the network of three neurons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, DeadGradientWarning, ShapeError, TrainingError

TRAFFIC = {"w11": 0.4, "b11": -5.9, "w12": -0.6, "b12": 5.2, "w21": -1.0, "w22": -1.0, "b21": 5.1}


def neuron(activation):
    with bl.precision("float64"):
        result = bl.nn.Neuron(2, activation)
    result.weight.value, result.bias.value = [4.0, 5.0], 1.0
    return result


def test_the_sigmoid_neuron_of_the_lecture():
    one = neuron(bl.nn.Sigmoid())
    x = bl.input("x", shape=(2,), dtype="float64")
    y = one(x)
    value, w, b, dx = bl.compile([x], [y, *bl.grad(y, [one.weight, one.bias, x])])([3.0, -2.0])
    assert value == pytest.approx(0.952574, abs=1e-6)
    np.testing.assert_allclose(w, [0.135530, -0.090353], atol=1e-6)
    assert b == pytest.approx(0.045177, abs=1e-6)
    np.testing.assert_allclose(dx, [0.180707, 0.225883], atol=1e-6)


@pytest.mark.parametrize(
    ("activation", "method", "value"),
    [
        (bl.nn.HardThreshold(), "perceptron", 1.0),
        (bl.nn.Sigmoid(), "logistic regression", 1 / (1 + np.exp(-3.0))),
        (bl.nn.Identity(), "linear regression", 3.0),
        (bl.nn.Tanh(), "", np.tanh(3.0)),
    ],
)
def test_one_class_in_three_settings(activation, method, value):
    one = neuron(activation)
    assert one.method == method
    assert one.predict([[3.0, -2.0]]).tolist() == pytest.approx([value])
    assert one.parameter_count == 3


def test_a_perceptron_is_not_trained_by_gradients():
    one = neuron(bl.nn.HardThreshold())
    x = bl.input("x", shape=(5, 2))
    with bl.training(), pytest.raises(TrainingError, match=r"the derivative of its threshold is 0(.|\n)*Sigmoid\(\)"):
        one(x)
    with pytest.warns(DeadGradientWarning, match="nothing upstream of it can learn"):
        bl.grad(bl.losses.squared_error(one(x), np.zeros(5)), one.weight)


def test_what_a_neuron_refuses():
    with pytest.raises(ShapeError, match=r"Neuron\(3\) takes 3 features; received"):
        bl.nn.Neuron(3)(bl.input("x", shape=(5, 2)))
    with pytest.raises(ArgumentError, match=r"Neuron\(activation=\.\.\.\) is a module"):
        bl.nn.Neuron(3, "sigmoid")
    with pytest.raises(ArgumentError, match=r"Neuron\(inputs=\.\.\.\)"):
        bl.nn.Neuron(0)


def test_the_traffic_of_the_lecture():
    with bl.precision("float64"):
        model = bl.nn.ThreeNeuron.with_weights(**TRAFFIC)
    assert model.predict([0.0, 5.0, 20.0, 24.0]).tolist() == pytest.approx([-0.1, 2.9, 3.0, 1.4], abs=1e-12)
    plateau = model.predict(np.linspace(5.2 / 0.6, 14.75, 50))
    np.testing.assert_allclose(plateau, 5.1, atol=1e-12)
    beside = model.predict([5.2 / 0.6 - 0.01, 14.75 + 0.01])
    np.testing.assert_allclose(beside, [5.1 - 0.006, 5.1 - 0.004], atol=1e-12)


@given(st.lists(st.floats(-10, 10), min_size=7, max_size=7))
def test_the_formula_for_a_thousand_inputs(weights):
    w = dict(zip(TRAFFIC, weights, strict=True))
    with bl.precision("float64"):
        model = bl.nn.ThreeNeuron.with_weights(**w)
    x = np.random.default_rng(0).uniform(-30, 30, size=1000)
    hidden = [np.maximum(w[f"b1{j}"] + w[f"w1{j}"] * x, 0) for j in (1, 2)]
    expected = w["b21"] + w["w21"] * hidden[0] + w["w22"] * hidden[1]
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2, 3)])
def test_it_keeps_the_shape_of_its_input(shape):
    assert bl.nn.ThreeNeuron().predict(np.zeros(shape)).shape == shape
    assert bl.nn.ThreeNeuron()(bl.input("x")).shape == ()


def test_all_seven_weights_are_asked_for():
    with pytest.raises(ArgumentError, match="b21 missing"):
        bl.nn.ThreeNeuron.with_weights(**{name: 0.0 for name in TRAFFIC if name != "b21"})
    with pytest.raises(ArgumentError, match="has no weight 'w13'"):
        bl.nn.ThreeNeuron.with_weights(**TRAFFIC, w13=0.0)
