"""Reading a picture that a user gives: an image file, or an array in a .npy file.

This module imports NumPy, `backlit.data`, the errors and the preparation of digits; Pillow when an image is read.
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backlit.cli.ink import PreparedPicture, prepare_ink
from backlit.data import from_npy, read_image
from backlit.errors import DataError, FileError

__all__ = ["read_picture"]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue appear (ITU-R BT.601)


def read_picture(path: Path, image_shape: tuple[int, ...], preparation: str) -> PreparedPicture:
    """Read a picture and bring it into the form that a model takes.

    Args:
        path: An image in any format that Pillow reads, or a .npy file.
        image_shape: (height, width) or (height, width, channels) of what the model takes.
        preparation: ``"ink"`` as the digits of MNIST were made, or ``"resize"``.

    Returns:
        The picture, of this shape, and what was done to it.

    Raises:
        FileError: If the file is missing, damaged, or no picture.
        DataError: If it is blank, or of another form than the model takes.
        MissingExtraError: If it is an image and Pillow is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = np.full((50, 40), 255, np.uint8)
        ...     page[10:40, 20:23] = 0
        ...     np.save(Path(folder) / "one.npy", page)
        ...     read_picture(Path(folder) / "one.npy", (28, 28), "ink").steps
        ('40 × 50 pixels', 'dark on light: inverted', 'cropped to 3 × 30', 'scaled to 2 × 20', 'centred by mass')
    """
    is_array = path.suffix.lower() == ".npy"
    if preparation == "resize":
        return _resized(path, image_shape, is_array=is_array)
    grey = _array_as_grey(path, image_shape) if is_array else _image_as_grey(path)
    try:
        prepared = prepare_ink(grey, (image_shape[0], image_shape[1]))
    except DataError as error:
        raise DataError(f"{path}: {error.what}", why=error.why, instead=error.instead) from error
    pixels = prepared.pixels.reshape(image_shape)
    return PreparedPicture(pixels, (f"{grey.shape[1]} × {grey.shape[0]} pixels", *prepared.steps))


def _image_as_grey(path: Path) -> NDArray[np.float32]:
    """Return an image file as grey values; where only its transparency shows anything, that."""
    grey = read_image(path, grayscale=True)[:, :, 0]
    if float(np.ptp(grey)) < 0.1:
        opacity = _opacity(path)
        if opacity is not None:
            return 1 - opacity  # light ink, drawn on nothing, is lost on white paper: take it as dark ink
    return grey


def _opacity(path: Path) -> NDArray[np.float32] | None:
    """Return how opaque each pixel of an image is, or None where it has no transparency."""
    from PIL import Image, ImageOps  # the image was read already, so Pillow is there and the file is sound

    with Image.open(path) as image:
        if not image.has_transparency_data:
            return None
        alpha = ImageOps.exif_transpose(image).convert("RGBA").getchannel("A")
    opacity: NDArray[np.float32] = np.asarray(alpha, np.float32) / np.float32(255)
    return opacity


def _array_as_grey(path: Path, image_shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the picture in a .npy file as grey values."""
    array = np.asarray(from_npy(path).inputs)
    if array.size == math.prod(image_shape) and array.ndim == 1:
        array = array.reshape(image_shape)
    is_rows = array.ndim == 2 and array.shape[1] == math.prod(image_shape)
    if is_rows or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise DataError(
            f"{path} holds an array of shape {array.shape}",
            why="a picture has the shape (height, width), or (height, width, channels) with 1, 3 or 4 channels",
            instead="save one picture: np.save(path, pictures[0])",
        )
    values = _unit_scaled(array, path)
    if values.ndim == 2:
        return values
    if values.shape[2] == 1:
        return values[:, :, 0]
    grey: NDArray[np.float32] = values[:, :, :3] @ _LUMA
    if values.shape[2] == 4:
        opacity = values[:, :, 3]
        grey = grey * opacity + (1 - opacity)
    return grey


def _unit_scaled(array: NDArray[np.generic], path: Path) -> NDArray[np.float32]:
    """Return numbers from 0 to 1, whichever of the usual ranges they come in."""
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise DataError(
            f"{path} holds values of data type {array.dtype} that are not all finite numbers",
            why="a picture consists of brightnesses",
            instead="save numbers from 0 to 1 (float32) or from 0 to 255 (uint8)",
        )
    values = np.asarray(array, np.float32)
    lowest, highest = float(values.min()), float(values.max())
    full = 65535.0 if array.dtype == np.uint16 else 255.0
    if lowest < 0 or highest > full:
        raise DataError(
            f"{path} holds values from {lowest:g} to {highest:g}",
            why="brightness goes from 0 to 1, or from 0 to 255",
            instead="bring it into one of these ranges first",
        )
    return values if highest <= 1 else values / np.float32(full)


def _resized(path: Path, image_shape: tuple[int, ...], *, is_array: bool) -> PreparedPicture:
    """Return a picture brought to the size that a model takes, and nothing else done to it."""
    height, width = image_shape[:2]
    channels = image_shape[2] if len(image_shape) == 3 else 1
    if is_array:
        array = np.asarray(from_npy(path).inputs)
        if array.shape != image_shape:
            raise DataError(
                f"{path} holds an array of shape {array.shape}, and the model takes {image_shape}",
                instead="resize it first, or give an image file",
            )
        return PreparedPicture(_unit_scaled(array, path), ("taken as it is",))
    if channels not in (1, 3):
        raise FileError(f"the model takes pictures of {channels} channels, and image files are grey or in colour")
    pixels = read_image(path, size=(height, width), grayscale=channels == 1)
    return PreparedPicture(pixels.reshape(image_shape), (f"brought to {width} × {height} pixels",))
