"""The tests mirror the package: whoever reads src/backlit/x/y.py finds its tests in tests/x/test_y.py."""

import ast
from pathlib import Path

# Below this, a module is names and data, which the tests of its users cover.
LINES = 40


def expected_test(source, package: Path) -> Path | None:
    """The file, relative to tests/, that must hold the tests of this module; None where none is asked for."""
    if len(source.text.splitlines()) <= LINES:
        return None
    place = source.path.relative_to(package)
    if source.is_package:
        if not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in source.tree.body):
            return None  # it only gathers names
        return place.parent / f"test_{place.parent.name or package.name}.py"
    return place.with_name(f"test_{place.stem.strip('_')}.py")


def untested(sources, package: Path, tests: Path) -> list[str]:
    """The modules whose tests are not where they should be."""
    missing = []
    for source in sources:
        expected = expected_test(source, package)
        if expected is None or (tests / expected).is_file():
            continue
        # The cards of the ops are tested by families of properties, which cut across the files.
        if expected.parts[:2] == ("graph", "ops") and any((tests / "graph" / "ops").glob("test_*.py")):
            continue
        missing.append(f"{source.module} has no tests/{expected.as_posix()}")
    return missing


def test_every_module_has_its_tests(sources, root):
    missing = untested(sources, root / "src" / "backlit", root / "tests")
    assert not missing, "\n".join(missing)


def test_a_module_without_tests_is_noticed(read, tmp_path):
    package, tests = tmp_path / "src" / "house", tmp_path / "tests"
    body = "x = 1\n" * (LINES + 1)
    files = {
        "__init__.py": body,
        "short.py": "x = 1\n",
        "long.py": body,
        "floor/__init__.py": body + "def f(): ...\n",
        "floor/_room.py": body,
        "graph/ops/shape.py": body,
    }
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text, encoding="utf-8")
    expected = {
        "house.floor has no tests/floor/test_floor.py",
        "house.floor._room has no tests/floor/test_room.py",
        "house.graph.ops.shape has no tests/graph/ops/test_shape.py",
        "house.long has no tests/test_long.py",
    }
    assert set(untested(read(package), package, tests)) == expected

    (tests / "graph" / "ops").mkdir(parents=True)
    (tests / "graph" / "ops" / "test_gradients.py").touch()
    (tests / "test_long.py").touch()
    assert len(untested(read(package), package, tests)) == len(expected) - 2
