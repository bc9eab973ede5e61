"""A comparison as a table and as a picture: readable at 80 columns, and well-formed."""

import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import backlit as bl
from backlit.explain.render.comparison import comparison_svg, comparison_text


@pytest.fixture(scope="module")
def compared():
    θ, x = bl.parameter(3.0, name="θ"), bl.input("x")
    loss = (θ * x + bl.exp(θ * x)).named("L")
    return bl.compare_derivatives(loss, {"x": -2.0}, manual={"θ": x + x * bl.exp(θ * x)})


def test_the_table_has_every_method_with_its_error_and_its_cost(compared):
    lines = comparison_text(compared).splitlines()
    assert lines[0] == "derivatives of L = -5.99752 at θ = 3, x = -2"
    for method in ("by hand", "symbolic", "numerical", "forward mode", "reverse mode"):
        assert sum(line.startswith(method) for line in lines) == 1
        (value,) = [line for line in lines if line.startswith(f"    {method}") and "-2.0" in line]
        assert float(value.split()[-1]) == pytest.approx(-2.0 - 2.0 * math.exp(-6.0), rel=1e-9)
    assert max(map(len, lines)) <= 80


def test_the_curve_shows_more_right_digits_at_the_best_step(compared):
    lines = comparison_text(compared).splitlines()
    dots = {line.split()[0]: line.count("•") for line in lines if "•" in line}
    assert dots["1e-06"] > dots["1e-01"]
    assert dots["1e-06"] > dots["1e-14"]


def test_of_an_array_the_first_numbers_are_written_out():
    w = bl.parameter(np.arange(1.0, 9.0), name="w")
    text = comparison_text(bl.compare_derivatives(bl.sum(w * w)))
    assert "∂f/∂w[3]" in text
    assert "∂f/∂w[4]" not in text
    assert "w = [8]" in text


def test_the_picture_is_well_formed_and_marks_the_best_steps(compared):
    root = ET.fromstring(comparison_svg(compared))
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}polyline")) == 2
    assert len(root.findall(f"{space}circle")) == 2
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{space}text"))
    assert "forward: best at h =" in words
    assert "central: best at h =" in words


def test_the_formulas_of_an_array_stand_below_its_numbers_within_80_columns():
    W, x = bl.parameter([[1.0, 2.0], [3.0, 4.0]], name="W"), bl.input("x")
    lines = comparison_text(bl.compare_derivatives(bl.sum(bl.tanh(W * x)).named("L"), {"x": 0.5})).splitlines()
    assert "at W = [[1, 2], [3, 4]], x = 0.5" in lines[0]
    begin = lines.index("∂L/∂W")
    assert lines[begin + 1].startswith("    = [[x · (1 - tanh(W[0,0] · x)²), x · (1 - tanh(W[0,1] · x)²)],")
    assert max(map(len, lines)) <= 80


def test_its_style_touches_nothing_else_on_a_page(compared):
    """A notebook puts the picture beside others: every rule names a class of its own."""
    style = ET.fromstring(comparison_svg(compared)).findtext("{http://www.w3.org/2000/svg}style")
    rules = [
        rule.strip() for rule in style.replace("@media(prefers-color-scheme:dark){", "").split("}") if rule.strip()
    ]
    assert rules
    assert all(rule.startswith(".bl-") for rule in rules)
    assert compared._repr_html_().startswith("<pre>derivatives of L")


def test_what_is_left_out_is_counted_and_nothing_is_wider_than_the_terminal():
    x = bl.input("x")
    weights = [bl.parameter(0.3 * i - 0.7, name=f"weight{i}") for i in range(8)]
    told = bl.compare_derivatives(sum((bl.sin(x * v) * v for v in weights), x * 0.0).named("L"), {"x": 1.3})
    lines = comparison_text(told).splitlines()
    assert max(map(len, lines)) <= 80
    assert "weight7 = 1.4" in " ".join(line.strip() for line in lines[:4])
    assert "and 4 more" in lines
    shown = {line.split()[0] for line in lines if line}
    assert {f"{step:.0e}" for step in told.step_errors.best} <= shown, "the best steps have a row"
