"""The arena: places are used again, grow together, and never overlap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.engines.native.memory import Arena, array_bytes, leaf_slots
from backlit.engines.native.places import FIRST_SLOT


def test_a_place_given_back_is_used_again():
    arena = Arena()
    first = arena.take(128)
    arena.take(64)
    arena.give(first, 128)
    assert arena.take(64) == first
    assert arena.take(64) == first + 64
    assert arena.size == 192


def test_the_smallest_free_place_that_fits_is_taken():
    arena = Arena()
    large, _, small, _ = (arena.take(size) for size in (512, 64, 128, 64))
    arena.give(large, 512)
    arena.give(small, 128)
    assert arena.take(128) == small
    assert arena.take(128) == large


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0)])
def test_free_neighbours_become_one_place(order):
    arena = Arena()
    starts = [arena.take(64) for _ in range(3)]
    end = arena.take(64)
    for number in order:
        arena.give(starts[number], 64)
    assert arena.take(192) == starts[0]
    assert arena.size == end + 64


def test_places_that_do_not_touch_stay_apart():
    arena = Arena()
    starts = [arena.take(64) for _ in range(3)]
    arena.give(starts[0], 64)
    arena.give(starts[2], 64)
    assert arena.take(128) == 192


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 12), st.integers(0, 1000)), max_size=60))
def test_what_is_held_never_overlaps_and_everything_comes_back(moves):
    arena, held = Arena(), []
    for give, lines, which in moves:
        if give and held:
            arena.give(*held.pop(which % len(held)))
            continue
        size = 64 * lines
        start = arena.take(size)
        assert start % 64 == 0
        assert start + size <= arena.size
        assert all(start + size <= other or other + length <= start for other, length in held)
        held.append((start, size))
    for place in held:
        arena.give(*place)
    if arena.size:
        assert arena.take(arena.size) == 0


@pytest.mark.parametrize(
    ("shape", "dtype", "rank", "expected"),
    [
        ((), "float32", 0, 64),
        ((16,), "float32", 0, 64),
        ((17,), "float32", 0, 128),
        ((9,), "float64", 0, 128),
        ((64,), "bool", 0, 64),
        ((65,), "bool", 0, 128),
        ((100, 16), "float32", 1, 64),
        ((0, 4), "float32", 0, 64),
    ],
)
def test_an_array_takes_whole_cache_lines(shape, dtype, rank, expected):
    assert array_bytes(bl.input("x", shape, dtype=dtype), rank) == expected


def test_every_leaf_has_one_entry_of_the_context():
    x, y, w, c = bl.input("x"), bl.input("y"), bl.parameter(1.0, "w"), bl.constant(2.0)
    slots = leaf_slots([x, y], [w, w], [c])
    assert [*slots] == [x, y, w, c]
    assert [place.position for place in slots.values()] == [FIRST_SLOT + number for number in range(4)]
    assert {place.room for place in slots.values()} == {"slot"}
