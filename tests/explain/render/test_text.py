"""Text: whole explanations as they are read, and no line beyond 80 columns whatever is told."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.explain import ChainLink, Contribution, Explanation, InfluencePath, Paths, Step, Summary
from backlit.explain.render.text import explanation_text, number_text, paths_text, step_text
from backlit.explain.stepping import BackwardFlow
from backlit.graph.spec import is_floating
from harness.graphs import graphs
from harness.traces import elements, traced


def too_wide(text):
    """The lines beyond 80 columns that could have been broken: a single word cannot."""
    return [line for line in str(text).splitlines() if len(line) > 80 and len(line.split()) > 1]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0, "2"),
        (True, "true"),
        (1234567, "1234567"),
        (float("nan"), "nan"),
        (Summary((2, 3), 1.5, 0.1, -1.0, 2.0), "[2 × 3], norm 1.5, mean 0.1, from -1 to 2"),
        (Summary((7,), 0.0, 0.0, 0.0, 0.0), "[7], norm 0, mean 0, from 0 to 0"),
        (Summary((0, 3), 0.0, 0.0, 0.0, 0.0), "[0 × 3], empty"),
    ],
)
def test_numbers_and_arrays(number, text):
    assert number_text(number) == text


def test_the_first_lecture_word_for_word():
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    f1, f2 = (x1 * θ1).named("f1"), (x2 * θ2).named("f2")
    f4 = ((f1 + f2).named("f3") + θ3).named("f4")
    run = bl.trace(f4, {"x1": 3.0, "x2": -2.0}, updates=bl.optim.SGD(0.1).updates(f4, [θ1, θ2, θ3]))
    assert (
        str(run.explain("θ2"))
        == """\
θ2 = 5, a trainable parameter

∂f4/∂θ2 = -2
  through f2 = x2 · θ2
    local     ∂f2/∂θ2 = x2 = -2    of a product: the other factor
    upstream  ∂f4/∂f2 = 1
    -2 · 1 = -2

upstream, from f4 back
  ∂f4/∂f4 = 1
  ∂f4/∂f3 = 1 · 1 = 1    f4 = f3 + θ3
  ∂f4/∂f2 = 1 · 1 = 1    f3 = f1 + f2

a step changes θ2
  θ2 ← θ2 - 0.1 · ∂f4/∂θ2 = 5 - 0.1 · (-2) = 5.2"""
    )
    assert (
        "\n".join(map(str, run.steps))
        == """\
1 forward   f1 = x1 · θ1 = 3 · 4 = 12
2 forward   f2 = x2 · θ2 = -2 · 5 = -10
3 forward   f3 = f1 + f2 = 12 + (-10) = 2
4 forward   f4 = f3 + θ3 = 2 + 1 = 3
5 backward  ∂f4/∂f4 = 1
    to f3  1 · 1 = 1    a sum passes its gradient on to each summand
    to θ3  1 · 1 = 1    a sum passes its gradient on to each summand
6 backward  ∂f4/∂f3 = 1
    to f1  1 · 1 = 1    a sum passes its gradient on to each summand
    to f2  1 · 1 = 1    a sum passes its gradient on to each summand
7 backward  ∂f4/∂f2 = 1
    to x2  θ2 · 1 = 5    of a product: the other factor
    to θ2  x2 · 1 = -2    of a product: the other factor
8 backward  ∂f4/∂f1 = 1
    to x1  θ1 · 1 = 4    of a product: the other factor
    to θ1  x1 · 1 = 3    of a product: the other factor
9 update    θ1: 4 → 3.7    by θ1 - 0.1 · ∂f4/∂θ1 = 4 - 0.1 · 3
10 update   θ2: 5 → 5.2    by θ2 - 0.1 · ∂f4/∂θ2 = 5 - 0.1 · (-2)
11 update   θ3: 1 → 0.9    by θ3 - 0.1 · ∂f4/∂θ3 = 1 - 0.1 · 1"""
    )
    assert str(run.paths("θ2")) == "1 path from θ2 to f4: ∂f4/∂θ2 = -2\n  θ2 → f2 → f3 → f4    -2 · 1 · 1 = -2"


def test_a_neuron_in_a_net_word_for_word():
    with bl.precision("float64"):
        model = bl.nn.Sequential(bl.nn.Linear(2, 2, rng=0), bl.nn.ReLU(), bl.nn.Linear(2, 1, rng=1))
        model.layers[0].weight.value = [[1.0, -2.0], [3.0, 4.0]]
        model.layers[2].weight.value = [[5.0], [6.0]]
        x = bl.input("x", shape=(1, 2))
        run = bl.trace(bl.sum(model(x)), {"x": [[0.5, -1.0]]})
    hidden = next(record for record in run.nodes if record.kind == "relu")
    assert (
        str(run.explain(hidden.node, (0, 1)))
        == """\
1.a[0,1] = 0, computed by relu
  1.a[0,1] = max(0, 0.z[0,1]) = max(0, -5) = 0

∂loss/∂1.a[0,1] = 6
  through %2[0,0] = 1.a @ 2.weight
    local     ∂%2[0,0]/∂1.a[0,1] = 2.weight[1,0] = 6
              of a product: the other factor, for every product it is in
    upstream  ∂loss/∂%2[0,0] = 1
    6 · 1 = 6

(%2 stands in 2)"""
    )
    assert (
        str(run.explain("%1[0,0]"))
        == """\
%1[0,0] = -2.5, computed by matmul
  %1[0,0] = x @ 0.weight
    x[0,1] · 0.weight[1,0] = -1 · 3 = -3
    x[0,0] · 0.weight[0,0] = 0.5 · 1 = 0.5

∂loss/∂%1[0,0] = 0
  through 0.z[0,0] = %1[0,0] + 0.bias[0]
    local     ∂0.z[0,0]/∂%1[0,0] = 1
              a sum passes its gradient on to each summand
    upstream  ∂loss/∂0.z[0,0] = 0
    1 · 0 = 0

(%1 stands in 0)"""
    )
    assert (
        str(run.explain("0.weight"))
        == """\
0.weight = [2 × 2], norm 5.47723, mean 1.5, from -2 to 4, a trainable parameter

∂loss/∂0.weight = [2 × 2], norm 0, mean 0, from 0 to 0
  through %1 = x @ 0.weight
    local     xᵀ    of a product: the other factor, for every product it is in
    upstream  ∂loss/∂%1 = [1 × 2], norm 0, mean 0, from 0 to 0
    comes back  [2 × 2], norm 0, mean 0, from 0 to 0

(%1 stands in 0)"""
    )


def test_a_value_that_is_used_twice_a_kink_and_a_chain_with_signs():
    z = bl.parameter(-3.0, name="z")
    y = (z * z).named("y")
    run = bl.trace((bl.relu(y - 9.0).named("r") + y * -2.0).named("L"))
    assert (
        str(run.explain("z"))
        == """\
z = -3, a trainable parameter

∂L/∂z = 12
  through y = z · z, by its 1st argument
    local     ∂y/∂z = z = -3    of a product: the other factor
    upstream  ∂L/∂y = -2
    -3 · (-2) = 6
  through y = z · z, by its 2nd argument
    local     ∂y/∂z = z = -3
    upstream  ∂L/∂y = -2
    -3 · (-2) = 6
  sum: 6 + 6 = 12

upstream, from L back
  ∂L/∂L = 1
  ∂L/∂%4 = 1 · 1 = 1    L = r + %4
  ∂L/∂r = 1 · 1 = 1    L = r + %4
  ∂L/∂%2 = 0 · 1 = 0    r = max(0, %2)
  ∂L/∂y = 1 · 0 + (-2) · 1 = -2    %2 = y - 9; %4 = y · -2""".replace("· -2", "· (-2)")
    )
    assert str(run.explain("%2")).splitlines()[-2:] == [
        "note: %2 stands on a kink of relu (%2 = 0: any slope from 0 to 1); the slope",
        "    taken here is 0",
    ]


def test_what_is_left_out_is_summed_up():
    w = bl.parameter(1.0, name="w", dtype="float64")
    many = bl.constant([3.0, -20.0, 1.0, 7.0, -2.0, 4.0, 11.0, 5.0, -6.0, 8.0, 9.0], dtype="float64")
    told = str(bl.trace(bl.sum((w * many).named("z"))).explain("w")).splitlines()
    assert told[-2:] == [
        "  and through 3 smaller ones, together 2",
        "  sum: -20 + 11 + 9 + 8 + 7 - 6 + 5 + 4 + 2 = 20",
    ]
    label = bl.constant([0.0, 0.0, 0.0, 2.0, 0.0, 0.0])
    told = str(bl.trace(bl.sum((bl.parameter(1.0, name="w") * label).named("z"))).explain("w")).splitlines()
    assert told[-1] == "  and through 5 more, together 0"
    summed = str(bl.trace(bl.sum(bl.parameter([0.0, 1.0] + [0.0] * 9, name="w")).named("s")).explain("s")).splitlines()
    assert summed[:4] == ["s = 1, computed by sum", "  s = sum of w", "    w[1] = 1", "    and 10 more, together 0"]


def test_where_nothing_comes_back_it_is_said():
    x, W = bl.input("x", shape=(2, 2)), bl.parameter([[1.0], [2.0]], name="W")
    run = bl.trace(bl.sum(x @ W).named("L"), {"x": [[0.0, 1.0], [0.0, 3.0]]})
    assert str(run.explain("W[0,0]")).splitlines()[2:4] == [
        "∂L/∂W[0,0] = 0",
        "  nothing comes back: every local derivative is 0 here",
    ]
    gate = bl.trace(bl.cast(bl.parameter(1.0, name="z") > 0.0, "float32").named("a")).explain("z")
    assert "  nothing comes back: every local derivative is 0 here" in str(gate).splitlines()


def test_an_array_that_goes_many_ways():
    x = bl.parameter([1.0, 2.0], name="x")
    total = bl.sum(x)
    for factor in range(2, 12):
        total = total + bl.sum(x * float(factor))
    assert "  and through 3 more" in str(bl.trace(total).explain("x")).splitlines()


def part(product, consumer="f", rule="r", local=1.0):
    return Contribution(consumer, "x", "", local, product / local if local else 0.0, product, rule)


def test_a_rule_is_cited_once_and_below_where_there_is_no_room():
    told = Explanation("x", "an input", "f", 1.0, 2.0, 3.0, contributions=(part(1.0), part(2.0)))
    text = explanation_text(told)
    assert text.count("    r") == 1
    long = Explanation("x", "an input", "f", 1.0, 2.0, 1.0, contributions=(part(1.0, rule="r " * 30 + "end"),))
    lines = explanation_text(long).splitlines()
    place = next(i for i, line in enumerate(lines) if "local" in line)
    assert lines[place] == "    local     ∂f/∂x = 1"
    assert lines[place + 1].startswith("              r r r")
    assert too_wide(explanation_text(long)) == []


def test_a_link_of_a_chain_with_several_factors():
    chain = (ChainLink("L", (), 1.0, "", ""), ChainLink("b", ((-2.0, -3.0), (-1.0, 4.0)), 2.0, "c = b; L = c · b", "r"))
    told = Explanation("a", "an input", "L", 1.0, 2.0, 3.0, chain=chain)
    assert explanation_text(told).splitlines()[-2:] == [
        "  ∂L/∂L = 1",
        "  ∂L/∂b = -2 · (-3) + (-1) · 4 = 2    c = b; L = c · b",
    ]


def test_boxes_are_told_once_in_one_sentence():
    places = (("0", ("%1",)), ("1.box", ("%2", "%3")), ("2", ("%4", "%5", "%6")))
    told = Explanation("x", "an input", "f", 1.0, 2.0, None, places=places)
    assert explanation_text(told).splitlines()[-1] == "(%1 stands in 0, %2 and %3 in 1.box, %4, %5 and %6 in 2)"
    several = Explanation("x", "an input", "f", 1.0, 2.0, None, places=places[1:])
    assert explanation_text(several).splitlines()[-1] == "(%2 and %3 stand in 1.box, %4, %5 and %6 in 2)"


def path(*factors, names=None):
    product = float(np.prod(factors))
    return InfluencePath(
        names or tuple(f"n{i}" for i in range(len(factors) + 1)), factors, product, (0,) * len(factors)
    )


SUM = "\n  together 3 of the 7"
TWO, HUGE, LONG = "\n  n0 → n1    2", "about 10^1505", " → ".join(f"n{i}" for i in range(10))


@pytest.mark.parametrize(
    ("paths", "text"),
    [
        (Paths("x", "y", (path(2.0),), 2.0, 1), "1 path from x to y: ∂y/∂x = 2\n  n0 → n1    2"),
        (
            Paths("x", "y", (path(-2.0, -3.0), path(1.0)), 7.0, 2),
            "2 paths from x to y: ∂y/∂x = 7\n  n0 → n1 → n2    -2 · (-3) = 6\n  n0 → n1    1",
        ),
        (
            Paths("x", "y", (path(2.0),), 7.0, 4096),
            f"the strongest 1 of 4,096 paths from x to y: ∂y/∂x = 7{TWO}\n  together 2 of the 7 over 4,096 paths",
        ),
        (
            Paths("x", "y", (path(2.0),), 7.0, 2**5000),
            f"the strongest 1 of {HUGE} paths from x to y: ∂y/∂x = 7{TWO}\n  together 2 of the 7 over {HUGE} paths",
        ),
        (
            Paths("x", "y", (path(2.0), path(1.0)), 7.0, None),
            f"the strongest 2 of all paths from x to y: ∂y/∂x = 7{TWO}\n  n0 → n1    1{SUM} over all paths",
        ),
        (Paths("x", "y", (path(2.0),), None, None), "the strongest 1 of all paths from x to y\n  n0 → n1    2"),
        (Paths("x", "y", (), 0.0, 0), "0 paths from x to y: ∂y/∂x = 0"),
        (Paths("x", "y", (), 0.0, None), "no path from x to y passes anything by itself: ∂y/∂x = 0"),
        (
            Paths("x", "y", (path(1.0, 1.0, -2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5),), -1.0, 1),
            f"1 path from x to y: ∂y/∂x = -1\n  {LONG}    -2 · 0.5 = -1\n  (factors of 1 are left out)",
        ),
        (
            Paths("x", "y", (path(*[1.0] * 9),), 1.0, 1),
            f"1 path from x to y: ∂y/∂x = 1\n  {LONG}    1\n  (factors of 1 are left out)",
        ),
        (
            Paths("x", "y", (path(2.0),), 2.0, 1, (("box", ("%1",)),)),
            "1 path from x to y: ∂y/∂x = 2\n  n0 → n1    2\n\n(%1 stands in box)",
        ),
    ],
)
def test_paths_word_for_word(paths, text):
    assert paths_text(paths) == text


def test_a_long_path_has_its_product_on_a_line_of_its_own():
    long = path(0.151531, -0.190397, 0.379299, names=tuple(f"layer{i}.activation[0,{i}]" for i in range(4)))
    lines = paths_text(Paths("x", "y", (long,), 1.0, 1)).splitlines()
    assert lines[-1] == "      0.151531 · (-0.190397) · 0.379299 = -0.0109432"
    assert too_wide("\n".join(lines)) == []


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Step(1, "forward", "f", "x · w", "3 · 4", 12.0), "1 forward   f = x · w = 3 · 4 = 12"),
        (Step(12, "forward", "f", "x", "3", 3.0), "12 forward  f = x = 3"),
        (
            Step(2, "forward", "f", "x @ w", "", Summary((2,), 1.0, 0.5, 0.0, 1.0)),
            "2 forward   f = x @ w = [2], norm 1, mean 0.5, from 0 to 1",
        ),
        (
            Step(3, "backward", "t", "∂f/∂t", "", -2.0, flows=(BackwardFlow("z", "1 - t²", -2.0, "r"),)),
            "3 backward  ∂f/∂t = -2\n    to z  (1 - t²) · (-2) = -2    r",
        ),
        (
            Step(
                *(4, "backward", "s", "∂f/∂s", "", 1.0),
                flows=(BackwardFlow("w", "", Summary((2,), 1.0, 0.5, 0.0, 1.0), "r"),),
            ),
            "4 backward  ∂f/∂s = 1\n    to w  its share: [2], norm 1, mean 0.5, from 0 to 1    r",
        ),
        (Step(5, "update", "w", "w", "", 2.0, 1.0), "5 update    w: 1 → 2"),
        (Step(5, "update", "w", "w - g", "1 - (-1)", 2.0, 1.0), "5 update    w: 1 → 2    by w - g = 1 - (-1)"),
    ],
)
def test_steps_word_for_word(step, text):
    assert step_text(step) == text


def everything(run, rng, most=2):
    """Every text of a run."""
    for record in run.nodes:
        yield run.explain(record.node)
        for element in elements(record.node, rng, most=most):
            yield run.explain(record.node, element)
            if is_floating(record.node.dtype):
                yield run.nudge(record.node, -0.25, element)
        if is_floating(record.node.dtype):
            yield run.nudge(record.node, 0.5)
    yield from run.steps
    for parameter in run.updates:
        yield run.explain(parameter)


@given(graphs(), st.integers(0, 2**32 - 1))
def test_no_line_of_any_graph_is_wider_than_80_columns(graph, seed):
    run = traced(graph)
    for text in everything(run, np.random.default_rng(seed)):
        assert too_wide(text) == []


def digit_net():
    model = bl.nn.Sequential(bl.nn.Linear(64, 30, rng=0), bl.nn.ReLU(), bl.nn.Linear(30, 10, rng=1))
    x, y = bl.input("pixels", shape=(8, 64)), bl.input("labels", shape=(8,), dtype="int64")
    loss = bl.losses.cross_entropy(model(x), y)
    rng = np.random.default_rng(0)
    updates = bl.optim.Adam(1e-3, clip_norm=1.0).updates(loss, model.parameters())
    return bl.trace(loss, {"pixels": rng.random((8, 64)), "labels": rng.integers(0, 10, 8)}, updates=updates)


def recurrent():
    rng = np.random.default_rng(0)
    x, h, c = bl.input("x", shape=(1, 2)), bl.input("h", shape=(1, 3)), bl.input("c", shape=(1, 3))
    shapes = {"input_weight": (2, 12), "hidden_weight": (3, 12), "bias": (12,)}
    weights = [bl.parameter(rng.normal(size=shape), name=name) for name, shape in shapes.items()]
    with bl.scope("a_cell_with_a_long_name"):
        hidden, memory = bl.nn.lstm_cell(x, h, c, *weights)
    loss = bl.sum(hidden * memory)
    return bl.trace(loss, {"x": [[0.5, -1.0]], "h": [[0.1, 0.2, 0.3]], "c": [[1.0, -1.0, 0.5]]})


def strange_names():
    x, w = bl.input("the input of the net"), bl.parameter(2.0, name="Gewicht θ₁ der ersten Schicht ✓ 重み")
    y = (bl.tanh((x * w).named("a sum · of + signs")) * bl.parameter(3.0, name="n" * 120)).named("loss & more")
    return bl.trace(y, {x: 0.5}, updates={w: w - 0.1 * bl.grad(y, w)})


def not_finite():
    x = bl.parameter([0.0, np.nan, np.inf, -1.0], name="x")
    return bl.trace(bl.sum(bl.log(x) * bl.sqrt(x) / x))


@pytest.mark.parametrize("build", [digit_net, recurrent, strange_names, not_finite])
def test_no_line_of_a_net_is_wider_than_80_columns(build):
    run, rng = build(), np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts = list(everything(run, rng))
        for leaf in (record for record in run.nodes if is_floating(record.node.dtype) and not record.edges_in):
            for element in elements(leaf.node, rng, most=1):
                place = f"{leaf.name}[{','.join(map(str, element))}]" if element else leaf.name
                texts.append(run.paths(place, strongest=3))
    for text in texts:
        assert too_wide(text) == []
        assert not any(line != line.rstrip() for line in str(text).splitlines())
