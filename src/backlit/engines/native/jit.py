"""From a program's text to machine code that can be called: LLVM compiles, the cache remembers, the linker loads.

No optimisation passes run: the text is written the way the machine should compute. Every program has a linker of its
own: one for all would be a millisecond faster, but never quite forgets a program that is gone.
"""

import _thread
import atexit
import contextlib
import functools
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from backlit.engines.native import cache
from backlit.engines.native.target import Target, host_target
from backlit.errors import ExecutionError, nearest

__all__ = ["Code", "assembly", "cached_code", "compile_module", "object_code"]

_OURS = "this is a mistake of backlit, not yours: please report it with this message; engine='reference' runs meanwhile"

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class _Workshop:
    """Where LLVM works: for one thread at a time, and never on the main one.

    llvmlite cannot bear an exception between its parts: it leaves locks taken, and frees twice. Signals are handled on
    the main thread alone, so that one only waits there: an interrupt is raised at once, and the work, of which nobody
    wants the result any more, goes on to its end.
    """

    def __init__(self) -> None:
        # llvmlite guards single calls; compilations share LLVM's compilers, one for each target. Reentrant, because
        # a finaliser may compile while its thread does.
        self._lock = threading.RLock()
        self._running: set[threading.Lock] = set()  # each is freed when the thread that belongs to it is done
        self._taken: list[Any] = []  # the locks that a fork holds
        self._closed = False

    def uninterrupted(self, work: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        """Let a function be called from any thread, and run here."""

        @functools.wraps(work)
        def call(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> _Result:
            return self._call(lambda: work(*arguments, **named))

        return call

    def _call(self, work: Callable[[], _Result]) -> _Result:
        main = threading.get_ident() == threading.main_thread().ident
        # Where the main thread has a lock itself, as while it forks, another would wait for it for ever.
        if not main or self._closed or any(lock._is_owned() for lock in self._locks()):
            return self._work(work)
        done = threading.Lock()
        done.acquire()
        results: list[_Result] = []
        errors: list[BaseException] = []

        def run() -> None:
            self._running.add(done)
            try:
                if not self._closed:
                    results.append(self._work(work))
            except BaseException as error:
                errors.append(error)
            finally:
                self._running.discard(done)
                done.release()

        try:
            # Not threading.Thread: an interrupt while that starts may leave its own locks taken.
            _thread.start_new_thread(run, ())
        except RuntimeError:  # the system grants no more threads, or the interpreter ends
            return self._work(work)
        done.acquire()
        if errors:
            raise errors.pop()
        return results.pop() if results else self._work(work)  # where a signal's handler forked, the thread is gone

    def _work(self, work: Callable[[], _Result]) -> _Result:
        with self._lock:
            return work()

    def close(self) -> None:
        """Wait for the threads that are still at work: LLVM, when it is unloaded, would pull the ground from them."""
        self._closed = True
        for done in tuple(self._running):
            while done.locked():
                with contextlib.suppress(KeyboardInterrupt), done:
                    pass

    def _locks(self) -> list[Any]:
        """Return the lock of this workshop, and llvmlite's own, under which any thread may let code go at any time."""
        library = getattr(sys.modules.get("llvmlite.binding.ffi"), "lib", None)
        theirs = getattr(getattr(library, "_lock", None), "_lock", None)
        return [self._lock, theirs] if hasattr(theirs, "_is_owned") else [self._lock]

    def before_fork(self) -> None:
        """Wait until no thread works, for the child would have none that goes on."""
        locks = self._locks()
        for lock in locks:
            taken = False
            while not taken:
                with contextlib.suppress(KeyboardInterrupt):  # Python would drop it here, and fork nevertheless
                    taken = lock.acquire()
        self._taken = locks

    def after_fork(self) -> None:
        """Let other threads work again."""
        taken, self._taken = self._taken, []
        for lock in reversed(taken):
            lock.release()

    def after_fork_in_child(self) -> None:
        """Begin afresh, with this thread alone."""
        self.after_fork()
        while self._running:
            self._running.pop().release()


_WORKSHOP = _Workshop()
atexit.register(_WORKSHOP.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_WORKSHOP.before_fork,
        after_in_parent=_WORKSHOP.after_fork,
        after_in_child=_WORKSHOP.after_fork_in_child,
    )


class Code:
    """Machine code in memory; it stays there as long as this object lives, and not longer.

    Args:
        library: LLVM's handle of the library, which unloads it when it is dropped.
        exported: The functions that can be called.
        cached: Whether the code came from the disk.
        key: Under which name the cache keeps it.

    Example:
        >>> import ctypes
        >>> code = compile_module("define i64 @f() { ret i64 42 }", host_target(), ["f"])
        >>> ctypes.CFUNCTYPE(ctypes.c_int64)(code.address("f"))()
        42
    """

    def __init__(self, library: Any, exported: Sequence[str], *, cached: bool, key: str) -> None:
        self._library = library
        self.key = key
        self._addresses: dict[str, int] = {name: library[name] for name in exported}
        self.cached = cached

    def address(self, name: str) -> int:
        """Return where a function begins; the address is valid as long as this object lives.

        Args:
            name: An exported function.

        Returns:
            The address.

        Raises:
            ExecutionError: Where no function of that name is exported.

        Example:
            >>> compile_module("define void @f() { ret void }", host_target(), ["f"]).address("f") > 0
            True
        """
        if name not in self._addresses:
            raise ExecutionError(
                f"the compiled code exports no function {name!r}{nearest(name, self._addresses)}",
                why=f"it exports {', '.join(map(repr, self._addresses)) or 'nothing'}",
                instead=_OURS,
            )
        return self._addresses[name]


@_WORKSHOP.uninterrupted
def compile_module(ir: str, target: Target, exported: Sequence[str]) -> Code:
    """Compile a program, or take its code from the cache, and load it.

    The program may call what this process holds, such as the C library's ``sin``.

    Args:
        ir: The program, as LLVM's text.
        target: The machine to compile for; this one must be able to run its code.
        exported: The functions whose addresses are wanted.

    Returns:
        The code.

    Raises:
        ExecutionError: Where LLVM rejects the program, or this machine cannot run it.

    Example:
        >>> import ctypes
        >>> ir = '''
        ... declare double @sin(double)
        ... define double @f(double %x) {
        ...   %y = call double @sin(double %x)
        ...   ret double %y
        ... }'''
        >>> code = compile_module(ir, host_target(), ["f"])
        >>> round(ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(code.address("f"))(1.0), 6)
        0.841471
    """
    if not target.runs_on(host_target()):
        raise ExecutionError(
            f"code for {target.cpu} ({target.triple}) cannot run on this machine",
            why=f"this is a {host_target().cpu} ({host_target().triple}), which lacks some of its instructions",
            instead="compile for host_target()",
        )
    key = cache.cache_key(ir, target)
    kept = cache.load(key)
    if kept is not None:
        try:
            return _link(kept, ir, exported, cached=True, key=key)
        except ExecutionError:
            pass  # the file is whole, and yet no code that can be linked: compile again, and replace it
    code = object_code(ir, target)
    linked = _link(code, ir, exported, cached=False, key=key)
    cache.save(key, code)
    return linked


@_WORKSHOP.uninterrupted
def cached_code(key: str, exported: Sequence[str]) -> Code | None:
    """Load a program from the cache alone.

    Args:
        key: The ``key`` of its code, when it was compiled for this machine.
        exported: The functions whose addresses are wanted.

    Returns:
        The code, or None where the cache does not have it.

    Example:
        >>> cached_code("no such key", ["f"]) is None
        True
    """
    kept = cache.load(key)
    try:
        return None if kept is None else _link(kept, "", exported, cached=True, key=key)
    except ExecutionError:
        return None


@_WORKSHOP.uninterrupted
def object_code(ir: str, target: Target) -> bytes:
    """Compile a program to an object file, for this machine or another.

    Args:
        ir: The program, as LLVM's text.
        target: The machine to compile for.

    Returns:
        The content of the object file.

    Raises:
        ExecutionError: Where LLVM rejects the program.

    Example:
        >>> from backlit.engines.native.target import named_target
        >>> object_code("define void @f() { ret void }", named_target("aarch64"))[1:4]
        b'ELF'
    """
    code: bytes = _emit(ir, target, "emit_object")
    return code


@_WORKSHOP.uninterrupted
def assembly(ir: str, target: Target) -> str:
    """Compile a program to assembly language, to be read: for this machine or another.

    Args:
        ir: The program, as LLVM's text.
        target: The machine to compile for.

    Returns:
        The assembly.

    Raises:
        ExecutionError: Where LLVM rejects the program.

    Example:
        >>> from backlit.engines.native.target import named_target
        >>> ir = "define double @f(double %x) { %y = fmul double %x, %x ret double %y }"
        >>> [line.split() for line in assembly(ir, named_target("aarch64")).splitlines() if "mul" in line]
        [['fmul', 'd0,', 'd0,', 'd0']]
    """
    text: str = _emit(ir, target, "emit_assembly")
    return text


def _emit(ir: str, target: Target, form: str) -> Any:
    import llvmlite.binding as llvm

    machine = _machine(target)
    # A context of its own, because LLVM never forgets a constant or a type as long as their context lives.
    with llvm.create_context() as context:
        try:
            with llvm.parse_assembly(ir, context) as module:
                module.triple = machine.triple
                module.data_layout = str(machine.target_data)
                module.verify()
                return getattr(machine, form)(module)
        except RuntimeError as error:
            raise _rejection(str(error), ir) from error


def _rejection(message: str, ir: str) -> ExecutionError:
    """Say what LLVM has against a program, and where: its parser gives the line's number, its verifier the line."""
    parsed = re.search(r"<string>:(\d+):\d+: error: (.*)", message)
    if parsed:
        number = int(parsed[1])
        reason, line = parsed[2], f"line {number}: {ir.splitlines()[number - 1].strip()}"
    else:
        reason, *quoted = message.strip().splitlines()
        line = f"line: {' / '.join(part.strip() for part in quoted)}" if quoted else ""
    return ExecutionError(f"LLVM rejects what the native engine wrote: {reason}", why=line, instead=_OURS)


@functools.cache
def _machine(target: Target) -> Any:
    """Make LLVM's compiler for a target."""
    import llvmlite.binding as llvm

    _initialise(foreign=target.architecture != host_target().architecture)
    try:
        # Addresses are relative, because the code is loaded anywhere, not in the lowest two gigabytes.
        return llvm.Target.from_triple(target.triple).create_target_machine(
            cpu=target.cpu, features=target.features, opt=2, reloc="pic"
        )
    except RuntimeError as error:
        raise ExecutionError(
            f"this LLVM cannot write code for {target.triple}",
            why=str(error),
            instead="compile for host_target()",
        ) from error


@functools.cache
def _initialise(*, foreign: bool) -> None:
    """Make LLVM know this machine, or all; knowing all costs a millisecond more."""
    import llvmlite.binding as llvm

    if foreign:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
    else:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()


def _link(code: bytes, ir: str, exported: Sequence[str], *, cached: bool, key: str) -> Code:
    """Load an object file. The library keeps its linker alive."""
    import llvmlite.binding as llvm

    builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name in exported:
        builder.export_symbol(name)
    # JITLink puts the parts of a program side by side, so that they always reach one another; llvmlite has it
    # everywhere but on Windows. It would print what the exception says.
    jit_link = sys.platform != "win32"
    try:
        linker = llvm.create_lljit_compiler(_machine(host_target()), use_jit_link=jit_link, suppress_errors=True)
        library = builder.link(linker, "program")
    except RuntimeError as error:
        missing = _missing(ir)
        raise ExecutionError(
            "the code that the native engine wrote cannot be linked",
            why=f"this process has no {', '.join(missing)}" if missing else str(error).strip(),
            instead=_OURS,
        ) from error
    return Code(library, exported, cached=cached, key=key)


def _missing(ir: str) -> list[str]:
    """Find the functions that a program declares and that are nowhere."""
    import llvmlite.binding as llvm

    declared = re.findall(r"^ *declare [^@\n]*@([\w$]+)\(", ir, re.MULTILINE)  # an intrinsic has dots in its name
    return [name for name in declared if llvm.address_of_symbol(name) is None]
