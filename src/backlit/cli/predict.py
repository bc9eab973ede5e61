"""`backlit predict`: a net that was trained says what it reads in pictures.

This module imports typer, rich, the modules beside it, and the floors below.
"""

import json
import textwrap
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backlit.cli.classifiers import Classifier, read_classifier
from backlit.cli.drawing import bar, picture_text
from backlit.cli.ink import PreparedPicture
from backlit.cli.options import count_option, json_option, seed_option
from backlit.cli.pictures import read_picture
from backlit.cli.recipes import RECIPES
from backlit.cli.report import show_readings
from backlit.cli.screen import make_console, percent, plain, show_error
from backlit.errors import BacklitError, FileError

__all__ = ["predict"]

_BAR = 24  # characters of a bar that means 100 %
_ROWS = 10  # classes that are listed


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that `backlit train` wrote.")],
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PICTURE", help="PNG, JPEG, … or .npy. Without any, held-out digits are read."),
    ] = None,
    count: Annotated[int, count_option("How many held-out digits, without a picture.")] = 6,
    seed: Annotated[int, seed_option("Which held-out digits, without a picture. Reading is not random.")] = 0,
    as_json: Annotated[bool, json_option()] = False,
) -> None:
    """Read digits with a net that was trained: in pictures of yours, or in some that were held out from it.

    A picture may be of any size, in colour, dark on light or light on dark, transparent or not; it is brought into the
    form of the digits that the net learned from, and what was done to it is said.
    """
    judge = read_classifier(model)
    console = make_console()
    if not images:
        _read_held_out(judge, model, count, seed, console, as_json=as_json)
        return
    failed = False
    answers = []
    for path in images:
        try:
            picture = read_picture(path, judge.image_shape, judge.preparation)
            shares = judge.probabilities(picture.pixels[None])[0]
        except BacklitError as error:
            show_error(error)
            failed = True
            continue
        answers.append(_answer(judge, shares, file=str(path), preparation=list(picture.steps)))
        if not as_json:
            _show_reading(console, judge, path, picture, shares)
    if as_json:
        typer.echo(json.dumps(answers, ensure_ascii=False, indent=2))
    if failed:
        raise typer.Exit(1)


def _answer(judge: Classifier, shares: NDArray[np.float64], **more: Any) -> dict[str, Any]:
    probabilities = {name: round(float(share), 6) for name, share in zip(judge.classes, shares, strict=True)}
    return {**more, "class": judge.classes[int(shares.argmax())], "probabilities": probabilities}


def _show_reading(
    console: Console, judge: Classifier, path: Path, picture: PreparedPicture, shares: NDArray[np.float64]
) -> None:
    """Show a picture as the net sees it, and beside it how probable each class is."""
    best = int(shares.argmax())
    name, answer = (plain(path), "bold"), (plain(judge.classes[best]), "bold green")
    console.print(Text.assemble(name, " is read as ", answer, f", {percent(float(shares[best]))}"), soft_wrap=True)
    steps = textwrap.fill("; ".join(step.replace(" ", "_") for step in picture.steps), console.width)
    console.print(Text(steps.replace("_", " "), style="dim"))  # a step is not torn apart at the end of a line
    console.print()
    table = Table.grid(padding=(0, 1))
    order = np.argsort(-shares, kind="stable")[:_ROWS] if len(shares) > _ROWS else range(len(shares))
    for number in order:
        share = float(shares[number])
        style = "bold green" if number == best else ""
        filled = Text(bar(share, _BAR).ljust(_BAR), style="green" if number == best else "dim")
        table.add_row(Text(plain(judge.classes[number]), style=style), filled, Text(percent(share), style=style))
    seen = picture.pixels.reshape(judge.image_shape)
    grey = seen if seen.ndim == 2 else seen.mean(axis=2)
    both = Table.grid(padding=(0, 4))
    if grey.shape[1] <= console.width - _BAR - 24:
        both.add_row(picture_text(grey, shades=console.color_system in ("truecolor", "256")), table)
    else:
        both.add_row(table)
    console.print(both)
    console.print()


def _read_held_out(judge: Classifier, path: Path, count: int, seed: int, console: Console, *, as_json: bool) -> None:
    """Read some digits that were held out when the net was trained."""
    if judge.data not in RECIPES:
        raise FileError(
            f"no picture was given, and {path} does not say on what data it was trained",
            why="without a picture, some that were held out from training are read",
            instead="give a picture: backlit predict MODEL picture.png",
        )
    held_out = RECIPES[judge.data].load()[1]
    chosen = np.random.default_rng(seed).choice(len(held_out), min(count, len(held_out)), replace=False)
    pictures = np.asarray(held_out.inputs[chosen], np.float32).reshape(-1, *judge.image_shape)
    shares = judge.probabilities(pictures)
    actual = held_out.targets[chosen]
    if as_json:
        answers = [
            _answer(judge, row, number=int(number), truth=judge.classes[int(truth)])
            for row, number, truth in zip(shares, chosen, actual, strict=True)
        ]
        typer.echo(json.dumps(answers, ensure_ascii=False, indent=2))
        return
    right = int((shares.argmax(axis=1) == actual).sum())
    noun = f"digit{'s' * (len(chosen) != 1)} of {len(held_out):,} held out from training"
    console.print(Text(f"{len(chosen)} {noun}, drawn with seed {seed}; {right} read rightly"))
    console.print()
    show_readings(console, pictures, shares, actual, judge.classes)
