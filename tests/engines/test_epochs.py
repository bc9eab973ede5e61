"""An epoch is so many steps: the same values, the same updates, and the same errors as one call after another."""

import numpy as np
import pytest
from hypothesis import given, settings

import backlit as bl
from backlit.errors import IndexRangeError
from harness.graphs import graphs
from harness.samples import ENGINES

engine_of = pytest.mark.parametrize("engine", ENGINES)


def training(batch):
    x, y = bl.input("x", shape=(batch, 5)), bl.input("y", shape=(batch,), dtype="int64")
    model = bl.nn.Sequential(bl.nn.Linear(5, 8, rng=0), bl.nn.Tanh(), bl.nn.Linear(8, 3, rng=1))
    loss = bl.losses.cross_entropy(model(x), y)
    return [x, y], loss, bl.optim.Adam(0.01).updates(loss, model.parameters())


@engine_of
@pytest.mark.parametrize("batch", [1, 7])
def test_an_epoch_does_what_its_steps_do(engine, batch):
    rng = np.random.default_rng(batch)
    inputs, labels = rng.normal(size=(20, batch, 5)).astype("float32"), rng.integers(0, 3, (20, batch))
    found = []
    for way in ("steps", "epoch"):
        graph = training(batch)
        program = bl.compile(*graph, engine=engine)
        if way == "steps":
            losses = np.array([program(x, y) for x, y in zip(inputs, labels, strict=True)])
        else:
            losses = program.epoch(inputs, labels)
        found.append([losses, *(parameter.value.copy() for parameter in graph[2])])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    assert found[1][0].dtype == np.float32
    assert found[1][0].shape == (20,)


@given(graph=graphs())
@settings(max_examples=50)
@engine_of
def test_epochs_of_random_graphs_do_what_their_steps_do(engine, graph):
    if not graph.inputs:
        return
    program = bl.compile(graph.inputs, graph.outputs, engine=engine)
    smaller = [array / 2 if array.dtype.kind == "f" else array for array in map(np.asarray, graph.arrays)]
    steps = [graph.arrays, smaller, graph.arrays]
    together = program.epoch(*(np.stack(arrays) for arrays in zip(*steps, strict=True)))
    for number, arrays in enumerate(steps):
        for one, all_of_it in zip(program(*arrays), together, strict=True):
            np.testing.assert_array_equal(all_of_it[number], one)


@engine_of
def test_calls_and_epochs_may_follow_each_other(engine):
    x, total = bl.input("x"), bl.parameter(0.0)
    program = bl.compile([x], total + x, {total: total + x}, engine=engine)
    assert program.epoch([1.0, 2.0]).tolist() == [1.0, 3.0]
    assert float(program(4.0)) == 7.0
    assert program.epoch([8.0]).tolist() == [15.0]
    assert float(total.value) == 15.0


@engine_of
def test_a_single_output_comes_alone_and_several_in_a_list(engine):
    x = bl.input("x", shape=(2,))
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float32")
    assert bl.compile([x], x * 2.0, engine=engine).epoch(values).tolist() == (2 * values).tolist()
    twice, sums, again = bl.compile([x], [x * 2.0, bl.sum(x), x * 2.0], engine=engine).epoch(values)
    assert twice.tolist() == again.tolist() == (2 * values).tolist()
    assert sums.tolist() == [3.0, 7.0, 11.0]
    assert bl.compile([x], [], engine=engine).epoch(values) == []


@engine_of
def test_an_output_that_is_a_leaf_is_that_of_its_step(engine):
    x, total = bl.input("x"), bl.parameter(0.0)
    program = bl.compile([x], [x, total], {total: total + x}, engine=engine)
    values, totals = program.epoch([1.0, 2.0, 4.0])
    assert values.tolist() == [1.0, 2.0, 4.0]
    assert totals.tolist() == [0.0, 1.0, 3.0]


@engine_of
def test_values_may_lie_anyhow_in_memory(engine):
    x = bl.input("x", shape=(3,))
    values = np.arange(24.0).reshape(4, 3, 2)[:, :, 1]
    program = bl.compile([x], x + 1.0, engine=engine)
    assert program.epoch(values).tolist() == (values + 1).tolist()
    fixed = values.astype("float32")[::-1]
    fixed.flags.writeable = False
    assert program.epoch(fixed).tolist() == (fixed + 1).tolist()


@engine_of
def test_an_epoch_may_be_given_a_view_of_what_it_updates(engine):
    memory = bl.parameter(np.array([1.0, 2.0, 3.0], "float32"))
    x = bl.input("x")
    program = bl.compile([x], x * 1.0, {memory: memory * 0.0 + x}, engine=engine)
    assert program.epoch(memory.value).tolist() == [1.0, 2.0, 3.0]
    assert memory.value.tolist() == [3.0, 3.0, 3.0]


@engine_of
def test_a_label_out_of_range_ends_an_epoch_before_its_step(engine):
    label, count = bl.input("label", dtype="int64"), bl.parameter(0.0)
    program = bl.compile([label], bl.one_hot(label, 3), {count: count + 1.0}, engine=engine)
    with pytest.raises(IndexRangeError) as caught:
        program.epoch([0, 1, 3, 2])
    assert "step 2 of the epoch" in str(caught.value)
    assert "3" in str(caught.value)
    assert float(count.value) == 2.0
    assert program.epoch([0, 1]).tolist() == [[1, 0, 0], [0, 1, 0]]


@engine_of
def test_random_numbers_differ_from_step_to_step(engine):
    x = bl.input("x", shape=(50,))
    layer = bl.nn.Dropout(0.5, rng=0)
    with bl.training() as mode:
        y = layer(x)
    first, second = bl.compile([x], y, mode.updates, engine=engine).epoch(np.ones((2, 50), "float32"))
    assert first.tolist() != second.tolist()
