"""Dropout: nothing outside training; inside, the share that was asked for, and the same expected value."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DTypeError


def train(module, x):
    with bl.training() as mode:
        y = module(x)
    return y, mode


def test_outside_training_nothing_changes():
    x = bl.input("x", shape=(3,))
    assert bl.nn.Dropout(0.5)(x) is x


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_and_the_mean_are_right(rate):
    y, _ = train(bl.nn.Dropout(rate, rng=0), bl.constant(np.ones(20_000)))
    value = y.evaluate()
    assert (value == 0).mean() == pytest.approx(rate, abs=0.01)
    assert value.mean() == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(np.unique(value), [0.0, 1 / (1 - rate)], rtol=1e-6)


def test_every_step_draws_anew_and_equal_seeds_draw_the_same():
    def three_steps():
        y, mode = train(bl.nn.Dropout(0.5, rng=3), bl.constant(np.ones(100)))
        step = bl.compile(outputs=y, updates=mode.updates)
        return [step().tolist() for _ in range(3)]

    first = three_steps()
    assert first[0] != first[1] != first[2]
    assert three_steps() == first


def test_the_gradient_passes_where_the_value_does():
    x = bl.parameter(np.ones(50))
    y, _ = train(bl.nn.Dropout(0.5, rng=0), x)
    value, gradient = bl.compile(outputs=[y, bl.grad(bl.sum(y), x)])()
    assert np.array_equal(value, gradient)


def test_infinite_values_that_are_dropped_are_gone():
    y, _ = train(bl.nn.Dropout(0.9, rng=0), bl.constant(np.full(50, np.inf)))
    assert set(y.evaluate().tolist()) == {0.0, np.inf}


def test_a_rate_of_0_draws_nothing():
    x = bl.input("x", shape=(3,))
    y, mode = train(bl.nn.Dropout(0.0), x)
    assert y is x
    assert mode.updates == {}


@pytest.mark.parametrize("rate", [-0.1, 1.0, 2, "half", None])
def test_rates_are_checked(rate):
    with pytest.raises(ArgumentError, match=r"Dropout\(rate=\.\.\.\) is a finite number"):
        bl.nn.Dropout(rate)


def test_only_floats_can_be_enlarged():
    with pytest.raises(DTypeError, match=r"Dropout\(0\.5\) takes floats; received"):
        bl.nn.Dropout(0.5)(bl.constant([1, 2]))
