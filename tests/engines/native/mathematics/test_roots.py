"""Square roots: within a unit in the last place of the true ones, and exact at both ends and for special numbers."""

import numpy as np
import pytest

from backlit.engines.native.mathematics.roots import square_root


@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_a_root_is_within_a_unit_in_the_last_place(lanes, target, compute):
    x = np.exp2(np.random.default_rng(lanes).uniform(-126, 128, 4800)).astype("float32")
    want = np.sqrt(x.astype("float64"))
    error = np.abs(compute(square_root, x, lanes=lanes, target=target) - want) / np.spacing(want.astype("float32"))
    assert error.max() <= 1.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [1, 16])
def test_special_numbers_have_the_roots_of_the_standard(lanes, dtype, target, compute):
    info = np.finfo(dtype)
    x = np.array([0.0, -0.0, np.inf, 1.0, 4.0, info.tiny, info.max, -1.0, -np.inf, np.nan, -info.tiny, 9.0] * 4, dtype)
    got = compute(square_root, x, lanes=lanes, target=target)
    with np.errstate(invalid="ignore"):
        want = np.sqrt(x)
    np.testing.assert_allclose(got, want, rtol=info.eps)
    np.testing.assert_array_equal(np.signbit(got[want == 0]), np.signbit(want[want == 0]))
