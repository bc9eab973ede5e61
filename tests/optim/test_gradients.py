"""Where gradients come from: names, checks, dead nets, gradients of one's own, clipping."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import backlit as bl
from backlit.errors import (
    ArgumentError,
    DeadGradientWarning,
    DisconnectedError,
    DTypeError,
    NotScalarError,
    ShapeError,
    TrainingError,
)
from backlit.optim import SGD, Adam
from backlit.optim.gradients import clip_gradients, gradients_of, named_parameters


def test_names_are_those_of_the_mapping():
    w, b = bl.parameter(1.0, name="other"), bl.parameter(2.0)
    assert named_parameters({"0.weight": w, "0.bias": b}) == {"0.weight": w, "0.bias": b}


def test_without_a_mapping_names_are_found_and_numbered():
    named = [bl.parameter(1.0, name="w") for _ in range(3)]
    unnamed = bl.parameter(1.0)
    assert list(named_parameters([*named, unnamed])) == ["w", "w_2", "w_3", "3"]


def test_a_number_does_not_take_a_name_that_is_there():
    parameters = [bl.parameter(1.0, name=name) for name in ("w", "w_2", "w")]
    assert list(named_parameters(parameters)) == ["w", "w_2", "w_3"]


def test_a_parameter_under_two_names_is_kept_once():
    w = bl.parameter(1.0)
    assert named_parameters({"encoder": w, "decoder": w}) == {"encoder": w}
    assert named_parameters([w, w]) == {"0": w}


def test_any_iterable_will_do():
    w = bl.parameter(1.0, name="w")
    assert list(named_parameters({"x": w}.values())) == ["w"]
    assert list(named_parameters(iter([w]))) == ["w"]


@pytest.mark.parametrize("nothing", [{}, [], ()])
def test_nothing_to_train_is_refused(nothing):
    with pytest.raises(TrainingError, match="no parameter was given") as error:
        SGD(0.1).updates(bl.constant(1.0), nothing)
    assert "bl.parameter(value)" in error.value.instead


@pytest.mark.parametrize("wrong", [None, 3, "w", bl.parameter([1.0, 2.0], name="w"), object()])
def test_what_is_no_collection_of_parameters_is_refused(wrong):
    with pytest.raises(ArgumentError, match="was given for the parameters") as error:
        SGD(0.1).updates(bl.constant(1.0), wrong)
    assert "model.parameters()" in error.value.instead


@pytest.mark.parametrize("wrong", [3.0, np.zeros(3), bl.input("x"), bl.constant(1.0), None])
def test_what_is_no_parameter_is_refused(wrong):
    with pytest.raises(ArgumentError, match=r"^'w' is .*, not a parameter"):
        SGD(0.1).updates(bl.constant(1.0), {"w": wrong})


def test_a_name_is_text():
    with pytest.raises(ArgumentError, match="stands under the name 3"):
        named_parameters({3: bl.parameter(1.0)})


def test_a_parameter_that_is_not_trainable_is_refused():
    frozen = bl.parameter(1.0, name="mean", trainable=False)
    with pytest.raises(ArgumentError, match="the parameter 'mean' is not trainable"):
        SGD(0.1).updates(frozen * 2.0, [frozen])


@pytest.mark.parametrize("loss", [3.0, None, np.zeros(()), "loss"])
def test_a_loss_is_a_node(loss):
    with pytest.raises(ArgumentError, match="which is no node"):
        SGD(0.1).updates(loss, [bl.parameter(1.0)])


def test_a_loss_is_a_single_number():
    w = bl.parameter([1.0, 2.0], name="w")
    with pytest.raises(NotScalarError, match="not a single number") as error:
        SGD(0.1).updates(w * w, [w])
    assert "bl.mean" in error.value.instead


def test_a_loss_of_whole_numbers_is_refused():
    w = bl.parameter([1.0, 2.0], name="w")
    with pytest.raises(DTypeError, match="has no gradient"):
        SGD(0.1).updates(bl.sum(bl.cast(w, "int64")), [w])


def test_every_parameter_on_which_the_loss_does_not_depend_is_named():
    used, idle, spare = (bl.parameter(1.0) for _ in range(3))
    with pytest.raises(DisconnectedError, match=r"does not depend on '1\.bias', '2\.weight'") as error:
        Adam().updates(used * used, {"0.weight": used, "1.bias": idle, "2.weight": spare})
    assert error.value.line[0] == __file__


def perceptron():
    """One neuron whose g is a step: it fires or it does not."""
    w, b = bl.parameter([0.5, -0.3]), bl.parameter(0.1)
    x, y = bl.input("x", (4, 2)), bl.input("y", (4,))
    fires = ((x @ w + b) > 0.0).named("fires")
    return bl.mean(bl.square(bl.cast(fires, "float32") - y)).named("loss"), {"weight": w, "bias": b}


@pytest.mark.parametrize("policy", ["error", "ignore", "default"])
def test_a_perceptron_cannot_be_trained_by_gradients(policy):
    loss, parameters = perceptron()
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter(policy)
        with pytest.raises(TrainingError) as error:
            SGD(0.1).updates(loss, parameters)
    assert given == []
    message = error.value
    assert message.what.startswith("gradient descent cannot train 'weight', 'bias': the gradient of <")
    assert message.what.endswith("is 0 wherever it exists")
    assert "goes through 'fires' (greater), which is flat" in message.why
    assert "bl.sigmoid in place of the step" in message.instead
    assert "Rosenblatt" in message.instead
    assert message.line[0] == __file__


@pytest.mark.parametrize("flat", [bl.sign, bl.floor, bl.round])
def test_no_flat_function_lets_anything_learn(flat):
    w = bl.parameter(1.5, name="w")
    with pytest.raises(TrainingError, match="cannot train 'w'") as error:
        Adam().updates(bl.square(flat(w)), [w])
    assert f"goes through {flat.__name__}," in error.value.why


def test_the_same_neuron_without_a_step_or_with_a_sigmoid_learns():
    for activation in (bl.sigmoid, lambda z: z):
        w = bl.parameter([0.5, -0.3], name="w")
        loss = bl.mean(bl.square(activation(bl.constant([[1.0, 2.0]]) @ w) - 1.0))
        before = float(loss.evaluate())
        bl.compile(updates=SGD(0.1).updates(loss, [w]))()
        assert float(loss.evaluate()) < before


def test_where_only_some_are_dead_a_warning_names_them_and_the_others_learn():
    dead, alive = bl.parameter(1.5, name="dead"), bl.parameter(1.0, name="alive")
    loss = bl.square(bl.sign(dead) + alive)
    with pytest.warns(DeadGradientWarning, match="the gradient of 'dead' is zero") as caught:
        updates = SGD(0.25).updates(loss, [dead, alive])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    bl.compile(updates=updates)()
    assert (float(dead.value), float(alive.value)) == (1.5, 0.0)


def test_gradients_of_ones_own_are_taken_as_they_are():
    w = bl.parameter([1.0, 2.0], name="w")
    bl.compile(updates=SGD(0.5).updates({w: bl.constant([2.0, -2.0])}, [w]))()
    assert w.value.tolist() == [0.0, 3.0]


def test_gradients_that_do_not_fit_are_refused():
    w = bl.parameter([1.0, 2.0], name="w")
    with pytest.raises(ArgumentError, match="no gradient was given for 'w'") as error:
        SGD(0.1).updates({}, [w])
    assert "zip(parameters" in error.value.instead
    with pytest.raises(ArgumentError, match="no gradient was given for 'w'"):
        SGD(0.1).updates({"w": bl.constant([1.0, 2.0])}, {"w": w})
    with pytest.raises(ArgumentError, match=r"the gradient of 'w' is 3\.0"):
        SGD(0.1).updates({w: 3.0}, [w])
    with pytest.raises(ShapeError, match=r"of 'w', which is float32\[2\], is float32\[\]"):
        SGD(0.1).updates({w: bl.constant(1.0)}, [w])
    with pytest.raises(DTypeError, match=r"of 'w', which is float32\[2\], is float64\[2\]"):
        SGD(0.1).updates({w: bl.constant([1.0, 1.0], dtype="float64")}, [w])


def clipped(values, dtype="float64", **limits):
    gradients = {bl.parameter(value, dtype=dtype): bl.constant(value, dtype=dtype) for value in values}
    return [node.evaluate() for node in clip_gradients(gradients, **limits).values()]


finite = arrays(np.float64, 3, elements=st.floats(-1e6, 1e6, width=32))


@given(finite, finite, st.floats(1e-3, 1e6))
def test_the_norm_over_all_parameters_is_bounded_and_the_direction_stays(a, b, limit):
    flat = np.concatenate([a, b])
    received = np.concatenate(clipped([a, b], norm=limit))
    norm = np.sqrt(np.sum(flat**2))
    expected = flat * (limit / norm) if norm > limit else flat
    np.testing.assert_allclose(received, expected, rtol=1e-12, atol=0)


@given(finite, st.floats(1e-3, 1e6))
def test_each_element_is_bounded(a, limit):
    np.testing.assert_array_equal(clipped([a], value=limit)[0], np.clip(a, -limit, limit))


def test_elements_are_bounded_before_the_norm():
    (received,) = clipped([[30.0, 4.0]], value=3.0, norm=1.0)
    np.testing.assert_allclose(received, np.array([3.0, 3.0]) / np.sqrt(18), rtol=1e-12)


def test_without_limits_nothing_is_built():
    w = bl.parameter(1.0)
    gradient = bl.constant(1.0)
    assert clip_gradients({w: gradient})[w] is gradient


def test_gradients_of_zero_stay_zero():
    assert clipped([[0.0, 0.0]], norm=1.0)[0].tolist() == [0.0, 0.0]


def test_gradients_whose_squares_overflow_a_float32_are_scaled_down_not_wiped_out():
    (received,) = clipped([[3e30, -4e30]], dtype="float32", norm=1.0)
    assert received.dtype == np.float32
    np.testing.assert_allclose(received, [0.6, -0.8], rtol=1e-6)


def test_a_gradient_that_is_not_a_number_is_not_hidden():
    (received,) = clipped([[np.nan, 1.0]], norm=1.0)
    assert np.all(np.isnan(received))


def test_parameters_of_both_float_types_share_one_norm():
    single, double = bl.parameter([3.0], dtype="float32"), bl.parameter([4.0], dtype="float64")
    gradients = clip_gradients(
        {single: bl.constant([3.0], dtype="float32"), double: bl.constant([4.0], dtype="float64")}, norm=1.0
    )
    assert gradients[single].dtype == "float32"
    assert float(gradients[single].evaluate()[0]) == pytest.approx(0.6, rel=1e-6)
    assert float(gradients[double].evaluate()[0]) == pytest.approx(0.8, rel=1e-12)


def test_gradients_stand_in_the_backward_box():
    w = bl.parameter(2.0, name="w")
    assert gradients_of(bl.exp(w), {"w": w})[w].scope.path == "backward"
