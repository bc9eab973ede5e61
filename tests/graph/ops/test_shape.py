"""Shapes changed without computing, as NumPy changes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import backlit as bl
from backlit.errors import ShapeError

SHAPES = array_shapes(min_dims=0, max_dims=4, max_side=3)


def numbered(shape):
    return np.arange(float(np.prod(shape))).reshape(shape)


def assert_same(node, want):
    np.testing.assert_array_equal(node.evaluate(), want)
    assert node.shape == want.shape


@given(shape=SHAPES, data=st.data())
def test_permutations(shape, data):
    axes = data.draw(st.permutations(range(len(shape))))
    assert_same(bl.permute_dims(numbered(shape), axes), numbered(shape).transpose(axes))
    negative = [a - len(shape) for a in axes]
    assert_same(bl.permute_dims(numbered(shape), negative), numbered(shape).transpose(axes))


@given(shape=array_shapes(max_dims=4, max_side=3), data=st.data())
def test_moving_and_flipping_axes(shape, data):
    axis = st.integers(-len(shape), len(shape) - 1)
    a, b = data.draw(axis), data.draw(axis)
    assert_same(bl.moveaxis(numbered(shape), a, b), np.moveaxis(numbered(shape), a, b))
    assert_same(bl.flip(numbered(shape), axis=a), np.flip(numbered(shape), a))
    assert_same(bl.flip(numbered(shape)), np.flip(numbered(shape)))


@given(shape=SHAPES, data=st.data())
def test_inserting_and_dropping_axes(shape, data):
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    longer = bl.expand_dims(numbered(shape), axis)
    assert_same(longer, np.expand_dims(numbered(shape), axis))
    assert_same(bl.squeeze(longer, axis), numbered(shape))
    assert_same(bl.squeeze(numbered(shape)), np.squeeze(numbered(shape)))


@given(shape=array_shapes(min_dims=0, max_dims=3, max_side=3), more=array_shapes(min_dims=0, max_dims=2, max_side=3))
def test_stretching(shape, more):
    target = (*more, *(3 if n == 1 else n for n in shape))
    assert_same(bl.broadcast_to(numbered(shape), target), np.broadcast_to(numbered(shape), target))


def test_reshape_computes_one_length():
    x = numbered((2, 3, 4))
    for shape in ((-1,), (4, -1), (2, -1, 2), 24, [3, 8]):
        assert_same(bl.reshape(x, shape), x.reshape(shape))


def test_flatten_keeps_the_axes_before_its_start():
    x = numbered((2, 3, 4))
    assert bl.flatten(x).shape == (24,)
    assert bl.flatten(x, start=1).shape == (2, 12)
    assert bl.flatten(x, start=-1).shape == (2, 3, 4)
    assert bl.flatten(1.0).shape == (1,)


def test_what_changes_nothing_is_the_node_itself():
    x = bl.input("x", shape=(2, 3))
    assert bl.reshape(x, (2, -1)) is x
    assert bl.permute_dims(x, (0, 1)) is x
    assert bl.broadcast_to(x, (2, 3)) is x


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda x: bl.reshape(x, (4, 2)), r"\[2, 3\] holds 6 elements, \[4, 2\] holds 8"),
        (lambda x: bl.reshape(x, (4, -1)), "holds 6 elements"),
        (lambda x: bl.reshape(x, (-1, -1)), "at least 0"),
        (lambda x: bl.squeeze(x, 0), "cannot lose axes"),
        (lambda x: bl.expand_dims(x, 4), "no axis 4 in 3 axes"),
        (lambda x: bl.permute_dims(x, (0, 0)), "stands twice"),
        (lambda x: bl.permute_dims(x, (0,)), "no order of 2 axes"),
        (lambda x: bl.broadcast_to(x, (3, 3)), "do not broadcast|does not stretch"),
        (lambda x: bl.broadcast_to(x, (3,)), "does not stretch"),
        (lambda x: bl.moveaxis(x, 2, 0), "no axis 2"),
        (lambda x: bl.flip(x, axis=5), "no axis 5"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(make, says):
    with pytest.raises(ShapeError, match=says):
        make(bl.input("x", shape=(2, 3)))
