"""Formulas as people type them: the graph is the one that was meant, and every mistake is pointed at."""

import ast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ParseError
from backlit.graph import topological_order
from backlit.graph.formula import Formula, parse_formula
from backlit.graph.formula_functions import FUNCTIONS


def refusal(text: object) -> str:
    with pytest.raises(ParseError) as caught:
        parse_formula(text)
    return str(caught.value)


# ----------------------------------------------------------------------------------------------------- what is built


def test_the_first_graph_of_the_lectures() -> None:
    formula = parse_formula("(x1*θ1 + x2*θ2) + θ3")
    values = {"x1": 3, "θ1": 4, "x2": -2, "θ2": 5, "θ3": 1}
    assert list(formula.inputs) == list(values)
    assert formula.output.evaluate(values) == 3.0
    gradient = bl.grad(formula.output, [formula.inputs[name] for name in values])
    assert [node.evaluate(values) for node in gradient] == [4.0, 3.0, 5.0, -2.0, 1.0]


def test_the_machine_learning_example_of_the_lectures() -> None:
    formula = parse_formula("-log(1/(1+exp(-w*x)))")
    values = {"w": 0.3, "x": 2.0}
    slope = bl.grad(formula.output, formula.inputs["w"]).evaluate(values)
    assert slope == pytest.approx(-(1 - 1 / (1 + np.exp(-0.6))) * 2.0, rel=1e-15)


def test_the_graph_is_the_one_that_is_built_by_hand() -> None:
    formula = parse_formula("z = x1*w1 + b; y = sigmoid(z)^2 - .5")
    with bl.precision("float64"):
        x1, w1, b = bl.input("x1"), bl.input("w1"), bl.input("b")
        z = (x1 * w1 + b).named("z")
        y = (bl.sigmoid(z) ** 2.0 - 0.5).named("y")
    assert str(bl.Graph([*formula.inputs.values()], [formula.output])) == str(bl.Graph([x1, w1, b], [y]))


def test_names_inputs_and_definitions_are_kept_in_order() -> None:
    text = " z = b + a\n\n f = z*a; c*f ;"
    formula = parse_formula(text)
    assert (list(formula.inputs), list(formula.definitions)) == (["b", "a", "c"], ["z", "f"])
    assert {name: node.name for name, node in (formula.inputs | formula.definitions).items()} == {
        name: name for name in "baczf"
    }
    assert formula.output.name is None
    assert formula.output.arguments == (formula.inputs["c"], formula.definitions["f"])
    assert formula.text == text


def test_a_name_is_one_node_wherever_it_stands() -> None:
    formula = parse_formula("z = x + x; z*z")
    x, z = formula.inputs["x"], formula.definitions["z"]
    assert z.arguments == (x, x)
    assert formula.output.arguments == (z, z)
    assert parse_formula("x₁ + x1 + 𝑥1").output.evaluate({"x1": 1.0}) == 3.0


def test_the_result_may_be_a_name_of_any_kind() -> None:
    formula = parse_formula("z = x*w; z")
    assert formula.output is formula.definitions["z"]
    alone = parse_formula("x")
    assert alone.output is alone.inputs["x"]
    three = parse_formula("3")
    assert (three.output.kind, three.inputs, three.output.evaluate()) == ("constant", {}, 3.0)
    named = parse_formula("b = 3; y = b*b")
    assert named.output.arguments == (named.definitions["b"],) * 2
    assert named.definitions["b"].name == "b"


def test_everything_is_float64_whatever_the_precision_around_it() -> None:
    for around in ("float32", "float64"):
        with bl.precision(around):
            formula = parse_formula("softplus(x)*.1 + leaky_relu(y, 1/3) + mean(x, 3)")
            assert bl.input("after").dtype == around
        order = topological_order([formula.output])
        assert {node.dtype for node in order} == {"float64"}
    assert formula.output.evaluate({"x": 0.3, "y": -0.2}) == pytest.approx(
        np.log1p(np.exp(0.3)) * 0.1 - 0.2 / 3 + 1.65, rel=1e-15
    )


def test_a_comparison_may_be_the_result() -> None:
    formula = parse_formula("x < 3")
    assert formula.output.dtype == "bool"
    assert formula.output.evaluate({"x": 2.0})
    truths = {sign: bool(parse_formula(f"1 {sign} 2").output.evaluate()) for sign in ("<", "<=", ">", ">=", "==", "!=")}
    assert [sign for sign, truth in truths.items() if truth] == ["<", "<=", "!="]


def test_a_number_keeps_its_sign_so_that_exponents_are_constants() -> None:
    power = parse_formula("x^-2").output
    assert [node.kind for node in power.arguments] == ["input", "constant"]
    assert power.arguments[1].value == -2.0
    assert parse_formula("-2^2").output.evaluate() == -4.0
    assert parse_formula("b = 2; x^-b").output.arguments[1].kind == "negative", "a name stays visible"


def test_inside_a_scope_names_have_its_path_as_everywhere() -> None:
    with bl.scope("layer1"):
        formula = parse_formula("z = x*2; z + 1")
    assert formula.definitions["z"].name == "layer1.z"
    assert formula.output.scope.path == "layer1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2*3", 7),
        ("(1 + 2)*3", 9),
        ("10 - 3 - 2", 5),
        ("16/4/2", 2),
        ("16/4*2", 8),
        ("2^3^2", 512),
        ("2**3**2", 512),
        ("-2^2", -4),
        ("(-2)^2", 4),
        ("2^-1", 0.5),
        ("2^-2^2", 1 / 16),
        ("2*-3", -6),
        ("2 - -3", 5),
        ("--3", 3),
        ("-+-+3", 3),
        ("+3", 3),
        ("1 + 1 == 4/2", True),
        ("-1 < 2*3", True),
        ("where(1 + 1 < 3, 4 + 5, 0)^2", 81),
        ("max(1, 2*3, (4))", 6),
        ("((((7))))", 7),
        ("1e-3*1000", 1),
        ("2 × 3 · 4 − 1", 23),
        ("exp((0))", 1),
    ],
)
def test_operators_bind_as_in_mathematics(text: str, value: float) -> None:
    assert parse_formula(text).output.evaluate() == value


# ------------------------------------------------------------------- the same texts, read by Python's own parser

VALUES = {"a": 1.25, "b": -0.5, "θ": 2.0, "x_1": 0.0}

BINARY = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
CALLS = {"abs": np.abs, "sqrt": np.sqrt, "square": np.square, "max": np.maximum, "min": np.minimum, "where": np.where}


def value_of(tree: ast.expr) -> np.float64:
    """What a syntax tree of Python's means, in NumPy."""
    match tree:
        case ast.Constant(value):
            return np.float64(value)
        case ast.Name(name):
            return np.float64(VALUES[name])
        case ast.UnaryOp(op, operand):
            return -value_of(operand) if isinstance(op, ast.USub) else value_of(operand)
        case ast.BinOp(left, op, right):
            return BINARY[type(op)](value_of(left), value_of(right))
        case ast.Compare(left, [op], [right]):
            return BINARY[type(op)](value_of(left), value_of(right))
        case ast.Call(ast.Name(name), arguments):
            return CALLS[name](*(value_of(argument) for argument in arguments))
    raise AssertionError(ast.dump(tree))


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts made of texts, without parentheses of their own, so that precedence decides."""
    signs = st.sampled_from(["+", "-", "*", "/", "**", " + ", " - ", " * ", " / ", " ** "])
    compare = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return st.one_of(
        st.tuples(inner, signs, inner).map("".join),
        st.tuples(inner, signs, inner, signs, inner).map("".join),
        st.tuples(st.sampled_from(["-", "+", "- "]), inner).map("".join),
        st.builds("({})".format, inner),
        st.builds("{}({})".format, st.sampled_from(["abs", "sqrt", "square"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["max", "min"]), inner, inner),
        st.builds("where({}{}{}, {},{})".format, inner, compare, inner, inner, inner),
    )


NUMBERS = st.sampled_from(["1", "2.", ".5", "3e0", "0", "1.5E-1"])
EXPRESSIONS = st.recursive(NUMBERS | st.sampled_from(list(VALUES)), larger, max_leaves=25)


@given(EXPRESSIONS, st.booleans())
def test_random_formulas_have_the_value_that_python_reads_in_them(text: str, caret: bool) -> None:
    formula = parse_formula(text.replace("**", "^") if caret else text)
    with np.errstate(all="ignore"):
        expected = value_of(ast.parse(text, mode="eval").body)
        found = formula.output.evaluate({name: VALUES[name] for name in formula.inputs})
    np.testing.assert_array_equal(found, expected)


# ------------------------------------------------------------------------------------------------- no limit of depth


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+".join(["x"] * 10_000), 10_000.0),
        ("+".join(f"x*{n}" for n in range(10_000)), 49_995_000.0),
        ("(" * 10_000 + "x" + ")" * 10_000, 1.0),
        ("-" * 9_999 + "x", -1.0),
        ("^".join(["x"] * 10_000), 1.0),
        ("abs(" * 10_000 + "x" + ")" * 10_000, 1.0),
        ("".join(f"(x{sign}" for sign in "+-" * 5_000) + "x" + ")" * 10_000, 1.0),
        ("max(" + ",".join(["x"] * 10_000) + ")", 1.0),
        (";".join(f"a{n + 1} = a{n} + x" for n in range(5_000)).replace("a0", "x"), 5_001.0),
    ],
    ids=["terms", "products", "parentheses", "signs", "powers", "calls", "nested", "arguments", "definitions"],
)
def test_ten_thousand_are_as_good_as_one(text: str, value: float) -> None:
    formula = parse_formula(text)
    assert list(formula.inputs) == ["x"]
    assert formula.output.evaluate({"x": 1.0}) == value


def test_ten_thousand_open_parentheses_are_an_error_of_one() -> None:
    assert refusal("(" * 10_000 + "x") == (
        f"this parenthesis is never closed\n    …{'(' * 59}x\n     {' ' * 58}^\n"
        "  instead: write the ) that belongs to it"
    )


# ------------------------------------------------------------------------------------------------------ mistakes


COMMA = "a comma stands only between the arguments of a function"
POINT = "write 3.5 with a point, and ; between two definitions"
EQUALS = "= stands only after the one name that a line defines"
COMPARE = "write == to compare, or define y = x**2"
CHOOSE = "write where(x > 0, 1, 0) in place of x > 0"
SIZE = "write a number whose size is between 1e-300 and 1e300"
ONE_NUMBER = "write one number without blanks, or an operator between two"
AFTER = "write a name or a number after it"
THERE = "write a name or a number there"
CLOSE = "write the ) that belongs to it"
OPEN = "leave it out, or write the ( that belongs to it"


@pytest.mark.parametrize(
    ("text", "carets", "what", "instead"),
    [
        ("x +", "  ^", "nothing follows +", AFTER),
        ("x **", "  ^^", "nothing follows **", AFTER),
        ("x ×", "  ^", "nothing follows ×", AFTER),
        ("(x + ) * 2", "   ^", "nothing follows +", AFTER),
        ("max(x -, y)", "      ^", "nothing follows -", AFTER),
        ("-", "^", "nothing follows -", AFTER),
        ("y =", "  ^", "nothing follows =", "write a formula after it"),
        ("* x", "^", "a value is missing before *", THERE),
        ("x + * y", "    ^", "a value is missing before *", THERE),
        ("x ^* y", "   ^", "a value is missing before *", THERE),
        ("max(x, / y)", "       ^", "a value is missing before /", THERE),
        ("x << y", "   ^", "a value is missing before <", THERE),
        ("2x", " ^", "an operator is missing before x", "write 2*x to multiply"),
        ("2(x+1)", " ^", "an operator is missing before (", "write 2*(...) to multiply"),
        ("(x)(y)", "   ^", "an operator is missing before (", "write (...)*(...) to multiply"),
        ("(x)y", "   ^", "an operator is missing before y", "write (...)*y to multiply"),
        ("x w1", "  ^^", "an operator is missing before w1", "write x*w1 to multiply"),
        ("x 3", "  ^", "an operator is missing before 3", "write x*3 to multiply"),
        ("1 000*x", "  ^^^", "an operator is missing before 000", ONE_NUMBER),
        ("1.2.3", "   ^^", "an operator is missing before .3", ONE_NUMBER),
        ("()", "^", "nothing stands between these parentheses", "write a value between them"),
        ("2*()", "  ^", "nothing stands between these parentheses", "write a value between them"),
        ("(x", "^", "this parenthesis is never closed", CLOSE),
        ("(x*(y+1)", "^", "this parenthesis is never closed", CLOSE),
        ("((x", " ^", "this parenthesis is never closed", CLOSE),
        ("exp(", "   ^", "this parenthesis is never closed", CLOSE),
        ("max(x,", "   ^", "this parenthesis is never closed", CLOSE),
        ("max(x, y", "   ^", "this parenthesis is never closed", CLOSE),
        ("x)", " ^", "this parenthesis was never opened", OPEN),
        ("exp(x))", "      ^", "this parenthesis was never opened", OPEN),
        (")", "^", "this parenthesis was never opened", OPEN),
        ("x + )", "    ^", "this parenthesis was never opened", OPEN),
        ("x, y", " ^", COMMA, POINT),
        ("3,5", " ^", COMMA, POINT),
        (", x", "^", COMMA, POINT),
        ("exp((x, y))", "      ^", COMMA, POINT),
        ("(,x)", " ^", COMMA, POINT),
        ("max(x,)", "     ^", "an argument is missing beside this comma", "write max(x, y, ...)"),
        ("max(,x)", "    ^", "an argument is missing beside this comma", "write max(x, y, ...)"),
        ("max(x,,y)", "      ^", "an argument is missing beside this comma", "write max(x, y, ...)"),
        ("2*x = y", "    ^", EQUALS, COMPARE),
        ("f(x) = x^2", "     ^", EQUALS, COMPARE),
        ("z = y = 3", "      ^", EQUALS, COMPARE),
        ("= 3", "^", EQUALS, COMPARE),
        ("max(a=1, 2)", "     ^", EQUALS, COMPARE),
        ("where(x = 1, 2, 3)", "        ^", EQUALS, COMPARE),
        ("max = 3", "^^^", "max is a function", "give the value another name, such as max1"),
        ("2*sigmoid", "  ^^^^^^^", "sigmoid is a function, not a value", "write sigmoid(x)"),
        ("max + 1", "^^^", "max is a function, not a value", "write max(x, y, ...)"),
        ("z + 1; z = x*x", "^", "z is used before it is defined", "define z further up"),
        ("y = z + z2; z = x*x; z2 = 1", "    ^", "z is used before it is defined", "define z further up"),
        ("(x > 0)*2", "       ^", "* takes numbers; what stands before it is true or false", CHOOSE),
        ("2 + (x > 0)", "  ^", "+ takes numbers; what stands after it is true or false", CHOOSE),
        ("-(x > 0)", "^", "- takes numbers; what stands after it is true or false", CHOOSE),
        ("(x > 0) == (y > 0)", "        ^^", "== takes numbers; what stands before it is true or false", CHOOSE),
        ("1e999*x", "^^^^^", "1e999 is larger than a float64 can be", SIZE),
        ("x + 0.01e-999", "    ^^^^^^^^^", "0.01e-999 is smaller than a float64 can be", SIZE),
    ],
)  # fmt: skip
def test_a_mistake_is_pointed_at_with_what_to_write(text: str, carets: str, what: str, instead: str) -> None:
    assert refusal(text) == f"{what}\n    {text}\n    {carets}\n  instead: {instead}"


@pytest.mark.parametrize(
    ("text", "carets", "what", "why", "instead"),
    [
        (
            "z = x*x; z = x + 1; z", "         ^", "z is defined twice",
            "a name stands for one value", "give the second value another name, such as z_2",
        ),
        (
            "z = 1; z = z + 1", "       ^", "z is defined twice",
            "a name stands for one value", "give the second value another name, such as z_2",
        ),
        (
            "z = 2*z", "      ^", "z is defined by itself",
            "a value cannot be computed from itself", "give the new value a name of its own",
        ),
        (
            "z = x; z*z", "^", "z would be a second name of x",
            "in a graph a value has one name", "leave this definition out, and write x for z",
        ),
        (
            "y = x*x; z = (+y); z", "         ^", "z would be a second name of y",
            "in a graph a value has one name", "leave this definition out, and write y for z",
        ),
        (
            "z = x*x; y = x + 1", "^", "z is defined and never used",
            "the result does not depend on it", "use z further down, or leave this definition out",
        ),
        (
            "x*w; y", "^", "this value gets no name and is lost",
            "the last line is the result; each line before it defines a name",
            "write z = before it, and use z further down",
        ),
        (
            "a < b < c", "      ^", "comparisons cannot be chained",
            "what stands before < is true or false, and no number", "write logical_and(x < y, y < z)",
        ),
        (
            "a + 1 ≤ b*2 == c", "            ^^", "comparisons cannot be chained",
            "what stands before == is true or false, and no number", "write logical_and(x < y, y < z)",
        ),
    ],
)  # fmt: skip
def test_a_mistake_of_meaning_is_explained(text: str, carets: str, what: str, why: str, instead: str) -> None:
    assert refusal(text) == f"{what}\n    {text}\n    {carets}\n  why: {why}\n  instead: {instead}"


@pytest.mark.parametrize("text", ["", " \t", "\n\n", ";; ;"])
def test_an_empty_formula_is_refused(text: str) -> None:
    assert refusal(text) == "the formula is empty\n  instead: write one, such as sigmoid(x1*w1 + b)"


def test_of_several_lines_the_one_with_the_mistake_is_shown() -> None:
    assert refusal("z = w*x\ny = sigmoid(z\n") == (
        "line 2: this parenthesis is never closed\n"
        "    y = sigmoid(z\n"
        "               ^\n"
        "  instead: write the ) that belongs to it"
    )


# ------------------------------------------------------------------------------------------------- whatever comes

WORDS = st.sampled_from(
    ["x", "θ1", "z", "2", ".5", "1e3", "+", "-", "*", "/", "^", "**", "(", ")", "(", ")", ",", "=", ";", "\n", " ",
     "==", "<", "max", "max(", "exp(", "where(", "sigmod(", "$", "²", "中", "e\u0301"]
)  # fmt: skip


def read(text: str) -> Formula | ParseError:
    try:
        return parse_formula(text)
    except ParseError as error:
        return error


@given(st.text(max_size=60) | st.lists(WORDS, max_size=25).map("".join))
def test_any_text_is_a_formula_or_a_mistake_that_is_pointed_at(text: str) -> None:
    answer = read(text)
    if isinstance(answer, Formula):
        check(answer)
        return
    what = answer.what.splitlines()
    assert what == ["the formula is empty"] or (len(what) == 3 and set(what[-1]) == {" ", "^"})
    assert answer.instead or "did you mean" in answer.what
    assert answer.line is None, "the line of the program is not the line of the formula"


@given(EXPRESSIONS, st.data())
def test_a_formula_with_a_slip_is_a_formula_or_a_mistake(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    removed = data.draw(st.integers(0, 2))
    answer = read(text[:place] + data.draw(WORDS | st.just("")) + text[place + removed :])
    if isinstance(answer, Formula):
        check(answer)
    else:
        assert "^" in answer.what or answer.what == "the formula is empty"


def check(formula: Formula) -> None:
    """What holds of every formula: the result depends on all that it names, under these names."""
    order = set(topological_order([formula.output]))
    assert {*formula.inputs.values(), *formula.definitions.values()} <= order
    assert {node for node in order if node.kind == "input"} == set(formula.inputs.values())
    assert all(node.name == name for name, node in (formula.inputs | formula.definitions).items())
    assert not formula.inputs.keys() & formula.definitions.keys()
    assert not (formula.inputs.keys() | formula.definitions.keys()) & FUNCTIONS.keys()
    assert formula.output.shape == ()
