"""Measuring: how much room a mark takes, its texts included, estimated without a font.

The widths are those of Helvetica, which Arial, Liberation Sans and most fonts of that family share; a wider font still
fits, because every shape is a little wider than its text. Lengths are in the unit of SVG, of which a letter is 13 high.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from backlit.explain.drawing.diagram import Mark, Port

__all__ = ["NAME", "SMALL", "SYMBOL", "VALUE", "Extent", "measure", "names_width", "shape_text", "text_width"]

_WIDTHS = {
    "'|ijl‚": 215,
    " !,./:;I[\\]ft·": 278,
    '"()*-`r{}': 334,
    "ckvsxyzJ^": 490,
    "#$0123456789L_abdeghnopqu?←αβγδεζηθικλμνξπρστυφχ": 556,
    "+<=>~FTZ−×÷≤≥≠¬": 590,
    "&ABEKPSVXYωψ√Σ": 667,
    "CDHNRUw∇Δ": 722,
    "GOQ⊕∧∨": 778,
    "Mm…": 860,
    "%W@—": 960,
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ˣʸ": 340,
}
_WIDTH_OF = {character: width for characters, width in _WIDTHS.items() for character in characters}

NAME, SYMBOL, VALUE, SMALL = 13.0, 17.0, 12.0, 10.5
"""The sizes of letters: of names, of signs in circles, of values and gradients, of shapes."""

_RADIUS = 17.0
_HEIGHT = 28.0
_LINE = 15.0
_PORT = 16.0
_ARRIVAL = 10.0
"""The least room between edges that lead to the same operation."""

_MOST_IN_A_CIRCLE = 3


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = NAME) -> float:
    """Estimate the width of a text.

    Args:
        text: One line.
        size: The size of its letters.

    Returns:
        The width.

    Example:
        >>> text_width("layer1") < text_width("layer11"), text_width("漢") > text_width("k")
        (True, True)
    """
    total = 0
    for character in text:
        if unicodedata.combining(character):
            continue
        wide = 1000 if unicodedata.east_asian_width(character) in "WF" else 620
        total += _WIDTH_OF.get(character, wide)
    return total * size / 1000


def shape_text(shape: tuple[int, ...]) -> str:
    """Write a shape as one says it.

    Args:
        shape: The length of each axis.

    Returns:
        The text; empty for a single number.

    Example:
        >>> shape_text((32, 784)), shape_text((10,)), shape_text(())
        ('32×784', '10', '')
    """
    return "×".join(map(str, shape))


def names_width(outgoing: tuple[Port, ...]) -> float:
    """Measure the room at the right side of a closed box for the names of its outputs.

    Args:
        outgoing: Its ports through which values go out.

    Returns:
        The width; 0 for a box of one output, which needs no name.

    Example:
        >>> names_width((Port("p1", "out", "cell.h", (3,), "h"),))
        0.0
    """
    return max(text_width(port.name, SMALL) for port in outgoing) + 6 if len(outgoing) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Extent:
    """The room a mark takes around the middle of its shape.

    Args:
        width: The width of the shape.
        height: The height of the shape.
        left: How far anything of the mark reaches to the left of the middle.
        right: How far to the right, the line that carries its value included.
        above: How far up.
        below: How far down.
        corner: The radius of its corners.
    """

    width: float
    height: float
    left: float
    right: float
    above: float
    below: float
    corner: float = 0.0


def measure(mark: Mark, outgoing: tuple[Port, ...] = (), incoming: int = 0) -> Extent:
    """Measure a mark, a box as it is when closed.

    Args:
        mark: The mark.
        outgoing: The ports of a box through which values go out.
        incoming: How many edges lead to it, or, for a box, how many ports values come in through.

    Returns:
        Its extent.

    Example:
        >>> extent = measure(Mark("n1", "operation", "f", "f", "+", value="3"))
        >>> extent.width, extent.right > extent.left
        (34.0, True)
    """
    width, height, corner = _shape(mark, outgoing, incoming)
    carried = outgoing if mark.kind == "box" else (mark,)
    texts = [text for each in carried for text in (each.told, each.gradient) if text]
    stub = max((text_width(text, VALUE) + 12 for text in texts), default=0.0)
    name = mark.name if mark.kind == "operation" else ""
    half = max(width, text_width(name), text_width(shape_text(mark.shape), SMALL)) / 2
    beside = _LINE + 1 if texts and mark.kind != "box" else 0.0
    above = height / 2 + (_LINE if name else 0.0)
    below = height / 2 + (_LINE - 2 if mark.shape else 0.0)
    return Extent(width, height, half, max(half, width / 2 + stub), max(above, beside), max(below, beside), corner)


def _shape(mark: Mark, outgoing: tuple[Port, ...], incoming: int) -> tuple[float, float, float]:
    """Return the width, the height and the radius of the corners of a mark's shape."""
    letters = text_width(mark.symbol)
    if mark.kind == "box":
        row = 2 * _LINE if any(port.value and port.gradient for port in outgoing) else _PORT
        return letters + 32 + names_width(outgoing), max(36.0, _PORT * incoming + 8, row * len(outgoing) + 8), 8.0
    if mark.kind == "number":
        return max(letters + 22, 2 * _RADIUS), max(_HEIGHT, _LINE * incoming + 8), _HEIGHT / 2
    if mark.kind != "operation":
        return letters + (12 if mark.kind in {"constant", "output"} else 22), _HEIGHT, 3.0
    if text_width(mark.symbol, SYMBOL) <= 2 * _RADIUS - 8 and incoming <= _MOST_IN_A_CIRCLE:
        return 2 * _RADIUS, 2 * _RADIUS, _RADIUS
    return letters + 22, max(_HEIGHT, _ARRIVAL * incoming + 8), _HEIGHT / 2
