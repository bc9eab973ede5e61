"""Square blocks across, and the sums of many vectors, on numbers that show where each came from."""

import ctypes

import numpy as np
import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.jit import compile_module
from backlit.engines.native.product_shuffle import add_across, transposed
from backlit.engines.native.product_tile import Tile
from backlit.engines.native.values import LLVM_TYPES
from harness.products import targets

CASES = [(target, dtype) for target in targets() for dtype in ("float32", "float64")]
each = pytest.mark.parametrize(("target", "dtype"), CASES, ids=lambda case: getattr(case, "cpu", case))


def run(target, write, source, result):
    module = Module(target)
    body = module.body("f", [("ptr", "source"), ("ptr", "result")], exported=True)
    write(body, body.parameter("source"), body.parameter("result"))
    body.close()
    code = compile_module(str(module), target, ["f"])
    ctypes.CFUNCTYPE(None)(code.address("f"))(*(ctypes.c_void_p(array.ctypes.data) for array in (source, result)))


@each
def test_a_block_is_transposed(target, dtype):
    size = np.dtype(dtype).itemsize
    lanes = target.lanes(size)
    for steps in {1, lanes - 1, lanes} - {0}:
        source = np.arange(lanes * steps, dtype=dtype).reshape(lanes, steps)
        result = np.zeros((steps, lanes), dtype)

        def write(body, start, end, steps=steps):
            tile = Tile(1, 1, lanes, LLVM_TYPES[dtype], size)
            lines = [body.address(start, [], lane * steps, size) for lane in range(lanes)]
            for step, vector in enumerate(transposed(body, tile, lines, steps)):
                body.store(vector, body.address(end, [], step * lanes, size))

        run(target, write, source, result)
        assert np.array_equal(result, source.T)


@each
def test_lanes_are_added(target, dtype):
    size = np.dtype(dtype).itemsize
    lanes = target.lanes(size)
    source = np.arange(lanes * lanes, dtype=dtype).reshape(lanes, lanes)
    result = np.zeros(lanes, dtype)

    def write(body, start, end):
        places = [body.address(start, [], lane * lanes, size) for lane in range(lanes)]
        vectors = [body.load(place, LLVM_TYPES[dtype], lanes) for place in places]
        body.store(add_across(body, vectors), end)

    run(target, write, source, result)
    assert np.array_equal(result, source.sum(axis=1))
