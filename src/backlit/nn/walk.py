"""Finding the parameters and modules inside a module: a walk over attributes, in the order of their definition.

What is found has a path: the names of the attributes, positions and keys that lead to it. A thing that is reached twice
(a weight that two layers share) is found once, under its first path. This module knows no module either, only what has
parts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from backlit.errors import ArgumentError, CycleError
from backlit.graph.leaves import Parameter
from backlit.graph.ops import Generator

__all__ = ["Composite", "Found", "dotted", "walk"]


class Composite:
    """What has named parts, some of which may be parameters or composites themselves.

    Example:
        >>> whole = Composite()
        >>> whole.part = 1
        >>> dict(whole.parts())
        {'part': 1}
    """

    def parts(self) -> Mapping[str, object]:
        """Return what is searched for parameters and composites: all attributes, in the order of their definition.

        Returns:
            The parts by name.

        Example:
            >>> dict(Composite().parts())
            {}
        """
        return vars(self)


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk came upon.

    Args:
        path: The names that lead to it, from the outermost.
        thing: A composite, or a parameter.
    """

    path: tuple[str, ...]
    thing: Composite | Parameter


def dotted(path: tuple[str, ...]) -> str:
    """Join the names of a path by dots.

    Args:
        path: The names.

    Returns:
        The text.

    Example:
        >>> dotted(("hidden", "0", "weight"))
        'hidden.0.weight'
    """
    return ".".join(path)


def walk(root: Composite) -> Iterator[Found]:
    """Find every composite and parameter within a composite, itself first, each once.

    Args:
        root: Where to begin.

    Yields:
        What was found, in the order of definition, composites before their parts. The state of a generator counts as a
        parameter.

    Raises:
        CycleError: If a composite is part of itself.
        ArgumentError: If a part has a name with a dot, or stands in a set.

    Example:
        >>> import backlit as bl
        >>> [dotted(found.path) for found in walk(bl.nn.Linear(2, 1))]
        ['', 'weight', 'bias']
    """
    yield from _visit(root, (), {}, set())


def _visit(value: object, path: tuple[str, ...], above: dict[int, tuple[str, ...]], seen: set[int]) -> Iterator[Found]:
    if isinstance(value, Generator):
        value = value.state
    if isinstance(value, Parameter):
        if id(value) not in seen:
            seen.add(id(value))
            yield Found(_check_path(path), value)
        return
    if isinstance(value, (set, frozenset)):
        _refuse_set(value, path)
    parts = _parts_of(value)
    if parts is None:
        return
    if id(value) in above:
        raise CycleError(
            f"a part leads back to what it is part of: {dotted(path)} is {dotted(above[id(value)]) or 'the whole'}",
            why="a module that contains itself has no end",
            instead="do not keep a module's parent as its attribute; hand it over as an argument of forward",
        )
    if id(value) in seen:
        return
    if isinstance(value, Composite):
        seen.add(id(value))
        yield Found(_check_path(path), value)
    above[id(value)] = path
    for name, part in parts:
        yield from _visit(part, (*path, name), above, seen)
    del above[id(value)]


def _parts_of(value: object) -> list[tuple[str, object]] | None:
    if isinstance(value, Composite):
        return list(value.parts().items())
    if isinstance(value, (list, tuple)):
        return [(str(position), part) for position, part in enumerate(value)]
    if isinstance(value, dict):
        return [(key if isinstance(key, str) else f"[{key!r}.]", part) for key, part in value.items()]
    return None


def _check_path(path: tuple[str, ...]) -> tuple[str, ...]:
    for name in path:
        if not name or "." in name or not name.isprintable():
            raise ArgumentError(
                f"a part of a model stands under the name {name.strip('[.]')!r}, at {list(path)}",
                why="dots join the names of a path, so a name is text without dots",
                instead="give the attribute or the key of the dictionary such a name",
            )
    return path


def _refuse_set(value: set[object] | frozenset[object], path: tuple[str, ...]) -> None:
    if any(isinstance(part, (Composite, Parameter, Generator)) for part in value):
        raise ArgumentError(
            f"{dotted(path)} is a set with modules or parameters in it",
            why="a set has no order, so its parts would have other names at every run",
            instead="write a list",
        )
