"""`backlit explain`: a formula that was typed is told number by number, and every mistake in the call in words."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from backlit.cli import app
from backlit.explain import trace
from backlit.graph.formula import parse_formula

RULE = "─" * 60


@pytest.fixture
def refusal(run):
    """Run a command that is refused as wrongly used; answer with its message, one text a line."""

    def call(*arguments: object) -> list[str]:
        result = run("explain", *arguments)
        assert result.exit_code == 2
        assert result.stdout == ""
        return [line.rstrip() for line in result.stderr.splitlines()]

    return call


def explanations(text: str, values: dict[str, float], *names: str) -> list[str]:
    told = trace(parse_formula(text).output, values)
    return [str(told.explain(name)) for name in names]


def test_a_neuron_is_computed_and_every_name_is_explained(run) -> None:
    text = "z = x1*w1 + b; y = sigmoid(z)"
    result = run("explain", text, "--at", "x1=3", "--at", "w1=2", "--at", "b=1")
    assert result.exit_code == 0
    assert result.stderr == ""
    forward, *told = result.stdout.rstrip("\n").split(f"\n{RULE}\n")
    assert forward.splitlines() == ["%1 = x1 · w1 = 3 · 2 = 6", "z = %1 + b = 6 + 1 = 7", "y = σ(z) = σ(7) = 0.999089"]
    assert told == explanations(text, {"x1": 3, "w1": 2, "b": 1}, "x1", "w1", "b")
    assert "∂y/∂w1 = 0.00273066" in told[1]
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout


def test_the_simple_example_of_the_lectures_as_data(run) -> None:
    answer = json.loads(run("explain", "q = x + y; f = q*z", "--at", "x=-2, y=5, z=-4", "--json").stdout)
    assert answer["values"] == {"x": -2.0, "y": 5.0, "z": -4.0}
    assert answer["result"] == {"name": "f", "value": -12.0}
    assert [(step["name"], step["numbers"], step["value"]) for step in answer["forward"]] == [
        ("q", "-2 + 5", 3.0),
        ("f", "3 · (-4)", -12.0),
    ]
    assert {told["name"]: told["gradient"] for told in answer["explanations"]} == {"x": -4.0, "y": -4.0, "z": 3.0}
    assert (answer["formula"], answer["omitted"]) == ("q = x + y; f = q*z", 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--at", "x=2", "--at", "w=.3"],
        ["--at", "x=2,w=.3"],
        ["--at", " w = 0.3 , x = 2e0, "],
        ["--at=w=3e-1", "--at=x=2"],
        ["--at", "w=0.3", "--at", "", "--at", "x=+2"],
    ],
)
def test_values_may_be_given_one_by_one_or_together(arguments: list[str], run) -> None:
    for order in (["w*x", *arguments], [*arguments, "w*x"]):
        answer = json.loads(run("explain", *order, "--json").stdout)
        assert answer["values"] == {"w": 0.3, "x": 2.0}
        assert answer["result"]["value"] == 0.6


@pytest.mark.parametrize("formula", ["-log(1/(1+exp(-w*x)))", "-h*0 + w*x", "-w*x", "-tanh(w)*x", "-(w)*x", "--w*x"])
def test_a_formula_may_begin_with_a_minus(formula: str, run) -> None:
    values = "w=0.3,x=-2,h=1" if "h*0" in formula else "w=0.3,x=-2"
    found = [
        run("explain", formula, "--at", values, "--json"),
        run("explain", "--json", "--at", values, formula),
        run("explain", "--json", "--at", values, "--", formula),
    ]
    assert [result.exit_code for result in found] == [0, 0, 0]
    assert len({result.stdout for result in found}) == 1
    assert json.loads(found[0].stdout)["formula"] == formula


def test_names_in_other_spellings_are_the_same_names(run) -> None:
    answer = json.loads(run("explain", "θ₁*x", "--at", "θ₁=−3", "--at", "x=2", "--of", "θ₁", "--json").stdout)
    assert answer["values"] == {"θ1": -3.0, "x": 2.0}
    assert [told["name"] for told in answer["explanations"]] == ["θ1"]


def test_only_what_is_asked_for_is_explained_steps_on_the_way_included(run) -> None:
    text, values = "z = x*w; z^2", {"x": 3.0, "w": 2.0}
    told = run("explain", text, "--at", "x=3,w=2", "--of", "z", "--of", "w, z").stdout
    assert told.count(RULE) == 2
    assert "∂f/∂z = 12" in told
    assert "∂f/∂w = 36" in told
    assert "∂f/∂%1 = 1" in run("explain", "x*w + b", "--at", "x=3,w=2,b=1", "--of", "%1").stdout
    named = trace(parse_formula(f"{text.replace('z^2', 'f = z^2')}").output, values)
    assert told.rstrip("\n").split(f"\n{RULE}\n")[1:] == [str(named.explain("z")), str(named.explain("w"))]


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("x + 1", "f"),
        ("f + x", "y"),
        ("f + y", "f0"),
        ("f + y + f0", "f1"),
        ("L = x*x", "L"),
        ("z = x*x; z", "z"),
        ("x", "x"),
    ],
)
def test_the_result_has_a_name_by_which_derivatives_are_written(formula: str, name: str, run) -> None:
    at = ",".join(f"{each}=1" for each in parse_formula(formula).inputs)
    assert json.loads(run("explain", formula, "--at", at, "--json").stdout)["result"]["name"] == name


@pytest.mark.parametrize(
    ("formula", "shown"), [("3 + 4", "f = 3 + 4 = 7"), ("3", "f = 3"), ("b = 2", "b = 2"), ("x", "x = 1")]
)
def test_small_formulas_are_no_special_case(formula: str, shown: str, run) -> None:
    result = run("explain", formula, *(["--at", "x=1"] if formula == "x" else []))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == shown


def test_of_a_long_formula_the_beginning_and_the_end_are_shown(run) -> None:
    formula = "+".join(f"x{number}" for number in range(100))
    at = ",".join(f"x{number}={number}" for number in range(100))
    forward, *told = run("explain", formula, "--at", at).stdout.split(f"\n{RULE}\n")
    lines = forward.splitlines()
    assert (lines[0], lines[20]) == ("%1 = x0 + x1 = 0 + 1 = 1", "... 59 more steps ...")
    assert lines[-1] == "f = %98 + x99 = 4851 + 99 = 4950"
    assert len(told) == 13
    assert told[-1] == "and 88 more names; choose with --of NAME\n"
    answer = json.loads(run("explain", formula, "--at", at, "--json").stdout)
    assert (len(answer["forward"]), len(answer["explanations"]), answer["omitted"]) == (99, 12, 88)


def test_a_deep_formula_is_explained(run) -> None:
    formula = "-" + "sin(" * 3000 + "x" + ")" * 3000
    result = run("explain", formula, "--at", "x=1")
    assert result.exit_code == 0
    assert "x = 1, an input" in result.stdout


def test_what_is_not_finite_is_text_in_json(run) -> None:
    answer = json.loads(run("explain", "log(x) + 0*y", "--at", "x=0,y=1", "--json").stdout)
    assert answer["result"]["value"] == "-inf"
    assert answer["explanations"][0]["gradient"] == "inf"
    answer = json.loads(run("explain", "log(x)", "--at", "x=-1", "--json").stdout)
    assert answer["result"]["value"] == "nan"


# ------------------------------------------------------------------------------------------------------- drawing


def test_the_graph_is_drawn_with_its_numbers(run) -> None:
    result = run("explain", "z = x1*w1 + b; y = sigmoid(z)", "--at", "x1=3,w1=2,b=1", "--draw", "out.svg")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "the graph is drawn in out.svg"
    texts = {element.text for element in ET.parse("out.svg").iter() if element.text}
    assert {"x1", "w1", "b", "z", "y", "σ", "7", "0.9991", "0.002731"} <= texts


def test_a_page_may_be_drawn_again_and_nothing_else_is_replaced(run) -> None:
    for formula in ("x*x", "x + x"):
        assert run("explain", formula, "--at", "x=3", "--draw", "out.html").exit_code == 0
    assert "x + x" in Path("out.html").read_text(encoding="utf-8")
    Path("mine.html").write_text("<!DOCTYPE html>", encoding="utf-8")
    assert run("explain", "x*x", "--at", "x=3", "--draw", "mine.html").exit_code == 1
    assert Path("mine.html").read_text(encoding="utf-8") == "<!DOCTYPE html>"


def test_json_and_a_drawing_may_be_asked_for_at_once(run) -> None:
    assert json.loads(run("explain", "x*x", "--at", "x=3", "--draw", "a.SVG", "--json").stdout)["result"]["value"] == 9
    assert Path("a.SVG").read_text(encoding="utf-8").startswith("<svg")


def test_a_drawing_may_be_drawn_again_and_nothing_else_is_replaced(run) -> None:
    for formula in ("x*x", "x + x"):
        assert run("explain", formula, "--at", "x=3", "--draw", "out.svg").exit_code == 0
    mine = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    Path("mine.svg").write_text(mine, encoding="utf-8")
    result = run("explain", "x*x", "--at", "x=3", "--draw", "mine.svg")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line.rstrip() for line in result.stderr.splitlines()] == [
        "error    mine.svg exists, and is no drawing of backlit",
        "why      it is not replaced, since it may be something of yours",
        "instead  choose another file for --draw",
    ]
    assert Path("mine.svg").read_text(encoding="utf-8") == mine


def test_a_drawing_that_cannot_be_written_is_refused_before_anything_is_computed(run, refusal) -> None:
    assert refusal("x*x", "--at", "x=3", "--draw", "out.png") == [
        "error    out.png does not end in .svg or .html",
        "instead  write --draw formula.svg for a picture, --draw formula.html for a page",
        "         to step through and edit",
    ]
    result = run("explain", "x*x", "--at", "x=3", "--draw", "nowhere/out.svg")
    assert result.exit_code == 1
    assert "there is no folder" in result.stderr


# ------------------------------------------------------------------------------------------------------ mistakes


def test_a_mistake_in_the_formula_is_shown_with_carets_under_it(refusal) -> None:
    assert refusal("sigmod(x1*w1 + b)", "--at", "x1=3") == [
        "error  there is no function sigmod (did you mean 'sigmoid'?)",
        "           sigmod(x1*w1 + b)",
        "           ^^^^^^",
    ]
    assert refusal("z = w*x\ny = sigmoid(z") == [
        "error    line 2: this parenthesis is never closed",
        "             y = sigmoid(z",
        "                        ^",
        "instead  write the ) that belongs to it",
    ]
    assert refusal("-" * 3 + "a" * 30 + " * " + "b" * 30 + " + 2x", "--at", "x=3") == [
        "error    an operator is missing before x",
        f"             …{'a' * 22} * {'b' * 30} + 2x",
        f"             {' ' * 60}^",
        "instead  write 2*x to multiply",
    ]
    assert refusal("")[0] == "error    the formula is empty"


@pytest.mark.parametrize(
    ("at", "what", "instead"),
    [
        ("x=3, w2=1", "the formula has no w2", "its names are x, w1, b"),
        ("x=3, w11=1", "the formula has no w11 (did you mean 'w1'?)", "its names are x, w1, b"),
        ("x\x1b[1m=5", r"the formula has no x\x1b[1m", "its names are x, w1, b"),
        ("x=3, z=1", "z is computed by the formula", "leave --at z=... out"),
        ("x=three", "the value of x is 'three', which is no finite number", "write --at x=3.5"),
        ("x=", "the value of x is '', which is no finite number", "write --at x=3.5"),
        ("x=nan", "the value of x is 'nan', which is no finite number", "write --at x=3.5"),
        ("x=1e999", "the value of x is '1e999', which is no finite number", "write --at x=3.5"),
        ("x=1+2", "the value of x is '1+2', which is no finite number", "write --at x=3.5"),
    ],
)
def test_a_mistake_in_the_values_is_told(at: str, what: str, instead: str, refusal) -> None:
    assert refusal("z = x*w1; sigmoid(z + b)", "--at", at) == [f"error    {what}", f"instead  {instead}"]


@pytest.mark.parametrize(("at", "part"), [("3", "3"), ("x=1,5", "5"), ("x", "x"), ("=5", "=5"), ("x=3;w1", None)])
def test_a_value_without_a_name_is_refused(at: str, part: str | None, refusal) -> None:
    lines = refusal("z = x*w1; sigmoid(z + b)", "--at", at)
    if part is None:
        assert lines[0] == "error    the value of x is '3;w1', which is no finite number"
    else:
        assert lines == [
            f"error    --at {part} is no name with its value",
            'instead  write --at x=3, several as --at "x=3, w=2", and decimals with a point:',
            "         3.5",
        ]


def test_a_value_that_is_given_twice_is_refused(refusal) -> None:
    assert refusal("x*x", "--at", "x=3, x=4") == ["error  x is given twice: 3 and 4"]
    assert refusal("x*x", "--at", "x=3", "--at", "x=3") == ["error  x is given twice: 3 and 3"]


def test_missing_values_are_named(refusal) -> None:
    for arguments, names in [([], ["x", "w1", "b"]), (["--at", "x=3"], ["w1", "b"]), (["--at", "w1=1,x=3"], ["b"])]:
        assert refusal("z = x*w1; sigmoid(z + b)", *arguments) == [
            f"error    no value is given for {', '.join(names)}",
            "why      a formula is explained at a point",
            f'instead  add --at "{", ".join(f"{name}=..." for name in names)}"',
        ]


def test_a_formula_without_names_takes_no_values(refusal) -> None:
    assert refusal("1 + 2", "--at", "x=3") == ["error    the formula has no x", "instead  leave --at out"]


def test_of_many_names_some_are_listed(refusal) -> None:
    lines = refusal("+".join(f"x{number}" for number in range(40)))
    assert " ".join(" ".join(lines).split()) == (
        "error no value is given for x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 and 28 more "
        "why a formula is explained at a point "
        'instead add --at "x0=..., x1=..., x2=..., x3=..., x4=..., x5=..., x6=..., x7=..., x8=..., x9=..., x10=..., '
        'x11=... and 28 more"'
    )


def test_an_unknown_name_to_explain_suggests_the_nearest(refusal) -> None:
    lines = refusal("x1*w1", "--at", "x1=3,w1=2", "--of", "w11")
    assert "'w11'" in lines[0]
    assert "did you mean 'w1'?" in lines[0]


def test_a_truth_has_no_gradients(refusal) -> None:
    assert refusal("x > 3", "--at", "x=3") == [
        "error    the result of the formula is true or false",
        "why      only a number has gradients",
        "instead  write where(x > 0, 1, 0) in place of x > 0",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["x", "y"], "unexpected extra argument"),
        (["x", "--att", "x=3"], "No such option: --att"),
    ],
)
def test_wrong_usage_is_refused(arguments: list[str], message: str, run) -> None:
    result = run("explain", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_help_says_what_a_formula_is(run) -> None:
    result = run("explain", "-h")
    assert result.exit_code == 0
    assert result.stdout == run("explain", "--help").stdout
    assert '"sigmoid(x1*w1 + b)"' in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


WORDS = st.sampled_from([*"xw2+-*/^()=;, \n$ä", "exp(", "log"])


@given(
    st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=20),
    st.sampled_from(["x=1", "x=1,w=2", "w=0"]) | st.text(max_size=10),
    st.sampled_from([[], ["--json"], ["--of", "x"]]) | st.text(max_size=5).map(lambda name: ["--of", name]),
)
def test_whatever_is_typed_is_answered_in_words(formula: str, at: str, more: list[str]) -> None:
    result = CliRunner().invoke(app, ["explain", formula, "--at", at, *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), (formula, at, more)
    assert result.exit_code in (0, 2)
    assert (result.exit_code == 2) == bool(result.stderr)
    assert "\x1b" not in result.output


def test_stepping_reads_keys_until_it_is_enough(run, monkeypatch):
    keys = iter(["n", "n", "x", "e", "l", "b", "q"])
    monkeypatch.setattr("backlit.cli.explain.typer.getchar", lambda: next(keys))
    monkeypatch.setattr("backlit.cli.explain.typer.prompt", lambda *_, **__: "w = 5")
    monkeypatch.setattr("backlit.cli.explain._has_keys", lambda: True)
    result = run("explain", "w*x", "--at", "w=4, x=3", "--step", "--draw", "drawn.svg")
    assert result.exit_code == 0
    assert Path("drawn.svg").is_file(), "what is asked for besides is done before"
    assert "step 0 of 2: nothing is computed yet" in result.output
    assert "w + 1: f goes from 12 to 15" in result.output
    assert result.output.count("step 1 of 2") == 2
    assert next(keys, None) is None


def test_stepping_without_a_terminal_is_refused(run):
    result = run("explain", "w*x", "--at", "w=4, x=3", "--step")
    assert result.exit_code == 2
    assert "stepping needs a terminal with keys" in result.output
