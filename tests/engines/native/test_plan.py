"""The plan: what is written lies somewhere, and nothing lies where something else is still needed."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings

import backlit as bl
from backlit.engines.native.memory import array_bytes
from backlit.engines.native.plan import make_plan
from backlit.engines.native.rewriting import rewrite_for_native
from backlit.engines.native.target import host_target
from backlit.graph.leaves import Constant
from harness.eagerness import eagerness
from harness.graphs import graphs


def planned(graph, threads=1):
    return make_plan(rewrite_for_native(graph)[0], host_target(), threads)


def classifier(batch=8):
    x, y = bl.input("x", (batch, 30)), bl.input("y", (batch,), dtype="int64")
    net = bl.nn.Sequential(
        bl.nn.Linear(30, 40, rng=0), bl.nn.Tanh(), bl.nn.Linear(40, 40, rng=0), bl.nn.Tanh(), bl.nn.Linear(40, 5, rng=0)
    )
    loss = bl.losses.cross_entropy(net(x), y)
    return bl.Graph([x, y], [loss], bl.optim.SGD(0.1).updates(loss, net.parameters()))


def overlap(first, second):
    return first[0] < second[0] + second[1] and second[0] < first[0] + first[1]


def assert_sound(plan):
    """No two values that live at the same time share a byte, and nothing lies beyond the end of its arena."""
    spans = [(plan.places[one.node], one.size, one.born, one.dies) for one in plan.lifetimes]
    for kernel in plan.kernels:
        for node in plan.scratch:
            if node in kernel.nodes:
                size = array_bytes(node, plan.scratch[node])
                spans.append((plan.places[node], size, kernel.number, kernel.number))
    ends = {"arena": plan.arena_bytes, "private": plan.private_bytes}
    for place, size, _, _ in spans:
        assert place.position % 64 == 0
        assert place.position + size <= ends[place.room]
    for (here, size, born, dies), (there, other, second, last) in itertools.combinations(spans, 2):
        if here.room == there.room and born <= last and second <= dies:
            assert not overlap((here.position, size), (there.position, other)), (here, there)
    if plan.threads > 1:
        assert_waited(plan, [span for span in spans if span[0].room == "arena"])
    scratch = max([0, *(one.scratch_bytes for one in plan.products.values())])
    for place, size, _, _ in spans:
        if place.room == "private" and scratch:
            assert not overlap((place.position, size), (plan.product_scratch, scratch))


def assert_waited(plan, spans):
    """Between the last read of a value and the first write of the next in its place, all threads wait."""
    for (here, size, _, dies), (there, other, second, _) in itertools.permutations(spans, 2):
        if dies < second and overlap((here.position, size), (there.position, other)):
            assert any(dies < barrier <= second for barrier in plan.barriers)


def assert_placed(plan):
    """Whatever a kernel reads or must write has a place, and lives until it is read for the last time."""
    lives = {one.node: one for one in plan.lifetimes}
    for kernel in plan.kernels:
        for access in plan.ordered.reads[kernel]:
            maker = plan.ordered.maker.get(access.node)
            if maker is kernel:
                continue
            assert access.node in plan.places
            if access.node in lives:
                assert lives[access.node].born <= kernel.number <= lives[access.node].dies


@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_shares_a_place_while_it_lives(threads):
    plan = planned(classifier(256), threads)
    assert len(plan.lifetimes) > 3
    assert_sound(plan)
    assert_placed(plan)


def test_a_thread_that_is_ahead_writes_nothing_over_what_another_reads():
    x = bl.input("x", (12, 16))
    y = x
    for number in range(8):
        y = bl.tanh(y @ bl.parameter(np.eye(16), f"w{number}", dtype="float32"))
    with eagerness():
        plan = planned(bl.Graph([x], [bl.sum(y)]), 3)
    assert plan.threads == 3
    assert_sound(plan)


@given(graph=graphs())
@settings(max_examples=60)
def test_plans_of_random_graphs_are_sound(graph):
    for threads in (1, 3):
        with eagerness():
            plan = planned(bl.Graph(list(graph.values), graph.outputs), threads)
        assert_sound(plan)
        assert_placed(plan)


def test_places_are_used_again():
    x = bl.input("x", (64, 64))
    y = x
    for _ in range(6):
        y = bl.tanh(y @ y)
    plan = planned(bl.Graph([x], [bl.sum(y)]))
    size = 64 * 64 * 4
    assert len([one for one in plan.lifetimes if one.size == size]) >= 5
    assert plan.arena_bytes < 4 * size


def test_outputs_and_new_values_are_written_where_they_belong():
    w, x = bl.parameter(np.ones(4), "w", dtype="float32"), bl.input("x", (4,))
    loss, new = bl.sum(w * x), w - x
    plan = make_plan(bl.Graph([x], [loss], {w: new}), host_target(), 1)
    assert {loss, new} <= plan.kept
    assert plan.places[new] == plan.places[w]
    assert plan.places[loss].room == "slot"
    assert plan.slots == [x, w, loss]


def test_what_one_kernel_alone_needs_is_not_kept():
    x = bl.input("x", (16,))
    inside = bl.exp(x)
    plan = make_plan(bl.Graph([x], [bl.log1p(inside)]), host_target(), 1)
    assert inside not in plan.kept
    assert inside not in plan.places
    assert plan.lifetimes == []


def test_a_row_that_is_needed_twice_lies_in_scratch():
    x = bl.input("x", (6, 40))
    y = bl.exp(x)
    plan = make_plan(bl.Graph([x], [y / bl.sum(y, axis=1, keepdims=True)]), host_target(), 1)
    assert len(plan.kernels) == 1
    assert plan.scratch == {y: 1}
    assert plan.places[y].room == "private"
    assert plan.private_bytes >= array_bytes(y, 1) == 192


def test_only_constants_that_are_read_have_an_entry():
    x, table = bl.input("x", (3,)), bl.constant([1.0, 2.0, 4.0])
    plan = planned(bl.Graph([x], [x * table * 2.0]))
    assert [node.size for node in plan.slots if isinstance(node, Constant)] in ([3], [3, 1])
    assert len({plan.places[node] for node in plan.slots}) == len(plan.slots)
