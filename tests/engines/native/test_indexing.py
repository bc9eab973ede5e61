"""Indices: affine arithmetic, and the map of every op that only moves elements, against NumPy's own moving."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.engines.native.indexing import (
    Affine,
    Variable,
    argument_indices,
    index_of,
    only_unit_axes,
    strides_of,
)

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
SMALL = st.integers(-5, 5)


def value(index, at):
    """What an affine expression comes to when its variables stand at numbers."""
    return index.offset + sum(factor * at[variable] for variable, factor in index.terms)


def moved(node, x, array):
    """The elements of a node, each fetched from its argument where its index says."""
    variables = [Variable(f"i{axis}", length) for axis, length in enumerate(node.shape)]
    (own,) = argument_indices(node, index_of(variables))
    result = np.empty(node.shape)
    for place in itertools.product(*map(range, node.shape)):
        at = dict(zip(variables, place, strict=True))
        result[place] = array[tuple(value(one, at) for one in own)]
    assert node.arguments == (x,)
    return result


def numbered(shape):
    return bl.input("x", shape=shape), np.arange(np.prod(shape), dtype=float).reshape(shape)


@given(SMALL, SMALL, SMALL, SMALL, SMALL, st.integers(0, 6), st.integers(0, 6))
def test_affine_expressions_are_added_scaled_and_shifted_as_numbers_are(a, b, c, scale, shift, i, j):
    x, y = Variable("i", 7), Variable("j", 7)
    at = {x: i, y: j}
    first = Affine(((x, 1),)).scaled(a) + Affine(((y, 1),)).scaled(b).shifted(c)
    assert value(first, at) == a * i + b * j + c
    assert value(first.scaled(scale).shifted(shift), at) == scale * (a * i + b * j + c) + shift
    assert (first.factor(x), first.factor(y)) == (a, b)


def test_terms_that_cancel_vanish():
    x = Variable("i", 7)
    one = Affine(((x, 2),), 3)
    assert one + one.scaled(-1) == Affine(())
    assert one.scaled(0).terms == ()
    assert repr(Affine(())) == "0"


@given(SHAPES, st.data())
def test_permuted_flipped_and_sliced_elements_come_from_where_numpy_takes_them(shape, data):
    x, array = numbered(shape)
    axes = data.draw(st.permutations(range(len(shape))))
    turned = data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
    starts = [data.draw(st.integers(0, length - 1)) for length in shape]
    steps = [data.draw(st.integers(1, 3)) for _ in shape]
    pairs = [
        (bl.permute_dims(x, axes), array.transpose(axes)),
        (bl.flip(x, axis=sorted(turned)), np.flip(array, sorted(turned))),
        (
            bl.slice(x, starts, shape, steps),
            array[tuple(slice(start, None, step) for start, step in zip(starts, steps, strict=True))],
        ),
    ]
    for node, want in pairs:
        if node is not x:  # where nothing moves, there is no node
            np.testing.assert_array_equal(moved(node, x, array), want)


@given(SHAPES, st.data())
def test_broadcast_elements_come_from_where_numpy_takes_them(shape, data):
    narrow = tuple(data.draw(st.sampled_from([1, length])) for length in shape)
    wide = (*data.draw(SHAPES), *shape)
    x, array = numbered(narrow)
    np.testing.assert_array_equal(moved(bl.broadcast_to(x, wide), x, array), np.broadcast_to(array, wide))


@given(SHAPES, st.data())
def test_axes_of_length_one_come_and_go(shape, data):
    after = [n for n in shape if n != 1]
    for _ in range(data.draw(st.integers(0, 3))):
        after.insert(data.draw(st.integers(0, len(after))), 1)
    assert only_unit_axes(shape, after)
    x, array = numbered(shape)
    node = bl.reshape(x, after)
    if node is not x:
        np.testing.assert_array_equal(moved(node, x, array), array.reshape(after))


def test_a_reshape_that_moves_longer_axes_is_told_apart():
    assert not only_unit_axes((2, 3), (3, 2))
    assert not only_unit_axes((2, 3), (1, 6))


@given(SHAPES)
def test_strides_are_those_of_a_contiguous_array(shape):
    assert strides_of(shape) == tuple(stride // 8 for stride in np.empty(shape).strides)
