"""What the machine can do, measured: the numbers are of the right order and in the right relation."""

import pytest

from backlit.engines.native.jit import object_code
from backlit.engines.native.machine import _emit, bandwidth, peak_operations
from backlit.engines.native.target import host_target, named_target


def test_a_peak_is_more_than_one_operation_a_cycle_and_less_than_any_core_does() -> None:
    assert 1e9 < peak_operations(1) < 2e12


def test_of_doubles_half_as_many_are_done() -> None:
    assert peak_operations(1, "float64") == peak_operations(1, "float32") / 2


def test_measuring_again_gives_what_was_measured() -> None:
    assert peak_operations(1) == peak_operations(1)
    assert bandwidth(1, 100) == bandwidth(1, 16 * 2**10) == bandwidth(1, 1)


def test_a_near_cache_is_faster_than_memory() -> None:
    assert bandwidth(1, 2**14) > 2 * bandwidth(1, 2**25)
    assert bandwidth(1, 2**14) < 5e12


def test_beyond_the_caches_size_no_longer_matters() -> None:
    assert bandwidth(1, 2**26) == bandwidth(1, 2**36)


def test_two_threads_measure_too() -> None:
    assert peak_operations(2) > 0.2 * peak_operations(1)
    assert bandwidth(2, 2**20) > 1e9


@pytest.mark.parametrize("name", ["x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64"])
def test_the_measuring_functions_compile_for_every_machine(name: str) -> None:
    assert object_code(_emit(named_target(name)), named_target(name))


def test_arithmetic_uses_whole_registers() -> None:
    target = host_target()
    assert f"<{target.lanes(4)} x float>" in _emit(target)
