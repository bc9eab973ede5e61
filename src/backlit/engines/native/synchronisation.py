"""How threads wait for each other: the loop in which they look, and the barrier inside a program.

A step takes microseconds, so nothing here asks the operating system for anything while the threads are all awake. A
thread says how far it is in a word that it alone writes, on a cache line of its own, and the others look at that word
until it says enough. Who has looked long in vain lets other programs have the core.
"""

from backlit.engines.native.builder import Module
from backlit.engines.native.values import constant

__all__ = [
    "LINE_BYTES",
    "LOOKS",
    "barrier_bytes",
    "emit_barrier",
    "emit_wait",
    "give_way_of",
    "pause_of",
]

LINE_BYTES = 128
"""What two threads write lies this far apart: a cache line, and the neighbour that some processors fetch with it."""

LOOKS = 200
"""How often a thread looks, for 1 to 10 µs, before it lets others have the core: the one it waits for may be there."""


def barrier_bytes(threads: int) -> int:
    """Return how much memory a barrier needs: zeroed before its first use, aligned to ``LINE_BYTES``.

    Args:
        threads: How many threads meet.

    Returns:
        The number of bytes.

    Example:
        >>> barrier_bytes(4)
        512
    """
    return threads * LINE_BYTES


def emit_barrier(module: Module, threads: int) -> str:
    """Write the function at which threads wait until all have come: ``void @barrier(ptr %area, i64 %thread)``.

    In round k each thread tells the one 2ᵏ places after it that it has come, and waits for the one 2ᵏ places before it;
    after log₂ of the number of threads, rounded up, each has heard of all others. The words count the rounds and never
    go back, so that the same memory serves any number of times. This is the dissemination barrier of Hensgen, Finkel
    and Manber (1988).

    Args:
        module: Where it is written, once.
        threads: How many threads meet; each must call it with its own number, from 0.

    Returns:
        The name of the function.

    Example:
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> emit_barrier(module, 2)
        'barrier'
    """
    if module.has("barrier"):
        return "barrier"
    emit_wait(module)
    body = module.body("barrier", [("ptr", "area"), ("i64", "thread")])
    area, thread = body.parameter("area"), body.parameter("thread")
    own = body.address(area, [(thread, LINE_BYTES)], 0, 1)
    count = body.load(own, "i64", pinned=True)
    for number, distance in enumerate(1 << power for power in range((threads - 1).bit_length())):
        reached = body.whole("add", count, number + 1)
        body.line(f"store atomic {reached.typed}, {own.typed} release, align 8")
        wraps = body.compare("slt", thread, constant(distance))
        before = body.select(wraps, body.whole("add", thread, threads - distance), body.whole("sub", thread, distance))
        other = body.address(area, [(before, LINE_BYTES)], 0, 1)
        body.line(f"call void @wait({other.typed}, {reached.typed})")
    body.close()
    return "barrier"


def emit_wait(module: Module) -> None:
    """Write ``void @wait(ptr %word, i64 %least)``, which returns when the word has come to that number."""
    if module.has("wait"):
        return
    pause, give_way = pause_of(module), give_way_of(module)
    module.add(
        "wait",
        f"""\
define internal void @wait(ptr %word, i64 %least) nounwind {{
entry:
  br label %look
look:
  %looks = phi i64 [0, %entry], [%more, %yield], [%more, %rest]
  %now = load atomic i64, ptr %word acquire, align 8
  %enough = icmp sge i64 %now, %least
  br i1 %enough, label %leave, label %behind
behind:
  %more = add i64 %looks, 1
  %tired = icmp ugt i64 %more, {LOOKS}
  br i1 %tired, label %yield, label %rest
yield:
  {give_way}
  br label %look
rest:
  {pause}
  br label %look
leave:
  ret void
}}""",
    )


def pause_of(module: Module) -> str:
    """Return the instruction that tells the core that its thread only waits."""
    if module.target.architecture == "x86_64":
        module.declare("llvm.x86.sse2.pause", "void", [])
        return "call void @llvm.x86.sse2.pause()"
    if module.target.architecture == "aarch64":
        # `yield` costs nothing on most of these processors, and so saves nothing; `isb` rests for some cycles.
        module.declare("llvm.aarch64.isb", "void", ["i32"])
        return "call void @llvm.aarch64.isb(i32 15)"
    return 'fence syncscope("singlethread") seq_cst'


def give_way_of(module: Module) -> str:
    """Return the call that lets another thread have the core."""
    name = "SwitchToThread" if "windows" in module.target.triple else "sched_yield"
    module.declare(name, "i32", [])
    return f"call i32 @{name}()"
