"""Composites told as one: the numbers are those of the ops inside, and the formulas are true."""

import math

import numpy as np
import pytest

import backlit as bl
from backlit.explain.narration.composites import COMPOSITES, Names, can_be_felt, composite_of
from harness.traces import weighted


@pytest.fixture(autouse=True)
def _float64():
    with bl.precision("float64"):
        yield


ELEMENTWISE = {
    "softplus": (bl.nn.activations.softplus, lambda x: 1 / (1 + math.exp(-x))),
    "silu": (
        bl.nn.activations.silu,
        lambda x: 1 / (1 + math.exp(-x)) + x / (1 + math.exp(-x)) * (1 - 1 / (1 + math.exp(-x))),
    ),
    "leaky_relu": (lambda x: bl.nn.activations.leaky_relu(x, 0.1), lambda x: 1.0 if x > 0 else 0.1),
    "softsign": (bl.nn.activations.softsign, lambda x: 1 / (1 + abs(x)) ** 2),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_made_of_several_ops_have_one_local_derivative(name):
    function, slope = ELEMENTWISE[name]
    z = bl.parameter([-1.5, 0.5, 2.0], name="z")
    run = bl.trace(weighted(function(z).named("y")))
    for i, x in enumerate(z.value):
        (part,) = run.explain(f"z[{i}]").contributions
        assert part.consumer == f"y[{i}]"
        assert part.local == pytest.approx(slope(x), rel=1e-12)
        assert part.local_formula == COMPOSITES[name].local(Names(f"z[{i}]", f"y[{i}]", f"y[{i}]", True, ""))


@pytest.mark.parametrize(
    "loss",
    [
        lambda z: bl.losses.cross_entropy(z, bl.constant([0, 2])),
        lambda z: bl.losses.squared_error(z, bl.constant(np.ones((2, 3)))),
        lambda z: bl.losses.binary_cross_entropy(z, bl.constant(np.eye(2, 3))),
        bl.mean,
    ],
)
def test_a_loss_is_one_step_and_what_comes_back_is_the_gradient(loss):
    z = bl.parameter(np.random.default_rng(0).normal(size=(2, 3)), name="z")
    run = bl.trace(loss(z).named("L"))
    told = run.explain("z[1,2]")
    (part,) = told.contributions
    assert part.consumer == "L"
    assert part.product == pytest.approx(told.gradient, rel=1e-12)


def test_cross_entropy_is_softmax_minus_target():
    z = bl.parameter([[3.2, 5.1, -1.7]], name="z")
    p = np.exp(z.value[0]) / np.exp(z.value[0]).sum()
    run = bl.trace(bl.losses.cross_entropy(z, bl.constant([0])).named("L"))
    parts = [run.explain(f"z[0,{i}]").contributions[0] for i in range(3)]
    assert [part.local for part in parts] == pytest.approx(p - [1, 0, 0], rel=1e-9)
    assert parts[0].local_formula == "(softmax - target) / examples"


def test_inside_is_told_op_by_op_and_adds_up_to_the_same():
    z = bl.parameter([1.0, 2.0], name="z")
    run = bl.trace(bl.softmax(z)[0])
    closed, opened = run.explain("z[0]"), run.explain("z[0]", inside=True)
    assert all("softmax" in part.formula for part in closed.contributions)
    assert not any("softmax(" in part.formula for part in opened.contributions)
    for told in (closed, opened):
        assert sum(part.product for part in told.contributions) + told.omitted_sum == pytest.approx(told.gradient)


def test_the_outermost_composite_counts_and_from_inside_the_next():
    z = bl.parameter([[1.0, 2.0]], name="z")
    loss = bl.losses.cross_entropy(z, bl.constant([0])).named("L")
    run = bl.trace(loss)
    inner = [node for node in run.forward if node.scope and node.scope.name == "log_softmax"]
    assert composite_of(inner[0]).name == "cross_entropy"
    assert composite_of(inner[0], loss).name == "log_softmax"
    assert composite_of(z) is None
    assert composite_of(bl.exp(z)) is None


def test_a_way_around_a_composite_is_told_beside_it():
    z = bl.parameter([1.0, 2.0], name="z")
    run = bl.trace(bl.sum(bl.softmax(z) * z).named("L"))
    told = run.explain("z[0]")
    assert sum("softmax" in part.formula for part in told.contributions) == 2
    assert len(told.contributions) == 3
    assert sum(part.product for part in told.contributions) == pytest.approx(told.gradient, rel=1e-12)


def test_a_smooth_composite_has_no_kinks_whatever_it_is_made_of():
    z = bl.parameter([[0.0, 0.0]], name="z")
    flat = bl.parameter([0.0, 0.0], name="z")
    for value in (
        bl.losses.cross_entropy(z, [0]),
        bl.softmax(flat)[0],
        bl.logsumexp(flat),
        bl.sum(bl.nn.softsign(flat)),
        bl.sum(bl.nn.softplus(flat)),
    ):
        run = bl.trace(value.named("L"))
        assert run.kinks == ()
        leaf = run["z"].node
        assert run.explain(leaf, (0,) * leaf.rank).notes == ()


def test_a_kink_of_a_composite_is_its_own():
    q = bl.parameter(0.0, name="q")
    run = bl.trace(bl.nn.leaky_relu(q, slope=0.1).named("L"))
    assert run.explain("q").notes == ("q stands on a kink of leaky_relu (q = 0: any slope from that of the left to 1)",)
    assert "a kink of relu" in run.explain("q", inside=True).notes[0]


def test_a_kink_that_passes_nothing_is_still_one_where_the_function_is_flat():
    x = bl.parameter(0.0, name="x")
    run = bl.trace((bl.sign(x) + x).named("L"))
    assert [can_be_felt(run, node) for node in run.forward if node.kind == "sign"] == [True]
