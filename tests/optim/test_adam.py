"""Adam and AdamW: against the published algorithm in NumPy, in float32 as well, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError
from backlit.optim import Adam, AdamW, CosineDecay


def published(α, beta1=0.9, beta2=0.999, epsilon=1e-8, coupled=0.0, decoupled=0.0):
    """Algorithm 1 of Kingma and Ba, and Algorithm 2 of Loshchilov and Hutter, line by line."""

    def rule(θ, g, memory, t):
        g = g + coupled * θ
        memory["m"] = beta1 * memory.get("m", 0.0) + (1 - beta1) * g
        memory["v"] = beta2 * memory.get("v", 0.0) + (1 - beta2) * g**2
        m_hat = memory["m"] / (1 - beta1**t)
        v_hat = memory["v"] / (1 - beta2**t)
        rate = α(t - 1) if callable(α) else α
        return θ - rate * (m_hat / (np.sqrt(v_hat) + epsilon) + decoupled * θ)

    return rule


def test_adam_against_numpy(valley, agree):
    agree(Adam(0.01), published(0.01), valley)


def test_adam_with_a_large_epsilon_against_numpy(valley, agree):
    # Where ε stands shows only where it is large.
    agree(Adam(0.01, epsilon=0.5), published(0.01, epsilon=0.5), valley)


def test_adam_with_a_coupled_decay_against_numpy(valley, agree):
    agree(Adam(0.01, weight_decay=0.1), published(0.01, coupled=0.1), valley)


def test_adamw_against_numpy(valley, agree):
    agree(AdamW(0.01, weight_decay=0.1), published(0.01, decoupled=0.1), valley)


def test_adamw_decays_unless_told_otherwise(valley, agree):
    agree(AdamW(0.01), published(0.01, decoupled=0.01), valley)
    agree(AdamW(0.01, weight_decay=0), published(0.01), valley)


def test_a_schedule_against_numpy(valley, agree):
    def rate(t):
        return 0.5 * 0.01 * (1 + np.cos(np.pi * min(t, 10) / 10))

    agree(Adam(CosineDecay(0.01, steps=10)), published(rate), valley)
    agree(AdamW(CosineDecay(0.01, steps=10), weight_decay=0.3), published(rate, decoupled=0.3), valley)


@given(
    α=st.floats(1e-6, 0.1),
    beta1=st.floats(0, 0.999),
    beta2=st.floats(0, 0.9999),
    epsilon=st.floats(1e-10, 1),
    λ=st.floats(0, 1),
    decoupled=st.booleans(),
)
def test_any_settings_against_numpy(α, beta1, beta2, epsilon, λ, decoupled):
    settings = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    θ = bl.parameter([2.0, -0.5, 0.0], dtype="float64")
    loss = bl.sum(θ**3 + θ)
    optimizer = (AdamW if decoupled else Adam)(α, weight_decay=λ, **settings)
    program = bl.compile(updates=optimizer.updates(loss, [θ]), engine="reference")
    rule = published(α, **settings, **{"decoupled" if decoupled else "coupled": λ})
    expected, memory = np.array([2.0, -0.5, 0.0]), {}
    for t in range(1, 6):
        expected = rule(expected, 3 * expected**2 + 1, memory, t)
        program()
    # 1 - βᵗ as NumPy writes it loses digits where β is next to 1, hence not 1e-12.
    np.testing.assert_allclose(θ.value, expected, rtol=1e-10, atol=1e-10)


def test_float32_is_as_exact_as_float32_can_be(rosenbrock, descend):
    exact = descend(Adam(0.01), rosenbrock, 20, dtype="float64")
    single = descend(Adam(0.01), rosenbrock, 20, dtype="float32")
    for wanted, received in zip(exact, single, strict=True):
        assert received["x"].dtype == np.float32
        assert received["x"] == pytest.approx(float(wanted["x"]), rel=3e-6)


def test_the_first_step_has_the_length_of_the_learning_rate_however_small_the_gradient():
    θ = bl.parameter([0.0, 0.0, 0.0])
    loss = bl.sum(θ * bl.constant([1000.0, -1.0, 0.001]))
    bl.compile(updates=Adam(0.5).updates(loss, [θ]))()
    assert θ.value.tolist() == pytest.approx([-0.5, 0.5, -0.5], rel=2e-5)


def test_a_gradient_of_zero_moves_nothing():
    θ = bl.parameter([1.0, 2.0])
    loss = bl.sum(θ * bl.constant([0.0, 1.0]))
    bl.compile(updates=Adam(0.5).updates(loss, [θ]))()
    assert θ.value.tolist() == pytest.approx([1.0, 1.5], rel=1e-6)


@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_adam_reaches_the_minimum_of_rosenbrock(rosenbrock, descend, kind):
    end = descend(kind(0.02, weight_decay=0), rosenbrock, 4000)[-1]
    assert end["x"] == pytest.approx(1, abs=1e-3)
    assert end["y"] == pytest.approx(1, abs=2e-3)


def test_the_settings_stand_in_the_order_of_the_paper():
    assert Adam(0.1, 0.8, 0.9, 1e-6) == Adam(learning_rate=0.1, beta1=0.8, beta2=0.9, epsilon=1e-6)
    assert Adam() == Adam(0.001, 0.9, 0.999, 1e-8)


def test_single_numbers_are_built_once_for_all_parameters():
    def operations(count):
        parameters = [bl.parameter(np.ones(3)) for _ in range(count)]
        gradients = {parameter: bl.input(f"g{i}", (3,)) for i, parameter in enumerate(parameters)}
        return len(bl.Graph(outputs=list(Adam().updates(gradients, parameters).values())).operations)

    each = operations(2) - operations(1)
    assert each == 12
    assert operations(5) == operations(1) + 4 * each


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize("name", ["beta1", "beta2"])
@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan"), True, "0.9"])
def test_a_mean_that_forgets_nothing_is_refused(kind, name, value):
    with pytest.raises(ArgumentError, match=f"the {name} cannot be"):
        kind(**{name: value})


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize("value", [0, -1e-8, float("inf"), None])
def test_an_epsilon_of_nothing_is_refused(kind, value):
    with pytest.raises(ArgumentError, match="the epsilon cannot be") as error:
        kind(epsilon=value)
    assert "division by zero" in error.value.why


def test_they_print_their_settings():
    assert repr(Adam(0.002)) == (
        "Adam(learning_rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-08, weight_decay=0.0, clip_norm=None, "
        "clip_value=None)"
    )
    assert repr(AdamW(CosineDecay(0.002, steps=5), clip_norm=1)) == (
        "AdamW(learning_rate=CosineDecay(initial=0.002, steps=5, final=0.0), beta1=0.9, beta2=0.999, epsilon=1e-08, "
        "weight_decay=0.01, clip_norm=1.0, clip_value=None)"
    )
