"""The NumPy rules beside what conformance asks of them: sums that keep their digits, complex numbers that pass."""

import numpy as np
import pytest

from backlit.engines.reference import NUMPY_RULES
from backlit.errors import IndexRangeError


@pytest.mark.parametrize("count", [10, 128, 129, 1000, 1024, 100_000])
def test_sums_of_float32_keep_six_digits_at_every_length(count):
    x = np.full((count, 3), 0.1, dtype="float32")
    for axes, want in (((0,), count * 0.1), ((0, 1), count * 0.3)):
        total = NUMPY_RULES["sum"](x, axes=axes)
        assert total.dtype == "float32"
        np.testing.assert_allclose(total, want, rtol=1e-6)


def test_sums_keep_the_width_of_integers():
    x = np.full((3,), 200, dtype="uint8")
    assert NUMPY_RULES["sum"](x, axes=(0,)).dtype == "uint8"
    assert NUMPY_RULES["cumulative_sum"](x, axis=0).dtype == "uint8"


STEP = 1e-30j


@pytest.mark.parametrize(
    ("name", "arguments", "slope"),
    [
        ("abs", (-2.0 + STEP,), -1.0),
        ("abs", (2.0 + STEP,), 1.0),
        ("relu", (-1.0 + STEP,), 0.0),
        ("relu", (1.0 + STEP,), 1.0),
        ("maximum", (1.0 + STEP, 2.0), 0.0),
        ("maximum", (3.0 + STEP, 2.0), 1.0),
        ("minimum", (1.0 + STEP, 2.0), 1.0),
        ("clip", (0.5 + STEP, 0.0, 1.0), 1.0),
        ("clip", (1.5 + STEP, 0.0, 1.0), 0.0),
        ("clip", (-1.0, 0.0 + STEP, 1.0), 1.0),
        ("sign", (0.5 + STEP,), 0.0),
        ("floor", (0.5 + STEP,), 0.0),
        ("erf", (0.0 + STEP,), 2 / np.sqrt(np.pi)),
        ("logaddexp", (1e4 + STEP, 0.0), 1.0),
        ("sigmoid", (0.0 + STEP,), 0.25),
    ],
)
def test_functions_in_pieces_let_a_complex_step_through(name, arguments, slope):
    got = NUMPY_RULES[name](*map(np.asarray, arguments))
    assert float(np.imag(got)) / 1e-30 == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize(("name", "row"), [("max", 2), ("min", 0)])
def test_the_extreme_of_complex_numbers_is_that_of_their_real_parts(name, row):
    x = np.array([[1.0, 5.0, 3.0], [2.0, 9.0, -4.0], [7.0, 0.0, 8.0]]) + STEP * np.arange(9).reshape(3, 3)
    got = NUMPY_RULES[name](x, axes=(0,))
    best = np.argmax(x.real, axis=0) if name == "max" else np.argmin(x.real, axis=0)
    np.testing.assert_array_equal(got, x[best, np.arange(3)])
    assert best[0] == row


def test_a_complex_step_stops_at_whole_numbers():
    half = NUMPY_RULES["floor"](np.asarray(1.5 + STEP))
    assert not np.iscomplexobj(half)


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_a_cast_to_whole_numbers_has_no_slope(dtype):
    got = NUMPY_RULES["cast"](np.asarray(1.5 + STEP), dtype=dtype)
    assert got.dtype == dtype


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_out_of_range_is_named(index):
    with pytest.raises(IndexRangeError, match=f"index {index} is out of range"):
        NUMPY_RULES["take"](np.zeros(3), np.array([0, index]), axis=0)


def test_no_index_is_out_of_range_where_there_is_none():
    assert NUMPY_RULES["take"](np.zeros((0, 2)), np.array([], dtype="int64"), axis=0).shape == (0, 2)
