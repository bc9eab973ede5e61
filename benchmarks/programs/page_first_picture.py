"""How soon a page shows its first picture in Chromium: ``python -m benchmarks.programs.page_first_picture``.

For each page the median of fifteen openings from disk: when the drawing stood (the script is the last element and
draws before it ends, so the end of ``DOMContentLoaded`` is a bound), and the browser's own first contentful paint.
"""

import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

import backlit as bl

ROUNDS = 15
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
TIMES = """
() => new Promise((done) => new PerformanceObserver((list) => {
  const paint = list.getEntriesByName("first-contentful-paint")[0];
  const drawn = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
  if (paint) done([drawn, paint.startTime]);
}).observe({ type: "paint", buffered: true }))
"""


def lecture():
    """The graph of lecture A."""
    x1, x2 = bl.input("x1"), bl.input("x2")
    θ1, θ2, θ3 = (bl.parameter(value, name=name) for name, value in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])
    return bl.trace(((x1 * θ1 + x2 * θ2) + θ3).named("f"), {"x1": 3.0, "x2": -2.0})


def digit_net():
    """The digit net 784-300-100-10 on one picture, with its 266,610 weights."""
    x, y = bl.input("x", (1, 784)), bl.input("y", (1,), "int64")
    layers = [bl.nn.Linear(784, 300), bl.nn.ReLU(), bl.nn.Linear(300, 100), bl.nn.ReLU(), bl.nn.Linear(100, 10)]
    loss = bl.losses.cross_entropy(bl.nn.Sequential(*layers)(x), y).named("loss")
    return bl.trace(loss, {x: np.random.default_rng(0).uniform(size=(1, 784)).astype("float32"), y: np.array([3])})


def measure(browser, path):
    """The two times of each opening, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        page = browser.new_page(viewport={"width": 1400, "height": 850})
        page.goto(path.as_uri())
        times.append(page.evaluate(TIMES))
        page.close()
    return [statistics.median(column) for column in zip(*times, strict=True)]


def main():
    """Measure both pages and print a line for each."""
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name, make in [("lecture graph", lecture), ("digit net", digit_net)]:
            path = Path(folder) / f"{name}.html"
            bl.explain.draw(make(), path, name=name)
            drawn, painted = measure(browser, path)
            size = path.stat().st_size
            print(f"{name}: {size:,} bytes, drawn after {drawn:.0f} ms, first contentful paint {painted:.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
