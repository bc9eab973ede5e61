"""Settings: what a module was built with, as data and as one line of text.

A module keeps every argument of its constructor as an attribute of the same name (``rng`` alone is used up), and so
can say how it is built again. This module knows no module; ``registry`` reads what it writes.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from backlit.errors import ArgumentError
from backlit.graph.leaves import Parameter
from backlit.nn import initialisers
from backlit.nn.walk import Composite

__all__ = ["configuration_of", "constructor", "settings_of", "summary_of"]


def constructor(kind: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    """Return the arguments of a constructor that are settings: all but ``rng``.

    Args:
        kind: A class, or whatever else is called to build something.

    Returns:
        The arguments by name.

    Example:
        >>> import backlit as bl
        >>> list(constructor(bl.nn.Dropout))
        ['rate']
    """
    return {name: given for name, given in inspect.signature(kind).parameters.items() if name != "rng"}


def settings_of(thing: Composite) -> dict[str, Any]:
    """Return what a composite was built with.

    Args:
        thing: The composite.

    Returns:
        The value of each argument of its constructor.

    Raises:
        ArgumentError: If an argument was not kept as an attribute of its name.

    Example:
        >>> import backlit as bl
        >>> settings_of(bl.nn.Dropout(0.5))
        {'rate': 0.5}
    """
    settings = {}
    for name, given in constructor(type(thing)).items():
        if not hasattr(thing, name):
            raise ArgumentError(
                f"{type(thing).__name__} does not say what it was built with: it has no attribute {name!r}",
                why="a model is built again from the arguments of its constructor",
                instead=f"keep the argument in __init__: self.{name} = {name}",
            )
        settings[name] = _setting(thing, name, given)
    return settings


def _setting(thing: Composite, name: str, given: inspect.Parameter) -> Any:
    """Read a setting; a flag whose attribute is the parameter it asked for (``bias``) says whether there is one."""
    value = getattr(thing, name, given.default)
    if isinstance(given.default, bool) and (value is None or isinstance(value, Parameter)):
        return value is not None
    return value


def configuration_of(thing: Composite) -> dict[str, Any]:
    """Return how to build a composite again, made of nothing but what JSON knows.

    Args:
        thing: The composite.

    Returns:
        The name of its class under ``"type"``, and its settings.

    Raises:
        ArgumentError: If a setting cannot be written down.

    Example:
        >>> import backlit as bl
        >>> configuration_of(bl.nn.LeakyReLU(0.2))
        {'type': 'LeakyReLU', 'slope': 0.2}
    """
    encoded = {name: _encode(value, thing, name) for name, value in settings_of(thing).items()}
    return {"type": type(thing).__name__, **encoded}


def _encode(value: object, owner: Composite, name: str) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)) and math.isfinite(value):
        return float(value)
    if isinstance(value, Composite):
        return configuration_of(value)
    if isinstance(value, (list, tuple)):
        return [_encode(item, owner, name) for item in value]
    kind = type(value)
    if is_dataclass(value) and getattr(initialisers, kind.__name__, None) is kind:
        return {"type": kind.__name__, **asdict(value)}  # type: ignore[arg-type]
    raise ArgumentError(
        f"{type(owner).__name__}({name}=...) cannot be written down: {value!r}",
        why="a description holds numbers, texts, modules of backlit and its initialisers, and never code",
        instead="for an initialiser choose one of backlit, such as bl.nn.HeNormal(); leave a default out",
    )


def summary_of(thing: Composite) -> str:
    """Return a composite on one line: its class, and the settings that say something.

    Arguments without a default come by themselves, others by name where they differ from their default; modules are
    left out, since they have lines of their own.

    Args:
        thing: The composite.

    Returns:
        The text.

    Example:
        >>> import backlit as bl
        >>> summary_of(bl.nn.Linear(784, 300, bias=False))
        'Linear(784, 300, bias=False)'
    """
    shown = []
    for name, given in constructor(type(thing)).items():
        value = _setting(thing, name, given)
        if given.kind is inspect.Parameter.VAR_POSITIONAL or isinstance(value, Composite):
            continue
        if given.default is inspect.Parameter.empty:
            shown.append(repr(value) if hasattr(thing, name) else "...")
        elif not _same(value, given.default):
            shown.append(f"{name}={value!r}")
    return f"{type(thing).__name__}({', '.join(shown)})" if shown else type(thing).__name__


def _same(value: object, default: object) -> bool:
    return value is default or (type(value) is type(default) and not isinstance(value, np.ndarray) and value == default)
