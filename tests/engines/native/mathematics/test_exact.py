"""Sums and products without loss, compared with fractions."""

from fractions import Fraction

import numpy as np
import pytest

from backlit.engines.native.mathematics.exact import fast_two_sum, two_product, two_sum


def numbers(dtype: str, seed: int):
    generator = np.random.default_rng(seed)
    return (generator.uniform(-1, 1, 500) * np.exp2(generator.uniform(-20, 20, 500))).astype(dtype)


def parts(compute, function, x, y, target: str):
    return [compute(lambda body, a, b, n=n: function(body, a, b)[n], x, y, target=target, flush=False) for n in (0, 1)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", [two_sum, fast_two_sum, two_product])
def test_both_parts_together_are_exact(function, dtype, target, compute):
    x, y = numbers(dtype, 0), numbers(dtype, 1)
    if function is fast_two_sum:
        x, y = np.where(np.abs(x) >= np.abs(y), x, y), np.where(np.abs(x) >= np.abs(y), y, x)
    rounded, rest = parts(compute, function, x, y, target)
    np.testing.assert_array_equal(rounded, x * y if function is two_product else x + y)
    assert rest.any()
    for a, b, total, lost in zip(x.tolist(), y.tolist(), rounded.tolist(), rest.tolist(), strict=True):
        first, second = Fraction(a), Fraction(b)
        assert Fraction(total) + Fraction(lost) == (first * second if function is two_product else first + second)


def test_zero_may_come_first(target, compute):
    x, y = np.zeros(3), np.array([1.5, -2.0, 1e-300])
    rounded, rest = parts(compute, fast_two_sum, x, y, target)
    assert rounded.tolist() == y.tolist()
    assert rest.tolist() == [0.0, 0.0, 0.0]
