"""What is shown after training: how well the net reads, what it is made of, and a few digits as it sees them.

This module imports NumPy, rich, and the modules beside it.
"""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backlit.cli.drawing import beside, common_margin, picture_text
from backlit.cli.screen import percent, plain
from backlit.graph import Parameter
from backlit.nn import Module

_DRAWN = 3  # values of a parameter that are shown

# A line under the heads, and one between sections; nothing else.
_RULES = box.Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")

__all__ = ["confusions", "parameter_table", "show_readings", "telling_readings"]


def parameter_table(model: Module, rng: np.random.Generator | None = None) -> Table:
    """Return the parameters of a model as a table: what each layer has, and how many numbers that are.

    Args:
        model: The model.
        rng: Where some values of each parameter are to be shown too, what these are drawn from.

    Returns:
        A table to be printed.

    Example:
        >>> from backlit.nn import Linear, ReLU, Sequential
        >>> Console(width=60).print(parameter_table(Sequential(Linear(4, 3), ReLU())))
        layer            parameter   shape   numbers
        ────────────────────────────────────────────
        0 Linear(4, 3)   weight      4 × 3        12
                         bias            3         3
        1 ReLU
        ────────────────────────────────────────────
        all of it                                 15
    """
    table = Table(box=_RULES, show_edge=False, pad_edge=False, header_style="dim")
    table.add_column("layer")
    table.add_column("parameter")
    table.add_column("shape", justify="right")
    table.add_column("numbers", justify="right")
    if rng is not None:
        table.add_column("some of them", justify="right")
    for path, module in model.modules().items():
        own = [
            [label, " × ".join(map(str, each.shape)) or "a number", f"{each.size:,}", *_some_values(each.value, rng)]
            for label, each in _own_parameters(module).items()
        ]
        if not path and not own and len(model.modules()) > 1:
            continue  # the whole, which is the sum of what follows
        name = plain(f"{path} {repr(module).splitlines()[0].partition(': ')[0]}".strip())
        for number, row in enumerate(own or [[]]):
            table.add_row(name if number == 0 else "", *row)
    table.add_section()
    table.add_row("all of it", "", "", f"{model.parameter_count:,}", style="bold")
    return table


def _own_parameters(module: Module) -> dict[str, Parameter]:
    """Return the parameters of a module that belong to no module inside it."""
    parts = [part for part in module.modules().values() if part is not module]
    inside = {id(each) for part in parts for each in part.parameters().values()}
    return {name: each for name, each in module.parameters().items() if id(each) not in inside}


def _some_values(value: NDArray[Any], rng: np.random.Generator | None) -> list[str]:
    if rng is None:
        return []
    drawn = rng.choice(value.ravel(), min(_DRAWN, value.size), replace=False)
    return [" ".join(f"{number:7.3f}" for number in drawn)]


def confusions(predicted: NDArray[np.int64], actual: NDArray[np.int64], classes: tuple[str, ...], most: int = 4) -> str:
    """Return in words which classes are taken for which others, the most frequent first.

    Args:
        predicted: The classes that were predicted.
        actual: The true classes.
        classes: Their names.
        most: How many pairs to name.

    Returns:
        The words; empty where nothing is mistaken.

    Example:
        >>> confusions(np.array([9, 9, 1, 7]), np.array([4, 4, 1, 2]), tuple("0123456789"))
        '4 as 9 (2×), 2 as 7 (1×)'
    """
    pairs = Counter((int(a), int(p)) for a, p in zip(actual, predicted, strict=True) if a != p)
    return ", ".join(f"{classes[a]} as {classes[p]} ({count}×)" for (a, p), count in pairs.most_common(most))


def telling_readings(
    probabilities: NDArray[np.float64], actual: NDArray[np.int64], count: int, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Choose a few pictures that were read rightly, each of another class, and those read wrongly with most conviction.

    Args:
        probabilities: What the net says of each picture, of shape (pictures, classes).
        actual: The true classes.
        count: How many of each.
        rng: What the right ones are drawn from.

    Returns:
        The numbers of the right ones and of the wrong ones.

    Example:
        >>> shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
        >>> telling_readings(shares, np.array([0, 1, 1]), 1, np.random.default_rng(1))[1]
        [1]
    """
    predicted = probabilities.argmax(axis=1)
    right: list[int] = []
    for number in rng.permutation(np.flatnonzero(predicted == actual)):
        if len(right) < count and all(actual[number] != actual[other] for other in right):
            right.append(int(number))
    wrong = np.flatnonzero(predicted != actual)
    order = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return right, [int(number) for number in wrong[order[:count]]]


def show_readings(
    console: Console,
    pictures: NDArray[np.float32],
    probabilities: NDArray[np.float64],
    actual: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    in_one_row: bool = False,
) -> None:
    """Show pictures as the net sees them, each with the class it takes it for and how sure it is.

    Args:
        console: Where to.
        pictures: The pictures, of shape (pictures, height, width), from 0 to 1.
        probabilities: What the net says, of shape (pictures, classes).
        actual: The true classes.
        classes: Their names.
        in_one_row: Whether to leave out those for which there is no room in the first row.

    Example:
        >>> picture = np.pad(np.ones((2, 1), np.float32), 1)
        >>> show_readings(Console(width=40), picture[None], np.array([[0.1, 0.9]]), np.array([1]), ("0", "1"))
        █
        1  90.0 %
    """
    margin = common_margin(list(pictures))
    height, width = pictures.shape[1] - 2 * margin, pictures.shape[2] - 2 * margin
    inside = pictures[:, margin : margin + height, margin : margin + width]
    shades = console.color_system in ("truecolor", "256")
    cells = []
    for picture, shares, truth in zip(inside, probabilities, actual, strict=True):
        guess = int(shares.argmax())
        caption = Text(
            f"{plain(classes[guess])}  {percent(float(shares[guess]))}", style="green" if guess == truth else "red"
        )
        if guess != truth:
            caption.append(f"  but it is {plain(classes[int(truth)])}")
        cells.append((picture_text(picture, shades=shades), caption))
    widest = max(width, *(caption.cell_len for _, caption in cells))
    console.print(beside(cells, console, widest, in_one_row=in_one_row))
