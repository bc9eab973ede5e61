"""The writer puts instructions where they need not be repeated, and writes loops that turn as often as they should."""

import ctypes

import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.jit import compile_module
from backlit.engines.native.target import host_target
from backlit.engines.native.values import Value, constant


def body_of(parameters=(("i64", "n"),)):
    module = Module(host_target())
    return module, module.body("f", parameters, exported=True)


def call(module, *arguments):
    code = compile_module(str(module), host_target(), ["f"])
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(arguments))(code.address("f"))(*arguments)


@pytest.mark.parametrize("bound", [0, 1, 2, 7])
@pytest.mark.parametrize("known", [True, False])
def test_a_loop_turns_as_often_as_it_should(bound, known):
    module, body = body_of()
    stop = constant(bound) if known else body.parameter("n")
    with body.loop(0, stop, carried=[constant(100)]) as loop:
        loop.following = [body.whole("add", loop.carried[0], loop.index)]
    body.close(loop.results[0])
    assert call(module, bound) == 100 + sum(range(bound))


def test_what_a_loop_does_not_change_stands_before_it():
    module, body = body_of()
    n = body.parameter("n")
    with body.loop(0, n, carried=[constant(0)]) as loop:
        square = body.whole("mul", n, n)
        loop.following = [body.whole("add", loop.carried[0], square)]
    body.close(loop.results[0])
    text = str(module)
    assert square.depth == 0
    assert text.index("mul nsw") < text.index(" phi ")
    assert call(module, 5) == 125


def test_the_same_instruction_is_written_once():
    module, body = body_of()
    n = body.parameter("n")
    first, second = body.whole("mul", n, n), body.whole("mul", n, n)
    assert first is second
    body.close(body.whole("add", first, second))
    assert str(module).count("mul nsw") == 1


def test_what_is_pinned_is_written_again():
    _, body = body_of((("ptr", "p"),))
    pointer = body.parameter("p")
    assert body.load(pointer, "i64") is body.load(pointer, "i64")
    assert body.load(pointer, "i64", pinned=True) is not body.load(pointer, "i64", pinned=True)


def test_loops_inside_loops_and_branches():
    module, body = body_of()
    n = body.parameter("n")
    with body.loop(0, n, carried=[constant(0)]) as outer:
        with body.loop(0, outer.index, carried=outer.carried) as inner:
            inner.following = [body.whole("add", inner.carried[0], 1)]
        outer.following = inner.results
    with body.when(body.compare("eq", n, constant(3))):
        body.line("ret i64 -1")
        body.label(body.fresh("after")[1:])
    body.close(outer.results[0])
    assert call(module, 6) == 15
    assert call(module, 3) == -1


def test_a_parameter_is_found_by_its_name():
    _, body = body_of((("ptr noalias", "p"), ("i64", "n")))
    assert body.parameter("p") == Value("%p", "ptr")
