"""Bars against made-up times: pass and miss, and who counts as the best peer."""

import pytest
from benchmarks.__main__ import WORKLOADS
from benchmarks.bars import BARS, Bar, judge, unjudged
from benchmarks.contest import Contest, Entry, Result, Settings
from benchmarks.session import contests_of
from benchmarks.summary import Summary


def made_up(**measured):
    contest = Contest("w", "r", "step", [], lambda: None)
    return Result(contest, tuple(Entry(name, "numpy", "1", numbers) for name, numbers in measured.items()), {})


@pytest.mark.parametrize(("limit", "passed"), [(2.0, True), (1.99, False)])
def test_a_bar_in_seconds(limit, passed):
    (verdict,) = judge(made_up(us=[1.0, 2.0, 9.0]), [Bar("w", "r", "us", limit, at_most=True)])
    assert verdict.passed is passed
    assert verdict.measured == Summary(2.0, 1.5, 5.5)


@pytest.mark.parametrize(("limit", "passed"), [(0.5, True), (0.49, False)])
def test_as_long_as_a_peer_at_most(limit, passed):
    result = made_up(us=[1.0, 20.0, 3.0], them=[2.0, 40.0, 3.0])
    (verdict,) = judge(result, [Bar("w", "r", "us", limit, ("them",), at_most=True)])
    assert verdict.measured == Summary(0.5, 0.5, 0.75), "the ratio is taken within each round"
    assert verdict.passed is passed


@pytest.mark.parametrize(("limit", "passed"), [(2.0, True), (2.01, False)])
def test_as_fast_as_a_peer_at_least(limit, passed):
    result = made_up(us=[1.0, 20.0, 3.0], them=[2.0, 40.0, 3.0])
    (verdict,) = judge(result, [Bar("w", "r", "us", limit, ("them",))])
    assert verdict.measured == Summary(2.0, 1.5, 2.0)
    assert verdict.passed is passed


def test_the_fastest_of_the_peers_counts():
    result = made_up(us=[1.0], slow=[10.0], fast=[3.0], other=[0.1])
    (verdict,) = judge(result, [Bar("w", "r", "us", 4.0, ("slow", "fast", "missing"))])
    assert (verdict.against, verdict.passed) == ("fast", False)
    assert verdict.measured.median == pytest.approx(3.0)


def test_a_bar_without_its_contenders_says_nothing_and_is_listed_as_not_measured():
    bars = [Bar("w", "r", "them", 1.0), Bar("w", "r", "us", 1.0, ("them",)), Bar("w", "other", "us", 1.0)]
    result = made_up(us=[1.0])
    assert judge(result, bars) == []
    assert unjudged([result], bars) == bars[:2]


@pytest.mark.parametrize(
    ("bar", "words"),
    [
        (Bar("w", "r", "us", 0.2, at_most=True), "at most 0.2 s"),
        (Bar("w", "r", "us", 1.5, ("them",), at_most=True), "at most 1.5 times as long as them"),
        (Bar("w", "r", "us", 3.5, ("a", "b")), "at least 3.5 times as fast as the best peer"),
        (
            Bar("w", "r", "us", 1.0, ("them",), at_most=True, quantity="memory"),
            "at most 1 times as much as them",
        ),
    ],
)
def test_a_bar_in_words(bar, words):
    assert bar.words == words


def test_every_bar_belongs_to_a_contest_and_names_its_contenders():
    contests = contests_of(WORKLOADS, "", Settings())
    found = {(one.workload, one.row): one for one in contests}
    assert len(found) == len(contests)
    for bar in BARS:
        contest = found[bar.workload, bar.row]
        assert {bar.contender, *bar.peers} <= {contender.name for contender in contest.contenders}, bar
        assert bar.quantity == contest.quantity, bar
