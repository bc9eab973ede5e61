"""Tapes: their sizes, and their derivatives against finite differences."""

import math

import pytest
from benchmarks.tapes import Tape, chain, gradient, web


def value(tape, sources):
    values = list(sources)
    functions = {
        "add": lambda x, y: x + y,
        "subtract": lambda x, y: x - y,
        "multiply": lambda x, y: x * y,
        "sin": math.sin,
        "tanh": math.tanh,
    }
    for name, *arguments in tape.operations:
        values.append(functions[name](*(values[argument] for argument in arguments)))
    return values[-1]


@pytest.mark.parametrize("size", [100, 10_000])
def test_a_web_has_its_size_and_no_loose_ends(size):
    tape = web(size)
    assert len(tape.operations) == size
    used = {argument for _, *arguments in tape.operations for argument in arguments}
    assert used == set(range(len(tape.sources) + size - 1))
    assert web(size) == tape


def test_a_chain_is_one_operation_after_the_other():
    assert chain(3) == Tape((1.0,), (("sin", 0), ("sin", 1), ("sin", 2)))


@pytest.mark.parametrize("tape", [web(300), chain(50)], ids=["web", "chain"])
def test_the_gradient_by_hand_is_that_of_central_differences(tape):
    slopes = []
    for place in range(len(tape.sources)):
        around = [list(tape.sources), list(tape.sources)]
        around[0][place] += 1e-6
        around[1][place] -= 1e-6
        slopes.append((value(tape, around[0]) - value(tape, around[1])) / 2e-6)
    assert gradient(tape) == pytest.approx(slopes, rel=1e-6, abs=1e-6)
