"""The model of the page: numbers are written as in Python, and an edit is refused where a leaf cannot hold it."""

import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import backlit as bl
from backlit.explain.numerals import format_number
from backlit.explain.pictures import trace_page

WRITTEN = "(cases) => cases.map(([text, digits]) => format(Number(text), digits))"

HARD = [0.0, -0.0, math.nan, math.inf, -math.inf, 987654.0, 1234.5, 1235.5, 12345.0, 12355.0, 0.5, 2.5e-5, 99995.0]
HARD += [9999.5, 999999.5, 9.9995, 0.00099995, 1e-4, 0.00012345, 9.99999e-5, 1e16, 5e-324, 1.7976931348623157e308]
HARD += [1e21, 123456789012.0, 1 / 3, -2 / 3, 0.1, 2.0**-40, 1e-7, -1234500.0, 100000.0, 1e5 + 0.5, 1000005.0]


def test_floats_are_written_as_python_writes_them(opened, lecture):
    page = opened(lecture)
    cases = [(x, digits) for x in HARD for digits in (3, 4, 6, 12)]

    @settings(max_examples=2000, phases=[Phase.generate])
    @given(x=st.floats() | st.integers(-(10**9), 10**9).map(lambda n: n / 2**7), digits=st.integers(3, 12))
    def collect(x, digits):
        cases.append((x, digits))

    collect()
    written = page.call(WRITTEN, [[repr(x).replace("inf", "Infinity"), digits] for x, digits in cases])
    assert written == [format_number(x, digits) for x, digits in cases]


def marked(page, label):
    return page.mark(label).locator("text").all_text_contents()[1:], page.mark(label).get_attribute("aria-label")


def test_marks_tell_integers_exactly_and_floats_in_four_digits(opened, text_of):
    i, s, far = bl.input("i", dtype="int64"), bl.input("s"), bl.input("far", dtype="int64")
    loss = (bl.cast(i, "float64") * s + bl.cast(far, "float64")).named("L")
    page = opened(text_of(loss, {"i": 12345, "s": 987654.0, "far": 2**60 + 1}))
    assert marked(page, "i") == (["12345"], "i, input, value 12345")
    assert marked(page, "s") == (["9.877e+05", "1.234e+04"], "s, input, value 9.877e+05, gradient 1.234e+04")
    assert marked(page, "far")[0] == ["1152921504606846977"]
    page.select("s")
    assert page.text("#value") == "987654"
    page.select("far")
    assert page.text("#value") == "1152921504606846977"
    page.search("L")
    assert page.text("#value") == "1.15292e+18"


def test_sums_of_integers_are_exact(opened, text_of):
    x, y = bl.input("x", (1, 2), "int64"), bl.input("y", (2, 1), "int64")
    product = (x @ y).named("p")
    page = opened(text_of(bl.sum(bl.cast(product, "float64")).named("L"), {"x": [[12345, 7]], "y": [[1001], [3]]}))
    page.search("p")
    told = page.text("#origin")
    assert "x[0,0] · y[0,0] = 12345 · 1001 = 12357345" in told
    assert page.text("#value") == "12357366"


def test_truth_values_are_told_in_words(opened, text_of):
    c, x = bl.input("c", dtype="bool"), bl.input("x")
    page = opened(text_of(bl.where(c, x, -x).named("L"), {"c": True, "x": 2.0}))
    page.search("c")
    assert page.text("#value") == "true"
    for words, value in [("0", "false"), ("True", "true"), ("false", "false"), ("1", "true")]:
        page.set_to(words)
        assert page.text("#value") == value
    page.set_to("2")
    assert page.text("[role=alert]") == "write true or false"
    assert page.text("#value") == "true"


def test_an_integer_takes_whole_numbers_alone(opened, text_of):
    y, small, x = bl.input("y", dtype="int64"), bl.input("small", dtype="uint8"), bl.input("x")
    loss = (x * bl.cast(y, "float64") * bl.cast(small, "float64")).named("L")
    page = opened(text_of(loss, {"y": 1, "small": 3, "x": 2.0}))
    page.search("y")
    page.set_to("1.5")
    assert page.text("[role=alert]") == "y holds whole numbers"
    assert page.page.locator("#effect").count() == 0, "nothing has changed"
    page.search("small")
    page.set_to("256")
    assert page.text("[role=alert]") == "256 is out of range: small is uint8"
    assert page.page.locator("#effect").count() == 0
    page.search("L")
    assert page.number("#value") == 6.0
    page.search("y")
    page.set_to("-4")
    assert "y: 1 → -4 L: 6 → -24" in page.text("#effect")


def updated(rate):
    w, y = bl.parameter(123.4567, name="w"), bl.input("y")
    loss = bl.square(w * y).named("L")
    return bl.trace(loss, {"y": 1.0}, updates=bl.optim.SGD(rate).updates(loss, {"w": w}))


@pytest.mark.parametrize(
    ("rate", "mark", "panel"),
    [
        (1e-5, "123.46 → 123.45", "123.457 → 123.454"),
        (1e-8, "123.4567 → 123.456698", "123.4567 → 123.456698"),
        (0.0, "123.5 → 123.5", "123.457 → 123.457"),
        (1e-2, "123.5 → 121", "123.457 → 120.988"),
    ],
)
def test_an_update_is_told_with_the_digits_that_show_it(opened, rate, mark, panel):
    page = opened(trace_page(updated(rate)))
    assert page.mark("w").locator("text").all_text_contents()[1] == mark
    page.select("w")
    assert page.text("#update") == f"What the update makes of it {panel}"


def test_the_digits_that_tell_two_numbers_apart(opened, lecture):
    page = opened(lecture)
    rng = np.random.default_rng(0)
    for x in rng.normal(size=50) * 10.0 ** rng.integers(-20, 20, 50):
        for y in (x, np.nextafter(x, 1e300), x * (1 + 1e-9), -x):
            one, two = page.call("([x, y]) => apart(x, y, 4)", [float(x), float(y)])
            assert (one == two) == (x == y)
    assert page.call("() => apart(NaN, NaN)") == ["nan", "nan"]
