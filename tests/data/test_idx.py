"""The IDX format: whatever is not exactly such a file is refused."""

import contextlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backlit.data.idx import parse_idx
from backlit.errors import FileError


def idx(array):
    """The bytes of an IDX file of unsigned bytes."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_an_array_comes_back(shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    read = parse_idx(idx(array), "file", axes=len(shape))
    assert read.shape == array.shape
    assert np.array_equal(read, array)


@given(st.binary(max_size=40), st.sampled_from([1, 3]))
@example(b"", 1)
@example(bytes([0, 0, 8, 3]) + b"\xff" * 12, 3)
@example(bytes([0, 0, 8, 3]) + b"\0\0\0\0" + b"\xff" * 8, 3)
def test_any_bytes_are_an_array_or_an_error(content, axes):
    with contextlib.suppress(FileError):
        array = parse_idx(content, "file", axes=axes)
        assert len(content) == 4 + 4 * axes + array.size


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "file has 0 bytes, and the header of an IDX file with 1 axes has 8"),
        (bytes([0, 0, 8, 1, 0, 0, 0]), "file has 7 bytes"),
        (bytes([0, 0, 8, 3, 0, 0, 0, 1]), r"starts with the bytes \(0, 0, 8, 3\)"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 1, 5]), r"starts with the bytes \(0, 0, 13, 1\)"),
        (bytes([1, 0, 8, 1, 0, 0, 0, 1, 5]), r"starts with the bytes \(1, 0, 8, 1\)"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 6]), r"file has 10 bytes, and its header promises shape \(3,\), 11 bytes"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 0]), r"file promises an array of shape \(0,\)"),
        (bytes([0, 0, 8, 1, 255, 255, 255, 255]), r"promises shape \(4294967295,\)"),
    ],
)
def test_what_is_wrong_is_named(content, message):
    with pytest.raises(FileError, match=message) as caught:
        parse_idx(content, "file", axes=1)
    assert caught.value.why
    assert caught.value.instead


def test_a_file_that_goes_on_is_refused():
    content = idx(np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(FileError, match="why: the file goes on after its end"):
        parse_idx(content + b"\0", "file", axes=3)
    with pytest.raises(FileError, match="why: the file is cut short"):
        parse_idx(content[:-1], "file", axes=3)
