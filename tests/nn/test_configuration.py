"""Settings as data and as text."""

import json

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError
from backlit.nn.configuration import settings_of, summary_of


class Forgetful(bl.nn.Module):
    def __init__(self, width):
        self.weight = bl.parameter(np.zeros(width))

    def forward(self, x):
        return x * self.weight


class Keeping(bl.nn.Module):
    def __init__(self, width, *, factor=1.0, inner=None):
        self.width, self.factor, self.inner = width, factor, inner

    def forward(self, x):
        return x


def test_a_module_says_how_it_was_built():
    model = Keeping(np.int64(3), factor=np.float32(0.5), inner=bl.nn.Linear(3, 1, bias=False))
    configuration = model.configuration()
    assert configuration == {
        "type": "Keeping",
        "width": 3,
        "factor": 0.5,
        "inner": {
            "type": "Linear",
            "inputs": 3,
            "outputs": 1,
            "bias": False,
            "weight_initialiser": {"type": "HeNormal", "slope": 0.0},
            "bias_initialiser": {"type": "Zeros"},
        },
    }
    assert json.loads(json.dumps(configuration)) == configuration


def test_a_flag_is_read_off_the_parameter_it_asked_for():
    assert settings_of(bl.nn.Linear(1, 1))["bias"] is True
    assert settings_of(bl.nn.Linear(1, 1, bias=False))["bias"] is False


def test_an_argument_that_was_not_kept_is_named():
    with pytest.raises(ArgumentError, match=r"it has no attribute 'width'(.|\n)*self\.width = width"):
        Forgetful(3).configuration()


@pytest.mark.parametrize("value", [np.nan, {"a": 1}, print, np.zeros(2), b"bytes"])
def test_what_cannot_be_written_down_is_named(value):
    with pytest.raises(ArgumentError, match=r"Keeping\(factor=\.\.\.\) cannot be written down"):
        Keeping(1, factor=value).configuration()


def test_a_function_as_initialiser_cannot_be_written_down():
    layer = bl.nn.Linear(1, 1, weight_initialiser=lambda shape, rng: np.zeros(shape))
    with pytest.raises(ArgumentError, match=r"Linear\(weight_initialiser=\.\.\.\) cannot be written down"):
        layer.configuration()


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (bl.nn.ReLU(), "ReLU"),
        (bl.nn.Linear(3, 2), "Linear(3, 2)"),
        (bl.nn.Linear(3, 2, bias=False), "Linear(3, 2, bias=False)"),
        (bl.nn.Linear(3, 2, bias_initialiser=bl.nn.Ones()), "Linear(3, 2, bias_initialiser=Ones())"),
        (bl.nn.Dropout(0.5, rng=3), "Dropout(0.5)"),
        (bl.nn.LeakyReLU(0.01), "LeakyReLU"),
        (bl.nn.Sequential(bl.nn.ReLU()), "Sequential"),
        (bl.nn.Neuron(2, bl.nn.Tanh()), "Neuron(2)"),
        (Forgetful(3), "Forgetful(...)"),
        (Keeping(3, factor=2.0), "Keeping(3, factor=2.0)"),
    ],
)
def test_a_module_on_one_line(module, text):
    assert summary_of(module) == text
