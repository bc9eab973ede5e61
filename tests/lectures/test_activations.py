"""Section 3 of the lectures' rows: activations (A1 to A14)."""

import math

import numpy as np
import pytest

import backlit as bl
from backlit.errors import DeadGradientWarning


@pytest.fixture(autouse=True)
def _float64() -> object:
    with bl.precision("float64"):
        yield


POINTS = np.array([-30.0, -2.0, -0.5, 0.3, 1.0, 7.0])


def value_and_slope(function: object, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate an elementwise function and its derivative."""
    x = bl.input("x", shape=np.shape(at))
    y = function(x)
    return tuple(bl.compile([x], [y, bl.grad(bl.sum(y), x)])(at))


def jacobian_of(function: object, at: np.ndarray) -> np.ndarray:
    z = bl.input("z", shape=np.shape(at))
    return bl.jacobian(function(z), z).evaluate({"z": at})


def test_A1_the_identity_has_derivative_one() -> None:
    value, slope = value_and_slope(lambda x: bl.nn.Identity()(x) * 1.0, POINTS)
    np.testing.assert_array_equal(value, POINTS)
    np.testing.assert_array_equal(slope, np.ones(6))


def test_A2_the_sigmoid_does_not_overflow_and_has_derivative_sigma_times_one_minus_sigma() -> None:
    assert bl.sigmoid([-1000.0, 0.0, 1000.0]).evaluate().tolist() == [0.0, 0.5, 1.0]
    value, slope = value_and_slope(bl.nn.Sigmoid(), POINTS)
    np.testing.assert_allclose(value, 1 / (1 + np.exp(-POINTS)), rtol=1e-12)
    np.testing.assert_allclose(slope, value * (1 - value), rtol=0, atol=1e-12)
    _, far = value_and_slope(bl.nn.Sigmoid(), np.array([-1000.0, 1000.0]))
    assert far.tolist() == [0.0, 0.0]


def test_A3_the_arctangent_reaches_from_minus_to_plus_half_pi() -> None:
    value, slope = value_and_slope(bl.nn.Arctan(), POINTS)
    np.testing.assert_allclose(slope, 1 / (1 + POINTS**2), rtol=1e-12)
    assert np.abs(value).max() > 1.0, "so it does not stay between -1 and 1"
    np.testing.assert_allclose(bl.atan([-1e12, 1e12]).evaluate(), [-math.pi / 2, math.pi / 2], rtol=1e-9)


def test_A4_the_rectifier_has_slope_one_or_zero_and_at_zero_what_was_chosen() -> None:
    value, slope = value_and_slope(bl.nn.ReLU(), POINTS)
    np.testing.assert_array_equal(value, np.maximum(POINTS, 0))
    np.testing.assert_array_equal(slope, POINTS > 0)
    _, at_zero = value_and_slope(bl.nn.ReLU(), np.zeros(1))
    assert at_zero.tolist() == [0.0]
    with bl.subgradients("lectures"):
        _, at_zero = value_and_slope(bl.nn.ReLU(), np.zeros(1))
    assert at_zero.tolist() == [1.0]


def test_A5_upstream_of_a_hard_threshold_nothing_can_learn() -> None:
    x = bl.input("x", shape=(3,))
    y = bl.nn.HardThreshold()(x)
    assert y.evaluate({"x": [-0.5, 0.0, 2.0]}).tolist() == [0.0, 1.0, 1.0]
    with pytest.warns(DeadGradientWarning, match="nothing upstream of it can learn"):
        slope = bl.grad(bl.sum(y), x)
    assert slope.evaluate({"x": [-0.5, 0.0, 2.0]}).tolist() == [0.0, 0.0, 0.0]


def test_A6_softmax_sums_to_one_ignores_shifts_and_does_not_overflow() -> None:
    z = np.array([3.2, 5.1, -1.7])
    y = bl.softmax(z).evaluate()
    np.testing.assert_allclose(y, np.exp(z) / np.exp(z).sum(), rtol=1e-12)
    assert y.sum() == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(bl.softmax(z + 123.0).evaluate(), y, rtol=1e-9)
    assert bl.softmax([1e4, 0.0, -1e4]).evaluate().tolist() == [1.0, 0.0, 0.0]
    assert bl.nn.Softmax().predict([[1e4, 1e4]]).tolist() == [[0.5, 0.5]]


def test_A7_max_is_an_activation_from_a_vector_to_a_number() -> None:
    x = bl.input("x", shape=(1, 3))
    y = bl.nn.Max()(x)
    at = {"x": [[1.0, 2.0, 3.0]]}
    assert y.shape == (1,)
    assert y.evaluate(at).tolist() == [3.0]
    assert bl.grad(y[0], x).evaluate(at).tolist() == [[0.0, 0.0, 1.0]], "poll 3"


def test_A8_max_over_subsets_sends_each_gradient_to_the_winner_of_its_subset() -> None:
    pool = bl.nn.MaxOverSubsets([(0, 1), (1, 2, 3), (3, 4)])
    at = np.array([4.0, 1.0, 3.0, 2.0, 5.0])
    z = bl.input("z", shape=(5,))
    assert pool(z).evaluate({"z": at}).tolist() == [4.0, 3.0, 5.0]
    rows = bl.jacobian(pool(z), z).evaluate({"z": at})
    assert rows.tolist() == [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]]


def test_A9_the_leaky_rectifier_has_its_slope_below_zero() -> None:
    value, slope = value_and_slope(bl.nn.LeakyReLU(0.2), POINTS)
    np.testing.assert_allclose(value, np.where(POINTS > 0, POINTS, 0.2 * POINTS), rtol=1e-12)
    np.testing.assert_allclose(slope, np.where(POINTS > 0, 1.0, 0.2), rtol=1e-12)


def test_A10_the_randomised_leaky_rectifier_draws_slopes_in_training_and_takes_their_mean_afterwards() -> None:
    def slopes(seed: int) -> tuple[np.ndarray, np.ndarray]:
        activation = bl.nn.RandomisedLeakyReLU(0.1, 0.3, rng=seed)
        with bl.training() as mode:
            y = activation(bl.constant(np.full(500, -1.0)))
        draw = bl.compile(outputs=y, updates=mode.updates)
        return -draw(), -draw()

    first, second = slopes(seed=7)
    assert first.min() >= 0.1
    assert first.max() <= 0.3
    assert len(np.unique(first)) > 400, "each element has a slope of its own"
    assert (first != second).any(), "and another one at each step"
    np.testing.assert_array_equal(slopes(seed=7), (first, second))
    assert (slopes(seed=8)[0] != first).any()
    after = bl.nn.RandomisedLeakyReLU(0.1, 0.3, rng=7).predict(np.array([-1.0, 2.0]))
    np.testing.assert_allclose(after, [-0.2, 2.0], rtol=1e-12)


def test_A11_some_activations_are_trainable() -> None:
    model = bl.nn.Sequential(bl.nn.Linear(2, 3, rng=0), bl.nn.PReLU(), bl.nn.Linear(3, 1, rng=1))
    slope = model.parameters()["1.weight"]
    assert slope.trainable
    x = np.random.default_rng(0).normal(size=(20, 2))
    loss = bl.sum(model(bl.constant(x)) ** 2.0)
    assert abs(float(bl.grad(loss, slope).evaluate())) > 1e-3
    assert bl.check_gradients(loss).agrees
    before = float(slope.value)
    bl.compile(outputs=loss, updates=bl.optim.SGD(0.01).updates(loss, model.parameters()))()
    assert float(slope.value) != before


def test_A12_layers_without_an_activation_between_them_collapse() -> None:
    deep = bl.nn.Sequential(bl.nn.Linear(4, 8, rng=0), bl.nn.Identity(), bl.nn.Linear(8, 2, rng=1))
    rng = np.random.default_rng(0)
    for parameter in deep.parameters().values():
        parameter.value = rng.normal(size=parameter.shape)
    collapsed = bl.nn.collapse(deep)
    assert isinstance(collapsed.model, bl.nn.Linear)
    assert "equal a single Linear(4, 2) with 10 parameters in place of 58" in collapsed.report
    x = rng.normal(size=(30, 4))
    np.testing.assert_allclose(collapsed.model.predict(x), deep.predict(x), rtol=1e-9)
    assert "no activation between them" in str(deep.describe())

    advised = bl.nn.Sequential(bl.nn.Linear(4, 8), bl.nn.ReLU(), bl.nn.Linear(8, 2), bl.nn.Identity())
    assert bl.nn.collapse(advised).joined == (), "ReLU between the layers, the identity at the end: nothing collapses"
    assert "no activation between them" not in str(advised.describe())


SCALAR = [
    bl.sigmoid,
    bl.tanh,
    bl.atan,
    bl.relu,
    bl.nn.leaky_relu,
    bl.nn.elu,
    bl.nn.gelu,
    bl.nn.silu,
    bl.nn.softplus,
    bl.nn.softsign,
    bl.nn.scaled_tanh,
]


@pytest.mark.parametrize("function", SCALAR, ids=lambda function: function.__name__)
def test_A13_the_jacobian_of_a_scalar_activation_is_diagonal(function: object) -> None:
    at = np.array([0.4, -1.2, 2.5, 0.9])
    jacobian = jacobian_of(function, at)
    _, slope = value_and_slope(function, at)
    np.testing.assert_array_equal(jacobian - np.diag(np.diag(jacobian)), 0.0)
    np.testing.assert_allclose(np.diag(jacobian), slope, rtol=1e-12)


def test_A13_the_jacobian_of_a_vector_activation_is_full() -> None:
    at = np.array([0.4, -1.2, 2.5, 0.9])
    jacobian = jacobian_of(bl.softmax, at)
    assert np.all(jacobian != 0.0)
    y = bl.softmax(at).evaluate()
    np.testing.assert_allclose(jacobian, np.diag(y) - np.outer(y, y), atol=1e-15)


class Anything(bl.nn.Module):
    """A vector activation of one's own: a linear, a polynomial and a logistic combination of the whole vector."""

    def __init__(self) -> None:
        self.mix = bl.parameter([[1.0, -2.0, 0.5]], name="mix")

    def forward(self, z: bl.Node) -> bl.Node:
        linear = self.mix @ z
        polynomial = z[0] * z[1] + z[2] ** 3
        logistic = bl.sigmoid(bl.sum(z))
        return bl.concat([linear, bl.stack([polynomial, logistic])])


def test_A14_a_vector_activation_can_be_anything_and_its_gradient_is_checked() -> None:
    z = bl.input("z", shape=(3,))
    activation = Anything()
    y = activation(z)
    at = np.array([0.3, -0.7, 1.1])
    assert bl.check_gradients(y, {"z": at}).agrees
    s = 1 / (1 + math.exp(-at.sum()))
    expected = [[1.0, -2.0, 0.5], [at[1], at[0], 3 * at[2] ** 2], [s * (1 - s)] * 3]
    np.testing.assert_allclose(bl.jacobian(y, z).evaluate({"z": at}), expected, rtol=1e-12)
    assert list(activation.parameters()) == ["mix"]
