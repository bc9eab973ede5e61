"""What the tests of training share: a small task that is learned in no time, and a trainer for it."""

import numpy as np
import pytest

import backlit as bl


@pytest.fixture
def task():
    """Rows of two numbers; the class is whether they lie on the same side of 0."""
    rng = np.random.default_rng(3)
    inputs = rng.uniform(-1.0, 1.0, (50, 2)).astype(np.float32)
    return inputs, (inputs[:, 0] * inputs[:, 1] > 0).astype(np.int64)


@pytest.fixture
def build():
    """A function that makes equal trainers: of a net with dropout, state of the optimiser, and a ragged last batch."""

    def make(**settings):
        with bl.seed(5):
            model = bl.nn.Sequential(bl.nn.Linear(2, 8), bl.nn.Tanh(), bl.nn.Dropout(0.2), bl.nn.Linear(8, 2))
        defaults = {
            "loss": bl.losses.cross_entropy,
            "optimizer": bl.optim.Adam(0.02),
            "metrics": [bl.metrics.accuracy],
        }
        return bl.Trainer(model, **(defaults | settings))

    return make


@pytest.fixture
def bits():
    """A function from a trainer to everything it carries along, as bytes."""

    def read(trainer):
        return {name: each.value.tobytes() for name, each in trainer._programs.carried().items()}

    return read
