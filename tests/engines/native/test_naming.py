"""Kernels and values bear the names that the user gave."""

import backlit as bl
from backlit.engines.native.naming import computed_in, node_names, scope_words
from backlit.engines.native.ordering import order
from backlit.engines.native.report import kernel_names


def names_of(outputs: list[bl.Node], updates: dict[bl.Parameter, bl.Node] | None = None) -> list[str]:
    return kernel_names(bl.compile(None, outputs, updates, engine="native").plan)


def test_a_kernel_bears_the_innermost_scope_of_what_it_computes() -> None:
    x, w = bl.input("x", (4, 3)), bl.input("w", (3, 2))
    with bl.scope("net"):
        with bl.scope("layer1"):
            z = bl.tanh(x @ w)
        y = z * 2.0
    assert names_of([z]) == ["net.layer1 · product + tanh"]
    assert names_of([y]) == ["net · product + tanh + multiply"]


def test_a_kernel_across_scopes_bears_them_all() -> None:
    x = bl.input("x", (4, 3))
    with bl.scope("layer1"):
        z = bl.exp(x)
    with bl.scope("layer2"):
        y = bl.tanh(z)
    assert names_of([y]) == ["layer1 + layer2 · exp + tanh"]


def test_a_name_that_the_user_gave_is_in_the_name_of_the_kernel() -> None:
    x = bl.input("x", (4, 3))
    assert names_of([bl.exp(x).named("power")]) == ["power · exp"]


def test_gradients_and_updates_are_named_as_what_they_belong_to() -> None:
    x, w = bl.input("x", (8, 4)), bl.parameter([[0.5], [0.1], [0.2], [0.3]], name="w")
    with bl.scope("layer1"):
        loss = bl.sum(bl.tanh(x @ w))
    names = names_of([loss], bl.optim.SGD(0.1).updates(loss, {"w": w}))
    assert any(name.startswith("backward.layer1 + update · product") for name in names), names


def test_backward_of_different_scopes_is_not_called_just_backward() -> None:
    x = bl.input("x")
    with bl.scope("backward"):
        with bl.scope("a"):
            y = bl.exp(x)
        with bl.scope("b"):
            z = bl.exp(y)
    assert scope_words([y, z]) == "backward.a + backward.b"


def test_what_a_kernel_computes_is_in_order_without_views() -> None:
    x = bl.input("x", (4, 3))
    ordered = order(bl.Graph(outputs=[bl.tanh(bl.exp(x).T) * 2.0]))
    (kernel,) = ordered.kernels
    assert [node.kind for node in computed_in(kernel, ordered.stored)] == ["exp", "tanh", "multiply"]


def test_every_node_has_a_name_of_its_own() -> None:
    x = bl.input("x", (4, 3))
    graph = bl.Graph(outputs=[bl.softmax(bl.softmax(x)), bl.exp(x) + bl.exp(-x)])
    names = {node: name for node, name in node_names(graph).items() if node.kind != "constant"}
    assert len(set(names.values())) == len(names)
