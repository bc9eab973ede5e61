"""The clock: a counter in the processor that a step reads around each of its kernels when it is timed.

Reading it takes some twenty nanoseconds and no call, so that even small kernels can be told apart. x86 counts at the
rate of the time stamp counter, 64-bit Arm at that of the virtual timer; both are the same on every core. How fast they
count is measured once.
"""

import ctypes
import functools
import time

from backlit.engines.native.builder import Body, Module
from backlit.engines.native.jit import compile_module
from backlit.engines.native.target import host_target
from backlit.engines.native.values import Value

__all__ = ["emit_reading", "reading_ticks", "ticks_per_second"]

_COUNTERS = {"aarch64": "llvm.readsteadycounter"}
_READINGS = 10_000
_PAUSE = 0.01


def emit_reading(body: Body) -> Value:
    """Read the counter.

    Args:
        body: The function being written; the reading stands exactly here.

    Returns:
        The count, ``i64``.

    Example:
        >>> module = Module(host_target())
        >>> body = module.body("now", [], exported=True)
        >>> body.close(emit_reading(body))
        >>> "counter()" in str(module)
        True
    """
    name = _COUNTERS.get(body.target.architecture, "llvm.readcyclecounter")
    body.module.declare(name, "i64", [])
    return body.emit(f"call i64 @{name}()", [], "i64", pinned=True)


@functools.cache
def _calibrate() -> tuple[float, float]:
    """Measure ticks per second, and the ticks that a reading takes."""
    module = Module(host_target())
    body = module.body("now", [], exported=True)
    body.close(emit_reading(body))
    body = module.body("many", [("i64", "count")], exported=True)
    with body.loop(0, body.parameter("count"), carried=[emit_reading(body)]) as loop:
        loop.following = [emit_reading(body)]
    body.close(loop.results[0])
    code = compile_module(str(module), host_target(), ["many", "now"])
    now = ctypes.CFUNCTYPE(ctypes.c_uint64)(code.address("now"))
    many = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_int64)(code.address("many"))
    rates, readings = [], []
    for _ in range(3):
        begin, first = time.perf_counter(), now()
        time.sleep(_PAUSE)
        last, end = now(), time.perf_counter()
        rates.append((last - first) / (end - begin))
        start = now()
        readings.append((many(_READINGS) - start) / _READINGS)
    return sorted(rates)[1], min(readings)


def ticks_per_second() -> float:
    """Return how fast the counter counts.

    Returns:
        Ticks in a second.

    Example:
        >>> ticks_per_second() > 1e6
        True
    """
    return _calibrate()[0]


def reading_ticks() -> float:
    """Return how long a reading takes.

    Returns:
        Ticks.

    Example:
        >>> reading_ticks() / ticks_per_second() < 1e-5
        True
    """
    return _calibrate()[1]
