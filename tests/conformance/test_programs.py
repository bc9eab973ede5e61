"""Whole programs that are odd in form: what comes in, what goes out, and what is updated from what; on every engine."""

import time

import numpy as np
import pytest

import backlit as bl
from backlit.errors import IndexRangeError
from backlit.graph import OPS
from harness.samples import ENGINES

engine_of = pytest.mark.parametrize("engine", ENGINES)


def parameters(*values):
    return [bl.parameter(value, f"p{i}", dtype="float64") for i, value in enumerate(values)]


@engine_of
def test_a_program_may_have_no_inputs_or_no_outputs(engine):
    (p,) = parameters([1.0, 2.0])
    assert bl.compile([], [], engine=engine)() == []
    assert bl.compile([], [bl.constant([1.0]) + 1.0], engine=engine)()[0].tolist() == [2.0]
    assert bl.compile([], [], {p: p * 3.0}, engine=engine)() == []
    assert p.value.tolist() == [3.0, 6.0]


@engine_of
def test_an_output_may_be_a_leaf_a_view_or_asked_for_twice(engine):
    x, (p,) = bl.input("x", (2, 3), "float64"), parameters([1.0, 2.0])
    turned, flat = bl.permute_dims(x, (1, 0)), bl.reshape(x, (6,))
    value = np.arange(6.0).reshape(2, 3)
    got = bl.compile([x], [x, p, turned, flat, turned, bl.flip(flat), x], {p: p + 1.0}, engine=engine)(value)
    wanted = [value, [1.0, 2.0], value.T, value.ravel(), value.T, value.ravel()[::-1], value]
    for one, want in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, want)
        assert not np.shares_memory(one, value)
        assert not np.shares_memory(one, p.value)


@engine_of
def test_updates_may_be_leaves_and_each_others_old_values(engine):
    a, b, c, d = parameters([1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0])
    x = bl.input("x", (2,), "float64")
    bl.compile([x], [], {a: b, b: c, c: a, d: x}, engine=engine)([9.0, 9.5])
    assert [p.value.tolist() for p in (a, b, c, d)] == [[3.0, 4.0], [5.0, 6.0], [1.0, 2.0], [9.0, 9.5]]
    bl.compile([], [], {a: bl.constant([0.5, 0.25], dtype="float64"), b: b, c: d, d: d + a}, engine=engine)()
    assert [p.value.tolist() for p in (a, b, c, d)] == [[0.5, 0.25], [5.0, 6.0], [9.0, 9.5], [12.0, 13.5]]


@engine_of
def test_an_update_may_read_other_elements_of_what_it_overwrites(engine):
    a, b = parameters(np.arange(6.0).reshape(2, 3), np.arange(9.0).reshape(3, 3))
    updates = {a: a + bl.flip(a) + bl.sum(a, axis=0), b: b @ bl.permute_dims(b, (1, 0)) + b}
    first, second = a.value.copy(), b.value.copy()
    bl.compile([], [], updates, engine=engine)()
    np.testing.assert_allclose(a.value, first + first[::-1, ::-1] + first.sum(axis=0), rtol=1e-14)
    np.testing.assert_allclose(b.value, second @ second.T + second, rtol=1e-14)


@engine_of
def test_many_parameters_may_each_be_updated_from_all_others(engine):
    everyone = parameters(*np.linspace(0.1, 1.0, 10), [1.0, 2.0])
    total = sum(everyone[1:], start=everyone[0])
    old = [p.value.copy() for p in everyone]
    bl.compile([], total, {p: p * bl.sum(total) for p in everyone}, engine=engine)()
    for p, value in zip(everyone, old, strict=True):
        np.testing.assert_allclose(p.value, value * np.sum(sum(old)), rtol=1e-14)


@engine_of
def test_an_update_may_be_read_by_another_that_reads_what_it_overwrites(engine):
    a, b, c = parameters([1.0, 2.0], [3.0, 4.0], [5.0, 6.0])
    named = bl.stop_gradient(bl.cumulative_sum(a + c)).named("kept")
    bl.compile([], [], {a: named, b: named * a, c: bl.flip(named) * b}, engine=engine)()
    assert [p.value.tolist() for p in (a, b, c)] == [[6.0, 14.0], [6.0, 28.0], [42.0, 24.0]]


@engine_of
def test_a_new_value_may_be_shared_and_read_by_an_output(engine):
    a, b = parameters([1.0, 2.0], [3.0, 4.0])
    new = bl.exp(a) * b
    got = bl.compile([], [new, bl.sum(new), bl.flip(new)], {a: new, b: new}, engine=engine)()
    want = np.exp([1.0, 2.0]) * [3.0, 4.0]
    for one, expected in zip((*got, a.value, b.value), (want, want.sum(), want[::-1], want, want), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-14)
    a.value[0] = -1.0
    assert got[0][0] > 0
    assert b.value[0] > 0


@engine_of
@pytest.mark.parametrize("size", [3, 9000])
def test_inputs_of_any_layout_are_read_and_left_alone(size, engine):
    """The larger size is one that no engine copies to be safe."""
    x, (p,) = bl.input("x", (size, 2)), parameters(np.zeros((size, 2)))
    program = bl.compile([x], x + 1.0, {p: bl.cast(x, "float64") * 2.0}, engine=engine)
    numbers = np.arange(2.0 * size).reshape(size, 2)
    frozen = numbers.astype("float32")
    frozen.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + numbers.astype("float32").tobytes(), "float32", offset=1).reshape(size, 2)
    wide = np.zeros((2 * size, 4), "float32")
    wide[::-2, ::2] = numbers
    swapped = numbers.astype(">f4")
    for value in (numbers, frozen, np.asfortranarray(frozen), unaligned, wide[::-2, ::2], swapped, numbers.astype(int)):
        kept = value.copy()
        np.testing.assert_array_equal(program(value), numbers + 1.0)
        np.testing.assert_array_equal(p.value, numbers * 2.0)
        np.testing.assert_array_equal(value, kept)


@engine_of
@pytest.mark.parametrize("size", [3, 9000])
def test_an_input_may_be_part_of_a_parameter_that_changes(size, engine):
    a, b = parameters(np.arange(2.0 * size), np.zeros(size))
    x = bl.input("x", (size,), "float64")
    program = bl.compile([x], [bl.flip(x)], {b: b + bl.flip(x), a: a * 2.0}, engine=engine)
    (turned,) = program(a.value[:size])
    np.testing.assert_array_equal(turned, np.arange(size)[::-1])
    np.testing.assert_array_equal(b.value, np.arange(size)[::-1])
    np.testing.assert_array_equal(a.value, 2 * np.arange(2 * size))


@engine_of
@pytest.mark.parametrize("op", ["add", "minimum", "tanh"])
def test_a_chain_of_thousands_of_calls_compiles_and_runs(op, engine):
    length = {"add": 10_000, "minimum": 2000, "tanh": 200}[op]
    x = node = bl.input("x", (3,), "float64")
    for _ in range(length):
        node = OPS[op](node, x) if op != "tanh" else bl.tanh(node)
    start = time.perf_counter()
    got = bl.compile([x], node, engine=engine)([1.0, 2.0, 0.5])
    assert time.perf_counter() - start < 60
    if op == "add":
        np.testing.assert_allclose(got, (length + 1) * np.array([1.0, 2.0, 0.5]), rtol=1e-12)
    assert np.isfinite(got).all()


@engine_of
@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda i: bl.take(bl.constant(np.zeros((0, 3))), i), "there is nothing to choose from"),
        (lambda i: bl.take(bl.constant(np.zeros((3, 0))), i), "numbered from 0 to 2"),
        (lambda i: bl.take(bl.take([1.0, 2.0, 3.0], i), i), "numbered from 0 to 2"),
        (lambda i: bl.one_hot(i, 3) @ bl.constant(np.ones((3, 2))), "numbered from 0 to 2"),
    ],
)
def test_the_first_of_several_wrong_indices_is_named_even_where_nothing_would_be_read(build, says, engine):
    i = bl.input("i", (4,), "int64")
    (p,) = parameters([1.0])
    program = bl.compile([i], build(i), {p: p + 1.0}, engine=engine)
    with pytest.raises(IndexRangeError, match="7 is out of range") as caught:
        program([7, 1, -9, 5])
    assert says in caught.value.why
    assert p.value.tolist() == [1.0]


@engine_of
def test_an_index_too_large_for_signed_integers_is_named(engine):
    i = bl.input("i", (2,), "uint64")
    program = bl.compile([i], bl.take([1.0, 2.0], i), engine=engine)
    with pytest.raises(IndexRangeError, match="18446744073709551615 is out of range"):
        program(np.array([0, 2**64 - 1], "uint64"))


@engine_of
def test_labels_may_be_computed_in_the_program_that_uses_them(engine):
    """What a check waits for and what waits for the check must not run together."""
    x, (p,) = bl.input("x", (1,), "int64"), parameters([5.0])
    label = bl.minimum(bl.maximum(x, 0), 9)
    hot = bl.one_hot(label, 10, dtype="float64")
    got = bl.compile([x], [hot, label], {p: p + bl.sum(hot)}, engine=engine)([7])
    assert got[0].tolist() == [[float(i == 7) for i in range(10)]]
    assert p.value.tolist() == [6.0]


@engine_of
def test_operands_of_two_data_types_meet_in_the_larger(engine):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 4)).astype("float32"), rng.normal(size=(4, 2))
    z, w = rng.integers(-128, 128, (2, 3)).astype("int8"), rng.integers(0, 2**16, (2, 3)).astype("uint16")
    nodes = [bl.input(name, a.shape, a.dtype.name) for name, a in zip("xyzw", (x, y, z, w), strict=True)]
    a, b, c, d = nodes
    outputs = [a @ b, bl.concat([c, d], axis=1), c @ bl.permute_dims(d, (1, 0)), c + d, bl.where(c > 0, c, d)]
    got = bl.compile(nodes, outputs, engine=engine)(x, y, z, w)
    longer = w.astype("int32")
    wanted = [x @ y, np.concatenate([z, longer], 1), z @ longer.T, z + longer, np.where(z > 0, z, longer)]
    for one, want in zip(got, wanted, strict=True):
        assert one.dtype == want.dtype
        np.testing.assert_allclose(one, want, rtol=1e-14)


NUMBERS = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 100.9, -1.0, -100.9, 127.0, 200.0, 255.0]
HUGE = [
    np.nan,
    np.inf,
    -np.inf,
    300.7,
    -129.5,
    65537.2,
    2.0**31,
    -(2.0**31),
    -3e9,
    3.7e9,
    2.0**63,
    2.0**64,
    1e30,
    -1e30,
]


@engine_of
@pytest.mark.parametrize("before", bl.graph.spec.DTYPES)
def test_casts_between_all_data_types_are_those_of_numpy(before, engine):
    values = np.array(NUMBERS if before.startswith(("float", "int")) else np.abs(NUMBERS)).astype(before)
    if before.startswith("float"):
        values = np.concatenate([values, np.array(HUGE, before)])
    x = bl.input("x", values.shape, before)
    program = bl.compile([x], [bl.cast(x, after) for after in bl.graph.spec.DTYPES], engine=engine)
    for after, got in zip(bl.graph.spec.DTYPES, program(values), strict=True):
        with np.errstate(all="ignore"):
            want = values.astype(after)
        # NumPy answers differently for the same number, by its place in the array.
        undefined = before.startswith("float") and after == "uint32"
        sure = np.abs(values) < 2.0**31 if undefined else np.full(values.shape, fill_value=True)
        np.testing.assert_array_equal(got[sure], want[sure], err_msg=f"{before} to {after}")
        if got.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(want[got == 0]))
