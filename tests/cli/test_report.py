"""What is shown of a model and of its readings is true."""

import io

import numpy as np
from rich.console import Console

from backlit import nn
from backlit.cli.report import confusions, parameter_table, show_readings, telling_readings


def printed(thing: object, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(thing)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_the_table_names_every_layer_and_adds_up():
    with nn.seed(0):
        model = nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Residual(nn.Linear(300, 300)), nn.PReLU())
    text = printed(parameter_table(model))
    assert "0 Linear(784, 300)" in text
    assert "784 × 300   235,200" in text
    assert "1 ReLU" in text
    assert "2.module Linear(300, 300)" in text or "Linear(300, 300)" in text
    assert f"{model.parameter_count:,}" in text.splitlines()[-1]
    assert sum(each.size for each in model.parameters().values()) == model.parameter_count


def test_the_table_of_one_layer_has_its_parameters():
    text = printed(parameter_table(nn.Linear(3, 2)))
    assert "weight" in text
    assert "bias" in text
    assert text.splitlines()[-1].split()[-1] == "8"


def test_some_values_are_drawn_with_the_seed():
    model = nn.Linear(30, 20, rng=0)
    first, again, other = (printed(parameter_table(model, np.random.default_rng(seed))) for seed in (0, 0, 1))
    assert first == again != other
    line = next(line for line in first.splitlines() if "weight" in line)
    held = {f"{value:.3f}" for value in model.weight.value.ravel()}
    assert set(line.split()[-3:]) <= held


def test_the_most_frequent_mistakes_come_first():
    predicted, actual = np.array([1, 1, 0, 2, 2]), np.array([0, 0, 1, 1, 2])
    assert confusions(predicted, actual, ("a", "b", "c")) == "a as b (2×), b as a (1×), b as c (1×)"
    assert confusions(predicted, actual, ("a", "b", "c"), most=1) == "a as b (2×)"
    assert confusions(actual, actual, ("a", "b", "c")) == ""


def test_readings_that_are_shown_are_right_and_wrong_as_they_say():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(4) / 4, 200)
    actual = rng.integers(0, 4, 200)
    right, wrong = telling_readings(shares, actual, 3, rng)
    predicted = shares.argmax(axis=1)
    assert all(predicted[number] == actual[number] for number in right)
    assert len({actual[number] for number in right}) == 3
    assert all(predicted[number] != actual[number] for number in wrong)
    surest = np.sort(shares.max(axis=1)[predicted != actual])[::-1][:3]
    assert shares[wrong].max(axis=1).tolist() == surest.tolist()


def test_a_net_that_makes_no_mistake_has_none_to_show():
    shares = np.eye(3)
    right, wrong = telling_readings(shares, np.arange(3), 5, np.random.default_rng(0))
    assert sorted(right) == [0, 1, 2]
    assert wrong == []


def test_a_wrong_reading_says_what_it_is():
    console = Console(file=io.StringIO(), width=80, color_system=None)
    pictures = np.zeros((2, 8, 8), np.float32)
    pictures[:, 3:5, 3:5] = 1
    show_readings(console, pictures, np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]), ("cat", "dog"))
    text = console.file.getvalue()
    assert "cat  90.0 %" in text
    assert "cat  80.0 %  but it is dog" in text
    assert text.count("██") == 2
