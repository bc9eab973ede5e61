"""What every command says, and how errors look."""

import io

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from backlit.cli.screen import Commands, file_size, label_table, percent, plain, show_error
from backlit.errors import ArgumentError, DownloadError, FileError, MissingExtraError


def shown(error, width=60) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    show_error(error, console)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_an_error_says_what_why_and_instead():
    error = FileError("there is no file a", why="it was moved", instead="check the path")
    assert shown(error) == "error    there is no file a\nwhy      it was moved\ninstead  check the path"


def test_long_texts_stay_in_their_column():
    lines = shown(FileError("word " * 40), 40).splitlines()
    assert lines[0].startswith("error  word")
    assert all(line.startswith("       word") for line in lines[1:])
    assert all(len(line) <= 40 for line in lines)


def test_what_steers_a_terminal_is_written_out():
    assert "\x1b" not in shown(FileError("a\x1b[2Jb\x07"))
    assert plain("a\x1b[31m\n\u202eb") == "a\\x1b[31m\\n\\u202eb"
    assert plain("Größe 7, 数字") == "Größe 7, 数字"


def test_markup_in_a_name_is_text():
    assert "[bold]x[/bold]" in shown(FileError("[bold]x[/bold]"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ArgumentError("x"), 2),
        (FileError("x"), 1),
        (DownloadError("x"), 1),
        (MissingExtraError("Pillow", "images", "reading"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_in_a_command_becomes_an_exit_code(error, code):
    app = typer.Typer(cls=Commands)

    @app.callback()
    def options() -> None: ...

    @app.command()
    def fail() -> None:
        raise error

    result = CliRunner().invoke(app, ["fail"])
    assert result.exit_code == code
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert result.stderr


def test_a_mistake_of_ours_is_not_hidden():
    app = typer.Typer(cls=Commands)

    @app.callback()
    def options() -> None: ...

    @app.command()
    def fail() -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(app, ["fail"]).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.966, "96.6 %"), (0.9996, ">99.9 %"), (0.9994, "99.9 %"), (0.0004, "<0.1 %")],
)
def test_a_percentage_does_not_claim_certainty(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (2_500_000, "2.5 MB")]
)
def test_the_size_of_a_file_is_in_the_unit_that_suits_it(size, text, tmp_path):
    (tmp_path / "a").write_bytes(bytes(size))
    assert file_size(tmp_path / "a") == text


def test_labels_go_on_where_they_are_empty():
    console = Console(file=io.StringIO(), width=30, color_system=None)
    console.print(label_table([("net", "a"), ("", "b")]))
    assert [line.rstrip() for line in console.file.getvalue().splitlines()] == ["net  a", "     b"]
