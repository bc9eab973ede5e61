"""Folders of images: read when a batch asks, whole or with a clear error."""

import sys

import numpy as np
import pytest
from PIL import Image

from backlit.data import Dataset, folders, from_folder, read_image
from backlit.errors import ArgumentError, DataError, FileError, MissingExtraError


@pytest.fixture
def pets(tmp_path):
    """Two cats and three dogs of 4 × 6 pixels, each filled with a grey of its own."""
    for kind, greys in (("cat", (10, 20)), ("dog", (30, 40, 50))):
        (tmp_path / kind).mkdir()
        for grey in greys:
            Image.new("RGB", (6, 4), (grey, grey, grey)).save(tmp_path / kind / f"{grey}.png")
    return tmp_path


def test_each_folder_is_a_class(pets):
    (pets / "notes.txt").write_text("not a class")
    (pets / "cat" / "notes.txt").write_text("not an image")
    (pets / ".hidden").mkdir()
    data = from_folder(pets)
    assert repr(data).endswith("5 rows, inputs (4, 6, 3) float32, targets int64, 2 classes: cat, dog")
    assert data.image_shape == (4, 6, 3)
    assert data.name == pets.name
    assert data.targets.tolist() == [0, 0, 1, 1, 1]
    ((inputs, targets),) = data.batches(5, shuffle=True, seed=1)
    assert np.round(inputs[:, 0, 0, 0] * 255).tolist() == [10 * (place + 1) for place in order_of(data)]
    assert targets.tolist() == [data.targets[place] for place in order_of(data)]


def order_of(data):
    ((rows,),) = Dataset(np.arange(len(data))).batches(len(data), shuffle=True, seed=1)
    return rows.tolist()


def test_parts_and_single_pictures_are_read(pets):
    data = from_folder(pets)
    picture, label = data[3]
    assert (picture.shape, label) == ((4, 6, 3), 1)
    assert np.round(data[1:3].inputs[:, 0, 0, 0] * 255).tolist() == [20, 30]
    first, second = data.split(0.6)
    assert (len(first), len(second)) == (3, 2)


def test_images_are_read_only_when_a_batch_asks_for_them(pets):
    data = from_folder(pets)
    (pets / "dog" / "40.png").write_bytes(b"damaged since")
    batches = iter(data.batches(3))
    next(batches)
    with pytest.raises(FileError, match=r"40\.png cannot be read as an image"):
        next(batches)


def test_images_of_different_sizes_need_a_size(pets):
    Image.new("RGB", (8, 8)).save(pets / "dog" / "60.png")
    data = from_folder(pets)
    with pytest.raises(
        DataError, match=r"60\.png is 8 pixels high and 8 wide, and .*10\.png is 4 high and 6 wide"
    ) as caught:
        list(data.batches(6))
    assert "size=(4, 6)" in caught.value.instead
    ((inputs, _),) = from_folder(pets, size=(5, 7), grayscale=True).batches(6)
    assert inputs.shape == (6, 5, 7, 1)


def test_a_folder_without_classes_or_images_is_refused(tmp_path):
    with pytest.raises(FileError, match="there is no folder"):
        from_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="has no folders in it"):
        from_folder(tmp_path)
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "notes.txt").write_text("")
    with pytest.raises(DataError, match="cat has no image in it"):
        from_folder(tmp_path)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "webp", "gif", "ppm"])
def test_formats_are_read(tmp_path, ending):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 1] = 255
    path = tmp_path / f"a.{ending}"
    Image.fromarray(pixels).save(path, **({"lossless": True} if ending == "webp" else {}))
    assert np.array_equal(read_image(path), pixels / np.float32(255))


@pytest.mark.parametrize(
    ("image", "grayscale", "expected"),
    [
        (Image.new("L", (1, 1), 51), True, [0.2]),
        (Image.new("L", (1, 1), 51), False, [0.2] * 3),
        (Image.new("RGB", (1, 1), (255, 0, 51)), False, [1.0, 0.0, 0.2]),
        (Image.new("RGB", (1, 1), (51, 51, 51)), True, [0.2]),
        (Image.new("1", (1, 1), 1), True, [1.0]),
        (Image.new("RGBA", (1, 1), (0, 0, 0, 0)), True, [1.0]),
        (Image.new("RGBA", (1, 1), (0, 0, 0, 255)), False, [0.0] * 3),
        (Image.new("LA", (1, 1), (0, 0)), True, [1.0]),
        (Image.new("I;16", (1, 1), 13107), True, [0.2]),
        (Image.new("I;16", (1, 1), 65535), False, [1.0] * 3),
    ],
)
def test_every_kind_of_pixel_becomes_a_number_from_0_to_1(tmp_path, image, grayscale, expected):
    image.save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png", grayscale=grayscale)
    assert picture.dtype == np.float32
    assert picture[0, 0].tolist() == pytest.approx(expected, abs=1e-6)


def test_a_palette_and_a_note_of_the_camera_are_followed(tmp_path):
    image = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3) * 40)
    image.convert("P").save(tmp_path / "palette.png")
    assert read_image(tmp_path / "palette.png", grayscale=True).shape == (2, 3, 1)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    image.save(tmp_path / "turned.png", exif=exif)
    turned = read_image(tmp_path / "turned.png", grayscale=True)[..., 0]
    assert np.array_equal(np.round(turned * 255), np.rot90(np.asarray(image), -1))


def test_a_picture_is_brought_to_a_size(tmp_path):
    Image.new("L", (40, 20), 128).save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png", size=(7, 5), grayscale=True)
    assert picture.shape == (7, 5, 1)
    assert picture == pytest.approx(np.full((7, 5, 1), 128 / 255))


@pytest.mark.parametrize("size", [28, (28,), (0, 5), (2.5, 3), "28x28"])
def test_a_size_is_a_height_and_a_width(tmp_path, size):
    with pytest.raises(ArgumentError, match="size is"):
        read_image(tmp_path / "a.png", size=size)


def test_a_file_that_is_no_image_is_named(pets, tmp_path):
    whole = (pets / "cat" / "10.png").read_bytes()
    for name, content in {"text": b"hello", "empty": b"", "cut": whole[:-30], "head": whole[:30]}.items():
        (tmp_path / f"{name}.png").write_bytes(content)
        with pytest.raises(FileError, match=rf"{name}\.png cannot be read as an image"):
            read_image(tmp_path / f"{name}.png")
    with pytest.raises(FileError, match="there is no file"):
        read_image(tmp_path / "nowhere.png")


@pytest.mark.parametrize("width", [150, 300])
def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch, width):
    # Above the limit Pillow only warns; above twice the limit it refuses.
    Image.new("L", (width, 1)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(FileError, match="is too large a picture"):
        read_image(tmp_path / "a.png")


def test_without_pillow_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"backlit\[images\]"):
        folders.read_image(tmp_path / "a.png")
