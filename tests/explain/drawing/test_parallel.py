"""Rows and branches: the order in which they are laid has no crossing, in whatever columns they stand."""

from hypothesis import given
from hypothesis import strategies as st

from backlit.explain.drawing.crossings import Segment, count_crossings
from backlit.explain.drawing.layering import Link, longest_paths
from backlit.explain.drawing.parallel import series_parallel_order
from harness.diagrams import branching, trees


def laid(edges, shuffle) -> tuple[list[list[int]], list[Segment]]:
    """Columns in the order that is found, from vertices and edges in any order, with a bend wherever an edge passes."""
    count = max((max(edge) for edge in edges), default=0) + 1
    column = longest_paths(count, [Link(*edge) for edge in edges])
    pieces = []
    for source, target in edges:
        path = [source]
        for place in range(column[source] + 1, column[target]):
            path.append(len(column))
            column.append(place)
        pieces += list(zip([*path], [*path[1:], target], strict=True))
    vertices = list(range(len(column)))
    shuffle.shuffle(vertices)
    shuffle.shuffle(pieces)
    rank = series_parallel_order(vertices, pieces)
    assert sorted(rank) == sorted(vertices)
    assert sorted(rank.values()) == list(range(len(vertices)))
    columns = [
        sorted((v for v in vertices if column[v] == place), key=rank.__getitem__) for place in range(max(column) + 1)
    ]
    return columns, [Segment(*piece) for piece in dict.fromkeys(pieces)]


@given(branching(25), st.randoms(use_true_random=False))
def test_branches_do_not_cross(edges, shuffle):
    assert count_crossings(*laid(edges, shuffle)) == 0


@given(trees(25), st.randoms(use_true_random=False))
def test_trees_that_run_together_do_not_cross(edges, shuffle):
    assert count_crossings(*laid(edges, shuffle)) == 0


@given(trees(25), st.randoms(use_true_random=False))
def test_trees_that_run_apart_do_not_cross(edges, shuffle):
    turned = [(target, source) for source, target in edges]
    assert count_crossings(*laid(turned, shuffle)) == 0


def test_branches_stay_in_the_order_they_come_in():
    edges = [(0, i) for i in (1, 2, 3)] + [(i, 4) for i in (1, 2, 3)]
    rank = series_parallel_order(range(5), edges)
    assert sorted([1, 2, 3], key=rank.__getitem__) == [1, 2, 3]


def test_what_is_neither_row_nor_branch_is_walked_through():
    bridge = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    assert sorted(series_parallel_order(range(4), bridge)) == [0, 1, 2, 3]
    assert series_parallel_order([], []) == {}
