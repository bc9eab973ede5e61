"""Rows of every kind, and the columns that read them."""

import numpy as np
import pytest

from backlit.data.rows import Column, Rows, as_rows, lies_on_disk, row_numbers
from backlit.errors import ArgumentError, DataError, IndexRangeError


@pytest.fixture
def on_disk(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(12.0).reshape(6, 2))
    return np.load(tmp_path / "a.npy", mmap_mode="r")


def test_an_array_is_not_copied():
    array = np.zeros((3, 2))
    assert as_rows(array, "inputs") is array


def test_a_memory_map_stays_one(on_disk):
    assert as_rows(on_disk, "inputs") is on_disk
    assert lies_on_disk(on_disk)
    assert lies_on_disk(on_disk[1:])
    assert lies_on_disk(np.asarray(on_disk))
    assert not lies_on_disk(np.array(on_disk))


@pytest.mark.parametrize("value", [[1, 2], (1.5, 2.5), range(3), [[1, 2], [3, 4]]])
def test_lists_of_numbers_become_arrays(value):
    assert as_rows(value, "inputs").shape == np.asarray(value).shape


def test_arrays_of_other_libraries_become_arrays():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return np.ones((2, 2))

    assert as_rows(Tensor(), "inputs").shape == (2, 2)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1, 2], [3]], "the inputs do not form an array"),
        ([], "the inputs are empty"),
        (np.zeros((0, 3)), r"the inputs are empty: their shape is \(0, 3\)"),
        (np.float64(3.0), "the inputs are a single number"),
        (["a", "b"], "the inputs are of dtype <U1"),
        (np.array([{}, {}]), "the inputs are of dtype object"),
        (None, "the inputs are of type NoneType"),
        ("text", "the inputs are of type str"),
        ((number for number in range(3)), "the inputs are of type generator"),
        ({"a": 1}, "the inputs are of type dict"),
    ],
)
def test_what_is_no_rows_of_numbers_is_refused(value, message):
    with pytest.raises(DataError, match=message):
        as_rows(value, "inputs")


def test_an_object_that_reads_rows_is_taken_as_it_is():
    class Squares:
        shape = (5, 1)
        dtype = np.dtype("float64")

        def __len__(self):
            return 5

        def __getitem__(self, selection):
            return np.arange(5.0)[selection, None] ** 2

    squares = Squares()
    assert isinstance(squares, Rows)
    assert as_rows(squares, "inputs") is squares
    assert lies_on_disk(squares)
    assert Column("inputs", squares).read(np.array([3, 1])).tolist() == [[9.0], [1.0]]


def test_a_slice_of_an_array_is_not_copied_and_cannot_be_written_to():
    array = np.zeros((4, 2))
    batch = Column("inputs", array).read(slice(1, 3))
    assert np.shares_memory(batch, array)
    with pytest.raises(ValueError, match="read-only"):
        batch[0] = 1
    assert array.flags.writeable


def test_a_batch_from_disk_is_an_array_in_memory(on_disk):
    for selection in (slice(1, 3), np.array([2, 1])):
        batch = Column("inputs", on_disk).read(selection)
        assert type(batch) is np.ndarray
        assert not lies_on_disk(batch)
        assert np.array_equal(batch, np.arange(12.0).reshape(6, 2)[selection])


def test_a_batch_is_contiguous_and_in_the_byte_order_of_the_machine():
    array = np.asfortranarray(np.arange(12, dtype=">f4").reshape(4, 3))
    for selection in (slice(0, 2), np.array([3, 0])):
        batch = Column("inputs", array).read(selection)
        assert batch.flags.c_contiguous
        assert batch.dtype == np.float32
        assert batch.dtype.isnative
        assert np.array_equal(batch, array[selection])


def test_a_check_is_given_the_numbers_of_the_rows():
    seen = []
    column = Column("inputs", np.arange(10.0), lambda batch, numbers: seen.append(numbers.tolist()))
    column.read(slice(2, 5))
    column.read(np.array([7, 1]))
    assert seen == [[2, 3, 4], [7, 1]]


@pytest.mark.parametrize(
    ("index", "numbers"),
    [([0, -1], [0, 4]), ([True, False, True, False, False], [0, 2]), ([], []), (np.array([2], np.uint8), [2])],
)
def test_rows_are_chosen_by_number_or_by_condition(index, numbers):
    assert row_numbers(np.asarray(index), 5, "data").tolist() == numbers


@pytest.mark.parametrize("index", [[True, False], [0.5], [[0, 1]], ["a"]])
def test_an_index_of_another_kind_is_refused(index):
    with pytest.raises(ArgumentError, match="data was indexed with an array of shape"):
        row_numbers(np.asarray(index), 5, "data")


@pytest.mark.parametrize("index", [5, -6])
def test_a_row_that_is_not_there_is_named(index):
    with pytest.raises(IndexRangeError, match=f"row {index} was asked for, and data has 5 rows"):
        row_numbers(np.array([0, index]), 5, "data")
