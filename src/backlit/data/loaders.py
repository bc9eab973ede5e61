"""Data sets that are too large to ship: found on this machine, or downloaded once and kept.

Each loader looks into the folder that the environment variable `BACKLIT_DATA` names, then into the cache, and then asks
the mirrors in turn. Every file is compared with the SHA-256 of its known content, wherever it came from.

This module imports NumPy, `backlit.errors` and the modules beside it; it unpickles nothing.
"""

from __future__ import annotations  # np.random and the like are costly to import; annotations must not do it

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backlit.data.dataset import Dataset
from backlit.data.fetch import KnownFile, check_file, fetch, find, read_content
from backlit.data.idx import parse_idx
from backlit.errors import FileError

__all__ = ["cifar10", "fashion_mnist", "mnist"]


@dataclass(frozen=True)
class _KnownSet:
    """A data set that can be loaded: its files, and where they are to be found."""

    name: str
    folders: tuple[str, ...]  # inside BACKLIT_DATA; the first is also its folder in the cache
    mirrors: tuple[str, ...]
    files: tuple[KnownFile, ...]
    classes: tuple[str, ...]


_TRAIN_IMAGES, _TRAIN_LABELS = 16 + 60_000 * 784, 8 + 60_000  # bytes: header and values
_TEST_IMAGES, _TEST_LABELS = 16 + 10_000 * 784, 8 + 10_000

_MNIST = _KnownSet(
    "mnist",
    ("mnist",),
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    (
        KnownFile(
            "train-images-idx3-ubyte.gz",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            _TRAIN_IMAGES,
        ),
        KnownFile(
            "train-labels-idx1-ubyte.gz",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            _TRAIN_LABELS,
        ),
        KnownFile(
            "t10k-images-idx3-ubyte.gz",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            _TEST_IMAGES,
        ),
        KnownFile(
            "t10k-labels-idx1-ubyte.gz",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            _TEST_LABELS,
        ),
    ),
    tuple("0123456789"),
)

_FASHION_MNIST = _KnownSet(
    "fashion_mnist",
    ("fashion_mnist", "fashion-mnist"),
    (
        # The first speaks only http; the checksums make that safe.
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    (
        KnownFile(
            "train-images-idx3-ubyte.gz",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            _TRAIN_IMAGES,
        ),
        KnownFile(
            "train-labels-idx1-ubyte.gz",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            _TRAIN_LABELS,
        ),
        KnownFile(
            "t10k-images-idx3-ubyte.gz",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            _TEST_IMAGES,
        ),
        KnownFile(
            "t10k-labels-idx1-ubyte.gz",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            _TEST_LABELS,
        ),
    ),
    ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
)

_CIFAR10 = _KnownSet(
    "cifar10",
    ("cifar10", "cifar-10"),
    ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
    (
        KnownFile(
            "cifar-10-binary.tar.gz",
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            170_052_171,
        ),
    ),
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
)

_CIFAR_RECORD = 1 + 3 * 32 * 32  # a label, then the red, the green and the blue plane of a picture
_CIFAR_RECORDS = 10_000  # in each file of the archive
_CIFAR_FOLDER = "cifar-10-batches-bin/"
_CIFAR_TRAIN = tuple(f"{_CIFAR_FOLDER}data_batch_{number}.bin" for number in range(1, 6))
_CIFAR_TEST = (f"{_CIFAR_FOLDER}test_batch.bin",)


def mnist(*, mirrors: Sequence[str] | None = None) -> tuple[Dataset, Dataset]:
    """Return MNIST: 60,000 handwritten digits to learn from and 10,000 to test on (LeCun, Cortes and Burges, 1998).

    The four files are taken from `BACKLIT_DATA` (its folder `mnist/`), else from the cache, else downloaded (11 MB).

    Args:
        mirrors: Addresses of folders to download from instead of the usual ones.

    Returns:
        Two data sets: inputs of shape (rows, 784), float32 from 0 (paper) to 1 (ink); targets int64, the digit.

    Raises:
        DownloadError: Where the files are not here and no mirror gives them.
        FileError: Where a file that is here is damaged.

    Example:
        >>> train, test = mnist()                      # doctest: +SKIP
        >>> train                                      # doctest: +SKIP
        Dataset 'mnist train': 60,000 rows, inputs (784,) float32, targets int64, 10 classes: 0, 1, ...
    """
    return _load_idx(_MNIST, mirrors)


def fashion_mnist(*, mirrors: Sequence[str] | None = None) -> tuple[Dataset, Dataset]:
    """Return Fashion-MNIST: pieces of clothing in the form of MNIST (Xiao, Rasul and Vollgraf, 2017).

    The four files are taken from `BACKLIT_DATA` (its folder `fashion_mnist/`), else from the cache, else downloaded (30
    MB).

    Args:
        mirrors: Addresses of folders to download from instead of the usual ones.

    Returns:
        Two data sets, of 60,000 and 10,000 rows: inputs of shape (rows, 784), float32 from 0 to 1; targets int64.

    Raises:
        DownloadError: Where the files are not here and no mirror gives them.
        FileError: Where a file that is here is damaged.

    Example:
        >>> train, test = fashion_mnist()              # doctest: +SKIP
        >>> train.classes[9]                           # doctest: +SKIP
        'ankle boot'
    """
    return _load_idx(_FASHION_MNIST, mirrors)


def cifar10(*, mirrors: Sequence[str] | None = None) -> tuple[Dataset, Dataset]:
    """Return CIFAR-10: small colour pictures of ten kinds of things (Krizhevsky, 2009).

    The archive `cifar-10-binary.tar.gz` is taken from `BACKLIT_DATA` (its folder `cifar10/`), else from the cache, else
    downloaded (170 MB). The archive for Python is pickled, and so could run any program: it is never read.

    Args:
        mirrors: Addresses of folders to download from instead of the usual ones.

    Returns:
        Two data sets, of 50,000 and 10,000 rows: inputs of shape (rows, 32, 32, 3), channels last, float32 from 0 to 1
        (737 MB in all); targets int64.

    Raises:
        DownloadError: Where the archive is not here and no mirror gives it.
        FileError: Where an archive that is here is damaged.

    Example:
        >>> train, test = cifar10()                    # doctest: +SKIP
        >>> train.input_shape                          # doctest: +SKIP
        (32, 32, 3)
    """
    return _load_cifar(_CIFAR10, mirrors, _CIFAR_RECORDS)


def _load_idx(known: _KnownSet, mirrors: Sequence[str] | None) -> tuple[Dataset, Dataset]:
    """Return the two data sets that four IDX files hold: images and labels for each."""
    contents = []
    for file in known.files:
        path = find(file, known.folders) or fetch(file, known.folders[0], known.mirrors if mirrors is None else mirrors)
        contents.append(read_content(path, file))
    sets = []
    for part, first in (("train", 0), ("test", 2)):
        images = parse_idx(contents[first], known.files[first].name, axes=3)
        labels = parse_idx(contents[first + 1], known.files[first + 1].name, axes=1)
        sets.append(
            Dataset(
                _unit_scaled(images.reshape(len(images), -1)),
                labels.astype(np.int64),
                classes=known.classes,
                image_shape=images.shape[1:],
                name=f"{known.name} {part}",
            )
        )
    return sets[0], sets[1]


def _unit_scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return bytes from 0 to 255 as numbers from 0 to 1."""
    return np.divide(pixels, np.float32(255), dtype=np.float32)


def _load_cifar(known: _KnownSet, mirrors: Sequence[str] | None, records: int) -> tuple[Dataset, Dataset]:
    """Return the two data sets that an archive of record files holds."""
    (file,) = known.files
    path = find(file, known.folders)
    if path is None:
        _refuse_pickled(known)
        path = fetch(file, known.folders[0], known.mirrors if mirrors is None else mirrors)
    check_file(path, file)
    members = _read_members(path, (*_CIFAR_TRAIN, *_CIFAR_TEST), records * _CIFAR_RECORD)
    sets = []
    for part, names in (("train", _CIFAR_TRAIN), ("test", _CIFAR_TEST)):
        images = np.empty((len(names) * records, 32, 32, 3), np.float32)
        labels = np.empty(len(names) * records, np.int64)
        for number, name in enumerate(names):
            rows = slice(number * records, (number + 1) * records)
            table = np.frombuffer(members.pop(name), np.uint8).reshape(records, _CIFAR_RECORD)
            labels[rows] = table[:, 0]
            planes = table[:, 1:].reshape(records, 3, 32, 32)
            np.divide(planes.transpose(0, 2, 3, 1), np.float32(255), out=images[rows])
        name = f"{known.name} {part}"
        sets.append(Dataset(images, labels, classes=known.classes, image_shape=(32, 32, 3), name=name))
    return sets[0], sets[1]


def _refuse_pickled(known: _KnownSet) -> None:
    """Say so where the user has the archive that is pickled, before 170 MB are downloaded."""
    pickled = KnownFile("cifar-10-python.tar.gz", "", 0)
    path = find(pickled, known.folders)
    if path is not None:
        raise FileError(
            f"{path} is the version of CIFAR-10 for Python",
            why="it is pickled, and reading a pickle can run any program; it is never read",
            instead=f"put {known.files[0].name}, the binary version of the same pictures, beside it",
        )


def _read_members(path: Path, names: Sequence[str], size: int) -> dict[str, bytes]:
    """Return the content of some members of a tar archive, nothing of which is written to the disk.

    Args:
        path: The archive.
        names: The members to read; others are passed over.
        size: How many bytes each of them must have.

    Returns:
        The content of each.

    Raises:
        FileError: Where a member is missing, occurs twice, is no ordinary file or of another size, or the archive is
            damaged.
    """
    import tarfile  # costs 6 ms to import, and is needed for this one data set

    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.name not in names:
                    continue
                stream = archive.extractfile(member) if member.isreg() and member.size == size else None
                if stream is None or member.name in contents:
                    raise FileError(
                        f"{path} holds {member.name} with {member.size:,} bytes, not once as a file of {size:,}",
                        why="this is not the archive that its authors published",
                        instead="delete the file and fetch it again",
                    )
                contents[member.name] = stream.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(
            f"{path} cannot be read as an archive: {error}",
            why="the file is damaged",
            instead="delete the file and fetch it again",
        ) from error
    missing = [name for name in names if name not in contents]
    if missing:
        raise FileError(
            f"{path} does not hold {', '.join(missing)}",
            why="this is not the archive that its authors published",
            instead="delete the file and fetch it again",
        )
    return contents
