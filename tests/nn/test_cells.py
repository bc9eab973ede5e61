"""Cells in which values multiply each other: against plain NumPy, and their gradients (row D26)."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ShapeError

RNG = np.random.default_rng(0)


def σ(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def p(name: str, *shape: int) -> bl.Parameter:
    return bl.parameter(RNG.normal(size=shape), name=name, dtype="float64")


def test_the_lstm_cell_is_its_formula() -> None:
    x, h, c, w, u, b = p("x", 2, 3), p("h", 2, 4), p("c", 2, 4), p("w", 3, 16), p("u", 4, 16), p("b", 16)
    i, f, g, o = np.split(x.value @ w.value + h.value @ u.value + b.value, 4, axis=1)
    memory = σ(f) * c.value + σ(i) * np.tanh(g)
    new_hidden, new_memory = bl.nn.lstm_cell(x, h, c, w, u, b)
    np.testing.assert_allclose(new_memory.evaluate(), memory, rtol=1e-12)
    np.testing.assert_allclose(new_hidden.evaluate(), σ(o) * np.tanh(memory), rtol=1e-12)
    assert bl.check_gradients(new_hidden + new_memory).agrees
    assert new_memory.name == "lstm_cell.memory"


def test_the_gru_cell_is_its_formula() -> None:
    x, h, w, u, b = p("x", 2, 3), p("h", 2, 4), p("w", 3, 12), p("u", 4, 12), p("b", 12)
    total, back = x.value @ w.value + b.value, h.value @ u.value
    z, r = σ(total[:, :4] + back[:, :4]), σ(total[:, 4:8] + back[:, 4:8])
    new = np.tanh(total[:, 8:] + (r * h.value) @ u.value[:, 8:])
    node = bl.nn.gru_cell(x, h, w, u, b)
    np.testing.assert_allclose(node.evaluate(), z * h.value + (1 - z) * new, rtol=1e-12)
    assert bl.check_gradients(node).agrees


def test_attention_is_its_formula_and_looks_only_where_it_may() -> None:
    q, k, v = p("q", 2, 5, 4), p("k", 2, 6, 4), p("v", 2, 6, 3)
    scores = q.value @ k.value.transpose(0, 2, 1) / 2.0
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(bl.nn.attention(q, k, v).evaluate(), weights @ v.value, rtol=1e-12)
    assert bl.check_gradients(bl.nn.attention(q, k, v)).agrees
    mask = np.zeros((5, 6), dtype=bool)
    mask[:, 2] = True
    only = bl.nn.attention(q, k, v, mask=bl.constant(mask))
    np.testing.assert_allclose(only.evaluate(), np.repeat(v.value[:, 2:3], 5, axis=1), rtol=1e-12)


def test_weights_that_do_not_fit_are_refused_with_the_shapes_that_do() -> None:
    x, h = bl.input("x", shape=(2, 3)), bl.input("h", shape=(2, 4))
    with pytest.raises(ShapeError, match=r"do not make 4 gates of 4.*\n.*\(3, 16\) and \(4, 16\)"):
        bl.nn.lstm_cell(x, h, h, p("w", 3, 12), p("u", 4, 16), p("b", 16))
    with pytest.raises(ShapeError, match="3 gates"):
        bl.nn.gru_cell(x, h, p("w", 3, 12), p("u", 4, 16), p("b", 12))
