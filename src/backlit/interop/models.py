"""Models in files: how to build them again, and every number in them.

A file holds the configuration of the model as JSON, its parameters and its state as tensors, and whatever else is worth
knowing about it. Reading one never imports or evaluates anything: the configuration names classes of backlit, and a
file may not ask for more numbers than it holds. The format is described in docs/file-format.md.

This module imports `backlit.nn`, the graph's leaves, the errors and the modules beside it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backlit.errors import ArgumentError, BacklitError, FileError
from backlit.graph.leaves import Parameter
from backlit.graph.node import Array
from backlit.graph.spec import is_floating, precision
from backlit.interop.tensors import read_tensors, write_tensors
from backlit.nn.module import Module
from backlit.nn.registry import MODULES, from_configuration
from backlit.nn.seeding import seed

__all__ = ["FORMAT", "MODEL_KEY", "ModelFile", "load", "load_parameters", "read_model", "save"]

MODEL_KEY = "backlit.model"
"""The entry of the metadata that holds, as JSON, what is known of the model besides its tensors."""

FORMAT = 1
"""The version of the format that this module writes, and the latest that it reads."""

_SHOWN = 3  # differences in a message
_SLACK = 1 << 20  # elements that a model may have beyond its file, so that a tensor that is missing is named


@dataclass(frozen=True)
class ModelFile:
    """What a file holds.

    Args:
        model: The model, with the values of its parameters and its state.
        extra: What was written down beside it.

    Example:
        >>> import backlit as bl
        >>> ModelFile(bl.nn.ReLU(), {"made by": "hand"}).extra
        {'made by': 'hand'}
    """

    model: Module
    extra: dict[str, Any]


def save(model: Module, path: str | os.PathLike[str], *, extra: Mapping[str, Any] | None = None) -> None:
    """Write a model to a file, whole or not at all: how it is built, its parameters and its state.

    A model with classes of your own is written too. To be built again it needs them: `load(path, known=[YourClass])`,
    or `load_parameters` where a class does not keep its settings.

    Args:
        model: The model.
        path: The file, by habit with the ending `.safetensors`; one that exists is replaced.
        extra: What else to write down, made of what JSON knows: texts, numbers, lists and dictionaries with texts as
            keys.

    Raises:
        FileError: If the file cannot be written; nothing is changed then.
        ArgumentError: If it is no model, or JSON does not know what is to be written down.

    Example:
        >>> import tempfile, pathlib
        >>> import backlit as bl
        >>> model = bl.nn.Sequential(bl.nn.Linear(2, 3, rng=0), bl.nn.Tanh())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "model.safetensors"
        ...     bl.save(model, path)
        ...     again = bl.load(path)
        >>> again
        Sequential: 9 parameters
        ├── 0: Linear(2, 3): 9 parameters
        └── 1: Tanh
        >>> bool((again.predict([[1.0, 2.0]]) == model.predict([[1.0, 2.0]])).all())
        True
    """
    held = _held(model)
    float_types = sorted({each.dtype for each in held.values() if is_floating(each.dtype)})
    configuration, reason = None, "its parameters are of several float types"
    if len(float_types) <= 1:
        configuration, reason = _rebuildable(model, held, float_types[0] if float_types else "float32")
    document = {
        "format": FORMAT,
        "configuration": configuration,
        "precision": float_types[0] if float_types else "float32",
        "extra": _checked_extra(extra),
    }
    if configuration is None:
        document["not_rebuildable"] = reason
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=False)
    write_tensors(path, {name: each.value for name, each in held.items()}, {MODEL_KEY: text})


def load(path: str | os.PathLike[str], *, known: Sequence[type[Module]] = ()) -> Module:
    """Build the model that a file holds.

    Args:
        path: A file that `save` wrote.
        known: Classes of your own that it may name.

    Returns:
        The model, ready to predict or to be trained further.

    Raises:
        FileError: If the file is missing, damaged or hostile, or its model names a class that is not known.

    Example:
        >>> import tempfile, pathlib
        >>> import backlit as bl
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     bl.save(bl.nn.Linear(2, 3), pathlib.Path(folder) / "model.safetensors")
        ...     bl.load(pathlib.Path(folder) / "model.safetensors")
        Linear(2, 3): 9 parameters
    """
    return read_model(path, known=known).model


def read_model(path: str | os.PathLike[str], *, known: Sequence[type[Module]] = ()) -> ModelFile:
    """Build the model that a file holds, and return it with what was written down beside it.

    Args:
        path: A file that `save` wrote.
        known: Classes of your own that it may name.

    Returns:
        The model and the extra entries.

    Raises:
        FileError: If the file is missing, damaged or hostile, or its model names a class that is not known.

    Example:
        >>> import tempfile, pathlib
        >>> import backlit as bl
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "model.safetensors"
        ...     bl.save(bl.nn.Linear(2, 2), path, extra={"classes": ["cat", "dog"]})
        ...     bl.interop.read_model(path).extra["classes"]
        ['cat', 'dog']
    """
    name = str(os.fspath(path))
    arrays, texts = read_tensors(path)
    document = _document(texts, name)
    elements = _SLACK + 2 * sum(array.size for array in arrays.values())
    try:
        model = _build(document["configuration"], document["precision"], elements, known)
    except BacklitError as error:
        raise FileError(
            f"the model in {name} cannot be built: {error.what}",
            why="a file may name known classes, with settings that they take, and no more numbers than it holds",
            instead="take another copy; if a class is your own, write bl.load(path, known=[YourClass])",
        ) from error
    _fill(_held(model), arrays, name)
    return ModelFile(model, document["extra"])


def load_parameters(model: Module, path: str | os.PathLike[str]) -> None:
    """Give a model the parameters and the state that a file holds: all of them, or none if anything does not fit.

    The names, shapes and data types must be those of the model. The file need not come from backlit.

    Args:
        model: The model, whose parameters and state are overwritten in place.
        path: A safetensors file.

    Raises:
        FileError: If the file is missing, damaged or hostile, or does not fit; the model is as it was then.
        ArgumentError: If it is no model.

    Example:
        >>> import tempfile, pathlib
        >>> import backlit as bl
        >>> one, other = bl.nn.Linear(2, 3, rng=1), bl.nn.Linear(2, 3, rng=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     bl.save(one, pathlib.Path(folder) / "one.safetensors")
        ...     bl.load_parameters(other, pathlib.Path(folder) / "one.safetensors")
        >>> bool((one.weight.value == other.weight.value).all())
        True
    """
    held = _held(model)
    arrays, _ = read_tensors(path)
    _fill(held, arrays, str(os.fspath(path)))


def _held(model: Module) -> dict[str, Parameter]:
    """Return everything with a value in a model, by name."""
    if not isinstance(model, Module):
        raise ArgumentError(
            f"a model is a Module; received {model!r}",
            instead="for named arrays write bl.interop.write_tensors(path, arrays)",
        )
    return model.parameters() | model.state()


def _specs(held: Mapping[str, Parameter]) -> dict[str, str]:
    return {name: str(each.spec) for name, each in held.items()}


def _build(
    configuration: Mapping[str, Any], float_type: str, elements: int | None, known: Sequence[type[Module]]
) -> Module:
    """Build a model from its configuration, with at most so many elements; their values are not used."""
    with precision(float_type), seed(0):
        return from_configuration(configuration, known=known, elements=elements)


def _rebuildable(model: Module, held: Mapping[str, Parameter], float_type: str) -> tuple[dict[str, Any] | None, str]:
    """Return the configuration of a model if it leads to the same model, else None and what is in the way."""
    known = list({type(module) for module in model.modules().values()} - set(MODULES.values()))
    try:
        configuration = model.configuration()
        again = _build(configuration, float_type, None, known)
    except BacklitError as error:
        return None, error.what
    if _specs(_held(again)) != _specs(held):
        return None, "what its configuration describes has other parameters (one of them may stand at several places)"
    return configuration, ""


def _checked_extra(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a copy of what is to be written down, checked to come back as it went."""
    given = dict(extra or {})
    try:
        copy = json.loads(json.dumps(given, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(
            f"extra cannot be written as JSON: {error}",
            why="a file holds texts, finite numbers, lists and dictionaries, and never code",
            instead="convert arrays with .tolist()",
        ) from error
    if not isinstance(copy, dict) or copy.keys() != given.keys():
        raise ArgumentError(f"the keys of extra are {list(given)}", instead="write texts as keys")
    return copy


def _document(texts: Mapping[str, str], name: str) -> dict[str, Any]:
    """Return what a file says of its model, checked in form."""
    if MODEL_KEY not in texts:
        raise FileError(
            f"{name} holds tensors, and does not say to what model they belong",
            why="it is a checkpoint of training, or another program wrote it",
            instead="build the model, and write bl.load_parameters(model, path)",
        )
    try:
        document = json.loads(texts[MODEL_KEY])
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise _damaged(name, "its description is no JSON object with a format")
    if document["format"] != FORMAT:
        raise FileError(
            f"{name} is of format {document['format']}, and this version of backlit reads format {FORMAT}",
            instead="install a newer version: pip install --upgrade backlit",
        )
    if not isinstance(document.get("extra"), dict) or document.get("precision") not in ("float32", "float64"):
        raise _damaged(name, "its description has no extra entries, or no float type")
    if document.get("configuration") is None and isinstance(document.get("not_rebuildable"), str):
        raise FileError(
            f"the model in {name} cannot be built from its file alone: {document['not_rebuildable']}",
            why="a configuration says how to call constructors, and nothing else",
            instead="build the model with your own code, and write bl.load_parameters(model, path)",
        )
    if not isinstance(document.get("configuration"), dict):
        raise _damaged(name, "its description has no configuration")
    return document


def _damaged(name: str, what: str) -> FileError:
    return FileError(
        f"{name} is no model of backlit: {what}",
        why="the file is damaged, or another program wrote it",
        instead="take another copy, or save the model again",
    )


def _fill(held: Mapping[str, Parameter], arrays: Mapping[str, Array], name: str) -> None:
    """Write arrays into the parameters of their names, after all of them have been checked."""
    wrong = [f"{key!r} is missing" for key in held if key not in arrays]
    wrong += [f"nothing in the model is called {key!r}" for key in arrays if key not in held]
    for key, parameter in held.items():
        if key in arrays:
            found = f"{arrays[key].dtype.name}[{','.join(map(str, arrays[key].shape))}]"
            if found != str(parameter.spec):
                wrong.append(f"{key!r} is {found} in the file and {parameter.spec} in the model")
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise FileError(
            f"{name} does not fit the model: {'; '.join(wrong[:_SHOWN])}{more}",
            why="a model takes all of its numbers from a file, or none",
            instead="build the model as it was when it was saved, or give another file",
        )
    for key, parameter in held.items():
        parameter.value = arrays[key]
