"""Kernels of one op: assembling, running sums, scattering, places of extremes, and the refusal of wrong indices."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native.singles import checked_size
from backlit.errors import BacklitError

NAN, INF = float("nan"), float("inf")
SHAPE = (3, 4, 17)


def native(outputs, values):
    return bl.compile(list(values), outputs, engine="native")(*values.values())


def numbered(shape=SHAPE, dtype="float32"):
    array = np.random.default_rng(0).integers(1, 99, shape).astype(dtype)
    return bl.input("x", shape=shape, dtype=dtype), array


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_arrays_are_joined_along_any_axis_and_computed_on_the_way(axis):
    x, array = numbered()
    got = native(bl.concat([x, x * 2.0, bl.flip(x, axis=2)], axis=axis), {x: array})
    np.testing.assert_array_equal(got, np.concatenate([array, array * 2, array[..., ::-1]], axis=axis))


def test_what_is_padded_stands_on_zeros():
    x, array = numbered()
    widths = [(0, 2), (1, 0), (3, 5)]
    np.testing.assert_array_equal(native(bl.pad(x, widths), {x: array}), np.pad(array, widths))


def test_the_derivative_of_a_strided_slice_has_gaps_of_zeros():
    x, array = numbered((4, 37))
    got = native(bl.grad(bl.sum(x[1:4:2, 2::3] * x[1:4:2, 2::3]), x), {x: array})
    want = np.zeros_like(array)
    want[1:4:2, 2::3] = 2 * array[1:4:2, 2::3]
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_running_sums_along_any_axis(axis, dtype):
    x, array = numbered(dtype=dtype)
    np.testing.assert_array_equal(native(bl.cumulative_sum(x, axis=axis), {x: array}), array.cumsum(axis))


def test_a_running_sum_after_a_nan_is_nan():
    array = np.array([1.0, 2.0, NAN, 4.0], "float32")
    x = bl.input("x", shape=(4,))
    np.testing.assert_array_equal(native(bl.cumulative_sum(x), {x: array}), [1, 3, NAN, NAN])


@pytest.mark.parametrize("axis", [0, 1])
def test_updates_with_equal_indices_are_added_up(axis):
    array = np.random.default_rng(0).integers(1, 99, (20, 20)).astype("float32")
    places = np.random.default_rng(1).integers(0, 5, 20)
    x, which = bl.input("x", shape=array.shape), bl.input("which", shape=(20,), dtype="int64")
    got = native(bl.scatter_add(x, which, size=6, axis=axis), {x: array, which: places})
    want = np.zeros((6, 20), "float32")
    np.add.at(want, places, array if axis == 0 else array.T)
    np.testing.assert_array_equal(got, want if axis == 0 else want.T)


@pytest.mark.parametrize(
    "line",
    [
        [3, 7, 7, 1, 1],
        [0, NAN, 9, NAN, -1],
        [-INF, -INF, -INF, -INF, -INF],
        [INF, 1, INF, -INF, -INF],
        [-0.0, 0.0, 0, 0, 0],
        [5, 5, 5, 5, NAN],
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_the_first_of_equal_extremes_and_of_nans_is_found(name, line):
    array = np.array([line, line[::-1]], "float32")
    x = bl.input("x", shape=array.shape)
    for axis in (0, 1):
        got = native(getattr(bl, name)(x, axis=axis), {x: array})
        assert got.dtype == "int64"
        np.testing.assert_array_equal(got, getattr(np, name)(array, axis=axis))


@pytest.mark.parametrize(
    "array",
    [
        np.array([3, 200, 127, 200], "uint8"),
        np.array([3, -100, 127, -100], "int8"),
        np.array([False, True, True]),
    ],
    ids=lambda array: array.dtype.name,
)
def test_places_of_integers_and_truth_values(array):
    x = bl.input("x", shape=array.shape, dtype=array.dtype.name)
    largest, smallest = native([bl.argmax(x, axis=0), bl.argmin(x, axis=0)], {x: array})
    assert (largest, smallest) == (array.argmax(), array.argmin())


@pytest.mark.parametrize("wrong", [4, -1, 10**12])
@pytest.mark.parametrize("name", ["take", "one_hot", "scatter_add"])
def test_an_index_out_of_range_is_refused_and_named(name, wrong):
    which = bl.input("which", shape=(3,), dtype="int64")
    ones = bl.constant(np.ones((4 if name == "take" else 3, 2)))
    make = {
        "take": lambda: bl.take(ones, which),
        "one_hot": lambda: bl.one_hot(which, 4),
        "scatter_add": lambda: bl.scatter_add(ones, which, size=4),
    }
    node = make[name]()
    (checked,) = [one for one in bl.Graph(outputs=[node]).operations if one.op.name == name]
    assert checked_size(checked) == 4
    program = bl.compile([which], node, engine="native")
    program([0, 3, 1])
    with pytest.raises(BacklitError, match=str(wrong)):
        program([0, wrong, 1])
