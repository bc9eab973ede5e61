"""Schedules: each against its formula, in both float types, alone and inside an optimiser; and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError
from backlit.optim import (
    SGD,
    Constant,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    Schedule,
    StepDecay,
    Warmup,
)
from backlit.optim.schedules import check_learning_rate, rate_at

rates = st.floats(1e-6, 10)
counts = st.integers(1, 50)


def assert_follows(schedule, formula, steps=60):
    """Hold the table, and the schedule at single steps in float32, against a formula in Python's own numbers."""
    expected = [formula(t) for t in range(steps)]
    table = schedule.table(steps)
    assert table.dtype == np.float64
    np.testing.assert_allclose(table, expected, rtol=1e-12, atol=1e-12 * max(expected))
    step = bl.input("step")
    program = bl.compile([step], schedule(step), engine="reference")
    single = [program(float(t)) for t in range(steps)]
    assert {value.dtype.name for value in single} == {"float32"}
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-6 * max(expected))


@given(rates)
def test_constant(rate):
    assert_follows(Constant(rate), lambda t: rate)


@given(rates, st.sampled_from([0.1, 0.5, 0.9]), counts)
def test_step_decay(initial, factor, every):
    assert_follows(StepDecay(initial, factor, every), lambda t: initial * factor ** (t // every))


@given(rates, st.floats(0.8, 1.0), counts)
def test_exponential_decay(initial, factor, every):
    assert_follows(ExponentialDecay(initial, factor, every), lambda t: initial * factor ** (t / every))


@given(rates, st.floats(0, 10))
def test_inverse_time_decay(initial, decay):
    assert_follows(InverseTimeDecay(initial, decay), lambda t: initial / (1 + decay * t))


@given(rates, counts, st.floats(0, 1))
def test_cosine_decay(initial, steps, final):
    def formula(t):
        return final + (initial - final) * (1 + math.cos(math.pi * min(t, steps) / steps)) / 2

    assert_follows(CosineDecay(initial, steps, final), formula)


@given(counts, rates)
def test_warm_up_to_a_number(steps, rate):
    assert_follows(Warmup(steps, then=rate), lambda t: rate * min((t + 1) / steps, 1))


@given(counts, rates, st.floats(0, 1))
def test_warm_up_to_a_schedule(steps, initial, decay):
    def formula(t):
        return initial * (t + 1) / steps if t < steps else initial / (1 + decay * (t + 1 - steps))

    assert_follows(Warmup(steps, then=InverseTimeDecay(initial, decay)), formula)


def test_a_warm_up_hands_over_without_a_jump_or_a_pause():
    table = Warmup(3, then=StepDecay(1.0, factor=0.5, every=2)).table(8)
    assert table.tolist() == pytest.approx([1 / 3, 2 / 3, 1, 1, 0.5, 0.5, 0.25, 0.25])


def test_warm_ups_and_functions_nest():
    table = Warmup(2, then=Warmup(2, then=lambda step: 4.0 / (step + 1.0))).table(5)
    assert table.tolist() == pytest.approx([1.0, 2.0, 4.0, 2.0, 4 / 3])


def test_a_long_exponential_decay_keeps_its_digits_in_float32():
    # 0.9999 rounded to float32 and raised to 100,000 is off by 0.2 %.
    rate = ExponentialDecay(1.0, factor=0.9999)(bl.constant(100_000.0)).evaluate()
    assert float(rate) == pytest.approx(0.9999**100_000, rel=1e-5)


@given(st.sampled_from([ExponentialDecay(1.0, 0.9), InverseTimeDecay(1.0, 0.1), CosineDecay(1.0, 40)]))
def test_a_decay_never_rises(schedule):
    assert np.all(np.diff(schedule.table(60)) <= 0)


def test_a_table_of_a_schedule_of_ones_own():
    class Square(Schedule):
        def __call__(self, step):
            return step * step

    class Fixed(Schedule):
        def __call__(self, step):
            return 0.5

    assert Square().table(4).tolist() == [0.0, 1.0, 4.0, 9.0]
    assert Fixed().table(2).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("steps", [0, -1, 2.5, True])
def test_a_table_has_at_least_one_step(steps):
    with pytest.raises(ArgumentError, match="the number of steps of a table cannot be"):
        Constant(0.1).table(steps)


def test_the_first_update_takes_the_rate_of_step_zero():
    θ = bl.parameter(10.0)
    program = bl.compile(updates=SGD(StepDecay(1.0, 0.5, every=2)).updates({θ: bl.constant(1.0)}, [θ]))
    way = []
    for _ in range(5):
        program()
        way.append(float(θ.value))
    assert way == [9.0, 8.0, 7.5, 7.0, 6.75]


def test_a_float64_parameter_gets_a_float64_rate():
    θ = bl.parameter(0.0, dtype="float64")
    bl.compile(updates=SGD(ExponentialDecay(0.1, 0.5)).updates({θ: bl.constant(1.0, dtype="float64")}, [θ]))()
    assert float(θ.value) == -0.1


def test_a_rate_of_another_float_type_is_cast():
    rate = rate_at(lambda step: bl.cast(step, "float64") * 0.5, bl.constant(3.0))
    assert (rate.dtype, float(rate.evaluate())) == ("float32", 1.5)


@pytest.mark.parametrize(
    "bad",
    [
        lambda step: None,
        lambda step: "0.1",
        lambda step: True,
        lambda step: bl.constant([0.1, 0.2]),
        lambda step: bl.constant(1),
        lambda step: step > 3.0,
    ],
)
def test_a_schedule_that_returns_no_rate_is_refused(bad):
    with pytest.raises(ArgumentError, match=r"the schedule '<lambda>' returned") as error:
        SGD(bad).updates({(θ := bl.parameter(1.0)): bl.constant(1.0)}, [θ])
    assert "lambda step: 0.1 / (step + 1.0)" in error.value.instead


def test_a_schedule_that_returns_a_negative_number_is_refused():
    with pytest.raises(ArgumentError, match="the learning rate cannot be -1"):
        rate_at(lambda step: -1, bl.constant(0.0))


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, True, "0.1", None, bl.constant(0.1)])
def test_a_learning_rate_that_is_none_is_refused(value):
    for make in (check_learning_rate, SGD, lambda rate: Warmup(3, then=rate)):
        with pytest.raises(ArgumentError, match="the learning rate cannot be") as error:
            make(value)
        assert "how far each step goes" in error.value.why
        assert "CosineDecay" in error.value.instead


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1), "the learning rate cannot be -1"),
        (lambda: StepDecay(math.nan, 0.5, 1), "the initial learning rate cannot be nan"),
        (lambda: StepDecay(1, 0, 1), "the factor of a step decay cannot be 0"),
        (lambda: StepDecay(1, 0.5, 0), "the length of a stair cannot be 0"),
        (lambda: ExponentialDecay(True, 0.5), "the initial learning rate cannot be True"),
        (lambda: ExponentialDecay(1, -0.5), "the factor of an exponential decay cannot be -0.5"),
        (lambda: ExponentialDecay(1, 0.5, 1.5), "the number of steps of a decay cannot be 1.5"),
        (lambda: InverseTimeDecay(-1, 0.5), "the initial learning rate cannot be -1"),
        (lambda: InverseTimeDecay(1, -0.5), "the decay of a learning rate cannot be -0.5"),
        (lambda: CosineDecay("1", 10), "the initial learning rate cannot be '1'"),
        (lambda: CosineDecay(1, 0), "the number of steps of a decay cannot be 0"),
        (lambda: CosineDecay(1, 10, -1), "the final learning rate cannot be -1"),
        (lambda: Warmup(0, 0.1), "the length of a warm-up cannot be 0"),
    ],
)
def test_a_setting_outside_its_range_is_refused(make, message):
    with pytest.raises(ArgumentError, match=f"^{message}"):
        make()


def test_schedules_are_records():
    schedule = Warmup(10, then=CosineDecay(0.1, steps=100))
    assert repr(schedule) == "Warmup(steps=10, then=CosineDecay(initial=0.1, steps=100, final=0.0))"
    assert eval(repr(schedule)) == schedule
    assert len({schedule, Warmup(10, then=CosineDecay(0.1, steps=100))}) == 1
    with pytest.raises(AttributeError):
        schedule.steps = 3
