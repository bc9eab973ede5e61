"""Forward mode: tangents."""

import numpy as np
import pytest

import backlit as bl
from backlit.autodiff import push_forward, push_through


def test_tangents_of_everything_on_the_way():
    x = bl.input("x", dtype="float64")
    y = x * x
    z = bl.sin(y)
    moving = push_forward([z], {x: bl.constant(1.0, dtype="float64")})
    values = {x: 1.5}
    assert float(moving[y].evaluate(values)) == pytest.approx(3.0)
    assert float(moving[z].evaluate(values)) == pytest.approx(3.0 * np.cos(2.25))


def test_what_stands_still_is_missing():
    x, y = bl.input("x"), bl.input("y")
    a, b = bl.exp(y), bl.floor(x)
    moving = push_forward([a, b, x + a], {x: bl.constant(1.0)})
    assert a not in moving
    assert b not in moving
    assert x + a not in moving


def test_a_tangent_has_the_spec_of_its_node_after_broadcasting():
    x, y = bl.input("x", shape=(1, 3)), bl.input("y", shape=(2, 1), dtype="float64")
    z = x + y
    moving = push_forward([z], {x: bl.input("t", shape=(1, 3))})
    assert moving[z].spec == z.spec


def test_directions_add_up():
    x, y = bl.input("x", dtype="float64"), bl.input("y", dtype="float64")
    z = x * bl.exp(y)
    one = bl.constant(1.0, dtype="float64")
    both, left, right = (push_forward([z], t)[z] for t in ({x: one, y: one}, {x: one}, {y: one}))
    values = {x: 2.0, y: 0.5}
    assert float(both.evaluate(values)) == pytest.approx(float(left.evaluate(values)) + float(right.evaluate(values)))


def test_a_node_in_the_middle_can_be_moved():
    x = bl.input("x")
    y = x * x
    z = 3.0 * y
    moving = push_forward([z], {y: bl.constant(1.0)})
    assert float(moving[z].evaluate({x: 5.0})) == 3.0


def test_tangents_stand_in_a_box_of_their_own():
    x = bl.input("x")
    y = bl.exp(x)
    moving = push_forward([y], {x: bl.constant(1.0)})
    assert moving[y].scope is None or moving[y].scope.path == "forward"
    assert push_forward([y], {x: bl.input("t")})[y].scope.path == "forward"


def test_a_tangent_through_one_node_moves_nothing_before_it():
    x = bl.input("x")
    y = x * bl.exp(x)
    first, second = (push_through(y, parts) for parts in ((bl.constant(1.0), None), (None, bl.constant(1.0))))
    assert float(first.evaluate({x: 0.0})) == 1.0, "e^0, the other factor"
    assert float(second.evaluate({x: 0.0})) == 0.0, "x, the other factor"
    assert push_through(bl.floor(x), (bl.constant(1.0),)) is None
    assert push_through(y, (None, None)) is None
