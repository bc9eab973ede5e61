"""Binding the values of an epoch; single values are bound in test_engine."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines.binding import bind_epoch, count_error, looks_into
from backlit.errors import BindingError


@pytest.fixture
def inputs():
    return [bl.input("x", shape=(2,)), bl.input("label", dtype="int64")]


def test_what_fits_is_not_copied(inputs):
    x, labels = np.zeros((5, 2), "float32"), np.arange(5)
    bound = bind_epoch(inputs, [x, labels])
    assert bound[0] is x
    assert bound[1] is labels


def test_other_kinds_of_numbers_are_converted_as_for_one_step(inputs):
    x, labels = bind_epoch(inputs, [[[1, 2], [3, 4]], np.array([1, 2], ">i4")])
    assert x.dtype == np.float32
    assert labels.dtype == np.int64
    assert labels.tolist() == [1, 2]
    with pytest.raises(BindingError, match="do not fit into int64"):
        bind_epoch(inputs, [np.zeros((2, 2)), [0.5, 1.0]])


@pytest.mark.parametrize("value", [np.zeros(2), np.zeros((5, 3)), np.zeros((5, 2, 1)), 1.0])
def test_a_value_without_an_axis_of_steps_is_refused(inputs, value):
    with pytest.raises(BindingError) as caught:
        bind_epoch(inputs, [value, np.arange(5)])
    assert f"shape {list(np.shape(value))} for an epoch" in str(caught.value)
    assert "give it shape [steps, 2]" in str(caught.value)


def test_rows_of_unequal_length_are_refused(inputs):
    with pytest.raises(BindingError, match="rows of unequal length"):
        bind_epoch(inputs, [[[1.0], [1.0, 2.0]], [1, 2]])


def test_different_numbers_of_steps_are_refused(inputs):
    with pytest.raises(BindingError, match="different numbers of steps: 5 for x, 4 for label"):
        bind_epoch(inputs, [np.zeros((5, 2)), np.arange(4)])


def test_an_epoch_has_at_least_one_step(inputs):
    with pytest.raises(BindingError, match="have no steps"):
        bind_epoch(inputs, [np.zeros((0, 2)), np.arange(0)])


def test_an_epoch_needs_something_to_count_its_steps():
    with pytest.raises(BindingError, match="nothing says how many steps"):
        bind_epoch([], [])


def test_too_few_values_are_refused_with_the_call_to_write(inputs):
    with pytest.raises(BindingError, match=r"call it as program.epoch\(x, label\)"):
        bind_epoch(inputs, [np.zeros((5, 2))])
    assert "call it as program(x, label)" in str(count_error(inputs, 1))


def test_a_view_of_a_view_looks_into_its_owner():
    whole = np.zeros((4, 4))
    assert looks_into(whole[1:][:, 2], {id(whole)})
    assert not looks_into(whole[1:].copy(), {id(whole)})
