"""Counting operations: what computes counts, what moves does not, what is shared counts once."""

import numpy as np

import backlit as bl
from backlit.explain.counting import operation_count


def test_one_operation_an_element_and_two_a_product():
    x, w = bl.input("x", shape=(32, 784)), bl.parameter(np.zeros((784, 300)), name="w")
    assert operation_count([x @ w]) == 2 * 32 * 784 * 300
    assert operation_count([bl.relu(x @ w) + 1.0]) == 2 * 32 * 784 * 300 + 2 * 32 * 300
    assert operation_count([bl.sum(x)]) == x.size


def test_moving_counts_nothing_and_sharing_once():
    x = bl.input("x", shape=(2, 3))
    assert operation_count([bl.reshape(x, (6,)), x.T, x[0]]) == 0
    y = bl.exp(x)
    assert operation_count([y * y, y + y]) == 3 * 6
    assert operation_count([y * y], given=[y]) == 6
    assert operation_count([x]) == 0
