"""Transforms of batches, and the random numbers that belong to each."""

from functools import partial

import numpy as np
import pytest

from backlit.data import QuadraticFeatures
from backlit.data.transforms import apply_transforms, batch_generator, check_transform, transform_name
from backlit.errors import ArgumentError, DataError


def apply(transform, inputs):
    return apply_transforms(inputs, (transform,), batch_generator(0, 0, 0))


def test_each_batch_has_random_numbers_of_its_own():
    keys = [(seed, epoch, index) for seed in range(3) for epoch in range(3) for index in range(3)]
    draws = {batch_generator(*key).random() for key in keys}
    assert len(draws) == len(keys)
    assert batch_generator(1, 2, 3).random() == batch_generator(1, 2, 3).random()


def test_the_stream_stays_what_it_is():
    # A resumed run must see the same pictures, whatever version of NumPy it is resumed with.
    assert batch_generator(1, 2, 3).bit_generator.random_raw(2).tolist() == [13637179162896307606, 3186157565435691869]


def test_transforms_are_applied_in_order():
    transforms = (lambda inputs, rng: inputs + 1, lambda inputs, rng: inputs * 10)
    assert apply_transforms(np.ones((2, 1)), transforms, batch_generator(0, 0, 0)).tolist() == [[20.0], [20.0]]


def test_a_transform_may_change_the_shape_of_a_row():
    assert apply(QuadraticFeatures(), np.ones((3, 2))).shape == (3, 4)


@pytest.mark.parametrize(
    ("transform", "received"),
    [
        (lambda inputs, rng: inputs[:-1], r"an array of shape \(1, 1\) and dtype float64"),
        (lambda inputs, rng: inputs.astype(str), r"an array of shape \(2, 1\) and dtype <U"),
        (lambda inputs, rng: None, "an object of type NoneType"),
        (lambda inputs, rng: inputs.sum(), "an object of type float64"),
    ],
)
def test_a_transform_that_returns_no_batch_is_named(transform, received):
    with pytest.raises(DataError, match=f"the transform <lambda> was given 2 rows and returned {received}"):
        apply(transform, np.ones((2, 1)))


def test_a_transform_that_makes_nan_is_named():
    def logarithm(inputs, rng):
        with np.errstate(divide="ignore"):
            return np.log(inputs)

    with pytest.raises(DataError, match="the inputs after the transform logarithm hold -inf in row 1"):
        apply(logarithm, np.array([1.0, 0.0]))


def test_a_transform_without_a_name_is_called_what_it_prints():
    assert transform_name(QuadraticFeatures()) == "QuadraticFeatures()"
    assert "partial" in transform_name(partial(np.add, 1))


def test_what_cannot_be_called_is_refused():
    with pytest.raises(ArgumentError, match="the transform is 3"):
        check_transform(3)
