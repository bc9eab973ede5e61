"""Dividing a step: which products are summed in parts, and whether threads are worth their while."""

import itertools

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native import workers
from backlit.engines.native.dividing import divide
from backlit.engines.native.partition import Division
from backlit.graph import Graph
from backlit.graph.rewrite import share, simplify


def digit_step(batch, optimizer=None):
    """The training step of the net 784-300-100-10."""
    x, y = bl.input("x", shape=(batch, 784)), bl.input("y", shape=(batch,), dtype="int64")
    sizes = (784, 300, 100, 10)
    layers = [bl.nn.Linear(a, b, rng=a) for a, b in itertools.pairwise(sizes)]
    model = bl.nn.Sequential(layers[0], bl.nn.ReLU(), layers[1], bl.nn.ReLU(), layers[2])
    loss = bl.losses.cross_entropy(model(x), y)
    updates = (optimizer or bl.optim.SGD(0.1)).updates(loss, model.parameters())
    return share(simplify(Graph([x, y], [loss], updates)))


def weights_of(divided):
    """For each weight matrix: how its product is divided, and how its update is."""
    ordered = divided.ordered
    found = []
    for parameter, value in ordered.graph.updates.items():
        if parameter.rank == 2:
            readers = [k for k in ordered.kernels if k.form == "product" and k.anchors[0].arguments[1] is parameter]
            found.append((divided.divisions[readers[0]], divided.divisions[ordered.maker[value]]))
    return found


@pytest.mark.parametrize("optimizer", [bl.optim.SGD(0.1), bl.optim.Adam(1e-3)], ids=["SGD", "Adam"])
@pytest.mark.parametrize("batch", [1, 32])
def test_a_thread_keeps_to_some_rows_of_a_large_weight_for_small_batches(batch, optimizer):
    divided = divide(digit_step(batch), 2)
    assert divided.threads == 2
    for product, update in weights_of(divided)[:2]:
        assert product == Division(partial=True)
        assert update == Division(axis=0)


def test_sums_of_a_large_batch_are_too_many_to_exchange():
    for product, _ in weights_of(divide(digit_step(4096), 2)):
        assert not product.partial


def test_with_a_large_batch_and_small_weights_each_thread_does_some_rows_of_the_batch():
    x = bl.input("x", shape=(4096, 20))
    model = bl.nn.Sequential(bl.nn.Linear(20, 32, rng=0), bl.nn.Tanh(), bl.nn.Linear(32, 1, rng=1))
    updates = bl.optim.SGD(0.1).updates(bl.mean(model(x) ** 2), model.parameters())
    divided = divide(share(simplify(Graph([x], [], updates))), 2)
    products = [kernel for kernel in divided.ordered.kernels if kernel.form == "product"]
    assert divided.threads == 2
    for kernel in products:
        expected = Division(partial=True) if kernel.along.extent == 4096 else Division(axis=0)
        assert divided.divisions[kernel] == expected


def test_no_thread_reads_what_another_wrote_without_a_barrier_between():
    divided = divide(digit_step(32), 2)
    first = next(k for k in divided.ordered.kernels if divided.divisions[k].partial)
    reader = next(k for k in divided.ordered.kernels if any(a.node in first.nodes for a in divided.ordered.reads[k]))
    assert any(first.number < barrier <= reader.number for barrier in divided.barriers)


def test_a_step_that_is_over_before_another_thread_wakes_stays_on_one():
    x = bl.input("x", shape=(100,))
    divided = divide(Graph(outputs=[bl.exp(x)]), 8)
    assert divided.threads == 1
    assert divided.barriers == set()


def test_several_threads_must_be_worth_their_cores():
    """A sum over everything at once is done by one thread, however many there are."""
    x = bl.input("x", shape=(200_000,))
    assert divide(Graph(outputs=[bl.cumulative_sum(x, axis=0)]), 2).threads == 1


@pytest.mark.parametrize("threads", [2, 3])
def test_sums_in_parts_add_up_to_what_the_referee_finds(threads):
    rng = np.random.default_rng(0)
    with bl.precision("float64"):
        x = bl.input("x", shape=(3, 400))
        first, second = (bl.parameter(rng.normal(size=shape)) for shape in ((400, 300), (300, 200)))
    hidden = bl.tanh(x @ first)
    loss = bl.sum((hidden @ second) ** 2)
    updates = bl.optim.SGD(1e-6).updates(loss, {"first": first, "second": second})
    value, start = rng.normal(size=(3, 400)), [first.value.copy(), second.value.copy()]
    results = []
    for engine in ("reference", "native"):
        first.value, second.value = start
        workers.set_threads(threads)
        try:
            program = bl.compile([x], [loss, hidden], updates, engine=engine)
        finally:
            workers.set_threads(None)
        results.append([*program(value), first.value.copy(), second.value.copy()])
    assert any(division.partial for division in program.plan.divisions.values())
    for want, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
