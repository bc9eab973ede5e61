"""How a range of rows or columns is divided into tiles, and tiles into blocks, when its ends may be known only later.

A range whose length is known is divided as evenly as possible, so that few tiles are small. Any other is done with full
tiles as far as they reach, and what is left with smaller and smaller ones, of which each size is done in a loop that
may turn zero times.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from backlit.engines.native.builder import Body
from backlit.engines.native.values import Value, constant

__all__ = ["Band", "Range", "blocks", "blocks_of_bands", "column_bands", "length", "row_bands"]

Range = tuple[Value, Value]


@dataclass(frozen=True)
class Band:
    """Neighbouring rows, or columns, that are done with tiles of one size.

    Args:
        size: Rows of a tile, or vectors.
        start: Where it begins.
        stop: Where it ends.
        tiles: How many tiles of rows lie before it, and how many before its end.
        ragged: Whether its end may lie inside a tile: a tile of rows is then moved back to end there, and the last
            vector of a tile of columns is cut off.
    """

    size: int
    start: Value
    stop: Value
    tiles: Range
    ragged: bool = False


def length(body: Body, ends: Range) -> Value:
    """Return how long a range is."""
    start, stop = ends
    if start.text == stop.text:
        return constant(0)
    return body.whole("sub", stop, start)


def row_bands(body: Body, rows: Range, tile: int, granule: int = 1, *, single: bool) -> list[Band]:
    """Divide rows into bands of tiles of at most ``tile`` rows.

    Args:
        body: Where it is written.
        rows: The rows.
        tile: The most rows of a tile.
        granule: How many rows there are is a multiple of this, where it is not known.
        single: Whether there shall be one band, ragged if need be; only so can a range be divided whose length is not
            known. Else all tiles are whole.

    Returns:
        The bands.
    """
    count = length(body, rows)
    none = constant(0)
    if not count.is_constant:
        blocks = body.emit(f"sdiv {body.whole('add', count, tile - 1).typed}, {tile}", [count], "i64")
        return [Band(tile, *rows, (none, blocks), ragged=granule % tile != 0)]
    number = int(count.text)
    if not number:
        return []
    tiles = -(-number // tile)
    if single:
        size = -(-number // tiles)
        return [Band(size, *rows, (none, constant(tiles)), ragged=size * tiles != number)]
    size, larger = divmod(number, tiles)
    middle = body.whole("add", rows[0], larger * (size + 1))
    high = Band(size + 1, rows[0], middle, (none, constant(larger)))
    low = Band(size, middle, rows[1], (constant(larger), constant(tiles)))
    return [high, low] if larger else [low]


def column_bands(body: Body, columns: Range, vectors: int, lanes: int) -> list[Band]:
    """Divide columns into bands of panels of at most ``vectors`` vectors; the last may end inside a vector."""
    count = length(body, columns)
    zero = constant(0)
    panel = vectors * lanes
    if count.is_constant:
        whole = int(count.text) // panel * panel
        rest = int(count.text) - whole
        sizes = [vectors] if whole else []
        edge = -(-rest // lanes)
    else:
        sizes = [vectors, *([size] if (size := vectors // 3) > 1 else [])]
        edge = 1
    bands: list[Band] = []
    start, left = columns[0], count
    for size in sizes:
        done = body.whole_steps(left, size * lanes)
        stop = body.whole("add", start, done)
        bands.append(Band(size, start, stop, (zero, zero)))
        start, left = stop, body.whole("sub", left, done)
    if edge:
        ragged = not (left.is_constant and int(left.text) % lanes == 0)
        bands.append(Band(edge, start, columns[1], (zero, zero), ragged))
    return bands


@contextmanager
def blocks(body: Body, whole: Range, size: int) -> Iterator[tuple[Range, Value | None, Value | None]]:
    """Write a loop over the blocks of a range.

    Args:
        body: Where it is written.
        whole: The range.
        size: How long a block is; 0: there is one, and no loop.

    Yields:
        The block; whether it is the first, and whether it is the last: None where it is the only one.
    """
    if not size:
        yield whole, None, None
        return
    count = length(body, whole)
    even = count.is_constant and int(count.text) % size == 0
    # A range that turns out empty is one empty block, because what becomes of empty sums is to be written too.
    end = whole[1] if count.is_constant else body.intrinsic("smax", whole[1], body.whole("add", whole[0], 1))
    with body.loop(whole[0], end, size) as turn:
        after = body.whole("add", turn.index, size)
        stop = after if even else body.intrinsic("smin", after, whole[1])
        yield (turn.index, stop), body.compare("eq", turn.index, whole[0]), body.compare("sge", after, whole[1])


@contextmanager
def blocks_of_bands(body: Body, bands: Sequence[Band], size: int) -> Iterator[tuple[list[Band], Value]]:
    """Write a loop over blocks of so many tiles each, whatever bands they belong to.

    Args:
        body: Where it is written.
        bands: The bands.
        size: How many tiles a block has; 0: there is one block, and no loop.

    Yields:
        The parts of the bands that lie in the block, and where the first begins.
    """
    if not bands or not size or (bands[-1].tiles[1].is_constant and int(bands[-1].tiles[1].text) <= size):
        yield list(bands), bands[0].start if bands else constant(0)
        return
    with body.loop(0, bands[-1].tiles[1], size) as turn:
        after = body.whole("add", turn.index, size)
        parts, origin = [], bands[0].start
        for band in bands:
            ends = []
            for tile in (turn.index, after):
                inside = body.intrinsic("smax", body.intrinsic("smin", tile, band.tiles[1]), band.tiles[0])
                ends.append(body.whole("mul", body.whole("sub", inside, band.tiles[0]), band.size))
            start, stop = (body.whole("add", band.start, end) for end in ends)
            stop = body.intrinsic("smin", stop, band.stop) if band.ragged else stop
            parts.append(replace(band, start=start, stop=stop))
            origin = body.whole("add", origin, ends[0])
        yield parts, origin
