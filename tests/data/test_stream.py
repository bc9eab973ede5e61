"""Streams: batches from anything that can be gone through again."""

from functools import partial

import numpy as np
import pytest

from backlit.data import Dataset, Stream
from backlit.errors import ArgumentError, DataError


def batch(start, rows=3):
    inputs = np.arange(start, start + rows, dtype=np.float32)[:, None]
    return inputs, inputs[:, 0] * 2


def read():
    yield batch(0)
    yield batch(3)
    yield batch(6, rows=1)


def read_epoch(epoch):
    yield batch(100 * epoch)


def first_values(batches):
    return [float(parts[0][0, 0]) for parts in batches]


@pytest.mark.parametrize("source", [read, list(read()), tuple(read()), partial(read)])
def test_a_source_that_can_be_gone_through_again_gives_every_epoch(source):
    stream = Stream(source)
    for epoch in range(3):
        assert first_values(stream.batches(epoch=epoch)) == [0.0, 3.0, 6.0]


@pytest.mark.parametrize("source", [read_epoch, lambda number: [batch(100 * number)], partial(read_epoch)])
def test_a_function_is_given_the_number_of_the_epoch(source):
    stream = Stream(source)
    assert [first_values(stream.batches(epoch=epoch)) for epoch in (0, 2)] == [[0.0], [200.0]]


def test_a_data_set_in_batches_is_a_source():
    data = Dataset(np.arange(6.0)[:, None])
    stream = Stream(lambda epoch: data.batches(2, shuffle=True, epoch=epoch))
    for epoch in range(2):
        expected = [inputs.tolist() for (inputs,) in data.batches(2, shuffle=True, epoch=epoch)]
        assert [inputs.tolist() for (inputs,) in stream.batches(epoch=epoch)] == expected


def test_a_generator_gives_one_epoch_and_then_says_what_to_write():
    stream = Stream(read())
    assert len(list(stream.batches())) == 3
    with pytest.raises(DataError, match="comes from a generator, gone through in an earlier epoch") as caught:
        list(stream.batches(epoch=1))
    assert "Stream(read) and not Stream(read())" in caught.value.instead


def test_an_epoch_is_resumed_at_any_batch():
    stream = Stream(read)
    whole = first_values(stream.batches())
    for start in range(4):
        assert first_values(stream.batches(start=start)) == whole[start:]


def test_an_array_by_itself_is_the_inputs():
    assert [[part.shape for part in parts] for parts in Stream([np.zeros((2, 3))]).batches()] == [[(2, 3)]]


def test_batches_are_contiguous():
    (parts,) = Stream([(np.asfortranarray(np.ones((3, 2))), np.zeros(6)[::2])]).batches()
    assert all(part.flags.c_contiguous for part in parts)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ((np.zeros((3, 2)), np.zeros(3)), r"its rows are inputs \(2,\) float64, .* first batch inputs \(1,\) float32"),
        ((np.zeros((3, 1)), np.zeros(3)), r"its rows are inputs \(1,\) float64"),
        ((np.zeros((3, 1), np.float32),), r"its rows are inputs \(1,\) float32, and"),
        ((np.zeros((3, 1)), np.zeros(2)), "the data set has 3 rows of inputs, 2 rows of targets"),
        ((np.array([[np.nan]]), np.zeros(1)), "the inputs hold nan in row 0, column 0"),
        ((np.zeros((3, 1)), np.zeros(3), -np.ones(3)), "the weight of row 0 is -1"),
        ((np.zeros((0, 1)), np.zeros(0)), "the inputs are empty"),
        ((1, 2, 3, 4), "it is a tuple of 4 parts"),
        ((), "it is a tuple of 0 parts"),
        ({"x": np.zeros(3)}, "it is a dict of 1 parts"),
        ("text", "the inputs are of type str"),
    ],
)
def test_a_batch_that_is_none_is_named_by_its_number(second, message):
    batches = iter(Stream([batch(0), second], name="sensor").batches(epoch=5))
    next(batches)
    with pytest.raises(DataError, match=f"batch 1 of sensor in epoch 5: {message}") as caught:
        next(batches)
    assert caught.value.instead


def test_labels_are_checked_where_there_are_classes():
    stream = Stream([(np.zeros((2, 1)), np.array([0, 7]))], classes=["a", "b"])
    with pytest.raises(DataError, match="batch 0 of stream in epoch 0: the label in row 1 is 7"):
        list(stream.batches())


@pytest.mark.parametrize("source", [[], lambda: iter(())])
def test_a_stream_without_batches_is_refused(source):
    with pytest.raises(DataError, match="stream gave no batch in epoch 0"):
        list(Stream(source).batches())


@pytest.mark.parametrize("source", [3, None, "text", np.zeros((3, 2)), {"a": 1}])
def test_what_holds_no_batches_is_refused(source):
    with pytest.raises(ArgumentError, match="the source of stream is of type"):
        Stream(source)


def test_a_function_that_needs_more_is_refused():
    with pytest.raises(ArgumentError, match=r"a function with the parameters \(path, seed\)"):
        list(Stream(lambda path, seed: []).batches())


def test_a_function_that_returns_no_batches_is_refused():
    with pytest.raises(ArgumentError, match="returned an object of type NoneType"):
        list(Stream(lambda: None).batches())


def test_an_error_in_the_source_is_not_taken_for_a_wrong_signature():
    def failing():
        raise TypeError("inside")
        yield

    with pytest.raises(TypeError, match="inside"):
        list(Stream(failing).batches())


@pytest.mark.parametrize("setting", [{"epoch": -1}, {"start": 0.5}])
def test_a_setting_that_counts_is_a_whole_number(setting):
    with pytest.raises(ArgumentError):
        Stream(read).batches(**setting)


def test_it_prints_where_it_reads_from():
    assert repr(Stream([], name="sensor")) == "Stream 'sensor' of batches from list"
