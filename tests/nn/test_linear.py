"""The affine layer against its formula, and its advice where a shape or data type does not fit."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DTypeError, ShapeError


def test_scores_of_the_image_with_four_pixels():
    layer = bl.nn.Linear(4, 3)
    layer.weight.value = np.array([[0.2, -0.5, 0.1, 2.0], [1.5, 1.3, 2.1, 0.0], [0.0, 0.25, 0.2, -0.3]]).T
    layer.bias.value = [1.1, 3.2, -1.2]
    np.testing.assert_allclose(layer.predict([[56.0, 231.0, 24.0, 2.0]]), [[-96.8, 437.9, 60.75]], rtol=1e-6)


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_the_formula_at_every_rank(shape, bias):
    layer = bl.nn.Linear(3, 2, bias=bias, bias_initialiser=bl.nn.Constant(0.5), rng=0)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = x @ layer.weight.value + (0.5 if bias else 0.0)
    np.testing.assert_allclose(layer(bl.constant(x)).evaluate(), expected, rtol=1e-5, atol=1e-6)
    assert layer.parameter_count == 6 + 2 * bias


def test_its_jacobian_is_its_weight():
    layer = bl.nn.Linear(3, 2, rng=0)
    x = bl.input("x", shape=(3,))
    np.testing.assert_array_equal(bl.jacobian(layer(x), x).evaluate({x: np.ones(3)}), layer.weight.value.T)


@pytest.mark.parametrize(
    ("layer", "shape", "advice"),
    [
        (bl.nn.Linear(784, 10), (5, 28, 28), r"put bl\.nn\.Flatten\(\) in front of it"),
        (bl.nn.Linear(1, 10), (5,), r"give the values an axis of features"),
        (bl.nn.Linear(1, 10), (), r"give the values an axis of features"),
        (bl.nn.Linear(3, 10), (5, 4), r"build it as Linear\(4, 10\)"),
        (bl.nn.Linear(3, 10), (), r"build it as Linear\(1, 10\)"),
    ],
)
def test_advice_where_the_width_is_wrong(layer, shape, advice):
    with pytest.raises(ShapeError, match=rf"takes .* feature(.|\n)*{advice}"):
        layer(bl.input("x", shape=shape))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_whole_numbers_are_not_multiplied_silently(dtype):
    with pytest.raises(DTypeError, match=r"takes floats; received <input 'x'(.|\n)*for pixels divide by 255"):
        bl.nn.Linear(2, 2)(bl.input("x", shape=(1, 2), dtype=dtype))


@pytest.mark.parametrize("sizes", [(0, 1), (1, -1), (1.0, 1), ("3", 1), (True, 1)])
def test_sizes_are_checked(sizes):
    with pytest.raises(ArgumentError, match=r"Linear\((in|out)puts=\.\.\.\) is a whole number"):
        bl.nn.Linear(*sizes)
    with pytest.raises(ArgumentError, match=r"Linear\(bias=\.\.\.\) is True or False; received None"):
        bl.nn.Linear(1, 1, bias=None)
