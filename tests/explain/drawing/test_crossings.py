"""Orders: crossings are counted rightly, never become more, and are the fewest where all orders can be tried."""

import random
from itertools import combinations, pairwise, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.explain.drawing.crossings import Effort, Segment, count_crossings, minimise_crossings


@st.composite
def drawn(draw, most: int = 5, columns: int = 4, doors: bool = True):
    """Columns of vertices and segments between neighbouring ones, some of which meet a side of their vertex."""
    widths = draw(st.lists(st.integers(1, most), min_size=2, max_size=columns))
    order, first = [], 0
    for width in widths:
        order.append(list(range(first, first + width)))
        first += width
    places = st.sampled_from([-0.25, 0.0, 0.25] if doors else [0.0])
    segments = {}
    for left, right in pairwise(order):
        for source, target in product(left, right):
            if draw(st.integers(0, 2)) == 0:
                segments[Segment(source, target, draw(places), draw(places))] = None
    return order, list(segments)


def brute(columns, segments) -> int:
    place = {vertex: i for column in columns for i, vertex in enumerate(column)}
    column_of = {vertex: i for i, column in enumerate(columns) for vertex in column}
    total = 0
    for one, other in combinations(segments, 2):
        if column_of[one.source] == column_of[other.source]:
            left = place[one.source] + one.leaves - place[other.source] - other.leaves
            right = place[one.target] + one.arrives - place[other.target] - other.arrives
            total += left * right < 0
    return total


@given(drawn())
def test_crossings_are_counted(sheet):
    assert count_crossings(*sheet) == brute(*sheet)


@settings(deadline=None)
@given(drawn(most=7, columns=5), st.sampled_from([0, 100, 1000, 100_000]))
def test_crossings_never_become_more_and_no_vertex_is_lost(sheet, looks):
    columns, segments = sheet
    found = minimise_crossings(columns, segments, effort=Effort(looks))
    assert [sorted(column) for column in found] == columns
    assert brute(found, segments) <= brute(columns, segments)
    assert found == minimise_crossings(columns, segments, effort=Effort(looks))


@settings(deadline=None)
@given(drawn(most=5, columns=2))
def test_between_two_columns_no_order_has_fewer(sheet):
    columns, segments = sheet
    best = min(
        brute([left, right], segments) for left in permutations(columns[0]) for right in permutations(columns[1])
    )
    assert brute(minimise_crossings(columns, segments), segments) == best


@settings(deadline=None, max_examples=50)
@given(drawn(most=4, columns=3))
def test_over_three_short_columns_no_order_has_fewer(sheet):
    columns, segments = sheet
    best = min(brute(orders, segments) for orders in product(*(permutations(column) for column in columns)))
    assert brute(minimise_crossings(columns, segments), segments) == best


@settings(deadline=None)
@given(drawn(most=5, columns=4), st.sets(st.integers(0, 3)))
def test_a_fixed_column_keeps_its_order(sheet, fixed):
    columns, segments = sheet
    found = minimise_crossings(columns, segments, fixed)
    assert all(found[i] == columns[i] for i in fixed if i < len(columns))
    assert brute(found, segments) <= brute(columns, segments)


@pytest.mark.parametrize("seed", [4, 9, 14])
def test_no_vertex_of_a_dense_sheet_has_a_better_place_in_its_column(seed):
    chance = random.Random(seed)
    columns = [list(range(first, first + 8)) for first in (0, 8, 16)]
    pairs = [pair for left, right in pairwise(columns) for pair in product(left, right)]
    segments = [Segment(*pair) for pair in pairs if chance.random() < 0.4]
    found = minimise_crossings(columns, segments)
    fewest = count_crossings(found, segments)
    for i, column in enumerate(found):
        for vertex in column:
            others = [each for each in column if each != vertex]
            for place in range(len(column)):
                moved = [*others[:place], vertex, *others[place:]]
                assert count_crossings([*found[:i], moved, *found[i + 1 :]], segments) >= fewest


def test_all_orders_of_short_columns_are_compared():
    # Moving vertices one by one, from any of the orders that are tried, ends at three crossings.
    columns = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]
    edges = [(1, 6), (1, 7), (3, 4), (3, 5), (4, 8), (4, 9), (4, 10), (5, 8), (5, 10), (5, 11), (7, 11), (8, 13)]
    segments = [Segment(*edge) for edge in [*edges, (9, 13), (9, 15), (10, 12), (10, 14)]]
    assert count_crossings(minimise_crossings(columns, segments), segments) == 1


def test_an_order_without_crossings_is_kept():
    columns = [[0, 1, 2], [3, 4]]
    segments = [Segment(0, 3), Segment(1, 3), Segment(2, 4)]
    assert minimise_crossings(columns, segments) == columns


def test_the_side_of_a_vertex_counts():
    # Vertex 2 is a box: what comes from 0 arrives at its lower door, what comes from 1 at its upper one.
    segments = [Segment(0, 2, arrives=0.25), Segment(1, 2, arrives=-0.25)]
    assert count_crossings([[0, 1], [2]], segments) == 1
    assert minimise_crossings([[0, 1], [2]], segments) == [[1, 0], [2]]


def test_two_edges_that_share_an_end_do_not_cross():
    assert count_crossings([[0], [1, 2]], [Segment(0, 1), Segment(0, 2)]) == 0
    assert count_crossings([[0, 1], [2]], [Segment(0, 2), Segment(1, 2)]) == 0


def test_a_knot_of_three_times_three_has_the_crossings_it_must_have():
    segments = [Segment(i, j) for i in range(3) for j in range(3, 6)]
    assert count_crossings(minimise_crossings([[0, 1, 2], [3, 4, 5]], segments), segments) == 9


def dense(width: int, columns: int) -> tuple[list[list[int]], list[Segment]]:
    chance = random.Random(width)
    order = [list(range(first, first + width)) for first in range(0, width * columns, width)]
    pairs = [pair for left, right in pairwise(order) for pair in product(left, right)]
    return order, [Segment(*pair) for pair in pairs if chance.random() < 3 / width]


def test_a_search_costs_no_more_than_it_may():
    columns, segments = dense(60, 20)
    costs = []
    for looks in (0, 50_000, 200_000):
        effort = Effort(looks)
        minimise_crossings(columns, segments, effort=effort)
        costs.append(looks - effort.looks)
    there_and_back = 6 * len(segments) + 2 * sum(map(len, columns))
    assert costs[0] <= there_and_back
    assert 50_000 <= costs[1] <= 50_000 + there_and_back
    assert 200_000 <= costs[2] <= 200_000 + there_and_back


def test_more_effort_finds_no_more_crossings():
    columns, segments = dense(20, 8)
    found = [
        count_crossings(minimise_crossings(columns, segments, effort=Effort(looks)), segments)
        for looks in (0, 10_000, 1_000_000)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1]
