"""The application: the commands under their names, the options of all of them, and the way in.

This module imports typer and the modules of the commands.
"""

import sys
from typing import Annotated

import typer

from backlit.cli.explain import FormulaCommand, explain
from backlit.cli.info import info
from backlit.cli.predict import predict
from backlit.cli.screen import Commands
from backlit.cli.train import train

__all__ = ["app", "main"]

app = typer.Typer(
    cls=Commands,
    name="backlit",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # costs more than all the rest of a command's start

        typer.echo(f"backlit {version('backlit')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Train small nets, let them read pictures, and look inside."""


app.command()(train)
app.command()(predict)
app.command()(info)
app.command(cls=FormulaCommand)(explain)


def main() -> None:
    """Run the command line: what the command `backlit` does.

    Example:
        >>> callable(main)
        True
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")  # a pipe that knows no block characters gets question marks, and no traceback
    app()
