"""Random programs with updates, run for several steps: every engine leaves what the reference engine leaves."""

import os
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backlit as bl
from harness.programs import RandomProgram, random_program
from harness.samples import ENGINES

OTHERS = [name for name in ENGINES if name != "reference"]

EXAMPLES = 24 * settings.default.max_examples
"""Programs are small and quick; what goes wrong in one of a thousand is found by a thousand."""

STEPS = 3


def run(program: RandomProgram, engine: str) -> list[np.ndarray]:
    """All outputs of each step, and then the parameters, which are put back."""
    before = [parameter.value.copy() for parameter in program.parameters]
    compiled = bl.compile(program.inputs, program.outputs, program.updates, engine=engine)
    seen = [np.array(value) for _ in range(STEPS) for value in compiled(*program.values.values())]
    seen += [parameter.value.copy() for parameter in program.parameters]
    for parameter, value in zip(program.parameters, before, strict=True):
        parameter.value[...] = value
    return seen


def assert_alike(program: RandomProgram, engine: str) -> None:
    """Exactly for integers and booleans; floats to the digits that a chain of a dozen calls leaves.

    Each call may be off by 8 units in the last place and may amplify what comes in tenfold; what is compared is small
    beside what a sum may have lost, which is why the largest number in a result counts for all of it.
    """
    graph = bl.Graph(program.inputs, program.outputs, program.updates)
    single = any(node.dtype == "float32" for node in graph.nodes)
    tolerance = 1e-3 if single else 1e-9
    for got, want in zip(run(program, engine), run(program, "reference"), strict=True):
        assert (got.shape, got.dtype) == (want.shape, want.dtype), graph
        if got.dtype.kind != "f":
            np.testing.assert_array_equal(got, want, err_msg=str(graph))
            continue
        finite = np.isfinite(want)
        np.testing.assert_array_equal(got[~finite], want[~finite], err_msg=str(graph))
        scale = 1.0 + np.max(np.abs(want[finite]), initial=0.0)
        assert np.all(np.abs(got[finite] - want[finite]) <= tolerance * scale), f"{graph}\n{got}\n{want}"


@pytest.mark.parametrize("engine", OTHERS)
@settings(max_examples=EXAMPLES)
@given(random=st.randoms(use_true_random=False))
def test_a_random_program_does_what_it_does_on_the_reference_engine(random, engine):
    assert_alike(random_program(random, special=random.random() < 0.3), engine)


@pytest.mark.parametrize("engine", OTHERS)
@settings(max_examples=EXAMPLES // 2)
@given(random=st.randoms(use_true_random=False))
def test_two_threads_do_what_one_does(random, engine):
    """Each program is divided, however small; the costs by which it is divided are drawn, too."""
    costs = {"_START": -1e12, "GRANULE": random.choice([1, 16])}
    costs |= {"_CROSSING": random.choice([0.01, 5.0, 1e9]), "_BARRIER": random.choice([0.0, 500.0, 1e6])}
    program = random_program(random)
    with (
        mock.patch.dict(os.environ, BACKLIT_THREADS="2", BACKLIT_CACHE="off"),
        mock.patch.multiple("backlit.engines.native.partition", **costs),
    ):
        assert_alike(program, engine)
