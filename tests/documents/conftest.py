"""The pages (README.md and docs/**/*.md), and a reader of their fenced blocks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<language>[\w+-]*)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line of its fence, and the comment that stands before it."""

    language: str
    text: str
    line: int
    comment: str | None


def read_blocks(page: str) -> list[Block]:
    """Every fenced block of a page, in order; one that is indented (in a list, in a note) loses its indent."""
    blocks: list[Block] = []
    lines = page.splitlines()
    comment: str | None = None
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        stripped = lines[number].strip()
        if opening is None:
            if stripped.startswith("<!--") and stripped.endswith("-->"):
                comment = stripped.removeprefix("<!--").removesuffix("-->").strip()
            elif stripped:
                comment = None
            number += 1
            continue
        start, indent = number, len(opening["indent"])
        number += 1
        body = []
        while number < len(lines) and lines[number].strip() != opening["fence"]:
            # Only white space is cut: a line of the block that stands further left stays whole.
            body.append(re.sub(rf"^ {{0,{indent}}}", "", lines[number]))
            number += 1
        assert number < len(lines), f"the block that opens on line {start + 1} is never closed"
        blocks.append(Block(opening["language"], "\n".join(body) + "\n", start + 1, comment))
        comment = None
        number += 1
    return blocks


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes a `page` once for each page."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def blocks_of() -> Callable[[str], list[Block]]:
    return read_blocks
