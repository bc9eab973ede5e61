"""Running a program: arrays go in however they lie in memory, and what comes out belongs to whoever asked."""

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native import program as module
from backlit.engines.native.program import NativeProgram, aligned_bytes
from backlit.errors import BindingError, ExecutionError, IndexRangeError

SIZES = pytest.mark.parametrize("rows", [3, 700], ids=["small", "large"])
COLUMNS = 8
"""700 rows of it take more than 16 KiB, 3 rows take less."""


def numbers(rows, seed=0, dtype="float32"):
    return np.random.default_rng(seed).normal(size=(rows, COLUMNS)).astype(dtype)


def doubling(rows):
    x = bl.input("x", (rows, COLUMNS))
    return NativeProgram(bl.Graph([x], [x * 2.0]), single=True)


@SIZES
def test_an_output_is_never_written_again_while_it_is_held(rows):
    program, values = doubling(rows), [numbers(rows, seed) for seed in range(8)]
    results = [program(value) for value in values]
    for value, result in zip(values, results, strict=True):
        np.testing.assert_array_equal(result, value * 2)


@SIZES
@pytest.mark.parametrize(
    "view",
    [lambda y: y[1:], lambda y: y.T, lambda y: y.reshape(-1), memoryview, lambda y: y.data.cast("B")],
    ids=["slice", "transposed", "flat", "memoryview", "bytes"],
)
def test_a_view_holds_an_output_too(rows, view):
    program, values = doubling(rows), [numbers(rows, seed) for seed in range(8)]
    views = [view(program(value)) for value in values]
    for value, held in zip(values, views, strict=True):
        np.testing.assert_array_equal(np.asarray(held), np.asarray(view(value * 2)))


@SIZES
def test_an_output_may_be_changed_and_given_back(rows):
    program, value = doubling(rows), numbers(rows)
    y = program(value)
    for _ in range(5):
        y = program(y)
    np.testing.assert_array_equal(y, value * 64)
    y[:] = 0
    np.testing.assert_array_equal(program(value), value * 2)


def spaced(array):
    wide = np.zeros((array.shape[0], 2 * COLUMNS), array.dtype)
    wide[:, ::2] = array
    return wide[:, ::2]


def unaligned(array):
    block = np.zeros(array.nbytes + 1, np.uint8)
    place = block[1:].view(array.dtype).reshape(array.shape)
    place[:] = array
    return place


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@SIZES
@pytest.mark.parametrize(
    "lay",
    [
        np.asfortranarray,
        spaced,
        unaligned,
        read_only,
        lambda a: a[::-1].copy()[::-1],
        lambda a: a.astype(a.dtype.newbyteorder()),
        lambda a: a.astype("float64"),
        lambda a: a.tolist(),
    ],
    ids=["Fortran", "strided", "unaligned", "read-only", "reversed", "byte-swapped", "float64", "list"],
)
def test_it_does_not_matter_how_an_input_lies_in_memory(rows, lay):
    value = numbers(rows)
    given = lay(value)
    np.testing.assert_array_equal(doubling(rows)(given), value * 2)
    np.testing.assert_array_equal(np.asarray(given), value)


@SIZES
def test_an_input_may_be_the_array_of_a_parameter_that_changes(rows):
    x, w = bl.input("x", (rows, COLUMNS)), bl.parameter(numbers(rows), "w")
    program = NativeProgram(bl.Graph([x], [bl.sum(x)], {w: w + bl.flip(x)}), single=True)
    start = w.value.copy()
    program(w.value)
    np.testing.assert_array_equal(w.value, start + start[::-1, ::-1])
    start = w.value.copy()
    program(w.value[::-1])
    np.testing.assert_array_equal(w.value, start + start[:, ::-1])


@SIZES
def test_leaves_and_the_same_node_twice_can_be_outputs(rows):
    x, w, c = bl.input("x", (rows, COLUMNS)), bl.parameter(numbers(rows, 1), "w"), bl.constant(numbers(2, 2))
    y = x + w
    program = NativeProgram(bl.Graph([x], [w, y, x, y, c], {w: y * 1.0}), single=False)
    value, start = numbers(rows), w.value.copy()
    old, first, given, second, fixed = program(value)
    np.testing.assert_array_equal(old, start)
    np.testing.assert_array_equal(first, value + start)
    np.testing.assert_array_equal(second, first)
    np.testing.assert_array_equal(given, value)
    np.testing.assert_array_equal(fixed, c.value)
    np.testing.assert_array_equal(w.value, first)
    for one in (old, given, fixed):
        assert not any(np.shares_memory(one, other) for other in (w.value, value, c.value))


def test_the_wrong_number_of_values_is_refused():
    x, y = bl.input("x"), bl.input("y")
    program = NativeProgram(bl.Graph([x, y], [x - y]), single=True)
    for values in ((), (1.0,), (1.0, 2.0, 3.0)):
        message = rf"takes 2 values \(x, y\); received {len(values)}"
        with pytest.raises(BindingError, match=message) as caught:
            program(*values)
        assert "program(x, y)" in str(caught.value)
    assert program(3.0, 1.0) == 2.0


@SIZES
def test_a_wrong_shape_changes_nothing_and_the_next_run_is_right(rows):
    program = doubling(rows)
    with pytest.raises(BindingError, match=re.escape(f"shape [{rows + 1}, {COLUMNS}]")):
        program(numbers(rows + 1))
    np.testing.assert_array_equal(program(numbers(rows)), numbers(rows) * 2)


@SIZES
def test_several_threads_of_python_may_call_one_program(rows):
    w = bl.parameter(0.0, "w", dtype="float64")
    x = bl.input("x", (rows, COLUMNS))
    program = NativeProgram(bl.Graph([x], [x * 2.0], {w: w + 1.0}), single=True)
    values = [numbers(rows, seed) for seed in range(40)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(program, values))
    for value, result in zip(values, results, strict=True):
        np.testing.assert_array_equal(result, value * 2)
    assert w.value == 40


@pytest.mark.parametrize("wrong", [-1, 3, 2**40])
def test_an_index_out_of_range_leaves_the_parameters_as_they_were(wrong):
    x, y = bl.input("x", (5, 4)), bl.input("y", (5,), dtype="int64")
    net = bl.nn.Linear(4, 3, rng=0)
    loss = bl.losses.cross_entropy(net(x), y)
    updates = bl.optim.Adam(0.1).updates(loss, net.parameters())
    program = NativeProgram(bl.Graph([x, y], [loss], updates), single=True)
    start = [parameter.value.copy() for parameter in updates]
    labels = np.array([0, 1, 2, wrong, 0])
    with pytest.raises(IndexRangeError, match=str(wrong)):
        program(np.ones((5, 4), np.float32), labels)
    for parameter, before in zip(updates, start, strict=True):
        np.testing.assert_array_equal(parameter.value, before)
    labels[3] = 1
    assert np.isfinite(program(np.ones((5, 4), np.float32), labels))
    assert any((parameter.value != before).any() for parameter, before in zip(updates, start, strict=True))


def test_a_new_value_of_a_parameter_is_seen():
    w, x = bl.parameter([1.0, 2.0], "w"), bl.input("x", (2,))
    program = NativeProgram(bl.Graph([x], [w * x]), single=True)
    assert program([1, 1]).tolist() == [1.0, 2.0]
    w.value = [5.0, 6.0]
    assert program([1, 1]).tolist() == [5.0, 6.0]


def test_memory_that_cannot_be_had_is_said_in_time(monkeypatch):
    x, w = bl.input("x", (2,)), bl.parameter([1.0, 2.0], "w")
    graph = bl.Graph([x], [w * x], {w: w + x})

    def refuse(*_, **__):
        raise MemoryError

    monkeypatch.setattr(module.np, "zeros", refuse)
    with pytest.raises(ExecutionError, match="there is no room"):
        NativeProgram(graph, single=True)
    assert w.value.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("size", [1, 64, 1000])
def test_memory_of_its_own_begins_at_a_cache_line_and_is_zero(size):
    block = aligned_bytes(size)
    assert block.nbytes == size
    assert block.ctypes.data % 64 == 0
    assert not block.any()
