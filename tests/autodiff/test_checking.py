"""The one-call gradient check: it agrees where it should, knows kinks, and catches planted wrong rules."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit.engines.reference import NUMPY_RULES
from backlit.errors import ArgumentError, BindingError, GradientCheckError
from backlit.graph import OPS, Op
from backlit.graph.op import elementwise


@pytest.fixture
def plant() -> Iterator[Callable[..., Op]]:
    """Add ops for one test only."""
    planted: list[str] = []

    def add(name: str, rule: Callable[..., np.ndarray], **card: Any) -> Op:
        op = Op(name=name, formula="", words="", infer=elementwise(), **card)
        NUMPY_RULES[name] = rule
        planted.append(name)
        return op

    yield add
    for name in planted:
        del OPS[name], NUMPY_RULES[name]


def test_right_gradients_agree_on_arrays_and_parameters() -> None:
    x = bl.input("x", shape=(2, 3))
    w = bl.parameter(np.linspace(-1, 1, 12).reshape(3, 4), name="w")
    report = bl.check_gradients(bl.softmax(bl.tanh(x @ w)), {"x": np.linspace(-2, 2, 6).reshape(2, 3)})
    assert report.agrees
    assert report.checked == 6 + 12
    assert report.largest_error < 1e-8
    assert str(report).startswith("18 derivatives agree")


def test_a_wrong_local_derivative_is_caught_and_named(plant: Callable[..., Op]) -> None:
    wrong = plant("wrong_square", lambda x: x * x, local=(lambda z, x: 3.0 * x,))
    x = bl.input("x", shape=(2,))
    with pytest.raises(GradientCheckError) as caught:
        bl.check_gradients(bl.sum(bl.exp(wrong(bl.sin(x)).named("planted"))), {"x": [0.5, 1.0]})
    message = str(caught.value)
    assert "x[0]: reverse mode gives" in message
    assert "2 of 2 derivatives disagree" in message
    assert "the rule that is wrong: wrong_square, argument 1 (planted)" in message
    assert caught.value.report.culprits == ("wrong_square, argument 1 (planted)",)


def test_a_wrong_pullback_is_caught_while_the_pushforward_is_right(plant: Callable[..., Op]) -> None:
    double = plant(
        "wrong_double",
        lambda x: 2.0 * x,
        pushforward=lambda z, tangents: 2.0 * tangents[0],
        pullback=lambda position, z, upstream: 2.5 * upstream,
    )
    x = bl.input("x")
    with pytest.raises(GradientCheckError) as caught:
        bl.check_gradients(double(x), {"x": 1.0})
    assert {row.mode for row in caught.value.report.disagreements} == {"reverse"}
    assert caught.value.report.disagreements[0].error == pytest.approx(0.2)


def test_a_missing_gradient_is_caught(plant: Callable[..., Op]) -> None:
    silent = plant("silent", np.sin, flat=True)
    x = bl.input("x")
    with pytest.raises(GradientCheckError, match=r"reverse mode gives 0, the values show 0\.87"):
        bl.check_gradients(silent(x) + 0.0 * x, {"x": 0.5})


@pytest.mark.parametrize(("relu", "taken"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_at_a_kink_every_subgradient_is_right_and_reported(relu: float, taken: float) -> None:
    x = bl.input("x", shape=(3,))
    with bl.subgradients(relu=relu):
        report = bl.check_gradients(bl.sum(bl.relu(x)), {"x": [1.0, 0.0, -1.0]})
    assert report.agrees
    kinks = report.kinks
    if relu == 0.5:
        assert kinks == (), "the central difference itself is one half"
    else:
        assert [(kink.index, kink.taken) for kink in kinks] == [((1,), taken)]
        assert (kinks[0].left, kinks[0].right) == (pytest.approx(0.0), pytest.approx(1.0))
        assert "a kink, from slope 0 to 1" in str(report)


def test_a_slope_outside_the_subgradients_is_wrong_even_at_a_kink(plant: Callable[..., Op]) -> None:
    wrong = plant("wrong_relu", lambda x: np.maximum(x, 0), local=(lambda z, x: 2.0,))
    x = bl.input("x")
    with pytest.raises(GradientCheckError):
        bl.check_gradients(wrong(x), {"x": 0.0})


def test_leaves_that_cannot_move_are_left_alone() -> None:
    labels = bl.input("labels", shape=(2,), dtype="int64")
    x = bl.input("x", shape=(2, 3))
    loss = -bl.sum(bl.log_softmax(x) * bl.one_hot(labels, 3))
    assert bl.check_gradients(loss, {"x": np.eye(2, 3), "labels": [2, 0]}).checked == 6


def test_mistakes_are_explained() -> None:
    n = bl.input("n", dtype="int64")
    with pytest.raises(ArgumentError, match="no float input or parameter"):
        bl.check_gradients(bl.cast(n, "float32"), {"n": 1})
    with pytest.raises(BindingError, match="no value was given"):
        bl.check_gradients(bl.input("x") * 2.0)
