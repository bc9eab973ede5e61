"""What the page is made of beside its data: scripts and a style sheet, read from the package as they are.

They are plain files that a browser runs unchanged: no framework, no build step, nothing squeezed. Whoever opens the
source of a page reads how it works. Only the table of ops is cut to those that the page needs, with what these need; by
its names a test holds that the whole table has them all.
"""

import re
from collections.abc import Collection, Mapping
from importlib.resources import files

__all__ = ["asset", "interpreter_for", "javascript_ops"]

_TABLE = re.compile(r"^const OPS = \{\n(?P<lines>.*?)^\};$", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^  (?P<name>\w+): (?P<rule>.+),\n", re.MULTILINE)
_DECLARATION = re.compile(
    r"(?:^/\*(?:(?!\*/).)*\*/\n)?^(?:const|function) (?P<name>\w+).*?(?=^const|^function|^/\*|\Z)",
    re.DOTALL | re.MULTILINE,
)


def asset(name: str) -> str:
    """Read a file of the page.

    Args:
        name: The name of the file, such as ``interpreter.js``.

    Returns:
        Its text.

    Example:
        >>> asset("interpreter.js").startswith("/* The interpreter")
        True
    """
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def javascript_ops() -> Mapping[str, str]:
    """List the ops that the page can compute, each with its line of JavaScript.

    Returns:
        The lines by the names of the ops.

    Example:
        >>> javascript_ops()["tanh"]
        'elementwise(Math.tanh)'
    """
    table = _TABLE.search(asset("interpreter.js"))
    assert table is not None
    return {line["name"]: line["rule"] for line in _LINE.finditer(table["lines"])}


def interpreter_for(ops: Collection[str], scripts: str = "") -> str:
    """Cut the interpreter to what a page needs.

    Args:
        ops: The names of the ops that it runs.
        scripts: The other scripts of the page: what they mention stays.

    Returns:
        The script: the head, the declarations that are mentioned, directly or by others, in their order.

    Example:
        >>> "philox" in interpreter_for(["random_bits"]), "philox" in interpreter_for(["add"])
        (True, False)
    """
    script = _TABLE.sub(lambda table: _cut_table(table["lines"], ops), asset("interpreter.js"))
    declared = {match["name"]: match[0] for match in _DECLARATION.finditer(script)}
    waiting = ["run", "leaf", *re.findall(r"\w+", scripts)]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in declared and name not in needed:
            needed.add(name)
            waiting += re.findall(r"\w+", declared[name])
    head = script[: script.index(next(iter(declared.values())))]
    return head + "".join(text for name, text in declared.items() if name in needed)


def _cut_table(lines: str, ops: Collection[str]) -> str:
    rules = "".join(match[0] for match in _LINE.finditer(lines) if match["name"] in ops)
    return f"const OPS = {{\n{rules}}};"
