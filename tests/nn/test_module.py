"""Module: what it owns, the boxes and names of its graph, and the messages where something is amiss."""

import copy
import pickle

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, CycleError, GraphError


class Pair(bl.nn.Module):
    """Two layers in a list, and a shift of its own."""

    def __init__(self, width):
        self.width = width
        self.layers = [bl.nn.Linear(width, width), bl.nn.Linear(width, width)]
        self.shift = bl.parameter(np.zeros(width))

    def forward(self, x):
        for layer in self.layers:
            x = bl.tanh(layer(x))
        return x + self.shift


def boxes(node):
    return [box.path for box in bl.Graph(outputs=[node]).scopes()]


def test_parameters_stand_under_their_paths_in_order():
    model = bl.nn.Sequential(Pair(2), bl.nn.Linear(2, 1))
    assert list(model.parameters()) == [
        "0.layers.0.weight", "0.layers.0.bias", "0.layers.1.weight", "0.layers.1.bias", "0.shift", "1.weight", "1.bias",
    ]  # fmt: skip
    assert model.parameter_count == 6 + 6 + 2 + 3
    assert list(model.modules()) == ["", "0", "0.layers.0", "0.layers.1", "1"]


def test_state_is_what_is_not_trained():
    model = bl.nn.Sequential(bl.nn.BatchNorm(2), bl.nn.Dropout(0.1))
    assert list(model.parameters()) == ["0.scale", "0.shift"]
    assert list(model.state()) == ["0.running_mean", "0.running_variance", "1.random_state"]


def test_a_frozen_parameter_is_state():
    class Frozen(bl.nn.Module):
        def __init__(self):
            self.offset = bl.parameter(1.0, trainable=False)
            self.weight = bl.parameter(2.0)

    assert list(Frozen().parameters()) == ["weight"]
    assert list(Frozen().state()) == ["offset"]


def test_the_graph_stands_in_boxes_of_the_paths():
    model = bl.nn.Sequential(Pair(2), bl.nn.Residual(bl.nn.Sequential(bl.nn.Linear(2, 2), bl.nn.Softmax())))
    assert boxes(model(bl.input("x", shape=(4, 2)))) == [
        "0", "0.layers", "0.layers.0", "0.layers.1", "1", "1.inner", "1.inner.0", "1.inner.1", "1.inner.1.softmax",
    ]  # fmt: skip


def test_each_call_has_a_box_of_its_own():
    model = bl.nn.Sequential(bl.nn.Linear(2, 2))
    x = bl.input("x", shape=(1, 2))
    assert model(x).scope != model(x).scope
    assert model(x).scope.path == "0"


def test_the_outermost_call_names_the_parameters():
    inner = bl.nn.Linear(2, 2)
    inner(bl.input("x", shape=(1, 2)))
    assert inner.weight.name == "weight"
    model = bl.nn.Sequential(bl.nn.Sequential(inner), bl.nn.Dropout(0.5))
    model(bl.input("x", shape=(1, 2)))
    assert inner.weight.name == "0.0.weight"
    assert model.layers[1].random_state.state.name == "1.random_state"


def test_a_layer_that_is_called_from_afar_stands_under_its_own_path():
    class Tied(bl.nn.Module):
        def __init__(self):
            self.encoder = bl.nn.Sequential(bl.nn.Linear(2, 2))

        def forward(self, x):
            loose = bl.nn.ReLU()
            return loose(self.encoder.layers[0](x))

    assert boxes(Tied()(bl.input("x", shape=(1, 2)))) == ["encoder", "encoder.0", "relu"]


def test_shared_weights_are_one_parameter_and_get_the_sum_of_both_gradients():
    first, second = bl.nn.Linear(2, 2, bias=False, rng=0), bl.nn.Linear(2, 2, bias=False, rng=1)
    model = bl.nn.Sequential(first, bl.nn.Tanh(), second)
    second.weight = first.weight
    assert list(model.parameters()) == ["0.weight"]
    assert model.parameter_count == 4
    loss = bl.sum(model(bl.constant([[1.0, -2.0]])))
    bl.check_gradients(loss)


def test_forward_takes_settings_too():
    class Scale(bl.nn.Module):
        def forward(self, x, *, factor):
            return x * factor

    assert float(Scale()(bl.constant(2.0), factor=3.0).evaluate()) == 6.0


def test_copies_have_parameters_and_programs_of_their_own():
    model = bl.nn.Sequential(bl.nn.Linear(1, 1, weight_initialiser=bl.nn.Ones()))
    model.predict([[1.0]])
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        twin.layers[0].weight.value += 1.0
        assert twin.predict([[1.0]]).tolist() == [[2.0]]
        assert model.predict([[1.0]]).tolist() == [[1.0]]


def test_no_forward():
    class Empty(bl.nn.Module):
        pass

    with pytest.raises(GraphError, match=r"Empty has no forward(.|\n)*def forward\(self, x\)"):
        Empty()(bl.input("x"))


@pytest.mark.parametrize("answer", [None, np.zeros(3), (1, 2)])
def test_a_forward_that_returns_no_node(answer):
    class Wrong(bl.nn.Module):
        def forward(self, x):
            return answer

    with pytest.raises(GraphError, match=r"forward of Wrong returned(.|\n)*end forward with `return`"):
        Wrong()(bl.input("x"))


@pytest.mark.parametrize(("value", "what"), [(np.zeros((2, 3)), r"ndarray of shape \[2, 3\]"), ([1.0], "list")])
def test_a_model_is_not_applied_to_arrays(value, what):
    with pytest.raises(ArgumentError, match=rf"ReLU is applied to nodes; received {what}(.|\n)*model\.predict"):
        bl.nn.ReLU()(value)


def test_a_failed_call_leaves_no_trace():
    model = bl.nn.Sequential(bl.nn.Linear(3, 1))
    with pytest.raises(GraphError):
        model(bl.input("x", shape=(1, 2)))
    assert boxes(model(bl.input("x", shape=(1, 3)))) == ["0"]


def test_a_module_within_itself():
    model = Pair(1)
    model.child = bl.nn.Residual(model)
    with pytest.raises(CycleError, match=r"child\.inner is the whole"):
        model.parameters()


def test_a_parameter_is_not_replaced_by_its_value():
    layer = bl.nn.Linear(1, 1)
    with pytest.raises(ArgumentError, match=r"Linear.weight is a parameter(.|\n)*write model\.weight\.value = "):
        layer.weight = np.ones((1, 1))
    other = bl.parameter([[1.0]])
    layer.weight = other
    assert layer.parameters()["weight"] is other


@pytest.mark.parametrize("name", ["parameters", "state", "modules", "predict", "parts", "forward"])
def test_the_methods_of_every_module_cannot_be_hidden(name):
    class Hiding(bl.nn.Module):
        def __init__(self):
            setattr(self, name, [bl.nn.ReLU()])

    with pytest.raises(ArgumentError, match=f"Hiding.{name} cannot be set(.|\n)*another name"):
        Hiding()
