"""Every public name of every package has its place in the reference, and just one."""

import importlib
import re
from types import ModuleType

import pytest

DIRECTIVE = re.compile(r"^::: +([\w.]+)$", flags=re.MULTILINE)

# Where names are public: the package itself, and what users reach through it.
PLACES = [
    "backlit",
    "backlit.autodiff",
    "backlit.data",
    "backlit.engines",
    "backlit.errors",
    "backlit.explain",
    "backlit.graph",
    "backlit.interop",
    "backlit.nn",
    "backlit.nn.losses",
    "backlit.optim",
    "backlit.train",
    "backlit.train.metrics",
]


def found(path: str) -> object:
    """The object at a dotted path that begins with a module."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.fixture(scope="module")
def described(root) -> list[str]:
    pages = sorted((root / "docs" / "reference").glob("*.md"))
    return [path for page in pages for path in DIRECTIVE.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("place", PLACES)
def test_every_public_name_is_in_the_reference(place, described):
    module = importlib.import_module(place)
    known = {id(found(path)) for path in described}
    missing = [
        name
        for name in module.__all__
        if not isinstance(getattr(module, name), (ModuleType, str)) and id(getattr(module, name)) not in known
    ]
    assert missing == []


def test_nothing_is_in_the_reference_twice(described):
    things = [id(found(path)) for path in described]
    assert len(things) > 200
    assert [path for path, thing in zip(described, things, strict=True) if things.count(thing) > 1] == []


def test_the_reference_lists_only_public_names(described):
    hidden = []
    for path in described:
        module, _, name = path.rpartition(".")
        if name not in importlib.import_module(module).__all__:
            hidden.append(path)
    assert hidden == []


def test_no_public_place_was_forgotten():
    """Each subpackage that `backlit` shows is one of the places."""
    package = importlib.import_module("backlit")
    shown = {value.__name__ for name in package.__all__ if isinstance(value := getattr(package, name), ModuleType)}
    assert shown <= set(PLACES)
