"""Every module that ships: its description builds it again, it says what it computes, and its gradients are right.

And descriptions that were not written by us: each is refused in words.
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError
from backlit.nn.registry import INITIALISERS, MODULES

# Values that stay off every kink and tie.
FLOATS = np.array([[-2.3, 0.4, 1.7, -0.6], [3.1, -1.2, 0.9, 2.2], [0.2, -0.7, -3.3, 1.1]])
SAMPLES = {
    "BatchNorm": lambda: bl.nn.BatchNorm(4, momentum=0.5),
    "Dropout": lambda: bl.nn.Dropout(0.25),
    "Embedding": lambda: bl.nn.Embedding(4, 2, weight_initialiser=bl.nn.Uniform(-0.5, 0.5)),
    "ExtendedLinear": lambda: bl.nn.ExtendedLinear(4, 2),
    "Flatten": bl.nn.Flatten,
    "LayerNorm": lambda: bl.nn.LayerNorm(4, epsilon=1e-3),
    "Linear": lambda: bl.nn.Linear(4, 3, bias=False, weight_initialiser=bl.nn.Orthogonal(2.0)),
    "Neuron": lambda: bl.nn.Neuron(4, bl.nn.Sigmoid()),
    "PReLU": lambda: bl.nn.PReLU(4, slope=0.1),
    "RandomisedLeakyReLU": lambda: bl.nn.RandomisedLeakyReLU(0.1, 0.2),
    "Residual": lambda: bl.nn.Residual(bl.nn.Sequential(bl.nn.Linear(4, 4), bl.nn.Tanh())),
    "Sequential": lambda: bl.nn.Sequential(bl.nn.Linear(4, 2), bl.nn.LeakyReLU(0.2), bl.nn.Sequential(bl.nn.PReLU())),
    "ThreeNeuron": bl.nn.ThreeNeuron,
    "LeakyReLU": lambda: bl.nn.LeakyReLU(0.2),
    "ELU": lambda: bl.nn.ELU(0.7),
    "Max": lambda: bl.nn.Max(axis=0),
    "Maxout": lambda: bl.nn.Maxout(2),
    "MaxOverSubsets": lambda: bl.nn.MaxOverSubsets([(0, 1), (2, 3, 0)]),
    "Softmax": lambda: bl.nn.Softmax(axis=0),
}

LEARNING = [name for name in MODULES if name != "HardThreshold"]  # that gradient is 0, see test_activations


def build(name):
    with bl.seed(0):
        return SAMPLES.get(name, MODULES[name])()


def inputs_of(name):
    return np.array([[0, 3], [2, 2]]) if name == "Embedding" else FLOATS


@pytest.mark.parametrize("name", MODULES)
def test_a_description_builds_the_module_again(name):
    module = build(name)
    written = json.loads(json.dumps(module.configuration()))
    with bl.seed(0):
        again = bl.nn.from_configuration(written)
    assert type(again) is type(module)
    assert again.configuration() == module.configuration()
    assert repr(again) == repr(module)
    held, held_again = module.parameters() | module.state(), again.parameters() | again.state()
    assert {path: each.spec for path, each in held.items()} == {path: each.spec for path, each in held_again.items()}
    for path, each in held.items():
        held_again[path].value = each.value
    x = inputs_of(name)
    np.testing.assert_array_equal(again(bl.constant(x)).evaluate(), module(bl.constant(x)).evaluate())


@pytest.mark.parametrize("name", LEARNING)
@pytest.mark.parametrize("mode", ["prediction", "training"])
def test_the_gradients_of_every_module(name, mode):
    module, x = build(name), inputs_of(name)
    at = bl.input("x", shape=x.shape, dtype=x.dtype)
    if mode == "training":
        with bl.training():
            y = module(at)
    else:
        y = module(at)
    bl.check_gradients(bl.sum(bl.sin(y) * 3.0), {"x": x}, tolerance=1e-6)


@pytest.mark.parametrize("name", LEARNING)
def test_every_module_pulls_back_to_its_input_and_parameters(name):
    module, x = build(name), inputs_of(name)
    at = bl.input("x", shape=x.shape, dtype=x.dtype)
    z = module(at)
    upstream = np.ones(z.shape)
    sources = list(module.parameters().values()) + ([] if name == "Embedding" else [at])
    for source, gradient in zip(sources, bl.vjp(z, sources, upstream), strict=True):
        assert gradient.shape == source.shape


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_shown(name):
    module = build(name)
    assert repr(module).startswith(name)
    assert str(module.describe()).startswith("input")
    assert module.formula("x", "path")


@pytest.mark.parametrize("name", [name for name in MODULES if name not in {"Embedding", "Flatten", "Linear"}])
def test_every_module_is_finite_at_10000_in_float32(name):
    module = build(name)
    x = bl.parameter(1e4 * np.sign(FLOATS), dtype="float32")
    y = module(x)
    assert np.isfinite(y.evaluate()).all()
    if name != "HardThreshold":
        assert np.isfinite(bl.grad(bl.sum(y), x).evaluate()).all()


@pytest.mark.parametrize("name", INITIALISERS)
def test_every_initialiser_is_written_down_and_built_again(name):
    settings = {"Constant": (0.5,)}.get(name, ())
    layer = bl.nn.Linear(2, 2, weight_initialiser=INITIALISERS[name](*settings))
    again = bl.nn.from_configuration(json.loads(json.dumps(layer.configuration())))
    assert again.weight_initialiser == layer.weight_initialiser


LEAVES = st.sampled_from(
    [
        {"type": "ReLU"},
        {"type": "Dropout", "rate": 0.5},
        {"type": "Linear", "inputs": 2, "outputs": 2, "bias": False},
        {"type": "MaxOverSubsets", "subsets": [[0], [1, 0]]},
    ]
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda layers: {"type": "Sequential", "layers": layers})
        | inner.map(lambda one: {"type": "Residual", "inner": one})
    ),
    max_leaves=8,
)


@given(NESTED)
def test_any_nesting_survives(configuration):
    model = bl.nn.from_configuration(configuration)
    again = bl.nn.from_configuration(json.loads(json.dumps(model.configuration())))
    assert again.configuration() == model.configuration()
    assert list(again.parameters()) == list(model.parameters())


def test_classes_of_ones_own_are_named_by_the_reader():
    class Mine(bl.nn.Module):
        def __init__(self, width):
            self.width = width

        def forward(self, x):
            return x

    model = bl.nn.Sequential(Mine(3))
    assert bl.nn.from_configuration(model.configuration(), known=[Mine]).layers[0].width == 3
    with pytest.raises(ArgumentError, match=r"names 'Mine', which is no module of backlit(.|\n)*known=\[Mine\]"):
        bl.nn.from_configuration(model.configuration())


def deep(levels):
    configuration = {"type": "ReLU"}
    for _ in range(levels):
        configuration = {"type": "Residual", "inner": configuration}
    return configuration


HOSTILE = [
    (None, "a description is a dictionary"),
    ([], "a description is a dictionary"),
    ({}, "with the name of a class under 'type'"),
    ({"type": 3}, "with the name of a class under 'type'"),
    ({"type": "os.system"}, "'os.system', which is no module of backlit"),
    ({"type": "__import__"}, "which is no module of backlit"),
    ({"type": "Module"}, "'Module', which is no module of backlit"),
    ({"type": "ReLu"}, r"did you mean 'ReLU'\?"),
    ({"type": "x" * 10_000}, r"x\.\.\., which is no module"),
    ({"type": "Linear", "inputs": 2}, "a description of Linear lacks the setting 'outputs'"),
    ({"type": "Linear", "inputs": 2, "outputs": 2, "rng": 0}, "Linear has no setting 'rng'"),
    ({"type": "Linear", "inputs": 2, "outputs": 2, "outptus": 2}, "no setting 'outptus' .did you mean 'outputs'"),
    ({"type": "Linear", "inputs": "2", "outputs": 2}, r"Linear\(inputs=\.\.\.\) is a whole number"),
    ({"type": "Linear", "inputs": 2, "outputs": 2, "bias": 1}, r"Linear\(bias=\.\.\.\) is True or False"),
    ({"type": "Linear", "inputs": 2, "outputs": 2, "weight_initialiser": "os"}, "an initialiser is a function"),
    ({"type": "Linear", "inputs": 2, "outputs": 2, "weight_initialiser": {"type": "ReLU"}}, "is applied to nodes"),
    ({"type": "Linear", "inputs": 2**62, "outputs": 2**62}, "that this machine cannot hold"),
    ({"type": "Dropout", "rate": float("nan")}, "holds nan, which is no finite number"),
    ({"type": "Dropout", "rate": b"0"}, "which is no finite number"),
    ({"type": "Dropout", "rate": [0.5]}, r"Dropout\(rate=\.\.\.\)"),
    ({"type": "ReLU", "self": 1}, "ReLU has no setting 'self'"),
    ({"type": "Sequential"}, "Sequential needs a list under 'layers'"),
    ({"type": "Sequential", "layers": {"type": "ReLU"}}, "Sequential needs a list under 'layers'"),
    ({"type": "Sequential", "layers": []}, "has no modules"),
    ({"type": "Sequential", "layers": ["ReLU"]}, "made of modules; received 'ReLU'"),
    ({"type": "Sequential", "layers": [{"type": "Zeros"}]}, "made of modules"),
    ({"type": "Neuron", "inputs": 2, "activation": "Sigmoid"}, "is a module; received 'Sigmoid'"),
    ({"type": "MaxOverSubsets", "subsets": 3}, "is a list of lists"),
    ({"type": "Zeros"}, r"names a module; received one of Zeros\(\)"),
    (deep(51), "more than 50 deep"),
]


@pytest.mark.parametrize(("configuration", "message"), HOSTILE)
def test_a_description_that_cannot_be_built_is_refused_in_words(configuration, message):
    with pytest.raises(ArgumentError, match=message):
        bl.nn.from_configuration(configuration)


def test_lists_within_lists_end_too():
    endless = []
    endless.append(endless)
    with pytest.raises(ArgumentError, match="lists within lists more than 50 deep"):
        bl.nn.from_configuration({"type": "MaxOverSubsets", "subsets": endless})


def test_a_description_may_not_ask_for_more_than_there_is():
    configuration = bl.nn.Sequential(bl.nn.Linear(10, 10), bl.nn.Linear(10, 1)).configuration()
    assert bl.nn.from_configuration(configuration, elements=121).parameter_count == 121
    with pytest.raises(ArgumentError, match="1 elements more than there may be"):
        bl.nn.from_configuration(configuration, elements=120)
    huge = {"type": "Linear", "inputs": 10**6, "outputs": 10**6}
    with pytest.raises(ArgumentError, match="than its file holds"):
        bl.nn.from_configuration(huge, elements=1000)
