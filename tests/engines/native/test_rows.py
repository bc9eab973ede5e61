"""Kernels along rows: rows of every length are reduced, passes follow one another, long neighbours are merged."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native.program import NativeProgram

NAN, INF = float("nan"), float("inf")
LENGTHS = pytest.mark.parametrize("length", [1, 15, 16, 17, 1000])


def native(outputs, values):
    return bl.compile(list(values), outputs, engine="native")(*values.values())


def rows(length, dtype="float64"):
    array = np.random.default_rng(length).normal(size=(5, length)).astype(dtype)
    return bl.input("x", shape=array.shape, dtype=dtype), array


@LENGTHS
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_rows_of_any_length_are_reduced(length, dtype):
    array = np.random.default_rng(length).integers(0, 200, (5, length)).astype(dtype)
    x = bl.input("x", shape=array.shape, dtype=dtype)
    got = native([bl.sum(x, axis=1), bl.max(x, axis=1), bl.min(x, axis=1)], {x: array})
    # Whole numbers below 2²⁴ are exact in any order of summation.
    for one, want in zip(got, [array.sum(axis=1, dtype=got[0].dtype), array.max(1), array.min(1)], strict=True):
        np.testing.assert_array_equal(one, want)


@LENGTHS
def test_nan_and_infinity_go_through_wherever_they_stand(length):
    x, array = rows(length)
    for row, value in enumerate([NAN, INF, -INF, NAN]):
        array[row, (length - 1) * row // 3] = value
    got = native([bl.sum(x, axis=1), bl.max(x, axis=1), bl.min(x, axis=1)], {x: array})
    np.testing.assert_allclose(got[0], array.sum(1), rtol=1e-12)
    np.testing.assert_array_equal(got[1], array.max(1))
    np.testing.assert_array_equal(got[2], array.min(1))


@LENGTHS
def test_a_softmax_takes_its_passes_row_by_row(length):
    x, array = rows(length)
    want = np.exp(array - array.max(1, keepdims=True))
    np.testing.assert_allclose(native(bl.softmax(x), {x: array}), want / want.sum(1, keepdims=True), rtol=1e-13)


@pytest.mark.parametrize("axes", [(1,), (0, 1), (1, 2), (0, 1, 2), (0, 2), (2,)], ids=str)
def test_any_axes_are_reduced(axes):
    array = np.random.default_rng(0).integers(0, 99, (3, 5, 18)).astype("float32")
    x = bl.input("x", shape=array.shape)
    np.testing.assert_array_equal(native(bl.sum(x, axis=axes), {x: array}), array.sum(axes))


def loops_of(output):
    """How many loops the code of a graph has."""
    text = NativeProgram(bl.Graph(outputs=[output]), single=True).ir
    return text.count(" phi i64 ")


def test_contiguous_axes_become_one_long_loop():
    flat, deep = bl.input("x", shape=(3 * 4 * 50,)), bl.input("x", shape=(3, 4, 50))
    assert loops_of(bl.exp(deep)) == loops_of(bl.exp(flat))
    across = bl.input("row", shape=(3, 1, 50))
    assert loops_of(deep * across) > loops_of(flat * 2.0)


@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 1), (1, 4, 5), (1, 1, 1), (7, 1, 3)], ids=str)
def test_merged_loops_compute_every_element(shape):
    array = np.random.default_rng(0).integers(-99, 99, shape).astype("float32")
    x, y = bl.input("x", shape=shape), bl.input("y", shape=shape[1:])
    values = {x: array, y: array[0]}
    np.testing.assert_array_equal(native(x * y + x, values), array * array[0] + array)
    np.testing.assert_array_equal(native(x * 2.0, {x: array}), array * 2)
    swapped = bl.permute_dims(x, (0, 2, 1))
    np.testing.assert_array_equal(native(swapped * 2.0, {x: array}), array.transpose(0, 2, 1) * 2)
