"""Pictures are brought into the form of MNIST's digits, however they were made."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backlit.cli.ink import prepare_ink, resized
from backlit.errors import DataError
from backlit.interop import load

FIELD = (28, 28)


def page_with(rows: slice, columns: slice, shape=(100, 120)) -> np.ndarray:
    page = np.ones(shape, np.float32)
    page[rows, columns] = 0
    return page


def centre(pixels: np.ndarray) -> tuple[float, float]:
    total = pixels.sum()
    return (pixels.sum(axis=1) @ np.arange(28)) / total, (pixels.sum(axis=0) @ np.arange(28)) / total


def test_digits_of_mnist_are_left_as_they_are(held_out):
    for row in held_out.inputs[::10]:
        picture = row.reshape(FIELD)
        prepared = prepare_ink(picture, FIELD)
        assert np.array_equal(prepared.pixels, picture)
        assert len(prepared.steps) == 1


def test_a_net_reads_pages_as_well_as_the_digits_that_are_on_them(pages, held_out, trained):
    model = load(trained)
    prepared = np.stack([prepare_ink(page.astype(np.float32) / 255, FIELD).pixels for page in pages])
    actual = held_out.targets[::25]
    read = (model.predict(prepared.reshape(-1, 784)).argmax(axis=1) == actual).mean()
    as_they_were = (model.predict(held_out.inputs[::25]).argmax(axis=1) == actual).mean()
    assert as_they_were > 0.8
    assert read >= as_they_were - 0.06


@pytest.mark.parametrize("change", [lambda page: page, lambda page: 1 - page, lambda page: 0.3 + 0.4 * page])
def test_ink_is_found_on_any_ground(change):
    page = page_with(slice(20, 60), slice(30, 40))
    prepared = prepare_ink(change(page), FIELD)
    expected = np.zeros(FIELD, np.float32)
    expected[4:24, 12:17] = 1  # 5 × 20, and half a pixel to the right cannot be avoided
    difference = np.abs(prepared.pixels - expected)
    assert difference.max() < 0.35 or np.abs(prepared.pixels - np.roll(expected, -1, axis=1)).max() < 0.35


@pytest.mark.parametrize(
    ("rows", "columns", "size"),
    [
        (slice(10, 90), slice(50, 60), (20, 2)),
        (slice(50, 60), slice(10, 90), (2, 20)),
        (slice(10, 90), slice(10, 90), (20, 20)),
        (slice(50, 54), slice(50, 54), (20, 20)),
        (slice(0, 100), slice(60, 61), (20, 1)),
    ],
)
def test_the_longer_side_fills_the_box_and_the_aspect_is_kept(rows, columns, size):
    pixels = prepare_ink(page_with(rows, columns), FIELD).pixels
    assert ((pixels > 0).any(axis=1).sum(), (pixels > 0).any(axis=0).sum()) == size
    assert pixels.max() == 1


@given(
    top=st.integers(1, 60),
    left=st.integers(1, 60),
    height=st.integers(1, 38),
    width=st.integers(1, 38),
    dark=st.booleans(),
)
def test_the_middle_is_the_centre_of_mass_wherever_the_ink_was(top, left, height, width, dark):
    page = page_with(slice(top, top + height), slice(left, left + width))
    page[top : top + height // 2, left : left + width // 2] = 1 if height > 3 and width > 3 else 0
    prepared = prepare_ink(page if dark else 1 - page, FIELD)
    down, right = centre(prepared.pixels)
    assert abs(down - 13.5) <= 1.01
    assert abs(right - 13.5) <= 1.01
    assert prepared.pixels.min() >= 0
    assert prepared.pixels.max() <= 1
    assert ("dark on light: inverted" in prepared.steps) == dark


def test_the_place_on_the_page_does_not_matter():
    first = prepare_ink(page_with(slice(5, 45), slice(5, 25)), FIELD)
    second = prepare_ink(page_with(slice(55, 95), slice(80, 100)), FIELD)
    assert np.array_equal(first.pixels, second.pixels)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(28, 28), (1, 1), (300, 200)])
def test_a_blank_picture_is_refused(level, shape):
    with pytest.raises(DataError, match="blank"):
        prepare_ink(np.full(shape, level, np.float32), FIELD)


def test_grain_is_no_ink():
    grain = 0.8 + np.random.default_rng(0).normal(0, 0.01, (100, 100)).astype(np.float32)
    with pytest.raises(DataError, match="blank"):
        prepare_ink(grain, FIELD)


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.floats(0, 1, width=32))
)
def test_any_picture_is_prepared_or_refused(grey):
    try:
        prepared = prepare_ink(grey, FIELD)
    except DataError:
        return
    assert prepared.pixels.shape == FIELD
    assert prepared.pixels.dtype == np.float32
    assert np.isfinite(prepared.pixels).all()
    assert prepared.pixels.min() >= 0
    assert 0 < prepared.pixels.max() <= 1


@given(
    hnp.arrays(np.float32, (7, 9), elements=st.floats(0, 1, width=32)),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_resizing_keeps_the_range_and_what_is_even(picture, shape):
    result = resized(picture, shape)
    assert result.shape == shape
    assert picture.min() - 1e-5 <= result.min() <= result.max() <= picture.max() + 1e-5
    assert np.allclose(resized(np.full_like(picture, 0.25), shape), 0.25)


def test_resizing_to_the_same_size_changes_nothing():
    picture = np.random.default_rng(0).random((5, 6), np.float32)
    assert np.array_equal(resized(picture, (5, 6)), picture)
