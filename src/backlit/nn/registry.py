"""The registry: which modules a description may name, and how they are built again.

A description comes from a file, and a file may come from anywhere; so nothing is imported, looked up or evaluated by
name. There is a table, every setting is checked against the constructor's arguments, and what is not in it is refused.
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backlit.errors import ArgumentError, BacklitError, nearest
from backlit.nn import activation_modules, initialisers
from backlit.nn.adaptive_activations import PReLU, RandomisedLeakyReLU
from backlit.nn.checks import check_count
from backlit.nn.configuration import constructor
from backlit.nn.containers import Flatten, Residual, Sequential
from backlit.nn.dropout import Dropout
from backlit.nn.embedding import Embedding
from backlit.nn.extended import ExtendedLinear
from backlit.nn.initial import allowance
from backlit.nn.linear import Linear
from backlit.nn.module import Module
from backlit.nn.neuron import Neuron, ThreeNeuron
from backlit.nn.normalisation import BatchNorm, LayerNorm

__all__ = ["INITIALISERS", "MODULES", "from_configuration"]

_ALONE = (
    BatchNorm, Dropout, Embedding, ExtendedLinear, Flatten, LayerNorm, Linear, Neuron, PReLU, RandomisedLeakyReLU,
    Residual, Sequential, ThreeNeuron,
)  # fmt: skip
MODULES: dict[str, type[Module]] = {kind.__name__: kind for kind in _ALONE}
MODULES |= {name: getattr(activation_modules, name) for name in activation_modules.__all__}
"""The modules that a description may name."""

INITIALISERS: dict[str, Callable[..., initialisers.Initialiser]] = {
    kind.__name__: kind
    for kind in (
        initialisers.Constant, initialisers.GlorotNormal, initialisers.GlorotUniform, initialisers.HeNormal,
        initialisers.HeUniform, initialisers.LeCunNormal, initialisers.LeCunUniform, initialisers.Normal,
        initialisers.Ones, initialisers.Orthogonal, initialisers.Uniform, initialisers.Zeros,
    )
}  # fmt: skip
"""The initialisers that a description may name."""

_DEEPEST = 50
"""How deep modules may stand within modules in a description."""


def from_configuration(
    configuration: Mapping[str, Any], *, known: Sequence[type[Module]] = (), elements: int | None = None
) -> Module:
    """Build a module from what its ``configuration()`` said, with fresh initial values.

    Args:
        configuration: The description, as JSON gives it back.
        known: Further classes of modules that it may name.
        elements: How many elements all parameters may have together, such as the number that a file holds; None for
            any number.

    Returns:
        The module. Its float type is that of ``precision``.

    Raises:
        ArgumentError: If the description names what is not known, or its settings do not fit.

    Example:
        >>> import backlit as bl
        >>> model = bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.LeakyReLU(0.2))
        >>> from_configuration(model.configuration())
        Sequential: 9 parameters
        ├── 0: Linear(2, 3): 9 parameters
        └── 1: LeakyReLU(slope=0.2)
    """
    limit = None if elements is None else check_count(elements, "from_configuration(elements=...)", 0)
    table = MODULES | {kind.__name__: kind for kind in known}
    try:
        with allowance(limit):
            model = _build(configuration, table, 0)
    except (MemoryError, OverflowError, ValueError) as error:
        if isinstance(error, BacklitError):
            raise
        raise ArgumentError(
            "a description asks for a model that this machine cannot hold", why=str(error) or "the memory is too small"
        ) from error
    if not isinstance(model, Module):
        raise ArgumentError(f"a description of a model names a module; received one of {model!r}")
    return model


def _build(configuration: object, table: Mapping[str, type[Module]], depth: int) -> Any:
    if not isinstance(configuration, Mapping) or not isinstance(configuration.get("type"), str):
        raise ArgumentError(
            f"a description is a dictionary with the name of a class under 'type'; received {_short(configuration)}"
        )
    if depth > _DEEPEST:
        raise ArgumentError(f"a description holds modules within modules more than {_DEEPEST} deep")
    name = configuration["type"]
    kind = table.get(name) or INITIALISERS.get(name)
    if kind is None:
        raise ArgumentError(
            f"a description names {_short(name)}, which is no module of backlit{nearest(name, table)}",
            why="a description may name what is in a table, and nothing else: it may come from anywhere",
            instead=f"for a class of your own pass known=[{name if name.isidentifier() else '...'}]",
        )
    given = {key: value for key, value in configuration.items() if key != "type"}
    allowed = constructor(kind)
    for key in given:
        if key not in allowed:
            raise ArgumentError(f"{name} has no setting {_short(key)}{nearest(str(key), allowed)}")
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for key, argument in allowed.items():
        if argument.kind is inspect.Parameter.VAR_POSITIONAL:
            if not isinstance(given.get(key), (list, tuple)):
                raise ArgumentError(f"{name} needs a list under {key!r}; received {_short(given.get(key))}")
            positional = [_decode(value, table, depth + 1) for value in given[key]]
        elif key in given:
            keywords[key] = _decode(given[key], table, depth + 1)
        elif argument.default is inspect.Parameter.empty:
            raise ArgumentError(f"a description of {name} lacks the setting {key!r}")
    return kind(*positional, **keywords)


def _decode(value: object, table: Mapping[str, type[Module]], depth: int) -> Any:
    if isinstance(value, Mapping):
        return _build(value, table, depth)
    if isinstance(value, (list, tuple)):
        if depth > _DEEPEST:
            raise ArgumentError(f"a description holds lists within lists more than {_DEEPEST} deep")
        return [_decode(item, table, depth + 1) for item in value]
    if value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ArgumentError(f"a description holds {_short(value)}, which is no finite number, text, list or dictionary")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
