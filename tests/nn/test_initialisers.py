"""Initialisers: the spread that their formulas promise, in the precision that is set."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, ShapeError
from backlit.nn.initialisers import fans

SHAPE = (300, 500)
SPREADS = [
    (bl.nn.HeNormal(), math.sqrt(2 / 300)),
    (bl.nn.HeNormal(slope=1.0), math.sqrt(1 / 300)),
    (bl.nn.HeUniform(), math.sqrt(2 / 300)),
    (bl.nn.GlorotNormal(), math.sqrt(2 / 800)),
    (bl.nn.GlorotUniform(), math.sqrt(2 / 800)),
    (bl.nn.LeCunNormal(), math.sqrt(1 / 300)),
    (bl.nn.LeCunUniform(), math.sqrt(1 / 300)),
    (bl.nn.Normal(std=0.3), 0.3),
    (bl.nn.Uniform(-0.6, 0.6), 0.6 / math.sqrt(3)),
]
LIMITS = [
    (bl.nn.HeUniform(), math.sqrt(6 / 300)),
    (bl.nn.HeUniform(slope=2.0), math.sqrt(6 / 1500)),
    (bl.nn.GlorotUniform(), math.sqrt(6 / 800)),
    (bl.nn.LeCunUniform(), math.sqrt(3 / 300)),
    (bl.nn.Uniform(-0.6, 0.6), 0.6),
]


@pytest.mark.parametrize(("initialiser", "spread"), SPREADS, ids=lambda x: repr(x) if callable(x) else "")
def test_the_spread_is_that_of_the_formula(initialiser, spread):
    value = initialiser(SHAPE, np.random.default_rng(0))
    assert value.std() == pytest.approx(spread, rel=0.01)
    assert abs(value.mean()) < 5 * spread / math.sqrt(value.size)


@pytest.mark.parametrize(("initialiser", "limit"), LIMITS, ids=lambda x: repr(x) if callable(x) else "")
def test_uniform_values_fill_their_bounds(initialiser, limit):
    value = initialiser(SHAPE, np.random.default_rng(0))
    assert limit * 0.999 < value.max() <= limit * (1 + 1e-6)
    assert -limit * 0.999 > value.min() >= -limit * (1 + 1e-6)


def test_a_kernel_counts_its_field_into_both_fans():
    assert fans((5, 5, 3, 8)) == (75, 200)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (2, 3, 4)])
def test_orthogonal_rows_or_columns(shape):
    with bl.precision("float64"):
        w = bl.nn.Orthogonal(gain=2.0)(shape, np.random.default_rng(1)).reshape(-1, shape[-1])
    small = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    assert np.allclose(small, 4.0 * np.eye(len(small)), atol=1e-12)


def test_orthogonal_signs_are_uniform():
    # Without the correction of the signs, the QR of NumPy gives a first element that is always negative.
    draws = [bl.nn.Orthogonal()((2, 2), np.random.default_rng(seed))[0, 0] for seed in range(200)]
    assert 70 < sum(draw > 0 for draw in draws) < 130


def test_fixed_values():
    rng = np.random.default_rng(0)
    assert bl.nn.Zeros()((2, 2), rng).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert bl.nn.Ones()((2,), rng).tolist() == [1.0, 1.0]
    assert bl.nn.Constant(0.5)((), rng).tolist() == 0.5


@pytest.mark.parametrize("initialiser", [each for each, _ in SPREADS] + [bl.nn.Orthogonal(), bl.nn.Constant(1 / 3)])
def test_a_float32_model_starts_at_the_rounded_float64_one(initialiser):
    single = initialiser((4, 5), np.random.default_rng(3))
    with bl.precision("float64"):
        double = initialiser((4, 5), np.random.default_rng(3))
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    assert np.array_equal(single, double.astype(np.float32))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32))
def test_equal_generators_give_equal_values_of_the_shape(rows, columns, seed):
    for initialiser, _ in SPREADS:
        one, two = (initialiser((rows, columns), np.random.default_rng(seed)) for _ in range(2))
        assert one.shape == (rows, columns)
        assert np.array_equal(one, two)


@pytest.mark.parametrize("initialiser", [bl.nn.HeNormal(), bl.nn.GlorotUniform(), bl.nn.Orthogonal()])
@pytest.mark.parametrize("shape", [(), (3,), (0, 3)])
def test_a_vector_has_no_fan(initialiser, shape):
    with pytest.raises(ShapeError, match="has no fan"):
        initialiser(shape, np.random.default_rng(0))


@pytest.mark.parametrize(
    "build",
    [
        lambda: bl.nn.Normal(std=-1.0),
        lambda: bl.nn.Normal(mean=np.nan),
        lambda: bl.nn.Uniform(1.0, 0.0),
        lambda: bl.nn.Uniform(high=np.inf),
        lambda: bl.nn.Constant("1"),
        lambda: bl.nn.HeNormal(slope=np.nan),
        lambda: bl.nn.HeUniform(slope=None),
        lambda: bl.nn.Orthogonal(gain=np.inf),
    ],
)
def test_settings_are_checked(build):
    with pytest.raises(ArgumentError, match=r"received"):
        build()
