"""Evaluating: elements are read wherever they lie: side by side, backwards, apart, or where an index says."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native.evaluating import bytes_of

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8", "bool"])


def native(output, values):
    return bl.compile(list(values), output, engine="native")(*values.values())


def numbered(shape, dtype="float32"):
    array = np.random.default_rng(0).integers(0, 99, shape)
    array = (array % 2 == 0) if dtype == "bool" else array.astype(dtype)
    return bl.input("x", shape=shape, dtype=dtype), array


@DTYPES
@pytest.mark.parametrize("length", [1, 7, 16, 37])
def test_reversed_lanes(dtype, length):
    x, array = numbered((3, length), dtype)
    got = native(bl.where(bl.equal(bl.flip(x, axis=1), x), x, bl.flip(x)), {x: array})
    np.testing.assert_array_equal(got, np.where(array[:, ::-1] == array, array, array[::-1, ::-1]))


@DTYPES
def test_lanes_that_lie_apart(dtype):
    x, array = numbered((37, 5), dtype)
    y = bl.concat([bl.permute_dims(x, (1, 0))[:, ::3], bl.permute_dims(x, (1, 0))[:, 1::3]], axis=1)
    np.testing.assert_array_equal(native(y, {x: array}), np.concatenate([array.T[:, ::3], array.T[:, 1::3]], axis=1))


@DTYPES
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(), (1,), (19,), (3, 6)], ids=str)
def test_elements_are_taken_by_a_number_a_vector_and_a_matrix_of_indices(shape, axis, dtype):
    x, array = numbered((21, 18), dtype)
    indices = np.random.default_rng(1).integers(0, array.shape[axis], shape)
    which = bl.input("which", shape=shape, dtype="int64")
    got = native(bl.take(x, which, axis=axis), {x: array, which: indices})
    np.testing.assert_array_equal(got, np.take(array, indices, axis=axis))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32"])
def test_indices_of_few_bits_are_widened_by_their_sign(dtype):
    x, array = numbered((250,))
    which = bl.input("which", shape=(20,), dtype=dtype)
    indices = np.arange(230, 250).astype(dtype)
    np.testing.assert_array_equal(native(bl.take(x, which), {x: array, which: indices}), array[indices])


def test_a_table_that_is_computed_in_the_same_step():
    x, array = numbered((9, 5))
    which = bl.input("which", shape=(4,), dtype="int64")
    got = native(bl.take(x * 2.0, which + 1) + 1.0, {x: array, which: np.array([0, 7, 3, 0])})
    np.testing.assert_array_equal(got, array[[1, 8, 4, 1]] * 2 + 1)


def test_places_of_labels_along_lanes():
    labels = bl.input("labels", shape=(5,), dtype="uint8")
    got = native(bl.one_hot(labels, 37), {labels: np.array([0, 36, 17, 5, 15], "uint8")})
    np.testing.assert_array_equal(got, np.eye(37)[[0, 36, 17, 5, 15]])


def test_bytes_of_elements_are_those_of_numpy():
    sizes = {"i1": "bool", "i8": "uint8", "i16": "int16", "i32": "int32", "i64": "int64"}
    assert {name: bytes_of(name) for name in sizes} == {name: np.dtype(d).itemsize for name, d in sizes.items()}
    assert (bytes_of("float"), bytes_of("double")) == (4, 8)
