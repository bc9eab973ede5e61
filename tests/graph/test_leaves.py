"""Inputs, parameters and constants."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import DTypeError, GraphError, ShapeError


def test_an_input_is_a_float32_number_unless_told_otherwise():
    assert str(bl.input("x").spec) == "float32[]"
    assert str(bl.input("x", 3, "int64").spec) == "int64[3]"
    with bl.precision("float64"):
        assert bl.input("x", [2, 3]).dtype == "float64"


def test_an_input_refuses_an_unknown_shape():
    with pytest.raises(ShapeError) as caught:
        bl.input("x", shape=(None, 784))
    assert "write the batch size" in caught.value.instead


@pytest.mark.parametrize(("value", "dtype"), [(1.5, "float32"), (2, "int64"), (True, "bool"), ([[1, 2]], "int64")])
def test_a_constant_keeps_its_kind(value, dtype):
    assert bl.constant(value).dtype == dtype


def test_a_constant_never_changes():
    array = np.array([1.0, 2.0])
    c = bl.constant(array)
    array[0] = 9.0
    assert c.value.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        c.value[0] = 9.0


def test_a_parameter_owns_its_array():
    array = np.array([1.0, 2.0], dtype="float32")
    w = bl.parameter(array)
    w.value += 1.0
    assert array.tolist() == [1.0, 2.0]
    assert w.value.tolist() == [2.0, 3.0]
    owner = w.value
    w.value = [5, 6]
    assert w.value is owner
    assert owner.tolist() == [5.0, 6.0]


def test_a_parameter_keeps_its_shape_and_kind():
    w = bl.parameter([1.0, 2.0], name="w")
    with pytest.raises(ShapeError, match=r"shape \[3\]") as caught:
        w.value = [1.0, 2.0, 3.0]
    assert "[2]" in caught.value.instead
    count = bl.parameter(0, trainable=False)
    with pytest.raises(DTypeError, match="float64"):
        count.value = 1.5
    assert w.value.tolist() == [1.0, 2.0]


def test_a_trainable_parameter_is_made_of_floats():
    with pytest.raises(DTypeError, match="a trainable parameter cannot be int64") as caught:
        bl.parameter(3, name="θ")
    assert "write 3.0" in caught.value.instead
    assert "trainable=False" in caught.value.instead
    assert caught.value.line[0] == __file__
    count = bl.parameter(3, name="count", trainable=False)
    assert (count.trainable, count.dtype) == (False, "int64")


def test_only_parameters_can_be_trainable():
    assert bl.parameter(1.0).trainable
    assert not bl.input("x").trainable
    assert not bl.constant(1.0).trainable


@pytest.mark.parametrize("make", [bl.constant, bl.parameter])
@pytest.mark.parametrize("wrong", ["abc", None, 1j, [object()], {"a": 1}])
def test_what_is_no_number_is_refused(make, wrong):
    with pytest.raises(DTypeError, match="needs numbers"):
        make(wrong)


@pytest.mark.parametrize("make", [bl.constant, bl.parameter])
def test_ragged_rows_are_refused(make):
    with pytest.raises(ShapeError, match="rows of equal length"):
        make([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("make", [bl.constant, bl.parameter])
def test_a_node_is_no_number(make):
    with pytest.raises(GraphError, match="received the node <input 'x'") as caught:
        make(bl.input("x"))
    assert "evaluate" in caught.value.instead


def test_floats_do_not_become_integers():
    with pytest.raises(DTypeError, match="float64, which do not fit into int64"):
        bl.constant([1.5], dtype="int64")


def test_integers_become_floats_where_asked():
    assert bl.constant([1, 2], dtype="float64").value.tolist() == [1.0, 2.0]
    assert bl.parameter([1, 2], dtype="float32").dtype == "float32"


def test_a_float16_array_takes_the_precision_in_force():
    assert bl.constant(np.array([1.0], dtype="float16")).dtype == "float32"


@pytest.mark.parametrize(
    "make", [lambda: bl.constant(1e300), lambda: bl.input("x") * 1e300, lambda: bl.input("x") * 2**2000]
)
def test_a_number_too_large_for_its_type_is_an_error_of_ours(make):
    with pytest.raises(DTypeError, match="does not fit into float32"):
        make()


@pytest.mark.parametrize("make", [bl.constant, bl.parameter])
def test_a_whole_number_that_no_integer_type_holds_is_refused(make):
    with pytest.raises(DTypeError, match="1180591620717411303424, which does not fit into int64"):
        make(2**70)
