"""Random bits, defined bit by bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.engines.reference.philox import philox_bits
from harness.oracles import philox

WORDS = st.integers(0, 2**32 - 1)


def test_the_first_block_is_the_published_one():
    words = philox_bits(np.zeros(3, dtype="uint32"), shape=(4,), stream=0, bits=32)
    assert [f"{word:08x}" for word in words] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


@given(low=WORDS, high=WORDS, step=WORDS, stream=WORDS, count=st.integers(0, 9))
def test_every_word_of_the_state_and_the_stream_counts(low, high, step, stream, count):
    state = np.array([low, high, step], dtype="uint32")
    want = [philox([i // 4, stream, step, 0], [low, high])[i % 4] for i in range(count)]
    assert philox_bits(state, shape=(count,), stream=stream, bits=32).tolist() == want


@pytest.mark.parametrize("bits", range(1, 33))
def test_the_highest_bits_are_kept(bits):
    state = np.array([1, 2, 3], dtype="uint32")
    whole = philox_bits(state, shape=(64,), stream=0, bits=32)
    kept = philox_bits(state, shape=(64,), stream=0, bits=bits)
    assert kept.dtype == "uint32"
    np.testing.assert_array_equal(kept, whole >> np.uint32(32 - bits))


def test_a_shape_is_filled_in_order():
    state = np.array([1, 2, 3], dtype="uint32")
    flat = philox_bits(state, shape=(24,), stream=0, bits=32)
    np.testing.assert_array_equal(philox_bits(state, shape=(2, 3, 4), stream=0, bits=32), flat.reshape(2, 3, 4))
    assert philox_bits(state, shape=(), stream=0, bits=32) == flat[0]


def test_bits_are_even():
    words = philox_bits(np.array([9, 9, 9], dtype="uint32"), shape=(20_000,), stream=0, bits=32)
    shares = [(words >> np.uint32(bit) & np.uint32(1)).mean() for bit in range(32)]
    # The standard error of a share is 0.5 / √20000 = 0.0035.
    np.testing.assert_allclose(shares, 0.5, atol=0.018)
