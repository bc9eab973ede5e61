"""The reference engine: what it does with memory never shows."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines.reference import ReferenceEngine, ReferenceProgram, interpret
from backlit.errors import BindingError, ExecutionError, IndexRangeError


def test_an_argument_that_is_needed_again_is_not_overwritten():
    x = bl.input("x", shape=(3,), dtype="float64")
    a = bl.exp(x)
    b = -a
    c = b * a
    values = bl.compile([x], [c + b, c])(np.zeros(3))
    assert [v.tolist() for v in values] == [[-2.0] * 3, [-1.0] * 3]


def test_an_output_is_not_overwritten_by_what_comes_after():
    x = bl.input("x", shape=(3,), dtype="float64")
    a = bl.exp(x)
    first, second = bl.compile([x], [a, a + 1.0])(np.zeros(3))
    assert (first.tolist(), second.tolist()) == ([1.0] * 3, [2.0] * 3)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: bl.reshape(a, (4,)),
        bl.flip,
        lambda a: a.T,
        lambda a: a[0],
        lambda a: bl.broadcast_to(a, (2, 2, 2)),
        bl.stop_gradient,
        lambda a: bl.max(a, axis=()),
    ],
)
def test_what_is_seen_through_a_view_is_not_overwritten(view):
    x = bl.input("x", shape=(2, 2), dtype="float64")
    a = bl.exp(x)
    seen = view(a)
    moved = a + 10.0  # the last use of a itself, after the view is made, and before the view is read
    got = bl.compile([x], seen * bl.sum(moved))(np.arange(4.0).reshape(2, 2))
    powers = np.exp(np.arange(4.0).reshape(2, 2))
    want = view(bl.constant(powers, dtype="float64")).evaluate() * np.sum(powers + 10.0)
    np.testing.assert_allclose(got, want, rtol=1e-14)


def test_inputs_parameters_and_constants_are_never_written_to():
    x, w = bl.input("x", shape=(3,), dtype="float64"), bl.parameter([1.0] * 3, dtype="float64")
    c = bl.constant([1.0] * 3, dtype="float64")
    array = np.zeros(3)
    array.flags.writeable = False
    program = bl.compile([x], -(-(x + w) * c) + x)
    assert program(array).tolist() == [1.0] * 3
    assert w.value.tolist() == c.value.tolist() == [1.0] * 3


def test_a_parameter_is_updated_in_its_own_array():
    w = bl.parameter(np.ones((2, 2)), dtype="float64")
    owner = w.value
    step = bl.compile([], [], {w: w - 0.5})
    step()
    step()
    assert w.value is owner
    assert owner.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_single_number_is_updated_too():
    count = bl.parameter(0, trainable=False)
    step = bl.compile([], count, {count: count + 1})
    assert [int(step()) for _ in range(3)] == [0, 1, 2]


def test_a_parameter_may_be_updated_from_its_own_view():
    w = bl.parameter([1.0, 2.0, 3.0], dtype="float64")
    bl.compile([], [], {w: w + bl.flip(w) * 10.0})()
    assert w.value.tolist() == [31.0, 22.0, 13.0]
    v = bl.parameter([1.0, 2.0, 3.0], dtype="float64")
    bl.compile([], [], {v: v - bl.flip(v)})()
    assert v.value.tolist() == [-2.0, 0.0, 2.0]


def test_nothing_is_written_when_a_run_fails():
    w, i = bl.parameter([1.0, 2.0], "w"), bl.input("i", (), "int64")
    picked = bl.take(w, i)
    program = bl.compile([i], picked, {w: w + 1.0})
    with pytest.raises(IndexRangeError, match="index 5 is out of range"):
        program(5)
    assert w.value.tolist() == [1.0, 2.0]


def test_an_index_error_names_the_node_and_the_users_line():
    labels = bl.input("labels", (3,), "int64")
    with bl.scope("loss"):
        node = bl.one_hot(labels, 10).named("targets")
    with pytest.raises(IndexRangeError, match=r"targets = one_hot\(labels\): label 10 is out of range") as caught:
        node.evaluate({labels: [0, 10, 3]})
    assert "numbered from 0 to 9" in caught.value.why
    assert "output for every class" in caught.value.instead
    assert caught.value.line[0] == __file__


def test_what_does_not_fit_into_memory_is_an_error_of_ours():
    huge = bl.broadcast_to(bl.input("x"), (2**30, 2**30)) * 2.0
    with pytest.raises(ExecutionError, match="cannot be computed") as caught:
        huge.evaluate({"x": 1.0})
    assert caught.value.line[0] == __file__


def test_numbers_out_of_range_give_no_warning():
    x = bl.input("x", shape=(2,))
    got = bl.compile([x], [bl.log(x), 1.0 / x, bl.exp(x * 1e3)])(np.array([0.0, -1.0]))
    assert np.isneginf(got[0][0])
    assert np.isposinf(got[1][0])


def test_integers_wrap_around_without_a_warning():
    x = bl.input("x", (), "uint32")
    assert int((x + 1).evaluate({x: np.uint32(2**32 - 1)})) == 0


def test_interpret_does_not_compute_what_it_is_given():
    x = bl.input("x")
    y = bl.exp(x)
    assert float(interpret((y * 2.0,), {y: np.float32(5.0)})[0]) == 10.0, "x has no value, and needs none"
    assert float(interpret((y,), {y: np.float32(5.0)})[0]) == 5.0


def test_interpret_takes_values_in_place_of_parameters():
    x, w = bl.input("x"), bl.parameter(2.0)
    z = x * w + 1.0
    assert float(interpret((z,), {x: np.float32(3.0), w: np.float32(5.0)})[0]) == 16.0
    with pytest.raises(BindingError, match="no value was given for <input 'x'"):
        interpret((z,), {})


def test_a_program_knows_its_graph():
    x = bl.input("x")
    program = ReferenceEngine().compile(bl.Graph([x], [x + 1.0]), single=True)
    assert isinstance(program, ReferenceProgram)
    assert program.graph.inputs == (x,)
    assert "1 inputs" in repr(program)
