"""What is drawn is the graph: every edge, once, through however many borders."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import backlit as bl
from backlit.explain.drawing.assembling import diagram_of
from harness.diagrams import acyclic, check_diagram, drawn_graphs, graph_of
from harness.graphs import graphs

many = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@many
@given(drawn_graphs())
def test_the_diagram_of_a_random_graph_in_random_scopes_is_that_graph(graph):
    check_diagram(diagram_of(graph), graph)


@many
@given(graphs(most=12))
def test_the_diagram_of_any_ops_is_their_graph(random):
    graph = bl.Graph(random.inputs, random.outputs)
    check_diagram(diagram_of(graph), graph)


@many
@given(acyclic(14))
def test_a_diagram_without_scopes_has_one_sheet_and_as_few_crossings_as_in_the_order_of_execution(reads):
    graph = graph_of(reads)
    diagram = diagram_of(graph)
    assert len(diagram.sheets) == 1
    check_diagram(diagram, graph)


def formula(depth: int, rng: np.random.Generator) -> bl.Node:
    """A random formula in which every value is used once."""
    if depth == 0 or rng.random() < 0.15:
        return bl.parameter(1.0, name=f"w{rng.integers(1000)}") if rng.random() < 0.5 else bl.input(f"x{rng.random()}")
    if rng.random() < 0.3:
        return bl.tanh(formula(depth - 1, rng))
    one, other = formula(depth - 1, rng), formula(depth - 1, rng)
    return one * other if rng.random() < 0.5 else one - other


@pytest.mark.parametrize("seed", range(20))
def test_formulas_have_no_crossings_and_keep_the_order_of_their_arguments(seed):
    diagram = diagram_of(bl.Graph(outputs=[formula(5, np.random.default_rng(seed))]))
    assert diagram.crossings == 0
    order = {mark.id: mark.order for mark in diagram.root.marks}
    for one in diagram.root.edges:
        for other in diagram.root.edges:
            if one.target == other.target and one.position < other.position:
                ends = [edge.bends[-1] if edge.bends else order[edge.source] for edge in (one, other)]
                assert ends[0] < ends[1]


@pytest.mark.parametrize(
    "build",
    [
        bl.nn.Sequential(bl.nn.Linear(4, 3), bl.nn.ReLU(), bl.nn.Linear(3, 4)),
        bl.softmax,
        lambda x: bl.losses.cross_entropy(x, bl.input("y", shape=(2,), dtype="int64")),
        lambda x: bl.nn.attention(x, bl.input("k", shape=(2, 4)), bl.input("v", shape=(2, 4))),
        lambda x: x + bl.nn.Linear(4, 4)(bl.tanh(bl.nn.Linear(4, 4)(x))),
        lambda x: bl.nn.lstm_cell(
            x,
            bl.input("h", shape=(2, 1)),
            bl.input("c", shape=(2, 1)),
            *(bl.parameter(np.ones(shape), name=name) for name, shape in (("w", (4, 4)), ("u", (1, 4)), ("b", (4,)))),
        )[0],
    ],
    ids=["layers", "softmax", "cross entropy", "attention", "residual", "lstm"],
)
def test_the_nets_of_the_lectures_have_no_crossings(build):
    assert diagram_of(bl.Graph(outputs=[build(bl.input("x", shape=(2, 4)))])).crossings == 0


def test_values_and_gradients_are_written_beside_their_marks():
    x, w = bl.input("x"), bl.parameter([1.0, 2.0], name="w")
    with bl.scope("neuron"):
        c = bl.constant([7.0, 8.0])
        y = bl.tanh(x * w + c).named("y")
    loss = bl.sum(y)
    values = {x: np.array(3.0), w: np.array([1.0, 2.0]), y: np.array([0.5, 0.25]), c: c.value}
    diagram = diagram_of(bl.Graph(outputs=[loss]), values=values, gradients={y: np.ones(2), w: np.zeros(9)})
    marks = {mark.label: mark for sheet in diagram.sheets for mark in sheet.marks}
    assert (marks["x"].value, marks["x"].gradient) == ("3", "")
    assert (marks["w"].value, marks["w"].gradient) == ("[1, 2]", "norm 0")
    assert (marks["neuron.y"].value, marks["neuron.y"].gradient) == ("[0.5, 0.25]", "[1, 1]")
    (constant,) = (mark for mark in marks.values() if mark.kind == "constant")
    assert (constant.symbol, constant.value) == ("[7, 8]", "")
    out = next(port for port in diagram.sheet("b1").ports if port.side == "out")
    assert (out.label, out.value, out.gradient, out.shape) == ("neuron.y", "[0.5, 0.25]", "[1, 1]", (2,))


def test_edges_carry_their_texts_and_strengths():
    x, y = bl.input("x"), bl.input("y")
    f = (x * y).named("f")
    diagram = diagram_of(bl.Graph(outputs=[f]), edge_texts={(f, 0): "-4"}, strengths={(f, 0): 1.0, (f, 1): 0.5})
    assert [(edge.text, edge.strength) for edge in diagram.root.edges] == [("-4", 1.0), ("", 0.5)]


def test_where_the_strength_of_an_edge_is_unknown_none_is_drawn():
    x, y = bl.input("x"), bl.input("y")
    f = (x * y).named("f")
    diagram = diagram_of(bl.Graph(outputs=[f]), strengths={(f, 1): 0.5})
    assert [edge.strength for edge in diagram.root.edges] == [None, None]


def test_an_output_that_is_led_out_of_a_box_needs_no_strength():
    with bl.scope("box"):
        f = bl.sin(bl.cos(bl.input("x"))).named("f")
    graph = bl.Graph(outputs=[f])
    diagram = diagram_of(graph, strengths={(node, 0): 0.5 for node in graph.operations})
    assert {edge.strength for edge in diagram.sheet("b1").edges} == {0.5, None}


def test_the_new_value_of_a_parameter_stands_beside_the_old_one():
    x, w, v = bl.input("x"), bl.parameter(4.0, name="w"), bl.parameter(1.0, name="v")
    values = {x: np.array(3.0), w: np.array(4.0), v: np.array(0.5)}
    new = {w: np.array(3.7), v: np.array(0.4999999)}
    diagram = diagram_of(bl.Graph(outputs=[x * w + v]), values=values, new_values=new)
    told = {mark.symbol: mark.told for mark in diagram.root.marks if mark.value}
    assert told == {"x": "3", "w": "4 → 3.7", "v": "0.5 → 0.4999999"}
    unknown = diagram_of(bl.Graph(outputs=[x * w]), new_values=new)
    assert [mark.told for mark in unknown.root.marks if mark.symbol == "w"] == ["→ 3.7"]


def test_a_port_is_called_as_the_node_without_the_path_of_its_box():
    x, c = bl.input("x", shape=(1, 3)), bl.input("c", shape=(1, 2))
    W, U = bl.parameter(np.ones((3, 8)), name="W"), bl.parameter(np.ones((2, 8)), name="U")
    h, memory = bl.nn.lstm_cell(x, c, c, W, U, bl.parameter(np.zeros(8), name="b"))
    diagram = diagram_of(bl.Graph(outputs=[h * memory]))
    (box,) = diagram.boxes
    ports = {port.name: port.label for port in diagram.sheet(box).ports if port.side == "out"}
    assert ports == {"hidden": "lstm_cell.hidden", "memory": "lstm_cell.memory"}
    assert {port.name for port in diagram.sheet(box).ports if port.side == "in"} == {"x", "c"}


def test_leaves_of_a_box_stand_in_the_order_that_suits_what_is_in_it():
    h, c = bl.input("h0", shape=(1, 2)), bl.input("c0", shape=(1, 2))
    W, U = bl.parameter(np.ones((3, 8)), name="W"), bl.parameter(np.ones((2, 8)), name="U")
    b = bl.parameter(np.zeros(8), name="b")
    for t in range(5):
        h, c = bl.nn.lstm_cell(bl.input(f"x{t}", shape=(1, 3)), h, c, W, U, b)
    diagram = diagram_of(bl.Graph(outputs=[bl.mean(bl.square(h - bl.input("y", shape=(1, 2))))]))
    cells = [diagram.sheet(box).crossings for box in diagram.boxes if "lstm_cell" in diagram.boxes[box].label]
    assert cells == [1] * 5, "the first cell, into which two inputs lead, has no more than the others"


def test_a_random_graph_of_a_thousand_nodes_is_drawn():
    rng = np.random.default_rng(1)
    nodes: list[bl.Node] = [bl.input("x")]
    while len(nodes) < 1000:
        near = nodes[max(0, len(nodes) - 1 - int(rng.integers(50)))]
        nodes.append(bl.tanh(nodes[rng.integers(len(nodes))] + near))
    diagram = diagram_of(bl.Graph(outputs=nodes[-1:]))
    assert sum(box.count for box in diagram.boxes.values() if diagram.sheet(box.id).parent == "root") > 500


def test_a_value_that_is_read_twice_by_the_same_operation_has_two_edges():
    x = bl.input("x")
    edges = diagram_of(bl.Graph(outputs=[x * x])).root.edges
    assert [edge.position for edge in edges] == [0, 1]


def test_a_training_step_is_drawn_with_its_phases():
    model = bl.nn.Sequential(bl.nn.Linear(4, 3), bl.nn.ReLU(), bl.nn.Linear(3, 2))
    loss = bl.losses.cross_entropy(model(bl.input("x", shape=(5, 4))), bl.input("y", shape=(5,), dtype="int64"))
    graph = bl.Graph(outputs=[loss], updates=bl.optim.Adam(0.1).updates(loss, model.parameters()))
    diagram = diagram_of(graph)
    check_diagram(diagram, graph)
    boxes = [mark.symbol for mark in diagram.root.marks if mark.kind == "box"]
    assert boxes == ["0", "2", "cross_entropy", "backward", "update"]
    updates = [mark.label for sheet in diagram.sheets for mark in sheet.marks if mark.kind == "update"]
    assert sorted(updates) == sorted(graph.labels[parameter] for parameter in graph.updates)


def test_a_graph_of_ten_thousand_nodes_stays_usable():
    rng = np.random.default_rng(0)
    nodes = [bl.input("x")]
    while len(nodes) < 10_000:
        near = nodes[max(0, len(nodes) - 1 - int(rng.exponential(5)))]
        nodes.append(nodes[-1] * near if rng.random() < 0.5 else bl.sin(nodes[-1]))
    diagram = diagram_of(bl.Graph(outputs=[nodes[-1]]))
    assert max(len(sheet.marks) for sheet in diagram.sheets) <= 45
    assert len(diagram.root.marks) <= 40
    assert sum(mark.kind == "operation" for sheet in diagram.sheets for mark in sheet.marks) == 9_999
    assert diagram.opening() == frozenset()
