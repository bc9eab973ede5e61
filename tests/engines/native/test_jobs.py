"""The native side of the pool: how workers are given jobs, and jobs that are repeated."""

import ctypes
import threading
import time

import numpy as np
import pytest

from backlit.engines.native.arrays import aligned_bytes
from backlit.engines.native.builder import Module
from backlit.engines.native.jit import compile_module
from backlit.engines.native.jobs import MISSING, Line, State, emit_pool
from backlit.engines.native.synchronisation import LINE_BYTES
from backlit.engines.native.target import host_target

STEP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)


def test_two_workers_are_told_on_different_cache_lines():
    assert ctypes.sizeof(Line) == LINE_BYTES


@pytest.fixture(scope="module")
def native():
    module = Module(host_target())
    names = emit_pool(module)
    return compile_module(str(module), host_target(), names)


@pytest.fixture
def lines():
    memory = aligned_bytes(3 * LINE_BYTES)
    lines = (Line * 3).from_address(memory.ctypes.data)
    lines.memory = memory
    for line in lines:
        line.state = State.GONE
    return lines


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(1e-4)


def test_where_a_worker_is_missing_nothing_runs(native, lines):
    calls = []
    step = STEP(lambda _, thread: calls.append(thread) or 0)
    run = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 3, ctypes.c_int64)(native.address("run"))
    lines[1].state = State.WAITING
    for state in (State.GONE, State.STOPPING):
        lines[2].state = state
        assert run(ctypes.addressof(lines), step, None, 3) == MISSING
        assert [line.state for line in lines[1:]] == [State.WAITING, state]
    assert calls == []


def test_a_second_worker_for_a_line_leaves_at_once(native, lines):
    serve = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(native.address("serve"))
    lines[1].state = State.WAITING
    serve(ctypes.addressof(lines), 1)
    assert lines[1].state == State.WAITING


def test_who_is_gone_is_told_nothing(native, lines):
    post = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(native.address("post"))
    post(ctypes.addressof(lines[1]), State.STOPPING)
    assert lines[1].state == State.GONE


def test_a_worker_works_until_it_is_told_to_leave(native, lines):
    did = threading.Event()
    numbers = []

    @STEP
    def step(_, thread):
        numbers.append(thread)
        did.set()
        return 0

    serve = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(native.address("serve"))
    post = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(native.address("post"))
    lines[2].patience = 2**62  # it never sleeps
    lines[2].step = ctypes.cast(step, ctypes.c_void_p).value
    worker = threading.Thread(target=serve, args=(ctypes.addressof(lines), 2))
    worker.start()
    until(lambda: lines[2].state != State.GONE)
    post(ctypes.addressof(lines[2]), State.POSTED)
    assert did.wait(30)
    until(lambda: lines[2].state == State.WAITING)
    post(ctypes.addressof(lines[2]), State.STOPPING)
    worker.join(30)
    assert not worker.is_alive()
    assert numbers == [2]
    assert lines[2].state == State.GONE


@pytest.mark.parametrize(("fails_at", "done", "status"), [(None, 5, 0), (3, 3, 9), (0, 0, 9)])
def test_a_step_is_repeated_with_other_addresses_until_it_fails(native, lines, fails_at, done, status):
    context = np.array([1000, 7, 50], dtype=np.int64)
    seen = []

    @STEP
    def step(place, thread):
        assert thread == 0
        seen.append(list((ctypes.c_int64 * 3).from_address(place)))
        return 9 if len(seen) - 1 == fails_at else 0

    arguments = [*[ctypes.c_void_p] * 3, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 2, ctypes.c_void_p]
    repeat = ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(native.address("repeat"))
    begin = context.ctypes.data
    moves, finished = np.array([(begin, 4), (begin + 16, -8)], dtype=np.int64), ctypes.c_int64(-1)
    table = (ctypes.addressof(lines), step, begin, 1, moves.ctypes.data, 2, 5)
    assert repeat(table[0], ctypes.cast(step, ctypes.c_void_p), *table[2:], ctypes.addressof(finished)) == status
    assert finished.value == done
    assert seen == [[1000 + 4 * turn, 7, 50 - 8 * turn] for turn in range(len(seen))]
    assert len(seen) == (5 if fails_at is None else fails_at + 1)


def test_a_repeated_step_whose_worker_is_missing_is_not_run(native, lines):
    step = STEP(lambda *_: pytest.fail("it ran"))
    arguments = [*[ctypes.c_void_p] * 3, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 2, ctypes.c_void_p]
    repeat = ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(native.address("repeat"))
    context, finished = np.zeros(1, np.int64), ctypes.c_int64(-1)
    moves = np.array([(context.ctypes.data, 1)], dtype=np.int64)
    table = (context.ctypes.data, 2, moves.ctypes.data, 1, 5, ctypes.addressof(finished))
    assert repeat(ctypes.addressof(lines), ctypes.cast(step, ctypes.c_void_p), *table) == MISSING
    assert finished.value == 0
    assert context[0] == 0
