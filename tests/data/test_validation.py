"""What the checks let through, and what they say of the rest."""

import numpy as np
import pytest

from backlit.data.validation import (
    check_batch_size,
    check_classes,
    check_count,
    check_finite,
    check_image_shape,
    check_kind,
    check_labels,
    check_lengths,
    check_weights,
)
from backlit.errors import ArgumentError, DataError


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float32", "float64"])
def test_numbers_are_accepted(dtype):
    check_kind(np.dtype(dtype), "inputs")


@pytest.mark.parametrize("dtype", ["complex64", "object", "U3", "S3", "datetime64[s]", "f4,i4"])
def test_what_is_no_number_is_refused_with_its_dtype(dtype):
    with pytest.raises(DataError, match="the inputs are of dtype") as caught:
        check_kind(np.dtype(dtype), "inputs")
    assert caught.value.why
    assert caught.value.instead


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_value_that_is_not_finite_is_named_with_its_place(bad, dtype):
    array = np.zeros((5, 3), dtype)
    array[3, 1] = array[4, 0] = bad
    with pytest.raises(DataError, match=rf"the targets hold {bad} in row 3, column 1 \(2 such values in all\)"):
        check_finite(array, "targets")


def test_rows_are_numbered_as_the_caller_numbers_them():
    with pytest.raises(DataError, match="in row 17 "):
        check_finite(np.array([0.0, np.nan]), "inputs", np.array([4, 17]))


def test_a_place_in_a_picture_is_named_by_all_its_axes():
    array = np.zeros((2, 4, 4))
    array[1, 2, 3] = np.nan
    with pytest.raises(DataError, match=r"in row 1, at \(2, 3\) \(1 such value in all\)"):
        check_finite(array, "inputs")


def test_every_value_of_a_large_array_is_looked_at():
    array = np.zeros((3, 1 << 20), np.float32)  # more than one block
    array[0, 5] = array[2, -1] = np.nan
    with pytest.raises(DataError, match=r"row 0, column 5 \(2 such values"):
        check_finite(array, "inputs")


def test_integers_are_always_finite():
    check_finite(np.array([1, 2]), "inputs")


def test_lengths_that_differ_are_all_named():
    with pytest.raises(DataError, match="10 rows of inputs, 9 rows of targets"):
        check_lengths({"inputs": 10, "targets": 9})


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.0, 1.0], "dtype float64"),
        ([True, False], "dtype bool"),
        ([0, 3], "the label in row 1 is 3, and there are 3 classes, 0 to 2"),
        ([-1, 0], "the label in row 0 is -1"),
        ([[0, 1], [2, 9]], "the label in row 1 is 9"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        check_labels(np.array(labels), ["a", "b", "c"])


def test_labels_of_any_integer_type_are_accepted():
    for dtype in ("uint8", "int64", "uint64"):
        check_labels(np.array([0, 2], dtype), ["a", "b", "c"])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -0.5], r"the weight of row 1 is -0\.5"),
        ([1.0, np.nan], "the weights hold nan in row 1"),
        ([0.0, 0.0], "every weight is 0"),
        ([[1.0], [1.0]], r"the weights have shape \(2, 1\)"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights, message):
    with pytest.raises(DataError, match=message):
        check_weights(np.array(weights))


def test_a_batch_of_a_larger_set_may_have_no_weight():
    check_weights(np.zeros(2), np.array([5, 6]))


@pytest.mark.parametrize("value", [1.0, "3", None, True, [2]])
def test_what_is_no_whole_number_counts_nothing(value):
    with pytest.raises(ArgumentError, match="epoch is "):
        check_count(value, "epoch", 0)


@pytest.mark.parametrize("value", [-1, 1 << 63])
def test_a_count_outside_its_range_is_refused(value):
    with pytest.raises(ArgumentError, match=f"seed is {value}"):
        check_count(value, "seed", 0)


def test_integers_of_numpy_count_too():
    assert type(check_count(np.int32(4), "epoch", 0)) is int


def test_a_batch_larger_than_the_data_names_both_numbers_and_the_way_out():
    with pytest.raises(ArgumentError, match="the batch size is 64, and pets has 50 rows") as caught:
        check_batch_size(64, 50, "pets")
    assert "batch_size=50" in caught.value.instead


@pytest.mark.parametrize("size", [0, -3, 2.5, "8"])
def test_a_batch_size_is_a_positive_whole_number(size):
    with pytest.raises(ArgumentError, match="batch_size is"):
        check_batch_size(size, 50, "pets")


@pytest.mark.parametrize("classes", ["cat", [], ["cat", "cat"], [1, 2]])
def test_classes_are_names(classes):
    with pytest.raises(ArgumentError, match="classes is"):
        check_classes(classes)


@pytest.mark.parametrize("shape", [(28,), (28, 28, 1, 1), (0, 784), (28.0, 28.0), 28, (27, 28)])
def test_an_image_shape_has_as_many_values_as_a_row(shape):
    with pytest.raises(ArgumentError, match="image_shape is"):
        check_image_shape(shape, (784,))
