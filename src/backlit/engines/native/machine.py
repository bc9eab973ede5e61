"""The machine: how much arithmetic it does in a second, and how fast it reads memory, both measured.

Two small functions decide it: one multiplies and adds in as many registers as hide the delay of an addition, the other
reads a block again and again. What they reach is what a program could reach at best with so many threads and a block of
that size, whether that lies in a near cache, in a far one or beyond. Each is measured when it is first asked for, in a
few milliseconds, and remembered.
"""

import functools
import time

import numpy as np

from backlit.engines.native.builder import Body, Module
from backlit.engines.native.clock import emit_reading, ticks_per_second
from backlit.engines.native.jit import Code, compile_module
from backlit.engines.native.target import Target, host_target
from backlit.engines.native.values import Value, constant
from backlit.engines.native.workers import POOL, run_alone
from backlit.graph.node import Array

__all__ = ["bandwidth", "peak_operations"]

_TURNS, _ADDRESS, _SIZE, _FIRST = 0, 1, 2, 16
"""The entries of the context: turns, the block, its bytes for each thread; then the places of the threads."""

_PLACE, _BEGIN, _END, _RESULT = 32, 0, 1, 16
"""How many entries each thread has, and among them when it began, when it ended, and what it computed."""

_ACROSS = 8
"""How many vectors are read at once."""

_ARITHMETIC_TURNS = 10_000
_READ = 4 * 2**20  # bytes a run reads at least
_SMALLEST, _LARGEST = 16 * 2**10, 32 * 2**20

_BURSTS, _PAUSE = 5, 0.004
_MOST_RUNS, _FEWEST_RUNS = 40, 4
_ENOUGH = 0.02
"""Runs are short, so that some of them are not interrupted; after so many seconds a few are enough."""


def _chains(target: Target) -> int:
    """Return in how many registers sums are made side by side, so that no core waits for an addition."""
    return 12 if target.registers >= 32 else 10


def _emit(target: Target) -> str:
    """Write the two functions, ``i64 (ptr context, i64 thread)`` each."""
    module = Module(target)
    for name, work in (("arithmetic", _emit_arithmetic), ("reading", _emit_reading)):
        body = module.body(name, (("ptr", "context"), ("i64", "thread")), exported=True)
        context, thread = body.parameter("context"), body.parameter("thread")
        for entry, values in ((_BEGIN, None), (_RESULT, work), (_END, None)):
            value = values(body, context, thread) if values else emit_reading(body)
            body.store(value, body.address(context, [(thread, _PLACE)], _FIRST + entry, 8))
        body.close(constant(0))
    return str(module)


def _emit_arithmetic(body: Body, context: Value, thread: Value) -> Value:
    """Write a loop that multiplies and adds in many registers."""
    lanes = body.target.lanes(4)
    turns = body.load(body.address(context, [], _TURNS, 8), "i64")
    half, one = constant(0.5, "float", lanes), constant(1.0, "float", lanes)
    initial = [constant(float(chain), "float", lanes) for chain in range(_chains(body.target))]
    with body.loop(0, turns, carried=initial) as loop:
        loop.following = [body.fused(total, half, one) for total in loop.carried]
    return functools.reduce(body.add, loop.results)


def _emit_reading(body: Body, context: Value, thread: Value) -> Value:
    """Write loops that read a thread's part of the block again and again."""
    lanes = body.target.lanes(4)
    turns = body.load(body.address(context, [], _TURNS, 8), "i64")
    size = body.load(body.address(context, [], _SIZE, 8), "i64")
    block = body.load(body.address(context, [], _ADDRESS, 8), "ptr")
    block = body.address(block, [(body.whole("mul", thread, size), 1)], 0, 1)
    zeros = [constant(0.0, "float", lanes)] * _ACROSS
    with body.loop(0, turns, carried=zeros) as outer:
        with body.loop(0, size, _ACROSS * lanes * 4, carried=outer.carried) as loop:
            vectors = [
                body.load(body.address(block, [(loop.index, 1)], at * lanes * 4, 1), "float", lanes, pinned=True)
                for at in range(_ACROSS)
            ]
            loop.following = [body.add(total, v) for total, v in zip(loop.carried, vectors, strict=True)]
        outer.following = loop.results
    return functools.reduce(body.add, outer.results)


@functools.cache
def _code() -> Code:
    return compile_module(_emit(host_target()), host_target(), ["arithmetic", "reading"])


def _context(threads: int) -> Array:
    """Return a context whose places for the threads begin at cache lines."""
    block = np.zeros(_FIRST + _PLACE * threads + 16, dtype=np.int64)
    start = -block.ctypes.data % 128 // 8
    return block[start : start + _FIRST + _PLACE * threads]


def _fastest(name: str, context: Array, threads: int) -> float:
    """Return the seconds that the slowest thread takes in the fastest of several runs."""
    step, address = _code().address(name), context.ctypes.data
    places = context[_FIRST:].reshape(threads, _PLACE)
    times: list[int] = []
    begin = time.perf_counter()
    while len(times) < _FEWEST_RUNS or (len(times) < _MOST_RUNS and time.perf_counter() < begin + _ENOUGH):
        if threads == 1:
            run_alone(step, address)
        else:
            POOL.run(step, address, threads)
        times.append(int((places[:, _END] - places[:, _BEGIN]).max()))
    return min(times) / ticks_per_second()


@functools.cache
def _peak(threads: int) -> float:
    context, target = _context(threads), host_target()
    context[_TURNS] = _ARITHMETIC_TURNS
    count = 2 * _ARITHMETIC_TURNS * _chains(target) * target.lanes(4) * threads
    times = []
    for _ in range(_BURSTS):  # another process may be using the cores for a few milliseconds
        times.append(_fastest("arithmetic", context, threads))
        time.sleep(_PAUSE)
    return count / min(times)


def peak_operations(threads: int, dtype: str = "float32") -> float:
    """Return how many floating-point operations this machine does in a second at most.

    Args:
        threads: How many threads work.
        dtype: Of ``float64`` a register holds half as many.

    Returns:
        Additions and multiplications in a second.

    Example:
        >>> peak_operations(1, "float32") > 1e8
        True
    """
    return _peak(threads) / (2 if dtype == "float64" else 1)


@functools.cache
def _rate(threads: int, size: int) -> float:
    line = _ACROSS * host_target().vector_bytes
    each = max(line, size // threads // line * line)
    values = np.ones(each * threads // 4 + 32, dtype=np.float32)
    begin = -values.ctypes.data % 128 // 4
    block = values[begin : begin + each * threads // 4]
    context = _context(threads)
    turns = max(1, _READ // (each * threads))
    context[:3] = turns, block.ctypes.data, each
    return turns * each * threads / _fastest("reading", context, threads)


def bandwidth(threads: int, size: int) -> float:
    """Return how fast this machine reads a block that it has read before.

    Args:
        threads: How many threads read, each a part of its own.
        size: The bytes of the block; the next power of four counts.

    Returns:
        Bytes in a second.

    Example:
        >>> bandwidth(1, 4096) > 1e8
        True
    """
    measured = _SMALLEST
    while measured < size:
        measured *= 4
    return _rate(threads, min(measured, _LARGEST))
