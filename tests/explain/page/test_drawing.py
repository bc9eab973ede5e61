"""What the marks of the page show: arrays once they are known, names once, and all that leaves a box."""

import numpy as np

import backlit as bl


def maps(page, label):
    return page.mark(label).locator("image").count(), page.mark(label).locator(".frame").count()


def test_an_array_is_drawn_when_it_is_known(opened, text_of):
    x, w = bl.input("x", (1, 3)), bl.parameter(np.ones((3, 2)), name="w")
    z = (x @ w).named("z")
    page = opened(text_of(bl.sum(z * z).named("L"), {"x": [[1.0, 2.0, 3.0]]}))
    page.page.keyboard.press("Home")
    assert (maps(page, "x"), maps(page, "w"), maps(page, "z")) == ((1, 1), (1, 1), (0, 0))
    page.select("z")
    assert page.page.locator("#map image, #map .frame").count() == 0, "nor is it in the panel"
    page.page.keyboard.press("ArrowRight")
    assert maps(page, "z") == (1, 1)
    page.page.keyboard.press("End")
    assert (maps(page, "x"), maps(page, "w"), maps(page, "z")) == ((2, 2), (2, 2), (2, 2))


def cell():
    shapes = {"w": (3, 8), "u": (2, 8), "b": (8,)}
    w, u, b = (bl.parameter(np.full(shape, 0.1), name=name) for name, shape in shapes.items())
    h, c = bl.nn.lstm_cell(bl.input("x", (1, 3)), bl.input("h", (1, 2)), bl.input("c", (1, 2)), w, u, b)
    at = {"x": np.ones((1, 3)), "h": np.ones((1, 2)), "c": np.ones((1, 2))}
    return (bl.sum(h) + bl.sum(bl.square(c))).named("L"), at


def test_all_that_leaves_a_box_is_told(opened, text_of):
    page = opened(text_of(*cell()))
    page.call("() => { state.open = new Set(); refresh(); }")
    mark = page.mark("lstm_cell")
    first, second = page.call("() => outOf([...marks.values()].find(({ label }) => label === 'lstm_cell'))")
    names = [page.call("(i) => nodes[i].label", i) for i in (first, second)]
    assert sorted(names) == ["lstm_cell.hidden", "lstm_cell.memory"]
    also = f"and {names[1].removeprefix('lstm_cell.')}"
    assert mark.locator("text").all_text_contents()[-1] == also
    assert mark.get_attribute("aria-label").endswith(also)
    mark.hover(position={"x": 4, "y": 4})
    assert f"leaves its box with {names[1]}" in page.text("#hint")
    page.select("lstm_cell")
    assert page.text("#panel h2").startswith(names[0])
    page.page.locator("#panel button", has_text=names[1]).click()
    assert page.text("#panel h2").startswith(names[1])
    assert "leaves its box with" not in page.text("#panel"), "the box shows the other one"


def attention():
    x, w = bl.input("x", shape=(5, 4)), bl.parameter(np.eye(4), name="W")
    loss = bl.mean(bl.square(bl.nn.attention(x @ w, x, x))).named("loss")
    return loss, {"x": np.arange(20.0).reshape(5, 4) / 10}


def test_where_rows_mix_the_whole_array_is_shown(opened, text_of):
    page = opened(text_of(*attention()))
    assert not page.page.locator("#example").is_visible()
    box = page.mark("x").locator("image").first.bounding_box()
    page.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.9)
    assert page.text("#panel h2") == "x[4,3]"
    assert page.mark("x").locator("text").last.text_content() == "5 × 4"


def test_a_mark_tells_which_example_it_shows(opened, text_of):
    x, w = bl.input("x", (6, 2)), bl.parameter(np.ones((2, 3)), name="w")
    page = opened(text_of(bl.sum(bl.tanh(x @ w)).named("L"), {"x": np.ones((6, 2))}))
    assert page.mark("x").locator("text").last.text_content() == "1 of 6 × 2"
    page.search("x[3,1]")
    assert page.mark("x").locator("text").last.text_content() == "4 of 6 × 2"
    assert page.mark("w").locator("text").last.text_content() == "2 × 3"


LONG = "weight_of_the_first_layer_of_the_second_encoder_block"


def test_a_name_is_written_once_as_long_as_the_mark_allows(opened, text_of):
    x, w = bl.input("x"), bl.parameter(2.0, name=LONG)
    z = (x * w).named(f"{LONG}_times_x")
    short = (z + 1.0).named("a name of about thirty letters")
    page = opened(text_of((short * 2.0).named("L"), {"x": 1.5}))
    heading = page.mark(LONG).locator("text").first.text_content()
    assert heading[-1] == "…"
    assert LONG.startswith(heading[:-1])
    assert len(heading) > 24
    symbol, name = page.mark(f"{LONG}_times_x").locator("text").first.text_content().split("weight", 1)
    assert symbol == "×"
    assert f"{LONG}_times_x".startswith(f"weight{name[:-1]}")
    assert page.mark("a name of about thirty letters").locator("text").first.text_content() == (
        "+ 1a name of about thirty letters"
    )
    for label in (LONG, f"{LONG}_times_x"):
        mark, text = page.mark(label).bounding_box(), page.mark(label).locator("text").first.bounding_box()
        assert mark["x"] < text["x"]
        assert text["x"] + text["width"] < mark["x"] + mark["width"]


def test_a_leaf_in_an_open_box_has_one_name(opened, text_of):
    model = bl.nn.Sequential(bl.nn.Linear(3, 2))
    page = opened(text_of(bl.sum(model(bl.input("x", (1, 3)))).named("L"), {"x": np.ones((1, 3))}))
    page.search("0.weight")
    assert page.mark("0.weight").locator("text").all_text_contents() == ["0.weight", "3 × 2"]


def test_a_closed_box_with_something_trainable_has_a_double_frame(opened, text_of):
    model = bl.nn.Sequential(bl.nn.Linear(3, 2))
    page = opened(text_of(bl.mean(model(bl.input("x", (1, 3)))).named("L"), {"x": np.ones((1, 3))}))
    page.call("() => { state.open = new Set(); refresh(); }")
    assert page.mark("0").locator(".inner").count() == 1
    assert page.mark("mean").locator(".inner").count() == 0
