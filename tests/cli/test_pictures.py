"""Pictures in files of every kind are read alike, or refused with the reason."""

import io
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from backlit.cli.pictures import read_picture
from backlit.errors import DataError, FileError, MissingExtraError

SHAPE = (28, 28)


@pytest.fixture
def page() -> np.ndarray:
    """A 7 in black on white, 90 × 60, uint8."""
    page = np.full((90, 60), 255, np.uint8)
    page[20:28, 15:45] = 0
    for row in range(28, 70):
        start = 40 - (row - 28) // 3
        page[row, start : start + 6] = 0
    return page


@pytest.fixture
def expected(page, tmp_path) -> np.ndarray:
    np.save(tmp_path / "expected.npy", page)
    return read_picture(tmp_path / "expected.npy", SHAPE, "ink").pixels


def colour(page: np.ndarray, ink: tuple[int, int, int], paper: tuple[int, int, int]) -> np.ndarray:
    share = (page / 255)[:, :, None]
    return (share * paper + (1 - share) * np.array(ink)).round().astype(np.uint8)


IMAGES = {
    "grey.png": Image.fromarray,
    "inverted.png": lambda page: Image.fromarray(255 - page),
    "bits.png": lambda page: Image.fromarray(page).convert("1"),
    "palette.png": lambda page: Image.fromarray(page).convert("P"),
    "colour.png": lambda page: Image.fromarray(colour(page, (20, 30, 120), (250, 240, 220))),
    "chalk.png": lambda page: Image.fromarray(colour(page, (240, 240, 200), (10, 60, 30))),
    "deep.png": lambda page: Image.fromarray(page.astype(np.uint16) * 257),
    "photo.jpg": lambda page: Image.fromarray(colour(page, (40, 40, 40), (200, 195, 190))),
    "photo.bmp": Image.fromarray,
    "photo.gif": Image.fromarray,
    "photo.tiff": Image.fromarray,
    "photo.webp": lambda page: Image.fromarray(page).convert("RGB"),
    "ink on nothing.png": lambda page: Image.fromarray(
        np.dstack([np.zeros((*page.shape, 3), np.uint8), (255 - page)[:, :, None]])
    ),
    "chalk on nothing.png": lambda page: Image.fromarray(
        np.dstack([np.full((*page.shape, 3), 255, np.uint8), (255 - page)[:, :, None]])
    ),
}


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_of_any_kind_gives_the_same_picture(name, page, expected, tmp_path):
    IMAGES[name](page).save(tmp_path / name)
    prepared = read_picture(tmp_path / name, SHAPE, "ink")
    assert prepared.pixels.shape == SHAPE
    assert prepared.pixels.dtype == np.float32
    assert np.abs(prepared.pixels - expected).mean() < 0.01
    assert prepared.steps[0] == "60 × 90 pixels"


ARRAYS = {
    "uint8": lambda page: page,
    "unit floats": lambda page: page / 255,
    "byte floats": lambda page: page.astype(np.float64),
    "int64": lambda page: page.astype(np.int64),
    "uint16": lambda page: page.astype(np.uint16) * 257,
    "booleans": lambda page: page > 128,
    "zeros and ones": lambda page: (page > 128).astype(np.int32),
    "one channel": lambda page: page[:, :, None],
    "three channels": lambda page: np.dstack([page] * 3),
    "four channels": lambda page: np.dstack([np.zeros((*page.shape, 3), np.uint8), 255 - page]),
    "columns first": np.asfortranarray,
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_any_kind_gives_the_same_picture(name, page, expected, tmp_path):
    np.save(tmp_path / "a.npy", ARRAYS[name](page))
    assert np.abs(read_picture(tmp_path / "a.npy", SHAPE, "ink").pixels - expected).max() < 0.01


def test_a_row_of_the_data_is_a_picture_too(held_out, tmp_path):
    np.save(tmp_path / "row.npy", held_out.inputs[3])
    assert np.array_equal(read_picture(tmp_path / "row.npy", SHAPE, "ink").pixels.ravel(), held_out.inputs[3])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 784)), r"shape \(5, 784\)"),
        (np.zeros((2, 3, 4, 5)), r"shape \(2, 3, 4, 5\)"),
        (np.zeros((9, 9, 2)), r"shape \(9, 9, 2\)"),
        (np.zeros(12), r"shape \(12,\)"),
        (np.full((9, 9), 300.0), "values from 300 to 300"),
        (np.full((9, 9), -1.0), "values from -1 to -1"),
        (np.full((9, 9), np.nan), "not all finite"),
        (np.full((9, 9), 1j), "complex128"),
        (np.zeros((9, 9)), "a.npy: the picture is blank"),
    ],
)
def test_an_array_that_is_no_picture_is_refused(array, message, tmp_path):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(DataError, match=message) as raised:
        read_picture(tmp_path / "a.npy", SHAPE, "ink")
    assert raised.value.instead


@pytest.mark.parametrize("ending", ["png", "jpg", "npy"])
def test_a_file_that_is_missing_is_named(ending, tmp_path):
    with pytest.raises(FileError, match="there is no file"):
        read_picture(tmp_path / f"none.{ending}", SHAPE, "ink")


def test_objects_in_an_array_are_not_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[print]], dtype=object))
    with pytest.raises(FileError, match="Python objects"):
        read_picture(tmp_path / "a.npy", SHAPE, "ink")


@given(data=st.data(), ending=st.sampled_from(["png", "npy"]))
def test_a_damaged_file_is_read_or_refused(data, ending, tmp_path_factory):
    stream = io.BytesIO()
    picture = np.random.default_rng(0).integers(0, 255, (12, 9), np.uint8)
    if ending == "png":
        Image.fromarray(picture).save(stream, "PNG")
    else:
        np.save(stream, picture)
    content = bytearray(stream.getvalue())
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)))):
        content[place] = value
    path = tmp_path_factory.getbasetemp() / f"damaged.{ending}"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        prepared = read_picture(path, SHAPE, "ink")
    except (FileError, DataError):
        return
    assert np.isfinite(prepared.pixels).all()


def test_without_pillow_arrays_are_read_and_images_say_what_is_missing(page, tmp_path, monkeypatch):
    Image.fromarray(page).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", page)
    monkeypatch.setitem(sys.modules, "PIL", None)
    read_picture(tmp_path / "a.npy", SHAPE, "ink")
    with pytest.raises(MissingExtraError, match="backlit\\[images\\]"):
        read_picture(tmp_path / "a.png", SHAPE, "ink")


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 1), (8, 6, 3)])
def test_pictures_for_other_nets_are_brought_to_their_size(shape, page, tmp_path):
    Image.fromarray(page).save(tmp_path / "a.png")
    prepared = read_picture(tmp_path / "a.png", shape, "resize")
    assert prepared.pixels.shape == shape
    assert prepared.steps == ("brought to 6 × 8 pixels",)
    np.save(tmp_path / "a.npy", prepared.pixels)
    assert np.array_equal(read_picture(tmp_path / "a.npy", shape, "resize").pixels, prepared.pixels)
    np.save(tmp_path / "b.npy", np.zeros((3, 3)))
    with pytest.raises(DataError, match="the model takes"):
        read_picture(tmp_path / "b.npy", shape, "resize")
