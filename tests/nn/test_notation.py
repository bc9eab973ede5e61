"""The notation of the lectures: indices, counts, and z beside a."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, UnknownNameError


@pytest.fixture
def model():
    with bl.seed(0), bl.precision("float64"):
        normal = {"bias_initialiser": bl.nn.Normal()}
        return bl.nn.Sequential(
            bl.nn.Linear(3, 3, **normal),
            bl.nn.Sigmoid(),
            bl.nn.Linear(3, 2, **normal),
            bl.nn.Sigmoid(),
            bl.nn.Linear(2, 1, **normal),
        )


def test_counts(model):
    shown = bl.nn.notation(model)
    assert (len(shown.w), len(shown.b), shown.parameter_count) == (17, 6, 23)
    assert model.parameter_count == 23
    assert len(set(shown.w)) == 17
    assert list(shown.b) == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1)]


def test_the_sums_of_the_lecture_written_out(model):
    shown = bl.nn.notation(model)
    w, b = shown.w, shown.b
    x = [0.3, -1.2, 0.7]
    g = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731 - as in the formula
    a1 = [g(b[1, j] + sum(w[1, j, i] * x[i - 1] for i in (1, 2, 3))) for j in (1, 2, 3)]
    a2 = [g(b[2, j] + sum(w[2, j, i] * a1[i - 1] for i in (1, 2, 3))) for j in (1, 2)]
    y = b[3, 1] + sum(w[3, 1, i] * a2[i - 1] for i in (1, 2))
    assert model.predict([x])[0, 0] == pytest.approx(y, rel=1e-12)


def test_layer_output_input(model):
    shown = bl.nn.notation(model)
    assert shown.w[2, 1, 3] == model.layers[2].weight.value[2, 0]
    assert shown.b[2, 1] == model.layers[2].bias.value[0]
    shown.w[2, 1, 3] = 7.5
    assert model.layers[2].weight.value[2, 0] == 7.5


def test_z_and_a_are_nodes_of_one_graph(model):
    x = bl.input("x", shape=(4, 3), dtype="float64")
    nodes = bl.nn.notation(model).forward(x)
    assert list(nodes) == ["a0", "z1", "a1", "z2", "a2", "z3", "a3"]
    assert [node.name for node in nodes.values()][1:6] == ["z1", "a1", "z2", "a2", "z3"]
    at = np.random.default_rng(0).normal(size=(4, 3))
    z1, a1, y = bl.compile([x], [nodes["z1"], nodes["a1"], nodes["a3"]])(at)
    np.testing.assert_allclose(a1, 1 / (1 + np.exp(-z1)))
    np.testing.assert_array_equal(y, model.predict(at))
    assert bl.grad(bl.sum(nodes["a3"]), nodes["z2"]).shape == (4, 2)
    assert [nodes[name].scope.path for name in ("z1", "a1", "z3")] == ["0", "1", "4"]
    assert model.layers[4].weight.name == "4.weight"


def test_both_views_print_the_same_numbers(model):
    """A layer is an affine map with its activation, or these are two layers: the parameters are the same."""
    for layer, (path, stage) in zip(bl.nn.notation(model).layers, model.stages()[::2], strict=True):
        assert layer.linear is stage
        assert model.parameters()[f"{path}.weight"] is layer.linear.weight


def test_a_deep_network_of_width_1_without_biases():
    layers = [part for _ in range(5) for part in (bl.nn.Linear(1, 1, bias=False), bl.nn.Tanh())]
    shown = bl.nn.notation(bl.nn.Sequential(*layers))
    assert (len(shown.w), len(shown.b)) == (5, 0)
    nodes = shown.forward(bl.input("x", shape=(1, 1)))
    assert [name for name in nodes if name[0] == "z"] == ["z1", "z2", "z3", "z4", "z5"]
    x, expected = 0.7, None
    for layer in range(1, 6):
        expected = np.tanh(shown.w[layer, 1, 1] * (x if expected is None else expected))
    assert nodes["a5"].evaluate({"x": [[x]]})[0, 0] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(UnknownNameError, match=r"there is no b\[1, 1\]: layer 1 has no bias"):
        shown.b[1, 1]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ((0, 1, 1), "the layers are 1 to 3"),
        ((4, 1, 1), "the layers are 1 to 3"),
        ((2, 3, 1), "the outputs of layer 2 are 1 to 2"),
        ((2, 1, 4), "the inputs of layer 2 are 1 to 3"),
        ((2, 0, 1), "the lectures count from 1"),
    ],
)
def test_indices_that_do_not_exist(model, key, message):
    with pytest.raises(UnknownNameError, match=message):
        bl.nn.notation(model).w[key]


@pytest.mark.parametrize("key", [(1, 1), 1, (1, 1, 1, 1), ("1", 1, 1), (1.0, 1, 1)])
def test_indices_of_another_form(model, key):
    with pytest.raises(ArgumentError, match=r"not of the form w\[layer, output, input\]"):
        bl.nn.notation(model).w[key]


def test_what_is_done_to_the_input_is_layer_0():
    model = bl.nn.Sequential(bl.nn.Flatten(), bl.nn.Sequential(bl.nn.Linear(4, 2), bl.nn.ReLU(), bl.nn.Dropout(0.5)))
    shown = bl.nn.notation(model)
    assert [type(part).__name__ for part in shown.before] == ["Flatten"]
    assert shown.forward(bl.input("x", shape=(5, 2, 2)))["a0"].shape == (5, 4)
    assert str(shown).splitlines()[1] == ("layer 1: z1 = W1 a0 + b1, a1 = Dropout(0.5)(ReLU(z1)): 8 weights, 2 biases")


def test_no_chain_of_layers():
    with pytest.raises(ArgumentError, match="Residual is no chain of layers"):
        bl.nn.notation(bl.nn.Residual(bl.nn.Linear(1, 1)))


def test_two_layers_are_a_second_matrix():
    model = bl.nn.Sequential(bl.nn.Linear(4, 3, bias=False), bl.nn.Sigmoid(), bl.nn.Linear(3, 2, bias=False))
    assert bl.nn.layers_counted(model) == 2
    x = np.random.default_rng(0).normal(size=(5, 4))
    w1, w2 = (each.value for each in model.parameters().values())
    np.testing.assert_allclose(model.predict(x), 1 / (1 + np.exp(-(x @ w1))) @ w2, rtol=1e-5)
    assert bl.nn.layers_counted(bl.nn.Neuron(3)) == 1
    assert bl.nn.layers_counted(bl.nn.ReLU()) == 0
