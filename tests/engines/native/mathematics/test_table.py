"""All functions: how far they are from the exact result, and what they make of special numbers."""

import numpy as np
import pytest

from backlit.engines.native.jit import object_code
from backlit.engines.native.mathematics import ERROR_BOUNDS, MATHEMATICS
from backlit.engines.native.target import named_target
from backlit.engines.reference.rules import NUMPY_RULES

DTYPES = ["float32", "float64"]
TWO = ["logaddexp", "pow"]
ONE = sorted(set(MATHEMATICS) - set(TWO))
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 10.0, -10.0, 1e30, -1e30, np.inf, -np.inf, np.nan]


def spread(dtype: str, count: int = 200_000):
    """Numbers of every size, and many of the sizes at which something happens."""
    limits, generator = np.finfo(dtype), np.random.default_rng(0)
    exponents = [generator.uniform(limits.minexp, limits.maxexp, count // 2), generator.uniform(-12, 10, count // 2)]
    sizes = np.exp2(np.concatenate(exponents).astype(np.longdouble)).astype(dtype)
    return sizes * generator.choice([-1, 1], sizes.size).astype(dtype)


def pairs(op: str, dtype: str, count: int = 100_000):
    """Arguments for which the result is a number: for powers, of every size."""
    limits, generator = np.finfo(dtype), np.random.default_rng(1)
    if op == "logaddexp":
        return [generator.uniform(-40, 40, count).astype(dtype) for _ in range(2)]
    x = np.concatenate([np.abs(spread(dtype, count)), generator.uniform(0.5, 2, count).astype(dtype)])
    exponents = generator.uniform(limits.minexp, limits.maxexp, x.size)
    with np.errstate(divide="ignore", over="ignore"):
        y = (exponents / np.log2(x.astype(np.longdouble))).astype(dtype)
    kept = np.isfinite(y) & (y != 0)
    return [x[kept], y[kept]]


def same(got, expected) -> bool:
    return bool(got == expected and np.signbit(got) == np.signbit(expected)) or bool(
        np.isnan(got) and np.isnan(expected)
    )


def differing(op: str, got, expected, *arguments) -> list:
    """Where results that should be special numbers, or zero, are not; ordinary ones are measured elsewhere."""
    wrong = []
    for values in zip(got.ravel(), expected.ravel(), *(argument.ravel() for argument in arguments), strict=True):
        mine, right, *where = values
        limits = np.finfo(right.dtype)
        ordinary = limits.tiny <= abs(right) <= limits.max
        close = abs(mine - right) <= 8 * limits.eps * abs(right) if ordinary else same(mine, right)
        vanished = 0 < abs(right) < limits.tiny and abs(mine) < limits.tiny
        if not (close or vanished):
            wrong.append((op, [float(x) for x in where], float(mine), float(right)))
    return wrong


def test_both_tables_have_the_same_ops():
    assert set(MATHEMATICS) == set(ERROR_BOUNDS)
    assert all(set(bounds) == set(DTYPES) for bounds in ERROR_BOUNDS.values())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ONE)
def test_errors_stay_below_the_bound(op, dtype, target, compute, exact, errors):
    x = spread(dtype)
    expected = exact(op, x)
    found = errors(compute(op, x, target=target), expected)
    worst = np.argmax(np.where(np.isnan(found), np.inf, found))
    assert found[worst] <= ERROR_BOUNDS[op][dtype], (x[worst], expected[worst])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", TWO)
def test_errors_of_functions_of_two_numbers_stay_below_the_bound(op, dtype, target, compute, exact, errors):
    x, y = pairs(op, dtype)
    expected = exact(op, x, y)
    larger = np.abs(np.maximum(x, y)) if op == "logaddexp" else 0.0
    found = errors(compute(op, x, y, target=target), expected, larger)
    worst = np.argmax(np.where(np.isnan(found), np.inf, found))
    assert found[worst] <= ERROR_BOUNDS[op][dtype], (x[worst], y[worst], expected[worst])


@pytest.mark.parametrize("flush", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ONE)
def test_special_numbers_are_treated_as_by_numpy(op, dtype, flush, target, compute):
    x = np.array([*SPECIAL, np.finfo(dtype).max, -np.finfo(dtype).max], dtype)
    with np.errstate(all="ignore"):
        expected = NUMPY_RULES[op](x)
    assert not differing(op, compute(op, x, target=target, flush=flush), expected, x)


@pytest.mark.parametrize("flush", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", TWO)
def test_pairs_of_special_numbers_are_treated_as_by_numpy(op, dtype, flush, target, compute):
    x, y = np.meshgrid(*[np.array([*SPECIAL, np.finfo(dtype).max], dtype)] * 2)
    with np.errstate(all="ignore"):
        expected = NUMPY_RULES[op](x, y)
    assert not differing(op, compute(op, x, y, target=target, flush=flush), expected, x, y)


@pytest.mark.parametrize("flush", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ONE)
def test_a_denormal_number_counts_as_itself_or_as_zero(op, dtype, flush, target, compute):
    x = np.array([1, -1, 0.5, -0.25], dtype) * np.finfo(dtype).smallest_subnormal * 1024
    with np.errstate(all="ignore"):
        allowed = [NUMPY_RULES[op](x), NUMPY_RULES[op](np.zeros_like(x))]
        got = compute(op, x, target=target, flush=flush)
        if op == "log":  # a negative one is still negative where it is not flushed
            allowed.append(np.where(x < 0, np.nan, -np.inf).astype(dtype))
        tiny = np.finfo(dtype).tiny
        right = [np.isclose(got, values, rtol=8 * np.finfo(dtype).eps, atol=tiny, equal_nan=True) for values in allowed]
    assert np.logical_or.reduce(right).all(), got


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", sorted(MATHEMATICS))
def test_the_number_of_lanes_changes_no_bit(op, dtype, lanes, compute):
    arguments = [spread(dtype, 2000), spread(dtype, 2000)[::-1].copy()][: 2 if op in TWO else 1]
    arguments[0][: len(SPECIAL)] = SPECIAL
    got, expected = (compute(op, *arguments, lanes=width) for width in (lanes, 16))
    np.testing.assert_array_equal(got.view(f"u{got.itemsize}"), expected.view(f"u{got.itemsize}"))


@pytest.mark.parametrize("machine", ["x86-64-v3", "x86-64-v4", "aarch64"])
@pytest.mark.parametrize("op", sorted(MATHEMATICS))
def test_each_can_be_compiled_for_any_machine(op, machine, written):
    target = named_target(machine)
    for dtype, size in (("float32", 4), ("float64", 8)):
        text = written(MATHEMATICS[op], dtype, target.lanes(size), target, 2 if op in TWO else 1)
        assert len(object_code(text, target)) > 500
