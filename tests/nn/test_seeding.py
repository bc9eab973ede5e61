"""Seeds: equal seeds give equal models, whatever stands around them; a seed that does nothing says so."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, BacklitWarning
from backlit.nn.seeding import graph_generator, host_generator


def build():
    return bl.nn.Sequential(bl.nn.Linear(3, 4), bl.nn.Dropout(0.5), bl.nn.Linear(4, 2))


def values(model):
    return {path: each.value.tolist() for path, each in (model.parameters() | model.state()).items()}


def test_equal_seeds_give_equal_models_and_others_do_not():
    with bl.seed(5):
        one = build()
    with bl.seed(5):
        two = build()
    with bl.seed(6):
        other = build()
    assert values(one) == values(two)
    assert values(one) != values(other)


def test_layers_of_one_seed_differ():
    with bl.seed(5):
        one, two = bl.nn.Linear(3, 3), bl.nn.Linear(3, 3)
    assert not np.array_equal(one.weight.value, two.weight.value)


def test_an_inner_seed_leaves_the_outer_one_as_it_was():
    with bl.seed(5):
        first, second = build(), build()
    with bl.seed(5):
        again = build()
        with bl.seed(1):
            build()
        after = build()
    assert values(first) == values(again)
    assert values(second) == values(after)


def test_a_module_with_a_source_of_its_own_does_not_draw_from_the_scope():
    with bl.seed(5):
        expected = bl.nn.Linear(3, 3)
    with bl.seed(5):
        bl.nn.Linear(9, 9, rng=0)
        assert values(bl.nn.Linear(3, 3)) == values(expected)


def test_without_a_seed_models_differ():
    assert values(build()) != values(build())


def test_the_seed_ends_with_its_scope():
    with bl.seed(5):
        pass
    assert values(build()) != values(build())


@pytest.mark.parametrize("rng", [3, np.int64(3), np.random.default_rng(3)])
def test_a_module_takes_a_seed_or_a_generator(rng):
    expected = bl.nn.Linear(2, 2, rng=3)
    assert values(bl.nn.Linear(2, 2, rng=rng)) == values(expected)


def test_what_is_random_at_every_run_takes_the_generator_of_a_graph_too():
    shared = bl.Generator(4)
    assert bl.nn.Dropout(0.5, rng=shared).random_state is shared
    assert graph_generator(4).seed == 4
    assert graph_generator(np.random.default_rng(1)).seed == graph_generator(np.random.default_rng(1)).seed


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, True, "7"])
def test_other_seeds_are_refused(seed):
    for function in (bl.seed, host_generator, graph_generator):
        with pytest.raises(ArgumentError, match=r"a seed is an integer from 0 to before 2\*\*64"):
            function(seed)


def test_a_seed_that_is_not_entered_says_so():
    with pytest.warns(BacklitWarning, match=r"bl.seed\(3\) was called and not entered, so it seeded nothing"):
        bl.seed(3)
