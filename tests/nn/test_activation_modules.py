"""Activations as modules apply the function of their name; vector activations have the Jacobian they should."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError

X = np.array([[-3.0, -0.4, 0.0, 2.5], [1.0, 7.0, -9.0, 0.1]])
SAME = [
    (bl.nn.Identity(), lambda x: x),
    (bl.nn.ReLU(), bl.relu),
    (bl.nn.LeakyReLU(), bl.nn.leaky_relu),
    (bl.nn.LeakyReLU(0.3), lambda x: bl.nn.leaky_relu(x, 0.3)),
    (bl.nn.ELU(), bl.nn.elu),
    (bl.nn.ELU(0.5), lambda x: bl.nn.elu(x, 0.5)),
    (bl.nn.SELU(), bl.nn.selu),
    (bl.nn.GELU(), bl.nn.gelu),
    (bl.nn.SiLU(), bl.nn.silu),
    (bl.nn.Softplus(), bl.nn.softplus),
    (bl.nn.Softsign(), bl.nn.softsign),
    (bl.nn.Sigmoid(), bl.sigmoid),
    (bl.nn.HardSigmoid(), bl.nn.hard_sigmoid),
    (bl.nn.Tanh(), bl.tanh),
    (bl.nn.ScaledTanh(), bl.nn.scaled_tanh),
    (bl.nn.Arctan(), bl.atan),
    (bl.nn.HardThreshold(), bl.nn.hard_threshold),
    (bl.nn.Softmax(), bl.softmax),
    (bl.nn.Softmax(axis=0), lambda x: bl.softmax(x, axis=0)),
    (bl.nn.LogSoftmax(), bl.log_softmax),
    (bl.nn.Max(), lambda x: bl.max(x, axis=-1)),
    (bl.nn.Maxout(2), lambda x: bl.nn.maxout(x, 2)),
    (bl.nn.MaxOverSubsets([[0, 3], [1, 2]]), lambda x: bl.nn.max_over_subsets(x, [[0, 3], [1, 2]])),
]


@pytest.mark.parametrize(("module", "function"), SAME, ids=lambda x: repr(x) if isinstance(x, bl.nn.Module) else "")
def test_the_module_is_the_function(module, function):
    x = bl.constant(X, dtype="float64")
    np.testing.assert_array_equal(module(x).evaluate(), function(x).evaluate())
    assert module.parameter_count == 0


@pytest.mark.parametrize("module", [bl.nn.Tanh(), bl.nn.SiLU(), bl.nn.Sigmoid()])
def test_the_jacobian_of_a_scalar_activation_is_diagonal(module):
    x = bl.input("x", shape=(4,))
    jacobian = bl.jacobian(module(x), x).evaluate({x: X[0]})
    assert np.array_equal(jacobian, np.diag(np.diag(jacobian)))
    assert (np.diag(jacobian) != 0).all()


def test_the_jacobian_of_the_softmax():
    x = bl.input("x", shape=(4,), dtype="float64")
    y = bl.nn.Softmax()(x)
    value, jacobian = y.evaluate({x: X[0]}), bl.jacobian(y, x).evaluate({x: X[0]})
    np.testing.assert_allclose(jacobian, np.diag(value) - np.outer(value, value), atol=1e-16)
    np.testing.assert_allclose(jacobian.sum(0), 0.0, atol=1e-16)


def test_softmax_sums_to_1_is_shift_invariant_and_does_not_overflow():
    softmax = bl.nn.Softmax()
    big = np.array([[1e4, -1e4, 9_999.0, 0.0]], dtype=np.float32)
    probabilities = softmax.predict(big)
    np.testing.assert_allclose(probabilities, [[1 / (1 + np.exp(-1)), 0, 1 / (1 + np.exp(1)), 0]], rtol=1e-6)
    np.testing.assert_allclose(softmax.predict(big - 5_000), probabilities, rtol=1e-6)


def test_the_subgradient_of_the_largest():
    z = bl.input("z", shape=(3,))
    y = bl.nn.Max()(z)
    assert bl.grad(y, z).evaluate({z: [1.0, 2.0, 3.0]}).tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    "build",
    [
        lambda: bl.nn.LeakyReLU("0.1"),
        lambda: bl.nn.ELU(np.inf),
        lambda: bl.nn.Softmax(axis=0.5),
        lambda: bl.nn.Max(axis=True),
        lambda: bl.nn.Maxout(0),
        lambda: bl.nn.MaxOverSubsets([]),
        lambda: bl.nn.MaxOverSubsets(5),
        lambda: bl.nn.MaxOverSubsets("ab"),
        lambda: bl.nn.MaxOverSubsets([[]]),
        lambda: bl.nn.MaxOverSubsets([3]),
        lambda: bl.nn.MaxOverSubsets([[0, -1]]),
    ],
)
def test_settings_are_checked(build):
    with pytest.raises(ArgumentError, match="received"):
        build()
