"""What every command shows and says: the console, errors as text, and the exit codes.

An error of backlit becomes what happened, why, and what to do instead, on the error stream, without a traceback. A bad
setting ends with exit code 2, as the arguments that typer refuses do; everything else with 1, and Ctrl-C with 130.

This module imports rich, typer and the errors.
"""

import sys
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from backlit.errors import ArgumentError, BacklitError

__all__ = ["Commands", "file_size", "label_table", "make_console", "percent", "plain", "show_error"]

_WIDEST = 100  # longer lines are hard to read


def make_console(*, to_errors: bool = False) -> Console:
    """Return the console to write to: as wide as the terminal is, up to what is easily read.

    Args:
        to_errors: Whether to write to the error stream instead of the output.

    Returns:
        The console.

    Example:
        >>> make_console().width <= 100
        True
    """
    console = Console(stderr=to_errors, highlight=False, emoji=False, markup=False)
    console.width = min(console.width, _WIDEST)
    return console


def plain(text: object) -> str:
    r"""Return text from outside (a path, a name in a file) with everything that could steer a terminal made visible.

    Args:
        text: The text.

    Returns:
        The same text, on one line, with control characters written out.

    Example:
        >>> print(plain("a\x1b[31mb"))
        a\x1b[31mb
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def percent(share: float) -> str:
    """Return a share as a percentage with one digit after the point, never rounded up to 100 or down to 0.

    Args:
        share: From 0 to 1.

    Returns:
        The text.

    Example:
        >>> percent(0.9662), percent(0.99999), percent(1.0), percent(0.00001)
        ('96.6 %', '>99.9 %', '100 %', '<0.1 %')
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}".replace("%", " %")
    if share > 0.9995:
        return ">99.9 %"
    return "<0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


def file_size(path: Path) -> str:
    """Return the size of a file in the unit that suits it.

    Args:
        path: The file.

    Returns:
        The text.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (Path(folder) / "a").write_bytes(bytes(1_234_000)) and file_size(Path(folder) / "a")
        '1.2 MB'
    """
    size = float(path.stat().st_size)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def label_table(rows: list[tuple[str | Text, Any]]) -> Table:
    """Return labels with the texts that belong to them, as two columns; an empty label goes on with the one above.

    Args:
        rows: Labels and texts.

    Returns:
        A table to be printed.

    Example:
        >>> Console(width=40).print(label_table([("seed", "0"), ("model", "784 → 10")]))
        seed   0
        model  784 → 10
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, text if not isinstance(text, str) else Text(text))
    return table


def show_error(error: BacklitError, console: Console | None = None) -> None:
    """Write an error as three short paragraphs: what happened, why, and what to do instead.

    Args:
        error: The error.
        console: Where to; the error stream by default.

    Example:
        >>> show_error(ArgumentError("the cup is empty", instead="fill it"), Console(width=40))
        error    the cup is empty
        instead  fill it
    """
    rows: list[tuple[str | Text, Any]] = [(Text("error", style="not dim bold red"), error.what)]
    rows += [(label, text) for label, text in (("why", error.why), ("instead", error.instead)) if text]
    shown = [(label, "\n".join(plain(line) for line in text.splitlines())) for label, text in rows]
    (console or make_console(to_errors=True)).print(label_table(shown))


class Commands(TyperGroup):
    """A group of commands in which no error of backlit, and no Ctrl-C, ends in a traceback.

    Example:
        >>> Commands(name="backlit").name
        'backlit'
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and turn an error into its text and an exit code.

        Args:
            ctx: What typer knows of the call.

        Returns:
            What the command returns.

        Raises:
            typer.Exit: If it failed.
        """
        try:
            return super().invoke(ctx)
        except BacklitError as error:
            sys.stdout.flush()
            show_error(error)
            raise typer.Exit(2 if isinstance(error, ArgumentError) else 1) from None
        except KeyboardInterrupt:
            make_console(to_errors=True).print("stopped by Ctrl-C")
            raise typer.Exit(130) from None
