"""Folders of images, one folder a class: read when a batch asks for them, so that they need not fit into memory.

Pillow reads the images; it comes with the extra `images` and is loaded when the first image is read.

This module imports NumPy, `backlit.errors` and the modules beside it.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.dataset import Dataset
from backlit.errors import ArgumentError, DataError, FileError, MissingExtraError

__all__ = ["ImageRows", "from_folder", "read_image"]

_ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def from_folder(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    grayscale: bool = False,
    name: str | None = None,
) -> Dataset:
    """Return the data set in a folder that has one folder of images for each class.

        pets/cat/tom.png
        pets/cat/felix.jpg
        pets/dog/rex.png

    Args:
        path: The folder. The names of the folders in it, in alphabetical order, are the classes.
        size: The height and width that every image is brought to; `None` where all have the size of the first one.
        grayscale: Whether to read grey values instead of red, green and blue.
        name: What the data set is called in messages; the name of the folder where it is `None`.

    Returns:
        A data set: inputs of shape (rows, height, width, channels), float32 from 0 (black) to 1, with 1 or 3 channels;
        targets int64. The images stay files until a batch reads them.

    Raises:
        FileError: Where there is no such folder, or an image cannot be read (when its batch is read).
        DataError: Where a class has no image, or an image has another size (when its batch is read).
        MissingExtraError: Where Pillow is not installed.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for kind, grey in [("day", 255), ("night", 0)]:
        ...         (Path(folder) / kind).mkdir()
        ...         Image.new("L", (8, 6), grey).save(Path(folder) / kind / "sky.png")
        ...     data = from_folder(folder, grayscale=True, name="skies")
        ...     print(data)
        ...     print(data.inputs[0].mean(), data.inputs[1].mean())
        Dataset 'skies': 2 rows, inputs (6, 8, 1) float32, targets int64, 2 classes: day, night
        1.0 0.0
    """
    folder = Path(path)
    classes, files, labels = _list_images(folder)
    rows = ImageRows(files, size=size, grayscale=grayscale)
    return Dataset(
        rows,
        np.array(labels, np.int64),
        classes=classes,
        image_shape=rows.shape[1:],
        name=folder.resolve().name if name is None else name,
    )


def _list_images(folder: Path) -> tuple[list[str], list[Path], list[int]]:
    """Return the names of the classes in a folder, the image files, and for each file the number of its class."""
    if not folder.is_dir():
        raise FileError(f"there is no folder {folder}", instead="check the path")
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not classes:
        raise DataError(
            f"{folder} has no folders in it",
            why="each class is a folder of images",
            instead="sort the images into folders named after their classes: pets/cat/tom.png",
        )
    files: list[Path] = []
    labels: list[int] = []
    for label, kind in enumerate(classes):
        images = sorted(entry for entry in (folder / kind).iterdir() if entry.suffix.lower() in _ENDINGS)
        if not images:
            raise DataError(
                f"{folder / kind} has no image in it",
                why=f"a class needs at least one file that ends in {', '.join(sorted(_ENDINGS))}",
                instead="put images into the folder, or remove it",
            )
        files += images
        labels += [label] * len(images)
    return classes, files, labels


class ImageRows:
    """Image files as rows: an index gives the pictures of these files, read at that moment.

    Args:
        files: The files, one a row, at least one.
        size: The height and width that every image is brought to; `None` where all have the size of the first one.
        grayscale: Whether to read grey values instead of red, green and blue.

    Raises:
        FileError: Where the first image cannot be read.
        MissingExtraError: Where Pillow is not installed.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (4, 2), "red").save(Path(folder) / "red.png")
        ...     rows = ImageRows([Path(folder) / "red.png"])
        ...     print(rows.shape, rows[0:1][0, 0, 0])
        (1, 2, 4, 3) [1. 0. 0.]
    """

    dtype = np.dtype(np.float32)

    def __init__(self, files: Sequence[Path], *, size: tuple[int, int] | None = None, grayscale: bool = False) -> None:
        self.files = tuple(files)
        self.size = size
        self.grayscale = grayscale
        self.shape: tuple[int, ...] = (
            len(self.files),
            *read_image(self.files[0], size=size, grayscale=grayscale).shape,
        )

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return f"ImageRows of shape {self.shape}, from {self.files[0].parent} and on"

    def __getitem__(self, selection: int | slice | NDArray[np.intp]) -> NDArray[np.float32]:
        """Return one picture for an integer, else those selected: (files selected, height, width, channels)."""
        if isinstance(selection, (int, np.integer)):
            return next(iter(self[np.array([selection])]))
        numbers = np.arange(len(self.files))[selection]
        pictures = np.empty((len(numbers), *self.shape[1:]), np.float32)
        for row, number in enumerate(numbers):
            file = self.files[number]
            picture = read_image(file, size=self.size, grayscale=self.grayscale)
            if picture.shape != self.shape[1:]:
                raise DataError(
                    f"{file} is {picture.shape[0]} pixels high and {picture.shape[1]} wide, and {self.files[0]} is "
                    f"{self.shape[1]} high and {self.shape[2]} wide",
                    why="the pictures of a batch have one size",
                    instead=f"bring all to one size: from_folder(path, size=({self.shape[1]}, {self.shape[2]}))",
                )
            pictures[row] = picture
        return pictures


def read_image(
    path: str | os.PathLike[str], *, size: tuple[int, int] | None = None, grayscale: bool = False
) -> NDArray[np.float32]:
    """Return an image file as an array.

    Args:
        path: The file, in any format that Pillow reads. A note of a camera on which side is up is followed.
        size: The height and width that the image is brought to; `None` to keep its own.
        grayscale: Whether to read grey values instead of red, green and blue.

    Returns:
        An array of shape (height, width, channels), float32 from 0 (black) to 1, with 1 or 3 channels. Transparency is
        laid over white.

    Raises:
        FileError: Where the file is missing, damaged, no image, or so large that it may be an attack.
        ArgumentError: Where the size is none.
        MissingExtraError: Where Pillow is not installed.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("L", (20, 10), 51).save(Path(folder) / "grey.png")
        ...     picture = read_image(Path(folder) / "grey.png", size=(5, 10), grayscale=True)
        >>> picture.shape, picture[0, 0]
        ((5, 10, 1), array([0.2], dtype=float32))
    """
    if size is not None and not _is_size(size):
        raise ArgumentError(
            f"size is {size!r}",
            why="a size is a height and a width in pixels",
            instead="write for example size=(28, 28)",
        )
    pillow = _pillow()
    file = Path(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns of a picture that would fill the memory before it refuses a larger one; here both are
            # refused.
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            with pillow.open(file) as image:
                return _as_array(image, pillow, size, "L" if grayscale else "RGB")
    except FileNotFoundError as error:
        raise FileError(f"there is no file {file}", instead="check the path") from error
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as error:
        raise FileError(
            f"{file} is too large a picture: {error}",
            why="decoding it would fill the memory",
            instead="make the picture smaller",
        ) from error
    except Exception as error:  # a damaged file makes Pillow's decoders raise whatever they stumble over
        raise FileError(
            f"{file} cannot be read as an image: {error}",
            why="the file is damaged, or it is no image",
            instead="open it in a viewer, save it again as PNG, or remove it",
        ) from error


def _is_size(size: object) -> bool:
    """Return whether a size is a height and a width."""
    return (
        isinstance(size, (tuple, list))
        and len(size) == 2
        and all(isinstance(side, (int, np.integer)) and side > 0 for side in size)
    )


def _pillow() -> ModuleType:
    """Return Pillow's module of images."""
    try:
        from PIL import Image  # optional: the extra `images`
    except ImportError:
        raise MissingExtraError("Pillow", "images", "reading image files") from None
    return Image


def _as_array(image: Any, pillow: ModuleType, size: tuple[int, int] | None, mode: str) -> NDArray[np.float32]:
    """Return an opened image as an array of shape (height, width, channels) with values from 0 to 1."""
    from PIL import ImageOps  # optional: the extra `images`

    image = ImageOps.exif_transpose(image)
    deep = image.mode.startswith("I")  # 16 bits a pixel, which Pillow's conversion to 8 bits would cut off at 255
    if deep:
        image = pillow.fromarray(np.asarray(image, np.float32) / np.float32(65535 / 255))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        paper = pillow.new("RGBA", image.size, "white")
        paper.alpha_composite(image)
        image = paper
    if not deep or mode == "RGB":
        image = image.convert(mode)
    if size is not None and image.size != (size[1], size[0]):
        image = image.resize((size[1], size[0]), pillow.Resampling.BILINEAR)
    pixels = np.asarray(image, np.float32) / np.float32(255)
    return np.ascontiguousarray(pixels.reshape(image.size[1], image.size[0], -1))
