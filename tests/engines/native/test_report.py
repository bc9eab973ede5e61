"""The schedule says what runs: which nodes in which kernel, where values lie, and when they die."""

import json
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native import NativeEngine
from backlit.engines.native.workers import set_threads, thread_limit


def step(batch: int = 32, optimiser: Any = None) -> bl.Graph:
    x, y = bl.input("x", (batch, 60)), bl.input("y", (batch,), dtype="int64")
    net = bl.nn.Sequential(bl.nn.Linear(60, 40, rng=0), bl.nn.ReLU(), bl.nn.Linear(40, 10, rng=0))
    loss = bl.losses.cross_entropy(net(x), y)
    return bl.Graph([x, y], [loss], (optimiser or bl.optim.SGD(0.1)).updates(loss, net.parameters()))


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def program(request: pytest.FixtureRequest) -> Any:
    before = thread_limit()
    set_threads(request.param)
    try:
        yield NativeEngine().compile(step(256), single=True)
    finally:
        set_threads(before)


def test_every_kernel_of_the_plan_is_reported_in_order(program: Any) -> None:
    kernels = program.schedule.kernels
    assert [kernel.number for kernel in kernels] == list(range(len(program.plan.kernels)))
    assert all(before < kernel.number for kernel in kernels for before in kernel.after)
    assert {kernel.number for kernel in kernels if kernel.barrier} == program.plan.barriers
    assert program.schedule.threads == program.plan.threads


def test_every_value_has_one_place_and_an_end(program: Any) -> None:
    values = program.schedule.values
    assert {one.place for one in values} >= {"input", "parameter", "output", "registers", "view"}
    for one in values:
        in_arena = one.place in {"arena", "private arena", "one row"}
        assert (one.offset is not None) == in_arena
        if in_arena or one.place == "registers":
            assert one.dies is not None
            assert one.dies >= min(one.made_by)
        else:
            assert one.dies is None


def test_values_that_live_at_once_do_not_overlap_in_an_arena(program: Any) -> None:
    for place in ("arena", "private arena"):
        kept = [one for one in program.schedule.values if one.place == place]
        for one in kept:
            assert one.offset + one.bytes <= max(program.schedule.arena_bytes, program.schedule.private_bytes)
            for other in kept:
                together = one.made_by[0] <= other.dies and other.made_by[0] <= one.dies
                apart = one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset
                assert one is other or not together or apart


def test_what_a_kernel_reads_was_made_before_and_what_it_writes_is_in_memory(program: Any) -> None:
    report = program.schedule
    value = {one.name: one for one in report.values}
    for kernel in report.kernels:
        for name in kernel.reads:
            assert value[name].place != "registers"
            assert all(maker <= kernel.number for maker in value[name].made_by)
        for name in kernel.writes:
            assert value[name].place in {"arena", "private arena", "one row", "output", "parameter"}
        for name in kernel.registers:
            assert value[name].place == "registers"
            assert kernel.number in value[name].made_by
        assert set(kernel.registers) <= set(kernel.fused)


def test_the_gradient_of_a_weight_never_lies_in_memory() -> None:
    report = NativeEngine().compile(step(), single=True).schedule
    (kernel,) = [one for one in report.kernels if "0.weight" in one.writes]
    assert kernel.form == "product"
    assert kernel.name.startswith("backward.0 + update · product")
    assert "product in backward.0" in kernel.registers
    assert "0.weight changes in place" in kernel.reason


def test_what_the_sign_of_relu_saves_is_seen_in_the_schedule() -> None:
    """Only the rectified values of the hidden layer lie in memory, not the sums before."""
    report = NativeEngine().compile(step(), single=True).schedule
    place = {one.name: one.place for one in report.values}
    assert place["product in 0"] == "registers"
    assert place["0.z"] == "registers"
    assert place["1.a"] == "arena"
    assert report.rewrites["sign of what is kept"] == 1


def test_cuts_are_reported_with_their_bounds() -> None:
    before = thread_limit()
    set_threads(2)
    try:
        report = NativeEngine().compile(step(512, bl.optim.Adam(0.1)), single=True).schedule
    finally:
        set_threads(before)
    assert report.threads == 2
    cut = [kernel for kernel in report.kernels if kernel.parts]
    assert cut
    for kernel in cut:
        assert kernel.parts[0] == 0
        assert len(kernel.parts) == 3
        assert "–".join(map(str, kernel.parts)) in str(kernel)


def test_the_report_is_data(program: Any) -> None:
    data = program.schedule.as_dict()
    assert json.loads(json.dumps(data)) == json.loads(json.dumps(data))
    assert data["kernels"][0]["name"] == program.schedule.kernels[0].name
    assert data["rewrites"]["fold constants"] > 0


def test_the_printed_schedule_fits_a_page_and_names_every_kernel(program: Any) -> None:
    text = str(program.schedule)
    assert max(map(len, text.splitlines())) <= 100
    for kernel in program.schedule.kernels:
        assert f"{kernel.number}: {kernel.name}"[:60] in text
    assert text.count("all threads wait") == len(program.plan.barriers)


def test_looking_leaves_the_graph_as_it_was_written() -> None:
    x = bl.input("x", (3,))
    graph = bl.Graph([x], [x * 1.0 + bl.constant(1.0) / bl.constant(4.0)])
    program = NativeEngine().compile(graph, single=True)
    before = str(graph)
    assert str(program.schedule)
    assert program.graph is graph
    assert str(program.graph) == before
    np.testing.assert_array_equal(program([1.0, 2.0, 3.0]), np.float32([1.25, 2.25, 3.25]))


def test_a_program_without_kernels_has_a_schedule() -> None:
    x = bl.input("x", (3,))
    report = NativeEngine().compile(bl.Graph([x], [x]), single=True).schedule
    assert report.kernels == ()
    assert "0 kernels" in str(report)


@pytest.mark.parametrize("optimiser", [bl.optim.Adam(0.1), bl.optim.SGD(0.1, momentum=0.9)])
def test_every_parameter_is_written_by_one_kernel(optimiser: Any) -> None:
    graph = step(8, optimiser)
    report = NativeEngine().compile(graph, single=True).schedule
    written = [name for kernel in report.kernels for name in kernel.writes]
    for parameter in graph.updates:
        assert written.count(graph.labels[parameter]) == 1
