"""What a machine is taken to be, by what LLVM says of it."""

import pytest

from backlit.engines.native.target import Target, host_target, named_target, target_for
from backlit.errors import ArgumentError

LINUX = "x86_64-unknown-linux-gnu"
WIDE = dict.fromkeys(["avx2", "fma", "avx512f", "avx512vl", "avx512dq", "avx512bw"], True)


@pytest.mark.parametrize(
    ("triple", "features", "expected"),
    [
        (LINUX, WIDE, (64, 32, True)),
        (LINUX, WIDE | {"avx512vl": False}, (32, 16, True)),  # Knights Landing: AVX-512 on whole registers alone
        (LINUX, {"avx2": True, "fma": True}, (32, 16, True)),
        (LINUX, {"avx": True, "fma": True, "avx2": False}, (16, 16, True)),  # Piledriver
        (LINUX, {"avx": True, "fma": False}, (16, 16, False)),  # Sandy Bridge
        (LINUX, {}, (16, 16, False)),
        ("aarch64-unknown-linux-gnu", {"neon": True, "sve": True}, (16, 32, True)),
        ("arm64-apple-darwin24.0.0", {}, (16, 32, True)),
        ("riscv64-unknown-linux-gnu", {"v": True}, (16, 16, False)),
    ],
)
def test_the_widest_vectors_that_are_whole_are_taken(triple, features, expected):
    target = target_for(triple, "", features)
    assert (target.vector_bytes, target.registers, target.fma) == expected


def test_what_a_machine_lacks_is_said_too_because_its_name_may_promise_it():
    assert target_for(LINUX, "cascadelake", {"avx2": True, "avx512f": False}).features == "+avx2,-avx512f"


def test_wide_vectors_are_not_halved():
    assert target_for(LINUX, "cascadelake", WIDE).features.endswith(",-prefer-256-bit")


@pytest.mark.parametrize(("size", "lanes"), [(1, 32), (4, 8), (8, 4), (64, 1)])
def test_lanes_fill_a_register(size, lanes):
    assert Target(LINUX, "", "", 32, 16, True).lanes(size) == lanes


def test_the_host_is_looked_at_once():
    assert host_target() is host_target()


def test_the_host_is_known_by_what_it_can_do(monkeypatch):
    import llvmlite.binding as llvm

    monkeypatch.setattr(llvm, "get_process_triple", lambda: LINUX)
    monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: "cascadelake")
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: {"avx2": True, "fma": True, "avx512f": False})
    assert host_target.__wrapped__() == Target(LINUX, "cascadelake", "+avx2,-avx512f,+fma", 32, 16, True)


@pytest.mark.parametrize(
    ("name", "architecture", "expected"),
    [
        ("x86-64-v2", "x86_64", (16, 16, False)),
        ("x86-64-v3", "x86_64", (32, 16, True)),
        ("x86-64-v4", "x86_64", (64, 32, True)),
        ("aarch64", "aarch64", (16, 32, True)),
    ],
)
def test_kinds_of_machines_have_names(name, architecture, expected):
    target = named_target(name)
    assert target.architecture == architecture
    assert (target.vector_bytes, target.registers, target.fma) == expected


def test_a_name_that_no_machine_has_is_refused_with_the_nearest():
    with pytest.raises(ArgumentError, match=r"(?s)'x86-64-v5' \(did you mean 'x86-64-v.'\?\).*choose among .*aarch64"):
        named_target("x86-64-v5")


def test_each_level_runs_on_the_levels_above_it():
    levels = [named_target(f"x86-64-v{level}") for level in (2, 3, 4)]
    runs = [[small.runs_on(large) for large in levels] for small in levels]
    assert runs == [[True, True, True], [False, True, True], [False, False, True]]


def test_nothing_runs_on_another_architecture():
    assert not named_target("aarch64").runs_on(named_target("x86-64-v4"))
    assert not named_target("x86-64-v2").runs_on(named_target("aarch64"))
