"""The large data sets: their loaders on small files of the same form, and on the real ones where they are."""

import dataclasses
import gzip
import hashlib
import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from backlit.data import cifar10, fashion_mnist, loaders, mnist
from backlit.data.fetch import KnownFile
from backlit.errors import DataError, DownloadError, FileError


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def small_digits(seed=0, train=12, test=5):
    random = np.random.default_rng(seed)
    return {
        "train-images-idx3-ubyte.gz": random.integers(0, 256, (train, 28, 28), dtype=np.uint8),
        "train-labels-idx1-ubyte.gz": random.integers(0, 10, train, dtype=np.uint8),
        "t10k-images-idx3-ubyte.gz": random.integers(0, 256, (test, 28, 28), dtype=np.uint8),
        "t10k-labels-idx1-ubyte.gz": random.integers(0, 10, test, dtype=np.uint8),
    }


def expect(monkeypatch, which, arrays):
    """Let a loader expect the files of these arrays instead of the real ones."""
    known = getattr(loaders, which)
    contents = [idx(arrays[file.name]) for file in known.files]
    files = tuple(
        KnownFile(file.name, hashlib.sha256(content).hexdigest(), len(content))
        for file, content in zip(known.files, contents, strict=True)
    )
    monkeypatch.setattr(loaders, which, dataclasses.replace(known, files=files, mirrors=()))


def write(folder, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        (folder / name).write_bytes(gzip.compress(idx(array)))


@pytest.mark.parametrize(
    ("load", "which", "folder"),
    [
        (mnist, "_MNIST", "mnist"),
        (mnist, "_MNIST", "."),
        (fashion_mnist, "_FASHION_MNIST", "fashion_mnist"),
        (fashion_mnist, "_FASHION_MNIST", "fashion-mnist"),
    ],
)
def test_files_of_the_user_are_read(monkeypatch, tmp_path, elsewhere, load, which, folder):
    arrays = small_digits()
    expect(monkeypatch, which, arrays)
    write(tmp_path / "own" / folder, arrays)
    monkeypatch.setenv("BACKLIT_DATA", str(tmp_path / "own"))
    train, test = load()
    assert (len(train), len(test)) == (12, 5)
    images = arrays["train-images-idx3-ubyte.gz"].reshape(12, 784)
    assert np.array_equal(train.inputs, images.astype(np.float32) / np.float32(255))
    assert np.array_equal(test.targets, arrays["t10k-labels-idx1-ubyte.gz"])
    assert (train.inputs.dtype, train.targets.dtype) == (np.float32, np.int64)
    assert train.image_shape == (28, 28)
    assert len(train.classes) == 10
    assert "train" in train.name


def test_files_are_downloaded_once(monkeypatch, mirror, elsewhere):
    arrays = small_digits()
    expect(monkeypatch, "_MNIST", arrays)
    write(mirror.folder, arrays)
    first, _ = mnist(mirrors=[mirror.address])
    again, _ = mnist(mirrors=[mirror.address])
    assert np.array_equal(first.inputs, again.inputs)
    assert sorted(mirror.asked) == sorted("/" + name for name in arrays)
    assert sorted(path.name for path in (elsewhere / "mnist").iterdir()) == sorted(arrays)


def test_without_files_and_without_mirrors_the_way_out_is_named(elsewhere):
    for load, name in ((mnist, "mnist/train-images"), (fashion_mnist, "fashion_mnist/"), (cifar10, "cifar10/")):
        with pytest.raises(DownloadError, match=f"(?s)could not be downloaded.*BACKLIT_DATA=/data for /data/{name}"):
            load(mirrors=[])


def test_another_data_sets_file_of_the_same_name_is_refused(monkeypatch, tmp_path, elsewhere):
    expect(monkeypatch, "_MNIST", small_digits(seed=1))
    write(tmp_path / "own", small_digits(seed=2))
    monkeypatch.setenv("BACKLIT_DATA", str(tmp_path / "own"))
    with pytest.raises(FileError, match=r"(?s)train-images-idx3-ubyte\.gz has SHA-256.*a folder of its own"):
        mnist()


def test_labels_are_checked_even_where_the_checksum_is_right(monkeypatch, tmp_path, elsewhere):
    arrays = small_digits() | {"train-labels-idx1-ubyte.gz": np.full(12, 10, np.uint8)}
    expect(monkeypatch, "_MNIST", arrays)
    write(elsewhere / "mnist", arrays)
    with pytest.raises(DataError, match="the label in row 0 is 10"):
        mnist()


def test_images_and_labels_belong_together(monkeypatch, tmp_path, elsewhere):
    arrays = small_digits() | {"train-labels-idx1-ubyte.gz": np.zeros(11, np.uint8)}
    expect(monkeypatch, "_MNIST", arrays)
    write(elsewhere / "mnist", arrays)
    with pytest.raises(DataError, match="12 rows of inputs, 11 rows of targets"):
        mnist()


RECORDS = 4


def cifar_members(seed=0):
    random = np.random.default_rng(seed)
    names = [*loaders._CIFAR_TRAIN, *loaders._CIFAR_TEST]
    members = {}
    for name in names:
        records = random.integers(0, 256, (RECORDS, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        members[name] = records.tobytes()
    return members


def archive(members, folder, kinds=None):
    """Write a tar archive of these members, and let the loader expect it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items() if isinstance(members, dict) else members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if kinds and name in kinds:
                info.type, info.linkname, info.size = kinds[name], "/etc/hostname", 0
            tar.addfile(info, io.BytesIO(content))
    return path


def known_archive(path):
    content = path.read_bytes()
    file = KnownFile(path.name, hashlib.sha256(content).hexdigest(), len(content))
    return dataclasses.replace(loaders._CIFAR10, files=(file,), mirrors=())


def load_cifar(path, mirrors=None):
    return loaders._load_cifar(known_archive(path), mirrors, RECORDS)


def test_cifar_is_read_channels_last(elsewhere):
    members = cifar_members()
    extra = {"cifar-10-batches-bin/readme.html": b"hello", "cifar-10-batches-bin/batches.meta.txt": b"airplane\n"}
    train, test = load_cifar(archive(extra | members, elsewhere / "cifar10"))
    assert train.inputs.shape == (5 * RECORDS, 32, 32, 3)
    assert test.inputs.shape == (RECORDS, 32, 32, 3)
    assert (train.inputs.dtype, train.targets.dtype) == (np.float32, np.int64)
    assert (train.image_shape, train.classes[3]) == ((32, 32, 3), "cat")
    record = np.frombuffer(members["cifar-10-batches-bin/data_batch_2.bin"], np.uint8).reshape(RECORDS, 3073)[1]
    row = RECORDS + 1
    assert train.targets[row] == record[0]
    for channel in range(3):
        plane = record[1 + 1024 * channel : 1 + 1024 * (channel + 1)].reshape(32, 32)
        assert np.array_equal(train.inputs[row, :, :, channel], plane.astype(np.float32) / np.float32(255))


def test_cifar_is_downloaded_once(mirror, elsewhere):
    path = archive(cifar_members(), mirror.folder)
    train, _ = load_cifar(path, [mirror.address])
    again, _ = load_cifar(path, [mirror.address])
    assert np.array_equal(train.inputs, again.inputs)
    assert mirror.asked == ["/cifar-10-binary.tar.gz"]


FIRST = "cifar-10-batches-bin/data_batch_1.bin"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda members: [(name, content) for name, content in members.items() if name != FIRST], "does not hold"),
        (lambda members: [*members.items(), (FIRST, members[FIRST])], "data_batch_1.bin with 12,292 bytes, not once"),
        (lambda members: members | {FIRST: members[FIRST][:-1]}, "data_batch_1.bin with 12,291 bytes, not once"),
        (lambda members: members | {FIRST: members[FIRST] + b"0"}, "data_batch_1.bin with 12,293 bytes, not once"),
        (lambda members: {"../" + name: content for name, content in members.items()}, "does not hold"),
    ],
)
def test_a_cifar_archive_of_other_members_is_refused(elsewhere, change, message):
    path = archive(change(cifar_members()), elsewhere / "cifar10")
    with pytest.raises(FileError, match=message):
        load_cifar(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_member_that_is_no_ordinary_file_is_refused(elsewhere, kind):
    path = archive(cifar_members(), elsewhere / "cifar10", kinds={FIRST: kind})
    with pytest.raises(FileError, match="not once as a file"):
        load_cifar(path)


def test_labels_of_cifar_are_checked(elsewhere):
    members = cifar_members()
    members[FIRST] = b"\x0a" + members[FIRST][1:]
    with pytest.raises(DataError, match="the label in row 0 is 10"):
        load_cifar(archive(members, elsewhere / "cifar10"))


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"not a tar", lambda b: gzip.compress(b"x" * 900)]
)
def test_a_damaged_archive_is_refused(elsewhere, damage):
    path = archive(cifar_members(), elsewhere / "cifar10")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileError, match=r"cannot be read as an archive|does not hold"):
        load_cifar(path)


def test_an_archive_with_another_checksum_is_not_opened(elsewhere):
    path = archive(cifar_members(), elsewhere / "cifar10")
    known = known_archive(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileError, match="has SHA-256"):
        loaders._load_cifar(known, None, RECORDS)


def test_the_pickled_archive_is_never_read(monkeypatch, tmp_path, elsewhere):
    class Attack:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "attacked",))

    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "cifar-10-python.tar.gz").write_bytes(pickle.dumps(Attack()))
    monkeypatch.setenv("BACKLIT_DATA", str(tmp_path))
    with pytest.raises(FileError, match=r"(?s)cifar-10-python\.tar\.gz is the version .* for Python.*pickle"):
        cifar10(mirrors=[])
    assert not (tmp_path / "attacked").exists()


def lies_here(*names):
    return all((Path(os.environ.get("BACKLIT_DATA", "")) / name).is_file() for name in names)


@pytest.mark.skipif(not lies_here("mnist/train-images-idx3-ubyte.gz"), reason="BACKLIT_DATA does not hold MNIST")
def test_the_real_mnist_is_read():
    train, test = mnist(mirrors=[])
    assert (train.inputs.shape, test.inputs.shape) == ((60_000, 784), (10_000, 784))
    assert train.targets[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert np.bincount(test.targets).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert abs(float(train.inputs[:10_000].mean()) - 0.13) < 0.005


@pytest.mark.skipif(
    not lies_here("fashion_mnist/train-images-idx3-ubyte.gz"), reason="BACKLIT_DATA does not hold Fashion-MNIST"
)
def test_the_real_fashion_mnist_is_read():
    train, test = fashion_mnist(mirrors=[])
    assert np.bincount(train.targets).tolist() == [6000] * 10
    assert np.bincount(test.targets).tolist() == [1000] * 10


@pytest.mark.skipif(not lies_here("cifar10/cifar-10-binary.tar.gz"), reason="BACKLIT_DATA does not hold CIFAR-10")
def test_the_real_cifar10_is_read():
    train, test = cifar10(mirrors=[])
    assert np.bincount(train.targets).tolist() == [5000] * 10
    assert np.bincount(test.targets).tolist() == [1000] * 10
