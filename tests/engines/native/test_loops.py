"""Loops over vectors: every element of a range is written once, and nothing beside it, whatever the ragged rest."""

import ctypes

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native.builder import Module
from backlit.engines.native.indexing import Variable
from backlit.engines.native.jit import compile_module
from backlit.engines.native.loops import lane_variable, lanes_for, nest, over_vectors
from backlit.engines.native.target import host_target
from backlit.engines.native.values import constant

LANES = [1, 2, 4, 8, 16]
LENGTHS = range(41)


def compiled(write, parameters=("array", "start", "stop")):
    """The compiled function of ``array`` and two numbers whose body ``write`` writes."""
    module = Module(host_target())
    kinds = [("ptr", parameters[0]), *(("i64", name) for name in parameters[1:])]
    body = module.body("loop", kinds, exported=True)
    write(body, *(body.parameter(name) for name in parameters))
    body.close()
    code = compile_module(str(module), host_target(), ["loop"])
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_int64] * 2)(code.address("loop"))
    return code, function


def increment(body, array, start, stop, lanes, **options):
    """Add 1 to every element of a range."""

    def turn(first, offsets, mask, carried):
        for offset in offsets:
            pointer = body.address(array, [(first, 1)], offset, 4)
            before = body.load(pointer, "i32", lanes, mask, pinned=True)
            body.store(body.binary("add", before, constant(1, "i32", lanes)), pointer, mask)
        return carried

    over_vectors(body, start, stop, lanes, [], turn, **options)


@pytest.mark.parametrize("options", [{}, {"strands": 4}, {"compact": True}], ids=str)
@pytest.mark.parametrize("lanes", LANES)
def test_a_range_known_when_it_runs_is_written_once_and_nothing_beside_it(lanes, options):
    _code, function = compiled(lambda body, array, start, stop: increment(body, array, start, stop, lanes, **options))
    for start in (0, 3):
        for length in LENGTHS:
            array = np.zeros(64, "int32")
            function(array.ctypes.data, start, start + length)
            assert array.nonzero()[0].tolist() == list(range(start, start + length))
            assert array.sum() == length


@pytest.mark.parametrize("options", [{}, {"strands": 4}, {"compact": True}], ids=str)
@pytest.mark.parametrize("lanes", LANES)
def test_a_range_known_now_is_written_once_and_nothing_beside_it(lanes, options):
    def write(body, array, start, stop):
        for length in LENGTHS:
            increment(body, body.address(array, [], 64 * 4 * length, 1), 5, 5 + length, lanes, **options)

    _code, function = compiled(write)
    array = np.zeros((len(LENGTHS), 64), "int32")
    function(array.ctypes.data, 0, 0)
    for length in LENGTHS:
        assert array[length].nonzero()[0].tolist() == list(range(5, 5 + length))
        assert array[length].sum() == length


@pytest.mark.parametrize("options", [{}, {"strands": 4}, {"compact": True}], ids=str)
@pytest.mark.parametrize("lanes", LANES)
def test_what_is_carried_goes_from_turn_to_turn_and_into_the_rest(lanes, options):
    def write(body, array, start, stop):
        for length in LENGTHS:
            (turns,) = over_vectors(
                body,
                0,
                length,
                lanes,
                [constant(0)],
                lambda first, offsets, mask, carried: [body.whole("add", carried[0], len(offsets))],
                **options,
            )
            body.store(turns, body.address(array, [], 8 * length, 1))

    _code, function = compiled(write)
    turns = np.full(len(LENGTHS), -1, "int64")
    function(turns.ctypes.data, 0, 0)
    assert turns.tolist() == [-(-length // lanes) for length in LENGTHS]


def test_nested_loops_visit_every_combination_and_empty_ones_none():
    def write(body, array, start, stop):
        def inside(counters, carried):
            row, column = counters
            pointer = body.address(array, [(row, 7 * 8), (column, 8)], 0, 1)
            body.store(body.whole("add", carried[0], 0), pointer)
            return [body.whole("add", carried[0], 1)]

        (count,) = nest(body, [(1, 4), (start, stop)], [constant(1)], inside)
        body.store(count, body.address(array, [], 8 * 35, 1))
        (none,) = nest(body, [(0, 4), (3, 3)], [constant(9)], inside)
        body.store(none, body.address(array, [], 8 * 36, 1))

    _code, function = compiled(write)
    array = np.zeros(37, "int64")
    function(array.ctypes.data, 2, 6)
    want = np.zeros((5, 7), "int64")
    want[1:4, 2:6] = np.arange(1, 13).reshape(3, 4)
    np.testing.assert_array_equal(array[:35].reshape(5, 7), want)
    assert array[35:].tolist() == [13, 9]


def test_vectors_are_no_longer_than_needed_and_fit_the_floats():
    body = Module(host_target()).body("probe", [], exported=True)
    single, double = bl.input("x", shape=(9,)), bl.input("y", shape=(9,), dtype="float64")
    full = host_target().lanes(4)
    assert lanes_for(body, [single], 1000) == full
    assert lanes_for(body, [double], 1000) == host_target().lanes(8) == full // 2
    assert [lanes_for(body, [single], extent) for extent in (1, 2, 3)] == [1, 2, 4]
    assert lanes_for(body, [bl.input("n", shape=(9,), dtype="int64"), single], 1000) == full


def test_lanes_run_along_the_innermost_axis_that_is_longer_than_one():
    variables = [Variable(name, extent) for name, extent in zip("ijk", (5, 3, 1), strict=True)]
    assert lane_variable(variables) is variables[1]
    assert lane_variable(variables[2:]) is None
