"""Walking: it computes what lies between a node and memory, each once, and stops where something is stored."""

import pytest

import backlit as bl
from backlit.engines.native.indexing import Variable, index_of
from backlit.engines.native.walking import Access, access, base_of, follow, is_number, walk


def at(node):
    """The node's index made of fresh variables."""
    return index_of([Variable(f"i{axis}", length) for axis, length in enumerate(node.shape)])


def ops(found):
    return [node.op.name for node, _ in found.steps]


def test_it_stops_at_stored_nodes():
    x = bl.input("x", shape=(5, 3))
    inner = bl.exp(x)
    outer = bl.tanh(inner) + 1.0
    index = at(outer)
    assert ops(walk([(outer, index)], set())) == ["exp", "tanh", "add"]
    found = walk([(outer, index)], {inner})
    assert ops(found) == ["tanh", "add"]
    assert found.accesses == [Access(inner, index, (5, 3))]


def test_what_is_being_made_is_computed_although_it_is_stored():
    x = bl.input("x", shape=(5,))
    y = bl.exp(x)
    index = at(y)
    assert ops(walk([(y, index)], {y})) == []
    assert ops(walk([(y, index)], {y}, making={y})) == ["exp"]


def test_what_is_in_registers_is_a_result_and_no_read():
    x = bl.input("x", shape=(5, 3))
    top = bl.max(x, axis=1, keepdims=True)
    y = x - top
    (reduced,) = [node for node in bl.Graph(outputs=[y]).operations if node.op.name == "max"]
    found = walk([(y, at(y))], {reduced}, computed={reduced})
    assert [node for node, _ in found.results] == [reduced]
    assert [one.node for one in found.accesses] == [x]


def test_a_shared_argument_is_computed_once_and_the_same_element_read_once():
    x = bl.input("x", shape=(4,))
    y = bl.exp(x)
    found = walk([(z := (y * y) + y, at(z))], set())
    assert ops(found) == ["exp", "multiply", "add"]
    assert [one.node for one in found.accesses] == [x]


def test_different_elements_of_one_node_are_computed_apart():
    x = bl.input("x", shape=(4,))
    y = bl.exp(x)
    found = walk([(z := y + bl.flip(y), at(z))], set())
    assert ops(found).count("exp") == 2
    assert len(found.accesses) == 2


def test_numbers_are_neither_read_nor_computed():
    x = bl.input("x", shape=(4,))
    y = x * 3.0
    found = walk([(y, at(y))], set())
    assert [one.node for one in found.accesses] == [x]
    assert is_number(bl.constant(2.0))
    assert not is_number(bl.constant([2.0, 3.0]))
    assert not is_number(x)


def test_it_reads_through_reshapes_in_their_shape():
    x = bl.input("x", shape=(6, 4))
    y = bl.reshape(bl.reshape(x, (24,)), (3, 8))
    index = at(y)
    (read,) = walk([(z := bl.exp(y), index)], set()).accesses
    assert z.shape == read.shape == (3, 8)
    assert read.node is x
    assert base_of(y) is x
    first, second = (one.terms[0][0] for one in index)
    assert (read.linear().factor(first), read.linear().factor(second)) == (8, 1)


def test_views_are_followed_to_memory():
    x = bl.input("x", shape=(6, 4))
    y = bl.permute_dims(x[1:5:2], (1, 0))
    assert access(y, at(y), set()) is None
    read = follow(y, index := at(y), set())
    column, row = (one.terms[0][0] for one in index)
    assert read.node is x
    assert (read.linear().factor(row), read.linear().factor(column), read.linear().offset) == (8, 1, 4)


@pytest.mark.parametrize("make", [lambda y: y + 1.0, bl.flip], ids=["sums", "views"])
def test_a_chain_of_five_thousand_nodes_takes_no_recursion(make):
    y = bl.input("x", shape=(3,))
    for _ in range(5000):
        y = make(y)
    assert len(walk([(y, at(y))], set()).steps) == 5000
