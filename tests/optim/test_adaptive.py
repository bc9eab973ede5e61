"""Adagrad and RMSprop: against the published rules in NumPy, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError
from backlit.optim import Adagrad, InverseTimeDecay, RMSprop


def adagrad(α, epsilon=1e-8, decay=0.0):
    def rule(θ, g, memory, t):
        g = g + decay * θ
        memory["s"] = memory.get("s", 0.0) + g**2
        return θ - (α / t if decay else α) * g / (np.sqrt(memory["s"]) + epsilon)

    return rule


def rmsprop(α, ρ=0.9, epsilon=1e-8, decay=0.0):
    def rule(θ, g, memory, t):
        g = g + decay * θ
        memory["s"] = ρ * memory.get("s", 0.0) + (1 - ρ) * g**2
        return θ - (α / t if decay else α) * g / (np.sqrt(memory["s"]) + epsilon)

    return rule


def test_adagrad_against_numpy(valley, agree):
    agree(Adagrad(0.1), adagrad(0.1), valley)
    agree(Adagrad(0.1, epsilon=0.5), adagrad(0.1, epsilon=0.5), valley)


def test_rmsprop_against_numpy(valley, agree):
    agree(RMSprop(0.01), rmsprop(0.01), valley)
    agree(RMSprop(0.01, decay=0.5, epsilon=0.5), rmsprop(0.01, ρ=0.5, epsilon=0.5), valley)


def test_decay_and_schedule_against_numpy(valley, agree):
    schedule = InverseTimeDecay(0.01, decay=1)
    agree(Adagrad(schedule, weight_decay=0.2), adagrad(0.01, decay=0.2), valley)
    agree(RMSprop(schedule, weight_decay=0.2), rmsprop(0.01, decay=0.2), valley)


@given(α=st.floats(0, 0.1), ρ=st.floats(0, 0.999), epsilon=st.floats(1e-10, 1))
def test_any_settings_against_numpy(α, ρ, epsilon):
    for optimizer, rule in (
        (Adagrad(α, epsilon=epsilon), adagrad(α, epsilon)),
        (RMSprop(α, decay=ρ, epsilon=epsilon), rmsprop(α, ρ, epsilon)),
    ):
        θ = bl.parameter([2.0, -0.5, 0.0], dtype="float64")
        program = bl.compile(updates=optimizer.updates(bl.sum(θ**3), [θ]), engine="reference")
        expected, memory = np.array([2.0, -0.5, 0.0]), {}
        for t in range(1, 6):
            expected = rule(expected, 3 * expected**2, memory, t)
            program()
        np.testing.assert_allclose(θ.value, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("optimizer", "steps", "near"), [(Adagrad(0.5), 6000, 0.01), (RMSprop(0.001), 6000, 0.01)])
def test_they_reach_the_minimum_of_rosenbrock(rosenbrock, descend, optimizer, steps, near):
    end = descend(optimizer, rosenbrock, steps)[-1]
    assert end["x"] == pytest.approx(1, abs=near)
    assert end["y"] == pytest.approx(1, abs=2 * near)


def test_what_they_remember():
    w = bl.parameter([1.0, 2.0], name="w")
    assert list(Adagrad().state([w])) == ["w.sum_of_squares"]
    assert list(RMSprop().state([w])) == ["w.mean_square"]


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan"), True])
def test_a_mean_that_forgets_nothing_is_refused(value):
    with pytest.raises(ArgumentError, match="the decay cannot be") as error:
        RMSprop(decay=value)
    assert "mean square" in error.value.why


@pytest.mark.parametrize("kind", [Adagrad, RMSprop])
def test_an_epsilon_of_nothing_is_refused(kind):
    with pytest.raises(ArgumentError, match="the epsilon cannot be 0"):
        kind(epsilon=0)


def test_they_print_their_settings():
    rest = "weight_decay=0.0, clip_norm=None, clip_value=None)"
    assert repr(Adagrad()) == f"Adagrad(learning_rate=0.01, epsilon=1e-08, {rest}"
    assert repr(RMSprop()) == f"RMSprop(learning_rate=0.001, decay=0.9, epsilon=1e-08, {rest}"
