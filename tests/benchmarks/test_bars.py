"""Bars against made-up times: pass and miss, and who counts as the best peer."""

import pytest
from benchmarks.bars import BARS, Bar, judge
from benchmarks.contest import Contest, Entry, Result, Settings
from benchmarks.session import contests_of
from benchmarks.summary import Summary


def made_up(**seconds):
    contest = Contest("w", "r", "step", [], lambda: None)
    return Result(contest, tuple(Entry(name, "numpy", "1", times) for name, times in seconds.items()), {})


@pytest.mark.parametrize(("limit", "passed"), [(2.0, True), (1.99, False)])
def test_a_bar_in_seconds(limit, passed):
    (verdict,) = judge(made_up(us=[1.0, 2.0, 9.0]), [Bar("w", "r", "us", limit)])
    assert verdict.passed is passed
    assert verdict.measured == Summary(2.0, 1.5, 5.5)


def test_a_ratio_is_taken_within_each_round():
    result = made_up(us=[1.0, 20.0, 3.0], them=[2.0, 40.0, 3.0])
    (verdict,) = judge(result, [Bar("w", "r", "us", 0.5, ("them",))])
    assert verdict.measured == Summary(0.5, 0.5, 0.75)
    assert verdict.passed


def test_the_fastest_of_the_peers_counts():
    result = made_up(us=[1.0], slow=[10.0], fast=[3.0], other=[0.1])
    (verdict,) = judge(result, [Bar("w", "r", "us", 0.25, ("slow", "fast", "missing"))])
    assert (verdict.against, verdict.passed) == ("fast", False)
    assert verdict.measured.median == pytest.approx(1 / 3)


def test_a_bar_without_its_contenders_says_nothing():
    bars = [Bar("w", "r", "them", 1.0), Bar("w", "r", "us", 1.0, ("them",)), Bar("w", "other", "us", 1.0)]
    assert judge(made_up(us=[1.0]), bars) == []


@pytest.mark.parametrize(
    ("bar", "words"),
    [
        (Bar("w", "r", "us", 0.2), "at most 0.2 s"),
        (Bar("w", "r", "us", 1.5, ("them",)), "at most 1.5 times as long as them"),
        (Bar("w", "r", "us", 1 / 3.5, ("a", "b")), "at least 3.5 times as fast as the best peer"),
    ],
)
def test_a_bar_in_words(bar, words):
    assert bar.words == words


def test_every_bar_belongs_to_a_contest_and_names_its_contenders():
    contests = contests_of(["training", "graphs", "imports", "prediction"], "", Settings())
    names = {(one.workload, one.row): {contender.name for contender in one.contenders} for one in contests}
    for bar in BARS:
        assert {bar.contender, *bar.peers} <= names[bar.workload, bar.row], bar
