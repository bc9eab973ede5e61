"""Nodes: operators, names, and what they refuse to be."""

import math

import numpy as np
import pytest

import backlit as bl
from backlit.errors import DTypeError, GraphError, ShapeError
from backlit.graph.node import check_name


@pytest.fixture
def x():
    return bl.input("x", shape=(3,), dtype="float64")


VALUE = np.array([1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + 2.0,
        lambda x: 2.0 + x,
        lambda x: x - 2.0,
        lambda x: 2.0 - x,
        lambda x: x * 3,
        lambda x: 3 * x,
        lambda x: x / 2.0,
        lambda x: 2.0 / x,
        lambda x: x**2,
        lambda x: 2.0**x,
        lambda x: -x,
        lambda x: +x,
        lambda x: abs(x - 2.0),
        lambda x: x @ x,
        lambda x: np.ones((2, 3)) @ x,
        lambda x: x @ np.ones((3, 2)),
        lambda x: VALUE * x,
        lambda x: VALUE / x,
        lambda x: VALUE - x,
        lambda x: VALUE**x,
        lambda x: np.float64(2.0) * x,
        lambda x: [1.0, 2.0, 3.0] + x,  # noqa: RUF005 - no list is made longer here
        lambda x: x[1],
        lambda x: x[::-1],
        lambda x: x < 2.0,
        lambda x: x <= 2.0,
        lambda x: x > 2.0,
        lambda x: 2.0 >= x,  # noqa: SIM300 - the reflected operator
        lambda x: VALUE > x,  # noqa: SIM300 - the reflected operator
        lambda x: ~(x > 1.0) & (x < 3.0) | (x > 3.0),
    ],
)
def test_operators_do_what_they_do_in_numpy(x, function):
    with bl.precision("float64"):
        got = function(x).evaluate({x: VALUE})
    want = function(VALUE)
    np.testing.assert_allclose(got, want, rtol=1e-15)
    assert np.asarray(got).dtype == np.asarray(want).dtype


def test_python_numbers_take_the_data_type_of_the_node_they_meet():
    assert (bl.input("x", dtype="float32") * 2).dtype == "float32"
    assert (bl.input("x", dtype="float64") * 2.5).dtype == "float64"
    assert (bl.input("x", dtype="uint8") + 1).dtype == "uint8"
    with pytest.raises(DTypeError, match=r"the float 2\.5 meets a value of data type int64"):
        bl.input("x", dtype="int64") * 2.5
    with pytest.raises(DTypeError, match="300, which does not fit into uint8"):
        bl.input("x", dtype="uint8") + 300


def test_a_row_of_nodes_unpacks(x):
    a, b, c = x
    assert [float(n.evaluate({x: VALUE})) for n in (a, b, c)] == [1.0, 2.0, 4.0]
    assert len(x) == 3


def test_the_transpose():
    m = bl.input("m", shape=(2, 3))
    assert m.T.shape == (3, 2)
    with pytest.raises(ShapeError, match="no two axes to swap"):
        _ = bl.input("v", shape=(2,)).T


def test_nodes_are_equal_only_to_themselves(x):
    y = x + 0.0
    assert x == x  # noqa: PLR0124 - identity is the point
    assert x != y
    assert len({x, y, x}) == 2


def test_a_node_says_what_it_is(x):
    assert repr(x) == "<input 'x': float64[3]>"
    assert repr((x * 2.0).named("z")) == "<multiply 'z': float64[3]>"
    assert (x * 2.0).kind == "multiply"
    assert (x.rank, x.size, x.trainable) == (1, 3, False)


def test_naming_gives_another_node_and_leaves_the_first(x):
    y = x * 2.0
    named = y.named("θ1")
    assert (y.name, named.name) == (None, "θ1")
    assert named.arguments == y.arguments
    assert bl.constant(1.0).named("one").name == "one"


def test_leaves_are_named_when_they_are_made(x):
    with pytest.raises(GraphError, match="cannot be named again") as caught:
        x.named("y")
    assert 'bl.input(..., name="y")' in caught.value.instead


@pytest.mark.parametrize("wrong", ["", "a\nb", 3, None, "tab\there"])
def test_a_name_is_printable_text(wrong):
    with pytest.raises(GraphError, match="a name is printable text"):
        check_name(wrong)


def test_a_node_is_neither_true_nor_false(x):
    with pytest.raises(GraphError, match="neither true nor false") as caught:
        bool(x > 0.0)
    assert "bl.where" in caught.value.instead
    assert caught.value.line[0] == __file__


def test_a_node_has_no_value_to_convert(x):
    with pytest.raises(GraphError, match="has no value yet") as caught:
        float(bl.input("n"))
    assert "evaluate" in caught.value.instead
    with pytest.raises(GraphError, match="has no value yet"):
        math.exp(bl.input("n"))


@pytest.mark.parametrize("function", [np.exp, np.sin, np.maximum.reduce, np.sqrt])
def test_functions_of_numpy_say_what_to_write_instead(x, function):
    with pytest.raises(GraphError, match="cannot be applied to <input 'x'") as caught:
        function(x)
    assert "bl." in caught.value.instead
    assert caught.value.line[0] == __file__


def test_a_mismatch_names_both_operands_and_the_users_line(x):
    w = bl.parameter(np.zeros((4,)), name="w", dtype="float64")
    with pytest.raises(ShapeError) as caught:
        x + w
    text = str(caught.value)
    assert "add(x: float64[3], w: float64[4])" in text
    assert f"{__file__}:" in text


def test_matrices_that_have_no_product_are_named():
    x, w = bl.input("x", shape=(2, 3)), bl.input("w", shape=(2, 3))
    with pytest.raises(ShapeError) as caught:
        x @ w
    assert "x: float32[2,3], w: float32[2,3]" in str(caught.value)
    assert ".T" in caught.value.instead


def test_wrong_kinds_are_named(x):
    labels = bl.input("labels", shape=(3,), dtype="int64")
    with pytest.raises(DTypeError, match=r"add\(x: float64\[3\], labels: int64\[3\]\): float64 and int64 do not mix"):
        x + labels
    with pytest.raises(DTypeError, match=r"exp\(labels: int64\[3\]\)") as caught:
        bl.exp(labels)
    assert "bl.cast" in caught.value.instead


def test_a_single_number_has_no_length():
    with pytest.raises(ShapeError, match="has no length"):
        len(bl.input("n"))


def test_every_node_knows_the_line_that_built_it(x):
    assert (x * 2.0).line[0] == __file__
    assert bl.softmax(x).line[0] == __file__
    assert bl.parameter(1.0).line[0] == __file__
    assert bl.constant(1.0).line[0] == __file__


@pytest.mark.parametrize(
    "function", [lambda x: bl.sum(x, axis=2), lambda x: bl.argmax(x, axis=5), lambda x: bl.expand_dims(x, 7)]
)
def test_a_wrong_axis_names_the_node_and_the_users_line(x, function):
    with pytest.raises(ShapeError, match="no axis") as caught:
        function(x)
    assert "float64[3]" in str(caught.value)
    assert caught.value.line[0] == __file__


@pytest.mark.parametrize("name", ["%1", "%027"])
def test_a_name_that_graphs_give_is_refused(name):
    """Two nodes would carry it, and the printed graph would not be read back."""
    with pytest.raises(GraphError, match=f"a node cannot be named '{name}'"):
        bl.parameter(1.0, name=name)
    with pytest.raises(GraphError, match=f"a node cannot be named '{name}'"):
        bl.sin(bl.input("x")).named(name)
    assert bl.input("%x").name == "%x"
