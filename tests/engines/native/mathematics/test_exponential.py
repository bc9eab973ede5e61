"""Exponentials at the ends of their range, and near zero."""

import numpy as np
import pytest

from backlit.engines.native.mathematics.exponential import (
    damped_exponential_minus_one,
    exponential_of_sum,
    half_exponential,
)

DTYPES = ["float32", "float64"]


def around(number: float, dtype: str, steps: int = 20):
    """The floats next to a number, on both sides."""
    middle = np.array(number, dtype)
    pattern = middle.view(f"i{middle.itemsize}") + np.arange(-steps, steps + 1)
    return pattern.astype(f"i{middle.itemsize}").view(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_e_to_the_zero_is_one(dtype, target, compute):
    assert compute("exp", np.array([0.0, -0.0], dtype), target=target).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["exp", "expm1"])
def test_overflow_begins_where_it_must(op, dtype, target, compute):
    x = around(float(np.log(np.longdouble(np.finfo(dtype).max))), dtype)
    with np.errstate(over="ignore"):
        expected = np.isinf(np.exp(x))
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(np.isinf(compute(op, x, target=target)), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_are_kept_down_to_the_smallest_normal_one_and_then_are_zero(dtype, target, compute):
    edge = float(np.log(np.finfo(dtype).tiny))
    got = compute("exp", np.array([edge * (1 - 1e-5), edge * (1 + 1e-5), 2 * edge], dtype), target=target, flush=False)
    assert got[0] >= np.finfo(dtype).tiny
    assert got[1:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_near_zero_the_exponential_minus_one_is_its_argument(dtype, target, compute):
    x = np.array([1e-30, -1e-30, np.finfo(dtype).tiny, -np.finfo(dtype).tiny, -0.0], dtype)
    got = compute("expm1", x, target=target)
    assert got.tolist() == x.tolist()
    assert np.signbit(got[-1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_exponential_minus_one_never_falls_below_minus_one(dtype, target, compute):
    got = compute("expm1", -np.geomspace(1, 1e30, 1000).astype(dtype), target=target)
    assert got.min() == -1.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_sigmoid_stays_between_zero_and_one(dtype, target, compute):
    x = np.linspace(-1000, 1000, 10001).astype(dtype)
    got = compute("sigmoid", x, target=target)
    assert (got.min(), got.max()) == (0.0, 1.0)
    np.testing.assert_allclose(got + compute("sigmoid", -x, target=target), 1.0, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_half_the_exponential_overflows_later(dtype, target, compute):
    edge = float(np.log(np.longdouble(np.finfo(dtype).max)))
    x = np.array([edge + 0.5, edge + 0.75], dtype)
    got = compute(half_exponential, x, target=target)
    assert np.isfinite(got[0])
    assert np.isinf(got[1])
    np.testing.assert_allclose(got[0], np.exp(x[0].astype(np.longdouble) - np.log(np.longdouble(2))), rtol=1e-6)


def test_the_rest_of_a_sum_counts(target, compute, errors):
    if np.finfo(np.longdouble).nmant < 63:
        pytest.skip("this machine has no longer floats to compare with")
    generator = np.random.default_rng(0)
    x = generator.uniform(-700, 700, 20000)
    rest = x * generator.uniform(-1, 1, x.size) * 2.0**-53
    expected = np.exp(x.astype(np.longdouble) + rest)
    found = errors(compute(exponential_of_sum, x, rest, target=target), expected)
    assert found.max() < 2
    assert errors(np.exp(x), expected).max() > 100  # without the rest


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_damped_form_is_close_where_it_counts(dtype, target, compute, exact, errors):
    x = np.random.default_rng(0).uniform(-1, 1, 50000).astype(dtype)
    assert errors(compute(damped_exponential_minus_one, x, target=target), exact("expm1", x)).max() < 2.5
