"""The pool: no job is lost or done twice, whatever sleeps, interrupts, forks or ends; and how many threads it has."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from backlit.engines.native import workers
from backlit.engines.native.builder import Module
from backlit.engines.native.jit import compile_module
from backlit.engines.native.jobs import State
from backlit.engines.native.synchronisation import barrier_bytes, emit_barrier
from backlit.engines.native.target import host_target
from backlit.engines.native.workers import (
    MOST_THREADS,
    POOL,
    WorkerPool,
    available_threads,
    run_alone,
    set_threads,
    thread_limit,
)
from backlit.errors import ArgumentError, ExecutionError

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BACKLIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


class Counting:
    """A program in which every thread adds 1 to a number of its own, between two barriers, and returns its number."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        module = Module(host_target())
        emit_barrier(module, threads)
        body = module.body("step", [("ptr", "context"), ("i64", "thread")], exported=True)
        context, thread = body.parameter("context"), body.parameter("thread")
        body.line("call void @barrier(ptr %context, i64 %thread)")
        place = body.address(context, [(thread, 8)], barrier_bytes(threads), 1)
        body.store(body.whole("add", body.load(place, "i64", pinned=True), 1), place)
        body.line("call void @barrier(ptr %context, i64 %thread)")
        body.close(body.whole("add", thread, 7))
        self.code = compile_module(str(module), host_target(), ["step"])
        self.step = self.code.address("step")
        self.memory = np.zeros(barrier_bytes(threads) + 8 * threads + 128, np.uint8)
        self.context = self.memory.ctypes.data + -self.memory.ctypes.data % 128
        self.runs = 0

    def run(self, pool: WorkerPool = POOL) -> None:
        self.runs += 1
        assert pool.run(self.step, self.context, self.threads) == 7

    @property
    def counts(self) -> list[int]:
        counters = (ctypes.c_int64 * self.threads).from_address(self.context + barrier_bytes(self.threads))
        return list(counters)

    def check(self) -> None:
        assert self.counts == [self.runs] * self.threads


@pytest.fixture
def pool():
    pool = WorkerPool()
    yield pool
    pool.stop()


def script(text: str, timeout: float = 60, **environment: str) -> str:
    """Run a program of its own, which can import what this file defines, and return what it prints."""
    start = "import random, sys; sys.path.insert(0, sys.argv[1]); from test_workers import *\n"
    with subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", start + textwrap.dedent(text), os.path.dirname(__file__)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | environment,
        start_new_session=True,
    ) as process:
        try:
            printed, complaints = process.communicate(timeout=timeout)
        finally:
            # A child that hangs would outlive the process that was to wait for it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    assert (process.returncode, complaints) == (0, ""), printed + complaints
    return printed


# ---------------------------------------------------------------------------------------------------------------- runs


def test_a_program_for_one_thread_needs_no_worker():
    program = Counting(1)
    before = threading.active_count()
    assert [run_alone(program.step, program.context) for _ in range(3)] == [7, 7, 7]
    assert program.counts == [3]
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_every_thread_runs_the_step_once_a_run(threads):
    program = Counting(threads)
    for _ in range(300):
        program.run()
    program.check()


def test_workers_start_when_they_are_needed_and_serve_smaller_programs_too(pool):
    small, large = Counting(2), Counting(4)
    seen = [pool.workers]
    for program in (small, large, small):
        program.run(pool)
        seen.append(pool.workers)
    assert seen == [0, 1, 3, 3]
    pool.stop()
    assert pool.workers == 0
    large.run(pool)
    large.check()


def until_parked(pool: WorkerPool, threads: int) -> None:
    deadline = time.monotonic() + 30
    while any(pool._lines[number].state != State.PARKED for number in range(1, threads)):
        assert time.monotonic() < deadline
        time.sleep(1e-4)


def test_sleeping_workers_wake_for_a_run(pool):
    program = Counting(4)
    for _ in range(30):
        program.run(pool)
        until_parked(pool, 4)
    program.check()


def test_some_may_sleep_while_others_look(pool):
    small, large = Counting(2), Counting(4)
    large.run(pool)
    until_parked(pool, 4)
    for _ in range(100):
        small.run(pool)
        large.run(pool)
    small.check()
    large.check()


def test_no_wake_up_is_lost_whenever_the_next_run_comes():
    script("""
        program, chance = Counting(3), random.Random(1)
        for _ in range(1000):
            program.run()
            pause = chance.uniform(0, 2 * workers._PATIENCE)
            if chance.random() < 0.1:
                time.sleep(pause)
            else:
                end = time.perf_counter() + pause
                while time.perf_counter() < end:
                    pass
        program.check()
        # Workers without patience go to sleep in the very moment in which the next job is posted.
        assert POOL._lines[1].patience > 60
        for _ in range(10000):
            for line in POOL._lines[1:3]:
                line.patience = chance.randrange(60)
            program.run()
        program.check()
    """)


def test_workers_look_for_work_as_long_as_their_patience_lasts(pool):
    """How long that is in seconds depends on who else uses the core: so turns are counted, and no time is measured."""
    program = Counting(2)
    program.run(pool)
    line = pool._lines[1]
    assert line.patience > 1
    line.patience = 2**62
    program.run(pool)
    time.sleep(20 * workers._PATIENCE)
    assert line.state == State.WAITING
    line.patience = 1
    program.run(pool)
    deadline = time.monotonic() + 30
    while line.state != State.PARKED:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("threads", [-1, 0, 1, MOST_THREADS + 1])
def test_a_pool_runs_a_sensible_number_of_threads(threads):
    with pytest.raises(ArgumentError, match=rf"2 to 256 threads, not {threads}"):
        POOL.run(0, 0, threads)


def test_a_system_that_grants_no_thread_is_named(pool, monkeypatch):
    start, program = threading.Thread.start, Counting(4)

    def refuse_the_second(thread):
        if thread.name == "backlit worker 2":
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse_the_second)
        with pytest.raises(
            ExecutionError, match=r"runs on 4 threads, and the system grants 2\n.*can't start new thread"
        ):
            pool.run(program.step, program.context, 4)
    assert program.counts == [0] * 4
    program.run(pool)
    program.check()


def test_a_worker_that_never_comes_is_not_waited_for_for_ever(pool, monkeypatch):
    program = Counting(2)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda thread: None)
        patch.setattr(workers, "_ARRIVAL", 0.05)
        with pytest.raises(ExecutionError, match=r"did not begin within 0\.05 seconds"):
            pool.run(program.step, program.context, 2)
    program.run(pool)
    program.check()


def test_a_worker_that_has_left_is_replaced(pool):
    program = Counting(3)
    program.run(pool)
    pool._functions.post(ctypes.addressof(pool._lines[1]), State.STOPPING)
    for _ in range(100):
        program.run(pool)
    program.check()
    assert pool.workers == 2


# ------------------------------------------------------------------------------------- other threads, signals, forks


def test_several_python_threads_take_turns(pool):
    programs = [Counting(threads) for threads in (2, 3, 2, 4)]

    def work(program):
        for _ in range(200):
            program.run(pool)

    runners = [threading.Thread(target=work, args=(program,)) for program in programs]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    for program in programs:
        assert program.runs == 200
        program.check()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer")
def test_a_signal_handler_may_run_a_program():
    script("""
        outer, inner = Counting(2), Counting(3)
        outer.run()
        def handler(*_):
            inner.run()
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 5e-4))
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 1e-4)
        while inner.runs < 300:
            outer.run()
            if outer.runs % 100 == 0:
                POOL.stop()
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        outer.check()
        inner.check()
    """)


def test_interrupts_lose_nothing():
    script("""
        import _thread
        program, armed = Counting(3), threading.Event()
        program.run()
        def interrupt():
            while True:
                armed.wait()
                armed.clear()
                time.sleep(random.uniform(0, 1e-3))
                _thread.interrupt_main()
        threading.Thread(target=interrupt, daemon=True).start()
        for _ in range(200):
            try:
                armed.set()
                while True:
                    POOL.run(program.step, program.context, 3)
                    if random.random() < 0.01:
                        POOL.stop()
            except KeyboardInterrupt:
                pass
        assert len(set(program.counts)) == 1, program.counts
        program.runs = program.counts[0]
        program.run()
        program.check()
    """)


@forks
def test_a_child_runs_programs_and_so_does_its_parent():
    script("""
        program = Counting(3)
        program.run()
        for _ in range(20):
            pid = os.fork()
            program.run()
            program.check()
            if pid == 0:
                program.run()
                program.check()
                os._exit(0)
            assert os.waitpid(pid, 0) == (pid, 0)
    """)


@forks
def test_a_fork_waits_for_the_runs_of_other_threads():
    script("""
        program, own, over = Counting(2), Counting(3), False
        def work():
            while not over:
                program.run()
        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(30):
            pid = os.fork()
            if pid == 0:
                own.run()
                own.check()
                assert program.counts[0] == program.counts[1], program.counts
                os._exit(0)
            assert os.waitpid(pid, 0) == (pid, 0)
        over = True
        thread.join()
        program.check()
    """)


@forks
def test_a_child_that_forks_without_warning_starts_afresh():
    # The workers are still there when the process forks, as after an interrupt in the middle of the preparations.
    script("""
        program = Counting(3)
        program.run()
        POOL.stop = lambda: None
        pid = os.fork()
        program.run()
        program.check()
        if pid == 0:
            os._exit(0)
        assert os.waitpid(pid, 0) == (pid, 0)
    """)


@forks
def test_processes_of_multiprocessing_run_programs():
    printed = script("""
        import multiprocessing
        program = Counting(2)
        program.run()
        def work(number):
            program.run()
            program.check()
            return number
        with multiprocessing.get_context("fork").Pool(3) as processes:
            print(sum(processes.map(work, range(50))))
    """)
    assert printed == "1225\n"


# ---------------------------------------------------------------------------------------------------------------- exit


@pytest.mark.parametrize("pause", [0, 0.01])
def test_a_process_ends_when_its_program_does(pause):
    start = time.monotonic()
    assert script(f"program = Counting(4); program.run(); time.sleep({pause}); print('end')") == "end\n"
    assert time.monotonic() - start < 30


def test_a_process_ends_when_it_is_interrupted():
    printed = script("""
        program = Counting(3)
        program.run()
        def interrupt():
            time.sleep(0.05)
            signal.raise_signal(signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            while True:
                POOL.run(program.step, program.context, 3)
        except KeyboardInterrupt:
            assert len(set(program.counts)) == 1, program.counts
            print("interrupted")
    """)
    assert printed == "interrupted\n"


def test_programs_run_while_the_interpreter_ends():
    # A handler that was registered before the engine was loaded runs after everything of the engine's own.
    printed = script("""
        import atexit
        program = Counting(3)
        def farewell():
            program.run()
            program.check()
            print("farewell")
        atexit.register(farewell)
        program.run()
    """)
    assert printed == "farewell\n"


def test_a_background_thread_that_runs_programs_does_not_keep_the_process():
    printed = script("""
        program = Counting(3)
        def work():
            while True:
                POOL.run(program.step, program.context, 3)
        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.05)
        print("end")
    """)
    assert printed == "end\n"


# ------------------------------------------------------------------------------------------------------------ how many


@pytest.fixture
def unlimited(monkeypatch):
    monkeypatch.delenv("BACKLIT_THREADS", raising=False)
    monkeypatch.setattr(workers, "_LIMIT", [None])
    monkeypatch.setattr(workers, "_quotas", lambda *_: iter(()))


def test_the_cores_of_this_process_count(unlimited, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3, 5}, raising=False)
    assert available_threads() == 3
    assert thread_limit() is None


def test_without_affinity_all_cores_count(unlimited, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert available_threads() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_threads() == 1
    monkeypatch.setattr(os, "cpu_count", lambda: 1000)
    assert available_threads() == MOST_THREADS


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_process_bound_to_one_core_has_one_thread():
    core = min(os.sched_getaffinity(0))
    printed = script(f"os.sched_setaffinity(0, {{{core}}}); print(available_threads())", BACKLIT_THREADS="")
    assert printed == "1\n"


@pytest.mark.parametrize(
    ("quotas", "expected"), [([], 8), ([0.2], 1), ([1.0], 1), ([1.5], 2), ([16.0], 8), ([4.0, 2.5], 3), ([7.1], 8)]
)
def test_a_share_of_the_cores_is_rounded_up(unlimited, monkeypatch, quotas, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(workers, "_quotas", lambda *_: iter(quotas))
    assert available_threads() == expected


def test_the_users_word_goes_before_what_the_machine_has(unlimited, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setenv("BACKLIT_THREADS", " 5 ")
    assert (available_threads(), thread_limit()) == (5, 5)
    set_threads(3)
    assert (available_threads(), thread_limit()) == (3, 3)
    set_threads(np.int64(1))
    assert available_threads() == 1
    set_threads(None)
    assert available_threads() == 5
    monkeypatch.setenv("BACKLIT_THREADS", "")
    assert available_threads() == 2


@pytest.mark.parametrize("value", ["0", "-2", "257", "two", "1.5", "2 3"])
def test_a_variable_that_is_no_number_of_threads_is_refused(unlimited, monkeypatch, value):
    monkeypatch.setenv("BACKLIT_THREADS", value)
    with pytest.raises(ArgumentError, match=f"BACKLIT_THREADS is '{value}'") as caught:
        available_threads()
    assert "1 to 256" in caught.value.why
    assert caught.value.instead


@pytest.mark.parametrize("value", [0, -1, 257, 2.0, "2", True])
def test_a_setting_that_is_no_number_of_threads_is_refused(unlimited, value):
    with pytest.raises(ArgumentError, match=f"set_threads was given {value!r}"):
        set_threads(value)
    assert thread_limit() is None


def group(folder, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text, encoding="utf-8")


def test_quotas_of_version_2_are_those_of_the_group_and_its_parents(tmp_path):
    (tmp_path / "self").write_text("0::/user/job\n", encoding="utf-8")
    group(tmp_path / "user/job", cpu_max="max 100000\n")
    group(tmp_path / "user", cpu_max="150000 100000\n")
    group(tmp_path / "other", cpu_max="10000 100000\n")
    assert list(workers._quotas(tmp_path / "self", tmp_path)) == [1.5]


def test_quotas_of_version_1_stand_in_two_files(tmp_path):
    (tmp_path / "self").write_text("5:memory:/x\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/\n", encoding="utf-8")
    group(tmp_path / "cpu,cpuacct/docker/1", cpu_cfs_quota_us="250000\n", cpu_cfs_period_us="100000\n")
    group(tmp_path / "cpu", cpu_cfs_quota_us="-1\n", cpu_cfs_period_us="100000\n")
    group(tmp_path / "memory/x", cpu_cfs_quota_us="1000\n", cpu_cfs_period_us="100000\n")
    assert list(workers._quotas(tmp_path / "self", tmp_path)) == [2.5]


def test_a_container_that_does_not_see_its_own_group_has_that_of_the_root(tmp_path):
    (tmp_path / "self").write_text("3:cpu:/docker/1\n0::/docker/1\n", encoding="utf-8")
    group(tmp_path / "cpu", cpu_cfs_quota_us="50000\n", cpu_cfs_period_us="100000\n")
    group(tmp_path / "unified", cpu_max="300000 100000\n")
    assert set(workers._quotas(tmp_path / "self", tmp_path)) == {0.5, 3.0}


def test_groups_that_cannot_be_read_limit_nothing(tmp_path):
    assert list(workers._quotas(tmp_path / "missing", tmp_path)) == []
    (tmp_path / "self").write_text("0::/\n", encoding="utf-8")
    for text in ("", "nonsense", "1 2 3", "100000 0", "0 100000"):
        group(tmp_path, cpu_max=text)
        assert list(workers._quotas(tmp_path / "self", tmp_path)) == []
