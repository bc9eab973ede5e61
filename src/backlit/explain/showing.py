"""Showing: how what is explained appears in a terminal, in a notebook and in a file.

An explanation knows nothing of how it is written. Renderers register here, by format and by class; what is shown asks
for the one that fits. So data never imports its renderers, and a new format is one file more.
"""

import html
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from backlit.errors import ArgumentError, nearest
from backlit.interop.atomic import write_atomically

__all__ = ["RENDERERS", "Pictured", "Renderer", "Shown", "check_file", "render", "renders"]

Renderer = Callable[..., str]
"""``(what is shown, **settings) -> text``."""

RENDERERS: dict[str, dict[type, Renderer]] = {}
"""What writes what: by format (``text``, ``latex``, ``svg``, ``html``, ``json``), then by class."""


def renders(format: str, kind: type) -> Callable[[Renderer], Renderer]:
    """Register a function as what writes things of a class in a format.

    Args:
        format: The format.
        kind: The class.

    Returns:
        A decorator.

    Example:
        >>> @renders("shouted", float)
        ... def shout(number):
        ...     return f"{number}!"
        >>> render("shouted", 2.0), RENDERERS.pop("shouted") and None
        ('2.0!', None)
    """

    def register(function: Renderer) -> Renderer:
        RENDERERS.setdefault(format, {})[kind] = function
        return function

    return register


def render(format: str, thing: object, **settings: Any) -> str:
    """Write something in a format.

    Args:
        format: The format.
        thing: What is written.
        **settings: What the renderer takes besides.

    Returns:
        The text.

    Raises:
        ArgumentError: If there is no such format, or nothing writes things of this class in it.

    Example:
        >>> render("smoke", 1)
        Traceback (most recent call last):
        backlit.errors.ArgumentError: there is no format 'smoke' for int
    """
    table = RENDERERS.get(format, {})
    for kind in type(thing).__mro__:
        if kind in table:
            return table[kind](thing, **settings)
    fitting = sorted(name for name, kinds in RENDERERS.items() if any(kind in kinds for kind in type(thing).__mro__))
    raise ArgumentError(
        f"there is no format {format!r} for {type(thing).__name__}{nearest(format, fitting)}",
        instead=f"choose among {', '.join(fitting)}" if fitting else "",
    )


class Shown:
    """Something that shows itself: as text where it is printed, and in a notebook.

    Example:
        >>> issubclass(Shown, object)
        True
    """

    def __str__(self) -> str:
        return render("text", self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the text in IPython and in notebooks, which hand over their printer."""
        printer.text(str(self))


class Pictured(Shown):
    """Something that has a picture beside its text: a notebook shows both.

    Example:
        >>> import backlit as bl
        >>> a = bl.parameter(0.5, name="a")
        >>> isinstance(bl.trace((a * bl.exp(a)).named("c")).paths("a"), Pictured)
        True
    """

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        return render("svg", self)

    def draw(self, path: str | os.PathLike[str]) -> Self:
        """Write the picture to a file.

        Args:
            path: The file: ``.svg``, or ``.txt`` for the text.

        Returns:
            Itself.

        Raises:
            ArgumentError: If the file is of another kind.
            FileError: If it cannot be written.
        """
        kind = check_file(path, ".svg", ".txt")
        write_atomically(path, (self.svg if kind == ".svg" else f"{self}\n").encode())
        return self

    def _repr_html_(self) -> str:
        """Show the text with the picture below it in a notebook."""
        return f"<pre>{html.escape(str(self))}</pre>{self.svg}"


def check_file(path: str | os.PathLike[str], *kinds: str) -> str:
    """Return the ending of a file a picture is written to.

    Args:
        path: The file.
        *kinds: The endings it may have.

    Returns:
        The ending, in small letters.

    Raises:
        ArgumentError: If it has another one.

    Example:
        >>> check_file("f.SVG", ".svg", ".txt")
        '.svg'
    """
    suffix = Path(path).suffix.lower()
    if suffix in kinds:
        return suffix
    raise ArgumentError(
        f"a picture cannot be written to {os.fspath(path)!r}",
        why=f"its name ends in {suffix!r}" if suffix else "its name has no ending that says of what kind it is",
        instead=f"end it in {', '.join(kinds[:-1])} or {kinds[-1]}",
    )
