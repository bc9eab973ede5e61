"""Whoever follows the lines of a picture made of characters finds the edges of the graph and no others."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backlit as bl
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.render.characters import cell_width, picture
from harness.diagrams import acyclic

OPENS = {"─": "lr", "│": "ud", "┐": "dl", "┘": "ul", "┌": "dr", "└": "ur"}
OPENS |= {"┤": "udl", "├": "udr", "┬": "dlr", "┴": "ulr", "┼": "udlr"}
STEPS = {"u": (-1, 0), "d": (1, 0), "l": (0, -1), "r": (0, 1)}
BACK = {"u": "d", "d": "u", "l": "r", "r": "l"}
MARK = re.compile(r"(\[p\d+\]|x\d+|\([^()]*\) f\d+)(?= |$)")


def edges_of(lines: list[str]) -> set[tuple[str, str]]:
    """Follow the line behind every mark to all marks it leads to."""
    starts, ends = {}, {}
    for y, line in enumerate(lines):
        for match in MARK.finditer(line):
            name = match[1].split()[-1].strip("[]")
            ends[y, match.start()] = name
            starts[name] = (y, match.end() + 1)
    found = set()
    for name, place in starts.items():
        waiting, seen = [(place, "l")], set()
        while waiting:
            (y, x), side = waiting.pop()
            if (y, x) in ends:
                found.add((name, ends[y, x]))
                continue
            character = lines[y][x] if y < len(lines) and x < len(lines[y]) else " "
            if (y, x, side in "lr") in seen or character not in OPENS:
                continue
            seen.add((y, x, side in "lr"))
            # A level line passes under an upright one.
            exits = "lr" if character == "│" and side in "lr" else OPENS[character]
            assert side in exits, f"a line is broken at row {y}, column {x}"
            onward = exits.replace(side, "").replace("l", "")  # never back to the left
            waiting += [((y + STEPS[way][0], x + STEPS[way][1]), BACK[way]) for way in onward]
    return found


def named_graph(reads) -> tuple[bl.Graph, set[tuple[str, str]]]:
    """A graph of sums in which everything has a name, and its edges by name."""
    nodes, names = [], []
    for i, read in enumerate(reads):
        arguments = [nodes[j] for j in read]
        if not arguments:
            leaf = bl.input(f"x{i}", shape=(1,)) if i % 2 else bl.parameter([1.0], name=f"p{i}")
            nodes.append(leaf)
        else:
            joined = bl.concat(arguments, axis=0) if len(arguments) > 1 else bl.tanh(arguments[0])
            nodes.append(joined.named(f"f{i}"))
        names.append(nodes[-1].name)
    graph = bl.Graph(outputs=[nodes[i] for i in range(len(nodes)) if i not in {j for r in reads for j in r}])
    return graph, {(names[j], names[i]) for i, read in enumerate(reads) for j in read}


@settings(deadline=None, max_examples=300)
@given(acyclic(10))
def test_the_lines_are_the_edges(reads):
    graph, edges = named_graph(reads)
    lines = picture(diagram_of(graph), 200)
    assert lines is None or edges_of(lines) == edges


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(["tanh", "+", "×"]), max_size=6))
def test_every_formula_of_one_operation_after_another_has_a_picture(ops):
    node, edges = bl.input("x0"), set()
    for i, op in enumerate(ops, start=1):
        before = node
        leaf = bl.parameter(1.0, name=f"p{i}")
        node = (bl.tanh(before) if op == "tanh" else before + leaf if op == "+" else leaf * before).named(f"f{i}")
        edges |= {(argument.name, node.name) for argument in (before, leaf) if argument in node.arguments}
    lines = picture(diagram_of(bl.Graph(outputs=[node])), 200)
    assert lines is not None
    assert edges_of(lines) == edges


def formula():
    x, w = bl.input("x0"), bl.parameter(1.0, name="p1")
    return diagram_of(bl.Graph(outputs=[bl.tanh(x * w)]))


def test_a_picture_that_does_not_fit_is_not_drawn():
    lines = picture(formula(), 80)
    wide = max(map(cell_width, lines))
    assert picture(formula(), wide) == lines
    assert picture(formula(), wide - 1) is None
    assert picture(diagram_of(bl.Graph(outputs=[bl.concat([bl.input(f"x{i}", shape=(1,)) for i in range(14)])])), 80)
    many = bl.concat([bl.parameter([1.0], name=f"p{i}") for i in range(19)])
    for _ in range(24):
        many = bl.concat([many, bl.parameter([1.0], name=f"q{_}")])
    assert picture(diagram_of(bl.Graph(outputs=[many])), 80) is None
    assert picture(diagram_of(bl.Graph()), 80) is None


def test_a_picture_that_could_be_misread_is_not_drawn():
    # Both sums read both inputs: gathered on bars, each line would seem to lead to where the other one does.
    a, b = bl.input("x0"), bl.input("x1")
    assert picture(diagram_of(bl.Graph(outputs=[a + b, a * b]))) is None


def test_a_line_passes_under_a_bar_that_is_not_its_own():
    graph, edges = named_graph([(), (0, 0, 0), (0,), (1, 1), (3, 0, 1), (1, 1), (2,)])
    lines = picture(diagram_of(graph))
    assert edges_of(lines) == edges
    assert lines == [
        "      ┌─────────────────────────────────┬─(concat) f4",
        "[p0] ─┼─(concat) f1 ─┬───┬──────────────┤",
        "      └─(tanh) f2 ───│─┐ └─(concat) f3 ─┘",
        "                     └─│───(concat) f5",
        "                       └───(tanh) f6",
    ]


def test_a_closed_box_is_drawn_with_a_row_for_each_value():
    x, y = bl.input("x"), bl.input("y")
    with bl.scope("layer"):
        a = bl.tanh(bl.sin(x) * y).named("a")
        b = bl.cos(a).named("b")
    diagram = diagram_of(bl.Graph(outputs=[a * b]), values={b: 2.0})
    assert picture(diagram) == [
        "    ┌───────┐",
        "x ──│ layer │─┬─(×)",
        "y ──│       │─┘",
        "    └───────┘",
    ]


def test_the_value_of_a_box_stands_below_it():
    x = bl.input("x")
    with bl.scope("layer"):
        y = bl.tanh(bl.sin(x)).named("y")
    assert picture(diagram_of(bl.Graph(outputs=[y]), values={y: 2.0}, gradients={y: 1.0}))[-1].strip() == "2 ∇ 1"


def test_marks_are_told_apart():
    state = bl.parameter(1.0, name="s", trainable=False)
    lines = picture(diagram_of(bl.Graph(outputs=[state * bl.constant([1.0, 2.0]) * bl.parameter(1.0, name="p")])))
    text = "\n".join(lines)
    assert "{s} " in text
    assert "[p] " in text
    assert "[1, 2] " in text
    assert "(×)" in text


def test_combining_characters_take_no_column():
    name = "e\u0301"
    lines = picture(diagram_of(bl.Graph(outputs=[bl.sin(bl.input(name))])))
    assert lines == [f"{name} ──(sin)"]
    assert cell_width(lines[0]) == len(lines[0]) - 1


@pytest.mark.parametrize(("text", "width"), [("", 0), ("abc", 3), ("θ", 1), ("漢", 2), ("e\u0301", 1)])
def test_columns_are_counted(text, width):
    assert cell_width(text) == width
