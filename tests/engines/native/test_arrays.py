"""Arrays of a program's own: aligned, written again when nobody holds them, refused where there is no room."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native.arrays import OutputPool, address_of, aligned_bytes, room_for
from backlit.errors import ExecutionError


@pytest.mark.parametrize("size", [1, 127, 128, 100_000])
def test_memory_is_zeroed_and_begins_at_a_cache_line(size):
    block = aligned_bytes(size)
    assert block.nbytes == size
    assert block.ctypes.data % 128 == 0
    assert not block.any()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3),
        np.zeros((4, 5), "int8")[1:, ::-2],
        np.zeros(()),
        np.zeros((0, 3)),
        np.arange(10)[::-1],
        np.zeros(3).view(np.recarray),
        np.broadcast_to(np.float32(1.0), (3, 3)),
        np.frombuffer(b"read only", np.uint8),
    ],
    ids=lambda array: f"{type(array).__name__} {array.shape} {array.strides}",
)
def test_the_address_of_an_array_is_that_which_numpy_says(array):
    assert address_of(array) == array.ctypes.data


def test_an_output_that_is_held_is_never_written_again():
    pool = OutputPool((10,), "float32")
    held = []
    for _ in range(10):
        address = pool.prepare()
        held.append(pool.hand())
        assert held[-1].ctypes.data == address
    assert len({array.ctypes.data for array in held}) == 10


def test_an_output_that_nobody_holds_is_written_again():
    pool = OutputPool((10,), "float32")
    addresses = set()
    for _ in range(10):
        addresses.add(pool.prepare())
        pool.hand()
    assert len(addresses) == 1


def test_a_view_holds_its_output():
    pool = OutputPool((10,), "float32")
    first = pool.prepare()
    view = pool.hand()[3:]
    assert pool.prepare() != first
    assert view.base is not None


def test_no_room_for_what_is_kept_is_an_error():
    with pytest.raises(ExecutionError, match="what it keeps between its steps"):
        aligned_bytes(1 << 60)


def test_no_room_for_an_output_is_an_error():
    with pytest.raises(ExecutionError, match=r"output of shape \[1048576, 1099511627776\]"):
        room_for((1 << 20, 1 << 40), "float32")


def test_an_epoch_whose_outputs_have_no_room_changes_nothing(monkeypatch):
    x, count = bl.input("x"), bl.parameter(0.0)
    large = bl.broadcast_to(x, (1 << 22,)) + 1.0
    program = bl.compile([x], large, {count: count + 1.0}, engine="native")
    many = np.broadcast_to(np.float32(1.0), (1 << 27,))
    with pytest.raises(ExecutionError, match="no room"):
        program.epoch(many)
    assert float(count.value) == 0.0
