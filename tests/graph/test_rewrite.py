"""Rewriting keeps every bit and removes what computes nothing."""

import numpy as np
import pytest

import backlit as bl
from backlit.engines import interpret
from backlit.graph.rewrite import RULES, rewrite, share, simplify, substitute


def count(*outputs: bl.Node) -> int:
    return len(simplify(bl.Graph(outputs=outputs)).operations)


def test_every_rule_is_exact_on_special_values_and_fires() -> None:
    x = bl.input("x", shape=(2, 3))
    examples = {
        "multiply by one": x * 1.0,
        "divide by one": x / 1.0,
        "subtract zero": x - 0.0,
        "first power": x**1.0,
        "negate twice": bl.negative(bl.negative(x)),
        "reshape twice": bl.reshape(bl.reshape(x, (6,)), (3, 2)),
        "broadcast twice": bl.broadcast_to(bl.broadcast_to(x, (4, 2, 3)), (5, 4, 2, 3)),
        "permute twice": bl.permute_dims(bl.permute_dims(x, (1, 0)), (1, 0)),
    }
    assert set(examples) == {rule.name for rule in RULES}
    value = np.array([[0.0, -0.0, np.inf], [-np.inf, np.nan, 1.5]], dtype=np.float32)
    for name, node in examples.items():
        graph, applied = rewrite(bl.Graph([x], [node]))
        assert applied == {name: 1}
        (before,), (after,) = interpret((node,), {x: value}), interpret(graph.outputs, {x: value})
        assert before.tobytes() == after.tobytes(), name


@pytest.mark.parametrize("number", [0.0, 1.0, -1.0])
def test_what_would_change_a_bit_is_left_alone(number: float) -> None:
    x = bl.input("x")
    assert count(x + 0.0) == 1, "-0 + 0 is 0"
    assert count(0.0 * x) == 1, "0 · ∞ is not a number"
    assert count(x * number) == (0 if number == 1.0 else 1)


def test_a_neutral_element_that_stretches_the_value_stays() -> None:
    x = bl.input("x")
    assert count(x * bl.constant(np.ones(3))) == 1


def test_named_nodes_are_never_rewritten_away() -> None:
    x = bl.input("x")
    graph = simplify(bl.Graph(outputs=[(x * 1.0).named("same") + 1.0]))
    assert graph["same"].kind == "multiply"


def test_equal_things_are_computed_once_and_different_ones_are_not() -> None:
    x = bl.input("x", shape=(2, 2))
    y = bl.exp(x) + bl.exp(x) + bl.sum(x, axis=0) + bl.sum(x, axis=1) + 2.0 + 2.0
    graph = share(bl.Graph(outputs=[y]))
    assert [node.kind for node in graph.operations].count("exp") == 1
    assert [node.kind for node in graph.operations].count("sum") == 2
    assert sum(node.kind == "constant" for node in graph.nodes) == 1


def test_parameters_of_equal_value_are_not_shared() -> None:
    a, b = bl.parameter(1.0), bl.parameter(1.0)
    assert len(share(bl.Graph(outputs=[bl.exp(a) + bl.exp(b)])).operations) == 3


def test_updates_survive_rewriting() -> None:
    w = bl.parameter(3.0)
    graph = share(simplify(bl.Graph(outputs=[w * 1.0], updates={w: (w * 1.0) - 0.0})))
    assert graph.updates == {w: w}
    assert graph.outputs == (w,)


def test_substituting_infers_shapes_again_and_keeps_names_and_scopes() -> None:
    x = bl.input("x", shape=(3,))
    with bl.scope("layer"):
        y = (x * 2.0).named("y")
    wide = bl.input("wide", shape=(5, 3))
    (z,) = substitute([y], {x: wide})
    assert (z.shape, z.name, z.scope) == ((5, 3), "layer.y", y.scope)
    assert substitute([y], {}) == [y], "what does not change is the same node"
