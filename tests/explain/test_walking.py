"""Walking through a run: keys, what is shown when, edits, and large graphs."""

import pytest

import backlit as bl
from backlit.explain.walking import Walkthrough


@pytest.fixture
def walk():
    x, w = bl.input("x"), bl.parameter(4.0, name="w")
    z = (x * w).named("z")
    loss = bl.square(z).named("L")
    return Walkthrough(bl.trace(loss, {"x": 3.0}, updates=bl.optim.SGD(0.1).updates(loss, {"w": w})))


def row(walk, name):
    (line,) = [line for line in walk.screen().splitlines() if line.replace("▶", " ").split()[:1] == [name]]
    return line


def test_values_come_with_the_steps_and_gradients_on_the_way_back(walk):
    assert walk.screen().splitlines()[0] == "step 0 of 5: nothing is computed yet"
    assert "?" in row(walk, "z")
    walk.press("n")
    assert "  12  " in row(walk, "z")
    assert "▶" in row(walk, "z")
    assert "?" in row(walk, "L")
    for _ in range(2):
        walk.press(" ")
    assert "∂L/∂L = 1" in row(walk, "L")
    assert "∂L/∂z = 24" in row(walk, "z")
    assert "∂L/∂w =" not in row(walk, "w")
    walk.press("\x1b[C")
    assert "∂L/∂w = 72" in row(walk, "w")
    assert walk.screen().startswith("step 4 of 5: backward")
    walk.press("\r")
    assert "5 update    w: 4 → -3.2" in walk.screen()


def test_both_ways_and_no_further_than_the_ends(walk):
    walk.press("b")
    assert walk.position == 0
    walk.press("l")
    assert walk.position == len(walk) == 5
    walk.press("n")
    assert walk.position == 5
    walk.press("\x1b[D")
    assert walk.position == 4
    walk.press("f")
    assert walk.position == 0
    walk.press("x")
    assert walk.position == 0


def test_an_edit_shows_its_effect_beside_the_prediction(walk):
    walk.press("l")
    walk.edit("w = 5")
    assert "w + 1: L goes from 144 to 225" in walk.screen()
    assert "predicted  144 + 72 · 1 = 216   (gradient · change)" in walk.screen()
    assert "  15  " in row(walk, "z")
    assert walk.position == 5
    walk.press("b")
    assert "predicted" not in walk.screen()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w", "'w' is no edit: write a name and its new value, such as θ1 = 6"),
        ("w = much", "'w = much' is no edit: write a name and its new value, such as θ1 = 6"),
        ("v = 2", "no node is called 'v'"),
        ("z = 2", "z cannot be edited: it is computed"),
    ],
)
def test_an_edit_that_cannot_be_is_told_and_changes_nothing(walk, text, message):
    before = walk.run
    walk.edit(text)
    assert message in walk.screen()
    assert walk.run is before


def test_an_array_is_edited_by_elements():
    w = bl.parameter([1.0, 2.0], name="w")
    walk = Walkthrough(bl.trace(bl.sum(w * w).named("L")))
    walk.edit("w = 3")
    assert "w is an array: edit one element of it, such as w[0] = 3" in walk.screen()
    walk.edit("w[1] = 3")
    assert "w[1] + 1: L goes from 5 to 10" in walk.screen()


def test_of_a_large_graph_a_part_is_listed_and_lines_stay_within_80_columns():
    x = bl.parameter(0.5, name="a_rather_long_name_for_a_parameter")
    y = x
    for _ in range(60):
        y = bl.sin(y)
    walk = Walkthrough(bl.trace(y))
    for _ in range(30):
        walk.press("n")
    lines = walk.screen().splitlines()
    assert sum("sin(" in line for line in lines) < 20
    assert any(line.strip().startswith("…") and line.endswith("before") for line in lines)
    assert any(line.strip().startswith("…") and line.endswith("after") for line in lines)
    assert max(map(len, lines)) <= 80


def test_whole_numbers_and_truth_values_are_edited_without_a_prediction():
    n, b, w = bl.input("n", dtype="int64"), bl.input("b", dtype="bool"), bl.parameter(3.0, name="w")
    walk = Walkthrough(bl.trace(bl.where(b, bl.cast(n, "float32") * w, w).named("L"), {"n": 4, "b": True}))
    walk.edit("n = 5")
    assert walk.message == "n goes from 4 to 5, L from 12 to 15"
    walk.edit("b = false")
    assert walk.message == "b goes from true to false, L from 15 to 3"
    walk.edit("n = 5.5")
    assert walk.message.startswith("n cannot be 5.5")
    assert walk.run.value("n") == 5
    walk.edit("w = 2")
    assert "predicted" in walk.message


def test_a_constant_has_no_steps_and_can_be_looked_at():
    assert Walkthrough(bl.trace(bl.constant(3.0))).screen().startswith("step 0 of 0: nothing is computed yet")
