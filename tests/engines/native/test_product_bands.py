"""How ranges are divided: every row and column is done exactly once, whatever is known of the range."""

import pytest

from backlit.engines.native.builder import Module
from backlit.engines.native.product_bands import blocks, blocks_of_bands, column_bands, length, row_bands
from backlit.engines.native.target import named_target
from backlit.engines.native.values import constant


@pytest.fixture
def body():
    return Module(named_target("x86-64-v3")).body("f", [("i64", "start"), ("i64", "stop")], exported=True)


def known(start, stop):
    return constant(start), constant(stop)


def number(value):
    return int(value.text)


@pytest.mark.parametrize("count", range(1, 40))
def test_known_rows_are_divided_evenly(body, count):
    bands = row_bands(body, known(5, 5 + count), 8, single=False)
    rows = [row for band in bands for row in range(number(band.start), number(band.stop), band.size)]
    heights = [band.size for band in bands for _ in range(number(band.start), number(band.stop), band.size)]
    assert sum(heights) == count
    assert max(heights) - min(heights) <= 1
    assert [row + height for row, height in zip(rows, heights, strict=True)] == [*rows[1:], 5 + count]
    assert number(bands[-1].tiles[1]) == len(rows) == -(-count // 8)


@pytest.mark.parametrize("count", range(1, 40))
def test_a_single_band_says_where_it_does_not_come_out_even(body, count):
    (band,) = row_bands(body, known(5, 5 + count), 8, single=True)
    assert band.size <= 8
    assert (number(band.start), number(band.stop)) == (5, 5 + count)
    assert band.ragged == bool(count % band.size)
    assert number(band.tiles[1]) == -(-count // band.size)


def test_rows_known_only_later_are_one_band(body):
    rows = body.parameter("start"), body.parameter("stop")
    (band,) = row_bands(body, rows, 8, single=False)
    assert (band.size, band.start, band.stop, band.ragged) == (8, *rows, True)
    (band,) = row_bands(body, rows, 1, single=False)
    assert not band.ragged


@pytest.mark.parametrize(("tile", "granule", "ragged"), [(8, 8, False), (4, 8, False), (8, 4, True), (6, 8, True)])
def test_rows_of_which_there_is_a_known_multiple_come_out_even(body, tile, granule, ragged):
    rows = body.parameter("start"), body.parameter("stop")
    (band,) = row_bands(body, rows, tile, granule, single=False)
    assert band.ragged == ragged


@pytest.mark.parametrize("count", [1, 7, 8, 9, 24, 30, 48, 53])
def test_known_columns_end_in_one_edge(body, count):
    bands = column_bands(body, known(0, count), 3, 8)
    done = 0
    for band in bands:
        assert number(band.start) == done
        width = number(band.stop) - done
        assert band.ragged == bool(width % 8)
        assert -(-width // (band.size * 8)) * band.size * 8 - width < 8
        done += width
    assert done == count
    assert sum(band.ragged for band in bands) <= 1


def test_columns_known_only_later_end_in_a_loop_over_single_vectors(body):
    columns = body.parameter("start"), body.parameter("stop")
    bands = column_bands(body, columns, 3, 8)
    assert [(band.size, band.ragged) for band in bands] == [(3, False), (1, True)]
    assert bands[0].start is columns[0]
    assert bands[-1].stop is columns[1]
    assert [band.size for band in column_bands(body, columns, 10, 8)] == [10, 3, 1]


def test_no_rows_and_no_columns(body):
    assert row_bands(body, known(3, 3), 8, single=True) == []
    assert column_bands(body, known(3, 3), 3, 8) == []
    rows = body.parameter("start"), body.parameter("start")
    assert length(body, rows) == constant(0)


def test_a_range_in_one_block_has_no_loop(body):
    with blocks(body, known(0, 10), 0) as (block, first, last):
        assert (block, first, last) == (known(0, 10), None, None)
    bands = row_bands(body, known(0, 30), 8, single=False)
    with blocks_of_bands(body, bands, 4) as (parts, origin):
        assert parts == bands
        assert number(origin) == 0
    with blocks_of_bands(body, [], 4) as (parts, _):
        assert parts == []
    body.close()
    assert "br" not in str(body.module)


def test_blocks_are_loops(body):
    bands = row_bands(body, known(0, 30), 8, single=False)
    with blocks_of_bands(body, bands, 3) as (parts, _), blocks(body, known(0, 10), 4) as ((start, stop), first, last):
        assert [part.size for part in parts] == [band.size for band in bands]
        assert not any(value.is_constant for value in (start, stop, first, last))
    body.close()
    assert str(body.module).count("phi i64") == 2
