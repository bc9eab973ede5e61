"""Hyperbolic functions: their symmetries and the ends of their range."""

import numpy as np
import pytest

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("op", "sign"), [("tanh", -1), ("sinh", -1), ("cosh", 1)])
def test_the_symmetry_is_exact(op, sign, dtype, target, compute):
    x = np.geomspace(1e-30, 100, 5000).astype(dtype)
    positive, negative = compute(op, x, target=target), compute(op, -x, target=target)
    np.testing.assert_array_equal(positive, sign * negative)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_tangent_reaches_one_and_never_exceeds_it(dtype, target, compute):
    x = np.linspace(0, 40, 100001).astype(dtype)
    got = compute("tanh", x, target=target)
    assert got.max() == got[-1] == 1.0
    assert (np.diff(got) >= -4 * np.finfo(dtype).eps).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["sinh", "cosh"])
def test_overflow_begins_where_it_must(op, dtype, target, compute):
    edge = float(np.log(np.longdouble(np.finfo(dtype).max)) + np.log(np.longdouble(2)))
    x = np.array([edge * (1 - 1e-6), edge * (1 + 1e-6), -edge * (1 + 1e-6)], dtype)
    got = compute(op, x, target=target)
    assert np.isfinite(got[0])
    assert got[1:].tolist() == [np.inf, np.inf if op == "cosh" else -np.inf]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_two_methods_for_the_sine_meet(dtype, target, compute, exact, errors):
    x = np.linspace(0.9, 1.1, 20001).astype(dtype)
    assert errors(compute("sinh", x, target=target), exact("sinh", x)).max() < 2.5
