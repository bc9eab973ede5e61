"""Data sets: what they hold, what they refuse, and the parts of them."""

import numpy as np
import pytest

from backlit.data import Dataset, QuadraticFeatures
from backlit.errors import ArgumentError, DataError, IndexRangeError


@pytest.fixture
def pets():
    return Dataset(
        np.arange(12.0, dtype=np.float32).reshape(6, 2),
        np.array([0, 1, 2, 0, 1, 2]),
        weights=np.array([1.0, 1.0, 2.0, 2.0, 0.0, 0.0]),
        classes=["cat", "dog", "bird"],
        name="pets",
    )


def memory_map(tmp_path, array, name="a.npy"):
    np.save(tmp_path / name, array)
    return np.load(tmp_path / name, mmap_mode="r")


def test_it_holds_references():
    inputs, targets, weights = np.zeros((4, 2)), np.zeros(4), np.ones(4)
    data = Dataset(inputs, targets, weights=weights)
    assert data.inputs is inputs
    assert data.targets is targets
    assert data.weights is weights
    assert len(data) == 4
    assert Dataset(inputs).targets is None


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int64", "bool"])
def test_dtypes_are_kept(dtype):
    data = Dataset(np.zeros((4, 2), dtype))
    (batch,) = next(iter(data.batches(2)))
    assert data.input_dtype == batch.dtype == np.dtype(dtype)


def test_it_prints_what_it_holds(pets):
    assert repr(pets) == (
        "Dataset 'pets': 6 rows, inputs (2,) float32, targets int64, weights float64, 3 classes: cat, dog, bird"
    )
    mapped = repr(Dataset(np.zeros((1, 3))).map(QuadraticFeatures()))
    assert mapped == "Dataset 'data': 1 row, inputs (3,) float64, transformed by QuadraticFeatures()"
    many = Dataset(np.zeros(2), np.zeros(2, int), classes=[str(number) for number in range(100)])
    assert repr(many).endswith("100 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": np.zeros((0, 2))}, "the inputs are empty"),
        ({"inputs": [[1, 2], [3]]}, "the inputs do not form an array"),
        ({"inputs": np.array([1.0, np.nan])}, "the inputs hold nan in row 1"),
        ({"inputs": np.zeros(3), "targets": np.array([1, 2, np.inf])}, "the targets hold inf in row 2"),
        ({"inputs": np.zeros(3), "targets": np.zeros(2)}, "3 rows of inputs, 2 rows of targets"),
        ({"inputs": np.zeros(3), "targets": np.zeros(3), "weights": np.ones(4)}, "4 rows of weights"),
        ({"inputs": np.zeros(2), "targets": np.zeros(2), "weights": -np.ones(2)}, "the weight of row 0 is -1"),
        ({"inputs": np.zeros(2), "targets": np.array([0, 2]), "classes": ["a", "b"]}, "the label in row 1 is 2"),
        ({"inputs": np.zeros(2), "targets": np.zeros(2), "classes": ["a", "b"]}, "the targets are of dtype float64"),
        ({"inputs": np.zeros(2), "targets": ["a", "b"]}, "the targets are of dtype <U1"),
    ],
)
def test_data_that_cannot_be_learned_from_is_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        Dataset(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": ["a"]}, "classes were given, and no targets"),
        ({"weights": np.ones(4)}, "weights were given, and no targets"),
        ({"image_shape": (3, 3)}, "image_shape is"),
        ({"transform": 3}, "the transform is 3"),
    ],
)
def test_settings_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Dataset(np.zeros((4, 4)), **arguments)


def test_one_row_is_a_tuple(pets):
    inputs, target, weight = pets[-1]
    assert inputs.tolist() == [10.0, 11.0]
    assert (target, weight) == (2, 0.0)
    with pytest.raises(IndexRangeError, match="row 6 was asked for, and pets has 6 rows"):
        pets[6]
    assert len(list(pets)) == 6  # going through a data set gives its rows, and ends


@pytest.mark.parametrize(
    "index",
    [slice(1, 5), slice(None, None, 2), slice(None, None, -1), [3, 0, 3], np.array([True, False] * 3), np.array([-1])],
)
def test_a_part_is_a_data_set_of_those_rows(pets, index):
    part = pets[index]
    assert np.array_equal(part.inputs, pets.inputs[index])
    assert np.array_equal(part.targets, pets.targets[index])
    assert np.array_equal(part.weights, pets.weights[index])
    assert (part.classes, part.name, len(part)) == (pets.classes, pets.name, len(pets.inputs[index]))
    batches = list(part.batches(1))
    assert np.array_equal(np.concatenate([batch[0] for batch in batches]), pets.inputs[index])


@pytest.mark.parametrize("first", [slice(1, 6), [5, 3, 1, 0]])
@pytest.mark.parametrize("second", [slice(1, 3), [2, 0], np.array([True, False, True, True])])
def test_a_part_of_a_part_counts_from_its_own_rows(pets, first, second):
    part = pets[first]
    if isinstance(second, np.ndarray):
        second = np.resize(second, len(part))
    assert np.array_equal(part[second].inputs, pets.inputs[first][second])


def test_a_slice_shares_the_memory_of_the_array(pets):
    assert np.shares_memory(pets[1:3].inputs, pets.inputs)


def test_a_part_without_rows_is_refused(pets):
    for index in (slice(6, None), [], np.zeros(6, bool)):
        with pytest.raises(DataError, match="the rows chosen from pets are none of its 6"):
            pets[index]


def test_a_split_shares_out_every_row(pets):
    first, second = pets.split(0.5, seed=3)
    assert (len(first), len(second)) == (3, 3)
    assert sorted([*first.inputs[:, 0], *second.inputs[:, 0]]) == pets.inputs[:, 0].tolist()
    again, _ = pets.split(0.5, seed=3)
    assert np.array_equal(first.inputs, again.inputs)
    assert len({tuple(pets.split(0.5, seed=seed)[0].inputs[:, 0]) for seed in range(10)}) > 1


@pytest.mark.parametrize("fraction", [0, 1, -0.5, 1.5, 0.01, "half", np.nan])
def test_a_split_that_leaves_one_part_empty_is_refused(pets, fraction):
    with pytest.raises(ArgumentError, match="the fraction is"):
        pets.split(fraction)


def test_a_transform_is_applied_to_batches_and_leaves_the_data_alone(pets):
    mapped = pets.map(lambda inputs, rng: inputs + 1).map(QuadraticFeatures())
    inputs, targets, _ = next(iter(mapped.batches(6)))
    assert np.array_equal(inputs, np.hstack([pets.inputs + 1, (pets.inputs + 1) ** 2]))
    assert np.array_equal(targets, pets.targets)
    assert mapped.input_shape == (4,)
    assert mapped.inputs is pets.inputs
    assert pets.transforms == ()
    assert len(mapped[:3].transforms) == 2
    given = Dataset(pets.inputs, transform=QuadraticFeatures())
    assert given.input_shape == (4,)


def test_a_transform_cannot_write_to_the_data(pets):
    def careless(inputs, rng):
        inputs += 1
        return inputs

    for shuffle in (False, True):
        with pytest.raises(ValueError, match="read-only"):
            list(pets.map(careless).batches(2, shuffle=shuffle))


def test_a_memory_map_is_read_batch_by_batch(tmp_path):
    inputs = memory_map(tmp_path, np.arange(20.0).reshape(10, 2))
    data = Dataset(inputs)
    assert data.inputs is inputs
    read = [batch for (batch,) in data[::2].batches(3)]
    assert np.array_equal(np.concatenate(read), np.arange(20.0).reshape(10, 2)[::2])
    first, second = data.split(0.5)
    assert len(first) + len(second) == 10


def test_a_memory_map_is_checked_when_it_is_read(tmp_path):
    array = np.zeros((10, 2))
    array[7, 1] = np.nan
    data = Dataset(memory_map(tmp_path, array))
    batches = iter(data.batches(5))
    next(batches)
    with pytest.raises(DataError, match="the inputs hold nan in row 7, column 1"):
        next(batches)
    with pytest.raises(DataError, match="in row 7, column 1"):
        list(data.batches(10, shuffle=True))


def test_labels_and_weights_on_disk_are_checked_when_they_are_read(tmp_path):
    labels = memory_map(tmp_path, np.array([0, 1, 5, 0]), "labels.npy")
    weights = memory_map(tmp_path, np.array([1.0, 1.0, 1.0, -1.0]), "weights.npy")
    with pytest.raises(DataError, match="the label in row 2 is 5"):
        list(Dataset(np.zeros(4), labels, classes=["a", "b"]).batches(2))
    with pytest.raises(DataError, match="the weight of row 3 is -1"):
        list(Dataset(np.zeros(4), np.zeros(4), weights=weights).batches(2))


def test_a_picture_keeps_its_shape():
    data = Dataset(np.zeros((4, 12)), image_shape=[2, 2, 3])
    assert data.image_shape == (2, 2, 3)
    assert data[1:].image_shape == (2, 2, 3)
