"""Stopping rules: when it is enough, and the reason in words."""

import pytest

from backlit.errors import ArgumentError
from backlit.train.history import History
from backlit.train.stopping import EarlyStopping, LossBelow, LossChangeBelow, StoppingRule, TimeLimit


def losses(*values, column="loss"):
    return History([{"epoch": epoch, column: value} for epoch, value in enumerate(values, start=1)])


def test_the_change_of_the_loss_counts_in_both_directions():
    rule = LossChangeBelow(0.1)
    assert rule.reason(losses()) is None
    assert rule.reason(losses(1.0)) is None
    assert rule.reason(losses(1.0, 0.8)) is None
    assert rule.reason(losses(1.0, 1.2)) is None
    assert rule.reason(losses(1.0, 0.95)) == "the loss changed by 0.05 in epoch 2, less than 0.1"
    assert rule.reason(losses(9.0, 1.0, 1.05)).startswith("the loss changed by 0.05 in epoch 3")
    assert rule.reason(losses(1.0, float("nan"))) is None


def test_the_threshold_itself_is_not_below():
    assert LossChangeBelow(0.25).reason(losses(1.0, 0.75)) is None
    assert LossBelow(0.5).reason(losses(0.5)) is None


def test_a_loss_that_is_low_enough():
    assert LossBelow(0.5).reason(losses(1.0, 0.4)) == "the loss is 0.4 in epoch 2, below 0.5"
    assert LossBelow(0.5).reason(losses(0.4, 1.0)) is None
    assert LossBelow(0.5).reason(losses()) is None
    assert LossBelow(-1.0).reason(losses(-2.0)) is not None


def test_time():
    assert TimeLimit(2).reason_at(1.9) is None
    assert TimeLimit(2).reason_at(2.0) == "the time limit of 2 s was reached"
    assert TimeLimit(2).reason(losses(1.0)) is None


def test_early_stopping_waits():
    rule = EarlyStopping("loss", patience=2)
    assert rule.reason(losses()) is None
    assert rule.reason(losses(3.0, 2.0, 2.5)) is None
    assert rule.reason(losses(3.0, 2.0, 2.5, 1.9, 2.5)) is None
    reason = rule.reason(losses(3.0, 2.0, 2.5, 2.0))
    assert reason == "the loss was best in epoch 2, with 2, and no better in the 2 epochs since"
    assert EarlyStopping("loss", patience=1).reason(losses(1.0, 2.0)).endswith("in the epoch since")


def test_early_stopping_knows_what_is_better():
    rule = EarlyStopping("validation accuracy", patience=1)
    assert rule.best_epoch(losses(0.5, 0.7, 0.6, column="validation accuracy")) == 1
    assert EarlyStopping("loss").best_epoch(losses(float("nan"), 3.0, 4.0)) == 1
    demanding = EarlyStopping("loss", minimum_change=0.5)
    assert demanding.best_epoch(losses(3.0, 2.8, 2.4, 2.0)) == 2


def test_early_stopping_needs_its_column():
    with pytest.raises(ArgumentError, match="validation=") as raised:
        EarlyStopping().reason(losses(1.0))
    assert "epoch, loss" in str(raised.value)
    with pytest.raises(ArgumentError, match="does not tell"):
        EarlyStopping("seconds")


@pytest.mark.parametrize(
    "make",
    [
        lambda: LossChangeBelow(0.0),
        lambda: LossChangeBelow("small"),
        lambda: LossChangeBelow(True),
        lambda: LossBelow(float("nan")),
        lambda: LossBelow(None),
        lambda: TimeLimit(-1),
        lambda: TimeLimit(float("inf")),
        lambda: EarlyStopping(patience=0),
        lambda: EarlyStopping(patience=1.5),
        lambda: EarlyStopping(minimum_change=-1.0),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(ArgumentError):
        make()


def test_rules_can_be_compared_and_printed():
    assert LossBelow(0.5) == LossBelow(0.5)
    assert repr(TimeLimit(2)) == "TimeLimit(seconds=2)"
    assert StoppingRule().reason(losses(1.0)) is None
    assert StoppingRule().reason_at(1e9) is None
