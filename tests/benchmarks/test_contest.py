"""Turns, agreement and skipping, with contenders made up for the purpose."""

import sys
import types
from dataclasses import replace

import pytest
from benchmarks.contest import Contender, Contest, DisagreementError, Prepared, Settings, distance, hold

SETTINGS = Settings(rounds=3, pause=0.0)


@pytest.fixture
def adapter(monkeypatch):
    """An adapter whose contenders note their turns."""
    module = types.ModuleType("made_up_adapter")
    module.turns = []

    def contender(name, answer):
        def prepare(task):
            return Prepared(lambda: module.turns.append(name) or 0.5, lambda: [answer * number for number in task])

        return prepare

    module.first, module.second = contender("first", 1.0), contender("second", 1.0)
    module.wrong = contender("wrong", 1.01)
    monkeypatch.setitem(sys.modules, "made_up_adapter", module)
    return module


def make_contest(*functions, package="numpy", **settings):
    contenders = [Contender(function, package, "made_up_adapter", function) for function in functions]
    defaults = {"expected": lambda task: task, "tolerance": 1e-3, "rehearsed": False}
    return Contest("made up", "row", "turn", contenders, lambda: [1.0, 2.0], **(defaults | settings))


def test_contenders_take_turns(adapter):
    result = hold(make_contest("first", "second"), SETTINGS)
    assert adapter.turns == ["first", "second"] * 3
    assert [len(entry.seconds) for entry in result.entries] == [3, 3]
    assert [entry.error for entry in result.entries] == [0.0, 0.0]


def test_a_rehearsal_goes_before_every_turn(adapter):
    hold(make_contest("first", "second", rehearsed=True), SETTINGS)
    assert adapter.turns == ["first", "first", "second", "second"] * 3


def test_every_turn_starts_from_the_same_place(adapter):
    prepared = Prepared(lambda: adapter.turns.append("turn"), reset=lambda: adapter.turns.append("reset"))
    adapter.third = lambda task: prepared
    hold(make_contest("third", expected=None, rehearsed=True), SETTINGS)
    assert adapter.turns == ["reset", "turn", "turn"] * 3


def test_a_contender_may_bring_its_own_clock_and_times_are_per_unit(adapter):
    result = hold(make_contest("first", own_clock=True, count=5), SETTINGS)
    assert result.entries[0].seconds == [0.1, 0.1, 0.1]


def test_a_contender_that_computes_something_else_stops_the_contest_before_any_turn(adapter):
    with pytest.raises(DisagreementError, match=r"(?s)made up, row: wrong computes.*off by 0\.01, tolerated 0\.001"):
        hold(make_contest("first", "wrong"), SETTINGS)
    assert adapter.turns == []


def test_only_the_first_numbers_are_compared_where_a_contest_says_so(adapter):
    contest = make_contest("first", expected=lambda task: [1.0, 9.0])
    assert hold(replace(contest, compared=1), SETTINGS).entries[0].error == 0.0
    with pytest.raises(DisagreementError):
        hold(contest, SETTINGS)


def test_a_contender_that_is_not_installed_is_not_even_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "made_up_adapter", None)
    result = hold(make_contest("first", package="no-such-package"), SETTINGS)
    assert result.entries == ()
    assert result.skipped == {"first": 'no-such-package is not installed: pip install -e ".[bench]"'}


@pytest.mark.parametrize(
    ("answer", "expected", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([0.5], [0.25], 0.25),
        ([300.0], [200.0], 0.5),
        ([1.0], [1.0, 1.0], float("inf")),
        ([float("nan")], [1.0], float("inf")),
        ([], [], 0.0),
    ],
)
def test_distance_is_relative_to_large_numbers_and_absolute_for_small_ones(answer, expected, error):
    assert distance(answer, expected) == error
