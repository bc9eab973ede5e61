"""Every `backlit …` command that a page shows is one that the command line accepts: subcommand, options and values."""

import importlib.util
import re
import shlex
from pathlib import PurePosixPath

import pytest
import typer

SHELLS = {"bash", "console", "sh", "shell"}


def shown_commands(blocks) -> list[list[str]]:
    """The arguments of every call of backlit in the shell blocks: the prompted lines of a console, else every line."""
    commands = []
    for block in blocks:
        if block.language not in SHELLS:
            continue
        lines = re.sub(r"\\\n\s*(> )?", " ", block.text).splitlines()
        if block.language == "console":
            lines = [line.strip().removeprefix("$ ") for line in lines if line.strip().startswith("$ ")]
        for line in lines:
            for part in re.split(r"&&|\|\||[|;]", line):
                words = shlex.split(part, comments=True)
                if words and PurePosixPath(words[0]).name == "backlit":
                    commands.append(words[1:])
    return commands


def check(command, arguments: list[str], name: str) -> None:
    """Parse the arguments as the command line would, without running anything.

    Raises:
        typer.TyperException: The subcommand, an option or a value does not exist.
    """
    try:
        context = command.make_context(name, list(arguments))
    except typer.Exit:
        return  # --help and --version answer at once
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        return
    rest = [*getattr(context, "_protected_args", []), *context.args]
    if rest:
        subname, subcommand, rest = command.resolve_command(context, rest)
        check(subcommand, rest, f"{name} {subname}")


@pytest.fixture(scope="module")
def backlit_command():
    if importlib.util.find_spec("backlit.cli") is None:
        pytest.skip("there is no command line yet")
    from backlit import cli

    return typer.main.get_command(cli.app)


def test_the_commands_of_a_page_exist(page, blocks_of, request):
    commands = shown_commands(blocks_of(page.read_text(encoding="utf-8")))
    for arguments in commands:
        check(request.getfixturevalue("backlit_command"), arguments, "backlit")


def test_the_commands_of_a_page_are_found(blocks_of):
    page = """\
```bash
python3 -m venv .venv && .venv/bin/backlit train digits  # a net
backlit-not this
```

```console
$ backlit draw "my net.json" \\
    --format svg | less
backlit: this is its answer
```

```text
backlit not a command
```
"""
    assert shown_commands(blocks_of(page)) == [["train", "digits"], ["draw", "my net.json", "--format", "svg"]]


@pytest.fixture
def pretended():
    app = typer.Typer()

    @app.callback()
    def main() -> None: ...

    @app.command()
    def train(data: str, *, epochs: int = 1) -> None:
        pytest.fail("the command was run")

    return typer.main.get_command(app)


@pytest.mark.parametrize("line", ["train digits", "train digits --epochs 3", "--help", "train --help"])
def test_a_command_that_exists_is_accepted_and_not_run(pretended, line):
    check(pretended, line.split(), "backlit")


@pytest.mark.parametrize(
    "line",
    ["trian digits", "train", "train digits --epoch", "train digits --epochs x", "train digits --fast", "--fast"],
)
def test_a_command_that_does_not_exist_is_noticed(pretended, line):
    with pytest.raises(typer.TyperException):
        check(pretended, line.split(), "backlit")
