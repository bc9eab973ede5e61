"""A traced graph as plain data: numbers that JavaScript reads without loss, and who belongs to whom."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import backlit as bl
from backlit.errors import BindingError
from backlit.explain.page.program import as_numbers, program_of
from backlit.graph.spec import DTYPES
from harness.graphs import graphs

ARRAYS = st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0)))


def read(numbers, dtype):
    """Read elements back as JavaScript does: every number a float64 first."""
    if isinstance(numbers, str):
        return np.frombuffer(base64.b64decode(numbers), np.dtype(dtype).newbyteorder("<"))
    return np.array([float(number) for number in json.loads(json.dumps(numbers, allow_nan=False))]).astype(dtype)


@given(array=ARRAYS)
def test_every_array_is_read_back_to_the_last_bit(array):
    got = read(as_numbers(array), array.dtype.name)
    assert got.tobytes() == np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()


@pytest.mark.parametrize(
    ("array", "written"),
    [
        (np.array([1.0, -0.5]), [1.0, -0.5]),
        (np.array(3, dtype="int64"), [3]),
        (np.array([True, False]), [1, 0]),
        (np.array([np.nan], dtype="float32"), "AADAfw=="),
        (np.array([2**53], dtype="int64"), "AAAAAAAAIAA="),
        (np.zeros((0, 3)), []),
    ],
)
def test_few_numbers_are_written_so_that_they_can_be_read(array, written):
    assert as_numbers(array) == written


def test_many_numbers_are_packed_without_waste():
    assert len(as_numbers(np.zeros((784, 300), dtype="float32"))) == 4 * -(-784 * 300 * 4 // 3)


def lecture():
    x, w = bl.input("x"), bl.parameter(4.0, name="w")
    loss = (x * w).named("f")
    return bl.trace(loss, {"x": 3.0}, updates=bl.optim.SGD(0.5).updates(loss, {"w": w}))


def test_it_says_what_belongs_to_what():
    run = lecture()
    program = json.loads(json.dumps(program_of(run.graph, run.loss, run.walk, run.known)))
    nodes = program["nodes"]
    assert [nodes[i].get("label") for i in program["forward"]] == ["x", "w", "f"]
    assert nodes[program["loss"]] == {"op": "multiply", "label": "f", "of": [0, 1]}
    assert nodes[1] == {"op": "parameter", "label": "w", "trainable": True}
    assert {int(i) for i in program["gradients"]} == {0, 1, 2}
    assert nodes[program["gradients"]["1"]]["op"] == "multiply"
    (consumer, position, back, slope), *_ = sorted(program["contributions"], key=lambda each: -each[1])
    assert (consumer, position, slope) == (2, 1, 0), "the local derivative of the weight is the input"
    assert back == program["gradients"]["1"]
    assert list(program["updates"]) == ["1"]
    assert nodes[program["updates"]["1"]]["op"] == "subtract"
    assert program["values"]["0"] == [3.0]
    assert program["phrases"]["multiply"]["local"] == ["{y}", "{x}"]


def test_the_nodes_of_the_graph_come_first_and_in_its_order():
    run = lecture()
    program = program_of(run.graph, run.loss, run.walk, run.known)
    assert [node["op"] for node in program["nodes"][: len(run.graph)]] == [node.kind for node in run.graph.nodes]


@given(graph=graphs(most=15))
def test_every_argument_stands_before_the_node_that_takes_it(graph):
    with bl.precision("float64"):
        loss = bl.sum(bl.stack([bl.sum(output) for output in graph.outputs]))
        run = bl.trace(loss, graph.values)
    program = program_of(run.graph, run.loss, run.walk, run.known)
    json.dumps(program, allow_nan=False)
    for i, node in enumerate(program["nodes"]):
        assert all(argument < i for argument in node.get("of", []))
        assert ("of" in node) != (i in program["values"])
    for consumer, position, back, *_ in program["contributions"]:
        argument = program["nodes"][consumer]["of"][position]
        assert program["nodes"][back].get("shape") == program["nodes"][argument].get("shape")
    for i, gradient in program["gradients"].items():
        assert program["nodes"][i].get("shape") == program["nodes"][gradient].get("shape")


def test_weights_and_biases_are_found_layer_by_layer():
    model = bl.nn.Sequential(bl.nn.Linear(3, 2), bl.nn.ReLU(), bl.nn.Linear(2, 1, bias=False))
    run = bl.trace(bl.sum(model(bl.input("x", (1, 3)))), {"x": np.ones((1, 3))})
    program = program_of(run.graph, run.loss, run.walk, run.known)
    assert [[program["nodes"][i]["label"] for i in layer] for layer in program["layers"]] == [
        ["0.weight", "0.bias"],
        ["2.weight"],
    ]


def rows_of(loss, at):
    run = bl.trace(loss, at)
    program = program_of(run.graph, run.loss, run.walk, run.known)
    return [program["nodes"][i].get("label", program["nodes"][i]["op"]) for i in program["rows"]]


def test_the_rows_of_a_batch_are_told():
    x, y, w = bl.input("x", (5, 4)), bl.input("y", (5,)), bl.parameter(np.ones((4, 5)), name="w")
    z = (x @ w).named("z")
    at = {"x": np.arange(20.0).reshape(5, 4), "y": np.ones(5)}
    loss = bl.mean(bl.square(bl.sum(z, axis=1) - y))
    assert rows_of(loss, at) == ["x", "z", "sum", "y", "subtract", "multiply"]
    assert rows_of(bl.sum(bl.input("v", (5,))), {"v": np.ones(5)}) == [], "a vector alone is no batch"
    assert rows_of(bl.sum(bl.input("v", (1, 5))), {"v": np.ones((1, 5))}) == [], "neither is a single example"
    centred = (z - bl.mean(z, axis=0, keepdims=True)).named("centred")
    assert rows_of(bl.mean(bl.square(centred)), {"x": at["x"]})[:3] == ["x", "z", "centred"], "a mean mixes no rows"


def mixing():
    """Losses in which a row is computed from other rows: as columns, as a right factor, as a row of another axis."""
    x, square, i = bl.input("x", (4, 3)), bl.input("x", (4, 4)), bl.input("i", (4,), "int64")
    at, wide = np.arange(12.0).reshape(4, 3), np.arange(16.0).reshape(4, 4)
    yield bl.nn.attention(x, x, x), {"x": at}
    yield square @ square, {"x": wide}
    yield square + bl.sum(square, axis=1), {"x": wide}
    yield bl.take(x, i, axis=0), {"x": at, "i": [3, 2, 1, 0]}
    yield x + bl.reshape(bl.permute_dims(x, (1, 0)), (4, 3)), {"x": at}


@pytest.mark.parametrize("case", range(5))
def test_where_rows_mix_there_are_no_examples(case):
    value, at = list(mixing())[case]
    assert rows_of(bl.sum(bl.tanh(value)), at) == []


def test_an_input_without_a_value_is_refused():
    run = lecture()
    with pytest.raises(BindingError, match="no value was given for <input 'x'") as caught:
        program_of(run.graph, run.loss, run.walk, {})
    assert caught.value.why == "the page computes from the values of all inputs"


def test_local_derivatives_are_found():
    x, c = bl.input("x"), bl.input("c", (3,), "bool")
    y = bl.where(c, bl.exp(x), 2.0 - x)
    run = bl.trace(bl.sum(y), {"x": 1.0, "c": [True, False, True]})
    program = program_of(run.graph, run.loss, run.walk, run.known)
    nodes = program["nodes"]
    found = {
        (nodes[consumer]["op"], position): slope[0] if isinstance(slope[0], list) else nodes[slope[0]]["op"]
        for consumer, position, _, *slope in program["contributions"]
        if slope
    }
    assert found == {("where", 1): "input", ("where", 2): "logical_not", ("exp", 0): "exp", ("subtract", 1): [-1]}
