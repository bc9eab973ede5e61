"""Influence diagrams as SVG: what is read there, and that they show themselves."""

from xml.etree import ElementTree as ET

import pytest

import backlit as bl
from backlit.errors import ArgumentError
from backlit.explain.render.influence import paths_svg

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def paths():
    a = bl.parameter(0.5, name="a")
    return bl.trace((a * bl.exp(a).named("b")).named("c")).paths("a")


def texts(svg):
    return [text.strip() for element in ET.fromstring(svg).iter(f"{SPACE}text") for text in element.itertext()]


def test_numbers_weights_and_the_gradient_are_read(paths):
    legend = ["number", "0.2", "gradient", "3", "weight of an edge", "the wider, the stronger"]
    assert sorted(texts(paths_svg(paths))) == sorted(["a", "b", "c", "1.649", "1.649", "0.5", "2.473", "1", *legend])


def test_parallel_edges_have_texts_that_do_not_cover_each_other():
    q = bl.parameter(4.0, name="q")
    drawn = ET.fromstring(bl.trace((q * q).named("L")).paths("q").svg)
    first, second = (float(text.get("y")) for text in drawn.iter(f"{SPACE}text") if text.text == "4")
    assert abs(first - second) >= 12


def test_paths_write_their_picture_to_a_file_and_show_themselves(paths, tmp_path):
    assert paths.draw(tmp_path / "p.svg") is paths
    assert (tmp_path / "p.svg").read_text(encoding="utf-8") == paths.svg
    paths.draw(tmp_path / "p.txt")
    assert (tmp_path / "p.txt").read_text(encoding="utf-8") == f"{paths}\n"
    shown = paths._repr_html_()
    assert "a → b → c" in shown
    assert shown.endswith(paths.svg)
    with pytest.raises(ArgumentError, match=r"end it in .svg or .txt"):
        paths.draw(tmp_path / "p.html")


def test_an_unusual_name_stays_a_name():
    a = bl.parameter(0.5, name="<a&b>")
    told = bl.trace((a * a).named("c")).paths(a)
    assert "<a&b>" in texts(told.svg)
    assert "<a&b>" not in told._repr_html_()
