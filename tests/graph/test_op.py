"""What an op does beside its card: weak numbers, shape rules, refusals, the registry."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import DTypeError, GraphError, UnknownNameError
from backlit.graph import OPS, Interval, Op, Spec, find_op
from backlit.graph.op import as_nodes, elementwise, linear_pushforward


def test_ops_are_found_by_name_and_the_nearest_is_suggested():
    assert find_op("tanh") is OPS["tanh"]
    assert repr(find_op("tanh")) == "<op tanh>"
    with pytest.raises(UnknownNameError, match=r"there is no op 'tnah' .did you mean 'tanh'"):
        find_op("tnah")


@pytest.mark.parametrize(
    ("operands", "dtypes"),
    [
        ((1.0, 2.0), ["float32", "float32"]),
        ((1, 2.0), ["int64", "float32"]),
        ((bl.constant(1.0, dtype="float64"), 2), ["float64", "float64"]),
        ((2.5, bl.constant([1.0], dtype="float64")), ["float64", "float64"]),
        ((bl.constant(1, dtype="int32"), 2), ["int32", "int32"]),
        ((bl.constant(True), 2, bl.constant(1.0)), ["bool", "float32", "float32"]),
        ((bl.constant(1.0), True), ["float32", "bool"]),
        ((np.array([1, 2]), 3), ["int64", "int64"]),
    ],
)
def test_weak_numbers_take_the_type_they_meet(operands, dtypes):
    assert [node.dtype for node in as_nodes(operands)] == dtypes


def test_a_float_never_becomes_an_integer():
    with pytest.raises(DTypeError, match=r"the float 1.5 meets") as caught:
        as_nodes((bl.constant(1), 1.5))
    assert caught.value.line[0] == __file__


def test_the_elementwise_rule():
    rule = elementwise(2, kinds="float integer")
    assert rule(Spec((3, 1), "int32"), Spec((4,), "int64")) == Spec((3, 4), "int64")
    with pytest.raises(DTypeError, match="not bool"):
        rule(Spec((), "bool"), Spec((), "bool"))
    assert elementwise(2, result="bool")(Spec((2,), "float32"), Spec((2,), "float32")) == Spec((2,), "bool")


def test_too_few_arguments_are_an_error_of_ours():
    with pytest.raises(GraphError, match="takes 2 arguments; received 1"):
        find_op("add")(bl.input("x"))


def test_a_wrong_attribute_is_an_error_of_ours():
    with pytest.raises(GraphError, match=r"sum.*axis") as caught:
        find_op("sum")(bl.input("x"), axis=0)
    assert caught.value.line[0] == __file__


def test_attributes_cannot_be_changed():
    node = bl.sum(bl.input("x", shape=(2,)))
    with pytest.raises(TypeError):
        node.attributes["axes"] = ()


def test_the_last_domain_serves_all_further_arguments():
    divide = OPS["divide"]
    assert divide.domain_of(0) == Interval()
    assert divide.domain_of(1) == divide.domain_of(2)


def test_a_tangent_goes_through_a_linear_op_as_the_value_does():
    y = bl.reshape(bl.input("x", shape=(2,)), (2, 1))
    assert linear_pushforward(y, (None,)) is None
    assert linear_pushforward(y, (bl.input("t", shape=(2,)),)).shape == (2, 1)


def test_a_new_op_is_one_card():
    try:
        cube = Op(
            name="cube_for_this_test",
            formula="x^3",
            words="{x} cubed",
            derivative=("3 x^2",),
            infer=elementwise(),
            local=(lambda z, x: 3.0 * x * x,),
        )
        x = bl.input("x", dtype="float64")
        slope = bl.grad(cube(x), x)
        assert float(slope.evaluate({x: 2.0})) == 12.0
        assert cube.differentiable
    finally:
        del OPS["cube_for_this_test"]
