"""Heights: the least tension there is, by order and distances."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.explain.drawing.springs import Strand, Thing, draw_taut, relax, settle

heights = st.floats(-100, 100)


@st.composite
def points(draw):
    count = draw(st.integers(1, 8))
    wanted = draw(st.lists(heights, min_size=count, max_size=count))
    weights = draw(st.lists(st.floats(0.1, 10), min_size=count, max_size=count))
    gaps = draw(st.lists(st.floats(0, 20), min_size=count - 1, max_size=count - 1))
    return wanted, weights, gaps


@given(points())
def test_settled_points_keep_their_distances(given_points):
    wanted, weights, gaps = given_points
    found = settle(wanted, weights, gaps)
    assert all(b - a >= gap - 1e-9 for a, b, gap in zip(found, found[1:], gaps, strict=False))


@given(points())
def test_settled_points_are_the_best_there_are(given_points):
    """No force remains but where points touch, and there it pushes them together: the conditions of an optimum."""
    wanted, weights, gaps = given_points
    found = settle(wanted, weights, gaps)
    pull = [2 * w * (y - d) for y, d, w in zip(found, wanted, weights, strict=True)]
    pressure = 0.0
    for i, force in enumerate(pull):
        pressure += force
        is_last = i == len(pull) - 1
        touches = not is_last and found[i + 1] - found[i] <= gaps[i] + 1e-9
        if is_last or not touches:
            assert pressure == pytest.approx(0.0, abs=1e-7)
            pressure = 0.0
        else:
            assert pressure <= 1e-7


def test_points_with_room_stay_where_they_want_to_be():
    assert settle([0.0, 10.0, 30.0], [1.0, 5.0, 1.0], [10.0, 5.0]) == [0.0, 10.0, 30.0]
    assert settle([], [], []) == []


def tension(columns) -> float:
    return sum(
        stiffness * (thing.y - other.y - drop) ** 2
        for column in columns
        for thing in column
        for other, drop, stiffness in thing.springs
    )


@st.composite
def meshes(draw):
    columns = [
        [
            Thing(i, j, above=draw(st.floats(0, 20)), below=draw(st.floats(0, 20)))
            for j in range(draw(st.integers(1, 4)))
        ]
        for i in range(draw(st.integers(2, 4)))
    ]
    for left, right in pairwise(columns):
        for target in right:
            source = draw(st.sampled_from(left))
            source.join(target, draw(st.floats(-10, 10)), draw(st.sampled_from([1.0, 2.0, 8.0])))
    return columns


@settings(deadline=None)
@given(meshes())
def test_relaxing_keeps_distances_and_ends_near_the_least_tension(columns):
    relax(columns, 5.0)
    for column in columns:
        for upper, lower in pairwise(column):
            assert lower.y - upper.y >= upper.below + lower.above + 5.0 - 1e-9
    least = tension(columns)
    generator = np.random.default_rng(0)
    for _ in range(20):  # no small move of a column that keeps the distances makes it much better
        column = columns[generator.integers(len(columns))]
        before = [thing.y for thing in column]
        shift = generator.normal()
        for thing in column:
            thing.y += shift
        assert tension(columns) > least - 0.5 * (1 + abs(shift))
        for thing, y in zip(column, before, strict=True):
            thing.y = y


def test_a_row_of_springs_is_level():
    row = [Thing(i, 0, y=float(i)) for i in range(6)]
    for here, there in pairwise(row):
        here.join(there, 0.0, 1.0)
    relax([[thing] for thing in row], 10.0)
    assert len({round(thing.y, 6) for thing in row}) == 1


def test_a_spring_is_at_rest_at_its_drop():
    here, there = Thing(0, 0), Thing(1, 0)
    here.join(there, 7.0, 1.0)
    relax([[here], [there]], 1.0)
    assert there.y - here.y == pytest.approx(7.0, abs=0.1)


def test_a_strand_that_cannot_keep_its_height_takes_that_of_its_end():
    source, target = Thing(0, 0, y=0.0), Thing(4, 0, y=50.0)
    bends = [Thing(i, 0, y=y) for i, y in ((1, 10.0), (2, 20.0))] + [Thing(3, 1, y=30.0)]
    wall = Thing(3, 0, y=5.0, below=10.0)
    columns = [[source], [bends[0]], [bends[1]], [wall, bends[2]], [target]]
    draw_taut([Strand(bends, (source, 0.0), (target, 0.0))], columns, 3.0)
    assert [bend.y for bend in bends] == [50.0, 50.0, 50.0]
    target.y = 12.0
    for bend in bends:
        bend.y = 30.0
    draw_taut([Strand(bends, (source, 0.0), (target, 0.0))], columns, 3.0)
    assert [bend.y for bend in bends] == [18.0, 18.0, 18.0], "neither, so as near to its start as the wall allows"


def test_a_strand_bends_where_no_height_serves_all_of_it():
    source, target = Thing(0, 0, y=0.0), Thing(3, 0, y=0.0)
    low, high = Thing(1, 1, y=30.0), Thing(2, 0, y=-30.0)
    columns = [[source], [Thing(1, 0, y=20.0), low], [high, Thing(2, 1, y=-20.0)], [target]]
    draw_taut([Strand([low, high], (source, 0.0), (target, 0.0))], columns, 3.0)
    assert [low.y, high.y] == [23.0, -23.0]


def test_a_strand_in_a_narrow_place_comes_as_near_as_it_can():
    source, target = Thing(0, 0, y=0.0), Thing(2, 0, y=100.0)
    above, bend, below = Thing(1, 0, y=10.0), Thing(1, 1, y=40.0), Thing(1, 2, y=70.0)
    draw_taut([Strand([bend], (source, 0.0), (target, 0.0))], [[source], [above, bend, below], [target]], 3.0)
    assert bend.y == 13.0


def test_a_port_moves_to_where_its_edge_goes():
    port, target = Thing(0, 0, y=4.0), Thing(1, 0, y=9.0)
    draw_taut([Strand([port], None, (target, 2.0))], [[port], [target]], 3.0)
    assert port.y == 11.0


@given(st.lists(heights, min_size=1, max_size=5), st.lists(heights, min_size=1, max_size=5))
def test_drawing_taut_keeps_the_distances(uppers, starts):
    """Whatever the heights were before, if they kept their distances."""
    columns = []
    for i, y in enumerate(uppers):
        columns.append([Thing(i, 0, y=y), Thing(i, 1, y=y + 12.0), Thing(i, 2, y=y + 40.0)])
    ends = [Thing(len(uppers), 0, y=start) for start in starts[:1]]
    strand = Strand([column[1] for column in columns], (ends[0], 0.0), (ends[0], 5.0))
    draw_taut([strand], [*columns, ends], 12.0)
    for column in columns:
        for upper, lower in pairwise(column):
            assert lower.y - upper.y >= 12.0 - 1e-9
