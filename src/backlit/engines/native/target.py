"""Target: what the engine must know of the machine it writes code for.

A processor's name is not enough: the same name is sold with and without some of its instructions, and a virtual machine
may hide others. What a target can do is therefore spelled out, instruction set by instruction set, and the width of its
vectors follows from that.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from backlit.errors import ArgumentError, nearest

__all__ = ["Target", "host_target", "named_target", "target_for"]

_AVX512 = ("avx512f", "avx512vl", "avx512dq", "avx512bw")
_V2 = ("cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3")
_V3 = (*_V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave")
_V4 = (*_V3, *_AVX512, "avx512cd")

# The architecture, LLVM's name of the processor, and the instruction sets that it has besides the architecture's own.
_NAMED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "x86-64-v2": ("x86_64", "x86-64-v2", _V2),
    "x86-64-v3": ("x86_64", "x86-64-v3", _V3),
    "x86-64-v4": ("x86_64", "x86-64-v4", _V4),
    "aarch64": ("aarch64", "generic", ()),
}

_ARM = frozenset({"aarch64", "arm64"})  # Apple writes arm64


@dataclass(frozen=True)
class Target:
    """A machine.

    Args:
        triple: LLVM's name of the platform.
        cpu: LLVM's name of the processor.
        features: LLVM's list of what it can do, such as ``+avx2,+fma``.
        vector_bytes: The width of a vector register.
        registers: How many of them there are.
        fma: Whether one instruction multiplies and adds.

    Example:
        >>> Target("x86_64-unknown-linux-gnu", "x86-64-v3", "+avx2,+fma", 32, 16, True).lanes(4)
        8
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int
    fma: bool

    @property
    def architecture(self) -> str:
        """The family of processors: ``x86_64``, ``aarch64``, ...

        Example:
            >>> target_for("arm64-apple-darwin24.0.0", "apple-m1", {}).architecture
            'aarch64'
        """
        return _architecture(self.triple)

    def lanes(self, size: int) -> int:
        """Return how many elements of so many bytes fill a vector register.

        Args:
            size: The bytes of one element.

        Returns:
            The elements, at least one.

        Example:
            >>> target_for("x86_64-unknown-linux-gnu", "x86-64", {}).lanes(8)
            2
        """
        return max(1, self.vector_bytes // size)

    def runs_on(self, machine: "Target") -> bool:
        """Say whether code for this target can run on a machine: the same platform, and nothing that it cannot do.

        Args:
            machine: The machine, usually `host_target()`.

        Returns:
            Whether it can.

        Example:
            >>> small = target_for("x86_64-unknown-linux-gnu", "x86-64", {"avx2": False})
            >>> large = target_for("x86_64-unknown-linux-gnu", "x86-64", {"avx2": True, "fma": True})
            >>> small.runs_on(large), large.runs_on(small)
            (True, False)
        """
        return self.triple == machine.triple and self._abilities() <= machine._abilities()

    def _abilities(self) -> set[str]:
        return {feature for feature in self.features.split(",") if feature.startswith("+")}


def target_for(triple: str, cpu: str, features: Mapping[str, bool]) -> Target:
    """Describe a machine from what LLVM says of it.

    With AVX-512 (F, VL, DQ and BW) vectors have 64 bytes and there are 32 of them; with AVX2 and FMA 32 bytes and 16;
    otherwise SSE, which every 64-bit x86 processor has, 16 bytes and 16. 64-bit Arm has NEON, 16 bytes and 32, which
    multiplies and adds in one instruction. Of any other processor no more is assumed than that LLVM can split vectors
    of 16 bytes into whatever it has.

    Args:
        triple: LLVM's name of the platform.
        cpu: LLVM's name of the processor.
        features: For each instruction set, whether the machine has it; those not listed are left to the name.

    Returns:
        The target.

    Example:
        >>> target_for("x86_64-unknown-linux-gnu", "haswell", {"fma": True, "avx2": True, "avx512f": False})
        Target(triple='x86_64-unknown-linux-gnu', cpu='haswell', features='+avx2,-avx512f,+fma', vector_bytes=32,
        registers=16, fma=True)
    """
    architecture = _architecture(triple)
    listed = [f"{'+' if present else '-'}{name}" for name, present in sorted(features.items())]
    has = {name for name, present in features.items() if present}
    vector_bytes, registers, fma = 16, 16, False
    if architecture == "x86_64":
        fma = "fma" in has
        if has.issuperset(_AVX512):
            vector_bytes, registers = 64, 32
            # The early processors with AVX-512 ran slower while they used it, so LLVM halves their vectors where a
            # function says that narrow ones will do. Whoever writes 16 floats into one vector means it.
            listed.append("-prefer-256-bit")
        elif has.issuperset(("avx2", "fma")):
            vector_bytes = 32
    elif architecture == "aarch64":
        registers, fma = 32, True
    return Target(triple, cpu, ",".join(listed), vector_bytes, registers, fma)


@functools.cache
def host_target() -> Target:
    """Return the machine this runs on.

    Returns:
        The target; the same object each time.

    Example:
        >>> host_target().runs_on(host_target())
        True
    """
    import llvmlite.binding as llvm

    return target_for(llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features())


@functools.cache
def named_target(name: str) -> Target:
    """Return a kind of machine by its name, to write code that more than one machine can run.

    The levels of x86 are those of the x86-64 psABI (H. J. Lu et al., 2020): v2 has SSE4.2, v3 AVX2 and FMA, v4 AVX-512.
    ``aarch64`` is 64-bit Arm with NEON and nothing else. The platform is this machine's where the processor is of its
    family, else Linux.

    Args:
        name: ``x86-64-v2``, ``x86-64-v3``, ``x86-64-v4`` or ``aarch64``.

    Returns:
        The target; the same object each time.

    Raises:
        ArgumentError: For any other name.

    Example:
        >>> named_target("x86-64-v3").lanes(4), named_target("aarch64").lanes(4)
        (8, 4)
    """
    if name not in _NAMED:
        raise ArgumentError(
            f"there is no target {name!r}{nearest(name, _NAMED)}", instead=f"choose among {', '.join(_NAMED)}"
        )
    architecture, cpu, features = _NAMED[name]
    host = host_target()
    triple = host.triple if host.architecture == architecture else f"{architecture}-unknown-linux-gnu"
    return target_for(triple, cpu, dict.fromkeys(features, True))


def _architecture(triple: str) -> str:
    first = triple.partition("-")[0]
    return "aarch64" if first in _ARM else first
