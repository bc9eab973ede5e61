"""The public face: every module lists its names; every name that a user meets is documented, shown and annotated."""

import ast
import dataclasses
import doctest
import enum
import importlib
import inspect
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest


def listed_names(tree: ast.Module) -> list[str] | None:
    """The names in a module's __all__, or None where it has none that can be read without running it."""
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(statement.value))
    return None


def own_functions(cls: type) -> dict[str, FunctionType]:
    """The functions written in the body of a class: methods, class methods, static methods and properties."""
    file = inspect.getsourcefile(cls)
    functions = {}
    for name, member in vars(cls).items():
        function = getattr(member, "fget", None) or getattr(member, "__func__", None) or getattr(member, "func", member)
        function = inspect.unwrap(function) if callable(function) else function
        # What a dataclass generates has no source file.
        if isinstance(function, FunctionType) and function.__code__.co_filename == file:
            functions[name] = function
    return functions


def is_plain(cls: type) -> bool:
    """Whether a class only names something: an error or a record, with no behaviour of its own to show."""
    is_record = "__dataclass_fields__" in vars(cls) or hasattr(cls, "_fields") or issubclass(cls, enum.Enum)
    return (is_record or issubclass(cls, BaseException)) and not own_functions(cls)


def unannotated(function: object) -> list[str]:
    """The parameters without an annotation, and `return` where the result has none."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].name in {"self", "cls"}:
        del parameters[0]
    missing = [parameter.name for parameter in parameters if parameter.annotation is inspect.Parameter.empty]
    return missing + (["return"] if signature.return_annotation is inspect.Signature.empty else [])


def complaints(value: object, run_examples: set[str]) -> Iterator[str]:
    """What the documentation of one public function or class lacks."""
    doc = getattr(value, "__doc__", None) or ""
    is_class = isinstance(value, type)
    if not doc.strip() or (dataclasses.is_dataclass(value) and doc.startswith(f"{value.__name__}(")):
        yield "has no docstring"
        return
    if not (is_class and is_plain(value)):
        _, heading, example = doc.partition("Example:\n")
        if not re.search(r"^\s*>>> ", example, flags=re.MULTILINE):
            yield "has no section `Example:` with a line `>>> `" if heading else "has no section `Example:`"
        elif doc not in run_examples:
            yield "has an example that doctest does not find (is its __module__ right?)"
    functions = {"": value}
    if is_class:
        methods = own_functions(value)
        functions = {n: f for n, f in methods.items() if not n.startswith("_") or n in {"__init__", "__call__"}}
    for name, function in functions.items():
        missing = unannotated(function)
        if missing:
            yield f"{name or 'it'} does not annotate {', '.join(missing)}"


def public_values(modules) -> dict[str, object]:
    """Every function, class and callable of backlit's own that the __all__ of a package offers, once."""
    found: dict[int, tuple[str, object]] = {}
    for module in modules:
        for name in module.__all__:
            value = getattr(module, name)
            is_own = (getattr(value, "__module__", None) or "").split(".")[0] == "backlit"
            if is_own and callable(value):
                found.setdefault(id(value), (f"{module.__name__}.{name}", value))
    return dict(found.values())


@pytest.fixture(scope="module")
def public_sources(sources):
    return [source for source in sources if source.is_public]


@pytest.fixture(scope="module")
def run_examples(sources) -> set[str]:
    """The docstrings whose examples doctest finds, and so runs."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [
        test
        for source in sources
        if not source.module.endswith("__main__")
        for test in finder.find(importlib.import_module(source.module))
    ]
    return {test.docstring for test in tests if test.examples}


def test_every_module_says_what_it_is(sources):
    assert not [source.module for source in sources if not (ast.get_docstring(source.tree) or "").strip()]


def test_every_public_module_lists_its_names(public_sources):
    assert not [source.module for source in public_sources if listed_names(source.tree) is None]


def test_every_listed_name_exists(public_sources):
    missing = [
        f"{source.module}.{name}"
        for source in public_sources
        for name in listed_names(source.tree) or []
        if not hasattr(importlib.import_module(source.module), name)
    ]
    assert not missing, "\n".join(missing)


def order_complaints(folder: Path) -> str:
    """What ruff says of the order of the names in every __all__ below this folder (`ruff check --fix` mends it)."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--quiet", "--select", "RUF022"]
    result = subprocess.run([*command, str(folder)], capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert not result.stderr, result.stderr
    return result.stdout


def test_names_are_listed_in_order(root):
    assert order_complaints(root / "src") == ""


def test_names_out_of_order_are_noticed(tmp_path):
    (tmp_path / "a.py").write_text('__all__ = ["b", "a"]\n', encoding="utf-8")
    assert "RUF022" in order_complaints(tmp_path)


def test_names_are_listed_once(public_sources):
    twice = [
        f"{source.module}.{name}"
        for source in public_sources
        for name, count in Counter(listed_names(source.tree)).items()
        if count > 1
    ]
    assert not twice, "\n".join(twice)


def test_every_public_name_is_documented_shown_and_annotated(public_sources, run_examples):
    packages = [source.module for source in public_sources if source.is_package]
    offered = public_values([importlib.import_module(name) for name in [*packages, "backlit.errors"]])
    assert "backlit.errors.BacklitError" in offered or "backlit.BacklitError" in offered
    lacking = [f"{name} {text}" for name, value in offered.items() for text in complaints(value, run_examples)]
    assert not lacking, "\n".join(lacking)


class Silent:
    def method(self, x, y: int):
        return x


@dataclasses.dataclass
class Undocumented:
    x: int


@dataclasses.dataclass
class Record:
    """A record."""

    x: int


class PlainError(Exception):
    """An error that only has a name."""


class TalkingError(Exception):
    """An error that does something."""

    def __str__(self) -> str:
        return "talk"


def half(x, *rest: int):
    """Halve.

    Example:
        There is none.
    """
    return x / 2


def shown(x: float) -> float:
    """Show.

    Example:
        >>> shown(1.0)
        1.0
    """
    return x


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Silent, ["has no docstring"]),
        (Undocumented, ["has no docstring"]),
        (Record, []),
        (PlainError, []),
        (TalkingError, ["has no section `Example:`"]),
        (half, ["has no section `Example:` with a line `>>> `", "it does not annotate x, return"]),
        (shown, ["has an example that doctest does not find (is its __module__ right?)"]),
    ],
)
def test_what_is_lacking_is_noticed(value, expected):
    assert list(complaints(value, set())) == expected
    if value is shown:
        assert list(complaints(value, {shown.__doc__})) == []


def test_a_method_without_annotations_is_noticed():
    class Documented(Silent):
        """It has a method.

        Example:
            >>> 1
            1
        """

        def other(self, z) -> int:
            return z

        @property
        def size(self):
            return 1

    found = list(complaints(Documented, {Documented.__doc__}))
    assert found == ["other does not annotate z", "size does not annotate return"]


@pytest.mark.parametrize(
    ("text", "names"),
    [("__all__ = ['b', 'a']", ["b", "a"]), ("__all__: list[str] = ['a']", ["a"]), ("all = ['a']", None)],
)
def test_the_list_of_names_is_read(text, names):
    assert listed_names(ast.parse(text)) == names
