"""Which slope is taken at a kink: presets, single choices, and that each is a subgradient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError
from backlit.graph.subgradients import PRESETS, Subgradients, current_subgradients, subgradients


def slopes(function, *point, **choice):
    """The gradient of the sum of a function's elements at a point, with a choice of slopes."""
    nodes = [bl.input(f"x{i}", shape=np.shape(v), dtype="float64") for i, v in enumerate(point)]
    value = bl.sum(function(*nodes))
    with subgradients(**choice):
        gradients = bl.grad(value, nodes)
    return [np.asarray(g.evaluate(dict(zip(nodes, point, strict=True)))).tolist() for g in gradients]


@pytest.mark.parametrize("choice", [0.0, 0.5, 1.0])
def test_relu_takes_the_chosen_slope_at_zero_only(choice):
    assert slopes(bl.relu, [-1.0, 0.0, 1.0], relu=choice) == [[0.0, choice, 1.0]]


@pytest.mark.parametrize("choice", [-1.0, 0.0, 0.5, 1.0])
def test_abs_takes_the_chosen_slope_at_zero_only(choice):
    assert slopes(bl.abs, [-2.0, 0.0, 2.0], abs=choice) == [[-1.0, choice, 1.0]]


@pytest.mark.parametrize("choice", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("function", [bl.maximum, bl.minimum])
def test_a_tie_of_two_is_shared_as_chosen(function, choice):
    first, second = slopes(function, [1.0, 2.0, 3.0], [2.0, 2.0, 2.0], maximum=choice)
    assert first[1] == choice
    assert [a + b for a, b in zip(first, second, strict=True)] == [1.0] * 3
    assert first[0] == (0.0 if function is bl.maximum else 1.0)


@pytest.mark.parametrize("choice", [0.0, 0.5, 1.0])
def test_clip_takes_the_chosen_slope_at_its_bounds(choice):
    x, low, high = slopes(
        bl.clip,
        [-2.0, -1.0, 0.0, 1.0, 2.0],
        [-1.0] * 5,
        [1.0] * 5,
        clip=choice,
    )
    assert x == [0.0, choice, 1.0, choice, 0.0]
    assert low == [1.0, 1.0 - choice, 0.0, 0.0, 0.0]
    assert high == [0.0, 0.0, 0.0, 1.0 - choice, 1.0]


@pytest.mark.parametrize("function", [bl.max, bl.min])
def test_a_tie_of_many_goes_to_the_first_or_is_shared(function):
    point = [2.0, 1.0, 2.0, 2.0] if function is bl.max else [1.0, 3.0, 1.0, 1.0]
    assert slopes(function, point, max="first") == [[1.0, 0.0, 0.0, 0.0]]
    assert slopes(function, point, max="shared") == [pytest.approx([1 / 3, 0.0, 1 / 3, 1 / 3])]


def test_ties_are_broken_within_each_group_of_axes():
    point = [[[1.0, 1.0], [1.0, 0.0]], [[0.0, 2.0], [2.0, 2.0]]]
    (first,) = slopes(lambda x: bl.max(x, axis=(0, 2)), point, max="first")
    assert first == [[[0.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]]


def test_the_third_poll():
    """y = max(1, 2, 3): dy/dz = (0, 0, 1), whatever is chosen."""
    for preset in PRESETS:
        assert slopes(bl.max, [1.0, 2.0, 3.0], preset=preset) == [[0.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("preset", "relu", "abs_", "first", "clip", "tie"),
    [
        ("backlit", 0.0, 0.0, 0.5, 1.0, [0.5, 0.5]),
        ("pytorch", 0.0, 0.0, 0.5, 1.0, [0.5, 0.5]),
        ("jax", 0.0, 0.0, 0.5, 0.5, [0.5, 0.5]),
        ("lectures", 1.0, 0.0, 1.0, 1.0, [1.0, 0.0]),
    ],
)
def test_presets(preset, relu, abs_, first, clip, tie):
    assert slopes(bl.relu, 0.0, preset=preset) == [relu]
    assert slopes(bl.abs, 0.0, preset=preset) == [abs_]
    assert slopes(bl.maximum, 1.0, 1.0, preset=preset) == [first, 1.0 - first]
    assert slopes(lambda x: bl.clip(x, 0.0, 1.0), 1.0, preset=preset) == [clip]
    assert slopes(bl.max, [3.0, 3.0], preset=preset) == [tie]


POINTS = st.lists(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]), min_size=3, max_size=3)
CHOICES = st.fixed_dictionaries(
    {
        "relu": st.floats(0, 1),
        "abs": st.floats(-1, 1),
        "maximum": st.floats(0, 1),
        "max": st.sampled_from(["first", "shared"]),
    }
)
CONVEX = {
    "relu": bl.relu,
    "abs": bl.abs,
    "max": bl.max,
    "maximum": lambda x: bl.maximum(x, bl.flip(x)),
    "hinge": lambda x: bl.relu(1.0 - x),
    "largest of the sizes": lambda x: bl.max(bl.abs(x)),
}


@given(point=POINTS, other=POINTS, choice=CHOICES, name=st.sampled_from(sorted(CONVEX)))
def test_the_slope_of_a_convex_function_is_a_subgradient(point, other, choice, name):
    """f(x) - f(x₀) ≥ v·(x - x₀) for every x: the line of slope v through x₀ lies below f (Rockafellar, 1970)."""
    x = bl.input("x", shape=(3,), dtype="float64")
    value = bl.sum(CONVEX[name](x))
    (v,) = slopes(CONVEX[name], point, **choice)
    gain = float(value.evaluate({x: other})) - float(value.evaluate({x: point}))
    assert gain >= np.dot(v, np.subtract(other, point)) - 1e-12


@given(point=POINTS, direction=POINTS, choice=CHOICES, name=st.sampled_from(sorted(CONVEX)))
def test_forward_mode_takes_the_same_slopes(point, direction, choice, name):
    x = bl.input("x", shape=(3,), dtype="float64")
    (v,) = slopes(CONVEX[name], point, **choice)
    with subgradients(**choice):
        tangent = bl.jvp(bl.sum(CONVEX[name](x)), x, bl.constant(direction, dtype="float64"))
    assert float(tangent.evaluate({x: point})) == pytest.approx(np.dot(v, direction), abs=1e-12)


def test_the_choice_is_read_when_the_gradient_is_built():
    x = bl.input("x", dtype="float64")
    y = bl.relu(x)
    with subgradients("lectures"):
        inside = bl.grad(y, x)
    outside = bl.grad(y, x)
    assert float(inside.evaluate({x: 0.0})) == 1.0
    assert float(outside.evaluate({x: 0.0})) == 0.0


def test_the_value_never_changes():
    x = bl.input("x", shape=(3,), dtype="float64")
    for preset in PRESETS:
        with subgradients(preset):
            assert bl.relu(x).evaluate({x: [-1.0, 0.0, 2.0]}).tolist() == [0.0, 0.0, 2.0]


def test_choices_nest_and_end():
    with subgradients("lectures"):
        with subgradients(abs=1.0) as inner:
            assert (inner.relu, inner.abs) == (1.0, 1.0)
        assert current_subgradients() == PRESETS["lectures"]
    assert current_subgradients() == Subgradients()


@pytest.mark.parametrize(
    "wrong", [{"relu": 1.5}, {"relu": -0.1}, {"abs": -2.0}, {"clip": True}, {"max": "last"}, {"maximum": "first"}]
)
def test_a_slope_that_is_no_subgradient_is_refused(wrong):
    with pytest.raises(ArgumentError), subgradients(**wrong):
        pass


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ArgumentError, match=r"no preset 'lecture' .did you mean 'lectures'"), subgradients("lecture"):
        pass
    with pytest.raises(ArgumentError, match=r"no kink 'rleu' .did you mean 'relu'"), subgradients(rleu=0.0):
        pass
