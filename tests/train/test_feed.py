"""Feeds: whatever one trains on becomes epochs of batches in the model's data types."""

import numpy as np
import pytest

from backlit.data import Dataset, Stream
from backlit.errors import ArgumentError, DataError
from backlit.train.feed import as_feed, fitted

FLOAT32 = np.dtype(np.float32)
INPUTS, LABELS = np.arange(20.0).reshape(10, 2), np.arange(10)


def rows(feed, number=0, start=0):
    return [batch[1].tolist() for batch in feed.epoch(number, start)]


def test_arrays_and_data_sets_are_cut_into_batches():
    for data in ((INPUTS, LABELS), (INPUTS.tolist(), LABELS.tolist()), Dataset(INPUTS, LABELS)):
        feed = as_feed(data, 4, shuffle=False, seed=0)
        assert (feed.rows, feed.batches, feed.batch_size) == (10, 3, 4)
        assert rows(feed) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert rows(feed, start=1) == [[4, 5, 6, 7], [8, 9]]


def test_weights_come_along():
    feed = as_feed((INPUTS, LABELS, np.linspace(0, 1, 10)), 10, shuffle=False, seed=0)
    ((_, _, weights),) = feed.epoch(0)
    assert weights.tolist() == np.linspace(0, 1, 10).tolist()


def test_the_order_follows_from_seed_and_epoch():
    first, again = (as_feed((INPUTS, LABELS), 10, shuffle=True, seed=1) for _ in range(2))
    other = as_feed((INPUTS, LABELS), 10, shuffle=True, seed=2)
    assert rows(first, 0) == rows(again, 0)
    assert rows(first, 0) != rows(first, 1)
    assert rows(first, 0) != rows(other, 0)
    assert sorted(rows(first, 0)[0]) == list(range(10))


def test_batches_from_elsewhere():
    batches = [(INPUTS[:3], LABELS[:3]), (INPUTS[3:], LABELS[3:])]
    for data in (batches, Stream(batches), Stream(lambda epoch: iter(batches)), lambda: iter(batches)):
        feed = as_feed(data, 4, shuffle=True, seed=0)
        assert feed.rows is None
        assert rows(feed) == rows(feed) == [[0, 1, 2], [3, 4, 5, 6, 7, 8, 9]]
        assert rows(feed, start=1) == [[3, 4, 5, 6, 7, 8, 9]]


def test_a_batch_larger_than_the_data():
    with pytest.raises(ArgumentError, match="batch size is 11, and data has 10 rows"):
        as_feed((INPUTS, LABELS), 11, shuffle=False, seed=0)
    assert as_feed((INPUTS, LABELS), 11, shuffle=False, seed=0, at_most=True).batch_size == 10


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((INPUTS[:0], LABELS[:0]), "are empty"),
        ([], "an empty list"),
        ((INPUTS, LABELS[:5]), "10 rows of inputs, 5 rows of targets"),
        ((np.array([[np.nan]]), [1]), "hold nan"),
        (([[1.0]], [np.inf]), "hold inf"),
        ((INPUTS,), "a tuple of 1 parts"),
        (INPUTS, "one array of shape"),
        (Dataset(INPUTS), "has no targets"),
        ((batch for batch in [(INPUTS, LABELS)]), "gone through once"),
    ],
)
def test_data_that_cannot_be_learned_from(data, message):
    with pytest.raises(DataError, match=message):
        as_feed(data, 1, shuffle=False, seed=0)


@pytest.mark.parametrize("data", [3, None, {"inputs": INPUTS}])
def test_what_is_no_data(data):
    with pytest.raises(ArgumentError, match="is of type"):
        as_feed(data, 1, shuffle=False, seed=0)
    with pytest.raises(ArgumentError, match="shuffle is"):
        as_feed((INPUTS, LABELS), 1, shuffle="yes", seed=0)


@pytest.mark.parametrize(
    ("inputs", "targets", "expected"),
    [
        (np.float64, np.float64, ("float32", "float32")),
        (np.uint8, np.uint8, ("float32", "int64")),
        (np.int32, np.int32, ("int64", "int64")),
        (bool, bool, ("float32", "float32")),
        (np.float16, np.int8, ("float32", "int64")),
    ],
)
def test_data_types(inputs, targets, expected):
    batch = fitted((np.ones((2, 3), inputs), np.ones(2, targets), np.ones(2, np.int64)), FLOAT32)
    assert tuple(part.dtype.name for part in batch) == (*expected, "float32")


def test_what_fits_is_not_copied_unless_asked():
    batch = (np.ones((2, 3), np.float32), np.ones(2, np.int64))
    assert all(part is given for part, given in zip(fitted(batch, FLOAT32), batch, strict=True))
    assert not any(np.shares_memory(*pair) for pair in zip(fitted(batch, FLOAT32, copy=True), batch, strict=True))


def test_a_number_too_large_for_the_model():
    with pytest.raises(DataError, match=r"reach up to 1e\+300, which float32 cannot hold"):
        fitted((np.array([[1e300]]), np.array([0])), FLOAT32)
    with pytest.raises(DataError, match="no targets"):
        fitted((np.ones((1, 1)),), FLOAT32)
