"""Products of matrices and what is made of them, as NumPy computes them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import DTypeError, ShapeError

LENGTHS = {"a": 2, "b": 3, "c": 4, "d": 1}


def constant(array):
    return bl.constant(array, dtype="float64")


@st.composite
def formulas(draw):
    terms = draw(st.lists(st.permutations("abcd"), min_size=1, max_size=3))
    terms = ["".join(term[: draw(st.integers(0, 3))]) for term in terms]
    letters = sorted(set("".join(terms)))
    result = draw(st.permutations(letters))[: draw(st.integers(0, len(letters)))]
    arrow = draw(st.booleans())
    return ",".join(terms) + ("->" + "".join(result) if arrow else "")


@given(formula=formulas())
def test_einsum_is_numpys(formula):
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=[LENGTHS[c] for c in term]) for term in formula.split("->")[0].split(",")]
    got = bl.einsum(formula, *map(constant, operands)).evaluate()
    np.testing.assert_allclose(got, np.einsum(formula, *operands), rtol=1e-12, atol=1e-12)


@given(formula=formulas())
def test_the_gradient_of_einsum_agrees_with_forward_mode(formula):
    rng = np.random.default_rng(1)
    shapes = [[LENGTHS[c] for c in term] for term in formula.split("->")[0].split(",")]
    nodes = [bl.input(f"x{i}", shape=s, dtype="float64") for i, s in enumerate(shapes)]
    values = {node: rng.normal(size=node.shape) for node in nodes}
    directions = [rng.normal(size=node.shape) for node in nodes]
    total = bl.sum(bl.einsum(formula, *nodes))
    gradients = bl.compile(nodes, bl.grad(total, nodes))(*values.values())
    tangent = bl.jvp(total, nodes, [constant(v) for v in directions]).evaluate(values)
    assert sum(np.sum(g * v) for g, v in zip(gradients, directions, strict=True)) == pytest.approx(
        float(tangent), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("ij", "names 1 operands; received 2"),
        ("ii,jk->i", "once each"),
        ("ijk,jk->i", "does not name the 2 axes"),
        ("ij,jk->il", "must name axes"),
        ("ij,jk->ii", "must name axes"),
        ("ij,ik", "has lengths"),
        ("i...,jk", "takes letters"),
        (3, "takes letters"),
    ],
)
def test_formulas_that_do_not_fit_are_refused(formula, says):
    x, y = bl.input("x", shape=(2, 3)), bl.input("y", shape=(3, 4))
    with pytest.raises(ShapeError, match=says):
        bl.einsum(formula, x, y)


@given(
    left=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    right=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    data=st.data(),
)
def test_tensordot_is_numpys(left, right, data):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=left), rng.normal(size=right)
    pairs = [(i, j) for i, j in itertools.product(range(len(left)), range(len(right))) if left[i] == right[j]]
    chosen = data.draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else []
    ours, theirs = list(dict(chosen)), list(dict(chosen).values())
    if len(set(theirs)) != len(theirs):
        ours, theirs = ours[:1], theirs[:1]
    got = bl.tensordot(constant(x), constant(y), axes=(ours, theirs)).evaluate()
    np.testing.assert_allclose(got, np.tensordot(x, y, axes=(ours, theirs)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("axes", [0, 1, 2])
def test_tensordot_over_the_last_and_first_axes(axes):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 3, 3)), rng.normal(size=(3, 3, 4))
    got = bl.tensordot(constant(x), constant(y), axes=axes).evaluate()
    np.testing.assert_allclose(got, np.tensordot(x, y, axes=axes), rtol=1e-12)


def test_tensordot_names_the_axes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"axes \[1\] of <input 'x'.*do not fit axes \[0\] of <input 'y'"):
        bl.tensordot(bl.input("x", shape=(2, 3)), bl.input("y", shape=(2, 3)), axes=1)


MATRICES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2,), (2, 3)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)),
    ((5, 1, 2, 3), (4, 3, 2)),
]


@pytest.mark.parametrize(("left", "right"), MATRICES)
def test_vectors_and_stacks_multiply_as_in_numpy(left, right):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=left), rng.normal(size=right)
    got = bl.matmul(constant(x), constant(y)).evaluate()
    np.testing.assert_allclose(got, x @ y, rtol=1e-12)
    assert np.shape(got) == (x @ y).shape


def test_a_single_number_has_no_matrix_product():
    with pytest.raises(ShapeError, match="no matrix product") as caught:
        bl.matmul(bl.input("x"), bl.input("y", shape=(2,)))
    assert caught.value.instead == "write x * y"


def test_a_product_that_does_not_fit_names_the_features():
    with pytest.raises(ShapeError) as caught:
        bl.input("x", shape=(32, 784)) @ bl.input("w", shape=(300, 784))
    assert "[32, 784] and [300, 784] have no product" in caught.value.what
    assert "784" in caught.value.why
    assert ".T" in caught.value.instead


def test_booleans_have_no_product():
    with pytest.raises(DTypeError, match="no product"):
        bl.matmul([[True]], [[True]])


def test_vecdot_and_outer():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 3)), rng.normal(size=(3,))
    np.testing.assert_allclose(bl.vecdot(constant(x), constant(y)).evaluate(), x @ y)
    np.testing.assert_allclose(bl.vecdot(constant(x), constant(x), axis=0).evaluate(), np.sum(x * x, axis=0))
    np.testing.assert_allclose(bl.outer(constant(y), constant(y)).evaluate(), np.outer(y, y))
    with pytest.raises(ShapeError, match="needs two vectors"):
        bl.outer(constant(x), constant(y))
