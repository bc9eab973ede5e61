"""The error function and its neighbours, to the last places."""

import math

import numpy as np
import pytest

from backlit.engines.reference.special import erf, logaddexp, sigmoid

GRID = np.concatenate([np.linspace(-7.0, 7.0, 20_001), np.geomspace(1e-300, 1.0, 2_001), [0.46875, -0.46875, 6.0]])


def in_units(got, want, dtype="float64"):
    """The largest distance in units in the last place of the wanted value."""
    return float(np.max(np.abs(got.astype("float64") - want) / np.spacing(np.abs(want).astype(dtype))))


def test_erf_is_exact_to_a_few_units():
    """Just beyond 0.46875 it is 1 minus a little more than a half, whose last place counts fourfold."""
    want = np.array([math.erf(x) for x in GRID])
    assert in_units(erf(GRID), want) <= 4.0
    assert in_units(erf(GRID[np.abs(GRID) > 1.0]), want[np.abs(GRID) > 1.0]) <= 1.0


def test_erf_of_float32_is_the_rounded_value():
    grid = GRID[np.abs(GRID) > 1e-37].astype("float32")
    want = np.array([math.erf(float(x)) for x in grid])
    got = erf(grid)
    assert got.dtype == "float32"
    assert in_units(got, want, "float32") <= 0.51


def test_erf_is_odd_and_never_leaves_its_range():
    got = erf(GRID)
    np.testing.assert_array_equal(erf(-GRID), -got)
    assert np.max(np.abs(got)) == 1.0


def test_erf_never_falls():
    grid = np.linspace(-6.5, 6.5, 200_001)
    assert (np.diff(erf(grid)) >= -np.finfo("float64").eps).all()


def test_erf_at_the_ends():
    got = erf(np.array([np.inf, -np.inf, np.nan, 0.0, -0.0]))
    np.testing.assert_array_equal(got, [1.0, -1.0, np.nan, 0.0, 0.0])
    assert math.copysign(1.0, got[4]) == -1.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_sigmoid_is_exact_to_a_few_units(dtype):
    grid = np.linspace(-80.0, 80.0, 20_001).astype(dtype)
    want = np.array([1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x)) for x in grid.tolist()])
    assert in_units(sigmoid(grid), want, dtype) <= 4.0


def test_sigmoids_of_opposite_numbers_add_up_to_one():
    grid = np.linspace(-40.0, 40.0, 2_001)
    np.testing.assert_allclose(sigmoid(grid) + sigmoid(-grid), 1.0, rtol=1e-15)


def test_logaddexp_of_complex_numbers_agrees_with_that_of_real_ones():
    x, y = np.linspace(-700.0, 700.0, 101), np.linspace(500.0, -500.0, 101)
    np.testing.assert_allclose(logaddexp(x + 0j, y).real, logaddexp(x, y), rtol=1e-14)
