"""Taking floats apart: what the few instructions do with NaN and zeros, and that they are few."""

import numpy as np
import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.jit import assembly
from backlit.engines.native.mathematics.floats import (
    FORMATS,
    at_least,
    at_most,
    bits,
    from_bits,
    in_double,
    magnitude,
    with_sign,
)
from backlit.engines.native.target import named_target
from backlit.engines.native.values import Value

NUMPY = {"float": np.float32, "double": np.float64}
X = [-np.inf, -2.0, -0.0, 0.0, 0.5, 3.0, np.inf, np.nan]


@pytest.mark.parametrize("type", FORMATS)
def test_the_layouts_are_those_of_numpy(type):
    limits, layout = np.finfo(NUMPY[type]), FORMATS[type]
    assert layout.fraction == limits.nmant
    assert layout.bias == limits.maxexp - 1
    assert layout.smallest == limits.tiny
    assert layout.epsilon == limits.eps
    assert layout.sign == limits.bits - 1


@pytest.mark.parametrize("type", FORMATS)
def test_adding_the_rounder_rounds(type):
    x = np.linspace(-100, 100, 999).astype(NUMPY[type])
    rounder = NUMPY[type](FORMATS[type].rounder)
    np.testing.assert_array_equal((x + rounder) - rounder, np.round(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bounds_let_nan_through(dtype, target, compute):
    x = np.array(X, dtype)
    raised = compute(lambda body, value: at_least(body, value, -1.0), x, target=target)
    lowered = compute(lambda body, value: at_most(body, value, 1.0), x, target=target)
    np.testing.assert_array_equal(raised, np.maximum(x, x.dtype.type(-1)))
    np.testing.assert_array_equal(lowered, np.minimum(x, x.dtype.type(1)))


@pytest.mark.parametrize("level", ["x86-64-v2", "x86-64-v3", "x86-64-v4"])
def test_a_bound_is_one_instruction(level):
    target = named_target(level)
    module, lanes = Module(target), target.lanes(4)
    body = module.body("f", [(f"<{lanes} x float>", "x")], exported=True)
    bounded = at_most(body, at_least(body, Value("%x", "float", lanes), -1.0), 1.0)
    body.close(bounded)
    text = assembly(str(module), target)
    assert [text.count(name) for name in ("maxps", "minps", "cmp", "blend")] == [1, 1, 0, 0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_signs_are_taken_and_given(dtype, target, compute):
    x = np.array(X, dtype)
    np.testing.assert_array_equal(compute(magnitude, x, target=target), np.abs(x))
    back = compute(lambda body, value: with_sign(body, magnitude(body, value), value), x, target=target)
    np.testing.assert_array_equal(np.signbit(back), np.signbit(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_there_and_back_change_nothing(dtype, target, compute):
    x = np.array(X, dtype)
    got = compute(lambda body, value: from_bits(body, bits(body, value)), x, target=target)
    np.testing.assert_array_equal(got.view(f"u{x.itemsize}"), x.view(f"u{x.itemsize}"))


def test_in_double_a_sum_is_rounded_once(target, compute):
    x = np.array([1e8, -1e8], np.float32)
    rounded_twice = compute(lambda body, v: body.subtract(body.add(v, body.like(1.0, v)), v), x, target=target)

    def difference(body, value):
        return body.subtract(body.add(value, body.like(1.0, value)), value)

    rounded_once = compute(lambda body, v: in_double(body, lambda wide: difference(body, wide), v), x, target=target)
    assert rounded_twice.tolist() == [0.0, 0.0]
    assert rounded_once.tolist() == [1.0, 1.0]
