"""Features: histograms and squares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.data import Dataset, Histogram, QuadraticFeatures, digits
from backlit.errors import ArgumentError, DataError


@given(st.integers(1, 20), st.integers(0, 1000), st.sampled_from([(0.0, 1.0), (-1.0, 0.5), (0.25, 3.0)]))
def test_a_histogram_counts_as_numpy_does(bins, seed, limits):
    rows = np.random.default_rng(seed).normal(0.5, 0.5, (4, 30))
    rows[0, :2] = limits  # both ends belong to the range
    expected = [np.histogram(row, bins, limits)[0] / 30 for row in rows]
    assert Histogram(bins, *limits)(rows) == pytest.approx(np.array(expected))


def test_the_values_of_a_picture_are_counted_together():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    shares = Histogram(bins=4, low=0, high=255)(pictures)
    assert shares.shape == (3, 4)
    assert shares.dtype == np.float32
    assert shares.sum(axis=1) == pytest.approx(np.ones(3))


def test_values_outside_the_range_fall_into_no_bin():
    assert Histogram(bins=1)(np.array([[-1.0, 0.5, 2.0, np.nan]])).tolist() == [[0.25]]


def test_a_histogram_replaces_the_pixels_of_a_data_set():
    train, _ = digits()
    data = train.map(Histogram(bins=8))
    assert data.input_shape == (8,)
    assert data.input_dtype == np.float32


@pytest.mark.parametrize("settings", [{"bins": 0}, {"bins": 2.5}, {"low": 1.0}, {"high": np.nan}, {"bins": True}])
def test_a_histogram_that_cannot_be_is_refused(settings):
    with pytest.raises(ArgumentError, match="Histogram is to"):
        Histogram(**settings)


def test_a_row_without_values_has_no_histogram():
    with pytest.raises(DataError, match="Histogram was given rows of shape"):
        Histogram()(np.zeros((3, 0)))


def test_squares_stand_behind_the_inputs():
    data = Dataset(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), transform=QuadraticFeatures())
    (batch,) = next(iter(data.batches(2)))
    assert batch.tolist() == [[1.0, 2.0, 1.0, 4.0], [3.0, 4.0, 9.0, 16.0]]
    assert batch.dtype == np.float32


@pytest.mark.parametrize("inputs", [np.zeros(3), np.zeros((3, 2, 2)), np.zeros((3, 2), int)])
def test_squares_are_taken_of_a_table_of_floating_numbers(inputs):
    with pytest.raises(DataError, match="QuadraticFeatures was given an array of shape"):
        QuadraticFeatures()(inputs)
