"""Workers: the threads on which a program runs beside the one that calls it, and how many there may be.

There is one pool for the whole process. Its workers are Python threads that have gone into native code and stay there:
they look for work in memory, do it, and when there is none for a tenth of a millisecond they sleep on a lock of
Python's own, which needs no interpreter to take or to free. So a run is a single call into native code, whether the
workers are awake or asleep: no exception, no signal and no other Python thread can come between its parts.
"""

import contextlib
import ctypes
import functools
import math
import operator
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from backlit.engines.native.builder import Module
from backlit.engines.native.jit import Code, compile_module
from backlit.engines.native.jobs import MISSING, Line, State, emit_pool
from backlit.engines.native.synchronisation import LINE_BYTES
from backlit.engines.native.target import host_target
from backlit.errors import ArgumentError, ExecutionError

__all__ = ["MOST_THREADS", "POOL", "WorkerPool", "available_threads", "run_alone", "set_threads"]
__all__ += ["step_function", "thread_limit"]

MOST_THREADS = 256
"""No program has more threads than this."""

_PATIENCE = 100e-6  # seconds for which a worker looks for work before it sleeps: most batches are fetched by then
_ARRIVAL = 10.0  # seconds that a new worker may take to begin

_STEP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
_SIGNATURES: dict[str, Any] = {
    "serve": ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64),
    "run": ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64),
    "repeat": ctypes.CFUNCTYPE(
        ctypes.c_int64, *[ctypes.c_void_p] * 3, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 2, ctypes.c_void_p
    ),
    "post": ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64),
    "rest": ctypes.CFUNCTYPE(None, ctypes.c_int64),
}


class _Functions(NamedTuple):
    """The native functions of the pool, and the code that holds them."""

    code: Code
    serve: Any
    run: Any
    repeat: Any
    post: Any
    rest: Any


# ---------------------------------------------------------------------------------------------------------------- runs


def run_alone(step: int, context: int) -> int:
    """Run a program that was compiled for one thread, on the thread that calls.

    Args:
        step: The address of its step, ``i64 (ptr context, i64 thread)``.
        context: The address of its context.

    Returns:
        What the step returned.

    Example:
        >>> code = compile_module("define i64 @step(ptr %context, i64 %thread) { ret i64 7 }", host_target(), ["step"])
        >>> run_alone(code.address("step"), 0)
        7
    """
    status: int = step_function(step)(context, 0)
    return status


@functools.lru_cache(maxsize=256)
def step_function(step: int) -> Any:
    """Return a step as something that Python can call with a context and the number of a thread."""
    return _STEP(step)


class WorkerPool:
    """The workers of this process; they are started when a program first needs them, and cost nothing before.

    Runs that several Python threads ask for at once are done one after another. A process that forks sends its workers
    home before, so that the child misses none; both processes start new ones when they need them. At the interpreter's
    exit nothing is to be done: a worker that sleeps holds nothing that Python wants back.

    Example:
        >>> ir = '''
        ... define i64 @step(ptr %context, i64 %thread) {
        ...   %place = getelementptr i64, ptr %context, i64 %thread
        ...   store i64 %thread, ptr %place
        ...   ret i64 7
        ... }'''
        >>> code, numbers = compile_module(ir, host_target(), ["step"]), (ctypes.c_int64 * 3)()
        >>> POOL.run(code.address("step"), ctypes.addressof(numbers), threads=3), list(numbers)
        (7, [0, 1, 2])
    """

    def __init__(self) -> None:
        # Reentrant, because a signal handler or a finaliser may run a program while its thread is about to run another.
        self._lock = threading.RLock()
        self._functions: _Functions | None = None
        self._threads: list[threading.Thread] = []
        memory = ctypes.create_string_buffer((MOST_THREADS + 1) * LINE_BYTES)
        self._address = -(-ctypes.addressof(memory) // LINE_BYTES) * LINE_BYTES
        self._lines = (Line * MOST_THREADS).from_address(self._address)
        for line in self._lines:
            line.state = State.GONE
        _keep_for_ever(memory)

    @property
    def workers(self) -> int:
        """How many workers there are now."""
        return sum(line.state != State.GONE for line in self._lines)

    def run(self, step: int, context: int, threads: int) -> int:
        """Run a program on several threads, and return when all are done.

        Args:
            step: The address of its step, ``i64 (ptr context, i64 thread)``, which every thread calls.
            context: The address of its context, the same for all.
            threads: For how many threads it was compiled; the one that calls is number 0.

        Returns:
            What the step returned on the thread that calls.

        Raises:
            ArgumentError: For fewer than 2 threads, or more than `MOST_THREADS`.
            ExecutionError: Where the system grants no more threads.
        """
        if not 2 <= threads <= MOST_THREADS:
            raise ArgumentError(f"a pool runs 2 to {MOST_THREADS} threads, not {threads}")
        with self._lock:
            functions = self._functions or self._compile()
            status: int
            while (status := functions.run(self._address, step, context, threads)) == MISSING:
                self._start(functions, threads)
            return status

    def repeat(self, step: int, context: int, threads: int, moves: int, moving: int, count: int) -> tuple[int, int]:
        """Run a program several times, on one thread or more, with other addresses in its context each time.

        Args:
            step: The address of its step, ``i64 (ptr context, i64 thread)``.
            context: The address of its context, whose addresses move on after each step.
            threads: For how many threads it was compiled.
            moves: The address of a table: the place of each address that moves on, and by how many bytes.
            moving: How many there are, at least 1.
            count: How many times, at least 1.

        Returns:
            What the last step returned: 0, unless it was one that failed, after which there is no other; and how many
            steps were done.

        Raises:
            ExecutionError: Where the system grants no more threads.
        """
        done, total = ctypes.c_int64(), 0
        with self._lock if threads > 1 else contextlib.nullcontext():
            functions = self._functions or self._compile()
            table = (self._address, step, context, threads, moves, moving)
            while True:
                status: int = functions.repeat(*table, count - total, ctypes.addressof(done))
                total += done.value
                if status != MISSING:
                    return status, total
                self._start(functions, threads)

    def stop(self) -> None:
        """Send all workers home and wait until they have left; the next run starts new ones."""
        with self._lock:
            leaving, self._threads = self._threads, []
            if self._functions is not None:
                for line in self._lines:
                    self._functions.post(ctypes.addressof(line), State.STOPPING)
            for thread in leaving:
                if thread.is_alive():
                    thread.join()

    def _compile(self) -> _Functions:
        module = Module(host_target())
        names = emit_pool(module)
        code = compile_module(str(module), host_target(), names)
        _keep_for_ever(code)
        functions = _Functions(code, **{name: _SIGNATURES[name](code.address(name)) for name in names})
        patience = _turns(functions, _PATIENCE)
        for line in self._lines:
            line.patience = patience
            line.acquire = ctypes.cast(ctypes.pythonapi.PyThread_acquire_lock, ctypes.c_void_p).value
            line.release = ctypes.cast(ctypes.pythonapi.PyThread_release_lock, ctypes.c_void_p).value
        self._functions = functions
        return functions

    def _start(self, functions: _Functions, threads: int) -> None:
        """Start the workers that a run on so many threads lacks, and wait until they are there.

        Whether a worker is there stands in its line, where it writes it itself: whatever interrupts this method, the
        next run finds out who is missing, and a second worker for the same line leaves at once.
        """
        missing = [number for number in range(1, threads) if self._lines[number].state == State.GONE]
        for number in missing:
            self._lines[number].lock = self._lines[number].lock or _taken_lock()
            name, place = f"backlit worker {number}", (self._address, number)
            thread = threading.Thread(target=functions.serve, args=place, name=name, daemon=True)
            self._threads.append(thread)
            try:
                thread.start()
            except RuntimeError as error:
                raise _refusal(threads, number, str(error)) from error
        deadline = time.monotonic() + _ARRIVAL
        while any(self._lines[number].state == State.GONE for number in missing):
            if time.monotonic() > deadline:
                raise _refusal(threads, self.workers + 1, f"a new thread did not begin within {_ARRIVAL:g} seconds")
            time.sleep(20e-6)

    def _before_fork(self) -> None:
        self._lock.acquire()
        self.stop()

    def _after_fork_in_parent(self) -> None:
        self._lock.release()

    def _after_fork_in_child(self) -> None:
        # An interrupt may have kept the workers from leaving; here they are gone, whatever their lines say.
        for line in self._lines:
            line.state, line.lock = State.GONE, None
        self._lock.release()


def _refusal(threads: int, granted: int, why: str) -> ExecutionError:
    return ExecutionError(
        f"the program runs on {threads} threads, and the system grants {granted}",
        why=why,
        instead="compile it for fewer: set_threads(1), or the environment variable BACKLIT_THREADS=1",
    )


def _keep_for_ever(thing: object) -> None:
    """Keep what the workers look at: they are still there when Python, at its exit, tidies up everything else."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _taken_lock() -> int:
    """Make a lock that nobody can take until somebody frees it."""
    allocate = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyThread_allocate_lock", ctypes.pythonapi))
    acquire = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)(
        ("PyThread_acquire_lock", ctypes.pythonapi)
    )
    lock: int | None = allocate()
    if lock is None:
        raise MemoryError
    acquire(lock, 1)
    return lock


def _turns(functions: _Functions, seconds: float) -> int:
    """Return how many times a thread must pause to let so much time pass: the length of a pause differs tenfold."""
    sample, shortest = 1000, math.inf
    for _ in range(5):  # of which one at least is not interrupted
        before = time.perf_counter()
        functions.rest(sample)
        shortest = min(shortest, time.perf_counter() - before)
    return max(1, round(sample * seconds / shortest))


POOL = WorkerPool()
"""The pool of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=POOL._before_fork,
        after_in_parent=POOL._after_fork_in_parent,
        after_in_child=POOL._after_fork_in_child,
    )

# ------------------------------------------------------------------------------------------------------------ how many

_LIMIT: list[int | None] = [None]


def set_threads(count: int | None) -> None:
    """Say how many threads the programs compiled from now on may use.

    Args:
        count: The number, from 1 to 256, which may be more than the machine has; `None` to go back to what the
            environment variable ``BACKLIT_THREADS`` says, or else the machine.

    Raises:
        ArgumentError: For any other number.

    Example:
        >>> set_threads(2)
        >>> available_threads()
        2
        >>> set_threads(None)
    """
    _LIMIT[0] = None if count is None else _checked(count, f"set_threads was given {count!r}")


def thread_limit() -> int | None:
    """Return how many threads a program may use by the user's word: `set_threads`, else ``BACKLIT_THREADS``.

    Returns:
        The number, or `None` where the user has said nothing.

    Raises:
        ArgumentError: Where ``BACKLIT_THREADS`` is not a whole number from 1 to 256.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, BACKLIT_THREADS="3"):
        ...     thread_limit()
        3
    """
    value = os.environ.get("BACKLIT_THREADS", "").strip()
    if _LIMIT[0] is not None or not value:
        return _LIMIT[0]
    count = int(value) if value.isascii() and value.isdigit() else value
    return _checked(count, f"the environment variable BACKLIT_THREADS is {value!r}")


def _checked(count: object, what: str) -> int:
    if (
        isinstance(count, bool | str)
        or not hasattr(count, "__index__")
        or not 1 <= operator.index(count) <= MOST_THREADS
    ):
        raise ArgumentError(
            what,
            why=f"a program runs on 1 to {MOST_THREADS} threads",
            instead="give a whole number, or none to use what the machine has",
        )
    return operator.index(count)


def available_threads() -> int:
    """Return how many threads a program should use at most.

    It is what the user says (see `thread_limit`), and otherwise the number of cores on which this process may run, or
    the share of them that its control groups allow, as containers do, where that is less: rounded up.

    Returns:
        The number of threads, at least 1.

    Raises:
        ArgumentError: Where ``BACKLIT_THREADS`` is not a whole number from 1 to 256.

    Example:
        >>> 1 <= available_threads() <= MOST_THREADS
        True
    """
    limit = thread_limit()
    if limit is not None:
        return limit
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = min(_quotas(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")), default=math.inf)
    return max(1, min(cores, MOST_THREADS, math.ceil(share) if share < cores else cores))


def _quotas(membership: Path, mounted: Path) -> Iterator[float]:
    """Find every limit on how many cores the control groups of this process may use at once, theirs and their parents'.

    Args:
        membership: The file that lists them, a line each: hierarchy, controllers, path.
        mounted: The folder in which the groups are folders.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = PurePosixPath(path.strip("/"))
        for hierarchy in (controllers, "cpu") if controllers else ("", "unified"):
            for folder in (group, *group.parents):
                yield from _quota(mounted / hierarchy / folder)


def _quota(group: Path) -> Iterator[float]:
    """Read the limit of one control group, if it has one: version 2 writes it into one file, version 1 into two."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = " ".join((group / name).read_text(encoding="utf-8") for name in names).split()
            if int(quota) > 0:
                yield int(quota) / int(period)
