"""The placing of the page: lines arrive where they come from, and the order of arguments is told where it matters."""

import numpy as np
import pytest

import backlit as bl

TWISTED = """
() => {
  const found = [], visit = ({ lines, items }) => {
    for (const item of items.values()) {
      if (item.inner) visit(item.inner);
      const arriving = lines.filter(({ stops }) => stops.at(-1).item === item && item.kind && !sheets.has(item.id));
      for (const one of arriving) for (const two of arriving) {
        const rise = (k) => one.points.at(k)[1] - two.points.at(k)[1];
        if (rise(-3) > 1 && rise(-1) < 0) found.push([one.edge.source, two.edge.source, item.id]);
      }
    }
  };
  visit(drawn);
  return found;
}
"""


def attention():
    x = bl.input("x", shape=(5, 4))
    wq, wk, wv = (bl.parameter(np.ones((4, 4)) / 7, name=name) for name in ("Wq", "Wk", "Wv"))
    loss = bl.mean(bl.square(bl.nn.attention(x @ wq, x @ wk, x @ wv))).named("loss")
    return loss, {"x": np.arange(20.0).reshape(5, 4) / 10}


def recurrent():
    shapes = {"w": (3, 8), "u": (2, 8), "b": (8,)}
    w, u, b = (bl.parameter(np.full(shape, 0.1), name=name) for name, shape in shapes.items())
    h, c, at = bl.input("h", (1, 2)), bl.input("c", (1, 2)), {"h": np.ones((1, 2)), "c": np.ones((1, 2))}
    for step in range(3):
        at[f"x{step}"] = np.ones((1, 3))
        h, c = bl.nn.lstm_cell(bl.input(f"x{step}", (1, 3)), h, c, w, u, b)
    return bl.mean(bl.square(h)).named("loss"), at


@pytest.mark.parametrize("make", [attention, recurrent])
def test_lines_do_not_cross_where_they_arrive(opened, text_of, make):
    page = opened(text_of(*make()))
    assert page.call(TWISTED) == []
    page.call("() => { state.open = new Set(sheets.keys()); refresh(); }")
    assert page.call(TWISTED) == []


def orders(page):
    """What is written beside the lines, from the top."""
    texts = page.page.locator("#picture > g > text.second").all()
    return [text.text_content() for text in sorted(texts, key=lambda text: float(text.get_attribute("y")))]


def test_the_order_of_arguments_is_told_where_it_is_not_that_from_the_top(opened, text_of):
    x, y = bl.input("x"), bl.input("y")
    at = {"x": 1.0, "y": 2.0}
    assert orders(opened(text_of(((x * 2.0) - y).named("L"), at))) == []
    assert orders(opened(text_of((bl.sin(y) / (x + y)).named("L"), at))) == []
    both = (bl.sin(x) + y).named("s")
    assert orders(opened(text_of(((y - x) * both).named("L"), at))) == ["2", "1"]
    assert orders(opened(text_of(((y * x) * both).named("L"), at))) == [], "the order of factors means nothing"


def test_many_lines_arrive_within_a_mark(opened, text_of):
    parts = [bl.sin(bl.input(f"x{k}", (1,))) for k in range(14)]
    page = opened(text_of(bl.sum(bl.concat(parts)).named("L"), {f"x{k}": [0.1 * k] for k in range(14)}))
    heights = page.call(
        """() => drawn.lines.filter(({ edge }) => marks.get(edge.target).symbol === "concat").map(
          ({ points, stops }) => [points.at(-1)[1] - stops.at(-1).item.y, stops.at(-1).item.height])"""
    )
    assert len({round(y, 3) for y, _ in heights}) == 14
    assert all(abs(y) <= height / 2 - 8.9 for y, height in heights)
