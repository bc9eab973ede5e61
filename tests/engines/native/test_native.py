"""The native engine as the rest of the library sees it."""

import subprocess
import sys

import numpy as np
import pytest

import backlit as bl
from backlit.engines import engine
from backlit.engines.native import NativeEngine
from backlit.engines.native.program import NativeProgram
from backlit.errors import BindingError


def test_it_is_found_by_its_name():
    x = bl.input("x", (2,))
    assert NativeEngine.name == "native"
    assert "native" in engine.engine_names()
    assert isinstance(bl.compile([x], bl.exp(x), engine="native"), NativeProgram)


def test_a_single_output_is_answered_itself():
    x = bl.input("x", (2,))
    one = bl.Graph([x], [x + 1.0])
    assert NativeEngine().compile(one, single=True)([1, 2]).tolist() == [2.0, 3.0]
    (listed,) = NativeEngine().compile(one, single=False)([1, 2])
    assert listed.tolist() == [2.0, 3.0]


def test_it_computes_what_the_reference_computes():
    x, w = bl.input("x", (4, 3)), bl.parameter(np.linspace(-1, 1, 6).reshape(3, 2), "w", dtype="float64")
    loss = bl.mean(bl.tanh(bl.cast(x, "float64") @ w) ** 2.0)
    updates = {w: w - 0.1 * bl.grad(loss, w)}
    values, start = np.arange(12.0).reshape(4, 3), w.value.copy()
    results = []
    for name in ("reference", "native"):
        w.value = start
        step = bl.compile([x], loss, updates, engine=name)
        results.append(([float(step(values)) for _ in range(3)], w.value.copy()))
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-12)
    np.testing.assert_allclose(results[1][1], results[0][1], rtol=1e-12)


def test_a_program_of_nothing_can_be_run():
    assert NativeEngine().compile(bl.Graph(), single=False)() == []


def test_a_value_of_the_wrong_shape_is_refused():
    x = bl.input("x", (2,))
    with pytest.raises(BindingError, match=r"shape \[3\]"):
        NativeEngine().compile(bl.Graph([x], [-x]), single=True)([1, 2, 3])


def test_llvm_is_loaded_with_the_first_program_and_not_before():
    code = """if True:
        import sys
        import backlit as bl
        x = bl.input("x")
        engine = bl.engines.native.NativeEngine() if hasattr(bl.engines, "native") else None
        print("llvmlite" in sys.modules, "backlit.engines.native.program" in sys.modules)
        bl.compile([x], bl.exp(x), engine="native")(1.0)
        print("llvmlite" in sys.modules, "backlit.engines.native.program" in sys.modules)
    """
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False", "True", "True"]
