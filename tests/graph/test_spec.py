"""Shapes and data types: broadcasting, promotion, axes, and what is refused."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from backlit.errors import ArgumentError, DTypeError, ShapeError
from backlit.graph.spec import (
    DTYPES,
    Spec,
    broadcast_shapes,
    check_dtype,
    check_shape,
    default_float,
    is_floating,
    is_integer,
    kind_of,
    normalise_axes,
    normalise_axis,
    precision,
    promote,
)


def test_a_spec_prints_as_one_reads_it():
    assert str(Spec((3, 4), "float32")) == "float32[3,4]"
    assert str(Spec((), "bool")) == "bool[]"


def test_a_spec_knows_its_rank_and_size():
    assert (Spec((2, 3), "int64").rank, Spec((2, 3), "int64").size, Spec((), "int64").size) == (2, 6, 1)


def test_specs_are_compared_by_value():
    assert Spec((2,), "float32") == Spec((2,), "float32")
    assert len({Spec((2,), "float32"), Spec((2,), "float32"), Spec((2,), "float64")}) == 2


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


def test_promotion_stays_within_a_kind_and_is_numpys_there():
    for a, b in itertools.product(DTYPES, repeat=2):
        joined = np.promote_types(a, b).name
        if kind_of(a) == kind_of(b) == kind_of(joined):
            assert promote(a, b) == joined
        else:
            with pytest.raises(DTypeError, match="do not mix"):
                promote(a, b)


def test_int64_and_uint64_meet_in_no_integer():
    with pytest.raises(DTypeError, match="int64 and uint64 do not mix"):
        promote("int64", "uint64")


def test_a_mixture_of_kinds_says_what_to_write():
    with pytest.raises(DTypeError) as caught:
        promote("int32", "float64")
    assert 'bl.cast(value, "float64")' in caught.value.instead


@pytest.mark.parametrize("given_as", ["float32", np.float32, np.dtype("float32")])
def test_a_data_type_is_given_by_name_or_as_numpys(given_as):
    assert check_dtype(given_as) == "float32"


@pytest.mark.parametrize("wrong", ["float7", "float16", "complex128", "object", "datetime64", None.__class__, 3])
def test_an_unknown_data_type_is_refused(wrong):
    with pytest.raises(DTypeError, match="there is no data type") as caught:
        check_dtype(wrong)
    assert "float32" in caught.value.instead


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


def test_precision_changes_the_default_inside_only_and_nests():
    assert default_float() == "float32"
    with precision("float64"):
        assert default_float() == "float64"
        with precision(np.float32):
            assert default_float() == "float32"
        assert default_float() == "float64"
    assert default_float() == "float32"


def test_precision_is_restored_after_an_error():
    with pytest.raises(RuntimeError), precision("float64"):
        raise RuntimeError
    assert default_float() == "float32"


def test_only_floats_are_precisions():
    with pytest.raises(ArgumentError, match="float32 or float64; received int64"), precision("int64"):
        pass


def test_the_kinds_of_data_types():
    assert [d for d in DTYPES if is_floating(d)] == ["float32", "float64"]
    assert [d for d in DTYPES if not is_integer(d)] == ["bool", "float32", "float64"]
    assert {kind_of(d) for d in DTYPES} == {"bool", "integer", "float"}
