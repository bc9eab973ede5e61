"""The scope in which a graph is built for training."""

import pytest

import backlit as bl
from backlit.graph.training import current_training


def test_outside_of_training_there_is_no_mode():
    assert current_training() is None


def test_inside_the_innermost_mode_is_current():
    with bl.training() as outer:
        assert current_training() is outer
        with bl.training() as inner:
            assert current_training() is inner
        assert current_training() is outer
    assert current_training() is None


def test_training_ends_after_an_error():
    with pytest.raises(RuntimeError), bl.training():
        raise RuntimeError
    assert current_training() is None


def test_each_training_scope_collects_updates_of_its_own():
    rng = bl.Generator(0)
    with bl.training() as first:
        bl.uniform((2,), rng=rng)
        bl.uniform((2,), rng=rng)
    with bl.training() as second:
        pass
    bl.uniform((2,), rng=rng)
    assert list(first.updates) == [rng.state]
    assert second.updates == {}


def test_the_collected_update_moves_the_draws_on():
    rng = bl.Generator(0)
    with bl.training() as mode:
        draw = bl.uniform((4,), rng=rng)
    step = bl.compile(outputs=draw, updates=mode.updates)
    first, second = step(), step()
    assert first.tolist() != second.tolist()
    assert rng.state.value.tolist() == [0, 0, 2]
    rng.state.value[...] = [0, 0, 0]
    assert step().tolist() == first.tolist()
