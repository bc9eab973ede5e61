"""The header of a safetensors file, read with suspicion: a file may come from anywhere.

Eight bytes give the length of the header, the header is JSON and gives every tensor's dtype, shape and place, and the
rest of the file is the tensors, with no byte over. All of it is checked against the size of the file before anything is
allocated. What fails is named: a pickle, an archive or a picture that was given by mistake too.

This module imports NumPy and `backlit.errors` alone.
"""

import json
import math
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from backlit.errors import FileError

__all__ = ["DTYPE_NAMES", "MAX_HEADER_BYTES", "PREFIX_BYTES", "Header", "TensorEntry", "parse_header"]

PREFIX_BYTES = 8
"""How many bytes at the start of a file give the length of its header: an unsigned number, lowest byte first."""

MAX_HEADER_BYTES = 100_000_000
"""The longest header that the format allows."""

DTYPE_NAMES = {
    "BOOL": "bool",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "F32": "float32",
    "F64": "float64",
}
"""The data types of backlit by their names in the format."""

_MAX_AXES = 64  # of a NumPy array

# What begins a file of another kind. Looked at only where a file is refused, since a header may have any length.
_OTHER_KINDS = (
    (b"PK\x03\x04", "a zip archive (as .npz, .pt and .keras files are)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (as .h5 files are)"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"GGUF", "a GGUF model"),
    (b"version https://git-lfs", "a pointer of Git LFS, in place of the file that it points to"),
    (b"<", "a page of HTML or XML"),
    (b"{", "a JSON document"),
    *((bytes([0x80, protocol]), "a Python pickle") for protocol in range(2, 6)),
)


@dataclass(frozen=True)
class TensorEntry:
    """What the header says of one tensor.

    Args:
        dtype: The data type, by its NumPy name.
        shape: The length of each axis.
        begin: The number of its first byte, counted from the end of the header.
        end: The number of the byte after its last.

    Example:
        >>> TensorEntry("float32", (2, 3), 0, 24).end
        24
    """

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """A header that has passed every check.

    Args:
        entries: What it says of each tensor, by name.
        metadata: The text that the file carries beside its tensors.

    Example:
        >>> Header({}, {"format": "a"}).metadata
        {'format': 'a'}
    """

    entries: dict[str, TensorEntry]
    metadata: dict[str, str]


class _DamagedError(Exception):
    """What is wrong with a header, in words; becomes a FileError that names the file."""


def parse_header(content: bytes, name: str) -> Header:
    """Return the header of a file, checked: every tensor inside the file, none over another, no byte left over.

    Args:
        content: The whole file.
        name: What to call it in messages.

    Returns:
        The header.

    Raises:
        FileError: Where anything is wrong, with what it is.

    Example:
        >>> text = b'{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}'
        >>> parse_header(len(text).to_bytes(8, "little") + text + bytes([1, 2]), "the file").entries
        {'a': TensorEntry(dtype='uint8', shape=(2,), begin=0, end=2)}
    """
    try:
        text, start = _header_text(content)
        table = _parse_json(text)
        metadata = _checked_metadata(table.pop("__metadata__", {}))
        entries = {key: _checked_entry(key, value) for key, value in table.items()}
        _check_places(entries, len(content) - start)
    except _DamagedError as damaged:
        raise _refusal(content, name, str(damaged)) from None
    return Header(entries, metadata)


def _header_text(content: bytes) -> tuple[bytes, int]:
    """Return the text of the header, and where the tensors start."""
    if not content:
        raise _DamagedError("it is empty")
    if len(content) < PREFIX_BYTES:
        raise _DamagedError(f"it ends after {len(content)} bytes, and the length of its header alone takes 8")
    length = int.from_bytes(content[:PREFIX_BYTES], "little")
    left = len(content) - PREFIX_BYTES
    if length > left:
        raise _DamagedError(f"its first 8 bytes announce a header of {length:,} bytes, and {left:,} follow")
    if length > MAX_HEADER_BYTES:
        raise _DamagedError(f"its header is {length:,} bytes long, and {MAX_HEADER_BYTES:,} are allowed")
    start = PREFIX_BYTES + length
    text = content[PREFIX_BYTES:start]
    if not text.startswith(b"{"):
        raise _DamagedError("its header is no JSON object")
    return text, start


def _parse_json(text: bytes) -> dict[str, Any]:
    """Return the object that the header is, with no key twice."""
    try:
        table = json.loads(text.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise _DamagedError("its header is not UTF-8") from None
    except RecursionError:
        raise _DamagedError("its header is nested too deeply") from None
    except ValueError as error:  # also a number of more digits than Python converts
        raise _DamagedError(f"its header is no valid JSON ({error})") from None
    if not isinstance(table, dict):  # `{` starts it, so this cannot happen; mypy wants to see it
        raise _DamagedError("its header is no JSON object")
    return table


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _DamagedError(f"its header has {_short(twice)} twice")
    return table


def _refuse_constant(constant: str) -> NoReturn:
    raise _DamagedError(f"its header holds {constant}, which is no JSON")


def _checked_metadata(metadata: object) -> dict[str, str]:
    """Return the metadata, checked to be texts."""
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _DamagedError("its metadata is not a table of texts")
    for text in (*metadata, *metadata.values()):
        _check_text(text)
    return metadata


def _check_text(text: str) -> None:
    """Refuse half of a surrogate pair, which JSON can write and no encoding can."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _DamagedError(f"the text {_short(text)} in its header is no valid Unicode") from None


def _checked_entry(name: str, value: object) -> TensorEntry:
    """Return what the header says of one tensor, checked on its own."""
    _check_text(name)
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise _DamagedError(f"the entry {_short(name)} of its header does not have just dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPE_NAMES:
        known = ", ".join(DTYPE_NAMES)
        raise _DamagedError(f"the tensor {_short(name)} is of the data type {_short(dtype)}; those known are {known}")
    if not _are_counts(shape) or len(shape) > _MAX_AXES:
        raise _DamagedError(f"the tensor {_short(name)} has the shape {_short(shape)}")
    if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _DamagedError(f"the tensor {_short(name)} lies at the places {_short(offsets)}")
    return TensorEntry(DTYPE_NAMES[dtype], tuple(shape), offsets[0], offsets[1])


def _are_counts(values: object) -> bool:
    """Return whether this is a list of whole numbers that NumPy can count to."""
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**62 for value in values)


def _check_places(entries: dict[str, TensorEntry], data_bytes: int) -> None:
    """Check that the tensors, in the order of their places, fill the data without a hole, an overlap or a rest."""
    position = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)):
        needed = math.prod(entry.shape) * np.dtype(entry.dtype).itemsize
        if entry.end - entry.begin != needed:
            raise _DamagedError(
                f"the tensor {_short(name)} is {entry.dtype}{_short(list(entry.shape))}, which takes "
                f"{_grouped(needed)} bytes, and the header gives it {entry.end - entry.begin:,}"
            )
        if entry.begin != position:
            relation = "overlaps the one before it" if entry.begin < position else "leaves a hole before it"
            raise _DamagedError(f"the tensor {_short(name)} {relation}")
        position = entry.end
    if position > data_bytes:
        raise _DamagedError(
            f"its tensors take {position:,} bytes, and {data_bytes:,} follow the header: it was cut off"
        )
    if position < data_bytes:
        raise _DamagedError(
            f"its tensors take {position:,} bytes, and {data_bytes:,} follow the header: it is too long"
        )


def _grouped(count: int) -> str:
    """Return a count that may be absurd as text of sensible length."""
    return f"{count:,}" if count < 10**30 else "more than 10^30"


def _short(value: object) -> str:
    """Return anything as text of sensible length."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _refusal(content: bytes, name: str, damage: str) -> FileError:
    """Return the error that says what is wrong with a file, and what it looks like instead."""
    kind = next((kind for magic, kind in _OTHER_KINDS if content.startswith(magic)), None)
    if kind is None:
        return FileError(
            f"{name} cannot be read: {damage}",
            why="the file is damaged, or it is no safetensors file",
            instead="take another copy, or write it again",
        )
    danger = "reading a pickle can run any program, and backlit never reads one; " if "pickle" in kind else ""
    return FileError(
        f"{name} cannot be read: it looks like {kind}",
        why=f"{danger}as a safetensors file it is damaged: {damage}",
        instead="give a file that backlit.save wrote, or another safetensors file",
    )
