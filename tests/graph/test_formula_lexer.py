"""The words of formulas: what is a number, a name, a sign; and messages that point at the right place."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.errors import ParseError
from backlit.graph.formula_lexer import LONGEST, Line, Token, read_tokens


def texts(formula: str) -> list[list[str]]:
    return [[token.text for token in statement[:-1]] for statement in read_tokens(formula)]


def refusal(formula: object) -> str:
    with pytest.raises(ParseError) as caught:
        read_tokens(formula)
    return str(caught.value)


@pytest.mark.parametrize("number", ["0", "1", "007", "1.", ".5", "1.5", "1e3", "1E-3", "2.5e+10", "3e0"])
def test_numbers_are_read_whole(number: str) -> None:
    assert texts(f"{number}+x") == [[number, "+", "x"]]
    assert read_tokens(number)[0][0].kind == "number"


@pytest.mark.parametrize("name", ["x", "x_1", "_a", "θ1", "α", "ŷ", "Größe", "переменная", "e1", "σ2x"])
def test_names_are_of_any_script(name: str) -> None:
    (token, end) = read_tokens(name)[0]
    assert (token.kind, token.text, end.kind) == ("name", name, "end")


@pytest.mark.parametrize(
    ("written", "name"), [("x₁", "x1"), ("\u00b5", "μ"), ("ϑ", "θ"), ("𝑥", "x"), ("e\u0301", "é"), ("ｗ", "w")]
)
def test_names_that_look_alike_are_one_as_in_python(written: str, name: str) -> None:
    token = read_tokens(f"  {written}+1")[0][0]
    assert (token.text, token.written, token.start) == (name, written, 2)
    assert token.text == unicodedata.normalize("NFKC", written)


def test_signs_of_paper_are_signs_of_the_keyboard() -> None:
    assert texts("a×b·c⋅d∙e∗f") == [list("a*b*c*d*e*f")]
    assert texts("a−b÷c^d**e") == [["a", "-", "b", "/", "c", "**", "d", "**", "e"]]
    assert texts("a≤b≥c≠d") == texts("a<=b>=c!=d") == [["a", "<=", "b", ">=", "c", "!=", "d"]]
    assert texts("(a==b<f,>g=h)") == [["(", "a", "==", "b", "<", "f", ",", ">", "g", "=", "h", ")"]]


def test_statements_end_with_a_line_or_a_semicolon_and_empty_ones_are_left_out() -> None:
    assert texts("; a = 1;;\r\n\n b\n ; ;c;") == [["a", "=", "1"], ["b"], ["c"]]
    assert texts("") == texts(" \t\n;;") == []


def test_tokens_know_their_place() -> None:
    first, second = read_tokens("a + 1\n  \u03b8 ** 2")
    assert [(token.start, token.line.number) for token in first] == [(0, 1), (2, 1), (4, 1), (5, 1)]
    assert [(token.start, token.line.number) for token in second] == [(2, 2), (4, 2), (7, 2), (8, 2)]
    assert read_tokens("\n a \n")[0][0].line == Line(" a ", 0), "the only line needs no number"


@pytest.mark.parametrize(
    ("formula", "carets", "instead"),
    [
        ("x $ 2", "  ^", "write names, numbers, + - * / ^, parentheses and functions"),
        ("x =< 2", "  ^^", "write <= for at most"),
        ("x => 2", "  ^^", "write >= for at least"),
        ("x := 2", "  ^^", "write = to define a name"),
        ("x // 2", "  ^^", "write floor(x/y)"),
        ("x && y", "  ^^", "write logical_and(x > 0, y > 0)"),
        ("x || y", "  ^^", "write logical_or(x > 0, y > 0)"),
        ("x & y", "  ^", "write logical_and(x > 0, y > 0)"),
        ("|x|", "^", "write abs(x) for the absolute value"),
        ("!x", "^", "write != for different, and logical_not(x > 0) for not"),
        ("x'", " ^", "a name is made of letters, digits and _: write x_prime"),
        ("x′", " ^", "a name is made of letters, digits and _: write x_prime"),
        ("x’", " ^", "a name is made of letters, digits and _: write x_prime"),
        ('"x"', "^", "write names and numbers without quotation marks"),
        ("w[1]", " ^", "write ( and ); every name is a single number"),
        ("{x}", "^", "write ( and )"),
        ("x @ y", "  ^", "write *; every name is a single number"),
        ("5% of", " ^", "write x/100 for percent"),
        ("x : y", "  ^", "write / to divide, and = to define a name"),
        ("x # why", "  ^", "leave comments out"),
        (r"\theta", "^", "write names and functions without a backslash: theta or θ, sqrt(x), exp(x)"),
        ("√x", "^", "write sqrt(x)"),
        ("∑x", "^", "write sum(x, y), or x + y"),
        ("x – y", "  ^", "write the minus sign -"),
        ("x — y", "  ^", "write the minus sign -"),
        ("x²", " ^", "write a power with ^: x^2"),
        ("xⁿ", " ^", "write a power with ^: x^n"),
        ("x+（y", "  ^^", "write ("),
        ("x+２", "  ^^", "write 2"),
        ("中文$", "    ^", "write names, numbers, + - * / ^, parentheses and functions"),
    ],
)
def test_what_has_no_meaning_is_pointed_at_with_what_to_write(formula: str, carets: str, instead: str) -> None:
    place = formula.index("$") if "$" in formula else carets.index("^")
    sign = formula[place : place + (carets.count("^") if formula.isascii() else 1)]
    message = f"{sign} has no meaning in a formula\n    {formula}\n    {carets}\n  instead: {instead}"
    assert refusal(formula) == message


def test_what_cannot_be_seen_is_named_and_steers_no_terminal() -> None:
    assert refusal("x\u200by") == (
        "the invisible character U+200B has no meaning in a formula\n"
        "    x\N{REPLACEMENT CHARACTER}y\n"
        "     ^\n"
        "  instead: write names, numbers, + - * / ^, parentheses and functions"
    )
    assert refusal("a +\tb \x1b[31m").splitlines()[1:3] == ["    a + b \N{REPLACEMENT CHARACTER}[31m", "          ^"]


def test_the_line_is_named_where_there_are_several() -> None:
    assert refusal("a = 1\n\n  b = $; c").splitlines()[:3] == [
        "line 3: $ has no meaning in a formula",
        "    b = $; c",
        "        ^",
    ]


def test_of_a_long_line_only_the_place_is_shown() -> None:
    formula = "+".join(f"x{i}" for i in range(1000, 1100))
    first, carets = refusal(formula + " $ " + formula).splitlines()[1:3]
    assert first.startswith("    …")
    assert first.endswith("…")
    assert len(first) == 4 + 62
    assert first[carets.index("^")] == "$"
    first, carets = refusal("$" + formula).splitlines()[1:3]
    assert first.startswith("    $x1000")
    assert first.endswith("…")
    assert carets == "    ^"
    first, carets = refusal(formula + "$").splitlines()[1:3]
    assert first.startswith("    …")
    assert first.endswith("x1099$")
    assert first[carets.index("^")] == "$"
    shown, carets = str(Line("a" * 1000).fail("long", 10, 900)).splitlines()[1:]
    assert len(carets) <= len(shown)
    assert set(carets.strip()) == {"^"}


def test_combining_marks_take_no_column_and_wide_characters_two() -> None:
    assert refusal("e\u0301+$").splitlines()[2] == "      ^"
    assert refusal("中+$").splitlines()[2] == "       ^"


def test_long_words_are_refused() -> None:
    for word, kind in [("x" * 101, "name"), ("1" * 101, "number")]:
        shown = f"{word[:60]}…"
        assert refusal(word) == (
            f"this {kind} has 101 characters\n    {shown}\n    {'^' * 60}\n"
            "  why: at most 100 are read\n  instead: write a shorter one"
        )
        assert texts(word[1:]) == [[word[1:]]]


def test_long_formulas_are_refused() -> None:
    assert refusal("x" + " " * LONGEST) == (
        "the formula has 200,001 characters; at most 200,000 are read\n"
        "  why: what is as long as that was written by a program\n"
        "  instead: build the graph in Python, from bl.input and operators"
    )
    assert texts("x" + " " * (LONGEST - 1)) == [["x"]]


@pytest.mark.parametrize("given", [3, None, b"x", ["x"]])
def test_what_is_no_text_is_refused(given: object) -> None:
    assert refusal(given) == f'a formula is text; received {given!r}\n  instead: write "sigmoid(x1*w1 + b)"'


@given(st.text(max_size=80) | st.text(alphabet="xθ₁中_. \t\n;12e+-*/^×·=<>!(),|", max_size=80))
def test_tokens_are_what_was_written(formula: str) -> None:
    try:
        statements = read_tokens(formula)
    except ParseError:
        return
    lines = formula.splitlines()
    written = "".join(token.written for statement in statements for token in statement)
    assert written == "".join(c for line in lines for c in line if not c.isspace() and c != ";")
    for statement in statements:
        assert [token.kind for token in statement].count("end") == 1 == (statement[-1].kind == "end")
        for token in statement[:-1]:
            assert token.line.text.startswith(token.written, token.start)
            assert isinstance(token, Token)
            assert token.text


@given(st.text(max_size=200), st.data())
def test_carets_stand_under_what_is_shown(line: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    length = data.draw(st.integers(1, 20))
    message = str(Line(line).fail("wrong", start, length))
    what, shown, carets = message.split("\n")
    assert what == "wrong"
    assert shown.isprintable()
    assert carets.isascii()
    assert carets.strip() == "^" * carets.count("^") != ""
