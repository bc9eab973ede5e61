"""A profile tells where the time goes, and leaves everything as it was."""

import json
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native import NativeEngine
from backlit.engines.native.cost import CostReport, KernelCost
from backlit.engines.native.profile import profile_report, restored
from backlit.engines.native.workers import set_threads, thread_limit
from backlit.errors import ArgumentError, BindingError, IndexRangeError


def cost_of(*bounds: float) -> CostReport:
    kernels = tuple(KernelCost(i, f"kernel {i}", 1, 1, 1, bound, "memory") for i, bound in enumerate(bounds))
    return CostReport(kernels, 1, 1e9, 64, 64, 64)


# ---------------------------------------------------------------------------------------------------- from the readings


def test_the_slowest_thread_counts_and_waiting_is_told_apart() -> None:
    # Thread 0 takes 10 and then 20 ticks; thread 1 takes 40 and 5; thread 0 waits 30 at the barrier between.
    round_ = [[0, 0, 10, 40, 60], [0, 0, 40, 40, 45]]
    report = profile_report(cost_of(1e-8, 1e-8), np.array([round_] * 3), rate=1e9, barriers={1})
    assert [kernel.seconds for kernel in report.kernels] == pytest.approx([40e-9, 20e-9])
    assert [kernel.waiting for kernel in report.kernels] == pytest.approx([0.0, 15e-9])
    assert report.seconds == pytest.approx(60e-9)
    assert report.waiting == pytest.approx(15e-9)
    assert [kernel.reached for kernel in report.kernels] == pytest.approx([0.25, 0.5])
    assert report.slowest is report.kernels[0]
    assert (report.rounds, report.threads) == (3, 2)


def test_times_are_medians_over_the_rounds() -> None:
    rounds = np.array([[[0, 0, time]] for time in (10, 1000, 12, 11, 9)])
    report = profile_report(cost_of(1e-9), rounds, rate=1e9)
    assert report.kernels[0].seconds == pytest.approx(11e-9)
    assert report.seconds == pytest.approx(11e-9)


def test_what_reading_the_counter_takes_is_taken_off() -> None:
    report = profile_report(cost_of(1e-9, 1e-9), np.array([[[0, 5, 25, 30, 36]]]), rate=1e9, overhead=5.0)
    assert [kernel.seconds for kernel in report.kernels] == pytest.approx([15e-9, 1e-9])
    assert report.seconds == pytest.approx(16e-9)


def test_counts_may_be_large() -> None:
    start = 2**62
    report = profile_report(cost_of(1e-9), np.array([[[start, start, start + 7]]], dtype=np.uint64), rate=1e9)
    assert report.kernels[0].seconds == pytest.approx(7e-9)


# ------------------------------------------------------------------------------------------------------------- programs


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def step(request: pytest.FixtureRequest) -> Any:
    """A training step with its values, on one thread or two."""
    rng = np.random.default_rng(0)
    x, y = bl.input("x", (256, 60)), bl.input("y", (256,), dtype="int64")
    net = bl.nn.Sequential(bl.nn.Linear(60, 80, rng=0), bl.nn.ReLU(), bl.nn.Linear(80, 10, rng=0))
    loss = bl.losses.cross_entropy(net(x), y)
    before = thread_limit()
    set_threads(request.param)
    try:
        program = bl.compile([x, y], loss, bl.optim.Adam(0.1).updates(loss, net.parameters()), engine=NativeEngine())
        yield program, rng.normal(size=(256, 60)).astype("float32"), rng.integers(0, 10, 256)
    finally:
        set_threads(before)


def test_looking_changes_no_bit(step: Any) -> None:
    program, x, y = step
    before = {parameter: parameter.value.copy() for parameter in program.graph.updates}
    program.profile(x, y, rounds=3)
    for parameter, value in before.items():
        assert parameter.value.tobytes() == value.tobytes()
    first = program(x, y)
    for parameter, value in before.items():
        parameter.value = value
    program.profile(x, y, rounds=2)
    assert program(x, y) == first


def test_every_kernel_is_timed_and_named(step: Any) -> None:
    program, x, y = step
    profile = program.profile(x, y, rounds=5)
    assert [kernel.name for kernel in profile.kernels] == [kernel.name for kernel in program.schedule.kernels]
    assert all(kernel.seconds > 0 for kernel in profile.kernels if kernel.bound > 1e-7)
    assert 0 < max(kernel.seconds for kernel in profile.kernels) <= profile.seconds * 1.5
    waited = {kernel.number for kernel in profile.kernels if kernel.waiting}
    assert waited <= program.plan.barriers
    assert profile.threads == program.plan.threads
    assert profile.rounds == 5


def test_the_slow_part_is_found() -> None:
    x, w, v = bl.input("x", (64, 32)), bl.input("w", (32, 32)), bl.input("v", (64, 2048))
    with bl.scope("small"):
        small = bl.sum(bl.tanh(x @ w))
    with bl.scope("large"):
        large = v.T @ v
    program = bl.compile([x, w, v], [small, large], engine=NativeEngine())
    values = [np.ones(node.shape, "float32") for node in (x, w, v)]
    assert program.profile(*values, rounds=5).slowest.name == "large · product"


def test_a_profile_is_data_and_fits_a_page(step: Any) -> None:
    program, x, y = step
    profile = program.profile(x, y, rounds=2)
    data = json.loads(json.dumps(profile.as_dict()))
    assert data["kernels"][0]["name"] == profile.kernels[0].name
    assert max(map(len, str(profile).splitlines())) <= 100
    assert "whole step" in str(profile)


def test_parameters_are_put_back_when_a_run_fails(step: Any) -> None:
    program, x, _ = step
    before = [parameter.value.copy() for parameter in program.graph.updates]
    with pytest.raises(IndexRangeError, match="label 10 is out of range"):
        program.profile(x, np.full(256, 10), rounds=2)
    with pytest.raises(BindingError):
        program.profile(x, rounds=2)
    for parameter, value in zip(program.graph.updates, before, strict=True):
        assert parameter.value.tobytes() == value.tobytes()


def fail_after_a_change(θ: bl.Parameter) -> None:
    θ.value += 5.0
    raise ZeroDivisionError


def test_parameters_are_put_back_whatever_happens_inside() -> None:
    θ = bl.parameter([1.0, float("nan")], name="θ")
    bits = θ.value.tobytes()
    with pytest.raises(ZeroDivisionError), restored([θ]):
        fail_after_a_change(θ)
    assert θ.value.tobytes() == bits


@pytest.mark.parametrize("rounds", [0, -3])
def test_no_rounds_are_refused(rounds: int) -> None:
    x = bl.input("x")
    with pytest.raises(ArgumentError, match="at least one round"):
        bl.compile(x, x + 1.0, engine=NativeEngine()).profile(1.0, rounds=rounds)


def test_random_numbers_go_on_as_if_nobody_had_looked() -> None:
    rng = bl.Generator(3)
    program = bl.compile([], bl.uniform((100,), rng=rng), rng.updates(), engine=NativeEngine())
    program.profile(rounds=3)
    np.testing.assert_array_equal(program(), bl.uniform((100,), rng=bl.Generator(3)).evaluate())
