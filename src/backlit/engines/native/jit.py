"""From a program's text to machine code that can be called: LLVM compiles, the cache remembers, the linker loads.

No optimisation passes run: the text is written the way the machine should compute. Every program has a linker of its
own: one for all would be a millisecond faster, but never quite forgets a program that is gone.
"""

import functools
import re
import sys
import threading
from collections.abc import Sequence
from typing import Any

from backlit.engines.native import cache
from backlit.engines.native.target import Target, host_target
from backlit.errors import ExecutionError, nearest

__all__ = ["Code", "assembly", "cached_code", "compile_module", "object_code"]

_LOCK = threading.RLock()  # llvmlite guards single calls; compilations share LLVM's compilers, one for each target
_OURS = "this is a mistake of backlit, not yours: please report it with this message; engine='reference' runs meanwhile"


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

    with _LOCK:
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
    with _LOCK:
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
