"""The lowering: every op has its line, and values are those of NumPy where it matters to a bit."""

import warnings

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native.lowering import LOWERING, fusible_product
from backlit.graph import OPS

NAN, INF = float("nan"), float("inf")
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, -2.5, 127.9, 3.4e4, NAN, INF, -INF]


def native(output, node, array):
    return bl.compile([node], output, engine="native")(array)


def test_every_op_has_its_line_and_no_line_is_stale():
    assert set(LOWERING) == set(OPS)


@pytest.mark.parametrize("after", ["bool", "int8", "uint16", "int32", "int64", "uint32", "float32", "float64"])
@pytest.mark.parametrize("before", ["float32", "float64", "int64", "uint8"])
def test_casts_are_those_of_numpy(before, after):
    array = np.array([-2.9, -1.0, -0.0, 0.5, 1.0, 100.7, 126.9], dtype="float64")
    array = np.abs(array).astype(before) if before == "uint8" or after.startswith("uint") else array.astype(before)
    x = bl.input("x", shape=array.shape, dtype=before)
    got = native(bl.cast(x, after), x, array)
    assert got.dtype == after
    np.testing.assert_array_equal(got, array.astype(after))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rounding_goes_to_even_and_keeps_the_sign_of_zero(dtype):
    array = np.array(FLOATS, dtype=dtype)
    x = bl.input("x", shape=array.shape, dtype=dtype)
    got = native(bl.round(x), x, array)
    np.testing.assert_array_equal(got, np.round(array))
    np.testing.assert_array_equal(np.signbit(got), np.signbit(np.round(array)))


@pytest.mark.parametrize("number", [0.5, NAN, INF, -INF])
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_a_nan_goes_through_maximum_and_minimum_from_either_side(name, number):
    array = np.array(FLOATS, dtype="float64")
    x = bl.input("x", shape=array.shape, dtype="float64")
    own, want = getattr(bl, name), getattr(np, name)
    np.testing.assert_array_equal(native(own(x, number), x, array), want(array, number))
    np.testing.assert_array_equal(native(own(bl.constant(number, dtype="float64"), x), x, array), want(number, array))


def test_a_square_and_a_reciprocal_are_exact():
    array = np.array([*FLOATS, 0.1, 1e200, 3.0], dtype="float64")
    x = bl.input("x", shape=array.shape, dtype="float64")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(native(x**2.0, x, array), array * array)
        np.testing.assert_array_equal(native(x**-1.0, x, array), 1.0 / array)


def test_signs_are_told_apart_in_integers_without_one():
    array = np.array([0, 1, 127, 128, 255], dtype="uint8")
    x = bl.input("x", shape=array.shape, dtype="uint8")
    y = bl.constant(np.array([200], "uint8"), dtype="uint8")
    np.testing.assert_array_equal(native(bl.maximum(x, y), x, array), np.maximum(array, np.uint8(200)))
    np.testing.assert_array_equal(native(x < y, x, array), array < 200)
    np.testing.assert_array_equal(native(bl.cast(x, "float32"), x, array), array.astype("float32"))


def test_a_product_is_rounded_together_with_a_sum_only_where_no_exact_zero_is_lost():
    x, y = bl.input("x", shape=(3,)), bl.input("y", shape=(3,))
    assert fusible_product(x - 0.1 * y) is not None
    assert fusible_product(0.9 * x + 0.1 * y) is not None
    assert fusible_product(x * y - y * x) is None
    assert fusible_product(0.9 * x - 0.1 * y) is None
    assert fusible_product(x * y) is None
