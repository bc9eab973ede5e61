"""Finding parameters: by the names of attributes, in order, each once; what would be lost or endless is refused."""

import pytest

import backlit as bl
from backlit.errors import ArgumentError, CycleError
from backlit.nn.walk import Composite, dotted, walk


def paths(root):
    return [dotted(found.path) for found in walk(root)]


def build(**attributes):
    whole = Composite()
    vars(whole).update(attributes)
    return whole


def test_lists_tuples_and_dictionaries_are_searched():
    p = [bl.parameter(float(i)) for i in range(5)]
    whole = build(a=p[0], b=[p[1], (p[2], build(c=p[3]))], d={"e": {"f": p[4]}})
    assert paths(whole) == ["", "a", "b.0", "b.1.0", "b.1.1", "b.1.1.c", "d.e.f"]


def test_other_attributes_are_passed_over():
    assert paths(build(a=1, b="text", c=[1.0, None], d={3: 4}, e=bl.constant(1.0), f={1, 2})) == [""]


def test_what_is_shared_is_found_once_under_its_first_path():
    p, part = bl.parameter(1.0), build(inner=bl.parameter(2.0))
    assert paths(build(a=p, b=p, c=part, d=[part, part])) == ["", "a", "c", "c.inner"]


def test_the_state_of_a_generator_is_found_under_the_name_of_the_generator():
    rng = bl.Generator(0)
    found = list(walk(build(noise=rng)))
    assert [(dotted(each.path), each.thing) for each in found[1:]] == [("noise", rng.state)]


def test_a_composite_within_itself_is_named():
    whole = build(block=build())
    whole.block.parent = [whole]
    with pytest.raises(CycleError, match=r"block\.parent\.0 is the whole"):
        list(walk(whole))
    inner = build()
    inner.itself = inner
    with pytest.raises(CycleError, match=r"block\.itself is block"):
        list(walk(build(block=inner)))


def test_a_list_within_itself_is_named():
    endless = []
    endless.append(endless)
    with pytest.raises(CycleError, match=r"held\.0 is held"):
        list(walk(build(held=endless)))


@pytest.mark.parametrize("name", ["a.b", "", 3])
def test_names_with_dots_are_refused(name):
    with pytest.raises(ArgumentError, match="a name is text without dots"):
        list(walk(build(held={name: bl.parameter(1.0)})))


def test_a_set_has_no_order():
    with pytest.raises(ArgumentError, match=r"held is a set with modules or parameters(.|\n)*write a list"):
        list(walk(build(held={bl.parameter(1.0)})))
