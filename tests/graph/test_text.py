"""The printed form of graphs and nodes."""

import numpy as np
import pytest

import backlit as bl
from backlit.graph.scope import Scope
from backlit.graph.text import INLINE, format_name, format_value, scope_labels


def test_the_graph_of_the_first_lecture_prints_as_one_reads_it() -> None:
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    f1, f2 = (x1 * θ1).named("f1"), (x2 * θ2).named("f2")
    f4 = ((f1 + f2).named("f3") + θ3).named("f4")
    assert str(bl.Graph([x1, x2], [f4])).splitlines() == [
        "graph(x1: float32[], x2: float32[])",
        "  θ1: float32[] = parameter(4.0)",
        "  f1: float32[] = multiply(x1, θ1)",
        "  θ2: float32[] = parameter(5.0)",
        "  f2: float32[] = multiply(x2, θ2)",
        "  f3: float32[] = add(f1, f2)",
        "  θ3: float32[] = parameter(1.0)",
        "  f4: float32[] = add(f3, θ3)",
        "  return f4",
    ]


def test_updates_state_scopes_and_attributes_are_printed() -> None:
    x = bl.input("x", shape=(2, 3))
    count = bl.parameter(0, name="count", trainable=False)
    with bl.scope("layer1"):
        y = bl.sum(x, axis=1)
    text = str(bl.Graph([x], [y], {count: count + 1}))
    assert "  %1: float32[2] = sum(x, axes=[1]) in layer1" in text.splitlines()
    assert "  count: int64[] = parameter(0, trainable=false)" in text.splitlines()
    assert text.splitlines()[-1] == "  update count <- %3"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.1), "0.1"),
        (np.array([np.nan, np.inf, -np.inf]), "[NaN, Infinity, -Infinity]"),
        (np.array([True, False]), "[true, false]"),
        (np.array([[1, 2]], dtype=np.uint8), "[[1, 2]]"),
        (np.zeros(INLINE + 1), "..."),
        (np.zeros((0, 3)), "..."),
    ],
)
def test_values_are_written_so_that_they_can_be_read_back(value: np.ndarray, text: str) -> None:
    assert format_value(np.asarray(value)) == text


@pytest.mark.parametrize(("name", "text"), [("0.weight", "0.weight"), ("my node", '"my node"'), ("a=b", '"a=b"')])
def test_names_are_quoted_only_where_they_must_be(name: str, text: str) -> None:
    assert format_name(name) == text


def test_calls_of_the_same_composite_are_numbered_and_named_scopes_are_not() -> None:
    outer = Scope("layer1")
    boxes = [outer, Scope("softmax", outer, 4), Scope("softmax", outer, 9), Scope("softmax", None, 11)]
    assert list(scope_labels(boxes).values()) == ["layer1", "layer1.softmax#1", "layer1.softmax#2", "softmax#1"]
