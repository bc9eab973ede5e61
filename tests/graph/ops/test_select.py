"""Picking and placing: indexing, slices, padding, joining, taking; all as NumPy does it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, basic_indices

import backlit as bl
from backlit.errors import DTypeError, GraphError, ShapeError

FLOATS = st.floats(-4, 4, width=32)


@st.composite
def array_and_index(draw):
    array = draw(arrays("float64", array_shapes(max_dims=4, max_side=4), elements=FLOATS))
    return array, draw(basic_indices(array.shape, allow_newaxis=True))


@given(array_and_index())
def test_indexing_is_numpys(case):
    array, key = case
    x = bl.input("x", shape=array.shape, dtype="float64")
    np.testing.assert_array_equal(x[key].evaluate({x: array}), array[key])


@given(array_and_index())
def test_the_gradient_of_indexing_is_one_at_what_was_picked(case):
    array, key = case
    x = bl.input("x", shape=array.shape, dtype="float64")
    want = np.zeros(array.shape)
    want[key] += 1.0
    np.testing.assert_array_equal(bl.grad(bl.sum(x[key]), x).evaluate({x: array}), want)


@pytest.mark.parametrize("key", [slice(3, 1), slice(9, 12), slice(1, 3, -1), slice(-1, -3), slice(0, 0)])
def test_a_slice_of_nothing_is_empty(key):
    assert bl.constant([1.0, 2.0, 3.0, 4.0])[key].evaluate().tolist() == []


@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_array_of_indices_picks_along_its_axis(at):
    array = np.arange(24.0).reshape(2, 3, 4)
    key = tuple([1, 0, 1] if axis == at else slice(None) for axis in range(3))
    x = bl.input("x", shape=array.shape, dtype="float64")
    np.testing.assert_array_equal(x[key].evaluate({x: array}), array[key])


def test_an_index_may_be_a_node():
    x, i = bl.input("x", shape=(3, 2)), bl.input("i", (), "int64")
    assert x[i].evaluate({x: [[0, 1], [2, 3], [4, 5]], i: 2}).tolist() == [4.0, 5.0]


@pytest.mark.parametrize(
    ("key", "error", "says"),
    [
        (3, ShapeError, "index 3 is outside axis 0"),
        ((0, 0, 0), ShapeError, "has 2 axes; 3 are indexed"),
        ((..., ...), ShapeError, "2 axes"),
        (1.0, DTypeError, "indices are integers"),
        ([True, False, True], DTypeError, "indices are integers"),
        ("a", DTypeError, "needs numbers"),
        (([0], [1]), GraphError, "only one index array"),
    ],
)
def test_wrong_indices_are_refused(key, error, says):
    with pytest.raises(error, match=says):
        bl.input("x", shape=(3, 2))[key]


def test_the_bounds_of_a_slice_are_numbers():
    with pytest.raises(GraphError, match="are numbers, not nodes"):
        bl.input("x", shape=(3,))[bl.input("i", (), "int64") :]


@given(data=st.data(), shape=array_shapes(max_dims=3, max_side=4))
def test_take_and_take_along_axis_are_numpys(data, shape):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    inside = st.integers(0, shape[axis] - 1)
    some = data.draw(arrays("int64", array_shapes(min_dims=0, max_dims=2, max_side=3), elements=inside))
    lengths = list(shape)
    lengths[axis] = data.draw(st.integers(1, 4))
    along = data.draw(arrays("int64", tuple(lengths), elements=inside))
    x = bl.input("x", shape=shape, dtype="float64")
    nodes = [bl.take(x, some, axis=axis), bl.take_along_axis(x, along, axis=axis)]
    taken, picked = bl.compile([x], nodes)(array)
    np.testing.assert_array_equal(taken, np.take(array, some, axis=axis))
    np.testing.assert_array_equal(picked, np.take_along_axis(array, along, axis=axis))


def test_take_along_axis_checks_the_other_axes():
    with pytest.raises(ShapeError, match="do not fit"):
        bl.take_along_axis(bl.input("x", shape=(3, 2)), [[0, 1], [1, 0]], axis=1)
    with pytest.raises(ShapeError, match="do not fit"):
        bl.take_along_axis(bl.input("x", shape=(3, 2)), [0, 1, 0], axis=1)


@given(data=st.data(), shape=array_shapes(min_dims=1, max_dims=3, max_side=3), value=FLOATS)
def test_padding_is_numpys(data, shape, value):
    widths = [data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in shape]
    array = np.arange(float(np.prod(shape))).reshape(shape)
    x = bl.input("x", shape=shape, dtype="float64")
    got = bl.pad(x, widths, value=value).evaluate({x: array})
    np.testing.assert_array_equal(got, np.pad(array, widths, constant_values=value))


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_padding_with_what_is_not_finite_leaves_the_inside_alone(value):
    got = bl.pad([1.0, 2.0], [(1, 1)], value=value).evaluate()
    np.testing.assert_array_equal(got, np.array([value, 1.0, 2.0, value]))


def test_padding_with_a_node_passes_gradients_to_it():
    x, v = bl.input("x", shape=(2,)), bl.input("v")
    gradients = bl.grad(bl.sum(bl.pad(x, [(1, 2)], value=v)), [x, v])
    assert [g.evaluate({x: [1, 2], v: 3.0}).tolist() for g in gradients] == [[1.0, 1.0], 3.0]


def test_integers_are_padded_with_integers():
    assert bl.pad([1, 2], [(1, 0)], value=7).evaluate().tolist() == [7, 1, 2]


@given(data=st.data(), axis=st.integers(-2, 1))
def test_joining_is_numpys(data, axis):
    shapes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    parts = [np.full((n, 2) if axis % 2 == 0 else (2, n), float(i)) for i, n in enumerate(shapes)]
    nodes = [bl.constant(part, dtype="float64") for part in parts]
    np.testing.assert_array_equal(bl.concat(nodes, axis=axis).evaluate(), np.concatenate(parts, axis=axis))


@given(axis=st.integers(-3, 2), count=st.integers(1, 3))
def test_stacking_is_numpys(axis, count):
    parts = [np.full((2, 3), float(i)) for i in range(count)]
    got = bl.stack([bl.constant(p) for p in parts], axis=axis).evaluate()
    np.testing.assert_array_equal(got, np.stack(parts, axis=axis))


@pytest.mark.parametrize("join", [bl.concat, bl.stack])
def test_nothing_cannot_be_joined(join):
    with pytest.raises(ShapeError, match="nothing to concatenate"):
        join([])


def test_scatter_add_is_the_transpose_of_take():
    rng = np.random.default_rng(0)
    x, y, i = rng.normal(size=(5, 2)), rng.normal(size=(3, 2)), np.array([4, 0, 4])
    with bl.precision("float64"):
        taken = bl.take(x, i).evaluate()
        added = bl.scatter_add(y, i, size=5).evaluate()
    assert np.sum(taken * y) == pytest.approx(np.sum(added * x), rel=1e-12)


@pytest.mark.parametrize("make", [lambda: bl.one_hot([0], -1), lambda: bl.scatter_add([1.0], [0], size=-2)])
def test_a_negative_size_is_refused(make):
    with pytest.raises(ShapeError, match="at least 0"):
        make()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_one_hot_rows(dtype):
    got = bl.one_hot([[2, 0]], 3, dtype=dtype).evaluate()
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, np.eye(3, dtype=dtype)[[[2, 0]]])
