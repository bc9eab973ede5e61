"""The builder: vectors from numbers, addresses that fold, memory under masks."""

import ctypes

import numpy as np
import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.jit import compile_module
from backlit.engines.native.target import host_target, named_target
from backlit.engines.native.values import constant


def run(write, *arrays):
    """Compile what ``write(body, *pointers)`` writes, and run it on arrays."""
    module = Module(host_target())
    names = [f"p{number}" for number in range(len(arrays))]
    body = module.body("f", [("ptr", name) for name in names], exported=True)
    write(body, *(body.parameter(name) for name in names))
    body.close()
    code = compile_module(str(module), host_target(), ["f"])
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(arrays))(code.address("f"))
    function(*(array.ctypes.data for array in arrays))


@pytest.mark.parametrize("count", range(9))
def test_masks_touch_only_the_first_lanes(count):
    source, target = np.arange(8, dtype="float32") + 1, np.full(8, -1, dtype="float32")

    def write(body, x, y):
        mask = body.mask_below(constant(count), 8)
        body.store(body.load(x, "float", 8, mask), y, mask)

    run(write, source, target)
    np.testing.assert_array_equal(target, [*source[:count], *[-1] * (8 - count)])


def test_a_gather_reads_numbers_far_apart_and_zero_where_masked():
    source, target = np.arange(100, dtype="float64"), np.empty(4)

    def write(body, x, y):
        numbers = body.binary("mul", body.lane_numbers(4), constant(8 * 25, "i64", 4))
        body.store(body.gather(x, numbers, "double", body.mask_below(constant(3), 4)), y)

    run(write, source, target)
    np.testing.assert_array_equal(target, [0, 25, 50, 0])


def test_booleans_are_bytes_in_memory():
    source, target = np.array([True, False, True, True]), np.zeros(4, dtype=bool)

    def write(body, x, y):
        value = body.load(x, "i1", 4)
        body.store(body.binary("xor", value, constant(1, "i1", 4)), y)

    run(write, source, target)
    np.testing.assert_array_equal(target, ~source)


def test_a_number_meets_a_vector_and_lanes_are_combined():
    source, target = np.arange(16, dtype="float32"), np.zeros(1, dtype="float32")

    def write(body, x, y):
        doubled = body.multiply(body.load(x, "float", 16), constant(2.0, "float"))
        body.store(body.horizontal("fadd", doubled), y)

    run(write, source, target)
    assert target[0] == 240.0


def test_indices_fold_and_addresses_have_their_constant_last():
    body = Module(host_target()).body("f", [("ptr", "p"), ("i64", "i")])
    assert body.whole("add", constant(2), 3).text == "5"
    assert body.whole("mul", body.parameter("i"), 1) is body.parameter("i") or body.whole(
        "mul", body.parameter("i"), 1
    ) == body.parameter("i")
    assert body.whole("mul", body.parameter("i"), 0).text == "0"
    assert body.address(body.parameter("p"), [(constant(4), 2)], -8, 4) == body.parameter("p")


def test_without_an_instruction_for_it_a_product_and_sum_are_two():
    for name, word in (("x86-64-v2", "fmuladd"), ("x86-64-v3", "llvm.fma")):
        body = Module(named_target(name)).body("f", [("float", "x")])
        x = body.parameter("x")
        body.fused(x, x, x)
        body.close()
        assert word in str(body.module)
