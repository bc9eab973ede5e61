"""The seam: compile, bind, evaluate, and the registry of engines."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines.binding import arrange, bind
from backlit.engines.engine import engine_names, register_engine
from backlit.errors import ArgumentError, BindingError
from harness.samples import ENGINES

engine_of = pytest.mark.parametrize("engine", ENGINES)


@engine_of
def test_a_program_answers_in_kind(engine):
    x = bl.input("x", shape=(2,))
    assert bl.compile([x], x * 2.0, engine=engine)([1, 2]).tolist() == [2.0, 4.0]
    one = bl.compile([x], [x * 2.0], engine=engine)([1, 2])
    assert isinstance(one, list)
    assert bl.compile([x], [], engine=engine)([1, 2]) == []


@engine_of
def test_a_program_takes_its_values_in_the_order_listed(engine):
    x, y = bl.input("x"), bl.input("y")
    assert float(bl.compile([y, x], x - y, engine=engine)(1.0, 5.0)) == 4.0
    assert float(bl.compile(outputs=x - y, engine=engine)(1.0, 5.0)) == -4.0


@engine_of
def test_an_input_or_a_constant_can_be_an_output(engine):
    x, c = bl.input("x", shape=(2,)), bl.constant([1.0, 2.0])
    array = np.array([3.0, 4.0], dtype="float32")
    first, second = bl.compile([x], [x, c], engine=engine)(array)
    assert first.tolist() == [3.0, 4.0]
    assert second.tolist() == [1.0, 2.0]
    assert not np.shares_memory(first, array)


@engine_of
def test_a_single_number_comes_back_as_one(engine):
    x = bl.input("x", shape=(3,))
    total = bl.compile([x], bl.sum(x), engine=engine)([1, 2, 3])
    assert isinstance(total, np.float32)
    assert total == 6.0


@engine_of
def test_an_update_is_gradient_descent_taken_literally(engine):
    w = bl.parameter([3.0, -1.0], "w", dtype="float64")
    loss = bl.sum(w * w)
    step = bl.compile([], loss, {w: w - 0.1 * bl.grad(loss, w)}, engine=engine)
    assert float(step()) == 10.0
    np.testing.assert_allclose(w.value, [2.4, -0.8], rtol=1e-15)
    assert float(step()) == pytest.approx(6.4)


@engine_of
def test_outputs_are_computed_from_the_old_values(engine):
    w = bl.parameter([1.0, 2.0], "w")
    before, turned = bl.compile([], [w, bl.flip(w)], {w: w + 1.0}, engine=engine)()
    assert before.tolist() == [1.0, 2.0]
    assert turned.tolist() == [2.0, 1.0]
    assert w.value.tolist() == [2.0, 3.0]


@engine_of
def test_parameters_can_be_exchanged(engine):
    a, b = bl.parameter([1.0, 2.0], "a"), bl.parameter([3.0, 4.0], "b")
    bl.compile([], [], {a: b, b: a}, engine=engine)()
    assert (a.value.tolist(), b.value.tolist()) == ([3.0, 4.0], [1.0, 2.0])
    bl.compile([], [], {a: b * 1.0, b: a + b}, engine=engine)()
    assert (a.value.tolist(), b.value.tolist()) == ([1.0, 2.0], [4.0, 6.0])


@engine_of
def test_an_update_may_read_a_view_of_another_parameter_that_changes(engine):
    a, b = bl.parameter([1.0, 2.0, 3.0], "a"), bl.parameter([0.0] * 3, "b")
    bl.compile([], [], {a: a + 1.0, b: b + bl.flip(a)}, engine=engine)()
    assert b.value.tolist() == [3.0, 2.0, 1.0]


@engine_of
def test_a_parameters_own_array_can_be_fed_as_an_input(engine):
    a, b, x = bl.parameter([1.0, 2.0], "a"), bl.parameter([1.0, 2.0], "b"), bl.input("x", shape=(2,))
    bl.compile([x], [], {a: a + x, b: b + x}, engine=engine)(a.value)
    assert b.value.tolist() == [2.0, 4.0]


@engine_of
def test_one_value_may_update_two_parameters(engine):
    a, b = bl.parameter([1.0, 2.0], "a"), bl.parameter([3.0, 4.0], "b")
    mixed = a + b
    (output,) = bl.compile([], [mixed], {a: mixed, b: mixed}, engine=engine)()
    a.value[0] = 100.0
    assert b.value.tolist() == [4.0, 6.0]
    assert output.tolist() == [4.0, 6.0]


@engine_of
def test_results_of_one_run_survive_the_next(engine):
    x = bl.input("x", shape=(3,))
    program = bl.compile([x], [bl.exp(x) + 1.0, bl.reshape(x, (3, 1))], engine=engine)
    first = program([0, 0, 0])
    program([1, 1, 1])
    assert first[0].tolist() == [2.0, 2.0, 2.0]
    assert first[1].tolist() == [[0.0]] * 3


@engine_of
@pytest.mark.parametrize(
    ("values", "says"),
    [
        (([1.0, 2.0],), r"takes 2 values \(x, labels\); received 1"),
        (([1.0, 2.0, 3.0], [0, 1]), r"the input <input 'x': float32\[2\]> received a value of shape \[3\]"),
        (([[1.0], [1.0, 2.0]], [0, 1]), "rows of unequal length"),
        (([1.0, 2.0], [0.5, 1.0]), "the input <input 'labels': int64.2.> received values of data type float64"),
        ((["a", "b"], [0, 1]), "received values of data type <U1"),
        (([1.0, 2j], [0, 1]), "received values of data type complex128"),
        (([None, 1.0], [0, 1]), "received values of data type object"),
    ],
)
def test_values_that_do_not_fit_are_named(values, says, engine):
    x, labels = bl.input("x", shape=(2,)), bl.input("labels", (2,), "int64")
    with pytest.raises(BindingError, match=says):
        bl.compile([x, labels], bl.take(x, labels), engine=engine)(*values)


def test_values_are_fitted_where_nothing_is_lost_in_kind():
    x = bl.input("x", shape=(2,))
    fits = np.array([1.0, 2.0], dtype="float32")
    assert bind(x, fits) is fits
    assert bind(x, [1, 2]).dtype == "float32"
    assert bind(x, np.array([1.0, 2.0])).dtype == "float32"
    assert bind(bl.input("i", (2,), "int32"), [1, 2]).dtype == "int32"


def test_integers_that_do_not_fit_are_named():
    with pytest.raises(BindingError, match="which does not fit into int8"):
        bind(bl.input("i", (2,), "int8"), [1, 200])


def test_values_are_given_by_node_or_by_name():
    x, y = bl.input("x"), bl.input("y")
    graph = bl.Graph([x, y], [x + y])
    assert arrange(graph, {"y": 2.0, x: 1.0}) == [1.0, 2.0]


def test_two_inputs_of_one_name_get_the_value_of_that_name():
    x, y = bl.input("x"), bl.input("x")
    assert float((x + y).evaluate({"x": 2.0})) == 4.0
    assert float((x - y).evaluate({x: 5.0, y: 2.0})) == 3.0


def test_an_input_without_a_value_is_named():
    x, y = bl.input("x"), bl.input("y")
    with pytest.raises(BindingError, match="no value was given for <input 'y'") as caught:
        (x + y).evaluate({"x": 1.0})
    assert 'give it one: {"y": ...}' in caught.value.instead


def test_a_value_for_no_input_suggests_the_nearest():
    with pytest.raises(BindingError, match=r"'imges', which is no input of this graph .did you mean 'images'"):
        (bl.input("images") * 2.0).evaluate({"imges": 1.0})


@pytest.mark.parametrize("make", [bl.constant, lambda v, dtype: bl.parameter(v, dtype=dtype, trainable=False)])
def test_whole_numbers_of_python_fit_into_unsigned_integers(make):
    assert make([0, 255], dtype="uint8").value.tolist() == [0, 255]


def test_whole_numbers_of_python_are_bound_to_unsigned_integers():
    x = bl.input("x", (2,), "uint8")
    assert (x + 1).evaluate({x: [0, 9]}).tolist() == [1, 10]


def test_an_unknown_engine_suggests_the_nearest():
    with pytest.raises(ArgumentError, match=r"no engine 'refrence' .did you mean 'reference'") as caught:
        bl.compile([], bl.constant(1.0), engine="refrence")
    assert "reference" in caught.value.instead


def test_engines_register_once_and_are_called_by_name():
    class Silent:
        name = "silent_for_this_test"

        def compile(self, graph, *, single):
            self.graph = graph
            return lambda *values: single

    engine = Silent()
    register_engine(engine)
    try:
        assert "silent_for_this_test" in engine_names()
        x = bl.input("x")
        assert bl.compile([x], x, engine="silent_for_this_test")(1.0) is True
        assert engine.graph.inputs == (x,)
        with pytest.raises(ArgumentError, match="there is an engine 'silent_for_this_test' already"):
            register_engine(Silent())
    finally:
        del bl.engines.engine._ENGINES["silent_for_this_test"]


def test_evaluate_needs_no_values_where_there_are_no_inputs():
    assert float((bl.parameter(2.0) * 3.0).evaluate()) == 6.0
