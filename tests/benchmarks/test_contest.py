"""Turns, agreement and skipping, with contenders made up for the purpose."""

import sys
import types
from dataclasses import replace

import pytest
from benchmarks.contest import (
    Contender,
    Contest,
    DisagreementError,
    Prepared,
    Settings,
    UnavailableError,
    distance,
    hold,
)
from benchmarks.session import among

SETTINGS = Settings(rounds=3, pause=0.0, least=0.0)


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
    assert [len(entry.measured) for entry in result.entries] == [3, 3]
    assert [entry.error for entry in result.entries] == [0.0, 0.0]


def test_a_rehearsal_goes_before_every_turn(adapter):
    hold(make_contest("first", "second", rehearsed=True), SETTINGS)
    assert adapter.turns == ["first", "first", "second", "second"] * 3


def test_every_turn_starts_from_the_same_place(adapter):
    prepared = Prepared(lambda: adapter.turns.append("turn"), reset=lambda: adapter.turns.append("reset"))
    adapter.third = lambda task: prepared
    hold(make_contest("third", expected=None, rehearsed=True), SETTINGS)
    assert adapter.turns == ["reset", "turn", "turn"] * 3


def test_a_contender_may_measure_itself_and_numbers_are_per_unit(adapter):
    result = hold(make_contest("first", own_measure=True, count=5), SETTINGS)
    assert result.entries[0].measured == [0.1, 0.1, 0.1]


def test_a_contender_that_computes_something_else_stops_the_contest_before_any_turn(adapter):
    with pytest.raises(DisagreementError, match=r"(?s)made up, row: wrong computes.*off by 0\.01, tolerated 0\.001"):
        hold(make_contest("first", "wrong"), SETTINGS)
    assert adapter.turns == []


def test_only_the_first_numbers_are_compared_where_a_contest_says_so(adapter):
    contest = make_contest("first", expected=lambda task: [1.0, 9.0])
    assert hold(replace(contest, compared=1), SETTINGS).entries[0].error == 0.0
    with pytest.raises(DisagreementError):
        hold(contest, SETTINGS)


@pytest.mark.parametrize(("texts", "names"), [([""], ["first", "second"]), (["rst", "none"], ["first"])])
def test_a_contest_among_some(adapter, texts, names):
    assert [one.name for one in among(make_contest("first", "second"), texts).contenders] == names


def test_a_contender_that_is_not_installed_is_not_even_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "made_up_adapter", None)
    result = hold(make_contest("first", package="no-such-package"), SETTINGS)
    assert result.entries == ()
    assert result.skipped == {"first": 'no-such-package is not installed: pip install -e ".[bench]"'}


def test_a_contender_that_cannot_do_the_task_is_skipped_with_its_reason(adapter):
    def unable(task):
        raise UnavailableError("it never learned this")

    adapter.unable = unable
    result = hold(make_contest("unable", "second"), SETTINGS)
    assert result.skipped == {"unable": "it never learned this"}
    assert [entry.name for entry in result.entries] == ["second"]


def test_a_contender_that_breaks_down_leaves_the_others_their_turns(adapter):
    def broken(task):
        raise ZeroDivisionError("by nought")

    adapter.broken = broken
    result = hold(make_contest("broken", "second"), SETTINGS)
    assert "ZeroDivisionError: by nought" in result.failed["broken"]
    assert [entry.name for entry in result.entries] == ["second"]


def test_options_reach_the_adapter(adapter):
    adapter.chosen = lambda task, fused: Prepared(lambda: fused)
    contender = Contender("fused", "numpy", "made_up_adapter", "chosen", {"fused": 7.0})
    contest = replace(make_contest(own_measure=True, expected=None), contenders=[contender])
    assert hold(contest, SETTINGS).entries[0].measured == [7.0, 7.0, 7.0]


def test_all_may_agree_in_another_task_than_the_one_that_is_timed(adapter):
    contest = make_contest("first", agreed=lambda: [3.0])
    assert hold(contest, SETTINGS).entries[0].error == 0.0
    with pytest.raises(DisagreementError, match="off by 0"):
        hold(make_contest("wrong", agreed=lambda: [3.0]), SETTINGS)


def test_a_task_that_is_soon_done_is_done_again(adapter):
    result = hold(make_contest("first"), replace(SETTINGS, rounds=1, least=0.01))
    assert len(adapter.turns) > 10
    assert result.entries[0].measured[0] == pytest.approx(0.01 / len(adapter.turns), rel=0.5)


@pytest.mark.parametrize(("enough", "turns"), [(None, 3), (2, 2), (5, 3)])
def test_a_contest_that_takes_long_has_fewer_rounds(adapter, enough, turns):
    assert len(hold(make_contest("first", rounds=enough), SETTINGS).entries[0].measured) == turns


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
