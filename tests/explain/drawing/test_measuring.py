"""Shapes hold their texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.explain.drawing.diagram import Mark, Port
from backlit.explain.drawing.measuring import NAME, SMALL, SYMBOL, VALUE, measure, shape_text, text_width
from backlit.explain.drawing.symbols import SYMBOLS

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(texts, texts)
def test_widths_add_up(one, other):
    assert text_width(one) + text_width(other) == pytest.approx(text_width(one + other), rel=1e-12)


@given(texts, st.floats(1.0, 100.0))
def test_a_text_grows_with_its_letters(text, size):
    assert text_width(text, 2 * size) == pytest.approx(2 * text_width(text, size), rel=1e-12)
    assert (text_width(text) > 0) == any(text_width(character) for character in text)


def test_narrow_and_wide_characters_differ():
    assert text_width("i") < text_width("x") < text_width("m") < text_width("漢") == NAME
    assert text_width("e\u0301") == text_width("e")


@pytest.mark.parametrize("sign", SYMBOLS.values())
def test_the_sign_of_every_op_fits_into_its_shape(sign):
    extent = measure(Mark("n", "operation", "", "", sign))
    letters = SYMBOL if extent.width == extent.height else NAME
    assert text_width(sign, letters) + 6 < extent.width
    assert extent.height > letters


@pytest.mark.parametrize("kind", ["input", "parameter", "constant", "operation", "update", "output"])
@given(symbol=texts, name=texts, value=texts, gradient=texts)
def test_an_extent_holds_everything(kind, symbol, name, value, gradient):
    mark = Mark("n", kind, "", name, symbol, shape=(3, 4), value=value, gradient=gradient)
    extent = measure(mark)
    assert extent.left >= extent.width / 2 >= text_width(symbol) / 2
    assert extent.right >= extent.width / 2 + max(text_width(value, VALUE), text_width(gradient, VALUE))
    assert extent.above >= extent.height / 2
    if value or gradient:
        assert min(extent.above, extent.below) >= VALUE + 3, "beside the line there is room for both"
    assert extent.below > extent.height / 2 + 10, "the shape stands below"
    assert 2 * extent.left >= text_width(shape_text(mark.shape), SMALL)
    if kind == "operation":
        assert 2 * extent.left >= text_width(name)
        assert not name or extent.above > extent.height / 2 + 10


@given(st.integers(0, 9), st.integers(0, 9))
def test_a_closed_box_has_room_for_its_ports(incoming, outgoing):
    box = Mark("b1", "box", "layer", "layer", "layer")
    plain = tuple(Port(f"p{i}", "out", "", (i,)) for i in range(outgoing))
    told = tuple(Port(f"p{i}", "out", "", (i,), value="12345", gradient="1") for i in range(outgoing))
    assert measure(box, plain, incoming).height >= 16 * max(incoming, outgoing)
    assert measure(box, told, incoming).height >= 30 * outgoing
    assert (measure(box, told, incoming).right > measure(box, plain, incoming).right) == (outgoing > 0)


def test_a_closed_box_of_several_outputs_has_room_for_their_names():
    box = Mark("b1", "box", "cell", "cell", "cell")
    ports = [Port(f"p{i}", "out", f"cell.{name}", (i,), name) for i, name in enumerate(("hidden", "memory"))]
    assert measure(box, tuple(ports)).width >= measure(box).width + text_width("memory", SMALL)
    assert measure(box, tuple(ports[:1])).width == measure(box).width, "a single output needs no name"


def test_a_new_value_takes_room():
    w = Mark("n1", "parameter", "w", "w", "w", value="4")
    changed = Mark("n1", "parameter", "w", "w", "w", value="4", new_value="3.7")
    assert measure(changed).right == pytest.approx(measure(w).right + text_width(" → 3.7", VALUE))
