"""Random bits: the native draw is the referee's bit for bit, whatever its size, shape, stream and number of bits."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines.reference.philox import philox_bits

STATE = np.array([0x12345678, 0x9ABCDEF0, 0xFFFFFFFF], dtype="uint32")


def draws(settings):
    """Native draws and those of the referee, all in one program; each setting is a shape, a stream and bits."""
    state = bl.input("state", shape=(3,), dtype="uint32")
    nodes = [bl.random_bits(state, shape, stream=stream, bits=bits) for shape, stream, bits in settings]
    got = bl.compile([state], nodes, engine="native")(STATE)
    want = [philox_bits(STATE, shape=shape, stream=stream, bits=bits) for shape, stream, bits in settings]
    return got, want


def check(settings):
    for one, other in zip(*draws(settings), strict=True):
        assert one.dtype == "uint32"
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("first", range(1, 71, 10))
def test_every_size(first):
    check([((size,), 0, 32) for size in range(first, first + 10)])


def test_shapes_are_filled_in_order():
    check([((), 0, 32), ((3, 5), 0, 32), ((2, 3, 4), 0, 32), ((1, 1), 0, 32), ((0, 4), 0, 32), ((257, 3), 0, 32)])


def test_streams_are_told_apart():
    streams = [0, 1, 2, 2**31 - 1, 2**31, 2**32 - 1]
    check([((9,), stream, 32) for stream in streams])
    got, _ = draws([((9,), stream, 32) for stream in streams])
    assert len({array.tobytes() for array in got}) == len(streams)


def test_the_highest_bits_are_kept():
    check([((70,), 3, bits) for bits in (1, 7, 8, 16, 24, 31)])


def test_every_word_of_the_state_counts():
    state = bl.input("state", shape=(3,), dtype="uint32")
    program = bl.compile([state], bl.random_bits(state, (20,)), engine="native")
    for word in range(3):
        other = STATE.copy()
        other[word] ^= 1
        got = program(other)
        np.testing.assert_array_equal(got, philox_bits(other, shape=(20,), stream=0, bits=32))
        assert (got != program(STATE)).any()


def test_a_generator_moves_on_with_every_run_as_on_the_referee():
    def runs(engine):
        rng = bl.Generator(7)
        program = bl.compile([], [bl.random_bits(rng.state, (21,), stream=5)], rng.updates(), engine=engine)
        return [program()[0].copy() for _ in range(3)]

    native = runs("native")
    np.testing.assert_array_equal(native, runs("reference"))
    assert (native[0] != native[1]).any()
    assert (native[1] != native[2]).any()
