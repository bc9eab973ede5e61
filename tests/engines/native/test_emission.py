"""The text of a whole step: one exported function that calls the kernels in order and leaves the thread as it was."""

import re

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native import partition, workers
from backlit.engines.native.emission import STEP, emit_program, readings
from backlit.engines.native.jit import object_code
from backlit.engines.native.plan import make_plan
from backlit.engines.native.program import NativeProgram
from backlit.engines.native.rewriting import rewrite_for_native
from backlit.engines.native.target import host_target, named_target
from backlit.errors import IndexRangeError

FAST_MATH = r"\b(fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b"


def classifier(batch=8):
    x, y = bl.input("x", (batch, 6)), bl.input("y", (batch,), dtype="int64")
    net = bl.nn.Sequential(bl.nn.Linear(6, 5, rng=0), bl.nn.GELU(), bl.nn.Linear(5, 3, rng=0))
    loss = bl.losses.cross_entropy(net(x), y)
    return bl.Graph([x, y], [loss], bl.optim.Adam(0.1).updates(loss, net.parameters()))


def planned(graph, threads=1, target=None):
    return make_plan(rewrite_for_native(graph)[0], target or host_target(), threads)


def step_text(ir):
    """The lines of the exported function."""
    return re.search(rf"^define [^\n]*@{STEP}\(.*?^}}", ir, re.MULTILINE | re.DOTALL).group()


@pytest.fixture
def shared(monkeypatch):
    """Two threads share whatever can be shared, however small."""
    monkeypatch.setattr(partition, "_START", 0.0)
    monkeypatch.setattr(partition, "_BARRIER", 0.0)
    monkeypatch.setattr(partition, "_CROSSING", 1e12)
    workers.set_threads(2)
    yield
    workers.set_threads(None)


def test_a_step_exports_one_function():
    ir = emit_program(planned(classifier()))
    exported = [line for line in ir.splitlines() if line.startswith("define") and " internal " not in line]
    assert len(exported) == 1
    assert f"@{STEP}(" in exported[0]


def test_kernels_are_called_once_each_and_in_order():
    plan = planned(classifier())
    called = [int(number) for number in re.findall(r"call \w+ @kernel(\d+)\(", step_text(emit_program(plan)))]
    assert len(called) > 3
    assert called == list(range(len(plan.kernels)))


@pytest.mark.parametrize("target", ["x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64"])
def test_no_instruction_may_be_less_exact(target):
    ir = emit_program(planned(classifier(), target=named_target(target)))
    assert " fmul " in ir or "llvm.fma" in ir
    assert re.findall(FAST_MATH, ir) == []


@pytest.mark.parametrize("target", ["x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64"])
def test_every_target_accepts_the_text(target):
    assert object_code(emit_program(planned(classifier(), target=named_target(target))), named_target(target))


def test_the_same_plan_gives_the_same_text():
    assert emit_program(planned(classifier())) == emit_program(planned(classifier()))


def test_threads_meet_where_the_plan_says(shared):
    plan = planned(classifier(64), threads=2)
    assert plan.threads == 2
    lines = step_text(emit_program(plan)).splitlines()
    found, waiting = set(), False
    for line in lines:
        called = re.search(r"call \w+ @(\w+)\(", line)
        if called and called[1].startswith("kernel"):
            if waiting:
                found.add(int(called[1][len("kernel") :]))
            waiting = False
        elif called and "barrier" in called[1]:
            waiting = True
    assert plan.barriers
    assert found == plan.barriers


def test_a_timed_step_reads_the_clock_around_every_kernel():
    plan = planned(classifier())
    count = 1 + 2 * len(plan.kernels)
    assert readings(plan) % 16 == 0
    assert count <= readings(plan) < count + 16
    plain, timed = (step_text(emit_program(plan, clock=clock)) for clock in (False, True))
    assert timed.count("store i64") - plain.count("store i64") == count


def test_denormals_are_themselves_again_after_a_step():
    x = bl.input("x", (4,))
    program = NativeProgram(bl.Graph([x], [x * 0.5]), single=True)
    program(np.full(4, 1e-40, np.float32))
    assert (np.full(4, 1e-40, np.float32) * np.float32(0.5) > 0).all()


def test_denormals_are_themselves_again_after_a_step_that_was_refused():
    program = NativeProgram(classifier(), single=True)
    with pytest.raises(IndexRangeError):
        program(np.zeros((8, 6), np.float32), np.full(8, 3))
    assert (np.full(4, 1e-40, np.float32) * np.float32(0.5) > 0).all()


def test_arrays_without_elements_are_computed_too():
    x = bl.input("x", (0, 3))
    program = NativeProgram(bl.Graph([x], [bl.exp(x), bl.sum(x, axis=0)]), single=False)
    first, second = program(np.zeros((0, 3), np.float32))
    assert first.shape == (0, 3)
    assert second.tolist() == [0.0, 0.0, 0.0]
