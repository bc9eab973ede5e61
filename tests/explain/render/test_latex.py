"""LaTeX of explanations: names, numbers, sums, and names that mean to be LaTeX themselves."""

import math
from dataclasses import replace

import pytest

import backlit as bl
from backlit.explain.render.latex import explanation_latex, latex_name, latex_number


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("x", "x"),
        ("θ", r"\theta"),
        ("θ2", r"\theta_{2}"),
        ("θ_2", r"\theta_{2}"),
        ("λ", r"\lambda"),
        ("Ω1", r"\Omega_{1}"),
        ("Α", "A"),
        ("ο", "o"),
        ("ς", r"\text{ς}"),
        ("é", r"\text{é}"),
        ("W[3,5]", "W_{3,5}"),
        ("w1[2]", "w_{1, 2}"),
        ("layer1.z[0,1]", r"\text{layer1.z}_{0,1}"),
        ("a_b%", r"\text{a\_b\%}"),
        (r"\input{x}^~", r"\text{\textbackslash{}input\{x\}\textasciicircum{}\textasciitilde{}}"),
    ],
)
def test_names(name, written):
    assert latex_name(name) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (2.0, "2"),
        (-0.125, "-0.125"),
        (1e-12, r"1 \cdot 10^{-12}"),
        (-2.5e20, r"-2.5 \cdot 10^{20}"),
        (math.inf, r"\infty"),
        (-math.inf, r"-\infty"),
        (math.nan, r"\text{NaN}"),
    ],
)
def test_numbers(number, written):
    assert latex_number(number) == written


def test_two_ways_to_the_loss_are_a_sum():
    a = bl.parameter(3.0, name="a")
    b, c = (2.0 * a).named("b"), (-4.0 * a).named("c")
    text = explanation_latex(bl.trace((b + c).named("L")).explain("a"))
    assert text.splitlines()[2:5] == [
        (
            r"  &= \frac{\partial L}{\partial c} \cdot \frac{\partial c}{\partial a}"
            r" + \frac{\partial L}{\partial b} \cdot \frac{\partial b}{\partial a} \\"
        ),
        r"  &= 1 \cdot (-4) + 1 \cdot 2 \\",
        "  &= -2",
    ]


def test_many_ways_are_cut_short():
    a = bl.parameter(1.0, name="a")
    loss = bl.sum(bl.stack([a * float(k) for k in range(1, 12)])).named("L")
    lines = explanation_latex(bl.trace(loss).explain("a")).splitlines()
    assert lines[3] == r"  &= 1 \cdot 11 + 1 \cdot 10 + 1 \cdot 9 + \cdots \\"
    assert lines[4] == "  &= 66"


def test_what_has_no_chain_rule_says_what_it_is():
    w = bl.parameter([1.0, 2.0], name="w")
    labels = bl.input("d", shape=(), dtype="int64")
    loss = (bl.sum(w) + bl.cast(labels, "float32")).named("L")
    run = bl.trace(loss, {"d": 3})
    assert explanation_latex(run.explain("w")) == "w"
    assert explanation_latex(run.explain("d")) == "d = 3"
    assert explanation_latex(run.explain("L")) == r"\frac{\partial L}{\partial L} = 1"
    assert run.explain("w[0]").latex() == explanation_latex(run.explain("w[0]"))


def test_a_comparison_is_a_line_a_leaf_with_numbers_where_there_is_no_formula():
    θ, x = bl.parameter(3.0, name="θ"), bl.input("x")
    compared = bl.compare_derivatives((θ * x * x).named("L"), {"x": 2.0})
    told = replace(compared, formulas_latex={})
    assert compared.latex() == "\\begin{aligned}\n\\frac{\\partial L}{\\partial \\theta} &= x^{2}\n\\end{aligned}"
    assert told.latex() == "\\begin{aligned}\n\\frac{\\partial L}{\\partial \\theta} &= 4\n\\end{aligned}"


def test_a_truth_value_is_a_word():
    p = bl.parameter(1.0, name="p")
    run = bl.trace(bl.where((p > 0).named("c"), p, -p).named("L"))
    assert run.explain("c").latex() == r"c = \text{true}"
