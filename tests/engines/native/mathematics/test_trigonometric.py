"""Sine, cosine and tangent beside the multiples of a right angle, and of numbers too large for their own method."""

import numpy as np
import pytest

from backlit.engines.native.mathematics.trigonometric import sine

OPS = ["cos", "sin", "tan"]
HUGE = [1e6, 1.0000001e6, 1e7, 1e15, 1e22, 5e255, 1.7976931348623157e308]


@pytest.mark.parametrize("op", OPS)
def test_all_digits_are_right_beside_multiples_of_a_right_angle(op, target, compute, exact, errors):
    multiples = np.unique(np.concatenate([np.arange(1, 3000), np.geomspace(3000, 636000, 3000).astype(int)]))
    x = (multiples * (np.longdouble(np.pi) + np.longdouble(1.2246467991473532e-16)) / 2).astype(np.float64)
    found = errors(compute(op, x, target=target), exact(op, x))
    assert found.max() < 3 if op == "tan" else found.max() < 1


@pytest.mark.parametrize("op", OPS)
def test_huge_arguments_are_reduced_rightly(op, target, compute, exact, errors):
    x = np.array([*HUGE, *(-value for value in HUGE)])
    assert errors(compute(op, x, target=target), exact(op, x)).max() < 2


@pytest.mark.parametrize("op", OPS)
def test_huge_float32_arguments_too(op, target, compute, exact, errors):
    x = np.geomspace(1e5, 3e38, 3000).astype(np.float32)
    assert errors(compute(op, x, target=target), exact(op, x)).max() < 1


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_huge_neighbour_changes_nothing(op, dtype, target, compute):
    x = np.linspace(-100, 100, 1600).astype(dtype)
    alone = compute(op, x, target=target)
    x[5::16] = 1e20
    beside = compute(op, x, target=target)
    kept = x != 1e20
    kept[5::16] = False
    np.testing.assert_array_equal(beside[kept], alone[kept])


@pytest.mark.parametrize("huge", [False, True])
@pytest.mark.parametrize("lanes", [1, 8])
def test_an_argument_that_no_loop_changes_may_be_used_within_one(lanes, huge, compute):
    def sine_of_the_first(body, x):
        first = body.load(body.parameter("x"), x.type)
        return body.splat(sine(body, first), lanes)

    x = np.full(32, 1e10 if huge else 0.5)
    x[1:] = 7.0
    np.testing.assert_allclose(compute(sine_of_the_first, x, lanes=lanes), np.sin(x[0]), rtol=1e-15)
