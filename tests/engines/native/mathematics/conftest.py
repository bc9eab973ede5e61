"""Running the functions: each is compiled into a loop over arrays, in the state of the arithmetic that programs run in."""

import ctypes
import functools

import numpy as np
import pytest

from backlit.engines.native.builder import LLVM_TYPES, Module
from backlit.engines.native.float_state import emit_float_state, restore_float_state
from backlit.engines.native.jit import compile_module
from backlit.engines.native.mathematics import MATHEMATICS
from backlit.engines.native.target import host_target, named_target


def targets() -> dict:
    """This machine, and the plainest of its family, which rounds products before it adds."""
    found = {"host": host_target()}
    if host_target().architecture == "x86_64":
        found["x86-64-v2"] = named_target("x86-64-v2")
    return found


def module_for(op: str, dtype: str, lanes: int, target, arity: int) -> str:
    """The text of ``run(count, out, in, ...)``; the state is set in a function of its own around the loop."""
    module = Module(target)
    kind = LLVM_TYPES[dtype]
    size = np.dtype(dtype).itemsize
    names = ["x", "y"][:arity]
    parameters = [("i64", "count"), ("ptr", "out"), *(("ptr", name) for name in names)]
    body = module.body("loop", parameters)
    with body.loop(0, body.parameter("count"), lanes) as loop:
        places = [body.address(body.parameter(name), [(loop.index, 1)], 0, size) for name in ["out", *names]]
        arguments = [body.load(place, kind, lanes) for place in places[1:]]
        body.store(MATHEMATICS[op](body, *arguments), places[0])
    body.close(attributes="noinline nounwind")
    body = module.body("run", [*parameters, ("i1", "flush")], exported=True)
    arguments = ", ".join(body.parameter(name).typed for name in ["count", "out", *names])
    with body.when(body.parameter("flush")):
        saved = emit_float_state(body)
        body.line(f"call void @loop({arguments})")
        restore_float_state(body, saved)
    plain = body.compare("eq", body.parameter("flush"), body.like(0, body.parameter("flush")))
    with body.when(plain):
        body.line(f"call void @loop({arguments})")
    body.close()
    return str(module)


@functools.cache
def compiled(op: str, dtype: str, lanes: int, target_name: str, arity: int):
    target = targets()[target_name]
    return compile_module(module_for(op, dtype, lanes, target, arity), target, ["run"])


@pytest.fixture(scope="session")
def compute():
    """compute(op, x, …): the op of arrays, by compiled code."""

    def run(op: str, *arrays, lanes: int = 16, target: str = "host", flush: bool = True):
        arrays = np.broadcast_arrays(*arrays)
        dtype, shape, count = arrays[0].dtype, arrays[0].shape, arrays[0].size
        padded = -(-count // lanes) * lanes
        inputs = [np.concatenate([a.ravel(), np.ones(padded - count, dtype)]) for a in arrays]
        out = np.empty(padded, dtype)
        code = compiled(op, dtype.name, lanes, target, len(inputs))
        pointers = [out, *inputs]
        function = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * len(pointers), ctypes.c_bool)
        function(code.address("run"))(padded, *(a.ctypes.data for a in pointers), flush)
        return out[:count].reshape(shape)

    return run


@pytest.fixture(params=sorted(targets()))
def target(request):
    return request.param
