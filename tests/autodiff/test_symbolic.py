"""Symbolic differentiation: equal to reverse mode on every op and on random graphs, readable, and an end to swell."""

import itertools
import sys
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import given, settings

import backlit as bl
from backlit.autodiff import reverse
from backlit.autodiff.symbolic import LARGEST_SOURCE, LONGEST_SEARCHED, symbolic_derivative
from backlit.autodiff.symbolic_forms import LONGEST_FORM
from backlit.errors import (
    ArgumentError,
    BindingError,
    DifferentiationError,
    DisconnectedError,
    DTypeError,
    MissingExtraError,
    NotScalarError,
)
from backlit.graph import topological_order
from backlit.graph.subgradients import PRESETS
from harness.graphs import graphs
from harness.samples import cases

SMOOTH = [
    pytest.param(case, id=str(case))
    for case in cases(("float64",))
    if case.drawn and case.op.differentiable and case.op(*case.nodes(), **case.sample.attributes).size
]


@pytest.fixture(autouse=True)
def _float64():
    with bl.precision("float64"):
        yield


def assert_derivative(loss, source, point):
    """As derived and as simplified, it is the gradient of reverse mode to nine digits, and nothing is left open."""
    derivative = symbolic_derivative(loss, source)
    for element in np.asarray(derivative.expression, dtype=object).flat:
        assert not element.atoms(sympy.DiracDelta, sympy.Derivative, sympy.Subs, sympy.Heaviside)
    want = np.asarray(bl.grad(loss, source).evaluate(point))
    scale = 1e-9 * (1.0 + np.max(np.abs(want), initial=0.0))
    for each in (derivative, replace(derivative, simplified=derivative.expression)):
        got = np.asarray(each.evaluate(point))
        assert got.shape == source.shape
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=scale)


@pytest.mark.parametrize("case", SMOOTH)
def test_the_derivative_of_every_op_is_that_of_reverse_mode(case):
    nodes, arrays = case.nodes(), case.arrays()
    value = case.op(*nodes, **case.sample.attributes)
    weights = np.random.default_rng(case.seed).normal(size=value.shape)
    loss = bl.sum(value * bl.constant(weights))
    for position in case.drawn:
        if nodes[position].size:
            assert_derivative(loss, nodes[position], {nodes[i]: arrays[i] for i in case.drawn})


@settings(max_examples=10)
@given(graph=graphs(most=3))
def test_on_random_graphs_it_is_the_gradient_of_reverse_mode(graph):
    with bl.precision("float64"):
        output = graph.outputs[0]
        loss = bl.sum(output * bl.constant(np.linspace(-1.0, 1.0, output.size).reshape(output.shape)))
    path = set(topological_order([loss]))
    point = {leaf: value for leaf, value in graph.values.items() if leaf in path}
    for source in path.intersection(graph.sources):
        with np.errstate(all="ignore"):
            assert_derivative(loss, source, point)


KINKS = {
    "relu": (bl.relu, [0.0]),
    "abs": (bl.abs, [0.0]),
    "maximum": (bl.maximum, [1.0, 1.0]),
    "minimum": (bl.minimum, [1.0, 1.0]),
    "clip at the lower bound": (bl.clip, [1.0, 1.0, 2.0]),
    "clip at the upper bound": (bl.clip, [2.0, 1.0, 2.0]),
    "clip where the bounds meet": (bl.clip, [1.0, 1.0, 1.0]),
    "clip where the bounds cross": (bl.clip, [1.0, 2.0, 1.0]),
    "max": (lambda *x: bl.max(bl.stack(x)), [2.0, 1.0, 2.0]),
    "min": (lambda *x: bl.min(bl.stack(x)), [1.0, 2.0, 1.0]),
    "sign": (lambda x: bl.sign(x) * x, [0.0]),
    "floor": (lambda x: bl.floor(x) * x, [2.0]),
}
ODD = {"relu": 0.25, "abs": -0.5, "maximum": 0.75, "clip": 0.125, "max": "first"}


@pytest.mark.parametrize("choice", [*PRESETS, "odd"])
@pytest.mark.parametrize("kink", KINKS)
def test_at_a_kink_it_takes_the_subgradient_in_force(kink, choice):
    function, values = KINKS[kink]
    nodes = [bl.input(f"x{i}") for i in range(len(values))]
    point = dict(zip(nodes, values, strict=True))
    with bl.subgradients("" if choice == "odd" else choice, **(ODD if choice == "odd" else {})):
        loss = function(*nodes) * 1.0
        for node in nodes:
            assert_derivative(loss, node, point)


def test_it_shares_nothing_with_reverse_mode(monkeypatch):
    def broken(*_):
        raise AssertionError("reverse mode was asked")

    monkeypatch.setattr(reverse, "contribution", broken)
    monkeypatch.setattr(reverse, "backpropagate", broken)
    x = bl.input("x")
    assert symbolic_derivative(bl.tanh(x) * bl.relu(x), x).evaluate({"x": 0.5}) == pytest.approx(
        np.tanh(0.5) + 0.5 / np.cosh(0.5) ** 2
    )


# --------------------------------------------------------------------------------------------- the lectures' formulas


def test_T2_the_polynomial():
    x, θ = bl.input("x"), bl.parameter(3.0, name="θ")
    derivative = symbolic_derivative((θ * x + bl.square(θ) * bl.square(x)).named("L"), θ)
    assert derivative.text == "2 · θ · x² + x"
    assert derivative.latex == r"2 \theta x^{2} + x"
    assert str(derivative) == "∂L/∂θ = 2 · θ · x² + x\n  4 operations"
    assert derivative.evaluate({"x": -2.0}) == 22.0
    assert derivative.evaluate({"x": -2.0, "θ": 0.25}) == 0.0, "the minimum"


def neuron():
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(v, name=n) for n, v in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    return bl.sigmoid((x1 * θ1 + x2 * θ2) + θ3).named("f"), (θ1, θ2, θ3, x1, x2)


def test_N1_the_neuron():
    f, leaves = neuron()
    assert str(symbolic_derivative(f, leaves[0])).splitlines() == [
        "∂f/∂θ1 = x1 · σ(z) · (1 - σ(z))",
        "  where z = x1 · θ1 + x2 · θ2 + θ3",
        "  13 operations",
    ]
    got = [symbolic_derivative(f, leaf).evaluate({"x1": 3.0, "x2": -2.0}) for leaf in leaves]
    assert got == pytest.approx([0.135530, -0.090353, 0.045177, 0.180707, 0.225883], abs=1e-6)


def test_N1_written_with_an_exponential_is_the_same():
    f, (θ1, θ2, θ3, x1, x2) = neuron()
    written = 1.0 / (1.0 + bl.exp(-(x1 * θ1 + x2 * θ2 + θ3)))
    derivative = symbolic_derivative(written, θ1)
    assert derivative.text == symbolic_derivative(f, θ1).text
    assert derivative.size < derivative.raw_size
    assert derivative.evaluate({"x1": 3e3, "x2": -2.0}) == 0.0, "no overflow"


def regression():
    x, y, w = bl.input("x", (3, 2)), bl.input("y", (3,)), bl.parameter([0.5, -1.0], name="w")
    return x, y, w, {x: [[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]], y: [1.0, -1.0, 2.0]}


def by_hand(derivative, place, formula):
    """Compare an element with a formula written with SymPy's own symbols, as polynomials."""
    symbols = {str(symbol): symbol for symbol in derivative.places}
    assert sympy.expand(derivative.expression[place] - formula(symbols)) == 0


def test_D14_manual_differentiation_of_the_squared_error():
    x, y, w, point = regression()
    loss = bl.sum(bl.square(y - x @ w))
    derivative = symbolic_derivative(loss, w)

    def manual(s, j):
        δ = [s[f"y[{i}]"] - sum(s[f"w[{k}]"] * s[f"x[{i},{k}]"] for k in range(2)) for i in range(3)]
        return -2 * sum(δ[i] * s[f"x[{i},{j}]"] for i in range(3))

    for j in range(2):
        by_hand(derivative, j, lambda s, j=j: manual(s, j))
    assert derivative.text.startswith("[-2 · (x[0,0] · (y[0] - w[0] · x[0,0] - w[1] · x[0,1]) + ")
    assert_derivative(loss, w, point)


def test_D15_manual_differentiation_with_a_sigmoid():
    x, y, w, point = regression()
    loss = bl.sum(bl.square(y - bl.sigmoid((x @ w).named("z")))).named("L")
    derivative = symbolic_derivative(loss, w)
    σ = bl.autodiff.symbolic_functions.vocabulary().sigmoid

    def manual(s, j):
        z = [sum(s[f"w[{k}]"] * s[f"x[{i},{k}]"] for k in range(2)) for i in range(3)]
        return -2 * sum((s[f"y[{i}]"] - σ(z[i])) * σ(z[i]) * (1 - σ(z[i])) * s[f"x[{i},{j}]"] for i in range(3))

    for j in range(2):
        by_hand(derivative, j, lambda s, j=j: manual(s, j))
    lines = str(derivative).splitlines()
    assert "-2 · x[0,0] · σ(z[0]) · (1 - σ(z[0])) · (y[0] - σ(z[0]))" in lines[0]
    assert lines[2] == "  where z[0] = w[0] · x[0,0] + w[1] · x[0,1]"
    assert_derivative(loss, w, point)


def test_G11_G12_the_examples_of_the_third_lecture():
    x1, x2 = bl.input("x1"), bl.input("x2")
    assert symbolic_derivative(x1 * x2 + bl.sin(x1), x1).text == "x2 + cos(x1)"
    w, x = bl.parameter(2.0, name="w"), bl.input("x")
    assert symbolic_derivative(-bl.log(1.0 / (1.0 + bl.exp(-(w * x)))), w).text == "-x · (1 - σ(w · x))"


def test_X13_the_largest_of_three():
    z = bl.input("z", (3,))
    with bl.subgradients("lectures"):
        derivative = symbolic_derivative(bl.max(z), z)
    assert derivative.text.startswith("[[z[0] ≥ z[1] and z[0] ≥ z[2]], ")
    assert derivative.evaluate({"z": [1.0, 2.0, 3.0]}).tolist() == [0.0, 0.0, 1.0]


def test_T9_the_cross_entropy_of_three_scores():
    z, label = bl.input("scores", (1, 3)), bl.constant([0])
    derivative = symbolic_derivative(bl.losses.cross_entropy(z, label), z)
    first = "exp(scores[0,0]) / (exp(scores[0,0]) + exp(scores[0,1]) + exp(scores[0,2])) - 1"
    assert derivative.text.startswith(f"[[{first}, ")
    got = derivative.evaluate({"scores": [[3.2, 5.1, -1.7]]})
    np.testing.assert_allclose(got, [[-0.870017, 0.869050, 0.000968]], atol=1e-6)
    np.testing.assert_allclose(derivative.evaluate({"scores": [[3e4, 5e4, -1.7]]}), [[-1.0, 1.0, 0.0]], atol=0.0)


def test_T18_binary_cross_entropy_leaves_the_error():
    x, t, w = bl.input("x"), bl.input("t"), bl.parameter(2.0, name="w")
    derivative = symbolic_derivative(bl.losses.binary_cross_entropy(w * x, t), w)
    assert derivative.text == "-x · (t - σ(w · x))"


def test_D8_the_width_one_net_reads_as_the_chain_of_the_lecture():
    a = x = bl.input("x")
    weights = [bl.parameter(0.5, name=f"w{i + 1}") for i in range(5)]
    for i, w in enumerate(weights):
        a = bl.sigmoid((w * a).named(f"z{i + 1}"))
    lines = str(symbolic_derivative(a.named("y"), weights[0])).splitlines()
    factors = [*(f"w{i}" for i in range(2, 6)), "x", *(f"σ(z{i})" for i in range(1, 6))]
    assert lines[0] == "∂y/∂w1 = " + " · ".join([*factors, *(f"(1 - σ(z{i}))" for i in range(1, 6))])
    assert lines[1:6] == ["  where z1 = w1 · x", *(f"  where z{i} = w{i} · σ(z{i - 1})" for i in range(2, 6))]
    assert_derivative(a, weights[0], {x: 0.3})


# ---------------------------------------------------------------------------------------------------- expression swell


def nested(depth):
    y = x = bl.input("x")
    for _ in range(depth):
        y = bl.sigmoid(y)
    return y, x


def test_the_formula_of_a_chain_swells_with_the_square_of_its_depth():
    """Each of n factors σ(u)(1 - σ(u)) writes its argument out: n² + n functions; the graph has 3n nodes."""
    for depth in (1, 2, 6, 12):
        derivative = symbolic_derivative(*nested(depth))
        assert derivative.raw_size == derivative.size == depth * (depth + 1) + 3 * depth - 1
    assert symbolic_derivative(*nested(6)).raw_size == 59


def test_sharing_swells_exponentially():
    """Every step doubles the formula, to which the graph adds two nodes."""
    sizes = []
    for depth in range(2, 9):
        y = x = bl.input("x")
        for _ in range(depth):
            y = y * y + y
        sizes.append(symbolic_derivative(y, x, simplify=False).raw_size)
    assert all(later > 2 * earlier for earlier, later in itertools.pairwise(sizes))


def test_a_derivative_that_would_be_too_long_is_refused():
    y = x = bl.input("x")
    for _ in range(8):
        y = bl.tanh(y * y + 1.0) / y
    with pytest.raises(DifferentiationError, match=f"the derivative of .* takes more than {LONGEST_FORM:,}") as caught:
        symbolic_derivative(y, x)
    assert "bl.grad" in caught.value.instead
    assert caught.value.line[0] == __file__


def test_a_derivative_too_deep_for_sympy_is_refused():
    with pytest.raises(DifferentiationError, match="nested too deeply") as caught:
        symbolic_derivative(*nested(400))
    assert "a hundred functions" in caught.value.why


def test_a_hundred_functions_inside_one_another_are_not_too_deep():
    assert symbolic_derivative(*nested(100), simplify=False).raw_size == 100 * 101 + 299


def test_a_long_derivative_is_not_searched_for_shorter_forms():
    x = bl.input("x", (6, 6))
    y = bl.sum(bl.square(x @ x))
    derivative = symbolic_derivative(y, x)
    assert derivative.raw_size == derivative.size > LONGEST_SEARCHED


def test_simplification_can_be_left_out():
    x = bl.input("x")
    f = bl.log(bl.exp(x) / (bl.exp(x) + 1.0))
    derived, short = symbolic_derivative(f, x, simplify=False), symbolic_derivative(f, x)
    assert derived.expression == derived.simplified == short.expression
    assert derived.raw_size == derived.size == short.raw_size > short.size
    assert str(short).splitlines()[-1] == f"  {short.size} operations, {short.raw_size} as derived"


# ---------------------------------------------------------------------------------------------------------- evaluation


def test_values_are_given_by_node_or_by_name_and_parameters_have_their_own():
    x, w = bl.input("x", (2,)), bl.parameter([1.0, 2.0], name="w")
    derivative = symbolic_derivative(bl.sum(bl.exp(w * x)), w)
    want = np.array([0.5, 1.0]) * np.exp([0.5, 2.0])
    for key in (x, "x"):
        np.testing.assert_allclose(derivative.evaluate({key: [0.5, 1.0]}), want, rtol=1e-15)
    w.value = [0.0, 0.0]
    assert derivative.evaluate({x: [0.5, 1.0]}).tolist() == [0.5, 1.0], "the parameter's value now"
    np.testing.assert_allclose(derivative.evaluate({x: [0.5, 1.0], w: [1.0, 2.0]}), want, rtol=1e-15)


def test_only_what_stands_in_the_derivative_needs_a_value():
    x, w = bl.input("x"), bl.parameter(3.0, name="w")
    derivative = symbolic_derivative(w * x, x)
    assert derivative.evaluate() == 3.0
    assert derivative.evaluate({"x": 1.0}) == 3.0
    assert isinstance(derivative.evaluate(), float)


def test_float32_leaves_are_taken_with_all_their_bits():
    with bl.precision("float32"):
        x, w = bl.input("x"), bl.parameter(0.1, name="w")
    got = symbolic_derivative(x * bl.square(w), w).evaluate({"x": 1.0})
    assert got == 2.0 * float(np.float32(0.1))


def test_a_label_may_be_given():
    z, k = bl.input("z", (3,)), bl.input("k", (), "int64")
    derivative = symbolic_derivative(-bl.take(bl.log_softmax(z), k), z)
    for label in range(3):
        got = derivative.evaluate({z: [1.0, 2.0, 3.0], "k": label})
        want = bl.grad(-bl.log_softmax(z)[label], z).evaluate({z: [1.0, 2.0, 3.0]})
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_a_leaf_without_elements_or_without_a_part_in_the_derivative_may_be_given():
    x, nothing = bl.input("x"), bl.input("nothing", (0,))
    derivative = symbolic_derivative(x * x + bl.sum(nothing), x)
    assert derivative.evaluate({x: 2.0, nothing: np.zeros(0)}) == 4.0


def test_at_a_singular_point_it_is_nan():
    x = bl.input("x")
    assert np.isnan(symbolic_derivative(bl.log(x), x).evaluate({x: 0.0}))


def test_a_missing_value_is_named():
    x = bl.input("x")
    with pytest.raises(BindingError, match="no value was given for <input 'x'") as caught:
        symbolic_derivative(x * x, x).evaluate()
    assert 'evaluate({"x": ...})' in caught.value.instead


def test_an_unknown_name_suggests_the_nearest():
    x = bl.input("hours")
    with pytest.raises(BindingError, match=r"'hour', on which nothing depends \(did you mean 'hours'\?\)"):
        symbolic_derivative(x * x, x).evaluate({"hour": 1.0})


def test_a_value_of_the_wrong_shape_is_refused():
    x = bl.input("x", (2,))
    with pytest.raises(BindingError, match=r"<input 'x': float64.2.> received a value of shape \[3\]"):
        symbolic_derivative(bl.sum(x * x), x).evaluate({"x": [1.0, 2.0, 3.0]})


# ------------------------------------------------------------------------------------------------------------ refusals


def test_a_loss_is_a_single_number():
    x = bl.input("x", (2,))
    with pytest.raises(NotScalarError, match=r"<multiply: float64.2.> was asked for") as caught:
        symbolic_derivative(x * 2.0, x)
    assert "bl.mean" in caught.value.instead
    assert caught.value.line[0] == __file__


@pytest.mark.parametrize("swap", [False, True])
def test_only_floats_have_slopes(swap):
    x, k = bl.input("x", (3,)), bl.input("k", (), "int64")
    loss, source = (bl.argmax(x), x) if swap else (bl.cast(k, "float64"), k)
    with pytest.raises(DTypeError, match="has no slope"):
        symbolic_derivative(loss, source)


def test_nodes_are_differentiated_with_respect_to_nodes():
    x = bl.input("x")
    with pytest.raises(DTypeError, match="received 3"):
        symbolic_derivative(x * x, 3)
    with pytest.raises(DTypeError, match="received 'loss'"):
        symbolic_derivative("loss", x)


def test_the_source_is_a_leaf():
    x = bl.input("x")
    y = x * x
    for source in (y, bl.constant(1.0)):
        with pytest.raises(ArgumentError, match="with respect to an input or a parameter; received <") as caught:
            symbolic_derivative(bl.exp(y), source)
    assert "bl.grad" in caught.value.instead


def test_large_sources_are_refused():
    w = bl.parameter(np.ones(LARGEST_SOURCE + 1), name="w")
    with pytest.raises(ArgumentError, match=rf"<parameter 'w'.*> has {LARGEST_SOURCE + 1} elements") as caught:
        symbolic_derivative(bl.sum(w * w), w)
    assert "a formula of its own" in caught.value.why
    small = bl.parameter(np.ones(LARGEST_SOURCE), name="w")
    assert symbolic_derivative(bl.sum(small * small), small).evaluate().tolist() == [2.0] * LARGEST_SOURCE


def test_a_source_without_a_path_is_named():
    x, w = bl.input("x"), bl.parameter(1.0, name="w")
    with pytest.raises(DisconnectedError, match="'loss' does not depend on 'w'") as caught:
        symbolic_derivative((x * 2.0).named("loss"), w)
    assert "this very node" in caught.value.instead


def test_behind_flat_functions_the_derivative_is_zero():
    x = bl.input("x")
    assert symbolic_derivative(bl.floor(x) * 2.0, x).text == "0"
    assert symbolic_derivative(bl.stop_gradient(x) * x, x).text == "x"


def test_a_random_draw_has_no_formula():
    x = bl.input("x")
    with pytest.raises(DifferentiationError, match="has no closed form"):
        symbolic_derivative(x * bl.normal(rng=bl.Generator(0)), x)


def test_without_sympy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    x = bl.input("x")
    with pytest.raises(MissingExtraError, match="needs the package SymPy"):
        symbolic_derivative(x * x, x)


# -------------------------------------------------------------------------------------------------------- how it looks


def test_an_array_is_told_element_by_element():
    w, x = bl.parameter([[1.0, 2.0]], name="W"), bl.input("x")
    derivative = symbolic_derivative(bl.sum(w * w * x), w)
    assert str(derivative).splitlines() == [
        "∂L/∂W[0,0] = 2 · W[0,0] · x",
        "∂L/∂W[0,1] = 2 · W[0,1] · x",
        "  4 operations",
    ]
    assert derivative.text == "[[2 · W[0,0] · x, 2 · W[0,1] · x]]"
    assert derivative.latex == r"\begin{bmatrix} 2 W_{0,0} x & 2 W_{0,1} x \end{bmatrix}"
    assert derivative.expression.shape == (1, 2)


def test_one_operation_is_singular_and_a_nameless_source_has_a_name():
    p, x = bl.parameter(1.0), bl.input("x")
    assert str(symbolic_derivative(p * bl.sin(x), p)) == "∂L/∂p1 = sin(x)\n  1 operation"
    assert repr(symbolic_derivative(p * x, x)).startswith("<symbolic derivative of <multiply: float64[]>")


def test_a_long_derivative_is_printed_without_names_for_its_parts():
    derivative = symbolic_derivative(*nested(30))
    lines = str(derivative).splitlines()
    assert len(lines) == 2
    assert lines[1] == f"  {derivative.size:,} operations"
