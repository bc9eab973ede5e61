"""Storage: what others must see as a whole lies in memory, and nothing else does."""

import pytest

import backlit as bl
from backlit.engines.native.storage import choose_stored, instruction_cost


def stored(outputs, updates=None, kept=()):
    return choose_stored(bl.Graph(None, outputs, updates), kept)


X = bl.input("x", shape=(6, 5))


def test_a_chain_of_elementwise_ops_stores_its_end_alone():
    y = bl.exp(bl.tanh(X) * 2.0) + 1.0
    assert stored([y]) == {y}


def test_what_is_kept_on_request_is_stored():
    inner = bl.tanh(X)
    y = inner * 2.0
    assert stored([y], kept=[inner]) == {inner, y}


def test_new_values_of_parameters_are_stored():
    w = bl.parameter([1.0, 2.0])
    new = w * 0.5
    assert stored([], {w: new}) == {new}


def test_operands_of_a_product_are_stored_below_their_views():
    activated = bl.relu(X)
    product = bl.permute_dims(activated, (1, 0)) @ X
    y = product + 1.0
    assert stored([y]) == {activated, product, y}


@pytest.mark.parametrize("reduce", [bl.sum, bl.max, lambda x: bl.argmax(x, axis=1), bl.cumulative_sum])
def test_results_of_loops_of_their_own_are_stored_and_their_arguments_are_not(reduce):
    inner = bl.tanh(X)
    nodes = stored([reduce(inner) * 2])
    assert inner not in nodes
    assert len(nodes) == 2


def test_a_table_that_is_looked_up_is_stored_and_its_indices_are_not():
    table, which = bl.exp(X), bl.input("which", shape=(3,), dtype="int64")
    y = bl.take(table, which + 1) * 2.0
    assert stored([y]) == {table, y}


def test_what_is_reshaped_is_stored_unless_only_axes_of_length_one_come_and_go():
    inner = bl.exp(X)
    assert inner in stored([bl.reshape(inner, (30,)) * 2.0])
    assert inner not in stored([bl.reshape(inner, (6, 1, 5)) * 2.0])


def test_what_several_need_is_stored_where_it_is_dear_and_computed_twice_where_it_is_cheap():
    def users(inner):
        return [bl.sum(inner, axis=0), bl.sum(inner * inner, axis=1)]

    dear, cheap = bl.tanh(X), X + 1.0
    assert instruction_cost(dear) > instruction_cost(cheap) > instruction_cost(X) == 0
    assert dear in stored(users(dear))
    assert cheap not in stored(users(cheap))


def test_many_cheap_steps_together_are_dear():
    inner = X
    for _ in range(20):
        inner = inner * X
    nodes = stored([bl.sum(inner, axis=0), bl.sum(inner * inner, axis=1)])
    assert any(node.shape == X.shape for node in nodes)
