"""Results that would be denormal become zero inside a step, and nowhere else; what is read keeps its value."""

import ctypes

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native.builder import Module
from backlit.engines.native.float_state import emit_float_state, restore_float_state
from backlit.engines.native.jit import assembly, compile_module
from backlit.engines.native.target import host_target, named_target, target_for
from backlit.engines.native.values import constant
from backlit.engines.native.workers import POOL, run_alone

DENORMAL = np.float32(1e-40)
knows = pytest.mark.skipif(
    host_target().architecture not in {"x86_64", "aarch64"}, reason="the switch is not known for this processor"
)


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BACKLIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def product_ir(target, flushed: bool = True) -> str:
    """A step that multiplies, on every thread, its number of the context by 0.5, twice: as operand, and as result."""
    module = Module(target)
    kernel = module.body("kernel", [("ptr", "context"), ("i64", "thread")])
    place = kernel.address(kernel.parameter("context"), [(kernel.parameter("thread"), 1)], 0, 4)
    for _ in range(2):
        number = kernel.load(place, "float", pinned=True)
        kernel.store(kernel.emit(f"fmul {number.typed}, 0.5", [number], "float", pinned=True), place)
    kernel.close()
    body = module.body("step", [("ptr", "context"), ("i64", "thread")], exported=True)
    saved = emit_float_state(body) if flushed else None
    body.line("call void @kernel(ptr %context, i64 %thread)")
    if saved is not None:
        restore_float_state(body, saved)
    body.close(constant(0))
    return str(module)


def code(flushed: bool = True):
    return compile_module(product_ir(host_target(), flushed), host_target(), ["step"])


@knows
@pytest.mark.parametrize("start", [1e-40, -1e-40, 2e-38])
def test_denormals_are_zero_inside_and_themselves_outside(start):
    numbers = np.array([start], np.float32)
    program = code()
    run_alone(program.address("step"), numbers.ctypes.data)
    assert numbers[0] == 0
    assert np.signbit(numbers[0]) == (start < 0)
    assert np.array([DENORMAL]) * np.float32(0.5) > 0


@pytest.mark.skipif(host_target().architecture != "x86_64", reason="elsewhere operands are flushed with the results")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_denormal_input_is_greater_than_zero(dtype):
    least = np.nextafter(np.zeros(3, dtype), np.ones(3, dtype))
    x = bl.input("x", shape=(3,), dtype=dtype)
    positive, kept = bl.compile(x, [x > 0, bl.maximum(x, 0)], engine="native")(least)
    assert positive.all()
    np.testing.assert_array_equal(kept, least)


@knows
def test_normal_numbers_are_computed_as_ever():
    numbers = np.array([3.0], np.float32)
    program = code()
    run_alone(program.address("step"), numbers.ctypes.data)
    assert numbers[0] == 0.75


@knows
def test_every_thread_gets_its_state_back():
    inside, outside = code(), code(flushed=False)
    for program, expected in ((inside, 0.0), (outside, DENORMAL / 4), (inside, 0.0), (outside, DENORMAL / 4)):
        numbers = np.full(2, DENORMAL)
        POOL.run(program.address("step"), numbers.ctypes.data, 2)
        np.testing.assert_array_equal(numbers, np.full(2, expected, np.float32))


def state_functions():
    """Functions that read and write the whole state of this thread's arithmetic."""
    if host_target().architecture == "x86_64":
        ir = """
        declare void @llvm.x86.sse.stmxcsr(ptr)
        declare void @llvm.x86.sse.ldmxcsr(ptr)
        define void @get(ptr %place) { call void @llvm.x86.sse.stmxcsr(ptr %place) ret void }
        define void @set(ptr %place) { call void @llvm.x86.sse.ldmxcsr(ptr %place) ret void }
        """
    else:
        ir = """
        declare i64 @llvm.aarch64.get.fpcr()
        declare void @llvm.aarch64.set.fpcr(i64)
        define void @get(ptr %place) { %x = call i64 @llvm.aarch64.get.fpcr() store i64 %x, ptr %place ret void }
        define void @set(ptr %place) { %x = load i64, ptr %place call void @llvm.aarch64.set.fpcr(i64 %x) ret void }
        """
    code = compile_module(ir, host_target(), ["get", "set"])
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    return code, prototype(code.address("get")), prototype(code.address("set"))


@knows
@pytest.mark.parametrize("bit", [22, 23] if host_target().architecture == "aarch64" else [13, 14, 15, 6])
def test_a_setting_of_the_callers_own_survives(bit):
    # Rounding upwards, downwards, or denormals that are zero already.
    _code, get, put = state_functions()
    before, own, after = (ctypes.c_int64() for _ in range(3))
    get(ctypes.byref(before))
    own.value = before.value | 1 << bit
    program, numbers = code(), np.array([3.0], np.float32)
    put(ctypes.byref(own))
    run_alone(program.address("step"), numbers.ctypes.data)
    get(ctypes.byref(after))
    put(ctypes.byref(before))
    assert after.value == own.value != before.value


def test_arm_has_the_switch_in_another_register():
    text = assembly(product_ir(named_target("aarch64")), named_target("aarch64"))
    assert [line.split()[0] for line in text.splitlines() if "FPCR" in line.upper()] == ["mrs", "msr", "msr"]
    assert str(1 << 24) in product_ir(named_target("aarch64"))


def test_where_no_switch_is_known_nothing_is_written():
    target = target_for("riscv64-unknown-linux-gnu", "generic-rv64", {})
    body = Module(target).body("step", [])
    saved = emit_float_state(body)
    restore_float_state(body, saved)
    assert saved == constant(0)
    body.close()
    assert "call" not in str(body.module)
