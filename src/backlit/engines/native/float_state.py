"""The state of a core's arithmetic: a result that would be denormal becomes zero while a program runs.

A number below 1e-38 is denormal in float32: its leading digits are zeros, and a core computes with it a hundred times
slower. Decaying averages, such as the moments of Adam, end there. Whether such a result becomes zero is a switch of
each thread, which other libraries expect to find as they left it: so a step turns it on where it begins, and puts it
back where it ends. What is read keeps its value: a denormal input is still greater than zero.
"""

from backlit.engines.native.builder import Body
from backlit.engines.native.values import Value, constant

__all__ = ["emit_float_state", "restore_float_state"]

_FLUSH_TO_ZERO_X86 = 0x8000
"""The bit of MXCSR by which denormal results become zero."""

_FLUSH_TO_ZERO_ARM = 1 << 24
"""The bit of FPCR that does the same; there the processor takes denormal operands of float arithmetic as zero, too."""


def emit_float_state(body: Body) -> Value:
    """Let results that would be denormal become zero on this thread from here on.

    Every thread of a step does it for itself, in a function that computes nothing but calls those that do: LLVM keeps
    the order of a call and of what is written here, but not that of an addition.

    Args:
        body: The function being written, at its beginning.

    Returns:
        What the state was, for `restore_float_state`.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("step", [("ptr", "context"), ("i64", "thread")], exported=True)
        >>> saved = emit_float_state(body)
        >>> restore_float_state(body, saved)
        >>> body.close(constant(0))
        >>> str(module).count("@llvm.x86.sse.ldmxcsr(ptr %")
        2
    """
    if body.target.architecture == "x86_64":
        body.module.declare("llvm.x86.sse.stmxcsr", "void", ["ptr"])
        place = body.emit("alloca i32, align 4", [], "ptr", pinned=True)
        body.line(f"call void @llvm.x86.sse.stmxcsr({place.typed})")
        saved = body.load(place, "i32", pinned=True)
        _write_float_state(body, body.emit(f"or {saved.typed}, {_FLUSH_TO_ZERO_X86}", [saved], "i32", pinned=True))
        return saved
    if body.target.architecture == "aarch64":
        body.module.declare("llvm.aarch64.get.fpcr", "i64", [])
        saved = body.emit("call i64 @llvm.aarch64.get.fpcr()", [], "i64", pinned=True)
        _write_float_state(body, body.emit(f"or {saved.typed}, {_FLUSH_TO_ZERO_ARM}", [saved], "i64", pinned=True))
        return saved
    return constant(0)


def restore_float_state(body: Body, saved: Value) -> None:
    """Put the state of the arithmetic back to what it was.

    Args:
        body: The function being written, where it returns.
        saved: What `emit_float_state` returned.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("aarch64"))
        >>> body = module.body("step", [("ptr", "context"), ("i64", "thread")], exported=True)
        >>> restore_float_state(body, emit_float_state(body))
        >>> body.close(constant(0))
        >>> str(module).count("@llvm.aarch64.set.fpcr(i64 %")
        2
    """
    if not saved.is_constant:
        _write_float_state(body, saved)


def _write_float_state(body: Body, state: Value) -> None:
    if body.target.architecture == "x86_64":
        body.module.declare("llvm.x86.sse.ldmxcsr", "void", ["ptr"])
        place = body.emit("alloca i32, align 4", [], "ptr", pinned=True)
        body.store(state, place)
        body.line(f"call void @llvm.x86.sse.ldmxcsr({place.typed})")
    else:
        body.module.declare("llvm.aarch64.set.fpcr", "void", ["i64"])
        body.line(f"call void @llvm.aarch64.set.fpcr({state.typed})")
