"""Rewind: back to the last good step, bit by bit."""

import numpy as np
import pytest

import backlit as bl
from backlit.train.programs import Programs
from backlit.train.rewind import Rewind


@pytest.fixture
def programs():
    with bl.seed(0):
        model = bl.nn.Sequential(bl.nn.Linear(3, 4), bl.nn.Dropout(0.5), bl.nn.Linear(4, 1))
    return Programs(model, bl.losses.squared_error, bl.optim.SGD(0.01, momentum=0.9))


def batch(number, rows=4):
    rng = np.random.default_rng(number)
    return rng.normal(size=(rows, 3)).astype(np.float32), rng.normal(size=(rows, 1)).astype(np.float32)


def bits(programs):
    return [each.value.tobytes() for each in programs.carried().values()]


def step(programs, rewind, data):
    program = programs.training(data)
    rewind.before(program, data)
    return program(*data)


@pytest.mark.parametrize("steps", [0, 1, 5, 63, 64, 65, 150])
def test_the_last_step_is_taken_back(programs, steps):
    rewind = Rewind(programs)
    for number in range(steps):
        step(programs, rewind, batch(number, rows=4 if number % 5 else 2))
    before = bits(programs)
    step(programs, rewind, batch(1000))
    assert bits(programs) != before
    assert rewind.take_back() == 1
    assert bits(programs) == before


def test_the_step_that_spoilt_the_parameters_is_found(programs):
    rewind = Rewind(programs)
    for number in range(3):
        step(programs, rewind, batch(number))
    before = bits(programs)
    x, y = batch(3)
    step(programs, rewind, (x * np.float32(1e19), y * np.float32(1e19)))  # the loss just fits, the gradient does not
    assert not np.isfinite(programs.model[0].weight.value).all()
    step(programs, rewind, batch(4))
    step(programs, rewind, batch(5))
    assert rewind.take_back() == 3
    assert bits(programs) == before


def test_large_batches_are_not_piled_up(programs, monkeypatch):
    monkeypatch.setattr("backlit.train.rewind._BYTES", 1000)
    rewind = Rewind(programs)
    for number in range(40):
        step(programs, rewind, batch(number, rows=20))
        assert len(rewind._since) <= 5
    before = bits(programs)
    step(programs, rewind, batch(0))
    rewind.take_back()
    assert bits(programs) == before


def test_changes_from_outside_are_kept_after_renewing(programs):
    rewind = Rewind(programs)
    step(programs, rewind, batch(0))
    programs.model[0].weight.value[...] = 0.5
    rewind.renew()
    step(programs, rewind, batch(1))
    rewind.take_back()
    assert (programs.model[0].weight.value == 0.5).all()


def test_without_a_step_there_is_nothing_to_take_back(programs):
    before = bits(programs)
    assert Rewind(programs).take_back() == 0
    assert bits(programs) == before
