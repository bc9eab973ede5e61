"""How large things may grow: a file has room for one idea, a function fits a screen, the package is small."""

import ast

FILE_LINES = 400
FUNCTION_LINES = 60
PACKAGE_BYTES = 5_000_000


def file_lengths(sources) -> list[tuple[int, str]]:
    """The number of lines of every file, the longest first."""
    return sorted(((len(source.text.splitlines()), source.module) for source in sources), reverse=True)


def function_lengths(sources) -> list[tuple[int, str]]:
    """The number of lines of every function, docstring included, the longest first."""
    return sorted(
        (
            ((node.end_lineno or node.lineno) - node.lineno + 1, f"{source.module}:{node.lineno} {node.name}")
            for source in sources
            for node in ast.walk(source.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        reverse=True,
    )


def table(rows: list[tuple[int, str]], limit: int) -> str:
    """The largest rows, with a mark at those over the limit."""
    marked = [f"{'>' if size > limit else ' '} {size:5d}  {name}" for size, name in rows[:15]]
    return "\n".join([f"at most {limit}; the largest:", *marked])


def test_no_file_is_too_long(sources):
    rows = file_lengths(sources)
    assert rows[0][0] <= FILE_LINES, table(rows, FILE_LINES)


def test_no_function_is_too_long(sources):
    rows = function_lengths(sources)
    assert rows[0][0] <= FUNCTION_LINES, table(rows, FUNCTION_LINES)


def test_lengths_are_measured(read, tmp_path):
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "a.py").write_text("x = 1\n\n\ndef f():\n    return (\n        1\n    )\n", encoding="utf-8")
    (tmp_path / "house" / "b.py").write_text("class C:\n    async def g(self): ...\n", encoding="utf-8")
    sources = read(tmp_path / "house")
    assert file_lengths(sources) == [(7, "house.a"), (2, "house.b")]
    assert function_lengths(sources) == [(4, "house.a:4 f"), (1, "house.b:2 g")]
    assert table(function_lengths(sources), 3).splitlines()[1:] == [
        ">     4  house.a:4 f",
        "      1  house.b:2 g",
    ]


def test_the_package_is_small(root):
    files = [
        (path.stat().st_size, str(path.relative_to(root)))
        for path in (root / "src" / "backlit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert sum(size for size, _ in files) <= PACKAGE_BYTES, table(sorted(files, reverse=True), PACKAGE_BYTES)
