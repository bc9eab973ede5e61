"""Update rules, told: each line is computed by its own formula, and the last one is the new value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.explain import Summary
from backlit.explain.narration.rules import update_lines
from harness.formulas import calculate
from harness.traces import counted

OPTIMISERS = {
    "sgd": lambda **clip: bl.optim.SGD(0.1, **clip),
    "momentum": lambda **clip: bl.optim.SGD(0.1, momentum=0.9, **clip),
    "nesterov": lambda **clip: bl.optim.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01, **clip),
    "adam": lambda **clip: bl.optim.Adam(0.01, **clip),
    "adam with decay": lambda **clip: bl.optim.Adam(0.01, weight_decay=0.1, **clip),
    "adamw": lambda **clip: bl.optim.AdamW(0.01, **clip),
    "adam without memory": lambda **clip: bl.optim.Adam(0.01, beta1=0.0, beta2=0.0, **clip),
    "rmsprop": lambda **clip: bl.optim.RMSprop(0.01, **clip),
    "adagrad": lambda **clip: bl.optim.Adagrad(0.5, **clip),
    "cosine": lambda **clip: bl.optim.SGD(bl.optim.CosineDecay(0.1, 100), **clip),
    "exponential": lambda **clip: bl.optim.Adam(bl.optim.ExponentialDecay(0.1, 0.5, 10), **clip),
    "inverse time": lambda **clip: bl.optim.SGD(bl.optim.InverseTimeDecay(0.1, 0.5), **clip),
    "steps": lambda **clip: bl.optim.SGD(bl.optim.StepDecay(0.1, 0.5, 3), **clip),
    "warmup": lambda **clip: bl.optim.SGD(bl.optim.Warmup(5, 0.1), **clip),
}
CLIPS = {"free": {}, "norm": {"clip_norm": 1.0}, "value": {"clip_value": 0.5}}


def updated(optimiser, steps=0, dtype="float64"):
    """A step of an optimiser on a matrix, a vector and a number, after some steps of training."""
    rng = np.random.default_rng(0)
    with bl.precision(dtype):
        x = bl.input("x", shape=(2, 3))
        parameters = {n: bl.parameter(rng.normal(size=s), name=n) for n, s in [("W", (3, 2)), ("b", (2,)), ("c", ())]}
        W, b, c = parameters.values()
        loss = bl.mean(bl.square(bl.tanh(x @ W + b) - c)).named("L")
        updates = optimiser.updates(loss, parameters)
    at = {"x": rng.normal(size=(2, 3))}
    step = bl.compile([x], loss, updates=updates, engine="reference")
    for _ in range(steps):
        step(at["x"])
    return bl.trace(loss, at, updates=updates)


def check(run, parameter, element):
    """Every line is what its numbers are computed to, and what its names stand for; the last is the new value."""
    lines = update_lines(run, parameter, element)
    new = run.whole(run.updates[parameter])
    expected = new if element is None and parameter.shape else float(new[element or ()])
    assert lines[-1].name == run.name(parameter, element)
    if isinstance(lines[-1].value, Summary):
        assert lines[-1].value == Summary.of(expected)
    else:
        assert lines[-1].value == expected
    names = [line.name for line in lines]
    assert len(set(names)) == len(names)
    for line in lines:
        if isinstance(line.value, Summary):
            assert line.numbers == ""
            continue
        assert calculate(line.numbers) == pytest.approx(line.value, rel=1e-4, abs=1e-7), line
    for number, line in enumerate(lines[:-1]):
        assert any(line.name in later.formula for later in lines[number + 1 :]), f"{line.name} is told, and not used"


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_line_of_every_rule_is_true(name, clip, steps):
    run = updated(OPTIMISERS[name](**CLIPS[clip]), steps)
    for parameter in run.updates:
        check(run, parameter, (parameter.shape and tuple(n - 1 for n in parameter.shape)) or ())
        if parameter.shape:
            check(run, parameter, None)


@pytest.mark.parametrize("name", ["adam", "momentum"])
def test_in_float32_too(name):
    run = updated(OPTIMISERS[name](clip_norm=1.0), 2, dtype="float32")
    for parameter in run.updates:
        check(run, parameter, tuple(0 for _ in parameter.shape))


def told(optimiser, parameter, element=(), steps=0):
    run = updated(optimiser, steps)
    return [(line.name, line.formula) for line in update_lines(run, run.graph[parameter], element)]


def test_gradient_descent_in_the_words_of_the_lecture():
    assert told(bl.optim.SGD(0.1), "c") == [("c", "c - 0.1 · ∂L/∂c")]
    assert told(bl.optim.SGD(0.1), "W", (2, 1)) == [("W[2,1]", "W[2,1] - 0.1 · ∂L/∂W[2,1]")]
    assert told(bl.optim.SGD(0.1), "W", None) == [("W", "W - 0.1 · ∂L/∂W")]


def test_momentum_is_told_in_one_line_with_parentheses_where_they_bind():
    assert told(bl.optim.SGD(0.1, momentum=0.9), "c") == [("c", "c - 0.1 · (0.9 · c.momentum + ∂L/∂c)")]
    assert told(bl.optim.SGD(0.1, momentum=0.9), "c.momentum") == [("c.momentum", "0.9 · c.momentum + ∂L/∂c")]


def test_adam_is_told_as_it_was_published():
    assert told(bl.optim.Adam(0.01), "c") == [
        ("s1", "√(1 - 0.999^(step + 1))"),
        ("s2", "√(0.999 · c.second_moment + 0.001 · (∂L/∂c)²) + 1e-08 · s1"),
        ("s3", "0.01 · s1 / (1 - 0.9^(step + 1)) · (0.9 · c.first_moment + 0.1 · ∂L/∂c) / s2"),
        ("c", "c - s3"),
    ]
    assert told(bl.optim.Adam(0.01), "step") == [("step", "step + 1")]


def test_the_norm_of_all_gradients_speaks_of_whole_arrays():
    run = updated(bl.optim.SGD(0.1, clip_norm=1e-3))
    norm, last = update_lines(run, run.graph["W"], (0, 1))
    assert norm.formula == "max(√(sum of (∂L/∂W)² + sum of (∂L/∂b)² + (∂L/∂c)²), 0.001)"
    assert norm.value == pytest.approx(math.sqrt(sum(np.sum(run.gradient(name) ** 2) for name in "Wbc")), rel=1e-12)
    assert last.formula == "W[0,1] - 0.1 · ∂L/∂W[0,1] · 0.001 / s1"


def test_a_long_sum_is_told_by_its_ends():
    parameters = [bl.parameter(float(i), name=f"w{i}") for i in range(20)]
    loss = bl.square(sum((p * float(i + 1) for i, p in enumerate(parameters)), bl.constant(0.0))).named("L")
    run = bl.trace(loss, updates=bl.optim.SGD(0.1, clip_norm=1.0).updates(loss, parameters))
    lines = update_lines(run, parameters[3], ())
    assert [line.formula for line in lines] == [
        "max(√((∂L/∂w0)² + (∂L/∂w1)² + … + (∂L/∂w19)²), 1)",
        "w3 - 0.1 · ∂L/∂w3 · 1 / s1",
    ]
    assert len(lines[0].numbers.split(" + … + ")) == 2


def test_equal_gradients_are_told_apart():
    """θ1 and θ2 have the same gradient, node for node: each square of the norm is that of one of them."""
    one, two, x = bl.parameter(1.0, name="θ1"), bl.parameter(2.0, name="θ2"), bl.input("x")
    loss = (one * x + two * x).named("L")
    run = bl.trace(loss, {"x": 3.0}, updates=bl.optim.SGD(0.1, clip_norm=1.0).updates(loss, [one, two]))
    for parameter in (one, two):
        lines = update_lines(run, parameter, ())
        text = " ".join(line.formula for line in lines)
        assert "√((∂L/∂θ1)² + (∂L/∂θ2)²)" in text
        assert f"0.1 · ∂L/∂{parameter.name} · 1 / max" in text


def test_a_gradient_of_1_is_still_a_gradient():
    θ = bl.parameter(1.0, name="θ3")
    loss = (bl.input("f3") + θ).named("f4")
    run = bl.trace(loss, {"f3": 2.0}, updates=bl.optim.SGD(0.1).updates(loss, [θ]))
    (line,) = update_lines(run, θ, ())
    assert (line.formula, line.numbers) == ("θ3 - 0.1 · ∂f4/∂θ3", "1 - 0.1 · 1")


def test_a_rule_of_ones_own_is_told_as_it_was_written():
    θ, x = bl.parameter(3.0, name="θ"), bl.input("x")
    loss = (θ * x + θ * θ * x * x).named("L")
    slope = (x + 2.0 * θ * x * x).named("by_hand")
    run = bl.trace(loss, {"x": -2.0}, updates={θ: θ - 0.1 * slope})
    assert [(line.name, line.formula, line.numbers) for line in update_lines(run, θ, ())] == [
        ("by_hand", "x + 2 · θ · x · x", "-2 + 2 · 3 · (-2) · (-2)"),
        ("θ", "θ - 0.1 · by_hand", "3 - 0.1 · 22"),
    ]


def test_a_gradient_built_in_another_way_is_known_by_its_numbers():
    """As under other slopes at kinks, where it is not the node that the trace built."""
    θ = bl.parameter(0.5, name="θ")
    loss = bl.relu(θ * 2.0).named("L")
    with bl.subgradients(relu=0.5):
        gradient = bl.grad(loss, θ)
    run = bl.trace(loss, updates={θ: θ - 0.1 * gradient})
    assert [line.formula for line in update_lines(run, θ, ())] == ["θ - 0.1 · ∂L/∂θ"]


def test_a_new_value_that_is_no_formula():
    θ, x = bl.parameter([1.0, 2.0], name="θ"), bl.input("x", shape=(2,))
    loss = bl.sum(θ * x).named("L")
    run = bl.trace(loss, {"x": [5.0, 6.0]}, updates={θ: x})
    assert [(line.name, line.formula, line.numbers, line.value) for line in update_lines(run, θ, (1,))] == [
        ("θ[1]", "x[1]", "6", 6.0)
    ]
    assert update_lines(run, θ, None)[0].formula == "x"
    to_gradient = bl.trace(loss, {"x": [5.0, 6.0]}, updates={θ: bl.grad(loss, θ)})
    assert update_lines(to_gradient, θ, (0,))[0].formula == "∂L/∂θ[0]"


def test_what_the_step_does_not_change_has_no_lines():
    run = updated(bl.optim.SGD(0.1))
    θ = bl.parameter(1.0, name="other")
    assert update_lines(run, θ, ()) == ()
    assert bl.trace((θ * θ).named("L")).explain("other").update == ()


def test_a_name_that_is_taken_is_not_given_to_a_line():
    s1, θ = bl.parameter(2.0, name="s1"), bl.parameter(1.0, name="θ")
    loss = (s1 * θ).named("L")
    share = bl.grad(loss, θ) + s1
    run = bl.trace(loss, updates={θ: θ - share * share})
    assert [line.name for line in update_lines(run, θ, ())] == ["s2", "θ"]


LEAVES = st.sampled_from(["a", "b", "c"])


@st.composite
def formulas(draw, depth=4):
    """A formula of numbers, as a function that builds it and as one that computes it."""
    if depth == 0 or (depth < 3 and draw(st.booleans())):
        name = draw(LEAVES)
        return lambda nodes: nodes[name], lambda values: values[name]
    x, fx = draw(formulas(depth - 1))
    kind = draw(st.sampled_from(["neg", "square", "pow", "exp", "expm1", "add", "sub", "mul", "div", "max", "where"]))
    y, fy = draw(formulas(depth - 1)) if kind in ("add", "sub", "mul", "div", "max", "where") else (None, None)
    return {
        "neg": (lambda n: -x(n), lambda v: -fx(v)),
        "square": (lambda n: bl.square(x(n)), lambda v: fx(v) ** 2),
        "pow": (lambda n: bl.tanh(x(n)) ** 2.0, lambda v: math.tanh(fx(v)) ** 2),
        "exp": (lambda n: bl.exp(bl.sin(x(n))), lambda v: math.exp(math.sin(fx(v)))),
        "expm1": (lambda n: -bl.expm1(bl.sin(x(n))), lambda v: 1 - math.exp(math.sin(fx(v)))),
        "add": (lambda n: x(n) + y(n), lambda v: fx(v) + fy(v)),
        "sub": (lambda n: x(n) - y(n), lambda v: fx(v) - fy(v)),
        "mul": (lambda n: x(n) * y(n), lambda v: fx(v) * fy(v)),
        "div": (lambda n: x(n) / (2.0 + bl.sin(y(n))), lambda v: fx(v) / (2.0 + math.sin(fy(v)))),
        "max": (lambda n: bl.maximum(x(n), y(n)), lambda v: max(fx(v), fy(v))),
        "where": (lambda n: bl.where(x(n) > y(n), y(n), x(n)), lambda v: min(fx(v), fy(v))),
    }[kind]


@given(formulas(), st.lists(st.integers(-3, 3), min_size=3, max_size=3))
def test_formulas_bind_as_they_were_built(formula, numbers):
    """Whole numbers at the leaves, so that no digit is lost: the lines, computed one after another, give the value."""
    build, compute = formula
    values = dict(zip("abc", map(float, numbers), strict=True))
    with bl.precision("float64"):
        nodes = {name: bl.parameter(value, name=name) for name, value in values.items()}
        θ = bl.parameter(0.0, name="θ")
        run = bl.trace(bl.constant(0.0) * θ * 1.0, updates={θ: build(nodes)})
    lines = update_lines(run, θ, ())
    assert lines[-1].value == pytest.approx(compute(values), rel=1e-9, abs=1e-9)
    known = dict(values)
    for line in lines:
        known[line.name] = calculate(line.formula.replace("∂", ""), **known)
    assert known["θ"] == pytest.approx(lines[-1].value, rel=1e-5, abs=1e-9), [line.formula for line in lines]
    assert all(len(line.formula) < 200 for line in lines)


@pytest.mark.parametrize(
    ("build", "formula"),
    [
        (lambda a, b, c: a - (b - c), "a - (b - c)"),
        (lambda a, b, c: a - b - c, "a - b - c"),
        (lambda a, b, c: a / (b / c), "a / (b / c)"),
        (lambda a, b, c: a * (b + c), "a · (b + c)"),
        (lambda a, b, c: (a + b) * c, "(a + b) · c"),
        (lambda a, b, c: -(a + b) * c, "-(a + b) · c"),
        (lambda a, b, c: a - (-b), "a - (-b)"),
        (lambda a, b, c: (a**b) ** c, "(a^b)^c"),
        (lambda a, b, c: a ** (b**c), "a^(b^c)"),
        (lambda a, b, c: (a * b) ** c, "(a · b)^c"),
        (lambda a, b, c: (-a) ** c, "(-a)^c"),
        (lambda a, b, c: -(a**c), "-a^c"),
        (lambda a, b, c: bl.square(a + b) * c, None),
        (lambda a, b, c: bl.where(a > b, a, b) + c, "(a if a > b else b) + c"),
        (lambda a, b, c: bl.where(a > b, bl.where(b > c, a, b), c), "(a if b > c else b) if a > b else c"),
        (lambda a, b, c: bl.cast(a > b + c, "float64") * c, "(a > b + c) · c"),
        (lambda a, b, c: bl.cast((a > b) & ~(b > c), "float64"), "(a > b) and (not (b > c))"),
        (lambda a, b, c: bl.abs(a - b) * bl.floor(a / c), "|a - b| · ⌊a / c⌋"),
        (lambda a, b, c: bl.round(a - b) * c, "((a - b) rounded) · c"),
        (lambda a, b, c: bl.maximum(bl.where(a > b, a, b), c), "max(a if a > b else b, c)"),
        (lambda a, b, c: c * bl.where(a > b, a, b), "c · (a if a > b else b)"),
        (lambda a, b, c: 2.0 * bl.exp((b + 1.0) * math.log(0.25)), "2 · 0.25^(b + 1)"),
        (lambda a, b, c: -bl.expm1(math.log(0.25) * b) / c, "(1 - 0.25^b) / c"),
        (lambda a, b, c: bl.exp(b * 3.0), "exp(b · 3)"),
        (lambda a, b, c: bl.expm1(a) * b, "(exp(a) - 1) · b"),
    ],
)
def test_parentheses_stand_where_they_bind_and_nowhere_else(build, formula):
    with bl.precision("float64"):
        a, b, c = (bl.parameter(v, name=n) for n, v in zip("abc", (2.0, 3.0, 4.0), strict=True))
        θ = bl.parameter(0.0, name="θ")
        run = bl.trace(θ * 2.0, updates={θ: build(a, b, c)})
    lines = update_lines(run, θ, ())
    if formula is None:
        assert [line.formula for line in lines] == ["a + b", "s1² · c"]
    else:
        assert [line.formula for line in lines] == [formula]
    known = {"a": 2.0, "b": 3.0, "c": 4.0, "θ": 0.0}
    for line in lines:
        known[line.name] = calculate(line.formula, **known)
    assert known["θ"] == pytest.approx(float(run.whole(run.updates[θ])), rel=1e-12)


def test_the_lines_of_all_parameters_cost_no_more_than_a_few_steps():
    """A norm over the gradients of many parameters is computed once a question, not once a parameter of it."""

    def operations(count):
        parameters = [bl.parameter(float(i), name=f"w{i}") for i in range(count)]
        loss = bl.square(sum((p * 2.0 for p in parameters), bl.constant(0.0)))
        run = bl.trace(loss, updates=bl.optim.SGD(0.1, clip_norm=1.0).updates(loss, parameters))
        with counted() as cost:
            update_lines(run, parameters[0], ())
        assert cost.calls <= 3
        return cost.operations

    few, many = (operations(count) for count in (20, 40))
    assert many <= 2.2 * few
