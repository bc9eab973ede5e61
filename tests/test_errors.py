"""The errors: the form of a message, the tree of classes, and the two functions that help to write one."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from backlit import errors
from backlit.errors import BacklitError, MissingExtraError, nearest, user_line


def error_classes() -> list[type[BacklitError]]:
    values = [getattr(errors, name) for name in errors.__all__]
    return [value for value in values if isinstance(value, type) and issubclass(value, BacklitError)]


def documented_tree(doc: str) -> dict[str, tuple[str | None, str | None]]:
    """Read the tree drawn in a docstring: name -> (name of the parent, the builtin it also is)."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    path: list[str] = []
    for line in doc.splitlines():
        match = re.match(r"^    ([│├└─ ]*)(\w+Error)\b(.*)$", line)
        if match is None:
            continue
        depth = len(match[1]) // 4
        also = re.search(r"also an? (\w+)", match[3])
        path = [*path[:depth], match[2]]
        tree[match[2]] = (path[depth - 1] if depth else None, also[1] if also else None)
    return tree


def test_a_message_says_what_why_instead_and_where_in_that_order():
    error = BacklitError("3 is odd", why="pairs are needed", instead="give 4", line=("net.py", 12))
    assert str(error) == "3 is odd\n  why: pairs are needed\n  instead: give 4\n  line: net.py:12"
    assert (error.what, error.why, error.instead, error.line) == (
        "3 is odd",
        "pairs are needed",
        "give 4",
        ("net.py", 12),
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "it broke"),
        ({"why": "w"}, "it broke\n  why: w"),
        ({"instead": "i"}, "it broke\n  instead: i"),
        ({"line": ("net.py", 3)}, "it broke\n  line: net.py:3"),
        ({"line": ("<unknown>", 0)}, "it broke"),
    ],
)
def test_a_part_that_is_not_known_leaves_no_trace(parts, message):
    assert str(BacklitError("it broke", **parts)) == message


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.__name__)
def test_every_class_prints_its_message_whatever_builtin_it_also_is(error):
    # KeyError prints the repr of its argument and OSError its errno: neither may show through.
    arguments = ("Pillow", "images", "drawing") if error is MissingExtraError else ("'a' is missing",)
    expected = "drawing needs the package Pillow" if error is MissingExtraError else "'a' is missing"
    assert str(error(*arguments)).startswith(expected)


def test_the_tree_in_the_module_docstring_is_the_tree_of_the_classes():
    assert errors.__doc__ is not None
    documented = documented_tree(errors.__doc__)
    actual = {}
    for error in error_classes():
        parents = [base.__name__ for base in error.__bases__ if issubclass(base, BacklitError)]
        actual[error.__name__] = parents[0] if parents else None
    assert {name: parent for name, (parent, _) in documented.items()} == actual


def test_the_builtins_named_in_the_module_docstring_are_bases():
    assert errors.__doc__ is not None
    also = {name: builtin for name, (_, builtin) in documented_tree(errors.__doc__).items() if builtin is not None}
    assert also["ShapeError"] == "ValueError"
    for name, builtin in also.items():
        assert builtin in {base.__name__ for base in getattr(errors, name).__mro__}, f"{name} is no {builtin}"


def test_reading_the_documented_tree_sees_a_class_in_the_wrong_place():
    moved = documented_tree("    BacklitError\n    ├── GraphError  text\n    │   └── ShapeError  (also a ValueError)\n")
    assert moved == {
        "BacklitError": (None, None),
        "GraphError": ("BacklitError", None),
        "ShapeError": ("GraphError", "ValueError"),
    }


def test_every_error_and_warning_of_the_module_is_public():
    defined = {
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert defined <= set(errors.__all__)
    assert issubclass(errors.DeadGradientWarning, errors.BacklitWarning)
    assert issubclass(errors.BacklitWarning, UserWarning)


def test_nearest_names_the_closest_known_name():
    assert nearest("adma", ["sgd", "adam"]) == " (did you mean 'adam'?)"
    assert nearest("bias_1", {"bias_2": 0, "w": 1}) == " (did you mean 'bias_2'?)"


@pytest.mark.parametrize("known", [[], ["momentum"]])
def test_nearest_is_silent_where_nothing_is_close(known):
    assert nearest("x", known) == ""


def test_user_line_is_the_line_of_the_caller():
    expected = sys._getframe().f_lineno + 1
    path, line = user_line()
    assert (Path(path).name, line) == ("test_errors.py", expected)


def inside_backlit(source: str) -> ModuleType:
    """Compile source as if it were a file of the package, so that its frames are backlit's own."""
    module = ModuleType("pretended")
    path = str(Path(errors.__file__).parent / "pretended.py")
    exec(compile(source, path, "exec"), vars(module))
    return module


def test_user_line_skips_the_frames_of_backlit():
    pretended = inside_backlit("def outer(f): return inner(f)\ndef inner(f): return f()\n")
    expected = sys._getframe().f_lineno + 1
    path, line = pretended.outer(user_line)
    assert (Path(path).name, line) == ("test_errors.py", expected)


def test_user_line_is_unknown_where_every_caller_is_backlit(monkeypatch):
    class Frame:
        f_code = inside_backlit("def f(): pass").f.__code__
        f_lineno = 1
        f_back = None

    monkeypatch.setattr(errors.sys, "_getframe", lambda _depth: Frame)
    assert user_line() == ("<unknown>", 0)


def test_a_missing_extra_says_what_to_install():
    error = MissingExtraError("Pillow", "images", "reading image files")
    assert str(error) == (
        'reading image files needs the package Pillow, which is not installed\n  instead: pip install "backlit[images]"'
    )
    with pytest.raises(ImportError):
        raise error
