"""Barriers: what one thread writes before a barrier, all others see after it."""

import ctypes
import threading

import numpy as np
import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.jit import assembly, compile_module
from backlit.engines.native.jobs import emit_pool
from backlit.engines.native.synchronisation import LINE_BYTES, barrier_bytes, emit_barrier
from backlit.engines.native.target import host_target, named_target, target_for
from backlit.engines.native.values import constant

STEP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
WINDOWS = target_for("x86_64-pc-windows-msvc", "x86-64", {})


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BACKLIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def zeroed(size: int) -> np.ndarray:
    """Zeroed bytes that begin a line."""
    memory = np.zeros(size + LINE_BYTES, np.uint8)
    start = -memory.ctypes.data % LINE_BYTES
    return memory[start : start + size]


def rounds_ir(threads: int, rounds: int, barrier: bool = True) -> str:
    """A step in which each thread writes the round's number, waits, and counts who has not written it yet.

    The barrier's words stand first in the context, then one line for each thread: its round, and its count.
    """
    module = Module(host_target())
    emit_barrier(module, threads)
    body = module.body("step", [("ptr", "context"), ("i64", "thread")], exported=True)
    context, thread = body.parameter("context"), body.parameter("thread")

    def cell(owner, offset):
        return body.address(context, [(owner, LINE_BYTES)], barrier_bytes(threads) + offset, 1)

    def meet():
        if barrier:
            body.line(f"call void @barrier({context.typed}, {thread.typed})")

    with body.loop(1, rounds + 1) as turn:
        body.store(turn.index, cell(thread, 0))
        meet()
        for other in range(threads):
            seen = body.load(cell(constant(other), 0), "i64", pinned=True)
            late = body.convert("zext", body.compare("ne", seen, turn.index), "i64")
            count = body.load(cell(thread, 8), "i64", pinned=True)
            body.store(body.whole("add", count, late), cell(thread, 8))
        meet()
    body.close(constant(0))
    return str(module)


def run_on_threads(code, context: np.ndarray, threads: int) -> None:
    """Run a step on threads of Python's, without the pool."""
    step = STEP(code.address("step"))
    runners = [threading.Thread(target=step, args=(context.ctypes.data, number)) for number in range(threads)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()


def late_counts(context: np.ndarray, threads: int) -> list[int]:
    lines = context[barrier_bytes(threads) :].view(np.int64).reshape(threads, LINE_BYTES // 8)
    return lines[:, 1].tolist()


@pytest.mark.parametrize(("threads", "rounds"), [(1, 10_000), (2, 10_000), (3, 1000), (4, 10_000), (7, 300)])
def test_nobody_passes_a_barrier_before_all_have_come(threads, rounds):
    code = compile_module(rounds_ir(threads, rounds), host_target(), ["step"])
    context = zeroed(2 * barrier_bytes(threads))
    run_on_threads(code, context, threads)
    assert late_counts(context, threads) == [0] * threads


def test_the_count_notices_a_missing_barrier():
    code = compile_module(rounds_ir(2, 200_000, barrier=False), host_target(), ["step"])
    context = zeroed(2 * barrier_bytes(2))
    run_on_threads(code, context, 2)
    assert sum(late_counts(context, 2)) > 0


def test_the_same_memory_serves_again():
    code = compile_module(rounds_ir(2, 50), host_target(), ["step"])
    context = zeroed(2 * barrier_bytes(2))
    for _ in range(20):
        run_on_threads(code, context, 2)
    assert late_counts(context, 2) == [0, 0]


def test_a_module_holds_one_barrier():
    module = Module(host_target())
    assert emit_barrier(module, 2) == emit_barrier(module, 2)
    assert str(module).count("define internal void @barrier(") == 1


def test_the_words_of_two_threads_share_no_cache_line():
    assert barrier_bytes(5) == 5 * LINE_BYTES


@pytest.mark.parametrize(
    ("target", "pause", "give_way"),
    [
        (named_target("x86-64-v2"), "pause", "sched_yield"),
        (named_target("aarch64"), "isb", "sched_yield"),
        (WINDOWS, "pause", "SwitchToThread"),
        (target_for("riscv64-unknown-linux-gnu", "generic-rv64", {"a": True}), "", "sched_yield"),
    ],
    ids=["x86", "arm", "windows", "other"],
)
def test_every_machine_is_told_that_a_thread_waits(target, pause, give_way):
    module = Module(target)
    emit_barrier(module, 4)
    assert emit_pool(module) == ["serve", "run", "repeat", "post", "rest"]
    text = assembly(str(module), target)
    assert pause in text.split() or not pause
    assert give_way in text
