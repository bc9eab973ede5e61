"""Text: readable at 80 columns, without colours, with nothing left out."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, UnknownNameError
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.render.characters import cell_width
from backlit.explain.render.outline import to_text
from harness.diagrams import drawn_graphs


def lecture():
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(value, name=f"θ{i}") for i, value in enumerate((4.0, 5.0, 1.0), start=1))
    f1, f2 = (x1 * θ1).named("f1"), (x2 * θ2).named("f2")
    f4 = ((f1 + f2).named("f3") + θ3).named("f4")
    nodes = (x1, x2, θ1, θ2, θ3, f1, f2, f4.arguments[0], f4)
    values = dict(zip(nodes, (3.0, -2.0, 4.0, 5.0, 1.0, 12.0, -10.0, 2.0, 3.0), strict=True))
    gradients = dict(zip(nodes, (4.0, 5.0, 3.0, -2.0, 1.0, 1.0, 1.0, 1.0, 1.0), strict=True))
    return diagram_of(bl.Graph(outputs=[f4]), values=values, gradients=gradients, name="f of lecture A")


def test_the_lecture_graph_as_text():
    assert (
        to_text(lecture())
        == """\
f of lecture A

x1 ────┐
3 ∇ 4  ├─(×) f1 ─┐
[θ1] ──┘ 12 ∇ 1  ├─(+) f3 ─┐
4 ∇ 3            │ 2 ∇ 1   ├─(+) f4
x2 ────┬─(×) f2 ─┘ [θ3] ───┘ 3 ∇ 1
-2 ∇ 5 │ -10 ∇ 1   1 ∇ 1
[θ2] ──┘
5 ∇ -2

                         value  gradient
x1: input                3      4
θ1: trainable parameter  4      3
f1 = x1 · θ1             12     1
x2: input                -2     5
θ2: trainable parameter  5      -2
f2 = x2 · θ2             -10    1
f3 = f1 + f2             2      1
θ3: trainable parameter  1      1
f4 = f3 + θ3 (output)    3      1"""
    )


def net(batch: int = 2):
    model = bl.nn.Sequential(bl.nn.Linear(3, 2), bl.nn.ReLU(), bl.nn.Linear(2, 3))
    loss = bl.losses.cross_entropy(model(bl.input("x", shape=(batch, 3))), bl.input("y", shape=(batch,), dtype="int64"))
    graph = bl.Graph(outputs=[loss.named("loss")])
    return diagram_of(graph, values={node: np.full(node.shape, 123.456) for node in graph.nodes})


def test_what_is_in_a_scope_stands_below_it():
    lines = to_text(net()).splitlines()
    start = lines.index("0: 2 operations, trainable:")
    assert [line.split("  ")[1] for line in lines[start + 1 : start + 5]] == [
        "0.weight: trainable parameter",
        "%2 = x @ 0.weight",
        "0.bias: trainable parameter",
        "0.z = %2 + 0.bias",
    ]
    inner = next(line for line in lines if line.strip().startswith("log_softmax: 11 operations:"))
    assert inner.startswith("  log_softmax")


def test_a_closed_box_is_one_line():
    lines = to_text(net(), open=[]).splitlines()
    assert "0: 2 operations, trainable …" in lines
    assert "cross_entropy: 17 operations …" in lines
    assert not any("log_softmax" in line for line in lines)


def test_everything_comes_after_what_it_reads():
    text = to_text(net(), open="all")
    defined = set()
    for line in text.splitlines():
        name, is_operation, formula = line.strip().partition(" = ")
        if is_operation:
            assert set(re.findall(r"%\d+", formula)) <= defined
            defined.add(name)
    assert len(defined) == 22
    assert "loss" in defined


@settings(deadline=None, max_examples=60)
@given(drawn_graphs(), st.integers(40, 120))
def test_no_line_is_too_long_and_every_operation_is_told(graph, width):
    diagram = diagram_of(graph, values={node: np.full(node.shape, -1.23456e-7) for node in graph.nodes})
    lines = to_text(diagram, width=width, open="all").splitlines()
    assert max(map(cell_width, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for sheet in diagram.sheets:
        for mark in sheet.marks:
            if mark.kind == "operation":
                assert f"{mark.label} = " in text


def test_a_long_line_goes_on_below_and_a_long_cell_is_cut():
    x = bl.input("a_rather_long_name_of_an_input", shape=(1, 4))
    y = (x * x).named("an_even_longer_name_of_the_product")
    value = {y: np.array([[-123456.0, 1e-30, 1.0, 2.0]])}
    text = to_text(diagram_of(bl.Graph(outputs=[y]), values=value, gradients=value), width=60)
    assert "…" in text
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("an_even"))
    column = lines[0].index("shape")
    assert all(line.startswith("    ") for line in lines[start + 1 :])
    told = "".join(line[:column].strip().replace(" ", "") for line in lines[start:])
    name = "a_rather_long_name_of_an_input"
    assert told == f"an_even_longer_name_of_the_product={name}·{name}(output)"
    assert max(map(cell_width, text.splitlines())) <= 60


def test_wide_characters_take_two_columns():
    x = bl.input("漢字")
    text = to_text(diagram_of(bl.Graph(outputs=[bl.sin(x).named("正弦")]), values={x: np.array(1.0)}))
    lines = text.splitlines()
    assert lines[0] == "漢字 ──(sin) 正弦"
    assert lines[1] == "1"
    (told,) = (line for line in lines if line.startswith("漢字: "))
    (head,) = (line for line in lines if "value" in line)
    assert cell_width(told[: told.rindex("1")]) == head.index("value")


def test_constants_without_a_name_stand_in_the_formulas_alone():
    x = bl.input("x", shape=(2,))
    text = to_text(diagram_of(bl.Graph(outputs=[x * bl.constant([1.0, 2.0]) + bl.constant([5.0, 6.0], name="c")])))
    assert "%2 = x · [1, 2]" in text
    assert "c: constant" in text
    assert text.count("constant") == 1


def test_an_update_is_told_behind_what_it_takes():
    θ = bl.parameter(1.0, name="θ")
    assert to_text(diagram_of(bl.Graph(updates={θ: θ - 0.5}))).splitlines()[-2:] == ["%2 = θ - 0.5", "θ ←"]


def test_parameters_that_are_not_trained_say_so():
    state = bl.parameter(1.0, name="state", trainable=False)
    text = to_text(diagram_of(bl.Graph(outputs=[bl.sin(state)])))
    assert text.splitlines()[0] == "{state} ──(sin)"
    assert "state: parameter" in text.splitlines()


def test_a_long_graph_is_told_by_its_parts():
    y = bl.input("x")
    for _ in range(5000):
        y = bl.sin(y)
    lines = to_text(diagram_of(bl.Graph(outputs=[y]))).splitlines()
    assert len(lines) < 110
    assert any(line.endswith("…") for line in lines)


def test_an_empty_graph_says_so():
    assert to_text(diagram_of(bl.Graph())) == "(nothing is computed)"


def test_a_width_that_is_too_small_is_refused():
    with pytest.raises(ArgumentError) as caught:
        to_text(lecture(), width=39)
    assert str(caught.value) == "an outline needs at least 40 columns; received width=39"


def test_an_unknown_box_is_refused():
    with pytest.raises(UnknownNameError, match="no box with the id 'layer'"):
        to_text(lecture(), open=["layer"])


def test_a_new_value_stands_behind_the_old_one():
    w = bl.parameter(4.0, name="w")
    diagram = diagram_of(bl.Graph(outputs=[bl.sin(w)]), values={w: np.array(4.0)}, new_values={w: np.array(3.7)})
    lines = to_text(diagram).splitlines()
    assert lines[:2] == ["[w] ─────(sin)", "4 → 3.7"]
    assert "w: trainable parameter  4 → 3.7" in lines
