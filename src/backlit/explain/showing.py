"""Showing: how what is explained appears in a terminal, in a notebook and in a file.

An explanation knows nothing of how it is written. Renderers register here, by format and by class; what is shown asks
for the one that fits. So data never imports its renderers, and a new format is one file more.
"""

from collections.abc import Callable
from typing import Any

from backlit.errors import ArgumentError, nearest

__all__ = ["RENDERERS", "Renderer", "Shown", "render", "renders"]

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

    def latex(self) -> str:
        """Return it as LaTeX."""
        return render("latex", self)
