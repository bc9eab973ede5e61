"""Nesting: which operation of a graph stands on which sheet of its diagram.

The scopes of a graph become boxes. Three things are seen to, so that every sheet can be drawn and looked at. A box may
not be computed from itself: where the nodes of a scope wait for others outside it that wait for nodes of the scope, the
box is cut into parts. A sheet with too much on it is cut into boxes of consecutive steps, where few values pass from
one to the next. And a box is left away that holds a single operation, or nothing but another box.

A leaf stands where it is used: a parameter or input on the innermost sheet around all that read it, a constant once on
every sheet where it is read. The inputs of a graph that has few stand on the root sheet, where a reader looks for them.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from backlit.graph.scope import Scope

__all__ = ["MOST_MARKS", "Item", "Nest", "Nesting", "nest"]

MOST_MARKS = 40
"""The most operations and boxes on one sheet; what holds more is cut into boxes."""

_MOST_PIECES = 400
"""Up to so many boxes and operations of a sheet it is tried to join the parts of boxes again."""

ROOT = "root"


@dataclass(slots=True)
class Item:
    """What takes one place on a sheet: an operation, or a box that is to have a sheet of its own.

    Args:
        members: The numbers of the operations in it, in order of execution.
        scope: The number of the scope of a box; -1 for an operation and for a box of consecutive steps.
        part: Which part of how many, of a box that was cut; (0, 0) for a whole one.
        items: What stands in a box of consecutive steps; empty for any other.
    """

    members: list[int]
    scope: int = -1
    part: tuple[int, int] = (0, 0)
    items: list["Item"] = field(default_factory=list)

    @property
    def is_box(self) -> bool:
        """Whether it is to have a sheet."""
        return self.scope >= 0 or bool(self.items)


@dataclass(frozen=True, slots=True)
class Nest:
    """A sheet, as yet without anything drawn on it.

    Args:
        id: Its id.
        parent: The id of the sheet its box stands on; empty for the root sheet.
        scope: The scope it shows, the innermost where several boxes are one; None for consecutive steps and the root.
        part: Which part of how many; (0, 0) for a whole one.
        operations: The numbers of the operations in it and in the boxes on it.
    """

    id: str
    parent: str
    scope: Scope | None
    part: tuple[int, int]
    operations: tuple[int, ...]


@dataclass(frozen=True)
class Nesting:
    """Which operation stands on which sheet; made by ``nest``.

    Args:
        nests: The sheets by id, the root first, each before those in it.
        home: The id of the sheet of each operation.

    Example:
        >>> nesting = nest({0: (), 1: (0,), 2: (1,)}, {0: Scope("a"), 1: Scope("a"), 2: None})
        >>> sorted(nesting.home.items()), nesting.lineage("b1")
        ([(0, 'b1'), (1, 'b1'), (2, 'root')], ('root', 'b1'))
    """

    nests: dict[str, Nest]
    home: dict[int, str]

    def lineage(self, sheet: str) -> tuple[str, ...]:
        """Return the ids of the sheets from the root to one."""
        path = []
        while sheet:
            path.append(sheet)
            sheet = self.nests[sheet].parent
        return tuple(reversed(path))

    def common(self, sheets: Iterable[str]) -> str:
        """Return the innermost sheet around some sheets; the root sheet around none."""
        lines = [self.lineage(sheet) for sheet in dict.fromkeys(sheets)]
        shared = ROOT
        for level in zip(*lines, strict=False):
            if len(set(level)) > 1:
                break
            shared = level[0]
        return shared


def nest(arguments: Mapping[int, Sequence[int]], scopes: Mapping[int, Scope | None]) -> Nesting:
    """Give every operation a sheet.

    Args:
        arguments: For each operation, in order of execution, the numbers of the operations it reads.
        scopes: For each operation the scope it was built in.

    Returns:
        The sheets.

    Example:
        >>> list(nest({i: (i - 1,) if i else () for i in range(100)}, dict.fromkeys(range(100))).nests)[:4]
        ['root', 'b1', 'b2', 'b3']
    """
    lineages, boxes = _lineages(scopes)
    nests = {ROOT: Nest(ROOT, "", None, (0, 0), tuple(arguments))}
    home: dict[int, str] = {}
    waiting = deque([(ROOT, 0, Item(list(arguments)))])
    while waiting:
        sheet, depth, whole = waiting.popleft()
        items = whole.items or _items(whole.members, depth, lineages, arguments)
        if len(items) > MOST_MARKS:
            items = _consecutive(items, arguments)
        for item in items:
            if not item.is_box:
                home[item.members[0]] = sheet
                continue
            inner = depth + 1 if item.scope >= 0 else depth
            while item.scope >= 0 and (child := _only_box(item.members, inner, lineages)) >= 0:
                item.scope, inner = child, inner + 1
            box = f"b{len(nests)}"
            scope = boxes[item.scope] if item.scope >= 0 else None
            nests[box] = Nest(box, sheet, scope, item.part, tuple(item.members))
            waiting.append((box, inner, item))
    return Nesting(nests, home)


def _lineages(scopes: Mapping[int, Scope | None]) -> tuple[dict[int, tuple[int, ...]], list[Scope]]:
    """For each operation the numbers of the boxes around it, and the box of each number: numbers compare at once."""
    known: dict[Scope | None, tuple[int, ...]] = {None: ()}
    boxes: list[Scope] = []
    for scope in dict.fromkeys(scopes.values()):
        fresh: list[Scope] = []
        outer = scope
        while outer is not None and outer not in known:
            fresh.append(outer)
            outer = outer.parent
        lineage = known[outer]
        for box in reversed(fresh):
            lineage = known[box] = (*lineage, len(boxes))
            boxes.append(box)
    return {number: known[scope] for number, scope in scopes.items()}, boxes


def _only_box(members: Sequence[int], depth: int, lineages: Mapping[int, Sequence[int]]) -> int:
    """Return the box that everything at this depth stands in; -1 where there is none."""
    found = {_box_at(lineages[number], depth) for number in members}
    return found.pop() if len(found) == 1 else -1


def _box_at(lineage: Sequence[int], depth: int) -> int:
    return lineage[depth] if len(lineage) > depth else -1


def _items(
    members: Sequence[int], depth: int, lineages: Mapping[int, Sequence[int]], arguments: Mapping[int, Sequence[int]]
) -> list[Item]:
    """Sort what stands on a sheet into operations and boxes, in an order in which it can be computed."""
    items: dict[tuple[int, int], Item] = {}
    for number in members:
        scope = _box_at(lineages[number], depth)
        items.setdefault((scope, number if scope < 0 else -1), Item([], scope)).members.append(number)
    pieces = _cut_circles(list(items.values()), arguments)
    for item in pieces:
        if len(item.members) == 1:
            item.scope, item.part = -1, (0, 0)
    return _in_order(pieces, arguments)


def _links(items: Sequence[Item], arguments: Mapping[int, Sequence[int]]) -> list[set[int]]:
    """For each item, the places of the items that it reads from."""
    place = {number: i for i, item in enumerate(items) for number in item.members}
    links = []
    for i, item in enumerate(items):
        read = {place[a] for number in item.members for a in arguments[number] if a in place}
        links.append(read - {i})
    return links


def _cut_circles(items: list[Item], arguments: Mapping[int, Sequence[int]]) -> list[Item]:
    """Cut boxes that wait for themselves, by way of others, into parts that do not.

    Whatever has nothing left before it, or behind it, is in no circle. In what remains every operation gets a stamp
    that never falls along an edge, and rises where an edge enters a box: with one part of a box for each stamp no
    circle is left. An operation takes the part with the least stamp that it may.
    """
    circle = _circle(_links(items, arguments))
    if not circle:
        return items
    place = {number: i for i in circle for number in items[i].members}
    stamps: dict[int, int] = {}
    parts: dict[int, dict[int, Item]] = {i: {} for i in circle}
    for number in sorted(place):
        i = place[number]
        read = [a for a in arguments[number] if a in place]
        if items[i].scope < 0:
            stamps[number] = max((stamps[a] for a in read), default=0)
        else:
            least = max((stamps[a] + (place[a] != i) for a in read), default=0)
            stamps[number] = min((stamp for stamp in parts[i] if stamp >= least), default=least)
        part = parts[i].setdefault(stamps[number], Item([], items[i].scope))
        part.members.append(number)
    pieces: list[Item] = []
    for i, item in enumerate(items):
        pieces += [parts[i][stamp] for stamp in sorted(parts[i])] if i in parts else [item]
    return _numbered(_joined(pieces, arguments) if len(pieces) <= _MOST_PIECES else pieces)


def _joined(pieces: list[Item], arguments: Mapping[int, Sequence[int]]) -> list[Item]:
    """Join neighbouring parts of a box again where no circle comes of it: the stamps cut more often than they must."""
    i = 0
    while i + 1 < len(pieces):
        one, other = pieces[i : i + 2]
        if one.scope == other.scope >= 0:
            whole = Item(sorted(one.members + other.members), one.scope)
            fewer = [*pieces[:i], whole, *pieces[i + 2 :]]
            if not _circle(_links(fewer, arguments)):
                pieces = fewer
                continue
        i += 1
    return pieces


def _numbered(pieces: list[Item]) -> list[Item]:
    """Number the parts of every box that is still cut."""
    for scope, same in groupby(pieces, key=lambda piece: piece.scope):
        parts = list(same)
        for count, part in enumerate(parts, start=1):
            part.part = (count, len(parts)) if scope >= 0 and len(parts) > 1 else (0, 0)
    return pieces


def _circle(links: list[set[int]]) -> set[int]:
    """Return the places that remain when all that has nothing before it, or nothing behind it, is taken away."""
    behind: list[set[int]] = [set() for _ in links]
    for i, read in enumerate(links):
        for j in read:
            behind[j].add(i)
    remaining = set(range(len(links)))
    for before, after in ((links, behind), (behind, links)):
        counts = {i: len(before[i] & remaining) for i in remaining}
        free = [i for i, count in counts.items() if not count]
        while free:
            i = free.pop()
            remaining.discard(i)
            for j in after[i]:
                if j in counts:
                    counts[j] -= 1
                    if not counts[j] and j in remaining:
                        free.append(j)
    return remaining


def _in_order(items: list[Item], arguments: Mapping[int, Sequence[int]]) -> list[Item]:
    """Sort items so that each comes after all it reads from, and else as early as its first operation does."""
    links = _links(items, arguments)
    behind: list[list[int]] = [[] for _ in links]
    for i, read in enumerate(links):
        for j in read:
            behind[j].append(i)
    missing = [len(read) for read in links]
    ready = [(item.members[0], i) for i, item in enumerate(items) if not missing[i]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, i = heapq.heappop(ready)
        order.append(items[i])
        for j in behind[i]:
            missing[j] -= 1
            if not missing[j]:
                heapq.heappush(ready, (items[j].members[0], j))
    return order


def _consecutive(items: list[Item], arguments: Mapping[int, Sequence[int]]) -> list[Item]:
    """Cut a long row of items into boxes of about equal length, each cut where few values pass.

    All levels of boxes that this takes are to hold about equally many, with some room to spare. Where there are few
    boxes among the items they stay as they are, and what is between them is cut.
    """
    most = MOST_MARKS * 3 // 4
    levels = 2
    while most**levels < len(items):
        levels += 1
    size = len(items) / max(2, round(len(items) ** (1 / levels)))
    passing = _passing(items, arguments)
    spared = sum(item.is_box for item in items) <= MOST_MARKS // 4
    boxes = []
    for _, run in groupby(range(len(items)), key=lambda i: i if spared and items[i].is_box else -1):
        places = list(run)
        cuts = _cuts(places[0], len(places), max(1, round(len(places) / size)), passing)
        boxes += [Item([], items=items[start:stop]) for start, stop in pairwise(cuts)]
    whole = [box for box in boxes if len(box.items) > 1]
    for count, box in enumerate(whole, start=1):
        box.members = sorted(number for item in box.items for number in item.members)
        box.part = (count, len(whole))
    return [box if box.part[1] else box.items[0] for box in boxes]


def _cuts(start: int, length: int, count: int, passing: Sequence[int]) -> list[int]:
    """Cut a row into about equal pieces, each cut at the place near its due one where the fewest values pass."""
    cuts = [start]
    slack = length / count / 4
    for k in range(1, count):
        due = start + k * length / count
        window = range(max(cuts[-1] + 1, round(due - slack)), round(due + slack) + 1)
        cuts.append(min(window, key=lambda i: (passing[i], abs(i - due))))
    return [*cuts, start + length]


def _passing(items: list[Item], arguments: Mapping[int, Sequence[int]]) -> list[int]:
    """For each place between two items, how many items before it are still read behind it."""
    last = list(range(len(items)))
    for i, read in enumerate(_links(items, arguments)):
        for j in read:
            last[j] = max(last[j], i)
    passing = [0] * (len(items) + 1)
    for i, end in enumerate(last):
        passing[i + 1] += 1
        passing[end + 1] -= 1
    for i in range(1, len(passing)):
        passing[i] += passing[i - 1]
    return passing
