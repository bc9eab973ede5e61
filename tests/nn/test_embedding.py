"""The table of vectors."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DTypeError, IndexRangeError


def test_it_equals_a_linear_layer_on_one_hot_rows():
    table = bl.nn.Embedding(5, 3, rng=0)
    numbers = np.array([[4, 0], [2, 2]])
    assert np.array_equal(table.predict(numbers), np.eye(5, dtype=np.float32)[numbers] @ table.weight.value)


def test_rows_that_are_looked_up_twice_get_both_gradients():
    table = bl.nn.Embedding(3, 2)
    gradient = bl.grad(bl.sum(table(bl.constant([1, 1, 2]))), table.weight).evaluate()
    assert gradient.tolist() == [[0.0, 0.0], [2.0, 2.0], [1.0, 1.0]]


def test_numbers_without_a_row():
    for number in (-1, 3):
        with pytest.raises(IndexRangeError, match=str(number)):
            bl.nn.Embedding(3, 2).predict([number])


def test_floats_are_no_numbers_of_rows():
    with pytest.raises(DTypeError, match=r"takes integers from 0 to 2; received(.|\n)*int64"):
        bl.nn.Embedding(3, 2).predict([1.0])


def test_sizes_are_checked():
    with pytest.raises(ArgumentError, match=r"Embedding\(count=\.\.\.\)"):
        bl.nn.Embedding(0, 2)
    with pytest.raises(ArgumentError, match=r"Embedding\(outputs=\.\.\.\)"):
        bl.nn.Embedding(2, 0)
