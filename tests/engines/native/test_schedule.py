"""The schedule of a small net of digits: who joins whom, and that no kernel waits for itself."""

import itertools

import pytest

import backlit as bl
from backlit.engines.native.ordering import order
from backlit.engines.native.rewriting import rewrite_for_native
from backlit.engines.native.schedule import Schedule

WIDTHS = [12, 8, 6, 4]
OPTIMIZERS = pytest.mark.parametrize("optimizer", [bl.optim.SGD(0.1), bl.optim.Adam(1e-3)], ids=["SGD", "Adam"])


def step(optimizer=None):
    """The rewritten graph of a training step, its schedule and its weights and biases."""
    x, y = bl.input("x", shape=(16, WIDTHS[0])), bl.input("y", shape=(16,), dtype="int64")
    linear = [bl.nn.Linear(before, after, rng=0) for before, after in itertools.pairwise(WIDTHS)]
    model = bl.nn.Sequential(linear[0], bl.nn.ReLU(), linear[1], bl.nn.ReLU(), linear[2])
    loss = bl.losses.cross_entropy(model(x), y)
    updates = (optimizer or bl.optim.SGD(0.1)).updates(loss, model.parameters())
    graph, _ = rewrite_for_native(bl.Graph([x, y], [loss], updates))
    return graph, Schedule(graph), linear


def names(kernel):
    return [node.op.name for node in kernel.roots]


def test_bias_and_relu_join_the_product():
    _, schedule, _ = step()
    products = [kernel for kernel in schedule.kernels if kernel.form == "product"]
    assert [kernel.space for kernel in products[:3]] == [(16, 8), (16, 6), (16, 4)]
    assert [names(kernel) for kernel in products[:2]] == [["matmul", "relu"]] * 2


def test_softmax_and_cross_entropy_share_one_kernel_forward_and_backward():
    graph, schedule, _ = step()
    (rows,) = [kernel for kernel in schedule.kernels if kernel.form == "rows" and kernel.space == (16,)]
    assert {node.op.name for node in rows.anchors} == {"max", "sum"}
    phases = graph.phases
    assert set(rows.roots) & set(phases["forward"])
    assert set(rows.roots) & set(phases["backward"])


@OPTIMIZERS
def test_the_update_of_a_weight_joins_the_product_that_is_its_gradient(optimizer):
    graph, schedule, linear = step(optimizer)
    for layer in linear:
        weight = next(p for p in layer.parameters().values() if len(p.shape) == 2)
        kernel = schedule.maker[graph.updates[weight]]
        assert kernel.form == "product"
        assert kernel.space == weight.shape
        moments = [p for p in graph.updates if schedule.maker[graph.updates[p]] is kernel]
        assert len(moments) == (1 if isinstance(optimizer, bl.optim.SGD) else 3)


@OPTIMIZERS
def test_the_update_of_a_bias_joins_the_sum_down_its_columns(optimizer):
    graph, schedule, linear = step(optimizer)
    for layer in linear:
        bias = next(p for p in layer.parameters().values() if len(p.shape) == 1)
        kernel = schedule.maker[graph.updates[bias]]
        assert (kernel.form, kernel.space) == ("columns", bias.shape)


@OPTIMIZERS
def test_every_stored_node_is_made_once_and_after_what_it_reads(optimizer):
    graph, schedule, _ = step(optimizer)
    made = [node for kernel in schedule.kernels if kernel.form != "check" for node in kernel.roots]
    assert len(made) == len(set(made))
    assert set(made) == schedule.stored == set(schedule.maker)
    ordered = order(graph)
    done = set()
    for kernel in ordered.kernels:
        for access in ordered.reads[kernel]:
            maker = ordered.maker.get(access.node)
            assert maker is None or maker is kernel or maker in done
        done.add(kernel)


def test_nothing_joins_where_the_kernel_would_wait_for_itself():
    x, w = bl.input("x", shape=(80, 80)), bl.input("w", shape=(80, 80))
    first = x @ w
    before, after = first + bl.sum(x @ x), first + bl.sum(first @ w)
    for y, joins in ((before, True), (after, False)):
        schedule = Schedule(bl.Graph(outputs=[y]))
        assert (schedule.maker[y] is schedule.maker[first]) is joins


def test_what_needs_whole_columns_does_not_join_their_rows():
    x = bl.input("x", shape=(5, 6))
    total = bl.sum(x, axis=1)
    y = x * bl.sum(total)
    schedule = Schedule(bl.Graph(outputs=[bl.broadcast_to(bl.expand_dims(total, axis=1), (5, 6)) + x, y]))
    assert schedule.maker[y] is not schedule.maker[total]


def test_nothing_joins_a_product_that_stands_apart():
    x, w = bl.input("x", shape=(5, 6)), bl.input("w", shape=(6, 6))
    product = x @ w
    y = bl.relu(product)
    graph = bl.Graph(outputs=[y])
    assert len(Schedule(graph).kernels) == 1
    assert len(Schedule(graph, apart={product}).kernels) == 2
