"""Notes: kinks with the slope that was taken, singular points, dead ends, and what is not finite."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from harness.traces import elements


def notes(function, at, which="z", **slopes):
    """The notes of a number that goes through a function, with the slopes that were chosen."""
    z = bl.parameter(at, name="z", dtype="float64")
    with bl.precision("float64"), bl.subgradients(**slopes):
        run = bl.trace(bl.sum(function(z).named("a")).named("L") if np.ndim(at) else function(z).named("a"))
    return run.explain(which).notes


RELU = "a kink of relu (z = 0: any slope from 0 to 1)"
ABS = "a kink of abs (z = 0: any slope from -1 to 1)"
MAXIMUM = "a kink of maximum ({}: the two shares add up to 1)"
MINIMUM = "a kink of minimum ({}: the two shares add up to 1)"
CLIP = "a kink of clip (z at a bound: any slope from 0 to 1)"
MAX = "a kink of max (two elements tie: their shares add up to 1)"
MIN = "a kink of min (two elements tie: their shares add up to 1)"


@pytest.mark.parametrize(
    ("function", "at", "slopes", "kink", "slope"),
    [
        (bl.relu, 0.0, {}, RELU, "0"),
        (bl.relu, 0.0, {"relu": 0.25}, RELU, "0.25"),
        (bl.relu, 0.0, {"preset": "lectures"}, RELU, "1"),
        (bl.abs, 0.0, {}, ABS, "0"),
        (bl.abs, 0.0, {"abs": -1.0}, ABS, "-1"),
        (lambda z: bl.maximum(z, 2.0), 2.0, {}, MAXIMUM.format("z = 2"), "0.5"),
        (lambda z: bl.maximum(2.0, z), 2.0, {"maximum": 1.0}, MAXIMUM.format("2 = z"), "0"),
        (lambda z: bl.minimum(z, 2.0), 2.0, {"maximum": 0.75}, MINIMUM.format("z = 2"), "0.75"),
        (lambda z: bl.clip(z, -1.0, 1.0), 1.0, {}, CLIP, "1"),
        (lambda z: bl.clip(z, -1.0, 1.0), -1.0, {"clip": 0.5}, CLIP, "0.5"),
    ],
)
def test_a_number_on_a_kink_is_told_with_the_slope_that_was_taken(function, at, slopes, kink, slope):
    assert notes(function, at, **slopes) == (f"z stands on {kink}; the slope taken here is {slope}",)


@pytest.mark.parametrize(
    ("slopes", "first", "second"),
    [({}, "0.5", "0.5"), ({"max": "first"}, "1", "0"), ({"preset": "lectures"}, "1", "0")],
)
@pytest.mark.parametrize(("function", "sign", "kink"), [(bl.max, 1.0, MAX), (bl.min, -1.0, MIN)])
@pytest.mark.parametrize(
    ("shape", "axis", "index"), [((3,), None, "[{}]"), ((3, 1), 0, "[{},0]"), ((1, 3), -1, "[0,{}]")]
)
def test_several_that_are_largest_share_the_gradient_as_it_was_chosen(
    function, sign, kink, slopes, first, second, shape, axis, index
):
    z = bl.parameter(sign * np.array([1.0, 3.0, 3.0]).reshape(shape), name="z")
    with bl.subgradients(**slopes):
        run = bl.trace(bl.sum(function(z, axis=axis)))
    for i, share in ((1, first), (2, second)):
        told = run.explain(f"z{index.format(i)}")
        assert told.notes == (f"{told.name} stands on {kink}; the slope taken here is {share}",)
        assert told.gradient == float(share)
    assert run.explain(f"z{index.format(0)}").notes == ()


def test_the_only_largest_of_its_row_stands_on_no_kink_where_another_row_ties():
    z = bl.parameter([[1.0, 1.0], [2.0, 3.0]], name="z")
    run = bl.trace(bl.sum(bl.max(z, axis=1)))
    assert run.explain("z[1,1]").notes == ()
    assert run.explain("z").notes == (f"2 of 4 elements of z stand on {MAX}",)


def test_a_number_that_is_copied_may_take_several_slopes():
    z, bounds = bl.parameter(1.0, name="z"), bl.constant([1.0, 1.0, 0.0])
    run = bl.trace(bl.sum(bl.maximum(z, bounds)))
    assert run.explain("z").notes == (f"z stands on {MAXIMUM.format('z = %1[0]')}; the slope taken here is 0.5",)
    with bl.subgradients(maximum=1.0):
        both = bl.trace(bl.sum(bl.maximum(bl.concat([bl.reshape(z, (1,))] * 2), bl.constant([1.0, 2.0]))))
    (copies,) = (record for record in both.nodes if record.kind == "concat")
    assert both.explain(copies.node, (0,)).notes == (
        f"{copies.name}[0] stands on {MAXIMUM.format(f'{copies.name}[0] = %3[0]')}; the slope taken here is 1",
    )
    assert both.explain(copies.node, (1,)).notes == ()


def test_the_elements_of_an_array_on_a_kink_are_counted_once_however_often_they_are_copied():
    z = bl.parameter([[0.0], [1.0], [0.0]], name="z")
    run = bl.trace(bl.sum(bl.maximum(z, bl.constant([0.0, 0.0, 5.0]))))
    assert run.explain("z").notes == (f"2 of 3 elements of z stand on {MAXIMUM.format('z = %1')}",)
    one = bl.trace(bl.sum(bl.relu(bl.parameter([0.0, 1.0], name="z"))))
    assert one.explain("z").notes == (f"1 of 2 elements of z stands on {RELU}",)
    assert bl.trace(bl.max(bl.parameter([2.0, 2.0, 2.0], name="z"))).explain("z").notes == (
        f"3 of 3 elements of z stand on {MAX}",
    )


def test_away_from_kinks_there_is_nothing_to_say():
    assert notes(bl.relu, 0.5) == ()
    assert notes(bl.relu, [0.5, -1.0]) == ()
    assert notes(bl.relu, [0.0, -1.0], "z[1]") == ()
    assert notes(bl.exp, 0.0) == ()


INFINITE = "{} = 0, where the slope is infinite"
MINUS = "{} = 0, where the value is minus infinity"


@pytest.mark.parametrize(
    ("function", "at", "which", "note"),
    [
        (bl.sqrt, 0.0, "z", f"the slope of sqrt is not finite here: {INFINITE.format('z')}"),
        (bl.log, 0.0, "z", f"the slope of log is not finite here: {MINUS.format('z')}"),
        (bl.sqrt, [0.0, 1.0], "z[0]", f"the slope of sqrt is not finite here: {INFINITE.format('z[0]')}"),
        (bl.sqrt, [0.0, 1.0], "z", f"the slope of sqrt is not finite at 1 of 2 elements of z: {INFINITE.format('z')}"),
        (bl.log, [0.0, 0.0, 1.0], "z", f"the slope of log is not finite at 2 of 3 elements of z: {MINUS.format('z')}"),
    ],
)
def test_a_singular_point_is_told(function, at, which, note):
    assert notes(function, at, which)[0] == note


def test_where_the_number_itself_is_not_finite_the_function_is_not_to_blame():
    assert notes(bl.log, float("nan")) == ("a is nan, so that its slopes mean nothing",)
    assert notes(bl.sqrt, [1.0, 0.0], "z[0]") == ()


FLAT, ALL_FLAT = "is flat wherever it has a slope", "which are flat wherever they have a slope"
HELD = "which holds its argument fixed"


@pytest.mark.parametrize(
    ("function", "way"),
    [
        (bl.sign, f"sign (a), which {FLAT}; nothing learns through it"),
        (bl.floor, f"floor (a), which {FLAT}; nothing learns through it"),
        (bl.stop_gradient, f"stop_gradient (a), {HELD}; nothing learns through it"),
        (
            lambda z: bl.sign(z) + bl.floor(z),
            f"floor (%2) or sign (%1), {ALL_FLAT}; nothing learns through them",
        ),
        (
            lambda z: bl.sign(z) + bl.stop_gradient(z),
            f"sign (%1), which {FLAT}, or through stop_gradient (%2), {HELD}; nothing learns through them",
        ),
        (
            lambda z: bl.sign(z) + bl.floor(z) + bl.ceil(z),
            f"ceil (%4), floor (%2) or sign (%1), {ALL_FLAT}; nothing learns through them",
        ),
    ],
)
def test_a_dead_end_says_which_function_lets_nothing_pass(function, way):
    assert notes(function, 0.5) == (f"no gradient comes back: every path goes through {way}",)


def test_a_hard_threshold_is_named_not_the_cast_behind_it():
    """Row A5: nothing upstream of it can learn."""
    z = bl.parameter(0.5, name="z")
    run = bl.trace((bl.nn.hard_threshold(z) * 3.0).named("a"))
    (note,) = run.explain("z").notes
    assert note.startswith("no gradient comes back: every path goes through greater_equal (")
    assert run.explain("z").gradient == 0.0


def test_a_dead_end_beside_a_way_that_is_open_is_none():
    assert notes(lambda z: bl.sign(z) * z, 0.5) == ()


def test_what_depends_on_constants_alone_is_no_dead_end():
    c = bl.exp(bl.constant(2.0)).named("c")
    run = bl.trace(c * bl.parameter(3.0, name="w"))
    assert run.explain("c").notes == ()
    assert run.explain("c").gradient == 3.0


def test_integers_and_truth_values_are_said_to_have_no_gradient():
    y = bl.input("y", shape=(2,), dtype="int64")
    run = bl.trace(bl.sum(bl.take(bl.parameter([1.0, 2.0], name="w"), y)), {"y": [0, 1]})
    assert run.explain("y").notes == ("y is made of whole numbers, which cannot move a little: no gradient is defined",)
    assert run.explain("y[0]").notes == ("y[0] is a whole number, which cannot move a little: no gradient is defined",)
    assert run.explain("y[0]").chain == ()
    b, w = bl.input("b", dtype="bool"), bl.parameter(2.0, name="w")
    told = bl.trace(bl.where(b, w, -w).named("L"), {"b": True}).explain("b")
    assert told.notes == ("b is a truth value, which cannot move a little: no gradient is defined",)
    assert "upstream" not in str(told)


@pytest.mark.parametrize(
    ("function", "at", "note"),
    [
        (lambda y, x: y / (x - 5.0), (3.0, 5.0), "the slope of divide is not finite here: %2 = 0"),
        (
            lambda y, x: x**y,
            (3.0, -2.0),
            "the slope of pow is not finite here: x = 0 with y < 1, or x < 0 where y moves",
        ),
        (lambda y, x: bl.maximum(y, 3.0) + x, (3.0, 1.0), "y stands on a kink of maximum (y = 3: the two shares"),
    ],
)
def test_what_a_card_says_of_x_and_y_is_said_of_the_numbers_that_stand_there(function, at, note):
    y, x = bl.parameter(at[0], name="y"), bl.parameter(at[1], name="x")
    assert bl.trace(function(y, x).named("L")).explain("y").notes[0].startswith(note)


@pytest.mark.parametrize(
    ("function", "at", "told"),
    [
        (bl.log, -1.0, ("a = ln(z) = ln(-1) is nan", "a is nan, so that its slopes mean nothing")),
        (bl.sqrt, -4.0, ("a = √(z) = √(-4) is nan", "a is nan, so that its slopes mean nothing")),
        (lambda z: bl.exp(z * 1000.0), 1.0, ("a is inf, so that its slopes mean nothing",)),
    ],
)
def test_a_value_that_is_not_finite_is_told_where_it_arises(function, at, told):
    assert notes(function, at) == told


def test_of_arrays_what_is_not_finite_is_counted():
    x = bl.parameter([0.0, np.nan, np.inf], name="x")
    told = bl.trace(bl.sum(bl.log(x) * x).named("L")).explain("x")
    assert told.notes == (
        f"the slope of log is not finite at 1 of 3 elements of x: {MINUS.format('x')}",
        "3 of 3 elements of ∂L/∂x are not finite, the first at [0]",
        "2 of 3 elements of x are not finite, the first at [1]",
        "L is nan, so that its slopes mean nothing",
    )
    one = bl.trace(bl.sum(bl.parameter([[1.0, np.inf]], name="x"))).explain("x")
    assert one.notes == (
        "1 of 2 elements of x is not finite, the first at [0,1]",
        "loss is inf, so that its slopes mean nothing",
    )


def test_a_number_beside_the_chosen_one_is_not_chosen():
    """`where` on z = 0: the guarded logarithm, whose 0 · ∞ is the classic trap."""
    z = bl.parameter(0.0, name="z")
    with_trap = bl.trace(bl.where(z > 0.0, bl.log(z), 0.0).named("a")).explain("z")
    assert str(with_trap.gradient) == "nan"
    assert with_trap.notes == (
        f"the slope of log is not finite here: {MINUS.format('z')}",
        "%3 = ln(z) = ln(0) is -inf",
    )
    guarded = bl.where(z > 0.0, z, 1.0)
    safe = bl.trace(bl.where(z > 0.0, bl.log(guarded), 0.0)).explain("z")
    assert (safe.gradient, safe.notes) == (0.0, ())


@given(st.integers(0, 2**32 - 1), st.sampled_from([(), (3,), (1, 3), (2, 1), (2, 3)]))
def test_a_number_is_said_to_stand_on_a_kink_just_where_it_does(seed, shape):
    """By the kink functions of the cards, on whole numbers, which often meet; with broadcasting."""
    rng = np.random.default_rng(seed)
    z = bl.parameter(rng.integers(-1, 2, shape).astype(float), name="z", dtype="float64")
    c = bl.constant(rng.integers(-1, 2, (2, 3)).astype(float), dtype="float64")
    with bl.precision("float64"):
        bent = [bl.relu(z), bl.abs(z), bl.maximum(z, c), bl.minimum(c, z), bl.clip(z, -1.0, 1.0)]
        run = bl.trace(sum((bl.sum(node) for node in bent), bl.constant(0.0)))
    for element in elements(z, rng):
        here = np.zeros(shape, dtype=bool)
        here[element] = True
        wanted = []
        for node in bent:
            at_kink = np.broadcast_to(node.op.kink(*node.arguments).evaluate() == 0, node.shape)
            if (at_kink & np.broadcast_to(here, node.shape)).any():
                wanted.append(node.kind)
        told = [note.split("a kink of ")[1].split()[0] for note in run.explain("z", element).notes]
        assert sorted(told) == sorted(wanted)
