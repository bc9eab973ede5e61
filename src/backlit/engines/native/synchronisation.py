"""How threads wait for each other: the barrier inside a program, and the loop in which a worker waits for work.

A step takes microseconds, so nothing here asks the operating system for anything while the threads are all awake. A
thread says how far it is in a word that it alone writes, on a cache line of its own, and the others look at that word
until it says enough. Who has looked long in vain lets other programs have the core; a worker that finds no work for a
while sleeps on a lock until it is woken.
"""

import ctypes
import enum
from typing import ClassVar

from backlit.engines.native.builder import Module
from backlit.engines.native.values import constant

__all__ = [
    "LINE_BYTES",
    "MISSING",
    "Line",
    "State",
    "barrier_bytes",
    "emit_barrier",
    "emit_pool",
]

LINE_BYTES = 128
"""What two threads write lies this far apart: a cache line, and the neighbour that some processors fetch with it."""


class State(enum.IntEnum):
    """What a worker does. Whoever waits until a worker has done its job waits until its state is at least `WAITING`."""

    STOPPING = -1  # it has been told to leave
    POSTED = 0  # it has a job
    WAITING = 1  # it looks for a job
    PARKED = 2  # it sleeps
    GONE = 3  # it is not there


MISSING = -(2**63)
"""What ``run`` answers where a worker is not there: nothing has been run."""

_LOOKS = 200
"""How often a thread looks, for 1 to 10 µs, before it lets others have the core: the one it waits for may be there."""


class Line(ctypes.Structure):
    """What a worker and the thread that calls it tell each other: the caller writes a job, and both the state.

    ``state`` is a `State`; ``step`` and ``context`` are the job; ``lock`` is what the worker sleeps
    on; ``acquire`` and ``release`` are the functions that take and free it, ``i32 (ptr, i32)`` and ``void (ptr)``; and
    ``patience`` is how often the worker looks for work before it sleeps.
    """

    _fields_: ClassVar = [
        ("state", ctypes.c_int64),
        ("step", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
        ("lock", ctypes.c_void_p),
        ("acquire", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("patience", ctypes.c_int64),
        ("unused", ctypes.c_int64 * 9),
    ]


# ------------------------------------------------------------------------------------------------------------- barrier


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
    _emit_wait(module)
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


def _emit_wait(module: Module) -> None:
    """Write ``void @wait(ptr %word, i64 %least)``, which returns when the word has come to that number."""
    if module.has("wait"):
        return
    pause, give_way = _pause(module), _give_way(module)
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
  %tired = icmp ugt i64 %more, {_LOOKS}
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


def _pause(module: Module) -> str:
    """Return the instruction that tells the core that its thread only waits."""
    if module.target.architecture == "x86_64":
        module.declare("llvm.x86.sse2.pause", "void", [])
        return "call void @llvm.x86.sse2.pause()"
    if module.target.architecture == "aarch64":
        # `yield` costs nothing on most of these processors, and so saves nothing; `isb` rests for some cycles.
        module.declare("llvm.aarch64.isb", "void", ["i32"])
        return "call void @llvm.aarch64.isb(i32 15)"
    return 'fence syncscope("singlethread") seq_cst'


def _give_way(module: Module) -> str:
    """Return the call that lets another thread have the core."""
    name = "SwitchToThread" if "windows" in module.target.triple else "sched_yield"
    module.declare(name, "i32", [])
    return f"call i32 @{name}()"


# ------------------------------------------------------------------------------------------------------------- workers


def emit_pool(module: Module) -> list[str]:
    """Write the functions of the pool: how a worker serves, how a job is run, and how long a rest is.

    - ``void serve(ptr lines, i64 thread)``: look for jobs and do them, until told to leave; where a worker of that
      number is there already, return at once.
    - ``i64 run(ptr lines, ptr step, ptr context, i64 threads)``: let every worker below ``threads`` call
      ``step(context, its number)``, call ``step(context, 0)``, wait for all, and return what that call returned; or
      return ``MISSING`` where a worker is not there.
    - ``void post(ptr line, i64 state)``: change the state of a worker, to ``POSTED`` or ``STOPPING``, and wake it.
    - ``void rest(i64 turns)``: pause so many times, that it can be timed.

    ``lines`` is an array of `Line`, one for each thread; that of thread 0 is not used.

    Args:
        module: Where they are written.

    Returns:
        Their names.

    Example:
        >>> from backlit.engines.native.target import named_target
        >>> emit_pool(Module(named_target("x86-64-v3")))
        ['serve', 'run', 'post', 'rest']
    """
    _emit_wait(module)
    pause, give_way = _pause(module), _give_way(module)
    module.add("serve", _SERVE.format(pause=pause, give_way=give_way, looks=_LOOKS, **_PARTS))
    module.add("post", _POST.format(**_PARTS))
    module.add("run", _RUN.format(**_PARTS))
    module.add("rest", _REST.format(pause=pause))
    return ["serve", "run", "post", "rest"]


def _load(name: str) -> str:
    """Return the instructions that read a field of the line at ``%state``."""
    kind = "i64" if name == "patience" else "ptr"
    place = f"%{name}.place = getelementptr i8, ptr %state, i64 {getattr(Line, name).offset}"
    return f"{place}\n  %{name} = load {kind}, ptr %{name}.place"


_PARTS: dict[str, object] = {
    "line": LINE_BYTES,
    "step": Line.step.offset,
    "context": Line.context.offset,
    **{f"load_{name}": _load(name) for name in ("step", "context", "lock", "acquire", "release", "patience")},
    "missing": MISSING,
    **{state.name.lower(): state.value for state in State},
}
"""What the functions below are filled in with. The state lies at the beginning of a line."""

# The state changes hands by compare and exchange, so that no job is lost: a worker goes to sleep only where no job was
# posted while it made up its mind, and who posts a job learns in the same instruction whether the worker sleeps.
_SERVE = """\
define void @serve(ptr %lines, i64 %thread) nounwind {{
entry:
  %place = mul i64 %thread, {line}
  %state = getelementptr i8, ptr %lines, i64 %place
  %come = cmpxchg ptr %state, i64 {gone}, i64 {waiting} seq_cst seq_cst
  %first = extractvalue {{ i64, i1 }} %come, 1
  br i1 %first, label %fresh, label %leave
fresh:
  {load_patience}
  br label %look
look:
  %left = phi i64 [%patience, %fresh], [%less, %awake]
  %now = load atomic i64, ptr %state acquire, align 8
  switch i64 %now, label %idle [i64 {posted}, label %work i64 {stopping}, label %stop]
idle:
  {pause}
  %less = sub i64 %left, 1
  %part = urem i64 %less, {looks}
  %polite = icmp eq i64 %part, 0
  br i1 %polite, label %yield, label %awake
yield:
  {give_way}
  br label %awake
awake:
  %tired = icmp slt i64 %less, 0
  br i1 %tired, label %park, label %look
park:
  %sleep = cmpxchg ptr %state, i64 {waiting}, i64 {parked} seq_cst seq_cst
  %sleeps = extractvalue {{ i64, i1 }} %sleep, 1
  br i1 %sleeps, label %asleep, label %fresh
asleep:
  {load_lock}
  {load_acquire}
  call i32 %acquire(ptr %lock, i32 1)
  br label %fresh
work:
  {load_step}
  {load_context}
  call i64 %step(ptr %context, i64 %thread)
  store atomic i64 {waiting}, ptr %state release, align 8
  br label %fresh
stop:
  %going = cmpxchg ptr %state, i64 {stopping}, i64 {gone} seq_cst seq_cst
  %goes = extractvalue {{ i64, i1 }} %going, 1
  br i1 %goes, label %leave, label %fresh
leave:
  ret void
}}"""

_POST = """\
define void @post(ptr %state, i64 %what) nounwind {{
entry:
  br label %look
look:
  %before = load atomic i64, ptr %state monotonic, align 8
  %gone = icmp eq i64 %before, {gone}
  br i1 %gone, label %leave, label %tell
tell:
  %change = cmpxchg ptr %state, i64 %before, i64 %what seq_cst seq_cst
  %told = extractvalue {{ i64, i1 }} %change, 1
  br i1 %told, label %check, label %look
check:
  %asleep = icmp eq i64 %before, {parked}
  br i1 %asleep, label %wake, label %leave
wake:
  {load_lock}
  {load_release}
  call void %release(ptr %lock)
  br label %leave
leave:
  ret void
}}"""

_RUN = """\
define i64 @run(ptr %lines, ptr %step, ptr %context, i64 %threads) nounwind {{
entry:
  %end.place = mul i64 %threads, {line}
  %end = getelementptr i8, ptr %lines, i64 %end.place
  %first = getelementptr i8, ptr %lines, i64 {line}
  br label %check
check:
  %asked = phi ptr [%first, %entry], [%asked.next, %there]
  %now = load atomic i64, ptr %asked monotonic, align 8
  switch i64 %now, label %there [i64 {gone}, label %missing i64 {stopping}, label %missing]
there:
  %asked.next = getelementptr i8, ptr %asked, i64 {line}
  %asked.all = icmp eq ptr %asked.next, %end
  br i1 %asked.all, label %post, label %check
missing:
  ret i64 {missing}
post:
  %told = phi ptr [%first, %there], [%told.next, %post]
  %step.place = getelementptr i8, ptr %told, i64 {step}
  store ptr %step, ptr %step.place
  %context.place = getelementptr i8, ptr %told, i64 {context}
  store ptr %context, ptr %context.place
  call void @post(ptr %told, i64 {posted})
  %told.next = getelementptr i8, ptr %told, i64 {line}
  %told.all = icmp eq ptr %told.next, %end
  br i1 %told.all, label %own, label %post
own:
  %status = call i64 %step(ptr %context, i64 0)
  br label %collect
collect:
  %awaited = phi ptr [%first, %own], [%awaited.next, %collect]
  call void @wait(ptr %awaited, i64 {waiting})
  %awaited.next = getelementptr i8, ptr %awaited, i64 {line}
  %awaited.all = icmp eq ptr %awaited.next, %end
  br i1 %awaited.all, label %leave, label %collect
leave:
  ret i64 %status
}}"""

_REST = """\
define void @rest(i64 %turns) nounwind {{
entry:
  br label %turn
turn:
  %left = phi i64 [%turns, %entry], [%less, %turn]
  {pause}
  %less = sub i64 %left, 1
  %over = icmp sle i64 %less, 0
  br i1 %over, label %leave, label %turn
leave:
  ret void
}}"""
