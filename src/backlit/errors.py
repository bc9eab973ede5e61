"""The exceptions of backlit, and the form in which they teach.

Every message says what happened (with the values received), why it is wrong, and what to write instead:

    BacklitError
    ├── GraphError              a graph that cannot be built
    │   ├── ShapeError              (also a ValueError)
    │   ├── DTypeError              (also a TypeError)
    │   ├── CycleError
    │   ├── UnknownNameError        (also a KeyError)
    │   └── ParseError              a formula or a printed graph that cannot be read
    ├── DifferentiationError    a derivative that does not exist
    │   ├── NotScalarError
    │   ├── DisconnectedError
    │   └── GradientCheckError      two derivatives that disagree
    ├── ExecutionError          a program that cannot run
    │   ├── BindingError            an input that is missing or does not fit
    │   └── IndexRangeError         (also an IndexError) a label or index out of range
    ├── ArgumentError           (also a ValueError) a setting outside what is allowed
    ├── DataError               (also a ValueError) data that cannot be learned from
    ├── FileError               (also an OSError) a file that is missing, damaged or hostile
    ├── DownloadError           (also an OSError)
    ├── TrainingError           training that cannot go on
    └── MissingExtraError       (also an ImportError) an optional dependency that is not installed

This module imports nothing of backlit, so that every floor may raise what it needs.
"""

import os
import sys
from collections.abc import Iterable

__all__ = [
    "ArgumentError",
    "BacklitError",
    "BacklitWarning",
    "BindingError",
    "CycleError",
    "DTypeError",
    "DataError",
    "DeadGradientWarning",
    "DifferentiationError",
    "DisconnectedError",
    "DownloadError",
    "ExecutionError",
    "FileError",
    "GradientCheckError",
    "GraphError",
    "IndexRangeError",
    "MissingExtraError",
    "NotScalarError",
    "ParseError",
    "ShapeError",
    "TrainingError",
    "UnknownNameError",
    "nearest",
    "user_line",
]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def user_line() -> tuple[str, int]:
    """Return the file and line number of the innermost caller outside backlit.

    Returns:
        The file's path and the line number; ``("<unknown>", 0)`` where every caller is backlit itself.

    Example:
        >>> isinstance(user_line()[1], int)
        True
    """
    frame = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return "<unknown>", 0


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known name closest to a mistyped one, or nothing.

    Args:
        name: What was asked for.
        known: The names that exist.

    Returns:
        Text to append to a message; empty where nothing is close.

    Example:
        >>> nearest("adma", ["adam", "sgd"])
        " (did you mean 'adam'?)"
    """
    import difflib  # 2 ms, of use only when something has gone wrong

    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


class BacklitError(Exception):
    """The root of every error that backlit raises.

    Args:
        what: What happened, with the values received.
        why: Why that is wrong.
        instead: What to write instead.
        line: The user's file and line, where one is to blame.

    Example:
        >>> print(BacklitError("the box is empty", why="a mean needs a value", instead="give it one"))
        the box is empty
          why: a mean needs a value
          instead: give it one
    """

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        instead: str = "",
        line: tuple[str, int] | None = None,
    ) -> None:
        self.what = what
        self.why = why
        self.instead = instead
        self.line = line
        parts = [what]
        if why:
            parts.append(f"  why: {why}")
        if instead:
            parts.append(f"  instead: {instead}")
        if line is not None and line[1]:
            parts.append(f"  line: {line[0]}:{line[1]}")
        self.message = "\n".join(parts)
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class GraphError(BacklitError):
    """A graph that cannot be built."""


class ShapeError(GraphError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(GraphError, TypeError):
    """Data types that do not fit together."""


class CycleError(GraphError):
    """A graph in which a node depends on itself."""


class UnknownNameError(GraphError, KeyError):
    """A name that nothing carries."""


class ParseError(GraphError):
    """A formula or a printed graph that cannot be read."""


class DifferentiationError(BacklitError):
    """A derivative that does not exist."""


class NotScalarError(DifferentiationError, ValueError):
    """A gradient asked of something that is not a single number."""


class DisconnectedError(DifferentiationError):
    """An output that does not depend on what its gradient was asked for."""


class GradientCheckError(DifferentiationError, AssertionError):
    """Two derivatives of the same function that disagree; ``report`` says where and by how much."""

    report: object = None


class ExecutionError(BacklitError):
    """A program that cannot run."""


class BindingError(ExecutionError, ValueError):
    """An input that is missing or does not fit."""


class IndexRangeError(ExecutionError, IndexError):
    """A label or index outside its range."""


class ArgumentError(BacklitError, ValueError):
    """A setting outside what is allowed."""


class DataError(BacklitError, ValueError):
    """Data that cannot be learned from."""


class FileError(BacklitError, OSError):
    """A file that is missing, damaged or hostile."""


class DownloadError(BacklitError, OSError):
    """A file that could not be fetched."""


class TrainingError(BacklitError):
    """Training that cannot go on; ``history`` holds what was recorded before, where anything was."""

    history: object = None


class MissingExtraError(BacklitError, ImportError):
    """An optional dependency that is not installed.

    Args:
        package: The package that is missing.
        extra: The extra of backlit that brings it.
        purpose: What it is needed for.

    Example:
        >>> print(MissingExtraError("Pillow", "images", "reading image files"))
        reading image files needs the package Pillow, which is not installed
          instead: pip install "backlit[images]"
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            instead=f'pip install "backlit[{extra}]"',
        )


class BacklitWarning(UserWarning):
    """The root of every warning that backlit gives."""


class DeadGradientWarning(BacklitWarning):
    """A node through which no gradient can pass, so that nothing upstream of it can learn."""
