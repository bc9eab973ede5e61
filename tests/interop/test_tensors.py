"""Arrays come back as they went, and whatever was changed on the way is refused."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backlit.errors import ArgumentError, DTypeError, FileError
from backlit.graph.spec import DTYPES
from backlit.interop import read_tensors, write_tensors
from backlit.interop.tensors import CHECKSUM_KEY


def same(first: np.ndarray, second: np.ndarray) -> bool:
    """Equal to the last bit, but for the byte order."""
    return (
        first.shape == second.shape
        and first.dtype.name == second.dtype.name
        and first.astype(first.dtype.newbyteorder("<")).tobytes() == second.tobytes()
    )


def without_checksum(content: bytes) -> bytes:
    """The file as another program would have written it."""
    length = int.from_bytes(content[:8], "little")
    table = json.loads(content[8 : 8 + length])
    del table["__metadata__"][CHECKSUM_KEY]
    text = json.dumps(table).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


@pytest.fixture(scope="module")
def valid(tmp_path_factory) -> dict[str, bytes]:
    """A sound file, with its checksum and without."""
    path = tmp_path_factory.mktemp("valid") / "valid.safetensors"
    arrays = {"w": np.arange(6.0).reshape(2, 3), "on": np.array([True, False]), "n": np.array(7, "uint32")}
    write_tensors(path, arrays, {"format": "test"})
    return {"with": path.read_bytes(), "without": without_checksum(path.read_bytes())}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_data_type_comes_back_in_every_byte_order(dtype, order, tmp_path):
    array = np.array([[0, 1, 1], [1, 0, 1]], dtype).view(np.dtype(dtype).newbyteorder("="))
    array = array.astype(np.dtype(dtype).newbyteorder(order))
    write_tensors(tmp_path / "a", {"x": array})
    (back,) = read_tensors(tmp_path / "a")[0].values()
    assert same(array, back)
    assert back.dtype.isnative


@given(
    arrays=st.dictionaries(
        st.text(max_size=10),
        st.sampled_from(DTYPES).flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))),
        max_size=4,
    ),
    texts=st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=3),
)
def test_any_arrays_and_texts_come_back_to_the_last_bit(arrays, texts, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "a.safetensors"
    write_tensors(path, arrays, texts)
    back, back_texts = read_tensors(path)
    assert back.keys() == arrays.keys()
    assert all(same(arrays[name], back[name]) for name in arrays)
    assert back_texts == texts


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0).reshape(3, 4)[::-1, ::2],
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.broadcast_to(np.float32(2), (3, 3)),
        np.zeros((0, 5), "int8"),
        np.array(3.5),
        np.array([np.nan, np.inf, -0.0]),
    ],
)
def test_arrays_of_every_layout_come_back(array, tmp_path):
    write_tensors(tmp_path / "a", {"x": array})
    assert same(np.asarray(array, order="C"), read_tensors(tmp_path / "a")[0]["x"])


def test_what_is_read_is_ones_own_to_change(tmp_path):
    write_tensors(tmp_path / "a", {"x": np.zeros(3)})
    array = read_tensors(tmp_path / "a")[0]["x"]
    array += 1
    assert array.tolist() == [1, 1, 1]
    assert read_tensors(tmp_path / "a")[0]["x"].tolist() == [0, 0, 0]


def test_the_same_content_gives_the_same_bytes(tmp_path):
    texts = {str(number): "x" for number in range(20)}
    for name, keys in (("a", sorted(texts)), ("b", sorted(texts, reverse=True))):
        write_tensors(tmp_path / name, {"x": np.ones(2)}, {key: texts[key] for key in keys})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_package_safetensors_reads_what_is_written(tmp_path):
    safe = pytest.importorskip("safetensors")
    write_tensors(tmp_path / "a", {"w": np.arange(6.0).reshape(2, 3), "e": np.zeros((0, 2))}, {"k": "ä\n"})
    with safe.safe_open(tmp_path / "a", framework="np") as file:
        assert file.metadata()["k"] == "ä\n"
        assert file.get_tensor("w").tolist() == [[0, 1, 2], [3, 4, 5]]


def test_what_the_package_safetensors_writes_is_read(tmp_path):
    numpy_safe = pytest.importorskip("safetensors.numpy")
    numpy_safe.save_file({"w": np.ones(3, "float32")}, tmp_path / "a", {"format": "pt"})
    arrays, texts = read_tensors(tmp_path / "a")
    assert (arrays["w"].tolist(), texts) == ([1, 1, 1], {"format": "pt"})


@pytest.mark.parametrize("dtype", ["float16", "complex64", "datetime64[s]", "U3", "object"])
def test_a_data_type_that_backlit_has_not_is_refused(dtype, tmp_path):
    with pytest.raises(DTypeError, match="the array 'x' is of data type"):
        write_tensors(tmp_path / "a", {"x": np.zeros(2, dtype)})
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("arrays", "texts", "message"),
    [
        ({"__metadata__": np.zeros(1)}, {}, "an array is named '__metadata__'"),
        ({3: np.zeros(1)}, {}, "the name of an array is 3"),
        ({"\ud800": np.zeros(1)}, {}, "the name of an array is"),
        ({}, {"epoch": 3}, "the metadata 'epoch' is 3"),
        ({}, {3: "x"}, "a key of the metadata is 3"),
        ({}, {CHECKSUM_KEY: "x"}, "the checksum is kept there"),
    ],
)
def test_names_and_texts_that_the_format_cannot_hold_are_refused(arrays, texts, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        write_tensors(tmp_path / "a", arrays, texts)
    assert not (tmp_path / "a").exists()


def test_a_changed_byte_is_noticed_by_the_checksum(valid, tmp_path):
    content = bytearray(valid["with"])
    content[-16] ^= 1
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FileError, match="does not match its checksum"):
        read_tensors(tmp_path / "a")


@pytest.mark.parametrize("change", [{"format": "other"}, {"format": "test", "more": "x"}, {}])
def test_changed_metadata_are_noticed_by_the_checksum(change, valid, tmp_path):
    length = int.from_bytes(valid["with"][:8], "little")
    table = json.loads(valid["with"][8 : 8 + length])
    table["__metadata__"] = change | {CHECKSUM_KEY: table["__metadata__"][CHECKSUM_KEY]}
    text = json.dumps(table).encode()
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + valid["with"][8 + length :])
    with pytest.raises(FileError, match="does not match its checksum"):
        read_tensors(tmp_path / "a")


def test_a_boolean_that_is_neither_true_nor_false_is_refused(tmp_path):
    text = b'{"x":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}'
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + b"\x01\x02")
    with pytest.raises(FileError, match="holds the byte 2"):
        read_tensors(tmp_path / "a")


def test_what_is_no_file_is_refused(tmp_path):
    for path, message in [
        (tmp_path / "missing", "there is no file"),
        (tmp_path, "is a folder"),
        (Path(os.devnull), "is no ordinary file"),
        (str(tmp_path / "a\0b"), "cannot be read"),
        (tmp_path / ("n" * 300), "cannot be read"),
    ]:
        with pytest.raises(FileError, match=message):
            read_tensors(path)


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a").touch()

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(FileError, match="you may not read it"):
        read_tensors(tmp_path / "a")


# --------------------------------------------------------------------------------------------------- files gone wrong


def read_or_refuse(content: bytes, folder: Path) -> None:
    """Read a file: the arrays are no larger than it, or a FileError says why not; anything else fails the test."""
    path = folder / "fuzzed.safetensors"
    path.write_bytes(content)
    try:
        arrays, texts = read_tensors(path)
    except FileError:
        return
    assert sum(array.nbytes for array in arrays.values()) < len(content)
    assert all(array.dtype.name in DTYPES for array in arrays.values())
    assert all(isinstance(text, str) for text in texts.values())


@pytest.mark.parametrize("kind", ["with", "without"])
def test_every_truncation_is_refused(kind, valid, tmp_path):
    for length in range(len(valid[kind])):
        (tmp_path / "a").write_bytes(valid[kind][:length])
        with pytest.raises(FileError):
            read_tensors(tmp_path / "a")


@given(data=st.data(), kind=st.sampled_from(["with", "without"]))
def test_flipped_bytes_are_read_or_refused(data, kind, valid, tmp_path_factory):
    content = bytearray(valid[kind])
    places = st.integers(0, len(content) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8)):
        content[place] = value
    read_or_refuse(bytes(content), tmp_path_factory.getbasetemp())


@given(data=st.data(), kind=st.sampled_from(["with", "without"]))
def test_pieces_cut_out_doubled_or_put_in_are_read_or_refused(data, kind, valid, tmp_path_factory):
    content = valid[kind]
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    piece = data.draw(st.sampled_from([b"", content[first:second] * 2]) | st.binary(max_size=20))
    read_or_refuse(content[:first] + piece + content[second:], tmp_path_factory.getbasetemp())


@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content, tmp_path_factory):
    read_or_refuse(content, tmp_path_factory.getbasetemp())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["F32", "BOOL", "w"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "w"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(table=JSON, tail=st.binary(max_size=20))
def test_any_json_as_a_header_is_read_or_refused(table, tail, tmp_path_factory):
    text = json.dumps(table).encode()
    read_or_refuse(len(text).to_bytes(8, "little") + text + tail, tmp_path_factory.getbasetemp())


def test_the_checksum_is_the_one_that_the_documentation_describes(tmp_path):
    write_tensors(tmp_path / "a", {"w": np.ones((2, 3), "float32"), "b": np.array(7, "uint8")}, {"kind": "ä"})
    parts = [b"b", b"uint8[]", b"\x07", b"w", b"float32[2, 3]", np.ones(6, "<f4").tobytes(), b"kind", "ä".encode()]
    prefixed = [part if i in {2, 5} else len(part).to_bytes(8, "little") + part for i, part in enumerate(parts)]
    with (tmp_path / "a").open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    assert header["__metadata__"][CHECKSUM_KEY] == hashlib.sha256(b"".join(prefixed)).hexdigest()
