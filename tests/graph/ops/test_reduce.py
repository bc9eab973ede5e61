"""Reductions and what is made of them, as NumPy computes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import backlit as bl
from backlit.errors import DTypeError, ShapeError

FUNCTIONS = {
    "sum": (bl.sum, np.sum),
    "mean": (bl.mean, np.mean),
    "max": (bl.max, np.max),
    "min": (bl.min, np.min),
    "var": (bl.var, np.var),
    "std": (bl.std, np.std),
    "prod": (bl.prod, np.prod),
    "any": (lambda x, **k: bl.any(x > 0.5, **k), lambda x, **k: np.any(x > 0.5, **k)),
    "all": (lambda x, **k: bl.all(x > -0.5, **k), lambda x, **k: np.all(x > -0.5, **k)),
    "logsumexp": (bl.logsumexp, lambda x, **k: np.log(np.sum(np.exp(x), **k))),
}


@given(data=st.data(), name=st.sampled_from(sorted(FUNCTIONS)), shape=array_shapes(min_dims=0, max_dims=3, max_side=4))
def test_reductions_are_numpys(data, name, shape):
    ours, theirs = FUNCTIONS[name]
    array = np.random.default_rng(0).normal(size=shape)
    axes = data.draw(st.none() | st.sets(st.integers(0, max(len(shape) - 1, 0))).map(tuple)) if shape else None
    if axes == ():
        axes = None
    keepdims = data.draw(st.booleans())
    x = bl.input("x", shape=shape, dtype="float64")
    got = ours(x, axis=axes, keepdims=keepdims).evaluate({x: array})
    want = theirs(array, axis=axes, keepdims=keepdims)
    assert np.shape(got) == np.shape(want)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_reduction_over_an_axis_that_is_not_there(name):
    with pytest.raises(ShapeError, match="no axis 2 in 2 axes"):
        FUNCTIONS[name][0](bl.input("x", shape=(2, 3)), axis=2)


@pytest.mark.parametrize("function", [bl.mean, bl.max, bl.min, bl.var, bl.std, bl.argmax, bl.argmin])
def test_nothing_has_no_mean_and_no_largest(function):
    with pytest.raises(ShapeError, match="has nothing along"):
        function(bl.input("x", shape=(2, 0)), axis=1)


def test_nothing_adds_up_to_zero_and_multiplies_to_one():
    x = bl.input("x", shape=(2, 0))
    values = bl.compile([x], [bl.sum(x, axis=1), bl.prod(x, axis=1)])(np.zeros((2, 0)))
    assert [v.tolist() for v in values] == [[0.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize("function", [bl.mean, bl.var, bl.std])
def test_integers_have_no_mean_of_their_kind(function):
    with pytest.raises(DTypeError, match="takes floats") as caught:
        function(bl.input("x", (3,), "int64"))
    assert "bl.cast" in caught.value.instead


@pytest.mark.parametrize("function", [bl.sum, bl.cumulative_sum])
def test_booleans_are_counted_not_added(function):
    with pytest.raises(DTypeError, match="booleans have no sum") as caught:
        function(bl.input("x", (3,), "bool"))
    assert "count them" in caught.value.instead


def test_the_variance_of_a_sample():
    x = [1.0, 2.0, 4.0]
    assert float(bl.var(x, correction=1).evaluate()) == pytest.approx(np.var(x, ddof=1))
    with pytest.raises(ShapeError, match="no more than the correction"):
        bl.var([1.0], correction=1)


@pytest.mark.parametrize("values", [[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0], [5.0]])
def test_the_gradient_of_a_product_is_right_at_zeros(values):
    x = bl.input("x", shape=(len(values),), dtype="float64")
    want = [np.prod(values[:i] + values[i + 1 :]) for i in range(len(values))]
    assert bl.grad(bl.prod(x), x).evaluate({x: values}).tolist() == want


def test_products_of_integers_stay_integers():
    got = bl.prod([[1, 2], [3, 4]], axis=0).evaluate()
    assert got.dtype == "int64"
    assert got.tolist() == [3, 8]


def test_places_among_all_elements():
    x = [[1.0, 5.0], [7.0, 0.0]]
    assert (int(bl.argmax(x).evaluate()), int(bl.argmin(x).evaluate())) == (2, 3)


def test_running_sums():
    x = np.arange(6.0).reshape(2, 3)
    for axis in (0, 1, -1):
        np.testing.assert_array_equal(bl.cumulative_sum(x, axis=axis).evaluate(), np.cumsum(x, axis=axis))


def test_several_axes_in_any_order():
    x = bl.input("x", shape=(2, 3, 4))
    assert bl.sum(x, axis=(-1, 0)).shape == (3,)
    assert bl.max(x, axis=(2, 0), keepdims=True).shape == (1, 3, 1)
    with pytest.raises(ShapeError, match="stands twice"):
        bl.sum(x, axis=(0, 0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e4, -1e4])
def test_softmax_and_its_kin_are_stable(scale, dtype):
    scores = np.array([scale, 0.0, scale], dtype=dtype)
    x = bl.input("x", shape=(3,), dtype=dtype)
    nodes = [bl.softmax(x), bl.log_softmax(x), bl.logsumexp(x)]
    soft, log, total = bl.compile([x], nodes)(scores)
    assert np.isfinite([*soft, *log, total]).all()
    assert soft.sum() == pytest.approx(1.0)
    half = np.log(2.0)
    want = [-half, -1e4 - half, -half] if scale > 0 else [-1e4, 0.0, -1e4]
    np.testing.assert_allclose(log, want, rtol=1e-6)
    assert float(total) == pytest.approx(1e4 + half if scale > 0 else 0.0, rel=1e-6)
    for node in nodes:
        gradient = bl.grad(bl.sum(node * node), x).evaluate({x: scores})
        assert np.isfinite(gradient).all()


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=5), st.integers(0, 4))
def test_the_gradient_of_logsumexp_is_softmax(values, shift):
    x = bl.input("x", shape=(len(values),), dtype="float64")
    slope, soft = bl.compile([x], [bl.grad(bl.logsumexp(x), x), bl.softmax(x)])(np.array(values) + shift)
    np.testing.assert_allclose(slope, soft, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    ("scores", "want"),
    [([-np.inf, 0.0], [0.0, 1.0]), ([-np.inf, -np.inf], [np.nan] * 2), ([np.nan, 0.0], [np.nan] * 2)],
)
def test_softmax_of_infinite_scores(scores, want):
    np.testing.assert_array_equal(bl.softmax(scores).evaluate(), np.array(want, dtype="float32"))


@pytest.mark.parametrize(("scores", "want"), [([-np.inf] * 2, -np.inf), ([np.inf, 0.0], np.inf), ([-np.inf, 1.0], 1.0)])
def test_logsumexp_of_infinite_scores(scores, want):
    assert float(bl.logsumexp(scores).evaluate()) == want
