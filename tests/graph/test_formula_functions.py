"""What formulas may call: the table is complete, and every name in it is what it says."""

import math
import statistics

import pytest

import backlit as bl
from backlit.errors import ParseError
from backlit.graph import OPS
from backlit.graph.formula import parse_formula
from backlit.graph.formula_functions import FUNCTIONS, usage

VALUES = {
    "abs(-1.5)": 1.5,
    "acos(.3)": math.acos(0.3),
    "add(2, 3)": 5.0,
    "asin(.3)": math.asin(0.3),
    "atan(3)": math.atan(3.0),
    "ceil(1.2)": 2.0,
    "clip(7, 1, 3)": 3.0,
    "clip(-7, 1, 3)": 1.0,
    "cos(2)": math.cos(2.0),
    "cosh(2)": math.cosh(2.0),
    "divide(3, 4)": 0.75,
    "equal(2, 2)": True,
    "erf(.5)": math.erf(0.5),
    "exp(2)": math.exp(2.0),
    "expm1(1e-9)": math.expm1(1e-9),
    "floor(-1.2)": -2.0,
    "greater(2, 1)": True,
    "greater_equal(1, 2)": False,
    "leaky_relu(-2, .1)": -0.2,
    "leaky_relu(2, .1)": 2.0,
    "less(2, 1)": False,
    "less_equal(2, 2)": True,
    "log(2)": math.log(2.0),
    "log1p(1e-9)": math.log1p(1e-9),
    "logaddexp(1, 2)": math.log(math.exp(1) + math.exp(2)),
    "logical_and(1 < 2, 2 < 1)": False,
    "logical_not(1 < 2)": False,
    "logical_or(1 < 2, 2 < 1)": True,
    "logical_xor(1 < 2, 2 > 1)": False,
    "logsumexp(1, 2, 3)": math.log(math.exp(1) + math.exp(2) + math.exp(3)),
    "max(1, 3, 2)": 3.0,
    "max(1, 2)": 2.0,
    "maximum(1, 2)": 2.0,
    "mean(1, 2, 6)": statistics.mean([1, 2, 6]),
    "min(3, 1, 2)": 1.0,
    "minimum(1, 2)": 1.0,
    "multiply(2, 3)": 6.0,
    "negative(2)": -2.0,
    "not_equal(2, 2)": False,
    "pow(2, 10)": 1024.0,
    "prod(2, 3, 4)": 24.0,
    "relu(-2)": 0.0,
    "relu(2)": 2.0,
    "round(2.5)": 2.0,
    "sigmoid(1)": 1 / (1 + math.exp(-1)),
    "sign(-3)": -1.0,
    "silu(1)": 1 / (1 + math.exp(-1)),
    "sin(2)": math.sin(2.0),
    "sinh(2)": math.sinh(2.0),
    "softplus(1)": math.log(1 + math.e),
    "softsign(3)": 0.75,
    "sqrt(2)": math.sqrt(2.0),
    "square(-3)": 9.0,
    "stop_gradient(3)": 3.0,
    "subtract(2, 3)": -1.0,
    "sum(1, 2, 3, 4)": 10.0,
    "tan(1)": math.tan(1.0),
    "tanh(1)": math.tanh(1.0),
    "where(1 < 2, 3, 4)": 3.0,
}


@pytest.mark.parametrize("formula", VALUES)
def test_every_function_has_the_value_of_its_name(formula: str) -> None:
    value = parse_formula(formula).output.evaluate()
    assert value.item() == pytest.approx(VALUES[formula], rel=4e-16, abs=0)


def test_every_function_is_tested_above() -> None:
    assert {formula.partition("(")[0] for formula in VALUES} == set(FUNCTIONS)


def test_every_op_on_single_floats_can_be_called() -> None:
    elementwise = {name for name, op in OPS.items() if op.local}
    flat = {"ceil", "floor", "round", "sign", "equal", "less"}
    assert len(elementwise) > 25
    assert elementwise | flat <= set(FUNCTIONS)


def test_the_names_stand_in_order_and_in_the_documentation() -> None:
    assert list(FUNCTIONS) == sorted(FUNCTIONS)
    listed = parse_formula.__doc__.partition("The functions: ")[2].partition(".\n")[0]
    assert [name.strip() for name in listed.split(",")] == list(FUNCTIONS)


@pytest.mark.parametrize("name", ["softplus", "softsign", "silu"])
def test_composites_are_the_graphs_of_the_activations(name: str) -> None:
    formula = parse_formula(f"{name}(x)")
    with bl.precision("float64"):
        x = bl.input("x")
        activation = getattr(bl.nn, name)(x)
    assert str(bl.Graph(outputs=[formula.output])) == str(bl.Graph(outputs=[activation]))


def test_a_leaky_relu_is_the_graph_of_the_activation() -> None:
    formula = parse_formula("leaky_relu(x, a)")
    with bl.precision("float64"):
        activation = bl.nn.leaky_relu(bl.input("x"), bl.input("a"))
    assert str(bl.Graph(outputs=[formula.output])) == str(bl.Graph(outputs=[activation]))


def test_several_numbers_are_taken_from_left_to_right() -> None:
    formula = parse_formula("max(a, b, c)")
    a, b, c = formula.inputs.values()
    inner, last = formula.output.arguments
    assert (formula.output.kind, inner.kind, inner.arguments, last) == ("maximum", "maximum", (a, b), c)


@pytest.mark.parametrize(
    ("formula", "what", "instead"),
    [
        ("exp()", "exp takes 1 argument; received 0", "exp(x)"),
        ("exp(x, y)", "exp takes 1 argument; received 2", "exp(x)"),
        ("pow(x)", "pow takes 2 arguments; received 1", "pow(x, y)"),
        ("clip(x, 1)", "clip takes 3 arguments; received 2", "clip(x, low, high)"),
        ("max(x)", "max takes 2 or more arguments; received 1", "max(x, y, ...)"),
        ("where(x, y)", "where takes 3 arguments; received 2", "where(condition, x, y)"),
    ],
)
def test_a_wrong_number_of_arguments_says_how_many(formula: str, what: str, instead: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_formula(formula)
    name = formula.partition("(")[0]
    assert str(caught.value) == f"{what}\n    {formula}\n    {'^' * len(name)}\n  instead: write {instead}"
    assert usage(name) == instead


@pytest.mark.parametrize(("formula", "number"), [("where(x, 1, 0)", 1), ("logical_and(x > 0, x)", 2)])
def test_a_number_is_no_condition(formula: str, number: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse_formula(formula)
    name = formula.partition("(")[0]
    assert str(caught.value) == (
        f"argument {number} of {name} is a number, not true or false\n    {formula}\n    {'^' * len(name)}\n"
        "  instead: write a comparison, such as x > 0"
    )


@pytest.mark.parametrize(
    ("formula", "number"), [("exp(x > 0)", 1), ("sum(x, x, x < 0)", 3), ("where(x > 0, x > 1, 0)", 2)]
)
def test_a_condition_is_no_number(formula: str, number: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse_formula(formula)
    name = formula.partition("(")[0]
    assert str(caught.value) == (
        f"argument {number} of {name} is true or false, not a number\n    {formula}\n    {'^' * len(name)}\n"
        "  instead: write where(x > 0, 1, 0) in place of x > 0"
    )


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("arccos", "acos(x)"),
        ("arcsin", "asin(x)"),
        ("arctan", "atan(x)"),
        ("cbrt", "x^(1/3), for x > 0"),
        ("elu", "where(x > 0, x, expm1(x))"),
        ("fabs", "abs(x)"),
        ("gelu", "x*(1 + erf(x/sqrt(2)))/2"),
        ("hard_threshold", "where(x >= 0, 1, 0)"),
        ("if", "where(x > 0, y, z)"),
        ("lg", "log(x)/log(10)"),
        ("ln", "log(x)"),
        ("log10", "log(x)/log(10)"),
        ("log2", "log(x)/log(2)"),
        ("logistic", "sigmoid(x)"),
        ("power", "pow(x, y)"),
        ("softmax", "exp(x)/(exp(x) + exp(y)): each probability is a formula of its own"),
        ("step", "where(x >= 0, 1, 0)"),
        ("swish", "silu(x)"),
        ("σ", "sigmoid(x)"),
    ],
)
def test_names_from_elsewhere_are_translated_into_what_can_be_read(name: str, instead: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_formula(f"1 + {name}(x)")
    assert str(caught.value) == (
        f"there is no function {name}\n    1 + {name}(x)\n        {'^' * len(name)}\n  instead: write {instead}"
    )
    parse_formula(instead.partition(":")[0].partition(", for")[0])


def test_the_translations_have_the_values_that_are_meant() -> None:
    with bl.precision("float64"):
        meant = {
            "where(x > 0, x, expm1(x))": bl.nn.elu(-0.7),
            "x*(1 + erf(x/sqrt(2)))/2": bl.nn.gelu(-0.7),
            "where(x >= 0, 1, 0)": bl.nn.hard_threshold(-0.7),
            "exp(x)/(exp(x) + exp(y))": bl.softmax([-0.7, 0.4])[0],
        }
        for text, node in meant.items():
            formula = parse_formula(text)
            found = formula.output.evaluate({name: {"x": -0.7, "y": 0.4}[name] for name in formula.inputs})
            assert found == pytest.approx(node.evaluate(), rel=1e-15, abs=0)


def test_an_unknown_function_suggests_the_nearest() -> None:
    with pytest.raises(ParseError) as caught:
        parse_formula("sigmod(x)")
    assert str(caught.value) == ("there is no function sigmod (did you mean 'sigmoid'?)\n    sigmod(x)\n    ^^^^^^")


def test_an_unknown_function_with_nothing_near_lists_them_all() -> None:
    with pytest.raises(ParseError) as caught:
        parse_formula("1 - q(x)")
    assert str(caught.value) == (
        "there is no function q\n    1 - q(x)\n        ^\n"
        f"  why: the functions are {', '.join(FUNCTIONS)}\n"
        "  instead: write q*(...) to multiply"
    )


def test_a_value_is_no_function() -> None:
    for formula in ["x + x(2)", "f + f(2)"]:
        name = formula[0]
        with pytest.raises(ParseError) as caught:
            parse_formula(formula)
        assert str(caught.value) == (
            f"{name} is a value, not a function\n    {formula}\n        ^\n  instead: write {name}*(...) to multiply"
        )


def test_no_method_or_module_can_be_reached() -> None:
    for text in ["__import__(x)", "eval(x)", "open(x)", "getattr(x, y)", "exec(x)", "print(x)", "lambda(x)"]:
        with pytest.raises(ParseError, match="there is no function"):
            parse_formula(text)
