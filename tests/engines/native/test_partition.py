"""The partition: threads share a step without changing what it computes, and keep to their slices of the weights."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings

import backlit as bl
from backlit.engines.native.partition import Division, bounds
from backlit.engines.native.plan import make_plan
from backlit.engines.native.program import NativeProgram
from backlit.engines.native.target import host_target
from backlit.graph import Graph
from backlit.graph.rewrite import share, simplify
from harness.eagerness import eagerness
from harness.graphs import graphs


def run_both(inputs, outputs, updates, arrays):
    """The outputs and the new parameters on the referee, and natively on several threads."""
    parameters = list(updates)
    start = [parameter.value.copy() for parameter in parameters]
    results = []
    for make in (
        lambda: bl.compile(inputs, outputs, updates, engine="reference"),
        lambda: NativeProgram(Graph(inputs, outputs, updates), single=False),
    ):
        for parameter, value in zip(parameters, start, strict=True):
            parameter.value = value
        program = make()
        got = [program(*arrays), program(*arrays)]
        results.append((got, [parameter.value.copy() for parameter in parameters]))
    return results, program


def assert_close(results, tolerance):
    (want, new), (got, native) = results
    for a, b in zip([*itertools.chain(*want), *new], [*itertools.chain(*got), *native], strict=True):
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)


@given(graph=graphs())
@settings(max_examples=100)
def test_threads_change_no_value_of_random_graphs(graph):
    with eagerness():
        results, _ = run_both(graph.inputs, graph.outputs, {}, graph.arrays)
    assert_close(results, 1e-11)


def net(batch, optimizer):
    x = bl.input("x", shape=(batch, 70))
    y = bl.input("y", shape=(batch,), dtype="int64")
    layers = [bl.nn.Linear(70, 130, rng=0), bl.nn.ReLU(), bl.nn.Linear(130, 100, rng=1), bl.nn.ReLU()]
    model = bl.nn.Sequential(*layers, bl.nn.Linear(100, 10, rng=2))
    loss = bl.losses.cross_entropy(model(x), y)
    return [x, y], [loss], optimizer.updates(loss, model.parameters())


@pytest.mark.parametrize("batch", [1, 5, 33])
@pytest.mark.parametrize("optimizer", [bl.optim.SGD(0.1), bl.optim.Adam(1e-3)], ids=["SGD", "Adam"])
def test_threads_train_a_net_as_the_referee_does(batch, optimizer):
    rng = np.random.default_rng(batch)
    arrays = [rng.normal(size=(batch, 70)).astype("float32"), rng.integers(0, 10, batch)]
    with bl.precision("float64"):
        inputs, outputs, updates = net(batch, optimizer)
    arrays[0] = arrays[0].astype("float64")
    with eagerness():
        results, program = run_both(inputs, outputs, updates, arrays)
        assert program.plan.threads == 3
    assert_close(results, 1e-9)


def test_slices_begin_at_the_same_places_for_the_same_length():
    assert bounds(300, 2) == [0, 152, 300]
    assert bounds(10, 3) == [0, 3, 7, 10]
    assert bounds(2, 3)[-1] == 2


def test_a_weight_is_read_and_updated_in_the_slices_of_its_thread():
    x, y = bl.input("x", shape=(32, 784)), bl.input("y", shape=(32, 10))
    model = bl.nn.Sequential(bl.nn.Linear(784, 300, rng=0), bl.nn.ReLU(), bl.nn.Linear(300, 10, rng=1))
    loss = bl.losses.squared_error(model(x), y)
    updates = bl.optim.SGD(0.1).updates(loss, model.parameters())
    plan = make_plan(share(simplify(Graph([x, y], [loss], updates))), host_target(), 2)
    products = [kernel for kernel in plan.kernels if kernel.form == "product"]
    first = products[0]
    weight = first.anchors[0].arguments[1]
    update = plan.ordered.maker[plan.graph.updates[weight]]
    # Rows of the weight lie in one piece, and columns would not: so a thread sums over its rows, and updates them.
    assert plan.divisions[first] == Division(partial=True)
    assert plan.divisions[update] == Division(axis=0)


def test_a_tiny_step_runs_on_one_thread():
    x = bl.input("x", shape=(3,))
    assert make_plan(Graph(outputs=[bl.sum(x * x)]), host_target(), 8).threads == 1


def test_threads_wait_where_a_reshape_keeps_the_length_of_an_axis_but_not_its_slices():
    """Of 24·256·40 numbers, half of the second axis is other numbers than half of the second axis of 40·256·24."""
    x = bl.input("x", (24, 256, 40))
    dear = bl.sin(bl.sin(bl.sin(x)))
    outputs = [bl.tanh(bl.reshape(dear, (40, 256, 24))), dear]
    with eagerness():
        plan = make_plan(share(simplify(Graph([x], outputs))), host_target(), 3)
    writer, reader = plan.kernels
    cuts = {plan.divisions[writer].axis, plan.divisions[reader].axis}
    assert plan.barriers == {reader.number}, f"cut along {cuts}"
