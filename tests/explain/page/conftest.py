"""A browser for the tests of the page: Chromium, driven by Playwright, one for the whole session.

Where either is missing the tests skip and say so; ``.ci/run`` installs both.
"""

import shutil
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.page import page_of, program_of
from backlit.explain.page.assets import asset
from backlit.explain.pictures import trace_page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the tests in a browser need the package playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((path for path in map(shutil.which, names) if path), None)
    if path is None:
        pytest.skip("the tests in a browser need Chromium, which was not found")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def interpreter(browser):
    """A page that holds nothing but the interpreter."""
    page = browser.new_page()
    page.add_script_tag(content=asset("interpreter.js"))
    yield page
    page.close()


@dataclass
class Opened:
    """A page of backlit in the browser, with everything it asked for and complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def mark(self, label: str) -> Any:
        """The mark of a node or box, by the beginning of what a screen reader says of it."""
        return self.page.locator(f'.mark[aria-label^="{label},"]')

    def select(self, label: str) -> None:
        self.mark(label).click()

    def text(self, where: str) -> str:
        """The text of an element, its lines in one."""
        return " ".join(self.page.locator(where).inner_text().split())

    def number(self, where: str) -> float:
        return float(self.text(where))

    def set_to(self, value: object) -> None:
        self.page.locator("#edit").fill(str(value))
        self.page.locator("#edit").press("Enter")

    def search(self, text: str) -> None:
        self.page.locator("#search").fill(text)
        self.page.locator("#search").press("Enter")

    def call(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)


@pytest.fixture(name="text_of")
def _text_of():
    return text_of


def text_of(loss, bindings=None, *, updates=None, name="a graph", drawn=None):
    """The page of a traced graph; without ``drawn`` the forward pass is drawn."""
    run = bl.trace(loss, bindings, updates=updates)
    if drawn is None:
        return trace_page(run, name)
    return page_of(diagram_of(drawn, name=name), program_of(run.graph, run.loss, run.walk, run.known))


@pytest.fixture
def opened(browser, tmp_path):
    """Opens pages from disk, and holds at the end that they asked for nothing and complained of nothing."""
    contexts, pages = [], []

    def opens(text: str, **settings: Any) -> Opened:
        path = tmp_path / f"page{len(pages)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1300, "height": 800}, **settings})
        contexts.append(context)
        shown = Opened(context.new_page())
        shown.page.on("request", lambda request: shown.requests.append(request.url))
        shown.page.on("console", lambda message: shown.complaints.append(message.text))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.goto(path.as_uri())
        pages.append((shown, path.as_uri()))
        return shown

    yield opens
    for context in contexts:
        context.close()
    for shown, own in pages:
        assert shown.complaints == []
        assert [url for url in shown.requests if url != own and not url.startswith("data:")] == []


@pytest.fixture(autouse=True)
def _float64():
    with bl.precision("float64"):
        yield


@pytest.fixture
def lecture():
    """The graph of lecture A: f4 = (x1 θ1 + x2 θ2) + θ3, and the values it is given."""
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(value, name=name) for name, value in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    f1, f2 = (x1 * θ1).named("f1"), (x2 * θ2).named("f2")
    f4 = ((f1 + f2).named("f3") + θ3).named("f4")
    updates = bl.optim.SGD(0.1).updates(f4, {"θ1": θ1, "θ2": θ2, "θ3": θ3})
    return text_of(f4, {"x1": 3.0, "x2": -2.0}, updates=updates, name="lecture A")


@pytest.fixture
def softmax():
    """The page of cross-entropy over the three scores of lecture C."""
    scores, y = bl.input("scores", shape=(3,)), bl.input("y", dtype="int64")
    loss = bl.losses.cross_entropy(bl.reshape(scores, (1, 3)), bl.reshape(y, (1,))).named("L")
    return text_of(loss, {"scores": [3.2, 5.1, -1.7], "y": 0})


@pytest.fixture
def neuron():
    """A sigmoid neuron with the parameters of lecture A, in a box."""
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(value, name=name) for name, value in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    with bl.scope("neuron"):
        return bl.sigmoid((x1 * θ1 + x2 * θ2 + θ3).named("z")).named("a")


@pytest.fixture
def net():
    """Makes the digit net: its loss, and the values of its inputs."""

    def make(batch=1):
        with bl.precision("float32"):
            x, y = bl.input("x", shape=(batch, 784)), bl.input("y", shape=(batch,), dtype="int64")
            layers = [bl.nn.Linear(784, 300), bl.nn.ReLU(), bl.nn.Linear(300, 100), bl.nn.ReLU(), bl.nn.Linear(100, 10)]
            loss = bl.losses.cross_entropy(bl.nn.Sequential(*layers)(x), y).named("loss")
        rng = np.random.default_rng(0)
        return loss, {x: rng.uniform(size=(batch, 784)).astype("float32"), y: rng.integers(0, 10, batch)}

    return make
