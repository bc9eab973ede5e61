"""What the backward pass needs of the forward pass (row D13)."""

import numpy as np

import backlit as bl
from backlit.autodiff import stored_values


def names(loss: bl.Node, sources: list[bl.Node]) -> list[str | None]:
    return [row.node.name for row in stored_values([loss], bl.grad(loss, sources))]


def test_only_what_the_way_back_reads_is_stored() -> None:
    x, w, b = bl.input("x", shape=(4, 3)), bl.parameter(np.ones((3, 2)), name="w"), bl.parameter([0.0, 0.0], name="b")
    z = (x @ w + b).named("z")
    y = bl.tanh(z).named("y")
    loss = bl.sum(y)
    assert names(loss, [w, b]) == ["x", "y"], "tanh needs its output, the product its input, the sum nothing"
    assert names(loss, [b]) == ["y"]
    assert names(loss, [w, b, x]) == ["x", "w", "y"]


def test_a_linear_function_stores_nothing_but_its_other_factor() -> None:
    x, w = bl.input("x"), bl.parameter(2.0, name="w")
    assert names(x * w + 1.0, [x]) == ["w"]


def test_the_report_counts_bytes_and_names_the_readers() -> None:
    x = bl.input("x", shape=(10,))
    loss = bl.sum(bl.exp(x).named("powers"))
    (row,) = stored_values([loss], [bl.grad(loss, x)])
    assert row.bytes == 40
    assert [reader.kind for reader in row.readers] == ["multiply"]
    assert str(row) == "powers: float32[10], 40 bytes, read by multiply"
