"""Leaves stand where they are read; boxes and marks are called as the reader knows them."""

import numpy as np
import pytest

import backlit as bl
from backlit.explain.drawing.furnishing import furnish, scope_names
from backlit.graph import Scope

x, w = bl.input("x", shape=(2,)), bl.parameter([1.0, 2.0], name="w")


def marks(furnished, sheet="root"):
    return [(mark.kind, mark.symbol) for mark in furnished.marks[sheet]]


def labelled(furnished, label):
    return next(mark for sheet in furnished.marks.values() for mark in sheet if mark.label == label)


def two_layers(read_again: bool):
    with bl.scope("layer1"):
        a = bl.tanh(x * w) + 1.0
    with bl.scope("layer2"):
        b = bl.tanh(a * (w if read_again else 2.0)) + 1.0
    return furnish(bl.Graph(outputs=[b]))


def test_a_parameter_stands_on_the_innermost_sheet_around_its_readers():
    assert ("parameter", "w") in marks(two_layers(False), "b1")
    assert ("parameter", "w") in marks(two_layers(True), "root")


def test_the_inputs_of_a_small_graph_stand_on_the_root_sheet_and_those_of_a_large_one_where_they_are_read():
    assert ("input", "x") in marks(two_layers(False), "root")
    inputs = [bl.input(f"x{i}") for i in range(17)]
    with bl.scope("sum"):
        total = inputs[0]
        for each in inputs[1:]:
            total = total + each
    furnished = furnish(bl.Graph(outputs=[total * 2.0]))
    assert len(furnished.marks["root"]) == 2, "the box and the product"
    assert ("input", "x16") in marks(furnished, "b1")


def test_a_constant_stands_once_on_every_sheet_that_reads_it():
    c = bl.constant([5.0, 6.0], name="c")
    with bl.scope("one"):
        a = bl.tanh(x + c) * c
    with bl.scope("other"):
        b = bl.tanh(a + c) * c
    furnished = furnish(bl.Graph(outputs=[b]))
    assert [sum(mark.label == "c" for mark in each) for each in furnished.marks.values()] == [0, 1, 1]
    ids = [mark.id for each in furnished.marks.values() for mark in each]
    assert len(ids) == len(set(ids))


def test_a_number_is_written_into_its_operation_and_has_no_mark():
    furnished = furnish(bl.Graph(outputs=[(1.0 - x) * w]))
    assert marks(furnished) == [("input", "x"), ("operation", "1 −"), ("parameter", "w"), ("operation", "×")]
    (mark,) = (mark for mark in furnished.marks["root"] if mark.symbol == "1 −")
    assert [furnished.nodes[i].kind for i in mark.inside] == ["constant"]
    assert [reading.position for reading in furnished.readings if reading.target == mark.id] == [1]


def test_an_update_has_a_mark_behind_the_node_that_computes_it():
    θ = bl.parameter(1.0, name="θ")
    count = bl.parameter(0, name="step", trainable=False)
    furnished = furnish(bl.Graph(updates={θ: bl.sin(θ), count: count + 1}))
    found = {mark.symbol: mark for mark in furnished.marks["root"] if mark.kind == "update"}
    assert {symbol: mark.trainable for symbol, mark in found.items()} == {"θ ←": True, "step ←": False}
    assert found["θ ←"].text == "update θ <- %1"
    assert furnished.nodes[found["θ ←"].node].kind == "sin"


def test_a_parameter_may_be_given_the_value_of_a_leaf():
    θ, start = bl.parameter(1.0, name="θ"), bl.parameter(2.0, name="start")
    furnished = furnish(bl.Graph(updates={θ: start}))
    assert marks(furnished) == [("parameter", "start"), ("update", "θ ←")]


def test_an_output_that_is_computed_in_a_box_is_led_out_of_it():
    with bl.scope("layer"):
        y = (bl.sin(x) + 1.0).named("y")
    furnished = furnish(bl.Graph(outputs=[y, bl.sin(y) * w]))
    assert [mark.symbol for mark in furnished.marks["root"] if mark.kind == "output"] == ["layer.y"]
    assert [mark.label for mark in furnished.marks["b1"] if mark.output] == ["layer.y"]
    assert [mark.output for mark in furnished.marks["root"] if mark.symbol == "×"] == [True]


def test_what_is_not_read_is_still_seen():
    unused = bl.input("unused")
    furnished = furnish(bl.Graph([x, unused], [x, bl.constant(3.0)]))
    assert sorted(marks(furnished)) == [("constant", "3"), ("input", "unused"), ("input", "x")]


def test_names_are_shortened_by_the_box_they_stand_in():
    model = bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.ReLU())
    furnished = furnish(bl.Graph(outputs=[model(bl.input("x", shape=(1, 2)))]))
    assert ("parameter", "weight") in marks(furnished, "b1")
    assert labelled(furnished, "0.weight").name == "weight"
    assert labelled(furnished, "0").text == "0: 2 operations"
    assert labelled(furnished, "0.z").name == "z"
    product, _ = [mark for mark in furnished.marks["b1"] if mark.kind == "operation"]
    assert product.name == ""


def test_a_name_that_begins_with_a_dot_keeps_it():
    assert labelled(furnish(bl.Graph(outputs=[bl.sin(x).named(".y")])), ".y").name == ".y"


def test_inner_boxes_are_called_by_their_own_names():
    y = bl.losses.cross_entropy(bl.input("s", shape=(1, 3)), bl.input("l", shape=(1,), dtype="int64"))
    furnished = furnish(bl.Graph(outputs=[y]))
    inner = labelled(furnished, "cross_entropy.log_softmax")
    assert inner.symbol == inner.name == "log_softmax"


def test_a_box_is_trainable_where_a_trainable_parameter_stands_in_it():
    shared = bl.parameter([1.0, 2.0], name="shared")
    with bl.scope("outer"):
        y = bl.tanh(x * shared)
        with bl.scope("layer"):
            y = bl.tanh(y * w)
    with bl.scope("fixed"):
        y = bl.tanh(y * bl.parameter(2.0, trainable=False, name="state"))
    with bl.scope("reader"):
        y = bl.tanh(y * shared)
    furnished = furnish(bl.Graph(outputs=[bl.sum(y)]))
    boxes = [mark for sheet in furnished.marks.values() for mark in sheet if mark.kind == "box"]
    trainable = {mark.label: mark.trainable for mark in boxes}
    assert trainable == {"outer": True, "outer.layer": True, "fixed": False, "reader": False}


def test_no_box_of_a_training_step_is_trainable_when_the_parameters_stand_around_it():
    with bl.scope("layer"):
        loss = bl.sum(bl.tanh(x * w))
    graph = bl.Graph(outputs=[loss], updates=bl.optim.SGD(0.1).updates(loss, {"w": w}))
    marks_of_root = furnish(graph).marks["root"]
    assert [mark.trainable for mark in marks_of_root if mark.kind == "parameter"] == [True]
    assert not any(mark.trainable for mark in marks_of_root if mark.kind == "box")


def test_calls_of_one_name_are_numbered_as_the_printed_graph_does():
    y = bl.softmax(bl.softmax(bl.input("s", shape=(3,))))
    graph = bl.Graph(outputs=[y])
    assert set(scope_names(graph.scopes()).values()) == {"softmax#1", "softmax#2"}
    one = Scope("a", None, 3)
    assert scope_names([one, Scope("b#1", one)]) == {one: "a", Scope("b#1", one): 'a."b#1"'}


def test_many_leaves_share_a_box_and_very_many_share_boxes_in_it():
    few = furnish(bl.Graph(outputs=[bl.concat([bl.parameter([1.0], name=f"p{i}") for i in range(30)])]))
    (box,) = (mark for mark in few.marks["root"] if mark.kind == "box")
    assert (box.symbol, box.trainable, len(few.marks[box.id])) == ("parameters", True, 30)
    assert box.id in few.grouped
    many = furnish(bl.Graph(outputs=[bl.concat([bl.constant([float(i)], name=f"c{i}") for i in range(3000)])]))
    assert max(len(each) for each in many.marks.values()) <= 45
    names = [mark.symbol for each in many.marks.values() for mark in each if mark.kind == "box"]
    assert {"constants", "constants 1–75", "constants 76–150", "constants 1–38"} <= set(names)
    assert sum(mark.kind == "constant" for each in many.marks.values() for mark in each) == 3000


def test_a_long_graph_has_boxes_of_consecutive_steps():
    y = x
    for _ in range(100):
        y = bl.sin(y)
    furnished = furnish(bl.Graph(outputs=[y]))
    boxes = [mark for mark in furnished.marks["root"] if mark.kind == "box"]
    assert boxes[0].symbol == "part 1 of 10"
    assert boxes[0].text == "part 1 of 10: 10 operations, %1 to %10"
    assert {box.id for box in boxes} == furnished.grouped
    assert sum(box.count for box in boxes) == 100


def test_formulas_are_written_with_the_names_of_the_arguments():
    y = (bl.sigmoid(x * w).named("a") - [0.5, 0.25]).named("b")
    furnished = furnish(bl.Graph(outputs=[y]))
    assert labelled(furnished, "a").formula == "σ(%1)"
    assert labelled(furnished, "b").formula == "a - [0.5, 0.25]"


@pytest.mark.parametrize("kind", ["input", "parameter", "constant", "operation"])
def test_every_mark_tells_its_node_as_the_printed_graph_does(kind):
    c = bl.constant(np.ones(2), name="c", dtype="float32")
    graph = bl.Graph(outputs=[x * w + c])
    printed = str(graph)
    for mark in furnish(graph).marks["root"]:
        if mark.kind == kind:
            assert mark.text.removesuffix(" = input") in printed
            assert (mark.shape, mark.dtype) == ((2,), "float32")
