"""Named arrays and texts in one safetensors file: written whole or not at all, read with every doubt.

A safetensors file cannot run code when it is read, unlike a pickle. On top of the format backlit keeps a checksum of
the whole content in the metadata, so that a file in which a single bit has changed is refused instead of believed.
Files of other writers have no checksum and are read all the same.

This module imports NumPy, `backlit.errors`, the data types of `backlit.graph` and the modules beside it; the package
safetensors when a file is written or read.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import ArgumentError, DTypeError, FileError
from backlit.graph.spec import DTYPES
from backlit.interop.atomic import write_atomically
from backlit.interop.header import PREFIX_BYTES, Header, parse_header

__all__ = ["CHECKSUM_KEY", "read_tensors", "write_tensors"]

CHECKSUM_KEY = "backlit.sha256"
"""The entry of the metadata that holds the checksum."""


def write_tensors(
    path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named arrays and texts to a safetensors file, whole or not at all.

    The same arrays and texts always give the same bytes. A checksum joins the texts; `read_tensors` checks it.

    Args:
        path: The file; one that exists is replaced.
        arrays: The arrays by name, each of a data type of backlit, of any shape, memory order and byte order.
        metadata: Texts to keep beside them.

    Raises:
        FileError: Where the file cannot be written; nothing is changed then.
        DTypeError: Where an array is of a data type that backlit has not.
        ArgumentError: Where a name or a text is none that the format can hold.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tensors(Path(folder) / "a.safetensors", {"w": np.ones((2, 2))}, {"made by": "hand"})
        ...     read_tensors(Path(folder) / "a.safetensors")
        ({'w': array([[1., 1.],
               [1., 1.]])}, {'made by': 'hand'})
    """
    texts = dict(metadata or {})
    for key, text in texts.items():
        _check_text(key, "a key of the metadata")
        _check_text(text, f"the metadata {key!r}")
    if CHECKSUM_KEY in texts:
        raise ArgumentError(
            f"the metadata has a key {CHECKSUM_KEY!r}", why="the checksum is kept there", instead="choose another key"
        )
    plain = {name: _plain_array(name, array) for name, array in arrays.items()}
    write_atomically(path, _encoded(plain, texts | {CHECKSUM_KEY: _checksum(plain, texts)}))


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Read all arrays and texts of a safetensors file, refusing whatever is not exactly as the format says.

    Args:
        path: The file.

    Returns:
        The arrays by name, each one's own to change, and the texts.

    Raises:
        FileError: Where the file is missing, empty, cut off, too long, damaged, hostile, or of another kind.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tensors(Path(folder) / "a.safetensors", {"step": np.array(3)})
        ...     arrays, texts = read_tensors(Path(folder) / "a.safetensors")
        >>> arrays, texts
        ({'step': array(3)}, {})
    """
    content = _read_file(Path(path))
    header = parse_header(content, os.fspath(path))
    arrays = _decoded(content, header, os.fspath(path))
    texts = dict(header.metadata)
    stored = texts.pop(CHECKSUM_KEY, None)
    if stored is not None and stored != _checksum(arrays, texts):
        raise FileError(
            f"{os.fspath(path)} is not what was written: its content does not match its checksum",
            why="the file was damaged, or changed by another program",
            instead=f"take another copy; where the change was meant, remove {CHECKSUM_KEY!r} from its metadata",
        )
    return arrays, texts


def _check_text(text: object, what: str) -> None:
    """Check that something is text that UTF-8 can write: half of a surrogate pair is none."""
    if not isinstance(text, str) or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ArgumentError(f"{what} is {text!r}", why="names and metadata of a file are text", instead='write "text"')


def _plain_array(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in the order that the file has: row by row, lowest byte first."""
    _check_text(name, "the name of an array")
    if name == "__metadata__":
        raise ArgumentError("an array is named '__metadata__'", why="the format keeps this name for itself")
    plain = np.asarray(array)
    if plain.dtype.name not in DTYPES:  # the name is the same in every byte order
        raise DTypeError(
            f"the array {name!r} is of data type {plain.dtype}", instead=f"convert it to one of {', '.join(DTYPES)}"
        )
    return np.asarray(plain, dtype=plain.dtype.newbyteorder("<"), order="C")


def _checksum(arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, str]) -> str:
    """Return the SHA-256 of all that a file holds, whatever the order in which it is given.

    Of each name, specification and text the length comes first, so that no two contents run together to the same bytes.
    """
    digest = hashlib.sha256()

    def add(part: bytes) -> None:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)

    for name in sorted(arrays):
        array = arrays[name]
        add(name.encode())
        add(f"{array.dtype.name}{list(array.shape)}".encode())
        digest.update(array.tobytes())
    for key in sorted(texts):
        add(key.encode())
        add(texts[key].encode())
    return digest.hexdigest()


def _encoded(arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, str]) -> bytes:
    """Return the content of the file."""
    from safetensors.numpy import save

    content = save(dict(arrays), dict(texts))
    # The package writes the metadata in an order that changes from call to call. It is put in order here, so that
    # the same model gives the same file.
    length = int.from_bytes(content[:PREFIX_BYTES], "little")
    table = json.loads(content[PREFIX_BYTES : PREFIX_BYTES + length])
    table["__metadata__"] = dict(sorted(texts.items()))
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % PREFIX_BYTES)  # the tensors start at a multiple of 8
    return len(text).to_bytes(PREFIX_BYTES, "little") + text + content[PREFIX_BYTES + length :]


def _decoded(content: bytes, header: Header, name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file whose header has been checked."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        loaded = load(content)
    except SafetensorError as error:  # the checks of the header leave nothing for it to find; a later version may
        raise FileError(f"{name} cannot be read: {error}", instead="take another copy, or write it again") from error
    arrays = {}
    for key, entry in header.entries.items():
        array = np.array(loaded[key].reshape(entry.shape))
        if entry.dtype == "bool" and array.size and array.view(np.uint8).max() > 1:
            raise FileError(
                f"{name} cannot be read: the tensor {key!r} of booleans holds the byte {array.view(np.uint8).max()}",
                why="true is 1 and false is 0, and the file is damaged",
                instead="take another copy, or write it again",
            )
        arrays[key] = array
    return arrays


def _read_file(path: Path) -> bytes:
    """Return the content of a file, whose size bounds everything that reading it allocates."""
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder", instead="give the path of a file")
        if path.exists() and not path.is_file():
            raise FileError(f"{path} is no ordinary file", why="a device or a pipe has no end to check against")
        return path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"there is no file {path}", instead="check the path") from None
    except PermissionError:
        raise FileError(f"{path} cannot be read", why="you may not read it", instead="ask its owner") from None
    except MemoryError:
        raise FileError(f"{path} is larger than the memory", instead="take a machine with more of it") from None
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{os.fspath(path)!r} cannot be read: {error}", instead="check the path") from error
