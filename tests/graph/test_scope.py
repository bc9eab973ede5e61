"""Boxes: names and nesting."""

from contextlib import ExitStack

import pytest

import backlit as bl
from backlit.errors import ArgumentError
from backlit.graph.scope import Scope, call_scope, current_scope, enter_scope, scope
from backlit.graph.text import scope_labels


def test_a_node_remembers_the_box_it_was_built_in():
    x = bl.input("x")
    with scope("layer1"), scope("neuron"):
        z = x * 2.0
    assert z.scope.path == "layer1.neuron"
    assert (x * 2.0).scope is None


def test_a_box_opened_twice_by_name_is_the_same_box():
    with scope("a") as one:
        pass
    with scope("a") as two:
        pass
    with scope("b"), scope("a") as elsewhere:
        pass
    assert one == two
    assert hash(one) == hash(two)
    assert elsewhere != one


def test_every_call_of_a_composite_is_a_box_of_its_own():
    x = bl.input("x", shape=(3,))
    one, two = bl.softmax(x), bl.softmax(x)
    assert one.scope.path == two.scope.path == "softmax"
    assert one.scope != two.scope


def test_composites_nest_in_the_users_boxes():
    x = bl.input("x", shape=(3,))
    with scope("head"):
        y = bl.std(x)
    paths = {box.path for box in bl.Graph(outputs=[y]).scopes()}
    assert paths == {"head", "head.std", "head.std.var", "head.std.var.mean"}


def test_lineage_and_depth():
    box = Scope("c", Scope("b", Scope("a")))
    assert [s.name for s in box.lineage] == ["a", "b", "c"]
    assert box.depth == 3


def test_a_box_is_closed_after_an_error():
    with pytest.raises(RuntimeError), scope("a"):
        raise RuntimeError
    assert current_scope() is None


def test_a_box_can_be_entered_again_or_left_for_a_while():
    with call_scope("f") as box:
        with enter_scope(None):
            assert current_scope() is None
        assert current_scope() is box


@pytest.mark.parametrize("wrong", ["", "a.b", " a", "a ", 3, None])
def test_a_name_without_dots_is_asked_for(wrong):
    with pytest.raises(ArgumentError, match="a scope needs a name"):
        scope(wrong)


def test_calls_are_numbered_as_they_were_made_and_read_back_so():
    """An unrolled recurrent net begins with the last step's product of its input; its steps count from the first."""
    x, w, u = bl.input("x", shape=(4,)), bl.parameter(0.5, name="w"), bl.parameter(0.3, name="u")
    h = bl.constant(0.0)
    for t in range(4):
        with call_scope("cell"):
            h = bl.tanh(x[t] * w + h * u).named(f"h{t + 1}")
    graph = bl.Graph(outputs=[h])
    labels = scope_labels(graph.scopes())
    assert labels[graph.operations[0].scope] == "cell#4", "the order of execution begins at the end"
    assert [labels[graph[f"cell.h{t}"].scope] for t in (1, 2, 3, 4)] == ["cell#1", "cell#2", "cell#3", "cell#4"]
    assert str(bl.parse_graph(str(graph))) == str(graph)


def test_boxes_nest_as_deep_as_they_like():
    with ExitStack() as stack:
        for i in range(3000):
            stack.enter_context(scope(f"s{i}"))
        y = bl.sin(bl.input("x"))
    assert len(bl.Graph(outputs=[y]).scopes()) == 3000
    assert str(bl.parse_graph(str(bl.Graph(outputs=[y])))) == str(bl.Graph(outputs=[y]))
