"""Pictures: what can be drawn, into which files, and that objects show themselves in notebooks."""

import html
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, FileError
from backlit.explain.pictures import draw

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def run():
    x, w = bl.input("x"), bl.parameter(4.0, name="w")
    return bl.trace(bl.square((x * w).named("z")).named("L"), {"x": -3.0})


def words(svg):
    return {text.strip() for element in ET.fromstring(svg).iter(f"{SPACE}text") for text in element.itertext()}


def test_a_trace_is_drawn_with_values_gradients_and_local_derivatives(run):
    shown = words(run.draw().svg)
    assert {"x", "w", "z", "L"} <= shown
    assert {"−3", "4", "−12", "144"} <= shown, "values"
    assert {"−96", "72", "−24"} <= shown, "gradients"
    assert draw(run).diagram.crossings == 0


def test_what_a_step_makes_of_a_parameter_is_drawn_beside_it():
    w = bl.parameter(3.0, name="w")
    loss = (w * 2.0).named("L")
    drawn = bl.trace(loss, updates=bl.optim.SGD(0.25).updates(loss, {"w": w})).draw()
    assert "3 → 2.5" in str(drawn)
    assert "3 → 2.5" in words(drawn.svg)


def test_a_loss_without_a_name_is_called_as_the_texts_call_it():
    w = bl.parameter(3.0, name="w")
    run = bl.trace((w * 2.0 - 1.0) ** 2)
    assert "loss = " in str(run.draw())
    assert "∂loss/∂w" in str(run.explain("w"))
    assert "loss" in words(run.draw().svg)


def test_a_graph_or_a_node_is_drawn_without_numbers():
    y = (bl.input("a") + bl.input("b")).named("y")
    assert words(draw(y).svg) == words(draw(bl.Graph(outputs=[y])).svg)
    assert "a ─┬─(+) y" in str(draw(y))


def test_files_of_three_kinds(run, tmp_path):
    for name in ("f.svg", "f.html", "f.txt", "F.SVG"):
        picture = run.draw(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 100
        assert isinstance(picture.svg, str)
    assert (tmp_path / "f.svg").read_text(encoding="utf-8") == run.draw().svg
    assert (tmp_path / "f.txt").read_text(encoding="utf-8") == f"{run.draw()}\n"
    assert (tmp_path / "f.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_lecture_graph_and_the_digit_net_stay_within_their_sizes(run, tmp_path):
    run.draw(tmp_path / "f.html")
    assert (tmp_path / "f.html").stat().st_size <= 60_000
    model = bl.nn.Sequential(
        *(bl.nn.Linear(784, 300), bl.nn.ReLU(), bl.nn.Linear(300, 100), bl.nn.ReLU(), bl.nn.Linear(100, 10))
    )
    x, y = bl.input("x", shape=(1, 784)), bl.input("y", shape=(1,), dtype="int64")
    loss = bl.losses.cross_entropy(model(x), y)
    bl.trace(loss, {"x": np.zeros((1, 784), "float32"), "y": [3]}).draw(tmp_path / "d.html")
    assert (tmp_path / "d.html").stat().st_size <= 2_500_000


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("f.png", r"'.*f.png'\n  why: its name ends in '.png'\n  instead: end it in .svg, .html or .txt"),
        ("picture", "its name has no ending"),
    ],
)
def test_a_file_of_another_kind_is_refused(run, tmp_path, name, message):
    with pytest.raises(ArgumentError, match=message):
        run.draw(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_drawn_is_refused(run, tmp_path):
    with pytest.raises(
        ArgumentError, match=r"3 cannot be drawn\n  why: pictures are of nodes, graphs, models and traces"
    ):
        bl.draw(3)
    for what in (run.graph, bl.nn.Linear(2, 1)):
        with pytest.raises(ArgumentError, match="trace it first"):
            bl.draw(what, tmp_path / "g.html")
    with pytest.raises(FileError):
        run.draw(tmp_path / "nowhere" / "f.svg")
    with pytest.raises(ArgumentError):
        run.draw(open="half")


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (bl.nn.Linear(3, 2), "1×3"),
        (bl.nn.Sequential(bl.nn.Flatten(), bl.nn.Linear(6, 4), bl.nn.ReLU(), bl.nn.Linear(4, 1)), "1×6"),
        (bl.nn.Sequential(bl.nn.Embedding(5, 3), bl.nn.Linear(3, 1)), "1"),
        (bl.nn.Sequential(bl.nn.BatchNorm(4), bl.nn.Dropout(0.5)), "1×4"),
        (bl.nn.Neuron(2), "1×2"),
        (bl.nn.PReLU(7), "1×7"),
    ],
    ids=str,
)
def test_a_model_is_drawn_for_one_example_of_what_it_takes(model, shape):
    text = str(bl.draw(model))
    assert re.search(rf"^x: input +{shape}$", text, re.MULTILINE)
    assert ET.fromstring(model._repr_svg_()).tag == f"{SPACE}svg"


def test_a_model_applied_to_each_number_is_drawn_for_a_number():
    assert "x: input\n" in str(bl.draw(bl.nn.ThreeNeuron()))


def test_to_draw_a_part_of_a_model_leaves_the_names_of_its_parameters():
    model = bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.Linear(3, 1))
    model(bl.input("x", shape=(1, 2)))
    bl.draw(model[0])
    assert model[0].weight.name == "0.weight"


class TwoInputs(bl.nn.Module):
    def __init__(self):
        self.inner = bl.nn.Linear(2, 1)

    def forward(self, x, y):
        return self.inner(x) + y


class TakesRows(bl.nn.Module):
    def __init__(self):
        self.inner = bl.nn.Linear(2, 1)

    def forward(self, x):
        return self.inner(bl.reshape(x, (4, 2)))

    def example_input(self):
        return bl.input("x", shape=(8,))


def test_a_model_whose_input_is_not_known_asks_for_one():
    with pytest.raises(ArgumentError, match=r"ReLU cannot be drawn without an input\n.*\n.*bl.draw\(model\(bl.input"):
        bl.draw(bl.nn.ReLU())
    with pytest.raises(
        ArgumentError, match=r"shape \[1, 2\], which one of its parts takes\n  why: .*missing 1 required"
    ):
        bl.draw(TwoInputs())
    assert bl.nn.ReLU()._repr_svg_() is TwoInputs()._repr_svg_() is None
    assert re.search("^x: input +8$", str(bl.draw(TakesRows())), re.MULTILINE), "a model may say itself what it takes"


def test_objects_show_themselves_in_notebooks(run):
    node = run.loss
    assert ET.fromstring(node._repr_svg_()).tag == f"{SPACE}svg"
    assert node._repr_svg_() == run.graph._repr_svg_() == bl.draw(node)._repr_svg_()
    frame = run._repr_html_()
    (page,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(page).startswith("<!DOCTYPE html>")


def test_a_name_that_is_markup_stays_a_name(tmp_path):
    evil = '"><script>alert(1)</script>'
    run = bl.trace((bl.parameter(1.0, name=evil) * 2.0).named("f"))
    assert evil in words(run.draw(name=evil).svg)
    assert "<script>alert" not in run._repr_html_()
    run.draw(tmp_path / "f.html", name=evil)
    assert "<script>alert" not in (tmp_path / "f.html").read_text(encoding="utf-8")
