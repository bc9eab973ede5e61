"""`backlit info`: what a model file holds.

This module imports typer, rich, the modules beside it, and `backlit.interop`.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.text import Text

from backlit.cli.options import json_option, seed_option
from backlit.cli.report import parameter_table
from backlit.cli.screen import file_size, label_table, make_console, percent, plain
from backlit.interop import ModelFile, read_model

__all__ = ["info"]


def info(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that `backlit train` or `bl.save` wrote.")],
    seed: Annotated[int, seed_option("Which values of the parameters are shown; they are drawn.")] = 0,
    as_json: Annotated[bool, json_option()] = False,
) -> None:
    """Show what a model file holds: the layers, their parameters, and how the model came about."""
    found = read_model(model)
    if as_json:
        typer.echo(json.dumps(_as_data(found, model), ensure_ascii=False, indent=2))
        return
    console = make_console()
    console.print(label_table(_facts(found, model)))
    console.print()
    console.print(parameter_table(found.model, np.random.default_rng(seed)))


def _as_data(found: ModelFile, path: Path) -> dict[str, Any]:
    held = {"parameters": found.model.parameters(), "state": found.model.state()}
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "parameter_count": found.model.parameter_count,
        "configuration": found.model.configuration(),
        **{
            kind: {name: {"shape": list(each.shape), "dtype": each.dtype} for name, each in values.items()}
            for kind, values in held.items()
        },
        "extra": found.extra,
    }


def _facts(found: ModelFile, path: Path) -> list[tuple[str | Text, Any]]:
    """Return what is known of a model besides its parameters, in words."""
    rows: list[tuple[str | Text, Any]] = [("file", f"{plain(path)}  ({file_size(path)})")]
    extra = dict(found.extra)
    classes = extra.pop("classes", None)
    if isinstance(classes, list):
        rows.append(("classes", plain(", ".join(map(str, classes)))))
    training = extra.pop("training", None)
    for name, value in extra.items():
        rows.append((plain(name).replace("_", " "), _in_words(value)))
    if isinstance(training, dict):
        accuracy = training.pop("accuracy_on_held_out", None)
        known = {plain(name).replace("_", " "): value for name, value in training.items() if value is not None}
        rows.append(("training", ", ".join(f"{name} {_in_words(value)}" for name, value in known.items())))
        if isinstance(accuracy, float) and 0 <= accuracy <= 1:
            rows.append(("held out", f"{percent(accuracy)} read rightly"))
    for name, each in found.model.state().items():
        rows.append(("state", f"{plain(name)}: {each.spec}"))
    return rows


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and value and all(isinstance(part, int) for part in value):
        return " × ".join(map(str, value))
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
