"""Pictures, bars and rows of them in characters."""

import io

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text

from backlit.cli.drawing import bar, beside, common_margin, picture_text


def printed(thing: object, width: int = 40) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(thing)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_each_character_shows_two_pixels():
    picture = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0.4, 0.5, 0, 0]], np.float32)
    assert printed(picture_text(picture)) == ["█▀▄", " ▀"]


def test_shades_give_the_upper_pixel_before_and_the_lower_behind():
    (span,) = picture_text(np.array([[1], [0]], np.float32), shades=True).spans
    assert span.style == "rgb(255,255,255) on rgb(0,0,0)"


def test_shades_stay_within_what_a_terminal_knows():
    (span,) = picture_text(np.array([[7], [-3]], np.float32), shades=True).spans
    assert span.style == "rgb(255,255,255) on rgb(0,0,0)"


@pytest.mark.parametrize(("place", "margin"), [((4, 4), 4), ((3, 4), 3), ((0, 4), 0), ((8, 8), 0), ((4, 6), 2)])
def test_the_margin_is_as_far_as_all_pictures_are_empty(place, margin):
    pictures = [np.zeros((9, 9), np.float32) for _ in range(3)]
    pictures[1][4, 4] = 1
    pictures[2][place] = 1
    assert common_margin(pictures) == margin


def test_a_picture_without_ink_keeps_something():
    assert 2 * common_margin([np.zeros((9, 9), np.float32)]) < 9


@pytest.mark.parametrize(("width", "in_a_row"), [(80, 3), (54, 2), (53, 2), (52, 1), (20, 1)])
def test_as_many_pictures_stand_in_a_row_as_there_is_room_for(width, in_a_row):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    cells = [(Text("#" * 26), Text(f"n{number}")) for number in range(4)]
    console.print(beside(cells, console, 26))
    lines = console.file.getvalue().splitlines()
    assert max(len(line) for line in lines) <= width
    captions = [line.split() for line in lines if "n" in line]
    if width > 26:
        assert captions[0] == [f"n{number}" for number in range(in_a_row)]
    assert [name for line in captions for name in line] == ["n0", "n1", "n2", "n3"]
    console.print(beside(cells, console, 26, in_one_row=True))
    assert console.file.getvalue().count("n3") == 1


@pytest.mark.parametrize(
    ("share", "expected"), [(0, ""), (1, "████"), (0.5, "██"), (0.25, "█"), (1 / 32, "▏"), (7, "████"), (-1, "")]
)
def test_a_bar_is_as_long_as_its_share(share, expected):
    assert bar(share, 4) == expected
