"""Jobs: how a worker looks for work and does it, and how work is given to it, in native code.

A worker that finds no work for a while sleeps on a lock until it is woken. Whoever gives it work learns in the same
instruction whether it sleeps.
"""

import ctypes
import enum
from typing import ClassVar

from backlit.engines.native.builder import Module
from backlit.engines.native.synchronisation import LINE_BYTES, LOOKS, emit_wait, give_way_of, pause_of

__all__ = ["MISSING", "Line", "State", "emit_pool"]


class State(enum.IntEnum):
    """What a worker does. Whoever waits until a worker has done its job waits until its state is at least `WAITING`."""

    STOPPING = -1  # it has been told to leave
    POSTED = 0  # it has a job
    WAITING = 1  # it looks for a job
    PARKED = 2  # it sleeps
    GONE = 3  # it is not there


MISSING = -(2**63)
"""What ``run`` answers where a worker is not there: nothing has been run."""


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


def emit_pool(module: Module) -> list[str]:
    """Write the functions of the pool: how a worker serves, how a job is run, and how long a rest is.

    - ``void serve(ptr lines, i64 thread)``: look for jobs and do them, until told to leave; where a worker of that
      number is there already, return at once.
    - ``i64 run(ptr lines, ptr step, ptr context, i64 threads)``: let every worker below ``threads`` call
      ``step(context, its number)``, call ``step(context, 0)``, wait for all, and return what that call returned; or
      return ``MISSING`` where a worker is not there.
    - ``void post(ptr line, i64 state)``: change the state of a worker, to ``POSTED`` or ``STOPPING``, and wake it.
    - ``i64 repeat(ptr lines, ptr step, ptr context, i64 threads, ptr moves, i64 moving, i64 count, ptr done)``: run
      a step so many times, on one thread or as ``run`` does, and after each make ``moving`` moves, each of them the
      place of an address and by how many bytes it moves on; stop at one that does not return 0. How many were done is
      written to ``done``.
    - ``void rest(i64 turns)``: pause so many times, that it can be timed.

    ``lines`` is an array of `Line`, one for each thread; that of thread 0 is not used.

    Args:
        module: Where they are written.

    Returns:
        Their names.

    Example:
        >>> from backlit.engines.native.target import named_target
        >>> emit_pool(Module(named_target("x86-64-v3")))
        ['serve', 'run', 'repeat', 'post', 'rest']
    """
    emit_wait(module)
    pause, give_way = pause_of(module), give_way_of(module)
    module.add("serve", _SERVE.format(pause=pause, give_way=give_way, looks=LOOKS, **_PARTS))
    module.add("post", _POST.format(**_PARTS))
    module.add("run", _RUN.format(**_PARTS))
    module.add("repeat", _REPEAT)
    module.add("rest", _REST.format(pause=pause))
    return ["serve", "run", "repeat", "post", "rest"]


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

_REPEAT = """\
define i64 @repeat(ptr %lines, ptr %step, ptr %context, i64 %threads,
                   ptr %moves, i64 %moving, i64 %count, ptr %done) nounwind {
entry:
  %alone = icmp eq i64 %threads, 1
  br label %turn
turn:
  %number = phi i64 [0, %entry], [%next, %moved]
  br i1 %alone, label %single, label %several
single:
  %own = call i64 %step(ptr %context, i64 0)
  br label %both
several:
  %joint = call i64 @run(ptr %lines, ptr %step, ptr %context, i64 %threads)
  br label %both
both:
  %status = phi i64 [%own, %single], [%joint, %several]
  %failed = icmp ne i64 %status, 0
  br i1 %failed, label %leave, label %move
move:
  %move.number = phi i64 [0, %both], [%move.next, %move]
  %move.place = getelementptr {ptr, i64}, ptr %moves, i64 %move.number
  %stride.place = getelementptr i64, ptr %move.place, i64 1
  %place = load ptr, ptr %move.place
  %stride = load i64, ptr %stride.place
  %address = load i64, ptr %place
  %moved.address = add i64 %address, %stride
  store i64 %moved.address, ptr %place
  %move.next = add i64 %move.number, 1
  %moves.over = icmp eq i64 %move.next, %moving
  br i1 %moves.over, label %moved, label %move
moved:
  %next = add i64 %number, 1
  %over = icmp eq i64 %next, %count
  br i1 %over, label %leave, label %turn
leave:
  %finished = phi i64 [%number, %both], [%next, %moved]
  store i64 %finished, ptr %done
  ret i64 %status
}"""

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
