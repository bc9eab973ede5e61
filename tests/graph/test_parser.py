"""Reading printed graphs: what is read is what was printed, and nothing is executed."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import BacklitError, CycleError, ParseError


def training_graph() -> bl.Graph:
    x, labels = bl.input("x", shape=(4, 3)), bl.input("labels", shape=(4,), dtype="int64")
    rng = bl.Generator(5)
    weight = bl.parameter(np.linspace(-1, 1, 6).reshape(3, 2), name="0.weight")
    large = bl.parameter(np.ones((5, 5)), name="large")
    with bl.scope("layer1"):
        z = (x @ weight).named("z")
        hidden = bl.where(bl.bernoulli(0.5, z.shape, rng=rng), bl.relu(z), 0.0)
    scores = bl.log_softmax(hidden) + bl.log_softmax(2.0 * hidden)
    loss = (-bl.mean(scores * bl.one_hot(labels, 2)) + bl.sum(large)).named("my loss")
    updates = {weight: weight - 0.1 * bl.grad(loss, weight), **rng.updates()}
    return bl.Graph([x, labels], [loss, hidden], updates)


def test_a_graph_parses_back_to_the_same_graph() -> None:
    graph = training_graph()
    again = bl.parse_graph(str(graph), graph.values)
    assert str(again) == str(graph)
    assert [node.spec for node in again.nodes] == [node.spec for node in graph.nodes]
    assert again.parameters == graph.parameters, "parameters that were passed along are the very same"
    assert [box.path for box in again.scopes()] == [box.path for box in graph.scopes()]


def test_a_graph_that_was_read_computes_the_same_bits_and_updates() -> None:
    graph = training_graph()
    again = bl.parse_graph(str(graph), {label: np.array(node.value) for label, node in _parameters(graph)})
    x, labels = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32), np.array([0, 1, 1, 0])
    first = bl.compile(graph.inputs, graph.outputs, graph.updates)(x, labels)
    second = bl.compile(again.inputs, again.outputs, again.updates)(x, labels)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(graph.parameters, again.parameters, strict=True):
        np.testing.assert_array_equal(one.value, other.value)


def _parameters(graph: bl.Graph) -> list[tuple[str, bl.Parameter]]:
    return [(label, node) for label, node in graph.values.items() if isinstance(node, bl.Parameter)]


def test_definitions_may_stand_in_any_order() -> None:
    graph = bl.parse_graph("graph(x: float32[])\n return b\n b: float32[] = exp(a)\n a: float32[] = negative(x)")
    assert float(graph["b"].evaluate({"x": 0.0})) == 1.0


def test_a_long_chain_is_read_without_recursion() -> None:
    lines = [f"n{i}: float32[] = sin({'x' if i == 0 else f'n{i - 1}'})" for i in range(3000)]
    graph = bl.parse_graph("\n".join(["graph(x: float32[])", *reversed(lines), "return n2999"]))
    assert len(graph.operations) == 3000


def test_a_cycle_is_named() -> None:
    with pytest.raises(CycleError, match="b → a → b"):
        bl.parse_graph("graph(x: float32[])\n a: float32[] = exp(b)\n b: float32[] = exp(a)\n return a")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("a: float32[] = exq(x)", "did you mean 'exp'"),
        ("a: float32[2] = exp(x)", "this is float32[], not float32[2]"),
        ("a float32[] = exp(x)", "this is no definition"),
        ("a: float32[] = exp(y)", "'y' is not defined"),
        ("a: float32[] = exp(x,x)", "a comma was expected"),
        ("a: float32[] = exp(x, x)", "takes 1 argument"),
        ("a: float32[] = sum(x, axes=__import__('os'))", "axes has no readable value"),
        ("a: float7[] = exp(x)", "no data type 'float7'"),
        ("a: float32[] = parameter(...)", "too long to stand in the text"),
        ("a: float32[] = parameter(hello)", "cannot be read"),
        ("a: int64[] = parameter(1)", "cannot be int64"),
        ("a: float32[] = exp(x)\n a: float32[] = exp(x)", "defined twice"),
        ("x: float32[] = exp(x)", "defined twice"),
        ("a: float32[] = exp(x)\n update a <- x", "is no parameter"),
        ("a: float32[] = exp(x)\n update a = x", "this is no update"),
        ("a: float32[] = exp(x) in b c", "this is no scope"),
    ],
)
def test_a_mistake_is_shown_with_its_line_and_place(body: str, says: str) -> None:
    with pytest.raises(BacklitError) as caught:
        bl.parse_graph(f"graph(x: float32[])\n {body}\n return a")
    assert says in str(caught.value)
    if isinstance(caught.value, ParseError):
        assert "line " in str(caught.value)
        assert "^" in str(caught.value)


@pytest.mark.parametrize("text", ["", "hello", "graph(x)", "graph(x: float32[], x: float32[])\n return x"])
def test_a_text_that_is_no_graph_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        bl.parse_graph(text)
