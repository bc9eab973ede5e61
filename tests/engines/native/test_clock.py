"""The counter goes forward, at one rate."""

import ctypes
import time

import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.clock import emit_reading, reading_ticks, ticks_per_second
from backlit.engines.native.jit import compile_module, object_code
from backlit.engines.native.target import Target, host_target, named_target


def reader(target: Target) -> str:
    module = Module(target)
    body = module.body("now", [], exported=True)
    body.close(emit_reading(body))
    return str(module)


def test_the_counter_counts_seconds() -> None:
    code = compile_module(reader(host_target()), host_target(), ["now"])
    now = ctypes.CFUNCTYPE(ctypes.c_uint64)(code.address("now"))
    ratios = []
    for _ in range(5):
        begin, first = time.perf_counter(), now()
        time.sleep(0.02)
        last, end = now(), time.perf_counter()
        ratios.append((last - first) / ticks_per_second() / (end - begin))
    assert sorted(ratios)[2] == pytest.approx(1.0, abs=0.02)


def test_a_reading_is_quick() -> None:
    assert 0 < reading_ticks() / ticks_per_second() < 2e-6


@pytest.mark.parametrize(("name", "counter"), [("x86-64-v3", "readcyclecounter"), ("aarch64", "readsteadycounter")])
def test_each_machine_reads_a_counter_that_a_user_may_read(name: str, counter: str) -> None:
    target = named_target(name)
    assert counter in reader(target)
    assert object_code(reader(target), target)
