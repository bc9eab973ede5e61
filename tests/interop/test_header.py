"""Headers that are not exactly as the format says are refused, each with its own words."""

import json

import pytest

from backlit.errors import FileError
from backlit.interop.header import MAX_HEADER_BYTES, TensorEntry, parse_header


def entry(dtype: str = "F32", shape: object = (2,), begin: object = 0, end: object = 8) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def file(header: object, data: bytes = b"\0" * 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_a_sound_header_is_read():
    header = parse_header(file({"__metadata__": {"k": "v"}, "w": entry()}), "f")
    assert header.entries == {"w": TensorEntry("float32", (2,), 0, 8)}
    assert header.metadata == {"k": "v"}
    assert parse_header(file({"w": entry()}), "f").metadata == {}


def test_tensors_may_stand_in_any_order_and_be_empty():
    table = {"b": entry("U8", [4], 4, 8), "none": entry("F64", [0, 3], 4, 4), "a": entry("U8", [2, 2], 0, 4)}
    assert set(parse_header(file(table), "f").entries) == {"a", "b", "none"}


DAMAGED = {
    "empty": (b"", "it is empty"),
    "seven bytes": (b"1234567", "it ends after 7 bytes"),
    "a header longer than the file": (file({"w": entry()})[:20], "announce a header of .* and 12 follow"),
    "an absurd header": ((2**64 - 1).to_bytes(8, "little") + b"{}", "announce a header of 18,446,744,073,709,551,615"),
    "no header": ((0).to_bytes(8, "little") + b"data", "no JSON object"),
    "a list": (file([1]), "no JSON object"),
    "white space first": (file(b' {"w": 1}'), "no JSON object"),
    "half a header": (file(b'{"w": {"dtype"'), "no valid JSON"),
    "something after the header": (file(b"{} x", b""), "no valid JSON"),
    "no UTF-8": (file(b'{"\xff": 1}'), "is not UTF-8"),
    "half a surrogate pair": (file({"\ud800": entry()}), "no valid Unicode"),
    "nested": (file(b'{"a":' * 100_000), "nested too deeply"),
    "a number of 10,000 digits": (file(b'{"a": ' + b"9" * 10_000 + b"}"), "no valid JSON"),
    "NaN": (file(b'{"a": NaN}'), "holds NaN"),
    "a name twice": (file(b'{"w": {}, "w": {}}'), "has 'w' twice"),
    "a key twice": (file(b'{"w": {"dtype": "F32", "dtype": "F32"}}'), "has 'dtype' twice"),
    "metadata of numbers": (file({"__metadata__": {"a": 1}}), "metadata is not a table of texts"),
    "metadata that is a list": (file({"__metadata__": []}), "metadata is not a table of texts"),
    "an entry that is a number": (file({"w": 1}), "entry 'w'"),
    "an entry without a shape": (file({"w": {"dtype": "F32", "data_offsets": [0, 8]}}), "entry 'w'"),
    "an entry with more": (file({"w": entry() | {"code": "x"}}), "entry 'w'"),
    "a dtype of others": (file({"w": entry("BF16", [4])}), "of the data type 'BF16'"),
    "a dtype that is a list": (file({"w": entry(["F32"])}), r"of the data type \['F32'\]"),
    "a negative length": (file({"w": entry(shape=[-2])}), r"has the shape \[-2\]"),
    "a length with a fraction": (file({"w": entry(shape=[2.0])}), r"has the shape \[2.0\]"),
    "a length of true": (file({"w": entry(shape=[True, 2])}), r"has the shape \[True, 2\]"),
    "a shape of 65 axes": (file({"w": entry(shape=[1] * 65, end=4)}), "has the shape"),
    "an absurd shape": (file({"w": entry(shape=[2**61] * 8)}), "takes more than 10"),
    "a product that overflows to the right size": (file({"w": entry(shape=[2**32, 2**32, 2], end=0)}), "takes"),
    "places that are no pair": (file({"w": entry() | {"data_offsets": [0, 4, 8]}}), "lies at the places"),
    "an end before the beginning": (file({"w": entry(begin=8, end=0)}), "lies at the places"),
    "negative places": (file({"w": entry(begin=-8, end=0)}), "lies at the places"),
    "fewer bytes than numbers": (file({"w": entry(end=4)}), "takes 8 bytes, and the header gives it 4"),
    "an overlap": (file({"a": entry(), "b": entry("U8", [8], 0, 8)}), "overlaps the one before it"),
    "a hole": (file({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 6, 8)}), "leaves a hole before it"),
    "a hole at the start": (file({"w": entry("U8", [4], 4, 8)}), "leaves a hole before it"),
    "cut off": (file({"w": entry()}, b"\0" * 7), "8 bytes, and 7 follow the header: it was cut off"),
    "too long": (file({"w": entry()}, b"\0" * 9), "8 bytes, and 9 follow the header: it is too long"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_header_is_refused(name):
    content, message = DAMAGED[name]
    with pytest.raises(FileError, match=message) as raised:
        parse_header(content, "model.safetensors")
    assert str(raised.value).startswith("model.safetensors cannot be read: ")
    assert raised.value.why
    assert raised.value.instead
    assert all(len(line) < 300 for line in str(raised.value).splitlines())


def test_a_header_over_the_limit_is_refused():
    content = (MAX_HEADER_BYTES + 1).to_bytes(8, "little") + bytes(MAX_HEADER_BYTES + 1)
    with pytest.raises(FileError, match="100,000,000 are allowed"):
        parse_header(content, "f")


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04", "zip archive"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x89PNG\r\n\x1a\n", "PNG picture"),
        (b"\xff\xd8\xff", "JPEG picture"),
        (b"\x93NUMPY", "NumPy array"),
        (b"\x80\x04\x95", "Python pickle"),
        (b"GGUF", "GGUF model"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        (b"<!DOCTYPE html>", "HTML"),
        (b'{"weights": []}', "JSON document"),
    ],
)
def test_a_file_of_another_kind_is_named(start, kind):
    with pytest.raises(FileError, match=f"f cannot be read: it looks like an? (.* )?{kind}") as raised:
        parse_header(start + bytes(100), "f")
    assert ("can run any program" in raised.value.why) == ("pickle" in kind)


def test_a_header_whose_length_looks_like_a_pickle_is_read():
    text = json.dumps({"w": entry()}).encode().ljust(0x0280)
    assert "w" in parse_header(file(text), "f").entries
