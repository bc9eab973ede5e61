"""Shapes and axes: broadcasting, counting, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from backlit.errors import ShapeError
from backlit.graph.shapes import broadcast_shapes, check_shape, normalise_axes, normalise_axis


@given(shapes=mutually_broadcastable_shapes(num_shapes=3, max_dims=4))
def test_shapes_broadcast_as_in_numpy(shapes):
    assert broadcast_shapes(*shapes.input_shapes) == shapes.result_shape


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=3))
def test_shapes_that_numpy_refuses_are_refused(shapes):
    try:
        want = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ShapeError, match="do not broadcast"):
            broadcast_shapes(*shapes)
    else:
        assert broadcast_shapes(*shapes) == want


def test_a_mismatch_names_the_shapes_and_the_axis():
    with pytest.raises(ShapeError) as caught:
        broadcast_shapes((2, 3), (4, 3))
    assert "[2, 3] and [4, 3]" in caught.value.what
    assert "axis -2 has lengths 2 and 4" in caught.value.why
    assert "x @ w" in caught.value.instead


@pytest.mark.parametrize(("shape", "want"), [(3, (3,)), ([2, 0], (2, 0)), ((), ()), ((np.int64(2),), (2,))])
def test_a_shape_is_a_length_or_a_sequence_of_them(shape, want):
    checked = check_shape(shape)
    assert checked == want
    assert all(type(length) is int for length in checked)


@pytest.mark.parametrize("wrong", [-1, (2, -1), (2.0,), ("3",), "34", None, (None, 3), True, (True,), 2.5])
def test_anything_else_is_no_shape(wrong):
    with pytest.raises(ShapeError, match="a shape"):
        check_shape(wrong)


@given(rank=st.integers(1, 5), axis=st.integers(-7, 7))
def test_axes_count_from_the_front_and_from_the_back(rank, axis):
    if -rank <= axis < rank:
        assert normalise_axis(axis, rank) == range(rank)[axis]
    else:
        with pytest.raises(ShapeError, match=f"no axis {axis} in {rank} axes"):
            normalise_axis(axis, rank)


@pytest.mark.parametrize("wrong", [True, 1.0, "a", None])
def test_an_axis_is_an_integer(wrong):
    with pytest.raises(ShapeError, match="an axis is an integer"):
        normalise_axis(wrong, 2)


def test_a_single_number_has_no_axes():
    with pytest.raises(ShapeError) as caught:
        normalise_axis(0, 0)
    assert "a single number has no axes" in caught.value.why


def test_several_axes_are_sorted_and_all_of_them_are_none():
    assert normalise_axes((2, -3), 3) == (0, 2)
    assert normalise_axes(None, 2) == (0, 1)
    assert normalise_axes(-1, 2) == (1,)
    assert normalise_axes((), 2) == ()


def test_an_axis_named_twice_is_refused():
    with pytest.raises(ShapeError, match="stands twice"):
        normalise_axes((0, -2), 2)
