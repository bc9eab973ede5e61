"""Normalisation against the formulas, in training and outside of it."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, ShapeError


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(3.0, 2.0, size=(6, 5, 4))


def test_an_example_over_its_features(x):
    with bl.precision("float64"):
        norm = bl.nn.LayerNorm(4, epsilon=1e-3)
    norm.scale.value, norm.shift.value = [1.0, 2.0, 3.0, 4.0], [0.5, 0.0, 0.0, -0.5]
    centre, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    expected = (x - centre) / np.sqrt(variance + 1e-3) * norm.scale.value + norm.shift.value
    np.testing.assert_allclose(norm.predict(x), expected, rtol=1e-12)


def test_equal_features_become_the_shift():
    norm = bl.nn.LayerNorm(3)
    x = bl.parameter(np.full((1, 3), 7.0))
    value, gradient = bl.compile(outputs=[norm(x), bl.grad(bl.sum(norm(x)), x)])()
    assert value.tolist() == [[0.0, 0.0, 0.0]]
    assert np.isfinite(gradient).all()


def test_a_feature_over_the_batch_and_the_running_values_after_it(x):
    with bl.precision("float64"):
        norm = bl.nn.BatchNorm(4, momentum=0.75)
        with bl.training() as mode:
            y = norm(bl.constant(x))
    flat = x.reshape(-1, 4)
    expected = (x - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-5)
    np.testing.assert_allclose(bl.compile(outputs=y, updates=mode.updates)(), expected, rtol=1e-10)
    np.testing.assert_allclose(norm.running_mean.value, 0.25 * flat.mean(0))
    np.testing.assert_allclose(norm.running_variance.value, 0.75 + 0.25 * flat.var(0, ddof=1))
    after = (x - norm.running_mean.value) / np.sqrt(norm.running_variance.value + 1e-5)
    np.testing.assert_allclose(norm.predict(x), after, rtol=1e-12)


def test_two_calls_in_one_step_move_the_running_values_twice():
    norm = bl.nn.BatchNorm(1, momentum=0.5)
    with bl.training() as mode:
        norm(bl.constant([[2.0], [2.0]]))
        norm(bl.constant([[4.0], [4.0]]))
    bl.compile(updates=mode.updates)()
    assert norm.running_mean.value.tolist() == [0.5 * (0.5 * 0.0 + 0.5 * 2.0) + 0.5 * 4.0]


def test_a_float64_batch_moves_float32_state():
    norm = bl.nn.BatchNorm(2)
    with bl.training() as mode:
        norm(bl.constant(np.ones((3, 2)), dtype="float64"))
    bl.compile(updates=mode.updates)()
    assert norm.running_mean.value.dtype == np.float32


def test_gradients_through_the_statistics(x):
    norm = bl.nn.BatchNorm(4)
    with bl.training():
        y = norm(bl.input("x", shape=x.shape))
    bl.check_gradients(bl.sum(y * bl.constant(x)), {"x": x})


def test_a_single_row_has_no_variance():
    norm = bl.nn.BatchNorm(3)
    with bl.training(), pytest.raises(ShapeError, match=r"cannot learn from(.|\n)*at least 2 rows"):
        norm(bl.input("x", shape=(1, 3)))
    norm.predict(np.zeros((1, 3)))


@pytest.mark.parametrize("kind", [bl.nn.LayerNorm, bl.nn.BatchNorm])
def test_other_widths_are_refused(kind):
    with pytest.raises(ShapeError, match=rf"takes 3 features; received(.|\n)*build it as {kind.__name__}\(4\)"):
        kind(3)(bl.input("x", shape=(2, 4)))
    with pytest.raises(ArgumentError, match=rf"{kind.__name__}\(features=\.\.\.\)"):
        kind(0)
    with pytest.raises(ArgumentError, match=rf"{kind.__name__}\(epsilon=\.\.\.\) is a finite number above 0"):
        kind(3, epsilon=0.0)


def test_the_momentum_is_checked():
    with pytest.raises(ArgumentError, match=r"BatchNorm\(momentum=\.\.\.\)"):
        bl.nn.BatchNorm(3, momentum=1.5)
