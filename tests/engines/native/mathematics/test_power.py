"""Powers: whole exponents, roots, and exponents that magnify the error of a logarithm."""

import numpy as np
import pytest

from backlit.engines.native.mathematics import ERROR_BOUNDS

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("exponent", [-3, -2, -1, 1, 2, 3, 5])
def test_whole_powers_of_small_numbers_are_exact_in_float32(exponent, target, compute):
    x = np.arange(-24, 25).astype(np.float32)
    x = x[x != 0]
    expected = (x.astype(np.float64) ** exponent).astype(np.float32)
    np.testing.assert_array_equal(compute("pow", x, np.float32(exponent), target=target), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_power_of_a_half_is_the_root(dtype, target, compute, errors):
    x = np.geomspace(1e-30, 1e30, 10000).astype(dtype)
    found = errors(compute("pow", x, np.array(0.5, dtype), target=target), np.sqrt(x.astype(np.longdouble)))
    assert found.max() <= ERROR_BOUNDS["pow"][dtype]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_sign_of_a_power_is_that_of_an_odd_exponent(dtype, target, compute):
    largest_odd = 2.0 ** (np.finfo(dtype).nmant + 1) - 1
    y = np.array([largest_odd, largest_odd + 1, 2 * largest_odd, 1e30, -largest_odd, 3.0, 4.0], dtype)
    got = compute("pow", np.full(y.size, -1.0, dtype), y, target=target)
    assert got.tolist() == [-1, 1, 1, 1, -1, -1, 1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_broken_power_of_a_negative_number_is_not_a_number(dtype, target, compute):
    y = np.array([0.5, -1.5, 1e-10, 2.25], dtype)
    assert np.isnan(compute("pow", np.full(y.size, -2.0, dtype), y, target=target)).all()


def test_numbers_beside_one_may_have_enormous_exponents(target, compute, exact, errors):
    generator = np.random.default_rng(0)
    x = 1 + generator.integers(-4000, 4000, 20000) * 2.0**-52
    x = x[x != 1]
    y = generator.uniform(-700, 700, x.size) / np.log(x)
    assert errors(compute("pow", x, y, target=target), exact("pow", x, y)).max() < 2.5


@pytest.mark.parametrize("dtype", DTYPES)
def test_too_large_is_infinite_and_too_small_is_zero(dtype, target, compute):
    largest = np.finfo(dtype).max
    x = np.array([10, 0.1, 10, 0.1, largest, largest, 1.5, 0.5], dtype)
    y = np.array([400, 400, -400, -400, 1e30, -1e30, largest, largest], dtype)
    got = compute("pow", x, y, target=target)
    assert got.tolist() == [np.inf, 0, 0, np.inf, np.inf, 0, np.inf, 0]
