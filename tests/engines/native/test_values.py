"""Constants are written so that no bit of them is lost."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.engines.native.values import LLVM_TYPES, Value, constant
from backlit.graph.spec import DTYPES


@given(st.floats(width=32))
def test_a_float_is_written_by_its_bits(number):
    written = struct.unpack("<d", struct.pack("<Q", int(constant(number, "float").text, 16)))[0]
    np.testing.assert_array_equal(np.float32(written), np.float32(number))
    assert np.signbit(written) == np.signbit(number)


def test_a_number_too_large_for_its_type_is_infinite():
    assert constant(1e300, "float").text == constant(float("inf"), "float").text
    assert constant(-1e300, "float").text == constant(float("-inf"), "float").text


@pytest.mark.parametrize(("number", "type", "text"), [(3, "i64", "3"), (1, "i1", "true"), (-1, "i8", "-1")])
def test_whole_numbers_are_written_as_they_are(number, type, text):
    assert constant(number, type).text == text


def test_a_constant_in_every_lane_has_the_type_of_a_vector():
    value = constant(2, "i32", 4)
    assert (value.full_type, value.text) == ("<4 x i32>", "splat (i32 2)")
    assert value.is_constant
    assert not Value("%x", "i32").is_constant


def test_every_data_type_has_a_type():
    assert set(LLVM_TYPES) == set(DTYPES)
