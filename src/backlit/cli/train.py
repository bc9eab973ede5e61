"""`backlit train`: a net learns to read digits, is tested on digits it has never seen, and is written to a file.

This module imports typer, rich, the modules beside it, and the floors below.
"""

import enum
import math
import shlex
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.text import Text
from threadpoolctl import threadpool_limits

from backlit.cli.classifiers import Classifier
from backlit.cli.options import check_rate, count_option, seed_option
from backlit.cli.outputs import check_output, write_classifier
from backlit.cli.recipes import RECIPES, Settings, build_model, build_trainer, changed_pictures
from backlit.cli.report import confusions, parameter_table, show_readings, telling_readings
from backlit.cli.screen import file_size, label_table, make_console, percent, plain
from backlit.data import Dataset
from backlit.engines import engine_names
from backlit.errors import TrainingError
from backlit.train import Trainer
from backlit.train.checkpoint import CheckpointFolder

__all__ = ["train"]

_SHOWN = 3  # digits in a row of the report


def _usual(setting: str) -> str:
    """Return the default of a setting in words, for the help."""
    values = {name: f"{getattr(recipe, setting):g}" for name, recipe in RECIPES.items()}
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return ", ".join(f"{value} for {name}" for name, value in values.items())


class DataName(enum.StrEnum):
    """The data sets that can be named on the command line."""

    DIGITS = "digits"
    MNIST = "mnist"


def _check_engine(name: str | None) -> str | None:
    if name is not None and name not in engine_names():
        raise typer.BadParameter(f"{name!r} is no engine; choose among {', '.join(engine_names())}.")
    return name


def train(
    data: Annotated[
        DataName, typer.Argument(metavar="DATA", help="What to learn. Digits ship with backlit; MNIST is fetched once.")
    ],
    epochs: Annotated[int | None, count_option(f"How often to go through the data: {_usual('epochs')}.")] = None,
    batch_size: Annotated[int | None, count_option(f"How many digits a step sees: {_usual('batch_size')}.")] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            metavar="RATE", callback=check_rate, help=f"The first one: {_usual('learning_rate')}; it falls to 0."
        ),
    ] = None,
    seed: Annotated[int, seed_option("What all random numbers follow from; equal seeds give equal nets.")] = 0,
    no_augment: Annotated[
        bool, typer.Option("--no-augment", help="Show every digit as it is, instead of changed a little each time.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="What to write: DATA.safetensors.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace that file even if it is no model.")] = False,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to keep what is needed after an interruption.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in that folder.")] = False,
    engine: Annotated[
        str | None, typer.Option(metavar="NAME", callback=_check_engine, help="What runs the net: the best there is.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show the result alone.")] = False,
) -> None:
    """Teach a net of 784 → 300 → 100 → 10 units to read handwritten digits, and write it to a file.

    It is tested on digits held out from it. By default the 4,000 digits that ship take about 10 seconds and lead to
    more than 94 % of the held-out 1,000; MNIST takes about a minute and leads to more than 97.5 % of its 10,000.
    """
    if resume and checkpoint is None:
        raise typer.BadParameter("There is no folder to go on from: add --checkpoint FOLDER.", param_hint="'--resume'")
    recipe = RECIPES[data]
    settings = Settings(
        data=data.value,
        epochs=epochs or recipe.epochs,
        batch_size=batch_size or recipe.batch_size,
        learning_rate=learning_rate or recipe.learning_rate,
        seed=seed,
        augment=not no_augment,
        engine=engine,
    )
    target = check_output(output or Path(f"{data.value}.safetensors"), force=force)
    _check_checkpoint(checkpoint, resume=resume)
    _train(settings, target, checkpoint, resume=resume, quiet=quiet)


def _train(settings: Settings, target: Path, checkpoint: Path | None, *, resume: bool, quiet: bool) -> None:
    """Train, test, write, and show what came of it."""
    console = make_console()
    pictures, held_out = RECIPES[settings.data].load()
    if settings.batch_size > len(pictures):
        raise typer.BadParameter(
            f"{settings.batch_size:,} is more than the {len(pictures):,} digits there are.", param_hint="'--batch-size'"
        )
    model = build_model(pictures, settings.seed)
    trainer = build_trainer(model, len(pictures), settings)
    if not quiet:
        _show_plan(console, settings, pictures, held_out, model.parameter_count)
    _fit(trainer, pictures, settings, checkpoint, resume=resume, quiet=quiet)
    judge = Classifier(
        model, pictures.classes or (), pictures.image_shape or (), pictures.input_shape, "ink", "logits", settings.data
    )
    probabilities = judge.probabilities(held_out.inputs)
    accuracy = float((probabilities.argmax(axis=1) == held_out.targets).mean())
    write_classifier(judge, target, settings, accuracy)
    if quiet:
        console.print(f"{percent(accuracy)} of {len(held_out):,} held-out digits; written to {plain(target)}")
    else:
        _show_result(console, judge, probabilities, held_out, settings.seed, trainer.history.rows)
        _show_next(console, target)


def _check_checkpoint(folder: Path | None, *, resume: bool) -> None:
    """See that no run that was interrupted is lost, and say how to go on with it."""
    if folder is None or resume or not folder.is_dir():
        return
    kept = CheckpointFolder(folder)
    if kept.exists() and not kept.read().finished:
        raise TrainingError(
            f"{folder} holds a run that was interrupted",
            why="a new run would write over its checkpoint",
            instead="go on with it: --resume, or give another folder",
        )


def _fit(
    trainer: Trainer, pictures: Dataset, settings: Settings, checkpoint: Path | None, *, resume: bool, quiet: bool
) -> None:
    """Train, or say how to go on where Ctrl-C was pressed."""
    try:
        # One thread a product: on a busy machine threads wait for each other, and their number changes the last bits.
        with threadpool_limits(1, user_api="blas"):
            trainer.fit(
                changed_pictures(pictures) if settings.augment else pictures,
                epochs=settings.epochs,
                batch_size=settings.batch_size,
                progress=not quiet,
                checkpoint=checkpoint,
                resume=resume,
            )
    except KeyboardInterrupt:
        if checkpoint is None:
            rows = [("", "no model was written; to be able to go on another time, add --checkpoint FOLDER")]
        else:
            rows = [("go on", _command(settings, checkpoint))]
        stopped = f"by Ctrl-C in epoch {trainer.epoch + 1} of {settings.epochs}"
        make_console(to_errors=True).print(label_table([("stopped", stopped), *rows]))
        raise typer.Exit(130) from None


def _command(settings: Settings, checkpoint: Path) -> str:
    """Return the command that goes on with a run."""
    recipe = RECIPES[settings.data]
    words = ["backlit", "train", settings.data]
    for option in ("epochs", "batch_size", "learning_rate"):
        if getattr(settings, option) != getattr(recipe, option):
            words += [f"--{option.replace('_', '-')}", str(getattr(settings, option))]
    words += ["--seed", str(settings.seed)] if settings.seed else []
    words += [] if settings.augment else ["--no-augment"]
    words += ["--engine", settings.engine] if settings.engine else []
    return shlex.join([*words, "--checkpoint", str(checkpoint), "--resume"])


def _show_plan(console: Console, settings: Settings, pictures: Dataset, held_out: Dataset, parameters: int) -> None:
    recipe = RECIPES[settings.data]
    steps = math.ceil(len(pictures) / settings.batch_size)
    rows = [
        ("data", f"{len(pictures):,} {recipe.summary}, {len(held_out):,} more held out"),
        ("net", f"784 → 300 → 100 → 10 units, ReLU in between; {parameters:,} parameters"),
        ("training", f"epochs: {settings.epochs:,}, steps in each: {steps:,}, digits a step: {settings.batch_size:,}"),
        ("", f"Adam; the learning rate falls from {settings.learning_rate:g} to 0 as half a cosine"),
    ]
    if settings.augment:
        rows.append(("", "every digit is turned, scaled, slanted and shifted a little each time"))
    rows.append(("seed", str(settings.seed)))
    console.print()
    console.print(label_table([*rows]))
    console.print()


def _show_result(
    console: Console, judge: Classifier, probabilities: Any, held_out: Dataset, seed: int, epochs: Any
) -> None:
    predicted, actual = probabilities.argmax(axis=1), held_out.targets
    right = int((predicted == actual).sum())
    words = f"  {right:,} of {len(actual):,} held-out digits are read rightly"
    score = Text.assemble((percent(right / len(actual)), "bold green"), words)
    rows: list[tuple[str | Text, Any]] = [("test accuracy", score)]
    mistakes = confusions(predicted, actual, judge.classes)
    if mistakes:
        rows.append(("most mistaken", mistakes))
    rows.append(("time", f"{sum(row['seconds'] for row in epochs):.1f} s"))
    console.print()
    console.print(label_table(rows))
    console.print()
    console.print(parameter_table(judge.model))
    console.print()
    pictures = np.asarray(held_out.inputs, np.float32).reshape(-1, *judge.image_shape)
    rightly, wrongly = telling_readings(probabilities, actual, _SHOWN, np.random.default_rng(seed))
    for title, chosen in (("some that it reads rightly", rightly), ("and its surest mistakes", wrongly)):
        if chosen:
            console.print(Text(title, style="dim"))
            console.print()
            show_readings(
                console, pictures[chosen], probabilities[chosen], actual[chosen], judge.classes, in_one_row=True
            )
            console.print()


def _show_next(console: Console, target: Path) -> None:
    """Say where the model was written, and the commands to use it with, each on one line to be copied."""
    file = shlex.quote(plain(target))
    console.print(Text(f"written to     {plain(target)}  ({file_size(target)})"), soft_wrap=True)
    label = "what now"
    for command, purpose in (
        (f"backlit predict {file}", "reads some held-out digits"),
        (f"backlit predict {file} picture.png", "reads yours"),
        (f"backlit info {file}", "shows what is in the file"),
    ):
        line = Text(f"{label:<15}", style="dim")
        line.append(command, style="not dim bold")
        room = console.width - len(line.plain) - len(purpose) - 2
        if room >= 0:
            line.append(f"  {purpose}", style="dim")
        console.print(line, soft_wrap=True)
        label = ""
