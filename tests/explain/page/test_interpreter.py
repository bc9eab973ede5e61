"""The interpreter of the page computes what the referee computes: every op and sample, random graphs and gradients."""

import json

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import backlit as bl
from backlit.autodiff import Backpropagation, backpropagate
from backlit.explain.page.program import program_of
from backlit.graph import OPS, topological_order
from backlit.graph.spec import DTYPES
from conformance.test_values import SPECIAL, UNITS
from harness.graphs import graphs
from harness.samples import cases, run

COMPUTE = """
(tasks) => tasks.map(({nodes, values, wanted, dtype}) => {
  const full = nodes.map((node) => ({arguments: node.of, attributes: {}, shape: [], dtype, ...node}));
  const known = full.map((node, i) => i in values ? leaf(node, values[i]) : undefined);
  try {
    run(full, known);
  } catch (error) {
    return String(error);
  }
  return wanted.map((i) => {
    const {shape, dtype, data} = known[i];
    return {shape, dtype, numbers: Array.from(data, (x) => Object.is(x, -0) ? "-0" : String(x))};
  });
})
"""


def task(outputs, values, walk=None, loss=None):
    """What the page gets to compute nodes: all of them stand in the forward pass of their sum."""
    walk = walk or Backpropagation({}, {}, (), ())
    graph = bl.Graph(outputs=[loss if loss is not None else outputs[0]])
    program = program_of(graph, graph.outputs[0], walk, values)
    number = {node: i for i, node in enumerate(topological_order(graph.outputs))}
    wanted = [program["gradients"][number[n]] for n in walk.gradients if n in number]
    program["wanted"] = [number[node] for node in outputs] + wanted
    return json.loads(json.dumps(program, allow_nan=False))


def compute(page, tasks):
    """Let the browser run programs, all in one call, and read back what was wanted; or the error that it met."""
    answers = page.evaluate(COMPUTE, tasks)
    return [answer if isinstance(answer, str) else [array(value) for value in answer] for answer in answers]


def array(value):
    """Read back what the browser wrote, element by element."""
    read = {"b": lambda text: text == "1", "f": lambda text: float(text.replace("Infinity", "inf"))}
    kind = np.dtype(value["dtype"]).kind
    return np.array([read.get(kind, int)(text) for text in value["numbers"]], value["dtype"]).reshape(value["shape"])


def assert_agrees(got, want, what, units):
    """Exactly for whole numbers and truth values; to a few units in the last place (of 1 or the value) for floats."""
    want = np.asarray(want)
    assert (got.shape, got.dtype) == (want.shape, want.dtype), what
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want, err_msg=str(what))
        return
    bound = units * np.finfo(want.dtype).eps
    np.testing.assert_allclose(got, want, rtol=bound, atol=bound, err_msg=str(what))


def op_task(case, arrays):
    inputs = [bl.input(f"x{i}", shape=a.shape, dtype=a.dtype.name) for i, a in enumerate(arrays)]
    return task([case.op(*inputs, **case.sample.attributes)], dict(zip(inputs, arrays, strict=True)))


def test_every_op_computes_what_the_referee_computes(interpreter):
    dtypes = ("float64", "float32", "int64", "int32", "int8", "uint8", "uint64", "bool")
    every = [case for case in cases(dtypes) if case.accepted() or not case.drawn]
    drawn = [case.arrays() for case in every]
    answers = compute(interpreter, [op_task(case, arrays) for case, arrays in zip(every, drawn, strict=True)])
    assert {case.op.name for case in every} == set(OPS)
    for case, arrays, answer in zip(every, drawn, answers, strict=True):
        assert not isinstance(answer, str), f"{case}: {answer}"
        assert_agrees(answer[0], run(case, arrays), case, UNITS.get(case.op.name, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values_are_those_of_the_standard(interpreter, dtype):
    tasks = []
    for name, arguments, _ in SPECIAL:
        inputs = [bl.input(f"x{i}", shape=(2,), dtype=dtype) for i in range(len(arguments))]
        tasks.append(
            task([OPS[name](*inputs)], {x: np.full(2, a, dtype) for x, a in zip(inputs, arguments, strict=True)})
        )
    for (name, arguments, want), answer in zip(SPECIAL, compute(interpreter, tasks), strict=True):
        expected = np.full(2, want, dtype="bool" if isinstance(want, bool) else dtype)
        assert_agrees(answer[0], expected, (name, arguments), 4)


@pytest.mark.parametrize("bits", [1, 8, 24, 32])
def test_random_bits_are_those_of_the_referee(interpreter, bits):
    state = bl.input("state", (3,), "uint32")
    node = bl.random_bits(state, (3, 7), stream=3, bits=bits)
    values = {state: np.array([0x12345678, 0xFFFFFFFF, 9], dtype="uint32")}
    (answer,) = compute(interpreter, [task([node], values)])
    np.testing.assert_array_equal(answer[0], node.evaluate(values))


@pytest.mark.parametrize("name", ["take", "scatter_add", "one_hot"])
def test_an_index_out_of_range_is_told(interpreter, name):
    i = bl.input("i", (2,), "int64")
    node = {
        "take": lambda: bl.take([1.0, 2.0, 3.0], i),
        "scatter_add": lambda: bl.scatter_add([1.0, 2.0], i, size=3),
        "one_hot": lambda: bl.one_hot(i, 3),
    }[name]()
    answers = compute(interpreter, [task([node], {i: np.array([0, wrong])}) for wrong in (-1, 3, 2)])
    assert answers[0] == f"RangeError: {name}: -1 is out of range: places are numbered 0 to 2"
    assert answers[1] == f"RangeError: {name}: 3 is out of range: places are numbered 0 to 2"
    assert not isinstance(answers[2], str)


def test_casts_between_all_kinds(interpreter):
    values = {
        "float64": [2.9, -2.9, 300.0],
        "int64": [-1, 300, 2**40],
        "bool": [True, False, True],
        "uint8": [0, 255, 7],
    }
    pairs = [(source, target) for source in values for target in DTYPES if source != target]
    tasks, wanted = [], []
    for source, target in pairs:
        held = np.array(values[source], dtype=source)
        if source == "float64":
            held = held[: 2 if target == "int8" else 3] if not target.startswith("u") else np.abs(held[:2])
        x = bl.input("x", held.shape, source)
        tasks.append(task([bl.cast(x, target)], {x: held}))
        wanted.append(held.astype(target))
    for pair, answer, want in zip(pairs, compute(interpreter, tasks), wanted, strict=True):
        assert_agrees(answer[0], want, pair, 0)


def with_gradients(graph):
    """A random graph, a loss that reads all its outputs, and the backward pass from there."""
    rng = np.random.default_rng(0)
    with bl.precision("float64"):
        parts = [bl.sum(output * bl.constant(rng.normal(size=output.shape))) for output in graph.outputs]
        loss = bl.sum(bl.stack(parts))
        return loss, backpropagate([loss], [bl.constant(1.0)], graph.sources)


def test_random_graphs_and_their_gradients(interpreter):
    tasks, wanted = [], []

    @settings(max_examples=25, phases=[Phase.generate])
    @given(graph=graphs())
    def collect(graph):
        loss, walk = with_gradients(graph)
        tasks.append(task([*graph.outputs, loss], graph.values, walk, loss))
        reached = set(topological_order([loss]))
        gradients = [gradient for node, gradient in walk.gradients.items() if node in reached]
        wanted.append(bl.compile(graph.inputs, [*graph.outputs, loss, *gradients])(*graph.arrays))

    collect()
    assert len(tasks) == 25
    for answer, want in zip(compute(interpreter, tasks), wanted, strict=True):
        assert not isinstance(answer, str), answer
        assert len(answer) == len(want)
        for got, value in zip(answer, want, strict=True):
            assert_agrees(got, value, "a random graph", 10_000)


def test_a_net_in_float32_with_its_update(interpreter):
    with bl.precision("float32"):
        model = bl.nn.Sequential(bl.nn.Linear(5, 4), bl.nn.Tanh(), bl.nn.Linear(4, 3))
        x, y = bl.input("x", (6, 5)), bl.input("y", (6,), "int64")
        loss = bl.losses.cross_entropy(model(x), y)
        updates = bl.optim.Adam(0.01).updates(loss, model.parameters())
        walk = backpropagate([loss], [bl.constant(1.0)], list(model.parameters().values()))
    values = {x: np.random.default_rng(0).normal(size=(6, 5)).astype("float32"), y: np.array([0, 1, 2, 0, 1, 2])}
    program = json.loads(json.dumps(program_of(bl.Graph(outputs=[loss], updates=updates), loss, walk, values)))
    program["wanted"] = [*program["updates"].values(), program["loss"]]
    (answer,) = compute(interpreter, [program])
    want = bl.compile([x, y], [*updates.values(), loss])(*values.values())
    for got, value in zip(answer, want, strict=True):
        assert_agrees(got, value, "a net", 32)
