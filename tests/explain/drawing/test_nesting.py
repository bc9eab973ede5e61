"""Sheets: every operation has one; none is too full; no box waits for itself."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.explain.drawing.nesting import MOST_MARKS, nest
from backlit.graph import Scope
from harness.diagrams import acyclic

CALLS = [Scope("call", None, 1), Scope("call", None, 2), Scope("a"), Scope("b"), Scope("c", Scope("a")), None]


def children(nesting) -> dict[str, list]:
    """What stands on each sheet: operations and boxes."""
    found: dict[str, list] = {sheet: [] for sheet in nesting.nests}
    for number, sheet in nesting.home.items():
        found[sheet].append(number)
    for sheet in list(nesting.nests.values())[1:]:
        found[sheet.parent].append(sheet.id)
    return found


def has_circle(nesting, arguments) -> bool:
    """Whether on some sheet something waits for itself, when each box is one thing."""
    for sheet in nesting.nests:
        depth = len(nesting.lineage(sheet))
        on = {}
        for number, home in nesting.home.items():
            line = nesting.lineage(home)
            if sheet in line:
                on[number] = line[depth] if len(line) > depth else number
        links = {(on[a], on[n]) for n in on for a in arguments[n] if a in on and on[a] != on[n]}
        waiting = Counter(target for _, target in links)
        free = [thing for thing in set(on.values()) if not waiting[thing]]
        done = 0
        while free:
            done += 1
            thing = free.pop()
            for source, target in links:
                if source == thing:
                    waiting[target] -= 1
                    if not waiting[target]:
                        free.append(target)
        if done < len(set(on.values())):
            return True
    return False


@st.composite
def scoped(draw, most: int = 16):
    reads = draw(acyclic(most))
    return dict(enumerate(reads)), {i: draw(st.sampled_from(CALLS)) for i in range(len(reads))}


@settings(deadline=None)
@given(scoped())
def test_no_box_waits_for_itself(given_graph):
    arguments, scopes = given_graph
    nesting = nest(arguments, scopes)
    assert sorted(nesting.home) == sorted(arguments)
    assert not has_circle(nesting, arguments)


@settings(deadline=None)
@given(scoped())
def test_an_operation_stands_in_its_scope_and_in_no_other(given_graph):
    arguments, scopes = given_graph
    nesting = nest(arguments, scopes)
    for number, home in nesting.home.items():
        around = [nesting.nests[sheet].scope for sheet in nesting.lineage(home)[1:]]
        lineage = scopes[number].lineage if scopes[number] else ()
        assert set(around) <= set(lineage)
        for sheet in nesting.lineage(home):
            assert number in nesting.nests[sheet].operations
    for sheet in nesting.nests.values():
        assert set(sheet.operations) == {n for n, home in nesting.home.items() if sheet.id in nesting.lineage(home)}


@settings(deadline=None)
@given(scoped())
def test_no_box_holds_a_single_operation_or_nothing_but_a_box(given_graph):
    nesting = nest(*given_graph)
    found = children(nesting)
    for sheet in list(nesting.nests)[1:]:
        assert len(found[sheet]) > 1


@settings(deadline=None)
@given(scoped())
def test_a_scope_is_cut_only_where_it_must_be(given_graph):
    arguments, scopes = given_graph
    nesting = nest(arguments, scopes)
    parts = Counter((sheet.parent, sheet.scope) for sheet in nesting.nests.values() if sheet.scope)
    if max(parts.values(), default=1) == 1:
        return
    # Without the cuts something would wait for itself: find the circle of scopes by brute force over pairs.
    reaches = {n: {n} for n in arguments}
    for n in sorted(arguments):
        for a in arguments[n]:
            reaches[n] |= reaches[a]
    outer = {n: scopes[n].lineage[0] if scopes[n] else n for n in arguments}
    inner = {n: scopes[n].lineage[:2] if scopes[n] else (n,) for n in arguments}
    groups = [*outer.values(), *inner.values()]
    waits = {
        (g, h) for group in (outer, inner) for n in arguments for a in arguments[n] for g, h in [(group[a], group[n])]
    }
    closure = {g: {h for x, h in waits if x == g and h != g} for g in groups}
    for _ in groups:
        for seen in closure.values():
            seen |= {h for g in list(seen) for h in closure.get(g, ())}
    assert any(g in seen for g, seen in closure.items())


def test_a_scope_that_waits_for_another_node_of_itself_is_cut_in_two():
    # a → outside → a
    nesting = nest({0: (), 1: (0,), 2: (1,), 3: (2,), 4: (3,)}, {i: Scope("a") if i != 2 else None for i in range(5)})
    assert [sheet.part for sheet in nesting.nests.values()] == [(0, 0), (1, 2), (2, 2)]
    assert nesting.home == {2: "root", 0: "b1", 1: "b1", 3: "b2", 4: "b2"}


def test_two_scopes_that_wait_for_each_other_are_cut_once():
    # a → b and b → a, with no path through both
    arguments = {0: (), 1: (), 2: (0,), 3: (1,), 4: (2, 3)}
    scopes = {0: Scope("a"), 3: Scope("a"), 1: Scope("b"), 2: Scope("b"), 4: None}
    nesting = nest(arguments, scopes)
    assert not has_circle(nesting, arguments)
    assert len(nesting.nests) == 2, "one of them stays whole"


def test_boxes_of_one_box_become_one():
    deep = Scope("c", Scope("b", Scope("a")))
    nesting = nest({0: (), 1: (0,), 2: ()}, {0: deep, 1: deep, 2: None})
    assert [sheet.scope for sheet in nesting.nests.values()] == [None, deep]


def test_a_long_row_is_cut_into_boxes_that_can_be_looked_at():
    count = 10_000
    nesting = nest({i: (i - 1,) if i else () for i in range(count)}, dict.fromkeys(range(count)))
    assert max(map(len, children(nesting).values())) <= MOST_MARKS
    assert max(len(nesting.lineage(sheet)) for sheet in nesting.nests) <= 4
    for sheet in list(nesting.nests.values())[1:]:
        first, *_, last = sheet.operations
        assert sheet.operations == tuple(range(first, last + 1)), "consecutive steps"


def test_a_row_is_cut_where_few_values_pass():
    # Blocks of about ten, within which every node reads three before it; one value passes from block to block,
    # and is read by two there.
    starts, arguments = [0, 9, 21, 30, 41, 50, 60, 71, 79], {}
    for start, stop in pairwise([*starts, 90]):
        for i in range(start, stop):
            arguments[i] = tuple(range(max(i - 3, start - (i < start + 2), 0), i))
    nesting = nest(arguments, dict.fromkeys(arguments))
    assert [sheet.operations[0] for sheet in nesting.nests.values() if sheet.parent == "root"] == starts


def test_boxes_between_many_operations_stay_whole():
    arguments = {i: (i - 1,) if i else () for i in range(130)}
    scopes = {i: Scope("backward") if 60 <= i < 70 else None for i in range(130)}
    nesting = nest(arguments, scopes)
    (backward,) = (sheet for sheet in nesting.nests.values() if sheet.scope)
    assert backward.parent == "root"
    assert backward.operations == tuple(range(60, 70))


def test_scopes_that_are_equal_are_one_box():
    nesting = nest({0: (), 1: ()}, {0: Scope("a"), 1: Scope("a")})
    assert len(nesting.nests) == 2


def test_the_common_sheet():
    nesting = nest(
        dict.fromkeys(range(6), ()),
        {0: Scope("c", Scope("a")), 1: Scope("c", Scope("a")), 2: Scope("a"), 3: Scope("b"), 4: Scope("b"), 5: None},
    )
    inner, outer, other = nesting.home[0], nesting.home[2], nesting.home[3]
    assert nesting.common([inner, inner]) == inner
    assert nesting.common([inner, outer]) == outer
    assert nesting.common([inner, other]) == nesting.common([]) == "root"
