"""Arc functions at the ends of their range, and where one formula takes over from another."""

import math

import numpy as np
import pytest

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_ends_are_exact(dtype, target, compute):
    x = np.array([1, -1, 0], dtype)
    np.testing.assert_array_equal(compute("asin", x, target=target), np.array([math.pi / 2, -math.pi / 2, 0], dtype))
    np.testing.assert_array_equal(compute("acos", x, target=target), np.array([0, math.pi, math.pi / 2], dtype))
    x = np.array([np.inf, -np.inf, 1], dtype)
    expected = np.array([math.pi / 2, -math.pi / 2, math.pi / 4], dtype)
    np.testing.assert_array_equal(compute("atan", x, target=target), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["asin", "acos"])
def test_beyond_one_there_is_no_arc(op, dtype, target, compute):
    beyond = np.nextafter(np.array([1, -1], dtype), np.array([2, -2], dtype))
    assert np.isnan(compute(op, beyond, target=target)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("op", "seams"),
    [("asin", [0.5, 1.0]), ("acos", [0.5, 1.0]), ("atan", [math.tan(math.pi / 8), math.tan(3 * math.pi / 8)])],
)
def test_nothing_happens_at_the_seams(op, seams, dtype, target, compute, exact, errors):
    x = np.concatenate([seam * (1 - np.geomspace(1e-15, 0.05, 4000)) for seam in seams]).astype(dtype)
    x = np.concatenate([x, -x, 1.03 * x[np.abs(x) < 0.95]])
    assert errors(compute(op, x, target=target), exact(op, x)).max() < 2.5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["asin", "atan"])
def test_they_are_odd_and_near_zero_their_argument(op, dtype, target, compute):
    x = np.array([1e-30, np.finfo(dtype).tiny, 1e-20], dtype)
    assert compute(op, x, target=target).tolist() == x.tolist()
    assert compute(op, -x, target=target).tolist() == (-x).tolist()
