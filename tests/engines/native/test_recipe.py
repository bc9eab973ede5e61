"""The recipe: what decides the code decides the key, and nothing else does."""

import dataclasses
import json
import random

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native import cache, program
from backlit.engines.native.places import FIRST_SLOT
from backlit.engines.native.plan import make_plan
from backlit.engines.native.program import NativeProgram
from backlit.engines.native.recipe import Recipe, find_recipe, graph_key, keep_recipe, recipe_of, slot_nodes
from backlit.engines.native.rewriting import rewrite_for_native
from backlit.engines.native.target import host_target, named_target
from backlit.graph.leaves import Parameter
from harness.programs import random_program

CODE = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path / "cache"))


def graph(start=1.0, shape=(2, 3), axis=1, factor=(2.0, 3.0, 4.0), name="x", dtype="float32", op=bl.exp):
    x = bl.input(name, shape, dtype=dtype)
    w = bl.parameter(np.full(shape, start), f"w of {name}", dtype=dtype)
    y = bl.sum(op(x * w) * bl.constant(np.resize(factor, shape), dtype=dtype), axis=axis)
    return bl.Graph([x], [y], {w: w * 0.5})


def key(one, threads=1):
    return graph_key(one, host_target(), threads)


def test_values_of_parameters_and_names_of_leaves_do_not_matter():
    assert key(graph()) == key(graph(start=7.0, name="something else"))


@pytest.mark.parametrize(
    "other",
    [{"shape": (4, 4)}, {"axis": 0}, {"factor": (2.0, 3.0, 5.0)}, {"dtype": "float64"}, {"op": bl.tanh}],
    ids=lambda setting: next(iter(setting)),
)
def test_whatever_changes_the_code_changes_the_key(other):
    assert key(graph(shape=(3, 3))) != key(graph(**{"shape": (3, 3), **other}))


def test_the_machine_and_the_number_of_threads_matter():
    one = graph()
    assert len({key(one, 1), key(one, 2), graph_key(one, named_target("aarch64"), 1)}) == 3


def test_what_hangs_together_how_matters():
    x, y = bl.input("x", (2,)), bl.input("y", (2,))
    a, b = bl.parameter([1.0, 2.0], "a"), bl.parameter([1.0, 2.0], "b")
    graphs = [
        bl.Graph([x, y], [x - y]),
        bl.Graph([x, y], [y - x]),
        bl.Graph([y, x], [y - x, x - y]),
        bl.Graph([x, y], [x - y], {a: x + y}),
        bl.Graph([x, y], [x - y], {a: x + y, b: x + y}),
        bl.Graph([x, y], [x - y, x + y], {a: x + y}),
    ]
    assert len({key(one) for one in graphs}) == len(graphs)


def difference():
    """A graph with two leaves and one output."""
    x, y = bl.input("x"), bl.input("y")
    return bl.Graph([x, y], [x - y])


def test_a_recipe_comes_back_as_it_was_kept():
    recipe = Recipe(CODE, 2, 64, 128, (0, -1, 1), (1, -1))
    x, y = bl.input("x"), bl.input("y")
    one = bl.Graph([x, y], [x - y, x])
    assert find_recipe("some key", one) is None
    keep_recipe("some key", recipe)
    assert find_recipe("some key", one) == recipe


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"code": "x"}', b'{"other": 1}'])
def test_a_recipe_that_cannot_be_read_is_none(content):
    cache.save("some key", content)
    assert find_recipe("some key", difference()) is None


SOUND = {"code": CODE, "threads": 2, "arena_bytes": 64, "private_bytes": 64, "slots": [0, 1, -1], "outputs": [2]}


def found(fields, one=None):
    cache.save("some key", json.dumps(fields).encode())
    return find_recipe("some key", one or difference())


ODD_NUMBERS = [None, True, 1.0, float("nan"), "2", [2], {}, -2, 2**41, 2**64, 10**400]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("code", value)
            for value in [None, 7, [CODE], CODE.upper(), CODE[1:], CODE + "\n", "../" * 20 + "x" * 4, ""]
        ),
        *((name, value) for name in ("threads", "arena_bytes", "private_bytes") for value in ODD_NUMBERS),
        ("threads", 0),
        ("threads", 257),
        *((name, value) for name in ("slots", "outputs") for value in [None, 0, "012", {"0": 1}, True]),
        *((name, [value]) for name in ("slots", "outputs") for value in [None, True, 0.0, "0", [0], {}, -2]),
        *(("outputs", [value]) for value in [3, 2**64, 10**400]),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_recipe_with_an_odd_field_is_none(field, value):
    assert found(SOUND) is not None
    assert found(SOUND | {field: value}) is None


@pytest.mark.parametrize("field", SOUND)
def test_a_recipe_without_a_field_is_none(field):
    assert found({name: value for name, value in SOUND.items() if name != field}) is None


@pytest.mark.parametrize(
    "content",
    [
        *(json.dumps(other).encode() for other in ({**SOUND, "more": 1}, [SOUND], "text", 7, None, [*SOUND.items()])),
        b"[" * 100_000,
        b'{"threads": ' * 100_000,
        json.dumps(SOUND).encode().replace(b"64", b"6" * 5000),
        json.dumps(SOUND).encode()[:-1] + b"\xff}",
    ],
    ids=range(10),
)
def test_what_is_no_recipe_is_none(content):
    cache.save("some key", content)
    assert find_recipe("some key", difference()) is None


@pytest.mark.parametrize(
    ("slots", "outputs"),
    [
        ([0, 1, 4, -1], [3]),  # a leaf that the graph does not have
        ([0, 1, 10**20, -1], [3]),
        ([0, 1, 1, -1], [3]),  # a leaf in two slots
        ([1, -1], [1]),  # no slot for the input
        ([0, -1], [1]),  # none for the parameter that is updated
        ([0, 1, 2], [-1]),  # none for the output
        ([0, 1, -1], [-1]),
        ([0, 1, -1], [0]),  # the input in place of the output
        ([0, 1, -1, -1], [2]),  # a slot for no output
        ([0, 1, -1], []),
        ([0, 1, -1], [2, 2]),
    ],
)
def test_a_recipe_that_does_not_fit_the_graph_is_none(slots, outputs):
    one = graph()
    assert found(SOUND | {"slots": [0, 1, 2, -1], "outputs": [3]}, one) is not None
    assert found(SOUND | {"slots": slots, "outputs": outputs}, one) is None


def test_outputs_of_different_shapes_are_not_interchanged():
    x = bl.input("x", (2, 3))
    one = bl.Graph([x], [bl.exp(x), bl.sum(x), x])
    assert found(SOUND | {"slots": [0, -1, -1], "outputs": [1, 2, -1]}, one) is not None
    for outputs in ([2, 1, -1], [1, 1, -1], [1, -1, 2], [1, 2, 0]):
        assert found(SOUND | {"slots": [0, -1, -1], "outputs": outputs}, one) is None


@pytest.mark.parametrize("seed", range(40))
def test_every_recipe_that_is_written_can_be_followed(seed):
    drawn = random_program(random.Random(seed))
    one = bl.Graph(drawn.inputs, drawn.outputs, drawn.updates)
    recipe = recipe_of(make_plan(rewrite_for_native(one)[0], host_target(), 1 + seed % 3), one, CODE)
    assert recipe is not None
    keep_recipe("some key", recipe)
    assert find_recipe("some key", one) == recipe


def test_a_recipe_names_the_leaf_of_every_slot():
    one = graph()
    plan = make_plan(one, host_target(), 1)
    recipe = recipe_of(plan, one, "code")
    nodes = slot_nodes(recipe, one)
    assert len(nodes) == len(recipe.slots) == len(plan.slots)
    assert nodes[0] is one.inputs[0]
    assert [node for node in nodes if isinstance(node, Parameter)] == [*one.updates]
    assert nodes[recipe.outputs[0]] is None
    assert plan.places[one.outputs[0]].position == FIRST_SLOT + recipe.outputs[0]


def test_a_program_from_the_cache_runs_with_its_own_parameters(monkeypatch):
    first, second = graph(start=1.0), graph(start=2.0, name="z")
    x = np.array([[0.0, 0.5, 1.0], [1.0, 0.0, -1.0]], dtype="float32")
    NativeProgram(first, single=True)(x)

    def refuse(*_):
        raise AssertionError("planned again")

    monkeypatch.setattr(program, "make_plan", refuse)
    got = NativeProgram(second, single=True)(x)
    np.testing.assert_allclose(got, (np.exp(2 * x) * [2.0, 3.0, 4.0]).sum(1), rtol=1e-5)
    assert next(iter(first.updates)).value[0, 0] == 0.5
    assert next(iter(second.updates)).value[0, 0] == 1.0


def test_a_recipe_whose_code_is_gone_is_not_used():
    one, x = graph(), np.ones((2, 3), dtype="float32")
    made = NativeProgram(one, single=True)
    recipe = find_recipe(made._key, one)
    assert recipe is not None
    keep_recipe(made._key, dataclasses.replace(recipe, code="0" * len(recipe.code)))
    np.testing.assert_allclose(NativeProgram(graph(), single=True)(x), [np.e * 9] * 2, rtol=1e-5)
