"""Kernels down columns: columns of every height and number are reduced, and what follows from them is computed."""

import numpy as np
import pytest

import backlit as bl

NAN, INF = float("nan"), float("inf")
HEIGHTS = pytest.mark.parametrize("height", [1, 15, 16, 17, 1000])


def native(outputs, values):
    return bl.compile(list(values), outputs, engine="native")(*values.values())


@HEIGHTS
@pytest.mark.parametrize("width", [2, 15, 17, 100])
def test_columns_of_any_height_are_reduced(height, width):
    array = np.random.default_rng(height).integers(0, 200, (height, width)).astype("float32")
    x = bl.input("x", shape=array.shape)
    got = native([bl.sum(x, axis=0), bl.max(x, axis=0), bl.min(x, axis=0)], {x: array})
    # Whole numbers below 2²⁴ are exact in any order of summation.
    for one, want in zip(got, [array.sum(0), array.max(0), array.min(0)], strict=True):
        np.testing.assert_array_equal(one, want)


@HEIGHTS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_and_infinity_stay_in_their_columns(height, dtype):
    array = np.random.default_rng(height).uniform(1, 2, size=(height, 6)).astype(dtype)
    for column, value in enumerate([NAN, INF, -INF, NAN]):
        array[(height - 1) * column // 3, column] = value
    x = bl.input("x", shape=array.shape, dtype=dtype)
    got = native([bl.sum(x, axis=0), bl.max(x, axis=0), bl.min(x, axis=0)], {x: array})
    np.testing.assert_allclose(got[0], array.sum(0, dtype="float64"), rtol=1e-6 if dtype == "float32" else 1e-13)
    np.testing.assert_array_equal(got[1], array.max(0))
    np.testing.assert_array_equal(got[2], array.min(0))


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8", "uint64", "bool"])
def test_integers_and_truth_values_are_reduced(dtype):
    array = np.random.default_rng(0).integers(0, 2 if dtype == "bool" else 100, (9, 21)).astype(dtype)
    x = bl.input("x", shape=array.shape, dtype=dtype)
    got = native([bl.max(x, axis=0), bl.min(x, axis=0)], {x: array})
    np.testing.assert_array_equal(got[0], array.max(0))
    np.testing.assert_array_equal(got[1], array.min(0))


def test_leading_axes_are_reduced_together_and_apart():
    array = np.random.default_rng(0).integers(0, 99, (4, 5, 21)).astype("float32")
    x = bl.input("x", shape=array.shape)
    got = native([bl.sum(x, axis=0), bl.sum(x, axis=1), bl.sum(x, axis=(0, 1))], {x: array})
    for one, axes in zip(got, [0, 1, (0, 1)], strict=True):
        np.testing.assert_array_equal(one, array.sum(axes))


def test_what_follows_from_the_sums_is_computed_in_their_kernel():
    array = np.random.default_rng(0).integers(0, 99, (8, 37)).astype("float32")
    x, b = bl.input("x", shape=array.shape), bl.parameter(np.arange(37.0), name="b")
    program = bl.compile([x], [bl.sum(x)], {b: b - 0.5 * bl.sum(x * 2.0, axis=0)}, engine="native")
    program(array)
    np.testing.assert_array_equal(b.value, np.arange(37) - array.sum(0))


def test_the_argument_is_computed_on_the_way_down():
    array = np.random.default_rng(0).normal(size=(300, 5))
    x = bl.input("x", shape=array.shape, dtype="float64")
    got = native(bl.sum(bl.exp(bl.flip(x, axis=1)) * x, axis=0), {x: array})
    np.testing.assert_allclose(got, (np.exp(array[:, ::-1]) * array).sum(0), rtol=1e-12, atol=1e-12)
