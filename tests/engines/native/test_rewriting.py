"""Rewriting for the native engine keeps every bit, names and scopes, and saves what it promises."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from tests.harness.graphs import RandomGraph, graphs

import backlit as bl
from backlit.autodiff import backpropagate
from backlit.engines import interpret
from backlit.engines.native.rewriting import NATIVE_RULES, SHARED, rewrite_for_native
from backlit.graph.rewrite import RULES

HOSTILE = {
    dtype: np.array(
        [0, 1, 1.5, 3, np.inf, np.nan, info.max, info.tiny, info.smallest_subnormal, 7 * info.smallest_subnormal],
        dtype=dtype,
    )
    for dtype, info in ((dtype, np.finfo(dtype)) for dtype in ("float32", "float64"))
}


def hostile(dtype: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Special numbers of both signs, and random bits, which are numbers of every size."""
    rng = np.random.default_rng(seed)
    special = rng.choice(np.concatenate([HOSTILE[dtype], -HOSTILE[dtype]]), size=shape)
    size = np.dtype(dtype).itemsize
    wild = rng.integers(0, 256, size=(*shape, size), dtype=np.uint8).view(dtype).reshape(shape)
    return np.where(rng.random(shape) < 0.6, special, wild)


def bits(array: np.ndarray) -> bytes:
    """The bits of an array, where every NaN counts as the same."""
    array = np.asarray(array)
    return np.where(np.isnan(array), np.nan, array).astype(array.dtype).tobytes()


def same_bits(outputs: Sequence[bl.Node], values: Mapping[bl.Node, np.ndarray]) -> tuple[bl.Graph, Mapping[str, int]]:
    """Rewrite, and compare what the referee makes of both graphs."""
    before = bl.Graph(list(values), outputs)
    after, applied = rewrite_for_native(before)
    for old, new in zip(interpret(before.outputs, values), interpret(after.outputs, values), strict=True):
        assert old.dtype == new.dtype
        assert bits(old) == bits(new)
    return after, applied


def examples(x: bl.Node, y: bl.Node) -> dict[str, bl.Node]:
    """For each rule a graph that it fits; x is a matrix of 40 rows and 5 columns, y a row of 5."""
    wide = bl.broadcast_to(bl.constant(3.0, dtype=x.dtype), (4, 5))
    other = "float32" if x.dtype == "float64" else "float64"
    return {
        "cast operands": x @ bl.constant(np.eye(5), dtype=other),
        "fold constants": x * (bl.constant(1.0, dtype=x.dtype) / bl.constant(3.0, dtype=x.dtype)),
        "square": x**2.0,
        "divide by a power of two": x / 8.0 + x / (-0.25),
        "add a negative": (x + (-y)) * ((-x) + y),
        "subtract a negative": x - (-y),
        "repeat later": bl.where(bl.broadcast_to(y, (40, 5)) > x, -bl.broadcast_to(y, (40, 5)), x),
        "reshape a repeated number": x * bl.reshape(bl.broadcast_to(bl.sum(y), (2, 100)), (40, 5)),
        "permute a repeated number": x[:4] * bl.permute_dims(bl.broadcast_to(bl.sum(y), (5, 4)), (1, 0)),
        "flip a repeated number": bl.flip(wide, axis=1) * x[:4],
        "slice a repeated number": wide[1:3] * x[:2],
        "stop no gradient": bl.stop_gradient(x) + 1.0,
        "sign of what is kept": bl.grad(bl.sum(bl.relu(x) * bl.relu(x)), x),
        SHARED: bl.exp(x) + bl.exp(x),
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_rule_is_exact_on_hostile_values_and_fires(dtype: str) -> None:
    x, y = bl.input("x", (40, 5), dtype), bl.input("y", (5,), dtype)
    cases = examples(x, y)
    own = {rule.name for rule in NATIVE_RULES} - {rule.name for rule in RULES}
    assert own | {SHARED, "sign of what is kept"} == set(cases)
    for name, node in cases.items():
        for seed in range(20):
            _, applied = same_bits([node], {x: hostile(dtype, (40, 5), seed), y: hostile(dtype, (5,), seed + 99)})
            assert applied.get(name), name


@pytest.mark.parametrize("power", [-100, -3, 0, 1, 99, 120, 127, -126, -149])
def test_division_by_any_power_of_two_is_exact(power: int) -> None:
    x = bl.input("x", (400,), "float32")
    same_bits([x / bl.constant(np.float32(2.0**power))], {x: hostile("float32", (400,), power + 200)})


def test_what_would_change_a_bit_is_left_alone() -> None:
    x = bl.input("x", (3,))
    for node in (x / 3.0, x + 0.0, x * 0.0, x**3.0, -(x - 1.0), bl.sum(bl.reshape(x, (3, 1)), axis=1)):
        graph, _ = rewrite_for_native(bl.Graph([x], [node]))
        assert [one.kind for one in graph.nodes] == [one.kind for one in bl.Graph([x], [node]).nodes]


def test_a_mask_stays_a_product_because_nan_times_zero_is_nan() -> None:
    x, upstream = bl.input("x", (4,)), bl.input("upstream", (4,))
    gradient = bl.grad(bl.sum(upstream * bl.relu(x)), x)
    graph, _ = same_bits([gradient], {x: hostile("float32", (4,), 1), upstream: hostile("float32", (4,), 2)})
    assert [node.kind for node in graph.operations][-1] == "multiply"


def test_a_gradient_asks_for_the_sign_of_what_is_kept_anyway() -> None:
    x, w = bl.input("x", (4, 3)), bl.input("w", (3, 3))
    loss = bl.sum(bl.relu(x @ w) @ w)
    graph, applied = rewrite_for_native(bl.Graph([x, w], [loss, bl.grad(loss, w)]))
    (greater,) = [node for node in graph.operations if node.kind == "greater"]
    assert greater.arguments[0].kind == "relu"
    assert applied["sign of what is kept"] == 1


def test_the_sign_of_a_relu_that_nobody_computes_is_not_asked_for() -> None:
    x = bl.input("x", (4,))
    graph, _ = rewrite_for_native(bl.Graph([x], [bl.grad(bl.sum(bl.relu(x)), x)]))
    assert [node.kind for node in graph.operations] == ["greater", "cast"]


def test_the_sign_is_asked_of_the_relu_wherever_that_stands_in_the_graph() -> None:
    x = bl.input("x", (4,))
    mask, rectified = bl.cast(x > 0.0, "float32"), bl.relu(x)
    for outputs in ([mask, rectified], [rectified, mask]):
        graph, applied = rewrite_for_native(bl.Graph([x], outputs))
        assert applied == {"sign of what is kept": 1}
        assert len(graph.operations) == 3


def test_a_number_made_of_constants_is_the_one_that_the_referee_computes() -> None:
    x = bl.input("x", (4,))
    number = bl.exp(bl.constant(0.3)) / bl.sqrt(bl.constant(7.0))
    graph, applied = rewrite_for_native(bl.Graph([x], [x * number]))
    (constant,) = [node for node in graph.nodes if isinstance(node, bl.graph.Constant)]
    assert constant.value.tobytes() == number.evaluate().tobytes()
    assert applied == {"fold constants": 3}


def test_an_index_out_of_range_is_still_refused_when_the_program_runs() -> None:
    node = bl.take(bl.constant([1.0, 2.0]), bl.constant(5))
    graph, _ = rewrite_for_native(bl.Graph([], [node]))
    assert [one.kind for one in graph.operations] == ["take"]


def test_named_nodes_stay_with_their_names() -> None:
    x = bl.input("x", (4,))
    named = [
        (bl.constant(1.0) / bl.constant(3.0)).named("third"),
        bl.broadcast_to(bl.constant(2.0), (4,)).named("twos"),
        bl.stop_gradient(x).named("fixed"),
        (x / 4.0).named("quarter"),
        (-x).named("opposite"),
    ]
    total = x
    for node in named:
        total = total + node
    graph, _ = rewrite_for_native(bl.Graph([x], [total]))
    assert [(node.name, node.kind) for node in graph.nodes if node.name and node is not x] == [
        (node.name, node.kind) for node in named
    ]


def test_what_takes_the_place_of_a_node_stands_in_its_scope_and_on_its_line() -> None:
    x = bl.input("x", (4,))
    with bl.scope("layer1"):
        node = x / 4.0
    (made,) = rewrite_for_native(bl.Graph([x], [node]))[0].operations
    assert made.kind == "multiply"
    assert (made.scope, made.line) == (node.scope, node.line)


def test_every_scope_of_a_net_is_still_there() -> None:
    x, y = bl.input("x", (8, 4)), bl.input("y", (8,), dtype="int64")
    net = bl.nn.Sequential(bl.nn.Linear(4, 5, rng=0), bl.nn.ReLU(), bl.nn.Linear(5, 3, rng=0))
    loss = bl.losses.cross_entropy(net(x), y)
    graph = bl.Graph([x, y], [loss], bl.optim.Adam(0.1).updates(loss, net.parameters()))
    rewritten, _ = rewrite_for_native(graph)
    outer = {box.lineage[0].name for box in graph.scopes()}
    assert {box.lineage[0].name for box in rewritten.scopes()} == outer
    assert list(rewritten.updates) == list(graph.updates)
    assert rewritten.inputs == graph.inputs


def test_inputs_outputs_and_updates_keep_their_places() -> None:
    x, unused, θ = bl.input("x", (3,)), bl.input("unused"), bl.parameter([1.0, 2.0, 3.0], name="θ")
    graph, _ = rewrite_for_native(bl.Graph([unused, x], [x * 1.0, θ, x], {θ: bl.stop_gradient(θ * 1.0)}))
    assert graph.inputs == (unused, x)
    assert graph.outputs[1:] == (θ, x)
    assert [node.kind for node in graph.operations] == ["stop_gradient"], "an output that was computed stays so"
    assert graph.updates == {θ: θ}


def test_a_long_chain_takes_no_recursion() -> None:
    x = bl.input("x", (3,))
    node: bl.Node = x
    for _ in range(3000):
        node = -(node / 2.0)
    graph, applied = rewrite_for_native(bl.Graph([x], [node]))
    assert applied == {"divide by a power of two": 3000}
    assert len(graph.operations) == 6000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_random_graphs_and_their_gradients_keep_every_bit(graph: RandomGraph) -> None:
    upstream = [bl.constant(np.ones(node.shape), dtype="float64") for node in graph.outputs]
    walk = backpropagate(graph.outputs, upstream, graph.sources)
    same_bits([*graph.outputs, *walk.gradients.values()], graph.values)
