"""Augmentation: each picture changed as far as it may be, the rest of it kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.data import Dataset, RandomAffine, RandomShift
from backlit.errors import ArgumentError, DataError


def generator(seed=0):
    return np.random.default_rng(seed)


def read_between(picture, row, column):
    """The value of a picture (height, width, channels) between its pixels, one place at a time."""
    height, width, channels = picture.shape
    total = np.zeros(channels)
    top, left = int(np.floor(row)), int(np.floor(column))
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < height and 0 <= j < width:
                total += picture[i, j] * (1 - abs(row - i)) * (1 - abs(column - j))
    return total


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 1000))
def test_a_shift_moves_the_whole_picture(pixels, count, seed):
    pictures = generator(seed).random((count, 6 + pixels, 7 + pixels, 2)) + 1
    shifted = RandomShift(pixels, pictures.shape[1:])(pictures, generator(seed))
    height, width = pictures.shape[1:3]
    for before, after in zip(pictures, shifted, strict=True):
        matches = []
        for down in range(-pixels, pixels + 1):
            for right in range(-pixels, pixels + 1):
                expected = np.zeros_like(before)
                rows = slice(max(down, 0), height + min(down, 0))
                columns = slice(max(right, 0), width + min(right, 0))
                source_rows = slice(max(-down, 0), height + min(-down, 0))
                source_columns = slice(max(-right, 0), width + min(-right, 0))
                expected[rows, columns] = before[source_rows, source_columns]
                matches.append(np.array_equal(after, expected))
        assert sum(matches) == 1


def test_every_shift_occurs():
    picture = np.zeros((400, 5, 5))
    picture[:, 2, 2] = 1
    places = np.argwhere(RandomShift(1, (5, 5))(picture, generator()))[:, 1:]
    assert {tuple(place) for place in places.tolist()} == {(i, j) for i in (1, 2, 3) for j in (1, 2, 3)}


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_a_shift_keeps_shape_and_dtype(dtype):
    inputs = np.ones((3, 16), dtype)
    shifted = RandomShift(1, (4, 4))(inputs, generator())
    assert (shifted.shape, shifted.dtype) == (inputs.shape, inputs.dtype)


def test_an_affine_map_without_change_changes_nothing():
    inputs = generator().random((50, 28 * 28), dtype=np.float32)
    assert np.array_equal(RandomAffine((28, 28))(inputs, generator()), inputs)


@pytest.mark.parametrize("shape", [(6, 9), (6, 9, 1), (7, 5, 3)])
@pytest.mark.parametrize(
    "limits",
    [
        {"rotation": 180},
        {"scale": 0.5},
        {"shear": 0.7},
        {"shift": 3},
        {"rotation": 20, "scale": 0.2, "shear": 0.2, "shift": 2},
    ],
)
def test_an_affine_map_agrees_with_its_definition(shape, limits):
    affine = RandomAffine(shape, **limits)
    pictures = generator(1).random((4, *shape))
    results = affine(pictures, generator(2)).reshape(4, *shape[:2], -1)
    matrices = affine._matrices(4, np.dtype(float), generator(2))
    pictures = pictures.reshape(4, *shape[:2], -1)
    centre = (np.array(shape[:2]) - 1) / 2
    for number in range(4):
        for i in range(shape[0]):
            for j in range(shape[1]):
                place = matrices[:, number] @ [i - centre[0], j - centre[1], 1]
                assert results[number, i, j] == pytest.approx(read_between(pictures[number], *place), abs=1e-12)


def test_a_quarter_turn_turns_the_picture():
    class QuarterTurn:
        """Draws the largest angle, and nothing else."""

        def random(self, shape):
            draws = np.full(shape, 0.5)
            draws[0] = 1.0
            return draws

    picture = np.arange(9.0).reshape(1, 9)
    turned = RandomAffine((3, 3), rotation=90)(picture, QuarterTurn())
    assert turned.reshape(3, 3) == pytest.approx(np.rot90(np.arange(9.0).reshape(3, 3)), abs=1e-12)


@pytest.mark.parametrize(("setting", "limit"), [("rotation", 30.0), ("scale", 0.3), ("shear", 0.4), ("shift", 2.0)])
def test_the_changes_fill_their_range_and_stay_in_it(setting, limit):
    matrices = RandomAffine((9, 9), **{setting: limit})._matrices(5000, np.dtype(float), generator())
    if setting == "rotation":
        drawn = np.degrees(np.arctan2(matrices[0, :, 1], matrices[0, :, 0]))
    elif setting == "scale":
        drawn = 1 / np.hypot(matrices[0, :, 0], matrices[0, :, 1]) - 1
    elif setting == "shear":
        drawn = matrices[1, :, 0]
    else:
        drawn = matrices[0, :, 2] - 4
    assert -limit <= drawn.min() < -0.98 * limit
    assert 0.98 * limit < drawn.max() <= limit


def test_values_stay_between_black_and_white():
    pictures = (generator().random((30, 28 * 28)) > 0.5).astype(np.float32)
    results = RandomAffine((28, 28), rotation=40, scale=0.5, shear=0.5, shift=9)(pictures, generator())
    assert results.min() >= 0
    assert results.max() <= 1


def test_the_size_of_the_batch_does_not_matter_to_a_picture():
    # 40 pictures are worked through in more than one block.
    pictures = np.tile(generator().random((1, 28 * 28)), (40, 1))
    affine = RandomAffine((28, 28), rotation=20)
    results = affine(pictures, generator())
    matrices = affine._matrices(40, np.dtype(float), generator())
    assert len(np.unique(results, axis=0)) == 40
    same = [read_between(pictures[39].reshape(28, 28, 1), *(matrices[:, 39] @ [0.5, 0.5, 1]))]
    assert results[39].reshape(28, 28)[14, 14] == pytest.approx(same[0][0])


@pytest.mark.parametrize(("dtype", "result"), [("float32", "float32"), ("float64", "float64"), ("float16", "float32")])
def test_an_affine_map_gives_floating_numbers(dtype, result):
    assert RandomAffine((4, 4), shift=1)(np.ones((2, 16), dtype), generator()).dtype == result


def test_an_affine_map_of_whole_numbers_is_refused():
    with pytest.raises(DataError, match="RandomAffine was given pictures of dtype uint8"):
        RandomAffine((4, 4))(np.ones((2, 16), np.uint8), generator())


@pytest.mark.parametrize("transform", [RandomShift(1, (4, 4)), RandomAffine((4, 4), shift=1)])
def test_pictures_of_another_size_are_refused(transform):
    with pytest.raises(DataError, match=r"made for pictures of shape \(4, 4\) and was given rows of shape \(15,\)"):
        transform(np.ones((2, 15)), generator())


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomShift(-1, (4, 4)),
        lambda: RandomShift(1.5, (4, 4)),
        lambda: RandomShift(4, (4, 4)),
        lambda: RandomShift(1, (4,)),
        lambda: RandomShift(1, None),
        lambda: RandomAffine((4, 0)),
        lambda: RandomAffine((4, 4), rotation=-1),
        lambda: RandomAffine((4, 4), rotation=181),
        lambda: RandomAffine((4, 4), scale=1.0),
        lambda: RandomAffine((4, 4), shear=np.nan),
        lambda: RandomAffine((4, 4), shift=np.inf),
        lambda: RandomAffine((4, 4), shift="far"),
    ],
)
def test_settings_outside_what_is_possible_are_refused(make):
    with pytest.raises(ArgumentError, match="Random"):
        make()


def test_a_data_set_of_flat_pictures_is_augmented_differently_in_each_epoch():
    data = Dataset(generator().random((10, 36), dtype=np.float32), image_shape=(6, 6))
    mapped = data.map(RandomShift(2, data.image_shape)).map(RandomAffine(data.image_shape, rotation=30))
    epochs = [np.concatenate([batch for (batch,) in mapped.batches(4, epoch=epoch)]) for epoch in (0, 0, 1)]
    assert np.array_equal(epochs[0], epochs[1])
    assert not np.array_equal(epochs[0], epochs[2])
