"""What users ask: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp; and the errors that teach."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import DeadGradientWarning, DisconnectedError, DTypeError, NotScalarError, ShapeError
from harness.differences import central_difference


@pytest.fixture
def x():
    return bl.input("x", shape=(3,), dtype="float64")


VALUE = np.array([0.5, -1.0, 2.0])


def cubic(x):
    """A function whose first two derivatives are known: x₀²x₁ + sin(x₂)·x₀."""
    return x[0] * x[0] * x[1] + bl.sin(x[2]) * x[0]


def cubic_hessian(v):
    a, b, c = v
    return np.array([[2 * b, 2 * a, np.cos(c)], [2 * a, 0, 0], [np.cos(c), 0, -np.sin(c) * a]])


def test_grad_answers_in_kind():
    a, b = bl.parameter(2.0, "a"), bl.parameter(3.0, "b")
    loss = a * b
    assert float(bl.grad(loss, a).evaluate()) == 3.0
    assert [float(g.evaluate()) for g in bl.grad(loss, [a, b])] == [3.0, 2.0]
    assert [float(g.evaluate()) for g in bl.grad(loss, (a, b))] == [3.0, 2.0]
    named = bl.grad(loss, {"second": b, "first": a})
    assert {name: float(g.evaluate()) for name, g in named.items()} == {"second": 2.0, "first": 3.0}


def test_a_source_may_stand_twice_and_may_be_the_loss_itself():
    a = bl.parameter(2.0, "a")
    loss = a * a
    assert [float(g.evaluate()) for g in bl.grad(loss, [a, a])] == [4.0, 4.0]
    assert float(bl.grad(loss, loss).evaluate()) == 1.0


def test_grad_with_respect_to_a_node_in_the_middle(x):
    y = x * x
    assert bl.grad(bl.sum(bl.exp(y)), y).evaluate({x: VALUE}).tolist() == np.exp(VALUE**2).tolist()


def test_value_and_grad(x):
    loss, gradients = bl.value_and_grad(bl.sum(x * x), {"x": x})
    assert float(loss.evaluate({x: VALUE})) == 5.25
    assert gradients["x"].evaluate({x: VALUE}).tolist() == [1.0, -2.0, 4.0]


@given(order=st.integers(1, 5), point=st.floats(-2, 2))
def test_derivatives_to_any_order(order, point):
    x = bl.input("x", dtype="float64")
    y = bl.exp(2.0 * x)
    for _ in range(order):
        y = bl.grad(y, x)
    assert float(y.evaluate({x: point})) == pytest.approx(2.0**order * np.exp(2.0 * point), rel=1e-12)


def test_vjp_and_jvp_are_products_with_the_jacobian(x):
    y = bl.stack([x[0] * x[1], bl.sin(x[2])])
    full = bl.jacobian(y, x).evaluate({x: VALUE})
    np.testing.assert_allclose(full, [[-1.0, 0.5, 0.0], [0.0, 0.0, np.cos(2.0)]], rtol=1e-12)
    w, v = np.array([2.0, 3.0]), np.array([1.0, 10.0, 100.0])
    np.testing.assert_allclose(bl.vjp(y, x, w).evaluate({x: VALUE}), w @ full, rtol=1e-12)
    np.testing.assert_allclose(bl.jvp(y, x, v).evaluate({x: VALUE}), full @ v, rtol=1e-12)


def test_vjp_and_jvp_of_several_answer_in_kind(x):
    a = bl.parameter(2.0, "a", dtype="float64")
    outputs = [a * x, bl.sum(x)]
    back = bl.vjp(outputs, {"a": a, "x": x}, [np.ones(3), 10.0])
    assert float(back["a"].evaluate({x: VALUE})) == 1.5
    assert back["x"].evaluate({x: VALUE}).tolist() == [12.0] * 3
    forward = bl.jvp(outputs, [a, x], [1.0, np.ones(3)])
    assert [np.asarray(t.evaluate({x: VALUE})).tolist() for t in forward] == [[2.5, 1.0, 4.0], 3.0]
    assert isinstance(bl.jvp(outputs[0], [x], [np.ones(3)]), bl.Node)


def test_tangents_given_by_name_belong_to_the_sources_of_that_name():
    a, b = bl.parameter(2.0, "a"), bl.parameter(3.0, "b")
    tangent = bl.jvp(a * b, {"a": a, "b": b}, {"b": 0.0, "a": 1.0})
    assert float(tangent.evaluate()) == 3.0


def test_what_does_not_move_has_tangent_zero(x):
    y = bl.input("y", dtype="float64")
    assert bl.jvp(x * 2.0, y, 1.0).evaluate({x: VALUE}).tolist() == [0.0] * 3


@pytest.mark.parametrize("wide", [True, False])
def test_the_jacobian_by_rows_and_by_columns(wide):
    """Fewer outputs than inputs are walked backward, more of them forward."""
    n, m = (4, 2) if wide else (2, 4)
    x = bl.input("x", shape=(n,), dtype="float64")
    matrix = np.random.default_rng(0).normal(size=(m, n))
    point = np.linspace(0.1, 1.0, n)
    y = bl.reshape(bl.sin(bl.constant(matrix, dtype="float64") @ x), (2, m // 2))
    want = (np.cos(matrix @ point)[:, None] * matrix).reshape(2, m // 2, n)
    np.testing.assert_allclose(bl.jacobian(y, x).evaluate({x: point}), want, rtol=1e-12)


def test_the_jacobian_of_several_sources_answers_in_kind(x):
    a = bl.parameter(2.0, "a", dtype="float64")
    result = bl.jacobian(a * x, {"x": x, "a": a})
    np.testing.assert_array_equal(result["x"].evaluate({x: VALUE}), 2.0 * np.eye(3))
    np.testing.assert_array_equal(result["a"].evaluate({x: VALUE}), VALUE)


def test_the_jacobian_is_zero_where_there_is_no_path(x):
    y = bl.input("y", shape=(2,), dtype="float64")
    assert bl.jacobian(x * 1.0, y).evaluate({x: VALUE, y: [0.0, 0.0]}).tolist() == [[0.0, 0.0]] * 3
    assert bl.jacobian(bl.input("e", shape=(0,)) * 1.0, y).shape == (0, 2)


def test_the_hessian(x):
    loss = cubic(x)
    got = bl.hessian(loss, x).evaluate({x: VALUE})
    np.testing.assert_allclose(got, cubic_hessian(VALUE), rtol=1e-12, atol=1e-12)


def test_the_hessian_of_a_linear_function_is_zero(x):
    assert not bl.hessian(bl.sum(3.0 * x), x).evaluate({x: VALUE}).any()


def test_the_hessian_of_a_matrix_has_four_axes():
    m = bl.input("m", shape=(2, 2), dtype="float64")
    got = bl.hessian(bl.sum(m * m * m), m)
    assert got.shape == (2, 2, 2, 2)
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(got.evaluate({m: values}).reshape(4, 4), np.diag(6.0 * values.reshape(-1)))


def test_hvp_is_the_hessian_times_a_vector(x):
    v = np.array([1.0, -2.0, 0.5])
    got = bl.hvp(cubic(x), x, v).evaluate({x: VALUE})
    np.testing.assert_allclose(got, cubic_hessian(VALUE) @ v, rtol=1e-12)


def test_hvp_of_several_includes_the_mixed_derivatives():
    a, b = bl.parameter(2.0, "a", "float64"), bl.parameter(3.0, "b", "float64")
    first, second = bl.hvp(a * a * b, [a, b], [1.0, 10.0])
    assert float(first.evaluate()) == 2 * 3.0 * 1.0 + 2 * 2.0 * 10.0
    assert float(second.evaluate()) == 2 * 2.0 * 1.0
    named = bl.hvp(a * a * b, {"a": a, "b": b}, {"b": 10.0, "a": 1.0})
    assert float(named["a"].evaluate()) == 46.0


def test_gradients_of_a_small_net_agree_with_central_differences():
    rng = np.random.default_rng(0)
    with bl.precision("float64"):
        w1, w2 = bl.parameter(rng.normal(size=(4, 5))), bl.parameter(rng.normal(size=(5, 3)))
        x, labels = bl.input("x", shape=(6, 4)), bl.input("labels", (6,), "int64")
        scores = bl.tanh(x @ w1) @ w2
        loss = -bl.mean(bl.take_along_axis(bl.log_softmax(scores), bl.expand_dims(labels, 1)))
    point = {x: rng.normal(size=(6, 4)), labels: rng.integers(0, 3, 6)}
    directions = {w: rng.normal(size=w.shape) for w in (w1, w2)}
    gradients = bl.compile([x, labels], bl.grad(loss, [w1, w2]))(*point.values())
    whole = point | {w: w.value for w in (w1, w2)}
    (want,) = central_difference([loss], whole, directions)
    got = sum(np.sum(g * v) for g, v in zip(gradients, directions.values(), strict=True))
    assert got == pytest.approx(float(want), rel=1e-8)


def test_a_loss_is_a_single_number(x):
    with pytest.raises(NotScalarError, match=r"<multiply: float64.3.> was asked for") as caught:
        bl.grad(x * 2.0, x)
    assert "bl.mean" in caught.value.instead
    assert caught.value.line[0] == __file__


def test_a_loss_is_a_float():
    count = bl.argmax(bl.input("x", shape=(3,)))
    with pytest.raises(DTypeError, match="has no gradient"):
        bl.grad(count, bl.input("y"))


def test_only_floats_have_gradients():
    labels = bl.input("labels", (), "int64")
    with pytest.raises(DTypeError, match="no gradient with respect to <input 'labels': int64"):
        bl.grad(bl.cast(labels, "float32"), labels)
    with pytest.raises(DTypeError, match="with respect to nodes; received 3"):
        bl.grad(bl.input("x"), [3])


def test_a_source_without_a_path_is_named():
    x, w = bl.input("x"), bl.parameter(1.0, "w")
    with pytest.raises(DisconnectedError, match="'loss' does not depend on 'w'") as caught:
        bl.grad((x * 2.0).named("loss"), [x, w])
    assert "this very node" in caught.value.instead
    assert caught.value.line[0] == __file__


def test_a_renamed_node_is_not_on_the_path():
    x = bl.input("x")
    y = x * 2.0
    with pytest.raises(DisconnectedError):
        bl.grad(bl.exp(y), y.named("y"))


@pytest.mark.parametrize("wrong", [np.ones(2), 1.0, bl.constant(np.ones(3), dtype="float32")])
def test_a_direction_has_the_shape_and_type_of_its_node(x, wrong):
    with pytest.raises(ShapeError, match="the tangent of <input 'x'"):
        bl.jvp(x * 2.0, x, wrong)
    with pytest.raises(ShapeError, match="the upstream gradient of <multiply"):
        bl.vjp(x * 2.0, x, wrong)


def test_each_node_needs_its_direction(x):
    with pytest.raises(ShapeError, match="2 nodes need 2 tangents; received 1"):
        bl.jvp(x * 2.0, [x, x], [np.ones(3)])


def test_whole_numbers_have_no_jacobian(x):
    with pytest.raises(DTypeError, match="has no Jacobian"):
        bl.jacobian(bl.argmax(x), x)


def test_a_dead_gradient_is_zero_and_says_which_op_is_to_blame(x):
    w = bl.parameter(1.0, "w", dtype="float64")
    loss = bl.sum(bl.cast(x * w > 0.0, "float64"))
    with pytest.warns(DeadGradientWarning, match="the gradient of 'w' is zero") as caught:
        gradient = bl.grad(loss, w)
    assert float(gradient.evaluate({x: VALUE})) == 0.0
    assert caught[0].filename == __file__


def test_a_dead_gradient_is_told_beside_a_living_one():
    x, w = bl.input("x"), bl.parameter(1.0, "w")
    loss = bl.where(x > 0.0, w, 2.0 * w)
    with pytest.warns(DeadGradientWarning, match="'x'"):
        bl.grad(loss, [x, w])


def test_a_living_gradient_gives_no_warning():
    x = bl.input("x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bl.grad(x + bl.floor(x), x)
        bl.grad(bl.where(x > 0.0, x, -x), x)


def test_directions_named_otherwise_than_the_sources_are_refused():
    a, b = bl.parameter(2.0, "a"), bl.parameter(3.0, "b")
    with pytest.raises(ShapeError, match="the tangents are named a, c, the nodes otherwise"):
        bl.jvp(a * b, {"a": a, "b": b}, {"a": 1.0, "c": 1.0})
    with pytest.raises(ShapeError, match="the nodes otherwise"):
        bl.jvp(a * b, [a, b], {"a": 1.0, "b": 1.0})
