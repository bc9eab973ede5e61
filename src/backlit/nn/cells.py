"""Multiplicative networks: cells in which values multiply each other instead of only being weighted.

A gate is a value between 0 and 1 that another value is multiplied with; attention weighs values by how well a query
fits their keys. Each is a function over ops in a scope of its own, differentiated like everything else.
"""

import math

from backlit.errors import ShapeError
from backlit.graph.node import Node
from backlit.graph.ops import matmul, matrix_transpose, sigmoid, softmax, tanh, where
from backlit.graph.scope import call_scope

__all__ = ["attention", "gru_cell", "lstm_cell"]


def _check_gates(x: Node, h: Node, input_weight: Node, hidden_weight: Node, gates: int) -> None:
    inputs, width = x.shape[-1], h.shape[-1]
    wanted = (inputs, gates * width), (width, gates * width)
    if (input_weight.shape, hidden_weight.shape) != wanted:
        raise ShapeError(
            f"weights of shapes {input_weight.shape} and {hidden_weight.shape} do not make {gates} gates of {width}",
            instead=f"give them shapes {wanted[0]} and {wanted[1]}",
        )


def _split(total: Node, count: int) -> list[Node]:
    """Cut weighted sums that stand side by side apart."""
    width = total.shape[-1] // count
    return [total[..., i * width : (i + 1) * width] for i in range(count)]


def lstm_cell(x: Node, h: Node, c: Node, input_weight: Node, hidden_weight: Node, bias: Node) -> tuple[Node, Node]:
    """Take one step of a long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate by Gers, 2000).

    i, f, o = σ(...), g = tanh(...), each of x W + h U + b; then c' = f·c + i·g and h' = o·tanh(c').

    Args:
        x: The input, shape (batch, inputs).
        h: The hidden state, shape (batch, width).
        c: The memory, shape (batch, width).
        input_weight: W of the gates i, f, g, o side by side, shape (inputs, 4·width).
        hidden_weight: U of the gates, shape (width, 4·width).
        bias: b of the gates, shape (4·width,).

    Returns:
        The new hidden state and the new memory.

    Raises:
        ShapeError: If the weights do not fit.

    Example:
        >>> import backlit as bl
        >>> x, h, c = bl.input("x", shape=(1, 3)), bl.input("h", shape=(1, 2)), bl.input("c", shape=(1, 2))
        >>> w, u, b = bl.input("w", shape=(3, 8)), bl.input("u", shape=(2, 8)), bl.input("b", shape=(8,))
        >>> [node.shape for node in lstm_cell(x, h, c, w, u, b)]
        [(1, 2), (1, 2)]
    """
    with call_scope("lstm_cell"):
        _check_gates(x, h, input_weight, hidden_weight, 4)
        i, f, g, o = _split(matmul(x, input_weight) + matmul(h, hidden_weight) + bias, 4)
        memory = (sigmoid(f) * c + sigmoid(i) * tanh(g)).named("memory")
        return (sigmoid(o) * tanh(memory)).named("hidden"), memory


def gru_cell(x: Node, h: Node, input_weight: Node, hidden_weight: Node, bias: Node) -> Node:
    """Take one step of a gated recurrent unit (Cho et al., 2014).

    z, r = σ(x W + h U + b), n = tanh(x Wₙ + (r·h) Uₙ + bₙ); then h' = z·h + (1 - z)·n.

    Args:
        x: The input, shape (batch, inputs).
        h: The hidden state, shape (batch, width).
        input_weight: W of z, r, n side by side, shape (inputs, 3·width).
        hidden_weight: U of z, r, n, shape (width, 3·width).
        bias: b of z, r, n, shape (3·width,).

    Returns:
        The new hidden state.

    Raises:
        ShapeError: If the weights do not fit.

    Example:
        >>> import backlit as bl
        >>> x, h = bl.input("x", shape=(1, 3)), bl.input("h", shape=(1, 2))
        >>> w, u, b = bl.input("w", shape=(3, 6)), bl.input("u", shape=(2, 6)), bl.input("b", shape=(6,))
        >>> gru_cell(x, h, w, u, b).shape
        (1, 2)
    """
    width = h.shape[-1]
    with call_scope("gru_cell"):
        _check_gates(x, h, input_weight, hidden_weight, 3)
        both, last = slice(0, 2 * width), slice(2 * width, 3 * width)
        gates = matmul(x, input_weight[:, both]) + matmul(h, hidden_weight[:, both]) + bias[both]
        z, r = (sigmoid(gate) for gate in _split(gates, 2))
        new = tanh(matmul(x, input_weight[:, last]) + matmul(r * h, hidden_weight[:, last]) + bias[last])
        return (z * h + (1.0 - z) * new).named("hidden")


def attention(query: Node, key: Node, value: Node, *, mask: Node | None = None) -> Node:
    """Weigh values by how well each query fits their keys: softmax(Q Kᵀ / √d) V (Vaswani et al., 2017).

    Args:
        query: Q, shape (..., queries, d).
        key: K, shape (..., keys, d).
        value: V, shape (..., keys, width).
        mask: Booleans that broadcast to (..., queries, keys), true where a query may look.

    Returns:
        A node of shape (..., queries, width).

    Raises:
        ShapeError: If the shapes do not fit.

    Example:
        >>> import backlit as bl
        >>> q, k, v = (bl.input(name, shape=(5, 4)) for name in "qkv")
        >>> attention(q, k, v).shape
        (5, 4)
    """
    with call_scope("attention"):
        scores = matmul(query, matrix_transpose(key)) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = where(mask, scores, -math.inf)
        weights = softmax(scores).named("weights")
        return matmul(weights, value)
