"""Penalties: their values, their gradients, and the nodes in which they can be seen."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError


@pytest.fixture
def model():
    return bl.nn.Sequential(bl.nn.Linear(2, 3, bias_initialiser=bl.nn.Ones(), rng=0), bl.nn.Tanh(), bl.nn.Linear(3, 1))


def test_weights_pay_and_biases_do_not(model):
    parameters = model.parameters()
    w = np.concatenate([parameters[f"{i}.weight"].value.ravel() for i in (0, 2)])
    assert float(bl.losses.L1(0.1)(parameters).evaluate()) == pytest.approx(0.1 * np.abs(w).sum(), rel=1e-6)
    assert float(bl.losses.L2(0.1)(parameters).evaluate()) == pytest.approx(0.1 * (w**2).sum(), rel=1e-6)
    every = bl.losses.L2(0.1, biases=True)(parameters).evaluate()
    assert float(every) == pytest.approx(0.1 * ((w**2).sum() + 3), rel=1e-6)


def test_the_gradients(model):
    parameters = {path: each for path, each in model.parameters().items() if "weight" in path}
    for penalty, slope in [(bl.losses.L1(0.5), lambda w: 0.5 * np.sign(w)), (bl.losses.L2(0.5), lambda w: w)]:
        gradients = bl.grad(penalty(parameters), parameters)
        for path, gradient in gradients.items():
            np.testing.assert_allclose(gradient.evaluate(), slope(parameters[path].value), rtol=1e-6)


def test_each_part_is_a_node_under_the_name_of_its_parameter(model):
    graph = bl.Graph(outputs=[bl.losses.L2(0.1)(model.parameters())])
    assert [graph.labels[node] for node in graph.operations if node.name] == [
        "L2.0.weight",
        "L2.2.weight",
        "L2.penalty",
    ]


@pytest.mark.parametrize("kind", [bl.losses.L1, bl.losses.L2])
def test_what_they_refuse(kind, model):
    with pytest.raises(ArgumentError, match=r"finds nothing to penalise among \['bias'\](.|\n)*biases=True"):
        kind(0.1)({"bias": bl.parameter([1.0])})
    with pytest.raises(ArgumentError, match="among no parameters"):
        kind(0.1)({})
    with pytest.raises(ArgumentError, match=r"takes parameters by name(.|\n)*model\.parameters\(\)"):
        kind(0.1)(list(model.parameters().values()))
    with pytest.raises(ArgumentError, match=rf"{kind.__name__}\(strength=\.\.\.\)"):
        kind(-0.1)
    with pytest.raises(ArgumentError, match=rf"{kind.__name__}\(biases=\.\.\.\)"):
        kind(0.1, biases=1)
    assert kind(0.1) == kind(0.1)
