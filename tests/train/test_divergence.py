"""Divergence: the error that says where, what was before, and what to try."""

import pytest

import backlit as bl
from backlit.train.divergence import Place, divergence
from backlit.train.history import History
from backlit.train.programs import Programs


def error(losses, optimizer, undone=1):
    programs = Programs(bl.nn.Linear(1, 1, rng=0), bl.losses.squared_error, optimizer)
    return divergence(float("nan"), Place(2, 3, 7, undone), History([], losses), programs)


def test_it_says_where_and_how():
    raised = error([9.0, 1.0, 10.0, 1e3, 1e6, 1e20], bl.optim.SGD(0.5))
    assert raised.what == (
        "the loss became nan in epoch 2, batch 3 (step 7), with learning rate 0.5; "
        "the last losses were 1, 10, 1000, 1e+06, 1e+20"
    )
    assert "the steps are too large" in raised.why
    assert "before this step" in raised.why
    assert "ten times smaller, or clip_norm=1.0" in raised.instead
    assert raised.history.step_losses[0] == 9.0


def test_it_says_how_far_it_went_back():
    assert "3 steps ago" in error([1.0, 0.9, 0.8], bl.optim.SGD(0.5), undone=3).why


def test_it_does_not_advise_what_was_done():
    raised = error([1.0, 0.5], bl.optim.SGD(0.5, clip_norm=1.0))
    assert "clip_norm" not in raised.instead
    assert "a logarithm or a division" in raised.why


def test_the_first_step_is_another_matter():
    raised = error([], bl.optim.SGD(0.5))
    assert "at the first step" in raised.what
    assert "nothing was learned yet" in raised.why
    assert "model.predict" in raised.instead


@pytest.mark.parametrize("rate", [lambda step: 0.25 * (step + 1.0), lambda step: 0.25])
def test_the_rate_of_a_schedule_is_that_of_the_step(rate):
    assert "learning rate 0.25;" in error([1.0], bl.optim.SGD(rate)).what
