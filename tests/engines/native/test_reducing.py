"""Reducing: the precision of long sums, and extremes that a NaN goes through and a mask does not disturb."""

import math

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native.reducing import Reduction

NAN = float("nan")


def native(output, values):
    return bl.compile(list(values), output, engine="native")(*values.values())


@pytest.mark.parametrize("axis", [0, 1])
def test_a_sum_of_a_million_float32_keeps_six_digits(axis):
    array = np.random.default_rng(0).uniform(0, 1, (10**6, 1)).astype("float32")
    array = np.repeat(array, 2, axis=1) if axis == 0 else np.ascontiguousarray(array.T)
    x = bl.input("x", shape=array.shape)
    got = native(bl.sum(x, axis=axis), {x: array})
    want = math.fsum(array[:, 0].tolist() if axis == 0 else array[0].tolist())
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_small_terms_are_not_lost_beside_a_large_sum():
    array = np.full(2**18, 1.0, "float32")
    array[0] = 2.0**24
    x = bl.input("x", shape=array.shape)
    # In float32, 2²⁴ + 1 = 2²⁴; 2²⁴ + 2¹⁸ - 1 is odd and rounds to an even number.
    assert abs(float(native(bl.sum(x), {x: array})) - (2**24 + 2**18 - 1)) <= 1


def test_a_long_running_sum_keeps_six_digits():
    array = np.full(10**5, 0.1, "float32")
    x = bl.input("x", shape=array.shape)
    want = np.cumsum(array, dtype="float64")
    np.testing.assert_allclose(native(bl.cumulative_sum(x), {x: array}), want, rtol=1e-6)


@pytest.mark.parametrize("place", [0, 15, 16, 36])
@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_nan_in_any_lane_is_the_extreme(name, place, dtype):
    array = np.arange(37, dtype=dtype)
    array[place] = NAN
    x = bl.input("x", shape=(37,), dtype=dtype)
    assert math.isnan(native(getattr(bl, name)(x), {x: array}))


@pytest.mark.parametrize("dtype", ["float32", "int8", "int64", "uint8", "uint32", "bool"])
@pytest.mark.parametrize("name", ["max", "min"])
def test_lanes_that_do_not_count_are_no_extremes(name, dtype):
    ends = (False, True) if dtype == "bool" else (-7, -5) if dtype[0] in "if" else (200, 250)
    for value in ends:
        array = np.full(19, value, dtype)
        x = bl.input("x", shape=(19,), dtype=dtype)
        assert native(getattr(bl, name)(x), {x: array}) == value


def test_what_a_reduction_starts_from_changes_nothing():
    def neutral(name, dtype):
        x = bl.input("x", shape=(9,), dtype=dtype)
        node = getattr(bl, name)(x)
        return Reduction(node, 9).neutral(1).text

    assert [neutral("max", "int8"), neutral("min", "int8")] == ["-128", "127"]
    assert [neutral("max", "uint8"), neutral("min", "uint8")] == ["0", "255"]
    assert [neutral("max", "bool"), neutral("min", "bool")] == ["false", "true"]
    assert neutral("sum", "int64") == "0"


def test_long_float32_sums_alone_are_accumulated_in_float64():
    def kind(name, dtype, terms):
        x = bl.input("x", shape=(9,), dtype=dtype)
        return Reduction(getattr(bl, name)(x), terms).neutral(4).type

    assert kind("sum", "float32", 128) == "float"
    assert kind("sum", "float32", 129) == "double"
    assert kind("max", "float32", 10**6) == "float"
    assert kind("sum", "int32", 10**6).startswith("i")
