"""What modules import: no cycles, nothing lazy within backlit, and outside it only what the table below allows."""

import ast
import sys
from collections.abc import Iterator

# Packages that a function may import for itself: they are optional, or too heavy for `import backlit`.
LAZY = {
    "PIL": "optional (the extra `images`); only reading and writing pictures needs it",
    "rich": "45 ms that only progress bars, tables and trees need",
    "typer": "the command line alone needs it",
    "safetensors": "only loading and saving need it",
    "sympy": "optional (the extra `symbolic`); only derivatives as formulas need it",
    "llvmlite": "100 ms that only the native engine needs, when it compiles",
}


def is_own(name: str) -> bool:
    return name.partition(".")[0] == "backlit"


def is_type_checking(statement: ast.AST) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Every statement that may run when the module is imported: no function's body, nothing for type checkers alone."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if is_type_checking(statement):
            waiting.extend(statement.orelse)
            continue
        for field in ("body", "orelse", "finalbody"):
            waiting.extend(getattr(statement, field, []))
        for handler in getattr(statement, "handlers", []):
            waiting.extend(handler.body)


def imported(statement: ast.AST, source, modules: set[str]) -> list[str]:
    """The dotted names of the modules that this statement imports."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if not isinstance(statement, ast.ImportFrom):
        return []
    base = statement.module or ""
    if statement.level:
        package = source.module.split(".") if source.is_package else source.module.split(".")[:-1]
        base = ".".join([*package[: len(package) - statement.level + 1], *([base] if base else [])])
    # `from package import name` imports the module package.name where there is one.
    return [f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base for alias in statement.names]


def import_graph(sources) -> dict[str, set[str]]:
    """Each module, with the modules of the same package that it imports at module level."""
    modules = {source.module for source in sources}
    graph: dict[str, set[str]] = {}
    for source in sources:
        names = {name for statement in top_level(source.tree) for name in imported(statement, source, modules)}
        graph[source.module] = names & modules
    return graph


def find_cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module, or of one that imports itself (Tarjan, 1972)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    cycles: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for neighbour in sorted(graph[module]):
            if neighbour not in order:
                visit(neighbour)
            if neighbour in stack:
                lowest[module] = min(lowest[module], lowest[neighbour])
        if lowest[module] == order[module]:
            component = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(component) > 1 or module in graph[module]:
                cycles.append(component)

    for module in sorted(graph):
        if module not in order:
            visit(module)
    return cycles


def lazy_imports(sources) -> list[tuple[str, int, str]]:
    """Every import inside a function: module, line, what is imported."""
    modules = {source.module for source in sources}
    found = set()
    for source in sources:
        for function in ast.walk(source.tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    found |= {(source.module, node.lineno, name) for name in imported(node, source, modules)}
    return sorted(found)


def imports_for_types(sources) -> list[tuple[str, int, str]]:
    """Every import of backlit under TYPE_CHECKING: module, line, what is imported."""
    modules = {source.module for source in sources}
    return sorted(
        (source.module, node.lineno, name)
        for source in sources
        for guard in ast.walk(source.tree)
        if is_type_checking(guard)
        for statement in guard.body
        for node in ast.walk(statement)
        for name in imported(node, source, modules)
        if is_own(name)
    )


def write(folder, files: dict[str, str]):
    for name, text in files.items():
        path = folder / "backlit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "backlit"


def test_no_modules_import_each_other_in_a_circle(sources):
    cycles = find_cycles(import_graph(sources))
    assert not cycles, "\n".join(" → ".join([*cycle, cycle[0]]) for cycle in cycles)


def test_a_circle_is_found_however_it_is_imported(read, tmp_path):
    package = write(
        tmp_path,
        {
            "__init__.py": "from backlit.a import x\n",
            "a.py": "try:\n    from . import b\nexcept ImportError:\n    pass\n",
            "b.py": "class C:\n    from backlit.c import y\n",
            "c.py": "import backlit.a as other\n",
            "d.py": "import backlit.a\n",
            "e.py": "from backlit import version\n",
            "f/__init__.py": "from .g import z\n",
            "f/g.py": "def late():\n    import backlit.f\n",
        },
    )
    graph = import_graph(read(package))
    assert graph["backlit.e"] == {"backlit"}
    assert [sorted(cycle) for cycle in find_cycles(graph)] == [["backlit.a", "backlit.b", "backlit.c"]]


def test_a_module_that_imports_the_whole_package_closes_a_circle(read, tmp_path):
    package = write(tmp_path, {"__init__.py": "from backlit.a import x\n", "a.py": "import backlit\n"})
    assert [sorted(cycle) for cycle in find_cycles(import_graph(read(package)))] == [["backlit", "backlit.a"]]


def test_an_import_for_types_alone_closes_no_circle_but_stays_in_its_package(read, tmp_path):
    guarded = "import typing\nif typing.TYPE_CHECKING:\n    from backlit.b import B\nelse:\n    import backlit.c\n"
    package = write(tmp_path, {"a.py": guarded, "b.py": "import backlit.a\n", "c.py": "import backlit.a\n"})
    sources = read(package)
    assert [sorted(cycle) for cycle in find_cycles(import_graph(sources))] == [["backlit.a", "backlit.c"]]
    assert imports_for_types(sources) == [("backlit.a", 3, "backlit.b")]


def test_imports_for_types_alone_stay_in_their_package(sources):
    found = [
        f"{where}:{line} imports {name}"
        for where, line, name in imports_for_types(sources)
        if name.rpartition(".")[0] != where.rpartition(".")[0] and where != "backlit"  # which stands above all floors
    ]
    assert not found, "a floor may not know the types of the floors above it:\n" + "\n".join(found)


def test_nothing_imports_the_command_line(sources):
    graph = import_graph(sources)
    guests = [
        f"{module} imports {name}"
        for module, names in graph.items()
        for name in names
        if name.split(".")[1:2] == ["cli"] and module != "backlit.__main__" and module.split(".")[1:2] != ["cli"]
    ]
    assert not guests, "\n".join(guests)


def test_no_function_imports_a_module_of_backlit(sources):
    found = [f"{where}:{line} imports {name}" for where, line, name in lazy_imports(sources) if is_own(name)]
    assert not found, "an import inside a function hides a dependency:\n" + "\n".join(found)


def test_functions_import_only_packages_in_the_table(sources):
    allowed = set(LAZY) | set(sys.stdlib_module_names)
    found = [
        f"{where}:{line} imports {name}"
        for where, line, name in lazy_imports(sources)
        if not is_own(name) and name.partition(".")[0] not in allowed
    ]
    assert not found, "import it at the top, or add it to LAZY with the reason:\n" + "\n".join(found)


def test_optional_packages_are_imported_by_functions_alone(sources):
    modules = {source.module for source in sources}
    found = [
        f"{source.module}:{statement.lineno} imports {name}"
        for source in sources
        if source.module.split(".")[1:2] != ["cli"]  # it is never loaded by `import backlit`
        for statement in top_level(source.tree)
        for name in imported(statement, source, modules)
        if name.partition(".")[0] in LAZY
    ]
    assert not found, "\n".join(found)


def test_a_lazy_import_is_found_wherever_it_hides(read, tmp_path):
    package = write(
        tmp_path,
        {
            "__init__.py": "import numpy\n",
            "a.py": "class C:\n    def f(self):\n        if True:\n            from backlit import b\n",
            "b.py": "async def f():\n    def g():\n        import scipy.linalg\n",
        },
    )
    assert lazy_imports(read(package)) == [("backlit.a", 4, "backlit.b"), ("backlit.b", 3, "scipy.linalg")]
