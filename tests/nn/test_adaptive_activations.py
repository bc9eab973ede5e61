"""A slope that is learned, and one that is drawn."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DTypeError, ShapeError

X = np.array([[-2.0, 3.0], [-1.0, -4.0]])


def test_a_learned_slope_gets_the_gradient_of_its_formula():
    activation = bl.nn.PReLU(slope=0.5)
    y = activation(bl.constant(X))
    assert y.evaluate().tolist() == [[-1.0, 3.0], [-0.5, -2.0]]
    assert activation.weight.trainable
    assert float(bl.grad(bl.sum(y), activation.weight).evaluate()) == -7.0  # the sum of what is below 0


def test_a_slope_for_each_feature():
    activation = bl.nn.PReLU(2)
    activation.weight.value = [0.5, 2.0]
    y = activation(bl.constant(X))
    assert y.evaluate().tolist() == [[-1.0, 3.0], [-0.5, -8.0]]
    assert bl.grad(bl.sum(y), activation.weight).evaluate().tolist() == [-3.0, -4.0]
    with pytest.raises(ShapeError, match=r"PReLU\(features=2\) takes 2 features; received(.|\n)*PReLU\(\)"):
        activation(bl.input("x", shape=(3,)))


def test_a_drawn_slope_lies_in_its_bounds_and_differs_by_element_and_step():
    activation = bl.nn.RandomisedLeakyReLU(0.25, 0.75, rng=0)
    with bl.training() as mode:
        y = activation(bl.constant(np.full(5_000, -1.0)))
    step = bl.compile(outputs=y, updates=mode.updates)
    slopes = -step()
    assert 0.25 <= slopes.min() < 0.26
    assert 0.74 < slopes.max() <= 0.75
    assert slopes.mean() == pytest.approx(0.5, abs=0.01)
    assert not np.array_equal(-step(), slopes)


def test_equal_seeds_draw_equal_slopes():
    def draw(seed):
        with bl.training():
            return bl.nn.RandomisedLeakyReLU(rng=seed)(bl.constant(np.full(20, -1.0))).evaluate().tolist()

    assert draw(1) == draw(1) != draw(2)


def test_outside_training_the_slope_is_the_mean():
    assert bl.nn.RandomisedLeakyReLU(0.25, 0.75).predict(X).tolist() == [[-1.0, 3.0], [-0.5, -2.0]]


def test_float64_slopes_for_float64_values():
    with bl.training():
        assert bl.nn.RandomisedLeakyReLU()(bl.input("x", dtype="float64")).dtype == "float64"


def test_settings_are_checked():
    with pytest.raises(ArgumentError, match=r"draws from low to high; received low=0\.5, high=0\.25"):
        bl.nn.RandomisedLeakyReLU(0.5, 0.25)
    with pytest.raises(ArgumentError, match=r"PReLU\(features=\.\.\.\)"):
        bl.nn.PReLU(0)
    with pytest.raises(ArgumentError, match=r"PReLU\(slope=\.\.\.\)"):
        bl.nn.PReLU(slope=np.nan)
    with pytest.raises(DTypeError, match="takes floats"):
        bl.nn.RandomisedLeakyReLU()(bl.input("n", dtype="int64"))
