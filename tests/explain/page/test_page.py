"""The file of a page: how large it is, that it asks for nothing, and that no name in it can do harm."""

import pytest

import backlit as bl
from backlit.errors import ArgumentError
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.page import page_of, program_of

LECTURE_BYTES = 60_000
NET_BYTES = 2_500_000


def test_sizes(lecture, softmax, net, text_of):
    loss, at = net()
    assert len(lecture.encode()) <= LECTURE_BYTES
    assert len(softmax.encode()) <= LECTURE_BYTES
    assert len(text_of(loss, at).encode()) <= NET_BYTES


HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--<script>",
    "{program}{script}",
    "${alert(1)}",
    "a`b'c\"d\\e",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_a_name(opened, text_of, name):
    x, w = bl.input(name), bl.parameter(2.0, name=f"w {name}")
    page = opened(text_of((x * w).named(f"f {name}"), {name: 3.0}, name=name))
    assert page.call("() => document.querySelectorAll('img, b, iframe').length") == 0
    assert page.call("() => document.scripts.length") == 3
    assert page.page.title() == name
    assert page.call("() => nodes.map((node) => node.label).slice(0, 3)") == [name, f"w {name}", f"f {name}"]
    page.search(name)
    assert page.page.locator("#panel h2").inner_text() in (name, f"w {name}", f"f {name}")


def test_the_policy_forbids_all_network_and_all_other_scripts(browser, tmp_path, lecture):
    path = tmp_path / "page.html"
    path.write_text(lecture, encoding="utf-8")
    page = browser.new_page()
    asked, failed = [], []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
    page.goto(path.as_uri())
    assert page.evaluate("fetch('https://example.org').then(() => 'went through', () => 'refused')") == "refused"
    page.evaluate(
        """() => {
          const image = document.createElement("img"), script = document.createElement("script");
          image.src = "https://example.org/a.png";
          script.textContent = "window.broken = true";
          document.body.append(image, script);
        }"""
    )
    assert page.evaluate("window.broken") is None
    page.wait_for_timeout(50)
    assert asked == [path.as_uri()]
    assert set(failed) <= {("https://example.org/a.png", "csp")}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_colours_of_the_system(opened, lecture, scheme):
    page = opened(lecture, color_scheme=scheme)
    background = page.call("() => getComputedStyle(document.body).backgroundColor")
    ink = page.call("() => getComputedStyle(document.querySelector('.heading')).fill")
    light = [sum(map(int, colour[4:-1].split(","))) for colour in (background, ink)]
    assert (light[0] > light[1]) == (scheme == "light")


def test_a_narrow_window_puts_the_panel_below(opened, lecture):
    wide = opened(lecture)
    assert wide.page.locator("#panel").bounding_box()["x"] > 800
    narrow = opened(lecture, viewport={"width": 390, "height": 800})
    assert narrow.page.locator("#panel").bounding_box()["x"] == 0
    assert narrow.call("() => document.documentElement.scrollWidth") <= 390
    narrow.select("f2")
    assert narrow.text("#panel h2") == "f2"


def test_a_page_may_carry_a_remark(opened):
    run = bl.trace((bl.parameter(3.0, name="w") * 2.0).named("y"))
    program = program_of(run.graph, run.loss, run.walk, run.known)
    page = opened(page_of(diagram_of(run.graph), program, title="w < 2", note="weights & all"))
    assert page.page.title() == "w < 2"
    assert "weights & all" in page.text("footer")


def legend(page):
    return [" ".join(text.split()) for text in page.page.locator("footer span").all_text_contents()]


LINES = "lines: blue with a value, green with a gradient, grey with neither yet"
POINT = "point at a node for its arithmetic; click keeps it"


def test_the_legend_explains_what_is_there_and_nothing_else(opened, lecture, softmax, text_of):
    assert legend(opened(lecture)) == [
        "values",
        "gradients",
        "new values",
        LINES,
        "double frame: trainable",
        POINT,
    ]
    maps = "maps: values blue, negative orange; gradients green, negative purple"
    assert legend(opened(softmax)) == ["values", "gradients", LINES, maps, POINT]
    w = bl.parameter([1.0, -2.0], name="w")
    page = opened(text_of(bl.sum(w * w).named("L")))
    assert legend(page)[3] == "maps: values blue, parameters grey, negative orange; gradients green, negative purple"
    assert legend(page)[4] == "double frame: trainable"
    x = bl.input("x", (1, 2))
    page = opened(text_of(bl.sum(bl.nn.Sequential(bl.nn.Linear(2, 2))(x)).named("L"), {"x": [[1.0, 2.0]]}))
    assert "double frame: trainable, or a closed box with something trainable in it" in legend(page)


def test_the_colours_are_those_of_the_legend(opened, text_of):
    x, w = bl.input("x", (1, 2)), bl.parameter([[3.0], [-3.0]], name="w")
    page = opened(text_of(bl.sum(x * bl.reshape(w, (1, 2))).named("L"), {"x": [[2.0, -2.0]]}))
    cells = page.call(
        """async () => {
          const told = {};
          for (const label of ["x", "w"]) {
            const maps = [...document.querySelectorAll(`.mark[aria-label^="${label},"] image`)];
            told[label] = await Promise.all(maps.map(async (map) => {
              const image = new Image();
              image.src = map.getAttribute("href");
              await image.decode();
              const canvas = document.createElement("canvas");
              const context = Object.assign(canvas, { width: image.width, height: image.height }).getContext("2d");
              context.drawImage(image, 0, 0);
              const { data } = context.getImageData(0, 0, image.width, image.height);
              return [0, 4].map((start) => [...data.slice(start, start + 3)]);
            }));
          }
          return told;
        }"""
    )
    blue, orange, green, purple, grey = [11, 92, 173], [213, 94, 0], [10, 122, 85], [136, 34, 136], [110, 110, 110]
    assert cells == {"x": [[blue, orange], [green, purple]], "w": [[grey, orange], [green, purple]]}


def test_an_op_that_the_page_cannot_compute_is_refused():
    run = bl.trace((bl.parameter(3.0, name="w") * 2.0).named("y"))
    program = program_of(run.graph, run.loss, run.walk, run.known)
    program["nodes"][-1]["op"] = "bessel"
    with pytest.raises(ArgumentError) as caught:
        page_of(diagram_of(run.graph), program)
    assert str(caught.value) == (
        "the page cannot compute the op bessel\n"
        "  why: it computes in the browser, by the lines of its own interpreter\n"
        "  instead: draw the trace as .svg, or write the line of the op in explain/page/interpreter.js"
    )
