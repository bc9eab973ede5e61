"""Rows: followed from the inputs op by op, against what becomes of a batch when one example changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.explain.rows import batch_of, nodes_with_rows
from backlit.graph import find_op, topological_order
from harness.differences import values_at


@pytest.mark.parametrize(
    ("shapes", "batch"),
    [
        ([(32, 784), (32,)], 32),
        ([(32, 784), ()], 32),
        ([(32, 784), (1, 100)], 32),
        ([(1, 784), (1,)], 1),
        ([(32, 784), (10,)], 0),
        ([()], 0),
        ([], 0),
        ([(0, 3)], 0),
    ],
)
def test_the_batch_is_the_common_length_of_the_inputs(shapes, batch):
    assert batch_of([bl.input(f"x{i}", shape=shape) for i, shape in enumerate(shapes)]) == batch


BATCH = 4
x, square, labels = bl.input("x", (BATCH, 3)), bl.input("s", (BATCH, BATCH)), bl.input("y", (BATCH,), "int64")
table, bias = bl.parameter(np.ones((BATCH, 5)), name="table"), bl.parameter(np.ones(BATCH), name="bias")
W, deep = bl.parameter(np.ones((3, BATCH)), name="W"), bl.input("d", (BATCH, 2, 3))


@pytest.mark.parametrize(
    "node",
    [
        bl.exp(x),
        x * 2.0 + x,
        bl.where(x > 0.0, x, 0.0),
        x @ W,
        deep @ W,
        bl.parameter(np.ones((2, 3)), name="p") @ bl.permute_dims(deep, (0, 2, 1)),
        bl.sum(x, axis=1),
        bl.max(deep, axis=(1, 2)),
        bl.argmax(x, axis=1),
        bl.cumulative_sum(x, axis=1),
        bl.flip(x, axis=1),
        bl.reshape(deep, (BATCH, 6)),
        bl.permute_dims(deep, (0, 2, 1)),
        bl.broadcast_to(bl.reshape(x, (BATCH, 1, 3)), (BATCH, 2, 3)),
        bl.concat([x, bl.parameter(np.ones((BATCH, 2)), name="q")], axis=1),
        x[:, :2],
        bl.pad(x, [(0, 0), (1, 1)]),
        bl.take(table, labels),
        bl.take(x, bl.constant([0, 2]), axis=1),
        bl.one_hot(labels, 3),
        bl.softmax(x),
        square + bias,
    ],
    ids=lambda node: node.kind,
)
def test_what_has_rows_is_found(node):
    assert node in nodes_with_rows(topological_order([node]), BATCH)


@pytest.mark.parametrize(
    "node",
    [
        bias,
        bl.exp(bias),
        W,
        bl.sum(square, axis=0),
        bl.max(square, axis=0),
        bl.argmax(square, axis=0),
        bl.cumulative_sum(square, axis=0),
        bl.flip(square, axis=0),
        square.T,
        bl.matrix_transpose(x) @ x,
        table @ bl.parameter(np.ones((5, 2)), name="r"),
        bl.matrix_transpose(square) @ square,
        bl.take(square, bl.constant([3, 2, 1, 0])),
        bl.concat([x[:2], x[2:]]),
        bl.concat([x, x])[:BATCH],
        x[::-1],
        x[:2],
        bl.pad(x[1:], [(1, 0), (0, 0)]),
        bl.broadcast_to(labels, (BATCH, BATCH)),
        bl.parameter(np.ones((BATCH, 3)), name="row") @ bl.matrix_transpose(x),
        bl.scatter_add(square, bl.constant([0, 1, 2, 3]), size=BATCH),
        bias + bl.constant(np.ones((3, BATCH))),
        bl.sum(x),
    ],
    ids=lambda node: node.kind,
)
def test_what_has_no_rows_is_left_alone(node):
    """Each has the length of the batch somewhere, and what stands there are no examples."""
    assert node not in nodes_with_rows(topological_order([node]), BATCH)


def test_the_state_of_a_generator_is_no_batch():
    state = bl.input("state", shape=(3,), dtype="uint32")
    bits = find_op("random_bits")(state, shape=(3,), stream=0, bits=8)
    assert nodes_with_rows([state, bits], 3) == {state}


@given(st.integers(0, 2**32 - 1))
def test_a_row_depends_on_its_own_example_alone(seed):
    """In a net, the first rows do not change with the other examples: what was found to have rows has them."""
    rng = np.random.default_rng(seed)
    batch = int(rng.integers(2, 5))
    width = int(rng.choice([batch, 3]))
    with bl.precision("float64"):
        a = bl.input("a", shape=(batch, 3))
        model = bl.nn.Sequential(
            *(
                bl.nn.Linear(3, width, rng=rng),
                bl.nn.Tanh(),
                bl.nn.LayerNorm(width),
                bl.nn.Linear(width, batch, rng=rng),
            ),
            bl.nn.Softmax(),
        )
        order = topological_order([bl.sum(bl.log(model(a)))])
    found = nodes_with_rows(order, batch)
    one = rng.normal(size=(batch, 3))
    other = np.concatenate([one[:1], rng.normal(size=(batch - 1, 3))])
    rows = [node for node in order if node in found]
    assert rows[0] is a
    for node, first, second in zip(rows, values_at(rows, {a: one}), values_at(rows, {a: other}), strict=True):
        np.testing.assert_allclose(first[0], second[0], rtol=1e-12, err_msg=node.kind)
    assert [node.kind for node in rows].count("matmul") == 2
    assert rows[-1].kind == "log"
