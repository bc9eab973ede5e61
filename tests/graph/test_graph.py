"""Graphs: order, checks, names."""

import pytest

import backlit as bl
from backlit.errors import BindingError, CycleError, DTypeError, GraphError, ShapeError, UnknownNameError
from backlit.graph import topological_order


def example():
    x1, x2 = bl.input("x1"), bl.input("x2")
    a, b, c = (bl.parameter(v, n) for v, n in [(4.0, "θ1"), (5.0, "θ2"), (1.0, "θ3")])
    f1, f2 = (x1 * a).named("f1"), (x2 * b).named("f2")
    f3 = (f1 + f2).named("f3")
    return x1, x2, (f3 + c).named("f4")


def test_the_order_is_that_of_computing_by_hand():
    _, _, f4 = example()
    graph = bl.Graph(outputs=[f4])
    assert [node.name for node in graph.operations] == ["f1", "f2", "f3", "f4"]
    assert [node.name for node in graph.inputs] == ["x1", "x2"]
    assert [node.name for node in graph.parameters] == ["θ1", "θ2", "θ3"]


def test_a_diamond_is_no_cycle_and_a_shared_node_stands_once():
    a = bl.input("a")
    b = a + a
    c = b + b
    assert topological_order([c]) == [a, b, c]


def test_the_roots_may_overlap():
    x = bl.input("x")
    y = bl.exp(x)
    assert topological_order([y, x, y, y + x])[:2] == [x, y]


def bend_back(node, to):
    """Make a cycle, which nothing that is offered can make."""
    object.__setattr__(node, "arguments", (to,))


def test_what_given_values_were_made_of_is_left_out_unless_others_need_it():
    x = bl.input("x")
    y = bl.exp(x)
    z = y + bl.sin(y)
    assert topological_order([z], {y}) == [y, z.arguments[1], z]
    assert topological_order([z + x], {y})[:2] == [y, z.arguments[1]]
    assert x in topological_order([z + x], {y})
    assert topological_order([z], {z}) == [z]


def test_a_cycle_is_an_error_that_names_it():
    x = bl.input("x")
    a = bl.exp(x).named("a")
    b = bl.sin(a).named("b")
    c = bl.cos(b).named("c")
    bend_back(a, c)
    with pytest.raises(CycleError, match=r"a → b → c → a|b → c → a → b|c → a → b → c"):
        bl.Graph(outputs=[c])


def test_a_node_that_depends_on_itself_is_a_cycle():
    a = bl.exp(bl.input("x")).named("a")
    bend_back(a, a)
    with pytest.raises(CycleError, match="a → a"):
        bl.Graph(outputs=[a])


def test_a_cycle_is_named_in_full_also_where_one_of_its_nodes_is_wanted_elsewhere():
    x = bl.exp(bl.input("x")).named("x1")
    a = bl.sin(x).named("a")
    root = a + x
    bend_back(x, a)
    with pytest.raises(CycleError, match=r"a → x1 → a|x1 → a → x1"):
        bl.Graph(outputs=[root])


def test_an_input_that_is_not_listed_is_named():
    x, y = bl.input("x"), bl.input("y")
    with pytest.raises(BindingError, match="depend on the input <input 'y'") as caught:
        bl.Graph([x], [x + y])
    assert "inputs=[...]" in caught.value.instead


def test_inputs_are_inputs_and_stand_once():
    x = bl.input("x")
    with pytest.raises(GraphError, match="is listed as an input, but is none"):
        bl.Graph([x, bl.parameter(1.0)], [x])
    with pytest.raises(GraphError, match="listed twice"):
        bl.Graph([x, x], [x])


def test_an_input_that_nobody_needs_may_be_listed():
    x, y = bl.input("x"), bl.input("y")
    assert bl.Graph([y, x], [x]).inputs == (y, x)


def test_an_output_is_a_node():
    with pytest.raises(GraphError, match=r"an output is a node; received 1\.0"):
        bl.Graph(outputs=[1.0])


def test_updates_fit_their_parameters():
    w = bl.parameter([1.0, 2.0], "w")
    with pytest.raises(ShapeError, match=r"<parameter 'w': float32.2.> cannot take the value"):
        bl.Graph(updates={w: bl.sum(w)})
    with pytest.raises(DTypeError, match="cannot take the value"):
        bl.Graph(updates={w: bl.cast(w, "float64")})
    with pytest.raises(GraphError, match="cannot be updated"):
        bl.Graph(updates={bl.input("x"): bl.constant(1.0)})


def test_parameters_that_are_only_written_come_last():
    a, b = bl.parameter(1.0, "a"), bl.parameter(1.0, "b")
    assert bl.Graph(updates={b: a * 2.0}).parameters == (a, b)


def test_nodes_are_found_by_name():
    x1, _, f4 = example()
    graph = bl.Graph(outputs=[f4])
    assert graph["f4"] is f4
    assert graph["x1"] is x1
    assert f4 in graph
    assert bl.input("elsewhere") not in graph
    assert len(graph) == 9


def test_an_unknown_name_suggests_the_nearest():
    _, _, f4 = example()
    with pytest.raises(UnknownNameError, match=r"no node is called 'f44'.*did you mean 'f4'"):
        bl.Graph(outputs=[f4])["f44"]


def test_a_name_that_stands_twice_is_numbered():
    x = bl.input("x")
    nodes = [(x * 2.0).named("z"), (x * 3.0).named("z"), (x * 4.0).named("z_2")]
    graph = bl.Graph(outputs=nodes)
    labels = [graph.labels[n] for n in nodes]
    assert labels[0] == "z"
    assert len(set(labels)) == 3
    assert [graph[label] for label in labels] == nodes


def test_boxes_come_outer_before_inner():
    x = bl.input("x")
    with bl.scope("outer"), bl.scope("inner"):
        y = bl.exp(x)
    with bl.scope("outer"):
        z = bl.sin(y)
    assert [box.path for box in bl.Graph(outputs=[z]).scopes()] == ["outer", "outer.inner"]


def test_a_chain_of_a_hundred_thousand_nodes_is_built_evaluated_and_differentiated():
    x = bl.input("x", dtype="float64")
    y = x
    for _ in range(100_000):
        y = y + x
    assert len(bl.Graph(outputs=[y])) == 100_001
    slope = bl.grad(y, x)
    tangent = bl.jvp(y, x, bl.constant(1.0, dtype="float64"))
    assert [float(v) for v in bl.compile([x], [y, slope], engine="reference")(2.0)] == [200_002.0, 100_001.0]
    del y, slope, tangent  # taking a deep graph apart must not recurse either


def test_a_training_step_has_three_phases_also_with_an_update_written_by_hand():
    x, w = bl.input("x"), bl.parameter(2.0, "w")
    loss = (w * x) ** 2.0
    graph = bl.Graph([x], [loss], {w: w - 0.1 * bl.grad(loss, w)})
    assert [node.kind for node in graph.phases["forward"]] == ["multiply", "pow"]
    assert [node.kind for node in graph.phases["update"]] == ["multiply", "subtract"]
    assert set(graph.operations) == {node for nodes in graph.phases.values() for node in nodes}
    assert bl.Graph([x], [loss]).phases["backward"] == ()
