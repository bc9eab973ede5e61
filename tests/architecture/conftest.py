"""The source of the package, read once, without importing any of it."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One module: its dotted name, its file, its text and its syntax tree."""

    module: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def is_public(self) -> bool:
        return not any(part.startswith("_") for part in self.module.split("."))


def read_sources(package: Path) -> list[Source]:
    """Read every module of the package in this folder."""
    sources = []
    for path in sorted(package.rglob("*.py")):
        parts = list(path.relative_to(package.parent).with_suffix("").parts)
        if parts[-1] == "__init__":
            del parts[-1]
        text = path.read_text(encoding="utf-8")
        sources.append(Source(".".join(parts), path, text, ast.parse(text, filename=str(path))))
    return sources


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def read() -> Callable[[Path], list[Source]]:
    return read_sources


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    found = read_sources(ROOT / "src" / "backlit")
    # A reader that finds nothing would make every test of the architecture pass.
    assert {"backlit", "backlit.errors"} <= {source.module for source in found}
    return found
