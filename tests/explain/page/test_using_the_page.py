"""The page in a browser: it is looked at, clicked, stepped through, searched and edited, and its numbers are read."""

import itertools

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import backlit as bl
from backlit.explain.pictures import trace_page
from harness.graphs import graphs

OVERLAPS = """
() => {
  const boxes = [...document.querySelectorAll(".mark")].map((mark) => [mark.dataset.id, mark.getBoundingClientRect()]);
  return boxes.flatMap(([a, one], k) => boxes.slice(k + 1).filter(([, two]) => (
    one.left < two.right - 1 && two.left < one.right - 1 && one.top < two.bottom - 1 && two.top < one.bottom - 1
  )).map(([b]) => [a, b]));
}
"""

SUMS = """
() => nodes.flatMap((node, i) => {
  if (!program.forward.includes(i)) return [];
  return [...values[i].data.keys()].map((place) => {
    const isDerived = gradientOf(i) && i !== program.loss, links = isDerived ? chain(i, place) : [];
    const way = leaves[i] || ["scatter_add", "cumulative_sum"].includes(node.op) ? "none" : phrase(i).way;
    const terms = way === "none" ? [] : origin(i, place).terms.map((term) => term.value);
    return {
      label: name(i, place), op: node.op, way, terms, value: valueAt(i, place),
      slope: isDerived ? slopeAt(i, place) : 0, back: links.reduce((sum, link) => sum + link.value, 0) };
  });
})
"""


def test_D1_the_first_picture_shows_every_value_and_gradient(opened, lecture):
    page = opened(lecture)
    numbers = {each: page.mark(each).locator("text").all_text_contents()[1:] for each in ("x1", "x2", "f1", "f3", "f4")}
    assert numbers == {"x1": ["3", "4"], "x2": ["-2", "5"], "f1": ["12", "1"], "f3": ["2", "1"], "f4": ["3", "1"]}
    assert page.mark("θ2").locator("text").all_text_contents()[1:] == ["5 → 5.2", "-2"]


FACTOR = "of a product: the other factor"
SUMMAND = "a sum passes its gradient on to each summand"


@pytest.mark.parametrize(
    ("label", "value", "gradient", "origin", "chain"),
    [
        ("θ1", 4, 3, "", f"through f1: local x1 = 3 local · upstream = 3 · 1 = 3 {FACTOR}"),
        ("θ2", 5, -2, "", f"through f2: local x2 = -2 local · upstream = -2 · 1 = -2 {FACTOR}"),
        ("θ3", 1, 1, "", f"through f4: local 1 = 1 local · upstream = 1 · 1 = 1 {SUMMAND}"),
        ("x1", 3, 4, "", f"through f1: local θ1 = 4 local · upstream = 4 · 1 = 4 {FACTOR}"),
        ("x2", -2, 5, "", f"through f2: local θ2 = 5 local · upstream = 5 · 1 = 5 {FACTOR}"),
        ("f3", 2, 1, "f1 + f2 = 12 + (-10) = 2", f"through f4: local 1 = 1 local · upstream = 1 · 1 = 1 {SUMMAND}"),
        ("f4", 3, 1, "f3 + θ3 = 2 + 1 = 3", "where the way back begins"),
    ],
)
def test_D1_one_click_tells_the_arithmetic_of_a_node(opened, lecture, label, value, gradient, origin, chain):
    page = opened(lecture)
    page.select(label)
    assert (page.number("#value"), page.number("#gradient")) == (value, gradient)
    assert page.text("#chain") == f"How the gradient arises ∂f4/∂{label} = {gradient} {chain}"
    if origin:
        assert page.text("#origin") == f"How the value arises {label} = {origin}"
    else:
        assert page.page.locator("#origin").count() == 0


def test_names_in_the_arithmetic_lead_to_their_nodes(opened, lecture):
    page = opened(lecture)
    page.select("f4")
    page.page.locator("#origin button", has_text="f3").click()
    assert page.text("#panel h2") == "f3"
    page.page.locator("#origin button", has_text="f2").click()
    assert page.text("#panel h2") == "f2"
    assert page.mark("f2").get_attribute("aria-pressed") == "true"
    assert page.mark("f3").get_attribute("aria-pressed") == "false"


def test_D2_an_edit_shows_its_effect_beside_the_linear_prediction(opened, lecture):
    page = opened(lecture)
    page.select("θ1")
    page.set_to(6)
    assert page.text("#effect") == (
        "What the change does θ1: 4 → 6 f4: 3 → 9 linear prediction: 3 + 3 · 2 = 9 "
        "exact: the loss is a straight line here restore"
    )
    page.page.locator("#restore").click()
    assert page.page.locator("#effect").count() == 0
    page.select("θ2")
    page.set_to(8)
    assert "f4: 3 → -3 linear prediction: 3 + -2 · 3 = -3 exact" in page.text("#effect")
    page.select("x1")
    assert page.number("#gradient") == 4.0
    page.select("f4")
    assert page.number("#value") == -3.0


def test_edits_of_several_numbers_add_up(opened, lecture):
    page = opened(lecture)
    for label, value in [("θ1", 5), ("x1", 4), ("θ3", 0)]:
        page.select(label)
        page.set_to(value)
    told = "f4: 3 → 10 linear prediction: 3 + 3 · 1 + 4 · 1 + 1 · (-1) = 9 off by 1: the loss is curved here"
    assert told in page.text("#effect")


@pytest.mark.parametrize("seed", range(3))
def test_what_is_computed_after_an_edit_is_what_the_referee_computes(opened, text_of, seed, neuron):
    graph = bl.Graph(outputs=[neuron])
    at = {"x1": 3.0, "x2": -2.0}
    page = opened(text_of(neuron, at))
    rng = np.random.default_rng(seed)
    for label in rng.permutation(["θ1", "θ2", "θ3", "x1", "x2"]):
        value = round(float(rng.normal()), 3)
        page.select(str(label))
        page.set_to(value)
        if label in at:
            at[str(label)] = value
        else:
            graph[str(label)].value = np.array(value)
    run = bl.trace(neuron, at)
    for label in ("a", "z", "θ1", "θ2", "θ3", "x1", "x2"):
        page.search(label)
        assert page.number("#value") == pytest.approx(float(run[label].value), rel=1e-5)
        assert page.number("#gradient") == pytest.approx(float(run[label].grad), rel=1e-5)


def test_N1_numbers_of_the_sigmoid_neuron(opened, text_of, neuron):
    page = opened(text_of(neuron, {"x1": 3.0, "x2": -2.0}))
    want = {"a": (0.952574, 1.0), "θ1": (4, 0.13553), "θ2": (5, -0.0903534), "θ3": (1, 0.0451767), "x1": (3, 0.180707)}
    for label, numbers in want.items():
        page.search(label)
        assert (page.number("#value"), page.number("#gradient")) == pytest.approx(numbers, abs=1e-6)


def test_stepping_forward_backward_and_through_the_update_both_ways(opened, lecture):
    page = opened(lecture)
    assert page.text("#step") == "all 11 steps done: ‹ goes back, « to the start"
    page.page.locator("#start").click()
    told = [page.text("#step")]
    for _ in range(11):
        page.page.keyboard.press("ArrowRight")
        told.append(page.text("#step"))
    assert told == [
        "start: only inputs and parameters are known",
        "forward 1 of 4: f1 = x1 · θ1 = 3 · 4 = 12",
        "forward 2 of 4: f2 = x2 · θ2 = -2 · 5 = -10",
        "forward 3 of 4: f3 = f1 + f2 = 12 + (-10) = 2",
        "forward 4 of 4: f4 = f3 + θ3 = 2 + 1 = 3",
        "backward 1 of 4: ∂f4/∂f4 = 1, passed back to f3 and θ3",
        "backward 2 of 4: ∂f4/∂f3 = 1, passed back to f1 and f2",
        "backward 3 of 4: ∂f4/∂f2 = 1, passed back to x2 and θ2",
        "backward 4 of 4: ∂f4/∂f1 = 1, passed back to x1 and θ1",
        "update 1 of 3: θ1 becomes 3.7",
        "update 2 of 3: θ2 becomes 5.2",
        "update 3 of 3: θ3 becomes 0.9",
    ]
    backward = []
    for _ in range(11):
        page.page.keyboard.press("ArrowLeft")
        backward.append(page.text("#step"))
    assert backward == told[-2::-1]


def test_numbers_appear_when_they_are_computed(opened, lecture):
    page = opened(lecture)
    page.page.keyboard.press("Home")

    def seen():
        return {label: page.mark(label).locator("text").all_text_contents()[1:] for label in ("x1", "θ3", "f1", "f4")}

    assert seen() == {"x1": ["3"], "θ3": ["1"], "f1": [], "f4": []}
    assert page.page.locator(".now").count() == 0
    page.page.locator("#forward").click()
    assert seen() == {"x1": ["3"], "θ3": ["1"], "f1": ["12"], "f4": []}
    assert page.page.locator(".mark.now").get_attribute("aria-label").startswith("f1,")
    assert page.text("#panel h2") == "f1"
    assert page.page.locator("#gradient").count() == 0, "the gradient is not known yet, so it is not told"
    assert page.page.locator("#chain").count() == 0
    for _ in range(4):
        page.page.locator("#forward").click()
    assert seen() == {"x1": ["3"], "θ3": ["1", "1"], "f1": ["12"], "f4": ["3", "1"]}
    assert page.page.locator(".mark.now").get_attribute("aria-label").startswith("f4,")
    for _ in range(3):
        page.page.locator("#forward").click()
    assert seen() == {"x1": ["3", "4"], "θ3": ["1", "1"], "f1": ["12", "1"], "f4": ["3", "1"]}
    page.page.keyboard.press("End")
    assert seen()["θ3"] == ["1 → 0.9", "1"]
    page.page.locator("#back").click()
    assert seen()["θ3"] == ["1", "1"]


def test_a_step_in_a_closed_box_lights_up_the_box(opened, text_of, neuron):
    page = opened(text_of(neuron, {"x1": 3.0, "x2": -2.0}))
    page.page.get_by_role("button", name="close neuron").click()
    page.page.keyboard.press("Home")
    page.page.keyboard.press("ArrowRight")
    assert page.page.locator(".mark.now").get_attribute("aria-label").startswith("neuron,")


def test_hovering_tells_the_arithmetic_and_leaving_hides_it(opened, lecture):
    page = opened(lecture)
    assert not page.page.locator("#hint").is_visible()
    page.mark("f2").hover()
    assert page.text("#hint") == (
        "f2 = x2 · θ2 = -2 · 5 = -10 ∂f4/∂f2 = 1 through f3: local 1 = 1 local · upstream = 1 · 1 = 1"
    )
    page.page.mouse.move(5, 400)
    assert not page.page.locator("#hint").is_visible()


def test_the_page_calls_every_node_as_the_trace_does(opened):
    """Also those without a name, and a loss without one, which is called loss."""
    w, x = bl.parameter(3.0, name="w"), bl.input("x")
    loss = (w * x - 1.0) ** 2
    run = bl.trace(loss, {"x": 2.0}, updates=bl.optim.SGD(0.1).updates(loss, {"w": w}))
    page = opened(trace_page(run))
    labels = [run.labels[node] for node in run.graph.nodes]
    assert "loss" in labels
    assert labels[-1].startswith("%")
    assert page.call("nodes.map((node) => node.label)")[: len(labels)] == labels
    page.select("loss")
    assert "loss" in page.text("#panel")


def test_search_finds_names_parts_elements_and_boxes(opened, text_of):
    model = bl.nn.Sequential(bl.nn.Linear(3, 4), bl.nn.ReLU(), bl.nn.Linear(4, 2))
    x = bl.input("x", (1, 3))
    loss = bl.sum(model(x)).named("loss")
    page = opened(text_of(loss, {"x": [[1.0, 2.0, 3.0]]}))
    for text, heading in [
        ("loss", "loss"),
        ("weight", "0.weight[0,0]"),
        ("2.weight[3,1]", "2.weight[3,1]"),
        ("x[0,2]", "x[0,2]"),
        ("w[2,1,3]", "2.weight[2,0]"),
        ("b[1,4]", "0.bias[3]"),
        ("0.bi", "0.bias[0]"),
    ]:
        page.search(text)
        assert page.text("#panel h2") == heading
        assert page.text("#found") == ""
    page.search("2.weight[3,1]")
    assert page.number("#value") == pytest.approx(float(model.parameters()["2.weight"].value[3, 1]), rel=1e-5)
    page.search("x[7,7]")
    assert page.text("#found") == "its shape is 1 × 3"
    page.search("wieght")
    assert page.text("#found") == "nothing is called wieght"


def test_search_opens_the_boxes_around_what_it_finds(opened, text_of, neuron):
    page = opened(text_of(neuron, {"x1": 3.0, "x2": -2.0}))
    page.page.get_by_role("button", name="close neuron").click()
    assert page.mark("neuron.z").count() == 0
    page.search("z")
    assert page.mark("neuron.z").get_attribute("aria-pressed") == "true"


def test_boxes_open_and_close_by_click_and_by_key(opened, text_of, neuron):
    page = opened(text_of(neuron, {"x1": 3.0, "x2": -2.0}))
    button = page.page.get_by_role("button", name="close neuron")
    assert button.get_attribute("aria-expanded") == "true"
    before = page.page.locator(".mark").count()
    button.click()
    assert page.page.locator(".mark").count() < before
    assert page.mark("neuron").locator("text").all_text_contents() == ["neuron", "0.9526", "1"]
    button = page.page.get_by_role("button", name="open neuron")
    button.focus()
    page.page.keyboard.press("Enter")
    assert page.page.locator(".mark").count() == before
    focused = page.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "close neuron", "the button that was pressed keeps the focus"
    pane = page.page.locator("#picture").bounding_box()
    for mark in page.page.locator(".mark").all():
        box = mark.bounding_box()
        assert pane["x"] <= box["x"], "what was seen whole before stays whole"
        assert box["x"] + box["width"] <= pane["x"] + pane["width"]


def test_everything_can_be_reached_by_keys(opened, lecture):
    page = opened(lecture)
    reached = []
    for _ in range(40):
        page.page.keyboard.press("Tab")
        reached.append(
            page.call("() => document.activeElement.getAttribute('aria-label') || document.activeElement.id")
        )
    controls = {"to the start", "one step back", "one step forward", "to the end", "search", "fit", "larger", "smaller"}
    assert controls | {"f3, add, value 2, gradient 1", "θ1, parameter, value 4, gradient 3"} <= set(reached)
    page.mark("f3").focus()
    page.page.keyboard.press("Enter")
    assert page.text("#panel h2") == "f3"
    page.page.keyboard.press("Escape")
    assert page.page.locator("#panel h2").count() == 0
    page.page.keyboard.press("/")
    assert page.page.evaluate("document.activeElement.id") == "search"


def test_zoom_pan_and_fit(opened, lecture, neuron):
    page = opened(lecture)

    def box():
        return page.mark("f3").bounding_box()

    first = box()
    page.page.locator("#closer").click()
    assert box()["width"] == pytest.approx(1.25 * first["width"], rel=0.05)
    page.page.mouse.move(40, 400)
    page.page.mouse.wheel(0, -400)
    assert box()["width"] > 2 * first["width"]
    page.page.locator("#fit").click()
    assert box() == first
    page.page.mouse.move(60, 700)
    page.page.mouse.down()
    page.page.mouse.move(90, 650)
    page.page.mouse.up()
    assert box()["x"] == pytest.approx(first["x"] + 30, abs=0.5)
    assert box()["y"] == pytest.approx(first["y"] - 50, abs=0.5)


def test_two_fingers_move_and_enlarge_the_picture(opened, lecture):
    page = opened(lecture, has_touch=True)
    fingers = page.page.context.new_cdp_session(page.page)

    def touch(kind, *points):
        given = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})
        page.call("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def box():
        return page.mark("f3").bounding_box()

    first = box()
    touch("touchStart", (300, 600))
    touch("touchMove", (320, 590))
    moved = box()
    assert (moved["x"], moved["y"]) == (pytest.approx(first["x"] + 20, abs=1), pytest.approx(first["y"] - 10, abs=1))
    touch("touchEnd")
    touch("touchStart", (250, 600), (350, 600))
    touch("touchMove", (250, 600), (450, 600))
    larger = box()
    assert larger["width"] == pytest.approx(2 * moved["width"], rel=0.02)
    assert larger["x"] == pytest.approx(350 - 2 * (300 - moved["x"]), abs=3), "what was between the fingers still is"
    touch("touchEnd")
    assert page.call("fingers.size") == 0, "fingers that were lifted are forgotten"


def graphs_to_draw(neuron):
    with bl.precision("float64"):
        x = bl.input("x", (4, 3))
        shapes = {"w": (3, 8), "u": (2, 8), "b": (8,)}
        w, u, b = (bl.parameter(np.full(shape, 0.1), name=name) for name, shape in shapes.items())
        h, c = bl.input("h", (4, 2)), bl.input("c", (4, 2))
        loss = bl.sum(bl.nn.lstm_cell(x, h, c, w, u, b)[0]).named("loss")
        yield loss, {"x": np.ones((4, 3)), "h": np.ones((4, 2)), "c": np.ones((4, 2))}
        yield neuron, {"x1": 3.0, "x2": -2.0}
        a = bl.parameter(1.0, name="a")
        b = (a + a).named("b")
        yield (b + b).named("c"), {}


def test_nothing_overlaps_whatever_is_open(opened, text_of, neuron):
    for loss, at in graphs_to_draw(neuron):
        page = opened(text_of(loss, at))
        assert page.call(OVERLAPS) == []
        page.call("() => { state.open = new Set(sheets.keys()); refresh(); }")
        assert page.call(OVERLAPS) == []
        page.call("() => { state.open = new Set(); refresh(); }")
        assert page.call(OVERLAPS) == []


def test_G4_contributions_of_a_fan_out_add_up(opened, text_of):
    a = bl.parameter(1.0, name="a")
    b = (a + a).named("b")
    page = opened(text_of((b + b).named("c")))
    page.select("a")
    assert page.number("#gradient") == 4.0
    assert page.text("#chain").startswith("How the gradient arises ∂c/∂a = 4, the sum of through b:")


def test_T9_softmax_one_element_at_a_time(opened, softmax):
    page = opened(softmax)
    page.search("L")
    assert page.number("#value") == pytest.approx(2.0404, abs=1e-4)
    for place, gradient in enumerate((-0.870017, 0.869050, 0.000968)):
        page.search(f"scores[{place}]")
        assert page.number("#gradient") == pytest.approx(gradient, abs=1e-6)


def test_a_click_on_a_cell_selects_that_element(opened, text_of):
    values = np.arange(12.0).reshape(3, 4) - 5.0
    w = bl.parameter(values, name="w")
    page = opened(text_of(bl.sum(w * w * w).named("L")))
    box = page.mark("w").locator("image").first.bounding_box()
    for row, column in itertools.product(range(3), range(4)):
        page.page.mouse.click(box["x"] + box["width"] * (column + 0.5) / 4, box["y"] + box["height"] * (row + 0.5) / 3)
        assert page.text("#panel h2") == f"w[{row},{column}]"
        assert page.number("#value") == values[row, column]
        assert page.number("#gradient") == 3 * values[row, column] ** 2
    page.page.locator("#map").focus()
    page.page.keyboard.press("ArrowUp")
    page.page.keyboard.press("ArrowLeft")
    assert page.text("#panel h2") == "w[1,2]"
    page.search("w[0,3]")
    assert page.text("#panel h2") == "w[0,3]"


def test_an_element_is_edited(opened, text_of):
    x, w = bl.input("x", (1, 2)), bl.parameter([[1.0], [2.0]], name="w")
    loss = bl.sum(x @ w).named("L")
    page = opened(text_of(loss, {"x": [[3.0, 4.0]]}))
    page.search("w[1,0]")
    page.set_to(2.5)
    assert "w[1,0]: 2 → 2.5 L: 11 → 13 linear prediction: 11 + 4 · 0.5 = 13 exact" in page.text("#effect")


def test_a_label_is_edited_and_a_wrong_one_refused(opened, softmax):
    page = opened(softmax)
    page.search("y")
    page.set_to(1)
    assert "L: 2.04036 → 0.140355" in page.text("#effect")
    assert "without a gradient there is no prediction" in page.text("#effect")
    page.set_to(3)
    assert page.text("[role=alert]") == "one_hot: 3 is out of range: places are numbered 0 to 2"
    page.search("L")
    assert page.number("#value") == 0.140355, "nothing has changed"
    page.search("scores[1]")
    page.set_to(0)
    assert page.text("[role=alert]") == "", "the wrong label is gone"
    page.set_to("")
    assert page.text("[role=alert]") == "write a number"


def test_any_neuron_of_the_digit_net_is_one_click_away(opened, text_of, net):
    loss, at = net()
    page = opened(text_of(loss, at))
    run = bl.trace(loss, at)
    activation = next(node for node in run.graph.nodes if node.kind == "relu")
    label = run.graph.labels[activation]
    box = page.mark(label).locator("image").first.bounding_box()
    for place in (0, 77, 299):
        row, column = divmod(place, 18)
        x, y = box["x"] + box["width"] * (column + 0.5) / 18, box["y"] + box["height"] * (row + 0.5) / 17
        page.page.mouse.click(x, y)
        assert page.text("#panel h2") == f"{label}[0,{place}]"
        assert page.number("#value") == pytest.approx(float(run[activation].value[0, place]), rel=1e-4, abs=1e-6)
        assert page.number("#gradient") == pytest.approx(float(run[activation].grad[0, place]), rel=1e-4, abs=1e-6)
        assert "max(0," in page.text("#origin")
        assert "and 92 more, together" in page.text("#chain")


def test_a_batch_is_shown_example_by_example(opened, text_of, net):
    loss, at = net(batch=3)
    page = opened(text_of(loss, at))
    run = bl.trace(loss, at)
    assert page.page.locator("#example").is_visible()
    page.page.locator("#example").fill("3")
    page.page.locator("#example").press("Enter")
    page.mark("x").locator("image").first.click(position={"x": 1, "y": 1})
    assert page.text("#panel h2") == "x[2,0]"
    assert page.number("#value") == pytest.approx(float(run["x"].value[2, 0]), rel=1e-5)
    page.search("y[1]")
    assert page.page.locator("#example").input_value() == "2", "the field follows what is shown"


def hold_the_sums(told):
    """Every gradient is the sum of what comes back, every sum that of its terms; what moved is what it was before."""
    for entry in told:
        assert entry["back"] == pytest.approx(entry["slope"], rel=1e-9, abs=1e-12), entry["label"]
        if entry["way"] == "sum":
            assert sum(entry["terms"]) == pytest.approx(entry["value"], rel=1e-9, abs=1e-12), entry["label"]
        if entry["way"] == "move":
            assert entry["terms"] == ([entry["value"]] if entry["terms"] or entry["op"] != "pad" else []), entry[
                "label"
            ]
        if entry["way"] == "pick":
            assert entry["value"] in (max(entry["terms"]), min(entry["terms"])), entry["label"]


def test_the_terms_of_sums_and_of_gradients_add_up(opened, text_of):
    rng = np.random.default_rng(3)
    x, w = bl.input("x", (2, 3)), bl.parameter(rng.normal(size=(3, 4)), name="w")
    h = bl.tanh(x @ w + bl.parameter(rng.normal(size=4), name="b"))
    picked = bl.take(bl.concat([h, bl.flip(h, axis=1)], axis=1), np.array([1, 6, 1]), axis=1)
    deep = bl.permute_dims(bl.pad(picked, [(1, 0), (0, 2)], value=0.0), (1, 0))[::2]
    batched = bl.reshape(deep, (3, 1, 3)) @ bl.broadcast_to(bl.reshape(w, (3, 4)), (3, 3, 4))
    parts = [bl.max(batched, axis=(0, 2)), bl.sum(batched, axis=1)[:, 0]]
    parts += [bl.cumulative_sum(h, axis=1)[0], bl.logsumexp(h, axis=1)]
    loss = bl.sum(bl.concat([bl.flatten(part * part) for part in parts])).named("L")
    page = opened(text_of(loss, {"x": rng.normal(size=(2, 3))}))
    told = page.call(SUMS)
    assert len(told) > 200
    assert {"sum", "move", "pick", "each"} <= {entry["way"] for entry in told}
    hold_the_sums(told)


def test_the_terms_add_up_in_random_graphs(opened, text_of):
    texts = []

    @settings(max_examples=12, phases=[Phase.generate])
    @given(graph=graphs(most=20))
    def collect(graph):
        with bl.precision("float64"):
            loss = bl.sum(bl.stack([bl.sum(bl.sin(output)) for output in graph.outputs])).named("L")
            texts.append(text_of(loss, graph.values))

    collect()
    for text in texts:
        told = opened(text).call(SUMS)
        assert told
        hold_the_sums(told)


def test_a_graph_of_ten_thousand_nodes_stays_usable(opened, text_of):
    value = bl.parameter(1.0, name="w")
    for _ in range(5000):
        value = bl.sin(value) * 1.5
    page = opened(text_of(value.named("L")))
    assert page.page.locator(".mark").count() <= 60
    page.search("L")
    assert page.text("#panel h2") == "L"
    page.page.locator("#fit").click()
    page.page.locator(".opener[aria-expanded=false]").first.click()
    assert page.page.locator(".mark").count() <= 100


def test_a_drawn_backward_pass_and_update_can_be_asked_too(opened, text_of):
    w = bl.parameter(3.0, name="w")
    loss = (w * w).named("L")
    updates = bl.optim.SGD(0.1).updates(loss, {"w": w})
    page = opened(text_of(loss, updates=updates, drawn=bl.Graph(outputs=[loss], updates=updates)))
    page.call("() => { state.open = new Set(sheets.keys()); refresh(); }")
    assert page.call(OVERLAPS) == []
    new = page.page.locator(".mark.update")
    assert new.count() == 1
    new.click()
    assert page.number("#value") == pytest.approx(2.4)


def test_numbers_that_are_none_are_shown(opened, text_of):
    w = bl.parameter([1.0, -2.0, 0.0], name="w")
    page = opened(text_of(bl.sum(bl.log(w)).named("L")))
    assert page.text("#value") == "nan"
    page.search("w[2]")
    assert page.text("#gradient") == "inf"
    page.set_to(1)
    page.search("w[1]")
    page.set_to(1)
    page.search("L")
    assert page.number("#value") == 0.0


def test_empty_arrays_do_no_harm(opened, text_of):
    x, w = bl.input("x", (0, 3)), bl.parameter([1.0, 2.0], name="w")
    page = opened(text_of((bl.sum(x) + bl.sum(w)).named("L"), {"x": np.zeros((0, 3))}))
    assert page.number("#value") == 3.0
    page.select("x")
    page.select("w")
    assert page.text("#panel h2") == "w[0]"


def test_the_loss_is_told_from_the_beginning(opened, lecture):
    page = opened(lecture)
    assert page.text("#panel h2") == "f4"
    assert page.text("#origin") == "How the value arises f4 = f3 + θ3 = 2 + 1 = 3"


def test_a_step_on_arrays_tells_one_line(opened, text_of):
    w = bl.parameter([1.0, 2.0], name="w")
    page = opened(text_of(bl.sum((w * w).named("s")).named("L")))
    page.page.keyboard.press("Home")
    told = []
    for _ in range(4):
        page.page.keyboard.press("ArrowRight")
        told.append(page.text("#step"))
    assert told == [
        "forward 1 of 2: s[0] = w[0] · w[0] = 1 · 1 = 1",
        "forward 2 of 2: L = sum of s = 5",
        "backward 1 of 2: ∂L/∂L = 1, passed back to s",
        "backward 2 of 2: ∂L/∂s[0] = 1, passed back to w",
    ]


def test_paper_shows_the_picture_and_the_panel_and_no_controls(opened, lecture):
    page = opened(lecture)
    page.page.emulate_media(media="print")
    assert page.mark("f3").is_visible()
    assert page.page.locator("#panel h2").is_visible()
    for control in ("#start", "#search", "#fit"):
        assert not page.page.locator(control).is_visible()


READABLE = 11.0
"""The least height of letters that can be read."""

SEEN = """
(mark) => {
  const [box, pane] = [mark.getBoundingClientRect(), document.querySelector("#picture").getBoundingClientRect()];
  return box.x >= pane.x && box.y >= pane.y && box.right <= pane.right && box.bottom <= pane.bottom;
}
"""


def letters(page):
    """How high the smallest letters of the picture are on the screen."""
    return 12 * page.call("() => document.querySelector('#picture').getScreenCTM().a")


def long_chain():
    """Ten boxes in a row, each of which holds a row of operations."""
    value, w = bl.input("x"), bl.parameter(0.5, name="w")
    for step in range(10):
        with bl.scope(f"part{step}"):
            for _ in range(4):
                value = bl.sin(value * w)
    return value.named("L"), {"x": 1.0}


def test_an_opened_box_can_be_read(opened, text_of):
    page = opened(text_of(*long_chain()))
    page.call("() => { state.open = new Set(); refresh(); fit(); }")
    assert letters(page) < READABLE
    page.page.get_by_role("button", name="open part7").click()
    assert letters(page) >= READABLE - 0.01
    opener = page.page.get_by_role("button", name="close part7")
    assert opener.evaluate(SEEN), "it can be closed again"
    pane, box = page.page.locator("#picture").bounding_box(), opener.locator("..").bounding_box()
    assert box["width"] > pane["width"] or opener.locator("..").evaluate(SEEN)
    page.page.locator("#fit").click()
    assert all(mark.evaluate(SEEN) for mark in page.page.locator(".mark").all()), "fit still shows everything"
    opener.click()
    assert page.page.get_by_role("button", name="open part7").evaluate(SEEN)


def test_what_was_enlarged_by_hand_stays_as_large_when_a_box_opens(opened, text_of):
    page = opened(text_of(*long_chain()))
    page.call("() => { state.open = new Set(); refresh(); fit(); }")
    for _ in range(4):
        page.page.locator("#closer").click()
    before, opener = letters(page), page.page.get_by_role("button", name="open part5")
    place = opener.bounding_box()
    opener.click()
    assert READABLE <= letters(page) <= before
    after = page.page.get_by_role("button", name="close part5")
    after.click()
    assert page.page.get_by_role("button", name="open part5").bounding_box()["width"] <= place["width"] + 0.01


def test_what_is_found_can_be_read(opened, text_of):
    page = opened(text_of(*long_chain()))
    page.call("() => { state.open = new Set(); refresh(); fit(); }")
    for label in ("x", "L", "w", "part6"):
        page.search(label)
        assert letters(page) >= READABLE - 0.01
        assert page.mark(label).first.evaluate(SEEN)
        view = page.call("() => state.view")
        page.search(label)
        assert page.call("() => state.view") == view, "what is seen and can be read stays where it is"


def test_the_panel_below_is_as_high_as_what_it_tells(opened, text_of, net):
    loss, at = net()
    page = opened(text_of(loss, at))
    pane, panel = (page.page.locator(each).bounding_box() for each in ("#picture", "#panel"))
    assert panel["y"] > pane["y"], "the panel is below"
    told = page.page.locator("#panel > *").all()
    lowest = max(each.bounding_box()["y"] + each.bounding_box()["height"] for each in told)
    assert panel["y"] + panel["height"] - lowest < 30
    mark = page.mark("x").bounding_box()
    page.select("1.a")
    assert page.page.locator("#panel").bounding_box()["height"] == pytest.approx(0.45 * 800, abs=1)
    assert page.mark("x").bounding_box() == pytest.approx(mark, abs=0.01), "the picture stays under the pointer"
    assert all(each.evaluate(SEEN) for each in page.page.locator(".mark").all())
