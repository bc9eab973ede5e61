"""Measuring: means over rows, in whatever batches they come."""

import math

import numpy as np
import pytest

import backlit as bl
from backlit.train.feed import as_feed
from backlit.train.measure import means, measure
from backlit.train.programs import Programs

RNG = np.random.default_rng(1)
X, Y, W = RNG.normal(size=(10, 2)), RNG.normal(size=(10, 1)), RNG.uniform(size=10)


@pytest.fixture
def programs():
    model = bl.nn.Linear(2, 1, rng=0)
    return Programs(model, bl.losses.squared_error, bl.optim.SGD(0.1), bl.metrics.root_mean_squared_error)


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10])
def test_the_batches_do_not_matter(programs, batch_size):
    measured = measure(programs, as_feed((X, Y), batch_size, shuffle=False, seed=0))
    squares = (programs.model.predict(X.astype(np.float32)) - Y) ** 2
    assert measured["loss"] == pytest.approx(squares.mean(), rel=1e-6)
    assert measured["root mean squared error"] == pytest.approx(math.sqrt(squares.mean()), rel=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3, 10])
def test_weights_count_in_the_loss(programs, batch_size):
    measured = measure(programs, as_feed((X, Y, W), batch_size, shuffle=False, seed=0))
    squares = (programs.model.predict(X.astype(np.float32)) - Y)[:, 0] ** 2
    assert measured["loss"] == pytest.approx((W * squares).sum() / W.sum(), rel=1e-6)
    assert measured["root mean squared error"] == pytest.approx(math.sqrt(squares.mean()), rel=1e-6)


def test_the_mean_of_nothing_is_no_number():
    assert all(math.isnan(mean) for mean in means([0.0, 0.0], 0, 0.0))
