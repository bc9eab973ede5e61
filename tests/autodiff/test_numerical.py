"""Numerical differentiation: its methods, its steps, its errors (row D17)."""

import numpy as np
import pytest

import backlit as bl
from backlit.autodiff import best_step
from backlit.autodiff.numerical import DoubleFunction
from backlit.errors import ArgumentError, BindingError, DTypeError, NotScalarError


def test_all_methods_agree_with_the_rules() -> None:
    x = bl.input("x", shape=(3,))
    w = bl.parameter([0.5, -1.0, 2.0], name="w")
    loss = bl.sum(bl.tanh(x * w) * bl.exp(x))
    at = {"x": np.array([0.3, -0.2, 1.1])}
    exact = bl.numerical_gradient(loss, x, at, method="complex")
    t, e = np.tanh(at["x"] * w.value), np.exp(at["x"])
    np.testing.assert_allclose(exact, (1 - t**2) * w.value * e + t * e, rtol=1e-14)
    np.testing.assert_allclose(bl.numerical_gradient(loss, x, at), exact, rtol=1e-9)
    np.testing.assert_allclose(bl.numerical_gradient(loss, x, at, method="forward"), exact, rtol=1e-6)


def test_the_error_falls_with_the_step_until_rounding_takes_over() -> None:
    points = np.linspace(0.5, 1.5, 40)
    x = bl.input("x", shape=points.shape)
    loss = bl.sum(bl.exp(x))

    def errors(method: str) -> list[float]:
        steps = 10.0 ** np.arange(-14, 0)
        slopes = [bl.numerical_gradient(loss, x, {"x": points}, method=method, step=h) for h in steps]
        return [float(np.abs(slope - np.exp(points)).mean()) for slope in slopes]

    central, forward = errors("central"), errors("forward")
    assert 1e-8 < 10.0 ** (np.argmin(central) - 14) < 1e-3, "the best central step is near the cube root of ε"
    assert 1e-11 < 10.0 ** (np.argmin(forward) - 14) < 1e-6, "the best forward step is near the square root of ε"
    assert min(central) < 1e-2 * min(forward)
    assert central[0] > 1e2 * min(central), "a step too small drowns in rounding"
    assert central[-1] > 1e2 * min(central), "a step too large sees the curve"


def test_a_graph_in_float32_is_evaluated_in_float64() -> None:
    x = bl.input("x")
    third = x / 3.0 + bl.cast(bl.cast(x, "float64"), "float32") * 0.1
    (value,) = DoubleFunction([third], {"x": 1.0})()
    assert value.dtype == np.float64
    assert abs(float(value) - (1 / 3 + np.float64(np.float32(0.1)))) < 1e-16


def test_parameters_keep_their_value_unless_one_is_given() -> None:
    w = bl.parameter(2.0, name="w")
    loss = w * w
    assert float(bl.numerical_gradient(loss, w)) == pytest.approx(4.0)
    assert float(bl.numerical_gradient(loss, w, {"w": 5.0})) == pytest.approx(10.0)
    assert float(w.value) == 2.0


def test_mistakes_are_explained() -> None:
    x, n = bl.input("x", shape=(2,)), bl.input("n", dtype="int64")
    with pytest.raises(NotScalarError, match="not a single number"):
        bl.numerical_gradient(x, x, {"x": [1.0, 2.0]})
    with pytest.raises(BindingError, match="no value was given for <input 'x'"):
        bl.numerical_gradient(bl.sum(x), x)
    with pytest.raises(BindingError, match=r"'y', on which nothing depends"):
        bl.numerical_gradient(bl.sum(x), x, {"y": 1.0})
    with pytest.raises(BindingError, match="shape"):
        bl.numerical_gradient(bl.sum(x), x, {"x": 1.0})
    with pytest.raises(DTypeError, match="only floats"):
        bl.numerical_gradient(bl.sum(x), n, {"x": [1.0, 2.0]})
    with pytest.raises(BindingError, match="does not depend on the leaf"):
        bl.numerical_gradient(bl.sum(x), bl.input("z"), {"x": [1.0, 2.0]})
    with pytest.raises(ArgumentError, match="did you mean 'central'"):
        bl.numerical_gradient(bl.sum(x), x, {"x": [1.0, 2.0]}, method="centrol")
    with pytest.raises(ArgumentError, match="a step is a positive number"):
        bl.numerical_gradient(bl.sum(x), x, {"x": [1.0, 2.0]}, step=0.0)


def test_the_best_step_grows_with_the_point() -> None:
    assert best_step("central", 100.0) == pytest.approx(100.0 * best_step("central"))
    assert best_step("complex", 100.0) == best_step("complex")


def test_another_formula_of_the_same_leaves_is_computed_in_float64():
    x, w, s = bl.input("x"), bl.parameter(3.0, name="w"), bl.parameter(1.0, name="s")
    function = DoubleFunction([x * w], {"x": 0.1})
    twin = function.rebuilt(w + bl.cast(x, "float32") * 2.0 + s)
    assert twin.dtype == "float64"
    assert float(bl.engines.reference.interpret((twin,), function.values)[0]) == 3.0 + 0.1 * 2.0 + 1.0
    with pytest.raises(BindingError, match=r"depends on <input 'y': float32.*, on which the function does not"):
        function.rebuilt(x * bl.input("y"))
