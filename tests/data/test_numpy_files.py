"""NumPy's files: read in place, and never believed."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.data import from_npy
from backlit.data.rows import lies_on_disk
from backlit.errors import DataError, FileError


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "inputs.npy", np.arange(24, dtype=np.float32).reshape(8, 3))
    np.save(tmp_path / "labels.npy", np.array([0, 1] * 4))
    np.save(tmp_path / "weights.npy", np.ones(8))
    return tmp_path


def test_the_arrays_stay_on_disk(folder):
    data = from_npy(
        folder / "inputs.npy", str(folder / "labels.npy"), weights=folder / "weights.npy", classes=["a", "b"]
    )
    assert isinstance(data.inputs, np.memmap)
    assert not data.inputs.flags.writeable
    assert repr(data).startswith("Dataset 'inputs': 8 rows, inputs (3,) float32, targets int64, weights float64, 2 cla")
    batches = list(data.batches(3, shuffle=True))
    assert all(not lies_on_disk(part) for batch in batches for part in batch)
    assert sorted(np.concatenate([inputs[:, 0] for inputs, _, _ in batches])) == list(range(0, 24, 3))
    assert from_npy(folder / "inputs.npy", name="mine", image_shape=(1, 3)).name == "mine"


def test_a_file_larger_than_memory_is_opened(tmp_path):
    # A sparse file of 64 GiB: whoever read or checked it whole would not come back.
    path = tmp_path / "large.npy"
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (1 << 24, 1024)})
        stream.truncate(stream.tell() + (1 << 24) * 1024 * 4)
    data = from_npy(path)
    (first,) = next(iter(data.batches(2)))
    assert first.tolist() == [[0.0] * 1024] * 2
    assert len(data.batches(32)) == 1 << 19


def test_fortran_order_and_old_byte_orders_are_read(tmp_path):
    array = np.arange(12, dtype=">f8").reshape(4, 3)
    np.save(tmp_path / "a.npy", np.asfortranarray(array))
    (batch,) = next(iter(from_npy(tmp_path / "a.npy").batches(4)))
    assert np.array_equal(batch, array)
    assert batch.dtype.isnative


def damaged(content, path):
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        from_npy(path)
    assert str(path) in caught.value.what
    assert caught.value.instead
    return str(caught.value)


def test_a_file_that_is_not_whole_or_not_alone_is_refused(folder):
    content = (folder / "inputs.npy").read_bytes()
    path = folder / "damaged.npy"
    assert "goes on after its end" in damaged(content + b"\0", path)
    for end in (0, 3, 6, 8, 10, 60, 127, 128, len(content) - 1):
        damaged(content[:end], path)


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (8.0, 3), }",
        b"{'descr': '<f4', 'fortran_order': False, }",
        b"{'descr': 'nonsense', 'fortran_order': False, 'shape': (8, 3), }",
        b"{'descr': '<f4', 'fortran_order': 3, 'shape': (8, 3), }",
        b"__import__('os').getcwd()",
        b"{'descr': ",
        b"(" * 300,
        b"\xff\xfe",
    ],
)
def test_a_hostile_header_is_refused(tmp_path, header):
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(96)
    damaged(content, tmp_path / "hostile.npy")


@given(st.binary(max_size=200))
def test_any_bytes_after_the_magic_are_an_array_or_an_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.npy"
    path.write_bytes(b"\x93NUMPY" + content)
    with pytest.raises((FileError, DataError)):
        from_npy(path)


def test_pickled_objects_are_never_read(tmp_path):
    class Attack:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "attacked",))

    np.save(tmp_path / "objects.npy", np.array([Attack()], object))
    with pytest.raises(FileError, match="holds Python objects"):
        from_npy(tmp_path / "objects.npy")
    damaged(pickle.dumps(Attack()), tmp_path / "pickle.npy")
    assert not (tmp_path / "attacked").exists()


def test_what_is_no_npy_file_is_named(tmp_path):
    with pytest.raises(FileError, match="there is no file"):
        from_npy(tmp_path / "nowhere.npy")
    with pytest.raises(FileError, match="cannot be read"):
        from_npy(tmp_path)
    np.savez(tmp_path / "several.npz", a=np.zeros(3))
    with pytest.raises(FileError, match="starts with the bytes b'PK"):
        from_npy(tmp_path / "several.npz")


def test_arrays_that_cannot_be_learned_from_are_refused(folder):
    np.save(folder / "short.npy", np.zeros(7))
    with pytest.raises(DataError, match="8 rows of inputs, 7 rows of targets"):
        from_npy(folder / "inputs.npy", folder / "short.npy")
    for name, array in (("empty", np.zeros((0, 3))), ("scalar", np.float32(3)), ("text", np.array(["a"]))):
        np.save(folder / f"{name}.npy", array)
        with pytest.raises((DataError, FileError)):
            from_npy(folder / f"{name}.npy")
