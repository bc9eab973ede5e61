"""SVG: valid, self-contained, safe whatever things are called, and telling marks apart by more than colour."""

import html
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, UnknownNameError
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.drawing.diagram import Diagram, Edge, Mark, Sheet
from backlit.explain.render.svg import STYLE, to_svg
from harness.diagrams import drawn_graphs

SVG = "{http://www.w3.org/2000/svg}"


def parse(text: str) -> ET.Element:
    return ET.fromstring(text)  # it knows no entity and fetches nothing


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def groups(root: ET.Element, style: str) -> list[ET.Element]:
    return [group for group in root.iter(f"{SVG}g") if style in group.get("class", "").split()]


def lecture() -> Diagram:
    """f = (x1 θ1 + x2 θ2) + θ3 at x = (3, -2), θ = (4, 5, 1), with the gradients of the lecture."""
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(value, name=f"θ{i}") for i, value in enumerate((4.0, 5.0, 1.0), start=1))
    f1, f2 = (x1 * θ1).named("f1"), (x2 * θ2).named("f2")
    f3 = (f1 + f2).named("f3")
    f4 = (f3 + θ3).named("f4")
    nodes = (x1, x2, θ1, θ2, θ3, f1, f2, f3, f4)
    values = dict(zip(nodes, (3.0, -2.0, 4.0, 5.0, 1.0, 12.0, -10.0, 2.0, 3.0), strict=True))
    gradients = dict(zip(nodes, (4.0, 5.0, 3.0, -2.0, 1.0, 1.0, 1.0, 1.0, 1.0), strict=True))
    return diagram_of(bl.Graph(outputs=[f4]), values=values, gradients=gradients, name="f")


def neuron() -> Diagram:
    x = bl.input("x", shape=(2,))
    with bl.scope("neuron"):
        y = bl.sigmoid(bl.sum(x * bl.parameter([1.0, 2.0], name="w"))).named("y")
    return diagram_of(bl.Graph(outputs=[y]), values={y: np.array(0.25)}, gradients={y: np.array(1.0)})


def test_the_lecture_graph_shows_every_number_in_its_place():
    root = parse(to_svg(lecture(), legend=False))
    shown = {}
    for group in groups(root, "bl-mark"):
        by_class = {text.get("class", ""): text.text for text in group.iter(f"{SVG}text")}
        name = by_class.get("", by_class.get("bl-sign"))
        shown[name] = (by_class["bl-value"], by_class["bl-gradient"])
    assert shown == {
        "x1": ("3", "4"),
        "θ1": ("4", "3"),
        "x2": ("−2", "5"),
        "θ2": ("5", "−2"),
        "θ3": ("1", "1"),
        "f1": ("12", "1"),
        "f2": ("−10", "1"),
        "f3": ("2", "1"),
        "f4": ("3", "1"),
    }


def test_a_value_stands_above_the_line_and_its_gradient_below():
    for group in groups(parse(to_svg(lecture(), legend=False)), "bl-mark"):
        heights = {text.get("class"): float(text.get("y")) for text in group.iter(f"{SVG}text")}
        assert heights["bl-value"] + 10 < heights["bl-gradient"]


def test_every_mark_tells_its_node_in_full_when_it_is_pointed_at():
    root = parse(to_svg(neuron(), open="all"))
    titles = [group.find(f"{SVG}title").text for group in groups(root, "bl-mark")]
    assert all(titles)
    assert "neuron.y: float32[] = sigmoid(%2) in neuron\nvalue 0.25\ngradient 1" in titles
    assert [group.find(f"{SVG}title").text for group in groups(root, "bl-open")] == ["neuron: 3 operations"]


def test_trainable_marks_have_a_second_frame():
    root = parse(to_svg(neuron(), open="all", legend=False))
    for group in groups(root, "bl-mark"):
        inner = [shape for shape in group.iter(f"{SVG}rect") if shape.get("class") == "bl-inner"]
        assert len(inner) == ("bl-trainable" in group.get("class"))
    assert groups(root, "bl-trainable")
    (closed,) = groups(parse(to_svg(neuron(), open=[], legend=False)), "bl-box")
    assert "bl-trainable" in closed.get("class")


def test_kinds_have_shapes_of_their_own():
    state = bl.parameter(1.0, name="state", trainable=False)
    c = bl.constant([1.0, 2.0], name="c")
    graph = bl.Graph(outputs=[bl.input("x") * c], updates={state: state + 1.0})
    root = parse(to_svg(diagram_of(graph), legend=False))
    corners = {}
    for group in groups(root, "bl-mark"):
        shapes = list(group.iter(f"{SVG}rect"))
        corners[group.get("class")] = [(float(shape.get("rx")), shape.get("height")) for shape in shapes]
    assert corners["bl-mark bl-constant"] == []
    assert corners["bl-mark bl-input"] == [(3.0, "28")]
    assert corners["bl-mark bl-operation"][0][0] >= 14.0
    assert "bl-mark bl-parameter bl-state" in corners
    assert ".bl-state .bl-shape{stroke-dasharray" in STYLE


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "]]><svg onload=x>", "a & b", "\"quoted\" 'name'", "&amp;", "<!-- -->", "漢字"],
)
def test_whatever_things_are_called_they_are_texts(name):
    with bl.scope(name):
        y = bl.sin(bl.cos(bl.input(name)) * bl.parameter(1.0, name=name + "1")).named(name)
    diagram = diagram_of(bl.Graph(outputs=[y]), edge_texts={(y, 0): name}, name=name)
    for which in ("all", []):
        text = to_svg(diagram, open=which)
        root = parse(text)
        assert root.get("aria-label") == name
        assert name in texts(root)
        assert {element.tag for element in root.iter()} <= {
            f"{SVG}{tag}" for tag in ("svg", "style", "rect", "g", "title", "text", "path")
        }
        assert not [key for element in root.iter() for key in element.attrib if key.lower().startswith("on")]


@given(st.text())
def test_any_text_is_valid_xml(text):
    mark = Mark("n0", "operation", text, text, text, text=text, value=text, gradient=text)
    sheet = Sheet("root", "", (mark,), (), (), 1, 0)
    root = parse(to_svg(Diagram(text, (sheet,))))
    assert len(groups(root, "bl-mark")) == 1


@settings(deadline=None, max_examples=30)
@given(drawn_graphs())
def test_every_drawing_is_valid_and_needs_nothing_from_elsewhere(graph):
    text = to_svg(diagram_of(graph), open="all")
    root = parse(text)
    assert text.count("http") == 1, "the name space of SVG is the only address"
    assert not re.search(r"url\(|@import|href|<script|<image|<foreignObject", text)
    left, top, width, height = map(float, root.get("viewBox").split())
    for shape in root.iter(f"{SVG}rect"):
        assert float(shape.get("x", 0)) + float(shape.get("width")) <= width
        assert float(shape.get("y", 0)) + float(shape.get("height")) <= height
    assert (left, top) == (0, 0)


def test_edges_end_in_heads_at_marks_and_pass_the_borders_of_open_boxes():
    closed, opened = (parse(to_svg(neuron(), open=which, legend=False)) for which in ([], "all"))

    def count(root, style):
        return sum(path.get("class") == style for path in root.iter(f"{SVG}path"))

    assert count(closed, "bl-wire") == count(closed, "bl-head") == 2
    borders = 2
    assert count(opened, "bl-wire") == count(opened, "bl-head") + borders


def test_an_edge_is_as_wide_as_it_is_strong_and_shows_its_text():
    x, y = bl.input("x"), bl.input("y")
    f = x * y
    diagram = diagram_of(bl.Graph(outputs=[f]), edge_texts={(f, 0): "-4"}, strengths={(f, 0): 1.0, (f, 1): 0.0})
    root = parse(to_svg(diagram, legend=False))
    widths = [float(path.get("stroke-width")) for path in root.iter(f"{SVG}path") if path.get("class") == "bl-wire"]
    assert widths == [4.0, 0.8]
    assert [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "bl-weight"] == ["−4"]


def test_a_strength_outside_its_range_is_drawn_at_its_end():
    marks = (Mark("a", "input", "a", "a", "a"), Mark("f", "operation", "f", "f", "f", op="sin", layer=1))
    edges = tuple(Edge("a", "f", position=0, strength=strength) for strength in (-5.0, 50.0))
    root = parse(to_svg(Diagram("", (Sheet("root", "", marks, (), edges, 2, 0),)), legend=False))
    widths = {path.get("stroke-width") for path in root.iter(f"{SVG}path") if path.get("class") == "bl-wire"}
    assert widths == {"0.8", "4"}


def numbers_at_heads(diagram: Diagram) -> list[str]:
    root = parse(to_svg(diagram, legend=False))
    return [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "bl-order"]


def crossed(op: str) -> Diagram:
    """An operation whose second argument arrives above its first."""
    marks = (
        Mark("y", "input", "y", "y", "y", order=0),
        Mark("x", "input", "x", "x", "x", order=1),
        Mark("f", "operation", "f", "f", "f", op=op, layer=1),
    )
    edges = (Edge("x", "f", position=0), Edge("y", "f", position=1))
    return Diagram("", (Sheet("root", "", marks, (), edges, 2, 0),))


def test_the_order_of_arguments_is_numbered_where_it_is_not_that_from_the_top():
    assert numbers_at_heads(crossed("subtract")) == ["2", "1"]
    assert numbers_at_heads(crossed("multiply")) == []
    x, y = bl.input("x"), bl.input("y")
    assert numbers_at_heads(diagram_of(bl.Graph(outputs=[x - y]))) == []


def test_the_legend_explains_what_occurs_and_nothing_else():
    assert texts(parse(to_svg(lecture())))[-7:] == [
        "input",
        "trainable parameter",
        "operation",
        "1.5",
        "value",
        "0.2",
        "gradient",
    ]
    plain = diagram_of(bl.Graph(outputs=[bl.sin(bl.input("x"))]))
    assert texts(parse(to_svg(plain))) == ["x", "sin", "input", "operation"]
    assert "operation" not in texts(parse(to_svg(plain, legend=False)))


def test_the_legend_explains_widths_numbers_and_bundles_of_edges_where_they_are():
    x, y = bl.input("x"), bl.input("y")
    f = x - y
    strong = diagram_of(bl.Graph(outputs=[f]), edge_texts={(f, 0): "1"}, strengths={(f, 0): 1.0, (f, 1): 0.5})
    assert texts(parse(to_svg(strong)))[-3:] == ["3", "weight of an edge", "the wider, the stronger"]
    assert texts(parse(to_svg(crossed("subtract"))))[-2:] == ["1", "place among the arguments"]
    with bl.scope("one"):
        rows = [bl.sin(bl.cos(x * float(i + 2))) for i in range(6)]
    with bl.scope("other"):
        total = sum(rows[1:], rows[0])
    bundled = diagram_of(bl.Graph(outputs=[total * y]))
    assert texts(parse(to_svg(bundled, open=[])))[-1] == "several values"


def test_the_outputs_of_a_closed_box_are_named_where_there_are_several():
    with bl.scope("cell"):
        h = bl.sin(bl.input("x")).named("h")
        c = bl.cos(h).named("c")
    several = texts(parse(to_svg(diagram_of(bl.Graph(outputs=[h * c])), open=[], legend=False)))
    assert several[:4] == ["x", "cell", "h", "c"]
    assert texts(parse(to_svg(diagram_of(bl.Graph(outputs=[c * 2.0])), open=[], legend=False)))[:3] == [
        "x",
        "cell",
        "× 2",
    ]


def test_a_new_value_stands_behind_the_old_one():
    w = bl.parameter(4.0, name="w")
    diagram = diagram_of(bl.Graph(outputs=[w * w]), values={w: np.array(4.0)}, new_values={w: np.array(3.7)})
    root = parse(to_svg(diagram))
    assert [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "bl-value"] == [
        "4 → 3.7",
        "1.5",
        "→ 1.4",
    ]
    assert "new value" in texts(root)
    assert any("value 4 → 3.7" in (title.text or "") for title in root.iter(f"{SVG}title"))


def test_the_drawing_is_as_wide_as_asked():
    root = parse(to_svg(lecture(), width=300.0))
    _, _, width, height = map(float, root.get("viewBox").split())
    assert root.get("width") == "300"
    assert float(root.get("height")) == pytest.approx(300.0 * height / width, abs=0.1)


@pytest.mark.parametrize("width", [0, -1.0, float("nan"), float("inf")])
def test_a_width_that_is_none_is_refused(width):
    with pytest.raises(ArgumentError, match=f"the width of a drawing is a positive number; received {width}"):
        to_svg(lecture(), width=width)


def test_an_unknown_box_is_refused():
    with pytest.raises(UnknownNameError, match="no box with the id 'layer'"):
        to_svg(lecture(), open=["layer"])


def test_an_empty_graph_is_an_empty_page():
    root = parse(to_svg(diagram_of(bl.Graph())))
    assert [element.tag for element in root] == [f"{SVG}style", f"{SVG}rect"]


def luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
def test_texts_stand_out_from_the_page(dark):
    """By the ratio of 4.5 that the Web Content Accessibility Guidelines ask for."""
    light_rules, _, dark_rules = STYLE.partition("@media (prefers-color-scheme:dark){")
    rules = dark_rules if dark else light_rules
    page = luminance(re.search(r"\.bl-page\{fill:#(\w+)", rules)[1])
    colours = re.findall(r"text(?:\.bl-\w+)?\{[^}]*?fill:#(\w+)", rules)
    assert len(colours) == 4
    for colour in colours:
        low, high = sorted((page, luminance(colour)))
        assert (high + 0.05) / (low + 0.05) >= 4.5


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

MEASURE = """
<script>
const bad = [];
for (const group of document.querySelectorAll("g.bl-mark")) {
  const shape = group.querySelector("rect.bl-shape"), middle = group.querySelector("text[text-anchor=middle]");
  if (!shape) continue;
  const outer = shape.getBBox(), inner = middle.getBBox();
  if (inner.x < outer.x || inner.x + inner.width > outer.x + outer.width) bad.push(middle.textContent);
}
const page = document.querySelector("svg").getBoundingClientRect();
for (const text of document.querySelectorAll("text")) {
  const { left, right, top, bottom } = text.getBoundingClientRect();
  if (left < page.left || right > page.right || top < page.top || bottom > page.bottom)
    bad.push("outside: " + text.textContent);
}
for (const box of document.querySelectorAll("g.bl-open")) {
  const frame = box.querySelector("rect").getBBox(), name = box.querySelector("text").getBBox();
  if (name.x + name.width > frame.x + frame.width) bad.push("wider than its box: " + box.textContent);
}
document.title = JSON.stringify(bad);
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine to measure texts in")
def test_texts_fit_into_their_shapes_in_a_browser(tmp_path):
    x = bl.input("x", shape=(2, 3))
    ops = [bl.sigmoid, bl.exp, bl.log1p, bl.expm1, bl.relu, bl.sqrt, bl.stop_gradient, bl.isfinite, bl.sign, bl.flatten]
    outputs = [op(x) for op in ops] + [x - 1.0, 0.001 * x, x**3, bl.logaddexp(x, x), bl.one_hot([1, 2], 3)]
    outputs += [
        (x * bl.parameter(1.0, name="a_long_name_of_a_parameter")).named("Wide MMMM name"),
        bl.sum(x).named("y"),
    ]
    known = {node: np.full(node.shape, -1234.5) for node in outputs}
    with bl.scope("a scope with a WIDE NAME"):
        outputs.append(bl.tanh(bl.tanh(x)))
    page = tmp_path / "page.html"
    drawn = to_svg(diagram_of(bl.Graph(outputs=outputs), values=known, gradients=known), open="all")
    page.write_text(f"<!doctype html><meta charset=utf-8><body style='margin:0'>{drawn}{MEASURE}", encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    command = [str(CHROMIUM), *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, stdin=subprocess.DEVNULL)
    title = re.search(r"<title>(.*?)</title>", result.stdout)
    assert title is not None, "the page has not been run"
    assert html.unescape(title[1]) == "[]"
