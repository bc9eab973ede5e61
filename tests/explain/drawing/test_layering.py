"""Columns: every edge goes to the right, and no other columns make all edges together shorter."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.explain.drawing.layering import Link, assign_layers, longest_paths


@st.composite
def linked(draw, most: int = 5) -> tuple[int, list[Link]]:
    count = draw(st.integers(1, most))
    links = []
    for i, j in product(range(count), repeat=2):
        if i < j and draw(st.booleans()):
            links.append(Link(i, j, draw(st.sampled_from([0, 1, 1, 2]))))
    return count, links


def length(layers, links) -> int:
    return sum(link.weight * (layers[link.target] - layers[link.source]) for link in links)


def is_sound(layers, links) -> bool:
    return all(layers[link.target] > layers[link.source] for link in links)


@given(linked(12))
def test_every_edge_goes_to_the_right(graph):
    count, links = graph
    layers = assign_layers(count, links)
    assert len(layers) == count
    assert min(layers) == 0
    assert is_sound(layers, links)


@settings(deadline=None)
@given(linked())
def test_no_other_columns_are_shorter(graph):
    count, links = graph
    best = min(length(layers, links) for layers in product(range(count), repeat=count) if is_sound(layers, links))
    assert length(assign_layers(count, links), links) == best


@given(linked(12))
def test_the_longest_path_is_as_far_left_as_can_be(graph):
    count, links = graph
    layers = longest_paths(count, links)
    before = {i: [layers[link.source] for link in links if link.target == i] for i in range(count)}
    assert layers == [max(before[i], default=-1) + 1 for i in range(count)]


def test_a_leaf_stands_directly_before_the_first_that_reads_it():
    chain = [Link(i, i + 1) for i in range(9)]
    leaf = 10
    layers = assign_layers(11, [*chain, Link(leaf, 6), Link(leaf, 9)])
    assert layers[leaf] == layers[6] - 1


def test_a_whole_branch_moves_to_where_it_is_needed():
    # 0 → 1 → … → 5, and a branch 6 → 7 → 5 with two leaves of its own: it moves to the right with its leaves.
    links = [Link(i, i + 1) for i in range(5)] + [Link(6, 7), Link(7, 5), Link(8, 6), Link(9, 7)]
    assert assign_layers(10, links) == [0, 1, 2, 3, 4, 5, 3, 4, 2, 3]


def test_separate_graphs_are_laid_side_by_side():
    assert assign_layers(4, [Link(0, 1), Link(2, 3)]) == [0, 1, 0, 1]
    assert assign_layers(0, []) == []


@pytest.mark.parametrize("count", [300])
def test_a_long_chain_needs_no_recursion(count):
    assert assign_layers(count, [Link(i, i + 1) for i in range(count - 1)]) == list(range(count))


@given(linked(12))
def test_the_same_graph_has_the_same_columns(graph):
    assert assign_layers(*graph) == assign_layers(*graph)
