"""Printing: tables of plain text, and numbers in units that a reader can take in.

Tables keep to 100 columns, so that they fit a terminal and a page.
"""

import textwrap
from collections.abc import Sequence

__all__ = ["bytes_text", "count_text", "paragraph", "seconds_text", "table_text"]

_WIDTH = 100


def _scaled(number: float, units: Sequence[str], step: float) -> str:
    place = 0
    while number >= step * 0.9995 and place < len(units) - 1:
        number /= step
        place += 1
    digits = 0 if number >= 99.95 or (place == 0 and number == int(number)) else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f} {units[place]}".rstrip()


def bytes_text(number: float) -> str:
    """Write a number of bytes.

    Args:
        number: The bytes.

    Returns:
        Three digits and a unit.

    Example:
        >>> bytes_text(640), bytes_text(38400), bytes_text(940800)
        ('640 B', '37.5 KiB', '919 KiB')
    """
    return _scaled(number, ("B", "KiB", "MiB", "GiB", "TiB"), 1024.0)


def count_text(number: float) -> str:
    """Write how many there are of something.

    Args:
        number: The count.

    Returns:
        Three digits and a letter: k, M, G or T for thousands, millions and so on.

    Example:
        >>> count_text(300), count_text(15052800), count_text(2.1e11)
        ('300', '15.1 M', '210 G')
    """
    return _scaled(number, ("", "k", "M", "G", "T"), 1000.0)


def seconds_text(number: float) -> str:
    """Write a time.

    Args:
        number: Seconds.

    Returns:
        Three digits and a unit.

    Example:
        >>> seconds_text(0.0), seconds_text(4.5e-8), seconds_text(0.000213), seconds_text(2.0)
        ('0 ns', '45 ns', '213 µs', '2.00 s')
    """
    if number >= 0.9995:
        return f"{number:.3g} s" if number >= 9.995 else f"{number:.2f} s"
    return _scaled(number * 1e9, ("ns", "µs", "ms", "s"), 1000.0)


def paragraph(text: str, indent: int = 0) -> list[str]:
    """Break a text into lines.

    Args:
        text: The text.
        indent: How far each line is moved in.

    Returns:
        The lines, each at most as wide as a page.

    Example:
        >>> paragraph("one line", indent=2)
        ['  one line']
    """
    space = " " * indent
    return textwrap.wrap(text, _WIDTH, initial_indent=space, subsequent_indent=space, break_on_hyphens=False)


def table_text(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Set a table; the widest column on the left is cut where the table would be too wide.

    Args:
        header: The title of each column.
        rows: What stands in them.
        left: The columns that begin at the left; numbers end at the right.

    Returns:
        The lines.

    Example:
        >>> table_text(("kernel", "time"), [("layer1", "12 µs"), ("update", "5 µs")])
        ['kernel   time', 'layer1  12 µs', 'update   5 µs']
    """
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    excess = sum(widths) + 2 * (len(widths) - 1) - _WIDTH
    if excess > 0:
        widest = max(left, key=lambda column: widths[column])
        widths[widest] = max(8, widths[widest] - excess)
    lines = []
    for row in (header, *rows):
        cells = []
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            short = cell if len(cell) <= width else cell[: width - 1] + "…"
            cells.append(short.ljust(width) if column in left else short.rjust(width))
        lines.append("  ".join(cells).rstrip())
    return lines
