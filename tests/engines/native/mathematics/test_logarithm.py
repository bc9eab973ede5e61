"""Logarithms near one and at powers of two, and the sum of exponentials."""

import numpy as np
import pytest

from backlit.engines.native.mathematics.logarithm import split_exponent

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_logarithm_of_one_is_zero(dtype, target, compute):
    got = compute("log", np.ones(1, dtype), target=target)
    assert got[0] == 0.0
    assert not np.signbit(got[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_digit_is_lost_near_one(dtype, target, compute, exact, errors):
    x = (1 + np.arange(-5000, 5000) * float(np.finfo(dtype).eps)).astype(dtype)
    assert errors(compute("log", x, target=target), exact("log", x)).max() < 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers_of_two_are_nearly_exact(dtype, target, compute, exact, errors):
    limits = np.finfo(dtype)
    x = np.exp2(np.arange(limits.minexp, limits.maxexp).astype(np.longdouble)).astype(dtype)
    assert errors(compute("log", x, target=target), exact("log", x)).max() < 0.6


@pytest.mark.parametrize("dtype", DTYPES)
def test_near_zero_the_logarithm_of_one_plus_is_its_argument(dtype, target, compute):
    x = np.array([1e-30, -1e-30, np.finfo(dtype).tiny, -np.finfo(dtype).tiny, -0.0], dtype)
    got = compute("log1p", x, target=target)
    assert got.tolist() == x.tolist()
    assert np.signbit(got[-1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_plus_is_right_where_the_sum_has_few_digits(dtype, target, compute, exact, errors):
    eps = float(np.finfo(dtype).eps)
    x = np.concatenate([-1 + np.geomspace(eps, 0.5, 20000), np.geomspace(1, 4 / eps, 20000)]).astype(dtype)
    assert errors(compute("log1p", x, target=target), exact("log1p", x)).max() < 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_exponent_and_mantissa_give_the_number_back(dtype, target, compute):
    limits, generator = np.finfo(dtype), np.random.default_rng(0)
    x = np.exp2(generator.uniform(limits.minexp, limits.maxexp, 10000).astype(np.longdouble)).astype(dtype)
    exponent, mantissa = (
        compute(lambda body, value, part=part: split_exponent(body, value)[part], x, target=target) for part in (0, 1)
    )
    np.testing.assert_array_equal(np.ldexp(mantissa, exponent.astype(int)), x)
    assert mantissa.min() >= np.sqrt(0.5).astype(dtype)
    assert mantissa.max() <= np.sqrt(2.0).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softplus_has_all_its_digits(dtype, target, compute, exact, errors):
    x = np.linspace(-80, 80, 100001).astype(dtype)
    zero = np.zeros_like(x)
    assert errors(compute("logaddexp", x, zero, target=target), exact("logaddexp", x, zero)).max() < 3


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_order_of_the_arguments_does_not_matter(dtype, target, compute):
    generator = np.random.default_rng(0)
    x, y = (generator.normal(0, 20, 5000).astype(dtype) for _ in range(2))
    forth, back = (compute("logaddexp", *pair, target=target) for pair in ([x, y], [y, x]))
    np.testing.assert_array_equal(forth, back)
