"""Every program in examples/ runs on its own, and ends in an assertion about its outcome, which holds.

How long a program takes depends on the machine; how much it is asked to do does not. So there is a budget of rounds:
the epochs that it trains for, as they stand in its text.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NAMES = [path.stem for path in EXAMPLES]

ROUNDS = 2000  # epochs, all calls of fit in a program together


def calls_of(tree: ast.AST, method: str) -> list[ast.Call]:
    """Every call of a method of that name."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


def rounds_asked_for(text: str) -> int:
    """How many epochs the calls of `fit` in a program ask for; each must say it with a plain number."""
    total = 0
    for call in calls_of(ast.parse(text), "fit"):
        epochs = {keyword.arg: keyword.value for keyword in call.keywords}["epochs"]
        assert isinstance(epochs, ast.Constant), f"line {call.lineno}: epochs is not a number"
        total += epochs.value
    return total


def ends_in_an_assertion(text: str) -> bool:
    """Whether only words are left to say after the last assertion."""
    body = [line for line in ast.parse(text).body if not (isinstance(line, ast.Expr) and "print" in ast.unparse(line))]
    last = body[-1]
    return isinstance(last, ast.Assert) or (isinstance(last, ast.For) and isinstance(last.body[-1], ast.Assert))


def test_there_are_examples():
    assert {"by_hand", "digits", "three_neurons"} <= set(NAMES)


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_an_example_says_what_it_shows_and_ends_in_an_assertion(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert ends_in_an_assertion(text)
    assert rounds_asked_for(text) <= ROUNDS


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_an_example_runs(path, tmp_path):
    """Alone, in an empty folder, with warnings as errors; it leaves nothing behind."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_the_rounds_are_counted():
    assert rounds_asked_for("trainer.fit(data, epochs=3)\nfor _ in range(2):\n    other.fit(x, epochs=40)\n") == 43
    assert rounds_asked_for("1 + 1\n") == 0
    with pytest.raises(KeyError):
        rounds_asked_for("trainer.fit(data)")


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("x = 1\nassert x == 1\n", True),
        ("assert 1\nprint('so it is')\n", True),
        ("for x in [1]:\n    assert x\n", True),
        ("assert 1\nx = 2\n", False),
        ("def f():\n    assert 0\n", False),
    ],
)
def test_a_program_without_an_assertion_at_its_end_is_noticed(text, ends):
    assert ends_in_an_assertion(text) is ends
