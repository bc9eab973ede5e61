"""The error function: odd, rising, and one from some point on."""

import math

import numpy as np
import pytest

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_odd(dtype, target, compute):
    x = np.geomspace(1e-30, 10, 5000).astype(dtype)
    np.testing.assert_array_equal(compute("erf", x, target=target), -compute("erf", -x, target=target))


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_rises_to_one_and_never_exceeds_it(dtype, target, compute):
    x = np.linspace(0, 8, 100001).astype(dtype)
    got = compute("erf", x, target=target)
    assert got.max() == got[-1] == 1.0
    assert (np.diff(got) >= -4 * np.finfo(dtype).eps).all()
    assert got[x >= 6].min() == 1.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_agrees_with_the_c_library(dtype, target, compute):
    x = np.linspace(-7, 7, 10001).astype(dtype)
    expected = np.array([math.erf(value) for value in x.tolist()])
    np.testing.assert_allclose(compute("erf", x, target=target), expected, rtol=4 * np.finfo(dtype).eps)
