"""Epochs in native code: on several threads, of many steps, and interrupted."""

import os
import signal
import threading

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native import epochs, workers


@pytest.fixture
def two_threads():
    workers.set_threads(2)
    yield
    workers.set_threads(None)


def counting(size):
    """A step that takes time, and counts itself."""
    x, count = bl.input("x"), bl.parameter(0.0)
    weight = bl.parameter(np.full((size, size), 0.5 / size, "float32"))
    y = bl.tanh((x * weight) @ weight)
    return bl.compile([x], bl.sum(y), {count: count + 1.0, weight: weight * 0.999}, engine="native"), count


def test_an_epoch_runs_on_several_threads(two_threads):
    program, count = counting(160)
    assert program.plan.threads == 2
    x = np.random.default_rng(0).normal(size=30).astype("float32")
    alone, again = counting(160)
    np.testing.assert_array_equal(program.epoch(x), np.array([alone(one) for one in x]))
    assert float(count.value) == float(again.value) == 30.0


@pytest.mark.parametrize("breath", [0.0, 1e-6, 10.0])
def test_the_pauses_for_interrupts_leave_out_no_step(monkeypatch, breath):
    monkeypatch.setattr(epochs, "_BREATH", breath)
    x, total = bl.input("x"), bl.parameter(0.0)
    program = bl.compile([x], total + x, {total: total + x}, engine="native")
    assert program.epoch(np.arange(1000.0)).tolist() == np.cumsum(np.arange(1000.0)).tolist()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_an_interrupt_ends_an_epoch_between_two_steps():
    program, count = counting(200)
    timer = threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGINT))
    x = np.ones(20_000, "float32")
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        program.epoch(x)
    timer.join()
    before = float(count.value)
    assert 0 < before < 20_000
    assert before == int(before)
    program(x[0])
    assert float(count.value) == before + 1
