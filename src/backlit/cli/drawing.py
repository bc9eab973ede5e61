"""Pictures in a terminal: two pixels in each character, one above the other.

Where the terminal has colours, the pixels are shades of grey; elsewhere they are ink or nothing.

This module imports NumPy and rich.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["bar", "beside", "common_margin", "picture_text"]

_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def picture_text(pixels: NDArray[np.float32], *, shades: bool = False) -> Text:
    """Return a picture as lines of half blocks.

    Args:
        pixels: The picture, of shape (height, width), from 0 to 1.
        shades: Whether to use shades of grey; otherwise a pixel from 0.5 on is ink.

    Returns:
        A text of half as many lines as the picture has rows.

    Example:
        >>> print(picture_text(np.array([[0, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32)))
        ▄█
          ▀
    """
    height, width = pixels.shape
    padded = np.zeros((height + height % 2, width), np.float32)
    padded[:height] = pixels
    text = Text(no_wrap=True)
    for row in range(0, len(padded), 2):
        upper, lower = padded[row], padded[row + 1]
        if row:
            text.append("\n")
        if shades:
            for above, below in zip(upper, lower, strict=True):
                text.append("▀", style=f"{_grey(above)} on {_grey(below)}")
        else:
            line = "".join(_HALVES[bool(a >= 0.5), bool(b >= 0.5)] for a, b in zip(upper, lower, strict=True))
            text.append(line.rstrip())
    return text


def _grey(value: float) -> str:
    level = round(255 * min(max(float(value), 0.0), 1.0))
    return f"rgb({level},{level},{level})"


def common_margin(pictures: Sequence[NDArray[np.float32]]) -> int:
    """Return how many pixels can be left out on every side of every picture without losing ink.

    Args:
        pictures: The pictures, of shape (height, width).

    Returns:
        The number of pixels.

    Example:
        >>> picture = np.zeros((9, 9), np.float32)
        >>> picture[3:6, 2:6] = 1
        >>> common_margin([picture])
        2
    """
    ink = np.max(np.stack(pictures), axis=0) > 0.1
    margin = 0
    while 2 * (margin + 1) < min(ink.shape):
        inside = ink[margin + 1 : -margin - 1, margin + 1 : -margin - 1]
        if inside.sum() < ink.sum():
            break
        margin += 1
    return margin


def beside(cells: Sequence[tuple[Text, Text]], console: Console, width: int, *, in_one_row: bool = False) -> Table:
    """Return pictures with their captions next to each other, as many in a row as there is room for.

    Args:
        cells: Pictures and captions.
        console: Where they will be shown.
        width: The width of a picture.
        in_one_row: Whether to leave out those for which there is no room in the first row.

    Returns:
        A table to be printed.

    Example:
        >>> console = Console(width=20)
        >>> console.print(beside([(Text("##"), Text("one")), (Text("##"), Text("two"))], console, 6))
         ##    ##
        one   two
    """
    columns = max(1, (console.width + 1) // (width + 1))
    gap = 2 if columns * (width + 2) <= console.width + 2 else 1
    if in_one_row:
        cells = cells[:columns]
    table = Table.grid(padding=(0, gap, 0, 0), pad_edge=False)
    for _ in range(min(columns, len(cells))):
        table.add_column(width=width)
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        if start:
            table.add_row()
        table.add_row(*(picture for picture, _ in row))
        table.add_row(*(caption for _, caption in row))
    return table


def bar(share: float, width: int) -> str:
    """Return a share as a bar of block characters, fine to an eighth of one.

    Args:
        share: From 0 to 1.
        width: The number of characters of a full bar.

    Returns:
        The bar, without anything after its end.

    Example:
        >>> bar(0.5, 5), bar(0.0, 5), bar(1.0, 3)
        ('██▌', '', '███')
    """
    eighths = round(8 * width * min(max(share, 0.0), 1.0))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()
