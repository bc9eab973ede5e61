"""Compiling, linking, and letting go: every program here is a few lines of LLVM's text."""

import _thread
import ctypes
import gc
import math
import os
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from backlit.engines.native import cache, jit
from backlit.engines.native.jit import assembly, compile_module, object_code
from backlit.engines.native.target import host_target, named_target, target_for
from backlit.errors import ExecutionError

LEVELS = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
kills = pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot interrupt itself")


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path / "cache"))


def number(value: int) -> str:
    return f"define i64 @f() {{ ret i64 {value} }}"


def call(code: jit.Code) -> int:
    return ctypes.CFUNCTYPE(ctypes.c_int64)(code.address("f"))()


def axpy(target, attributes: str = "nounwind") -> str:
    """y ← 0.5 x + y, a register at a time."""
    lanes = target.lanes(4)
    vector = f"<{lanes} x float>"
    intrinsic = f"llvm.{'fma' if target.fma else 'fmuladd'}.v{lanes}f32"
    return f"""
declare {vector} @{intrinsic}({vector}, {vector}, {vector})
define void @axpy(ptr noalias %x, ptr noalias %y, i64 %count) {attributes} {{
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
  %p = getelementptr float, ptr %x, i64 %i
  %q = getelementptr float, ptr %y, i64 %i
  %a = load {vector}, ptr %p, align 4
  %b = load {vector}, ptr %q, align 4
  %sum = call {vector} @{intrinsic}({vector} splat (float 0.5), {vector} %a, {vector} %b)
  store {vector} %sum, ptr %q, align 4
  %next = add nsw i64 %i, {lanes}
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %end
end:
  ret void
}}"""


@pytest.mark.parametrize("target", [host_target(), *map(named_target, LEVELS)], ids=["host", *LEVELS])
def test_a_loop_over_vectors_runs(target):
    if not target.runs_on(host_target()):
        pytest.skip("this machine cannot")
    code = compile_module(axpy(target), target, ["axpy"])
    x, y = np.arange(64, dtype="float32"), np.ones(64, dtype="float32")
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(code.address("axpy"))
    run(x.ctypes.data, y.ctypes.data, 64)
    np.testing.assert_array_equal(y, 1 + x / 2)


@pytest.mark.parametrize(
    ("name", "present", "absent"),
    [
        ("x86-64-v2", ["xmm", "mulps"], ["ymm", "zmm", "vmulps"]),
        ("x86-64-v3", ["ymm", "vfmadd"], ["zmm"]),
        ("x86-64-v4", ["zmm", "vfmadd"], ["ymm"]),
        ("aarch64", ["fmla", ".4s"], ["xmm"]),
    ],
)
def test_every_kind_of_machine_gets_its_own_vectors(name, present, absent):
    text = assembly(axpy(named_target(name)), named_target(name))
    assert [word for word in present if word not in text] == []
    assert [word for word in absent if word in text] == []


@pytest.mark.parametrize("target", [named_target("x86-64-v4"), host_target()], ids=["x86-64-v4", "host"])
def test_vectors_of_512_bits_stay_whole(target):
    if target.vector_bytes != 64:
        pytest.skip("this machine has none")
    # The attribute invites LLVM to halve them on the processors that it thinks slow with them.
    text = assembly(axpy(target, 'nounwind "min-legal-vector-width"="0"'), target)
    assert "zmm" in text
    assert "ymm" not in text


def test_what_a_machine_lacks_is_not_used_though_its_name_promises_it():
    features = {"avx2": True, "fma": True} | dict.fromkeys(["avx512f", "avx512vl", "avx512bw", "avx512dq"], False)
    target = target_for("x86_64-unknown-linux-gnu", "cascadelake", features)
    text = assembly(axpy(named_target("x86-64-v4")), target)
    assert "ymm" in text
    assert "zmm" not in text


@pytest.mark.parametrize(("name", "machine"), [*((level, 62) for level in LEVELS), ("aarch64", 183)])
def test_object_files_are_written_for_every_kind_of_machine(name, machine):
    target = named_target(name)
    if "linux" not in target.triple:
        pytest.skip("the numbers are those of ELF")
    content = object_code(axpy(target), target)
    assert content[:4] == b"\x7fELF"
    assert int.from_bytes(content[18:20], "little") == machine


def test_addresses_in_memory_are_found_wherever_the_code_lies():
    ir = """
@table = internal constant [3 x double] [double 1.0, double 2.0, double 3.0], align 64
@functions = internal constant [2 x ptr] [ptr @same, ptr @sine]
declare double @sin(double)
define internal double @same(double %x) { ret double %x }
define internal double @sine(double %x) {
  %y = call double @sin(double %x)
  ret double %y
}
define double @f(i64 %i, i64 %j, ptr %out) {
  store ptr @sin, ptr %out
  %place = getelementptr double, ptr @table, i64 %i
  %x = load double, ptr %place
  %slot = getelementptr ptr, ptr @functions, i64 %j
  %function = load ptr, ptr %slot
  %y = call double %function(double %x)
  ret double %y
}"""
    code = compile_module(ir, host_target(), ["f"])
    f = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)(code.address("f"))
    sine = np.zeros(1, dtype="uint64")
    assert f(2, 0, sine.ctypes.data) == 3.0
    assert f(1, 1, sine.ctypes.data) == math.sin(2.0)
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(int(sine[0]))(0.5) == math.sin(0.5)


def test_what_llvm_cannot_read_is_named_with_its_line():
    with pytest.raises(ExecutionError, match=r"(?s)undefined value '%y'.*line 2: %x = fadd float 1.0, %y\n.*mistake"):
        compile_module("define void @f() {\n  %x = fadd float 1.0, %y\n  ret void\n}", host_target(), ["f"])


def test_what_llvm_reads_but_cannot_mean_is_named_with_its_line():
    ir = "define i32 @f() {\nentry:\n  br label %next\nnext:\n  %x = phi i32 [1, %entry], [2, %next]\n  ret i32 %x\n}"
    with pytest.raises(ExecutionError, match=r"(?s)one entry for each predecessor.*%x = phi i32 \[ 1, %entry \]"):
        compile_module(ir, host_target(), ["f"])


def test_a_function_that_is_nowhere_is_named(capfd):
    ir = """
declare double @sin(double)
declare void @nowhere()
define void @f() {
  call void @nowhere()
  ret void
}"""
    with pytest.raises(ExecutionError, match=r"this process has no nowhere\n"):
        compile_module(ir, host_target(), ["f"])
    assert capfd.readouterr() == ("", "")


def test_a_function_that_was_not_written_cannot_be_exported():
    with pytest.raises(ExecutionError, match=r"(?s)cannot be linked.*Symbols not found.*g"):
        compile_module(number(1), host_target(), ["f", "g"])


def test_a_name_that_is_not_exported_is_refused():
    code = compile_module(number(1), host_target(), ["f"])
    with pytest.raises(ExecutionError, match=r"(?s)no function 'F'.*it exports 'f'"):
        code.address("F")


def test_code_for_another_machine_is_not_run():
    other = next(t for t in map(named_target, ["aarch64", "x86-64-v2"]) if t.architecture != host_target().architecture)
    with pytest.raises(ExecutionError, match="cannot run on this machine"):
        compile_module(number(1), other, ["f"])


# ------------------------------------------------------------------------------------------------------------ the cache


def test_the_second_time_nothing_is_compiled(monkeypatch):
    first = compile_module(number(7), host_target(), ["f"])
    monkeypatch.setattr(jit, "object_code", None)
    second = compile_module(number(7), host_target(), ["f"])
    assert (first.cached, second.cached) == (False, True)
    assert call(first) == call(second) == 7


def test_every_machine_has_code_of_its_own():
    if not named_target("x86-64-v2").runs_on(host_target()):
        pytest.skip("this machine is none of the kind")
    compile_module(number(7), host_target(), ["f"])
    assert not compile_module(number(7), named_target("x86-64-v2"), ["f"]).cached


@pytest.mark.parametrize("content", [b"", b"no object file at all", b"\x7fELF" + bytes(200)])
def test_kept_code_that_cannot_be_linked_is_compiled_again_and_replaced(content):
    cache.save(cache.cache_key(number(7), host_target()), content)
    code = compile_module(number(7), host_target(), ["f"])
    assert not code.cached
    assert call(code) == 7
    assert compile_module(number(7), host_target(), ["f"]).cached


def test_without_a_cache_everything_works(monkeypatch):
    monkeypatch.setenv("BACKLIT_CACHE", "off")
    for _ in range(2):
        code = compile_module(number(7), host_target(), ["f"])
        assert not code.cached
        assert call(code) == 7


def test_taking_code_from_the_cache_costs_less_than_three_milliseconds():
    ir = axpy(host_target())
    compile_module(ir, host_target(), ["axpy"])
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        assert compile_module(ir, host_target(), ["axpy"]).cached
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.003


# ------------------------------------------------------------------------------------------------------ life and death


@linux
def test_code_leaves_the_memory_with_its_last_holder():
    def executable(address: int) -> bool:
        for line in Path("/proc/self/maps").read_text().splitlines():
            place, rights = line.split()[:2]
            start, stop = (int(bound, 16) for bound in place.split("-"))
            if start <= address < stop:
                return "x" in rights
        return False

    code = compile_module(number(7), host_target(), ["f"])
    address = code.address("f")
    gc.collect()
    assert executable(address)
    del code
    gc.collect()
    assert not executable(address)


@linux
def test_many_programs_made_and_dropped_leave_nothing_behind(monkeypatch):
    monkeypatch.setenv("BACKLIT_CACHE", "off")

    def used() -> tuple[int, int]:
        status = Path("/proc/self/status").read_text().split()
        return int(status[status.index("VmRSS:") + 1]), len(Path("/proc/self/maps").read_text().splitlines())

    for value in range(50):
        compile_module(number(value), host_target(), ["f"])
    kibibytes, maps = used()
    for value in range(200):
        assert call(compile_module(number(value), host_target(), ["f"])) == value
    after, maps_after = used()
    assert after - kibibytes < 1024  # one program alive takes 66 KiB; one linker for all would keep 9 KiB of each
    assert maps_after - maps < 20


def test_many_programs_live_side_by_side():
    codes = [compile_module(number(value), host_target(), ["f"]) for value in range(40)]
    del codes[::3]
    gc.collect()
    assert [call(code) for code in codes] == [value for value in range(40) if value % 3]


def test_threads_compile_at_once():
    def build(value: int) -> int:
        return call(compile_module(number(value % 16), host_target(), ["f"]))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(build, range(64))) == [value % 16 for value in range(64)]


def test_the_interpreter_ends_in_peace_while_code_is_alive():
    program = """
import ctypes, threading
from backlit.engines.native.jit import compile_module
from backlit.engines.native.target import host_target
kept = [compile_module("define i64 @f() { ret i64 " + str(n) + " }", host_target(), ["f"]) for n in range(5)]
kept[0].itself = kept[0]
f = ctypes.CFUNCTYPE(ctypes.c_int64)(kept[1].address("f"))
def spin():
    while True:
        f()
threading.Thread(target=spin, daemon=True).start()
class Last:
    code = kept[2]
    def __del__(self, call=ctypes.CFUNCTYPE(ctypes.c_int64)):
        call(self.code.address("f"))()
last = Last()
print(f())
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "1\n", "")


# ------------------------------------------------------------------------------------------- interrupts, threads, forks

PRELUDE = """
import contextlib, ctypes, os, random, signal, sys, threading, time
import llvmlite.binding as llvm
from llvmlite.binding import ffi
from backlit.engines.native.jit import compile_module
from backlit.engines.native.target import host_target
def long(count):
    lines = [f"%x{n + 1} = fmul double %x{n}, {n % 7 + 1.5}" for n in range(count)]
    return "\\n".join(["define double @f(double %x0) {", *lines, f"ret double %x{count} }}"])
def build(ir):
    return compile_module(ir, host_target(), ["f"])
def check(value):
    code = build("define i64 @f() { ret i64 " + str(value) + " }")
    assert ctypes.CFUNCTYPE(ctypes.c_int64)(code.address("f"))() == value
def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)
begun, compiled, parse = threading.Event(), [], llvm.parse_assembly
def slowly(*arguments):
    begun.set()
    time.sleep(0.5)
    compiled.append(arguments)
    return parse(*arguments)
host_target()
"""


def script(text: str, before: str = "") -> str:
    """Run a program in a process of its own, and return what it prints; it must end well and not complain."""
    program = before + PRELUDE + textwrap.dedent(text)
    environment = os.environ | {"BACKLIT_CACHE": "off"}
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


@kills
def test_an_interrupt_between_any_two_parts_of_llvmlite_breaks_nothing():
    # It comes after the first call of LLVM's library, then after the second, and so on.
    printed = script("""
        library = ffi.lib
        class Interrupting:
            left = 0
            def __getattr__(self, name):
                function = getattr(library, name)
                def call(*arguments):
                    result = function(*arguments)
                    Interrupting.left -= 1
                    if Interrupting.left == 0:
                        interrupt()
                        time.sleep(0.001)
                    return result
                return call
        interrupts, kept = 0, []
        check(0)
        while True:
            Interrupting.left = interrupts + 1
            for module in (ffi, llvm.context, llvm.module, llvm.orcjit.ffi, llvm.targets.ffi, llvm.value.ffi):
                if hasattr(module, "lib"):
                    module.lib = Interrupting()
            try:
                kept.append(build("define i64 @f() { ret i64 7 }"))
                if Interrupting.left > 0:
                    break
                time.sleep(0.1)
            except KeyboardInterrupt:
                interrupts += 1
        ffi.lib = library
        check(1)
        print(interrupts)
    """)
    assert int(printed) > 10


@kills
def test_interrupts_at_any_time_break_nothing():
    printed = script("""
        signal.signal(signal.SIGALRM, interrupt)
        count, ir = 0, long(500)
        for _ in range(60):
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 0.02))
                build(ir)
                time.sleep(0.05)
            except KeyboardInterrupt:
                count += 1
        check(1)
        print(count)
    """)
    assert printed == "60\n"


@kills
def test_an_interrupt_does_not_wait_for_llvm_but_the_end_of_the_process_does():
    printed = script("""
        def twice():
            for _ in range(2):  # the second comes when the process is about to end
                time.sleep(0.2)
                interrupt()
        llvm.parse_assembly = slowly
        threading.Thread(target=twice, daemon=True).start()
        try:
            check(1)
        except KeyboardInterrupt:
            print(len(compiled))
        class Last:
            def __del__(self, compiled=compiled):
                print(len(compiled))
        last = Last()
    """)
    assert printed == "0\n1\n"


@kills
def test_a_program_can_be_compiled_while_one_that_was_interrupted_still_is():
    printed = script("""
        llvm.parse_assembly = slowly
        threading.Timer(0.2, interrupt).start()
        try:
            check(1)
        except KeyboardInterrupt:
            print(len(compiled))
        check(2)
        print(len(compiled))
    """)
    assert printed == "0\n2\n"


@forks
def test_a_fork_waits_for_the_compilation_of_another_thread():
    script("""
        llvm.parse_assembly = slowly
        other = threading.Thread(target=check, args=(1,))
        other.start()
        begun.wait()
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            assert compiled
            check(2)
            os._exit(0)
        assert os.waitpid(pid, 0) == (pid, 0)
        other.join()
    """)


@forks
def test_children_compile_whatever_another_thread_was_doing_when_they_were_forked():
    # Compiling, loading, and letting go, which takes no lock but llvmlite's own.
    script("""
        over, kept = False, [build("define i64 @f() { ret i64 7 }") for _ in range(100)]
        def work():
            while not over:
                check(1)
                del kept[-2:]
        other = threading.Thread(target=work)
        other.start()
        for _ in range(30):
            pid = os.fork()
            if pid == 0:
                signal.alarm(20)
                check(2)
                os._exit(0)
            assert os.waitpid(pid, 0) == (pid, 0)
        over = True
        other.join()
    """)


@forks
def test_a_child_that_a_signal_handler_forked_compiles_to_the_end():
    script("""
        children = []
        signal.signal(signal.SIGALRM, lambda *_: children.append(os.fork()))
        def signalling(*arguments):
            llvm.parse_assembly = parse
            os.kill(os.getpid(), signal.SIGALRM)
            time.sleep(0.2)
            return parse(*arguments)
        llvm.parse_assembly = signalling
        check(1)
        if children == [0]:
            os._exit(7)
        assert os.waitpid(children[0], 0) == (children[0], 7 << 8)
    """)


@forks
def test_what_is_done_before_and_after_a_fork_may_compile():
    # A function that was registered before the engine's own runs while that keeps other threads from compiling.
    before = """
import os
os.register_at_fork(before=lambda: check(1), after_in_parent=lambda: check(2), after_in_child=lambda: check(3))
"""
    script(
        """
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        assert os.waitpid(pid, 0) == (pid, 0)
        """,
        before,
    )


@kills
def test_a_signal_handler_and_a_finaliser_may_compile():
    script("""
        class Last:
            def __del__(self):
                check(2)
        def finalising(*arguments):
            llvm.parse_assembly = parse
            Last()
            os.kill(os.getpid(), signal.SIGALRM)
            time.sleep(0.1)
            return parse(*arguments)
        handled = []
        signal.signal(signal.SIGALRM, lambda *_: handled.append(check(3)))
        llvm.parse_assembly = finalising
        check(1)
        assert handled == [None]
    """)


def test_a_program_is_compiled_where_the_main_thread_is_inside_llvmlite():
    # As in a finaliser, or when llvmlite lost its lock to an interrupt while code was let go.
    script("""
        with ffi.lib._lock:
            check(1)
    """)


def test_a_program_is_compiled_where_the_system_grants_no_thread(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    assert call(compile_module(number(7), host_target(), ["f"])) == 7


def test_programs_are_compiled_while_the_interpreter_ends():
    printed = script("", before="import atexit\natexit.register(lambda: [check(1), print('farewell')])\n")
    assert printed == "farewell\n"
