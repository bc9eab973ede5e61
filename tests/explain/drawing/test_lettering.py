"""The numbers of edges find room in their gaps, near the middle of their edges."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.explain.drawing.lettering import LINE, Slope, letter

heights = st.sampled_from([0.0, 4.0, 10.0, 30.0, 80.0])
slopes = st.builds(Slope, heights, heights, st.sampled_from([7.0, 30.0, 62.0]), st.booleans())


@settings(deadline=None)
@given(st.lists(slopes, max_size=12), st.floats(20.0, 100.0))
def test_numbers_stand_apart_and_inside_the_gap(given_slopes, least):
    width, middles = letter(given_slopes, least)
    assert width >= least
    boxes = [(x - s.width / 2, x + s.width / 2, y) for s, (x, y) in zip(given_slopes, middles, strict=True)]
    assert all(left >= 0 and right <= width - 11 for left, right, _ in boxes)
    for one, other in combinations(boxes, 2):
        assert abs(one[2] - other[2]) >= LINE or max(one[0] - other[1], other[0] - one[1]) > 0


@given(slopes, st.floats(0.0, 1.0))
def test_a_number_stands_on_its_edge(slope, t):
    across, height = slope.at(t)
    assert 0 <= across <= 1
    assert min(slope.start, slope.stop) - 1e-9 <= height <= max(slope.start, slope.stop) + 1e-9
    assert slope.at(0.0) == (0.0, slope.start)
    assert slope.at(1.0) == (1.0, slope.stop)
    width, ((x, y),) = letter([slope], 300.0)
    nearest = min((slope.at(i / 1000) for i in range(1001)), key=lambda point: abs(point[0] * width - x))
    assert y == pytest.approx(nearest[1], abs=0.5)


def test_a_number_with_room_stands_in_the_middle_and_the_gap_stays_as_it_is():
    assert letter([Slope(0.0, 30.0, 20.0)], 100.0) == (100.0, [(50.0, 15.0)])
    assert letter([], 34.0) == (34.0, [])
