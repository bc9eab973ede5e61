"""Running the functions, and exact results: each function is compiled into a loop over arrays, run as programs run."""

import ctypes
import functools
from collections.abc import Callable

import numpy as np
import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.float_state import emit_float_state, restore_float_state
from backlit.engines.native.jit import compile_module
from backlit.engines.native.mathematics import MATHEMATICS
from backlit.engines.native.target import host_target, named_target
from backlit.engines.native.values import LLVM_TYPES
from backlit.engines.reference.rules import NUMPY_RULES

LONG = np.longdouble
PI = LONG("3.14159265358979323846264338327950288")


def targets() -> dict:
    """This machine, and the plainest of its family, which rounds products before it adds."""
    found = {"host": host_target()}
    if host_target().architecture == "x86_64":
        found["x86-64-v2"] = named_target("x86-64-v2")
    return found


def program(function: Callable, dtype: str, lanes: int, target, arity: int) -> str:
    """The text of ``run(count, out, x, …, flush)``, with the state of the arithmetic set around the loop."""
    module = Module(target)
    kind, size = LLVM_TYPES[dtype], np.dtype(dtype).itemsize
    names = ["x", "y"][:arity]
    parameters = [("i64", "count"), ("ptr", "out"), *(("ptr", name) for name in names)]
    body = module.body("loop", parameters)
    with body.loop(0, body.parameter("count"), lanes) as loop:
        places = [body.address(body.parameter(name), [(loop.index, 1)], 0, size) for name in ["out", *names]]
        body.store(function(body, *(body.load(place, kind, lanes) for place in places[1:])), places[0])
    body.close(attributes="noinline nounwind")

    body = module.body("run", [*parameters, ("i1", "flush")], exported=True)
    call = f"call void @loop({', '.join(body.parameter(name).typed for name in ['count', 'out', *names])})"
    with body.when(body.parameter("flush")):
        saved = emit_float_state(body)
        body.line(call)
        restore_float_state(body, saved)
    with body.when(body.binary("xor", body.parameter("flush"), body.like(True, body.parameter("flush")))):
        body.line(call)
    body.close()
    return str(module)


@functools.cache
def compiled(function: Callable, dtype: str, lanes: int, target: str, arity: int):
    machine = targets()[target]
    return compile_module(program(function, dtype, lanes, machine, arity), machine, ["run"])


def run(op, *arrays, lanes: int = 16, target: str = "host", flush: bool = True):
    """Compute an op, or any function of a body and values, of arrays."""
    arrays = np.broadcast_arrays(*arrays)
    dtype, shape, count = arrays[0].dtype, arrays[0].shape, arrays[0].size
    padded = -(-count // lanes) * lanes
    inputs = [np.concatenate([array.ravel(), np.ones(padded - count, dtype)]) for array in arrays]
    out = np.empty(padded, dtype)
    code = compiled(MATHEMATICS.get(op, op), dtype.name, lanes, target, len(inputs))
    places = [array.ctypes.data for array in (out, *inputs)]
    function = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * len(places), ctypes.c_bool)
    function(code.address("run"))(padded, *places, flush)
    return out[:count].reshape(shape)


@pytest.fixture(scope="session")
def compute(tmp_path_factory):
    """compute(op, x, …, lanes=, target=, flush=): see `run`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BACKLIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield run


@pytest.fixture(scope="session")
def written():
    """written(function, dtype, lanes, target, arity): see `program`."""
    return program


@pytest.fixture(params=sorted(targets()))
def target(request) -> str:
    return request.param


def long_erf(x):
    """2/√π e^-x² Σ 2ⁿ x^(2n+1) / (2n+1)!!, a series whose terms all have one sign, so that it loses no digits."""
    size = np.minimum(np.abs(x), LONG(6.5))
    total = term = size
    for n in range(1, 140):
        term = term * (2 * size * size / (2 * n + 1))
        total = total + term
    return np.copysign(np.minimum(2 / np.sqrt(PI) * np.exp(-size * size) * total, 1), x)


@pytest.fixture(scope="session")
def exact():
    """exact(op, x, …): the op in the next larger type, float64 or 80 bits."""

    def evaluate(op: str, *arrays):
        wide = np.float64 if arrays[0].dtype == np.float32 else LONG
        if np.finfo(wide).nmant < 63 and wide is LONG:
            pytest.skip("this machine has no longer floats to compare with")
        wider = [array.astype(wide) for array in arrays]
        with np.errstate(all="ignore"):
            if op == "erf" and wide is LONG:
                return long_erf(*wider)
            return np.asarray(NUMPY_RULES[op](*wider))

    return evaluate


@pytest.fixture(scope="session")
def errors():
    """errors(got, exact, at_least=0): how far, in units in the last place; 0 where the exact result is not normal."""

    def measure(got, expected, at_least=0.0):
        limits = np.finfo(got.dtype)
        size = np.maximum(np.abs(expected), at_least)
        # Just above the smallest normal number, rounding decides whether a result is flushed to zero.
        inside = (np.abs(expected) > limits.tiny * (1 + 16 * limits.eps)) & (np.abs(expected) < limits.max)
        unit = np.spacing(np.where(inside, size, 1).astype(got.dtype)).astype(expected.dtype)
        with np.errstate(invalid="ignore"):
            return np.where(inside, np.abs(got.astype(expected.dtype) - expected) / unit, 0)

    return measure
