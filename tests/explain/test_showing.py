"""Showing: renderers register by format and class; what none fits is refused with what there is."""

import pytest

import backlit as bl
from backlit.errors import ArgumentError
from backlit.explain.showing import RENDERERS, Shown, render, renders


@pytest.fixture
def shouted():
    """A format of its own, taken out again."""
    yield
    RENDERERS.pop("shouted", None)


class Animal(Shown):
    pass


class Cat(Animal):
    pass


def test_the_renderer_of_the_nearest_class_writes(shouted):
    @renders("shouted", Animal)
    def animal(thing, loud=1):
        return "animal" + "!" * loud

    assert render("shouted", Cat()) == "animal!"
    assert render("shouted", Cat(), loud=3) == "animal!!!"

    @renders("shouted", Cat)
    def cat(thing):
        return "cat!"

    assert (render("shouted", Cat()), render("shouted", Animal())) == ("cat!", "animal!")
    assert cat(None) == "cat!", "the decorated function stays what it is"


def test_a_format_that_does_not_exist_is_refused_with_those_that_do(shouted):
    with pytest.raises(ArgumentError) as caught:
        render("shouted", Cat())
    assert str(caught.value) == "there is no format 'shouted' for Cat"
    renders("shouted", Cat)(lambda thing: "cat!")
    with pytest.raises(ArgumentError) as caught:
        render("shoutet", Cat())
    assert str(caught.value) == (
        "there is no format 'shoutet' for Cat (did you mean 'shouted'?)\n  instead: choose among shouted"
    )
    with pytest.raises(ArgumentError, match="there is no format 'shouted' for int"):
        render("shouted", 1)


def test_what_is_explained_shows_itself():
    x, θ = bl.input("x"), bl.parameter(5.0, name="θ")
    run = bl.trace((x * θ).named("f"), {"x": -2.0}, updates={θ: θ * 0.5})
    for thing in (run.explain("θ"), run.nudge("θ", 1.0), run.paths("θ"), run.steps[0]):
        assert isinstance(thing, Shown)
        assert str(thing) == render("text", thing)
    assert run.explain("θ").latex() == render("latex", run.explain("θ"))


def test_a_notebook_shows_the_text_and_not_the_fields():
    """IPython hands its printer to whatever knows how to use one."""
    x = bl.parameter(2.0, name="x")
    told, shown = bl.trace((x * x).named("L")).explain("x"), []

    class Printer:
        text = shown.append

    told._repr_pretty_(Printer(), False)
    assert shown == [str(told)]
